//! Runs each block of docs/recovery.md on an embedded broker and Ditto's own engine, and compares the transcripts.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ditto_cdc::kafka::embedded::{Embedded, Options, ProducerRecord};
use serde_json::json;
use support::engine::Front;

/// The fenced blocks with their languages, in order.
fn blocks() -> Vec<(String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/recovery.md");
    let text = fs::read_to_string(page).unwrap();
    let fenced = text.split("```").skip(1).step_by(2);
    let blocks = fenced.map(|block| block.split_once('\n').unwrap());
    blocks
        .map(|(language, body)| (language.to_owned(), body.to_owned()))
        .collect()
}

/// A topic with a gap.
fn broker() -> Embedded {
    let broker = Embedded::start(&Options {
        topics: vec![("TOPIC".to_owned(), 1)],
        ..Options::default()
    })
    .unwrap();
    let change = |txn: u32, old: &str, n: u32| {
        format!(
            r#"{{"txnId":{txn},"type":"documentChanged","collection":"cars","change":{{"method":"upsert","oldValue":{old},"newValue":{{"_id":"a","n":{n}}}}}}}"#
        )
    };
    for payload in [
        change(1, "null", 1),
        change(2, r#"{"_id":"a","n":1}"#, 2),
        r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#.to_owned(),
        change(50, r#"{"_id":"a","n":3}"#, 4),
    ] {
        let record = ProducerRecord {
            topic: "TOPIC",
            payload: Some(payload.as_bytes()),
            ..ProducerRecord::default()
        };
        broker.produce(&record).unwrap();
    }
    broker.flush().unwrap();
    broker
}

fn run(script: &str, broker: &Embedded, front: &Front, folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_ditto-cdc"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let issued = broker.certificates();
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .envs(front.env())
        .env("DITTO_CDC_BROKERS", broker.endpoint())
        .env("DITTO_CDC_TOPIC", "TOPIC")
        .env("DITTO_CDC_CLUSTER_CERT", "cluster.p12")
        .env("DITTO_CDC_USER_CERT", "user.p12")
        .env(
            "DITTO_CDC_CLUSTER_CERT_PASSWORD",
            issued.cluster_password.expose(),
        )
        .env(
            "DITTO_CDC_USER_CERT_PASSWORD",
            issued.user_password.expose(),
        )
        .output()
        .unwrap()
}

#[test]
fn every_block_does_what_the_page_says() {
    let Some(front) = Front::start() else { return };
    front.insert("cars", &[json!({"_id": "a", "n": 3})]);
    let broker = broker();
    let folder = tempfile::tempdir().unwrap();
    broker.write_files(folder.path()).unwrap();
    let blocks = blocks();
    assert_eq!(blocks.len(), 4);
    for (language, block) in blocks {
        let (command, expected) = match language.as_str() {
            "console" => block.split_once('\n').unwrap(),
            _ => (block.as_str(), ""),
        };
        let command = command.strip_prefix("$ ").unwrap_or(command);
        let output = run(command, &broker, &front, folder.path());
        let stderr = String::from_utf8_lossy(&output.stderr);
        if language == "console" {
            assert_eq!(stderr, expected, "{command}");
            assert_eq!(output.status.code(), Some(4), "{command}");
        } else {
            assert!(output.status.success(), "{command}: {stderr}");
        }
    }
    // The engine is at transaction 101 during the read, so that the snapshot contains the event of transaction 50.
    let events = fs::read_to_string(folder.path().join("events.ndjson")).unwrap();
    assert_eq!(events.lines().count(), 3, "{events}");
}
