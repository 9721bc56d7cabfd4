//! `relay` with the documents of a snapshot: of a folder, and of a requery after a gap.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::relays::{ALL, TIMEOUT, json};
use crate::rng::Rng;
use crate::support::demo_servers::Servers;
use crate::support::kafka::{Kafka, Message};
use crate::support::program::{Running, run};

/// The documents that a reader of the target has, by collection and id, without those that a requery shows to be gone.
fn copy(kafka: &Kafka, topic: &str, floor: u64) -> BTreeMap<String, String> {
    let mut copy = BTreeMap::new();
    for message in kafka.committed(topic) {
        let key = String::from_utf8(message.key.clone().unwrap()).unwrap();
        let event = json(&message);
        let change = &event["change"];
        let is_read = event["type"] == "snapshotDocument";
        let document = if is_read {
            &change["value"]
        } else {
            &change["newValue"]
        };
        let txn = event["txnId"].as_u64().unwrap();
        if document.is_null() {
            copy.remove(&key);
        } else {
            copy.insert(key, (txn, document.to_string()));
        }
    }
    copy.retain(|_, (txn, _)| *txn >= floor);
    let documents = copy.into_iter();
    documents
        .map(|(key, (_, document))| (key, document))
        .collect()
}

#[test]
fn a_gap_is_answered_with_all_documents() {
    let Some(kafka) = Kafka::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(folder.path(), &["--gap-every", "2s"]);
    let target = "to-requery";
    kafka.create_topic(target, 3, &[]);
    let brokers = kafka.admin_endpoint();
    let mut args = vec!["relay", "--name", "requery", "--to-brokers", &brokers];
    args.extend([
        "--to-topic",
        target,
        "--format",
        "json",
        "--on-gap",
        "requery",
    ]);
    // What a killed relay leaves is removed with the folder.
    let mut env = servers.settings.clone();
    env.push(("TMPDIR", folder.path().display().to_string()));
    let mut rng = Rng::new(5);
    let mut floor = 0;
    let mut note_floor = |stderr: &str| {
        let floors = stderr.split("whose transaction is below ").skip(1);
        for text in floors {
            let number = text.split(' ').next().unwrap();
            floor = floor.max(number.parse().unwrap());
        }
        floor
    };
    for _ in 0..6 {
        let running = Running::start(&env, &[&args[..], &ALL[..2]].concat());
        std::thread::sleep(Duration::from_millis(500 + rng.below(2_500) as u64));
        note_floor(&running.kill().stderr);
    }
    let mut last = None;
    for _ in 0..10 {
        let output = run(&env, &[&args[..], &ALL].concat(), TIMEOUT);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let floor = note_floor(&output.stderr);
        let read = ["requery", "--output", "-", "--no-kafka", "--no-progress"];
        let read = run(&servers.settings, &read, TIMEOUT);
        let lines = read.lines().into_iter();
        let documents = lines.filter_map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            let document = event["change"]["value"].clone();
            let key =
                serde_json::json!({"collection": event["collection"], "_id": document["_id"]});
            (event["type"] == "snapshotDocument").then(|| (key.to_string(), document.to_string()))
        });
        let expected: BTreeMap<String, String> = documents.collect();
        let found = copy(kafka, target, floor);
        if found == expected && floor > 0 {
            assert!(found.len() > 10);
            return;
        }
        last = Some((found, expected, output.stderr));
    }
    panic!("{last:#?}");
}

#[test]
fn the_documents_of_a_snapshot_are_written_before_the_stream_continues_after_it() {
    let Some(kafka) = Kafka::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(folder.path(), &[]);
    let snapshot = folder.path().join("snapshot").display().to_string();
    let read = run(
        &servers.settings,
        &["requery", "--output", &snapshot],
        TIMEOUT,
    );
    assert_eq!(read.status, Some(0), "{}", read.stderr);
    let target = "to-snapshot";
    kafka.create_topic(target, 1, &[]);
    let brokers = kafka.admin_endpoint();
    let mut args = vec!["relay", "--name", "snapshot", "--to-brokers", &brokers];
    args.extend(["--to-topic", target, "-c", "orders"]);
    args.extend(["--from", &snapshot, "--until", "end"]);
    let written = |args: &[&str]| {
        let output = run(&servers.settings, args, TIMEOUT);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let found = kafka.committed(target);
        let payload = |message: &Message| json(message)["payload"].clone();
        (found.iter().map(payload).collect::<Vec<_>>(), output.stderr)
    };
    let (first, _) = written(&args);
    let file = std::fs::read_to_string(format!("{snapshot}/orders.ndjson")).unwrap();
    let documents: Vec<&str> = file.lines().collect();
    assert!(documents.len() > 3);
    for (line, document) in first.iter().zip(&documents) {
        assert_eq!(line["op"], "r");
        assert_eq!(line["after"]["doc"], *document);
        assert!(line["after"]["txn_id"].as_u64().unwrap() > 0);
    }
    assert!(
        first[documents.len()..]
            .iter()
            .all(|line| line["op"] != "r")
    );
    // The snapshot is known now.
    let (second, stderr) = written(&args);
    assert!(stderr.contains("continuing from the positions"), "{stderr}");
    assert!(second[first.len()..].iter().all(|line| line["op"] != "r"));
}
