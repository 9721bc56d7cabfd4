//! `history` of a topic whose first records retention has removed.

use crate::events::TIMEOUT;
use crate::support::kafka::{Kafka, Message};
use crate::support::program::{Output, run};

/// One document, whose number grows with each event.
fn update(number: u64) -> String {
    format!(
        r#"{{"txnId":{number},"type":"documentChanged","collection":"orders","change":{{"method":"update","oldValue":{{"_id":"o-1","n":{}}},"newValue":{{"_id":"o-1","n":{number}}}}}}}"#,
        number - 1
    )
}

fn history(kafka: &Kafka, topic: &str, args: &[&str]) -> Output {
    let args = [&["history", "--topic", topic, "orders"], args].concat();
    run(&kafka.client_env(topic), &args, TIMEOUT)
}

#[test]
fn a_history_says_where_it_starts_after_retention() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-history-cut";
    kafka.create_topic(topic, 3, &[]);
    let message = |number| Message::to(1, update(number));
    kafka.produce(topic, (1..=100).map(message));
    kafka.delete_records(topic, 1, 50);
    let whole = history(kafka, topic, &["o-1", "--format", "oneline"]);
    assert_eq!(whole.status, Some(0), "{}", whole.stderr);
    let lines = whole.lines();
    assert_eq!(lines.len(), 51, "{lines:?}");
    assert!(
        lines[0].starts_with("start") && lines[0].contains("p1@50"),
        "{}",
        lines[0]
    );
    assert!(lines[1].contains("n: 50 → 51"), "{}", lines[1]);
    let note = "partition 1 of the topic starts at offset 50: earlier records are no longer there";
    assert!(whole.stderr.contains(note), "{}", whole.stderr);
    for (at, status, text) in [
        ("txn:50", 4, "does not reach back so far"),
        ("txn:51", 0, r#"{"_id":"o-1","n":51}"#),
        ("txn:100", 0, r#"{"_id":"o-1","n":100}"#),
    ] {
        let output = history(kafka, topic, &["o-1", "--at", at]);
        assert_eq!(output.status, Some(status), "{at} {}", output.stderr);
        let shown = output.lines().concat() + &output.stderr;
        assert!(shown.contains(text), "{at} {shown}");
    }
    let unmatched = history(kafka, topic, &["o-2"]);
    assert!(unmatched.stderr.contains(note), "{}", unmatched.stderr);
}
