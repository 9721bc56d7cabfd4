//! `verify` on a real Kafka with access lists: no warning on a healthy connection, fault numbers for refusals, and no
//! side effects.

use std::time::Duration;

use serde_json::Value;

use crate::events::messages;
use crate::support::kafka::{Kafka, Message, OPEN_GROUPS, Rule, TransactionEnd};
use crate::support::program::run;

const TIMEOUT: Duration = Duration::from_secs(40);

/// Status and report of `verify --json` on a topic. The key file is a copy that only its owner may read.
pub fn verify(kafka: &Kafka, topic: &str, args: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("user.p12");
    std::fs::write(&key, std::fs::read(kafka.file("user.p12")).unwrap()).unwrap();
    close(&key);
    let mut env = kafka.client_env(topic);
    env.retain(|(name, _)| *name != "DITTO_CDC_USER_CERT");
    env.push(("DITTO_CDC_USER_CERT", key.display().to_string()));
    let output = run(
        &env,
        &[&["verify", "--json", "-vvv"], args].concat(),
        TIMEOUT,
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let all = format!("{text}{}", output.stderr);
    assert!(
        !all.contains("PRIVATE KEY") && !all.contains("-password\""),
        "{all}"
    );
    let report = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {all}"));
    (output.status, report)
}

#[cfg(unix)]
fn close(file: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn close(_: &std::path::Path) {}

#[track_caller]
pub fn has(report: &Value, name: &str, status: &str, fault: Option<&str>, words: &str) {
    let checks = report["checks"].as_array().unwrap();
    let found: Vec<&Value> = checks
        .iter()
        .filter(|check| check["check"] == name)
        .collect();
    let fits = |check: &&Value| {
        let message = check["message"].as_str().unwrap();
        check["status"] == status && check["fault"].as_str() == fault && message.contains(words)
    };
    assert!(
        found.iter().copied().any(|check| fits(&check)),
        "{name}: {found:#?}"
    );
}

#[test]
fn a_healthy_broker_gives_no_warning_and_keeps_no_trace() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-verify", 3, &[]);
    kafka.produce("open-verify", messages(0..20, 3));
    let group = format!("{OPEN_GROUPS}verify");
    let (status, report) = verify(kafka, "open-verify", &["--group", &group]);
    assert_eq!(status, Some(0), "{report:#}");
    assert_eq!(report["summary"]["warn"], 0, "{report:#}");
    assert_eq!(report["summary"]["fail"], 0);
    has(&report, "topic", "pass", None, "3 partitions");
    has(&report, "records", "pass", None, "up to 20 records");
    has(
        &report,
        "group",
        "pass",
        None,
        "no committed offset yet (not joined)",
    );
    has(&report, "decode", "pass", None, "txn");
    // A second run finds no committed offset, so the first one committed none.
    let (_, again) = verify(kafka, "open-verify", &["--group", &group]);
    has(&again, "group", "pass", None, "no committed offset yet");
}

#[test]
fn a_group_outside_the_prefix_is_e1() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-verify-group", 1, &[]);
    kafka.produce("open-verify-group", messages(0..1, 1));
    let (status, report) = verify(kafka, "open-verify-group", &["--group", "others"]);
    assert_eq!(status, Some(3), "{report:#}");
    has(
        &report,
        "group",
        "fail",
        Some("E1"),
        "may not use the consumer group others",
    );
    has(&report, "decode", "pass", None, "");
}

#[test]
fn a_forbidden_or_unknown_topic_is_e2() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("closed-verify", 1, &[]);
    kafka.create_topic("open-verify-near", 1, &[]);
    for topic in ["closed-verify", "closed-verify-nowhere"] {
        let (status, report) = verify(kafka, topic, &[]);
        assert_eq!(status, Some(3), "{report:#}");
        has(
            &report,
            "topic",
            "fail",
            Some("E2"),
            "may not read the topic",
        );
    }
    // Similar names are searched among the visible topics, and the query creates no topic.
    let (_, report) = verify(kafka, "open-verify-naer", &[]);
    has(
        &report,
        "topic",
        "fail",
        Some("E3"),
        "have no topic open-verify-naer",
    );
    assert!(
        report.to_string().contains("did you mean open-verify-near"),
        "{report:#}"
    );
    let (_, report) = verify(kafka, "open-verify-naer", &[]);
    has(&report, "topic", "fail", Some("E3"), "");
}

#[test]
fn a_topic_that_may_be_described_but_not_read_is_e10_also_if_it_is_empty() {
    let Some(kafka) = Kafka::shared() else { return };
    for (topic, records) in [("closed-verify-described", 1), ("closed-verify-empty", 0)] {
        kafka.create_topic(topic, 1, &[]);
        kafka.produce(topic, messages(0..records, 1));
        kafka.allow(&[Rule::describe_topic(topic)]);
        let (status, report) = verify(kafka, topic, &[]);
        assert_eq!(status, Some(3), "{report:#}");
        has(&report, "topic", "pass", None, "1 partition");
        let words = format!("(CN=user) may describe the topic {topic}, but not read it");
        has(&report, "records", "fail", Some("E10"), &words);
    }
}

/// Consumers read up to the first record of an open transaction, and skip aborted ones.
#[test]
fn committed_records_before_unreadable_ones_are_decoded() {
    let Some(kafka) = Kafka::shared() else { return };
    let open = "open-verify-transaction";
    kafka.create_topic(open, 2, &[]);
    kafka.produce(open, messages(0..8, 2));
    let pending = kafka.open_transaction(open, messages(8..100, 2));
    let aborted = "open-verify-aborted";
    kafka.create_topic(aborted, 2, &[]);
    kafka.produce(aborted, messages(0..8, 2));
    kafka.transaction(aborted, messages(8..100, 2), TransactionEnd::Abort);
    // Aborted records before the open transaction: the newest readable record is further back.
    let both = "open-verify-both";
    kafka.create_topic(both, 2, &[]);
    kafka.produce(both, messages(0..8, 2));
    kafka.transaction(both, messages(8..100, 2), TransactionEnd::Abort);
    let other = kafka.open_transaction(both, messages(100..200, 2));
    for topic in [open, aborted, both] {
        let (status, report) = verify(kafka, topic, &[]);
        assert_eq!(status, Some(0), "{report:#}");
        has(
            &report,
            "decode",
            "pass",
            None,
            &format!("txn 7 at {topic}"),
        );
    }
    drop(other);
    drop(pending);
}

#[test]
fn a_topic_with_only_aborted_records_has_none_to_decode() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-verify-only-aborted";
    kafka.create_topic(topic, 1, &[]);
    kafka.transaction(topic, messages(0..10, 1), TransactionEnd::Abort);
    let (status, report) = verify(kafka, topic, &[]);
    assert_eq!(status, Some(0), "{report:#}");
    // Offsets are no records: the counts of both checks agree.
    let words = "11 offsets in open-verify-only-aborted, but no committed record";
    has(&report, "records", "warn", Some("E7"), words);
    has(
        &report,
        "decode",
        "skip",
        None,
        "no committed record was found",
    );
}

#[test]
fn a_position_that_retention_overtook_is_e5() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-verify-lost";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..10, 1));
    let group = format!("{OPEN_GROUPS}verify-lost");
    let env = kafka.client_env(topic);
    let args = ["tail", "--group", &group, "-n", "3", "--from", "beginning"];
    assert_eq!(run(&env, &args, TIMEOUT).status, Some(0));
    let (status, report) = verify(kafka, topic, &["--group", &group]);
    assert_eq!(status, Some(0), "{report:#}");
    has(&report, "group", "pass", None, "lag");
    kafka.delete_records(topic, 0, 10);
    kafka.produce(topic, [Message::to(0, "no event")]);
    let (status, report) = verify(kafka, topic, &["--group", &group]);
    assert_eq!(status, Some(1), "{report:#}");
    has(
        &report,
        "group",
        "fail",
        Some("E5"),
        "retention has removed everything before 10",
    );
    has(&report, "decode", "fail", Some("E8"), "p0@10");
}
