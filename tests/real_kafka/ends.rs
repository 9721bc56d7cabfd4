//! `--until end` stops exactly at the end, even if the last offsets hold no visible record.

use std::thread;
use std::time::{Duration, Instant};

use crate::events::{event, lines, messages, sorted, tail};
use crate::support::kafka::{Kafka, Message, TransactionEnd};

const ALL: [&str; 4] = ["--from", "beginning", "--until", "end"];
/// Waiting for an idle timeout would take longer.
const MAX_DURATION: Duration = Duration::from_secs(5);

#[test]
fn an_empty_topic_ends_at_once() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-empty", 10, &[]);
    let output = tail(kafka, "open-empty", &ALL);
    assert!(sorted(&output).is_empty());
    assert!(output.took < MAX_DURATION, "{:?}", output.took);
}

#[test]
fn aborted_transactions_are_not_shown_and_markers_do_not_hide_the_end() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-txn", 2, &[]);
    kafka.transaction("open-txn", messages(0..100, 2), TransactionEnd::Commit);
    kafka.transaction("open-txn", messages(100..200, 2), TransactionEnd::Abort);
    kafka.produce("open-txn", messages(200..300, 2));
    kafka.transaction("open-txn", messages(300..400, 2), TransactionEnd::Commit);
    kafka.transaction("open-txn", messages(400..500, 2), TransactionEnd::Abort);
    let output = tail(kafka, "open-txn", &ALL);
    let expected = [lines(0..100), lines(200..400)].concat();
    let mut found = sorted(&output);
    found.sort_by_key(|line| line.len());
    let mut sorted = expected.clone();
    sorted.sort_unstable();
    sorted.sort_by_key(String::len);
    assert_eq!(found, sorted, "{}", output.stderr);
    assert!(output.took < MAX_DURATION, "{:?}", output.took);
}

#[test]
fn only_aborted_records_are_an_empty_topic() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-aborted", 1, &[]);
    kafka.transaction("open-aborted", messages(0..10, 1), TransactionEnd::Abort);
    for args in [
        &ALL[..],
        &["--from", "-5", "--until", "end"],
        &["--last", "5"],
    ] {
        let output = tail(kafka, "open-aborted", args);
        assert!(sorted(&output).is_empty(), "{args:?}");
        assert!(output.took < MAX_DURATION, "{args:?} {:?}", output.took);
    }
}

/// Fifty keys, each written twenty times in small segments, then an aborted transaction. Returns the remaining offsets.
fn compacted(kafka: &Kafka, topic: &str) -> Vec<i64> {
    let properties = [
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("segment.ms", "200"),
        ("delete.retention.ms", "0"),
    ];
    kafka.create_topic(topic, 1, &properties);
    for round in 0..20 {
        let message = |key: usize| Message {
            key: Some(format!("key-{key}").into_bytes()),
            ..Message::to(0, event("people", round * 50 + key))
        };
        kafka.produce(topic, (0..50).map(message));
    }
    thread::sleep(Duration::from_millis(300));
    let keyed = Message {
        key: Some(b"key-0".to_vec()),
        ..Message::to(0, event("people", 5000))
    };
    kafka.transaction(topic, [keyed], TransactionEnd::Abort);
    wait_for_compaction(kafka, topic)
}

/// The remaining offsets after compaction.
fn wait_for_compaction(kafka: &Kafka, topic: &str) -> Vec<i64> {
    let started = Instant::now();
    loop {
        let left = kafka.offsets(topic, 0);
        if left.len() < 200 {
            return left;
        }
        assert!(started.elapsed() < Duration::from_secs(40), "not compacted");
        thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn a_compacted_topic_with_holes_ends_exactly() {
    let Some(kafka) = Kafka::shared() else { return };
    let left = compacted(kafka, "open-compacted");
    let (_, end) = kafka.watermarks("open-compacted", 0);
    assert!(left.last().unwrap() + 1 < end, "no hole at the end");
    let output = tail(kafka, "open-compacted", &ALL);
    assert_eq!(sorted(&output).len(), left.len(), "{}", output.stderr);
    assert!(output.took < MAX_DURATION, "{:?}", output.took);
    let last = tail(kafka, "open-compacted", &["--last", "30"]);
    assert_eq!(sorted(&last).len(), 30, "{}", last.stderr);
}
