//! Checks of topic, group and records with the embedded broker; `--wait`, `--redact` and `--quiet`.

use std::time::Duration;

use ditto_cdc::kafka::embedded::ProducerRecord;

use crate::report::{stage, verify};
use crate::support::program::{Running, run};
use crate::support::stage::{Stage, TOPIC, event};

const TIMEOUT: Duration = Duration::from_secs(30);

fn write(stage: &Stage, payload: &[u8]) {
    let record = ProducerRecord {
        topic: TOPIC,
        partition: Some(0),
        payload: Some(payload),
        ..ProducerRecord::default()
    };
    stage.broker.produce(&record).unwrap();
    stage.broker.flush().unwrap();
}

#[test]
fn a_healthy_connection_gives_no_warning() {
    let stage = stage();
    write(&stage, event(7, "people").as_bytes());
    let report = verify(&stage.env(), &["--group", "team-1"]);
    report.ended(0);
    assert_eq!(report.json["summary"]["warn"], 0, "{:#}", report.json);
    for name in [
        "cluster-certificate",
        "user-certificate",
        "tls",
        "kafka",
        "topic",
        "records",
        "group",
    ] {
        report.has(name, "pass", None, "");
    }
    report.has("decode", "pass", None, "txn 7");
    assert_eq!(report.check("topic")["details"]["partitions"], 2);
    assert!(report.output.took < Duration::from_secs(15));
}

#[test]
fn an_empty_topic_is_a_warning() {
    let stage = stage();
    let report = verify(&stage.env(), &[]);
    report
        .ended(0)
        .has("records", "warn", Some("E7"), "no events yet");
    report.has("decode", "skip", None, "no record");
}

#[test]
fn a_partition_without_a_leader_is_named_and_the_others_are_read() {
    let stage = stage();
    write(&stage, event(7, "people").as_bytes());
    stage.broker.remove_leader(TOPIC, 1).unwrap();
    let report = verify(&stage.env(), &["--group", "g"]);
    report
        .ended(1)
        .has("topic", "fail", Some("E6"), "leads partition 1 of 2");
    report.has("records", "pass", None, "up to 1 record");
    report.has("decode", "pass", None, "txn 7");
    assert!(report.output.took < Duration::from_secs(15));
}

#[test]
fn topics_that_cannot_be_read_have_their_numbers() {
    let stage = stage();
    let unknown = verify(
        &stage.env_with("DITTO_CDC_TOPIC", "event"),
        &["--group", "g"],
    );
    unknown
        .ended(3)
        .has("topic", "fail", Some("E3"), "have no topic event");
    let fix = unknown.check("topic")["fix"].as_str().unwrap();
    assert!(fix.contains("did you mean events?"), "{fix}");
    assert!(
        unknown.check("topic")["raw"]
            .as_str()
            .unwrap()
            .contains("Unknown topic")
    );
    unknown.has("group", "pass", None, "");
    let forbidden = verify(&stage.env_with("DITTO_CDC_TOPIC", "secret"), &[]);
    forbidden.ended(3).has(
        "topic",
        "fail",
        Some("E2"),
        "(CN=user) may not read the topic secret",
    );
}

#[test]
fn records_that_are_not_events_end_with_1() {
    for (payload, words) in [
        (
            &b"\x00\x01binary\xff"[..],
            "p0@0: the payload is not valid UTF-8",
        ),
        (b"<html>", "not valid JSON"),
        (b"{\"a\":1}", "not an event"),
    ] {
        let stage = stage();
        write(&stage, payload);
        let report = verify(&stage.env(), &[]);
        report.ended(1).has("decode", "fail", Some("E8"), words);
    }
}

#[test]
fn waiting_shows_the_first_new_event() {
    let stage = stage();
    write(&stage, event(1, "people").as_bytes());
    let args = ["verify", "--wait", "20s"];
    let mut running = Running::start(&stage.env(), &args);
    running.wait_for_words(&["for a new event"], TIMEOUT);
    write(&stage, event(2, "people").as_bytes());
    let output = running.wait(TIMEOUT);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status, Some(0), "{text}");
    assert!(
        text.contains("an event arrived after") && text.contains("txn 2"),
        "{text}"
    );

    let report = verify(&stage.env(), &["--wait", "300ms"]);
    report
        .ended(0)
        .has("wait", "warn", Some("E7"), "no event arrived");
    let failed = run(&stage.env(), &["verify", "--wait", "soon"], TIMEOUT);
    assert_eq!(failed.status, Some(2));
}

#[test]
fn redaction_leaves_no_name() {
    let stage = stage();
    write(&stage, event(7, "people").as_bytes());
    let group = "team-of-acme";
    for args in [
        &["verify", "--redact", "--group", group][..],
        &["verify", "--redact", "--json", "--group", group],
    ] {
        let output = run(&stage.env(), args, TIMEOUT);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let folder = stage.folder.path().display().to_string();
        for name in [TOPIC, group, "CN=user", "people", &folder] {
            let whole = text.split(|c: char| !(c.is_alphanumeric() || "=-/_.".contains(c)));
            assert!(!whole.clone().any(|word| word == name), "{name} in {text}");
        }
        for word in [
            "topic-1",
            "group-1",
            "principal-1",
            "collection-1",
            "folder-",
        ] {
            assert!(text.contains(word), "{word} not in {text}");
        }
    }
}

#[test]
fn quiet_shows_only_what_failed() {
    let stage = stage();
    let fine = run(&stage.env(), &["verify", "-q"], TIMEOUT);
    assert_eq!((fine.status, &fine.stdout[..]), (Some(0), &b""[..]));
    let failed = run(
        &stage.env_with("DITTO_CDC_TOPIC", "nowhere"),
        &["verify", "-q"],
        TIMEOUT,
    );
    let text = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert_eq!(failed.status, Some(3));
    assert!(text.starts_with("✗ topic                E3 "), "{text}");
    assert!(text.contains("\n  → "), "{text}");
}
