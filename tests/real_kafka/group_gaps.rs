//! A group and gaps: with `--on-gap stop` the stored position stays at the gap until a snapshot resolves it.

use std::path::Path;
use std::time::Duration;

use ditto_cdc::snapshot::manifest::{Manifest, Position};

use crate::events::{event, lines, messages, tail};
use crate::support::kafka::{Kafka, Message, OPEN_GROUPS};
use crate::support::program::Output;

const TIMEOUT: Duration = Duration::from_secs(60);
const GAP: &str = r#"{"txnId":15,"type":"requeryRequired"}"#;

fn member(kafka: &Kafka, topic: &str, args: &[&str]) -> Output {
    let group = format!("{OPEN_GROUPS}{topic}");
    let all = [
        "--group",
        &group,
        "--from",
        "beginning",
        "--idle-exit",
        "1s",
    ];
    // A later --from would be refused beside the first.
    let all = if args.contains(&"--from") {
        &[&all[..2], &all[4..]].concat()
    } else {
        &all[..]
    };
    tail(kafka, topic, &[all, args].concat())
}

/// A complete snapshot of the whole app, from which partition 0 continues at `next`. The last number of `floor_from` is
/// its minimum transaction.
fn snapshot(folder: &Path, topic: &str, floor_from: &str, next: i64) -> String {
    let mut manifest = Manifest::new("http://localhost".into(), "2026-01-31T12:00:00Z".into());
    manifest.complete = true;
    manifest.floor = floor_from
        .rsplit(' ')
        .next()
        .and_then(|txn| txn.parse().ok());
    manifest.floor_from.push(floor_from.into());
    manifest.scope.whole_app = true;
    manifest.positions.push(Position {
        topic: topic.into(),
        partition: 0,
        next_offset: next,
        ..Position::default()
    });
    manifest.write(folder).unwrap();
    folder.display().to_string()
}

#[test]
fn a_restarted_member_stops_again_until_a_snapshot_resolves_the_gap() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-gap";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..10, 1));
    kafka.produce(topic, [Message::to(0, GAP)]);
    kafka.produce(topic, messages(20..30, 1));
    let stop = ["--on-gap", "stop"];
    let first = member(kafka, topic, &stop);
    assert_eq!(first.status, Some(4), "{}", first.stderr);
    assert_eq!(first.lines()[..10], lines(0..10));
    for _ in 0..2 {
        let again = member(kafka, topic, &stop);
        assert_eq!(again.status, Some(4), "{}", again.stderr);
        // Only the gap itself is shown again.
        assert_eq!(again.lines(), [GAP], "{}", again.stderr);
        for words in [
            "try: ditto-cdc requery --txn-id 15 --from 0:10 --output requery-15",
            "then: this command again, with --from requery-15",
        ] {
            assert!(again.stderr.contains(words), "{words}: {}", again.stderr);
        }
    }
    // An older snapshot does not resolve it.
    let folder = tempfile::tempdir().unwrap();
    let old = snapshot(folder.path(), topic, "the newest event: 14", 10);
    let output = member(kafka, topic, &["--from", &old, "--on-gap", "stop"]);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    let new = snapshot(folder.path(), topic, "the newest event: 15", 11);
    let output = member(kafka, topic, &["--from", &new, "--on-gap", "stop"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.lines(), lines(20..30), "{}", output.stderr);
    let words = "resolves the requeryRequired with txnID 15";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    // The position is behind the gap now, so that the first command goes on.
    kafka.produce(topic, messages(30..35, 1));
    let output = member(kafka, topic, &stop);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.lines(), lines(30..35), "{}", output.stderr);
}

#[test]
fn a_gap_without_a_transaction_is_resolved_by_a_snapshot_taken_after_it() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-gap-without-txn";
    kafka.create_topic(topic, 1, &[]);
    let gap = r#"{"type":"requeryRequired"}"#;
    kafka.produce(topic, [Message::to(0, gap)]);
    kafka.produce(topic, messages(1..3, 1));
    let folder = tempfile::tempdir().unwrap();
    let after = lines(1..3);
    let after: Vec<&str> = after.iter().map(String::as_str).collect();
    for (next, floor_from, status, shown) in [
        (0, "--txn-id 9", 4, &[gap][..]),
        // Nothing says that the server's answers were new enough.
        (1, "the newest event", 4, &[gap][..]),
        (1, "--txn-id 9", 0, &after),
    ] {
        let folder = snapshot(folder.path(), topic, floor_from, next);
        let output = member(kafka, topic, &["--from", &folder, "--on-gap", "stop"]);
        assert_eq!(output.status, Some(status), "{}", output.stderr);
        assert_eq!(output.lines(), shown, "{}", output.stderr);
    }
}

#[test]
fn the_advice_looks_for_gaps_from_the_group_s_positions_in_all_partitions() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-advice";
    kafka.create_topic(topic, 2, &[]);
    kafka.produce(topic, [Message::to(0, event("people", 1))]);
    kafka.produce(topic, [Message::to(1, event("people", 2))]);
    let first = member(kafka, topic, &[]);
    assert_eq!(first.lines().len(), 2);
    kafka.produce(
        topic,
        [Message::to(1, event("people", 3)), Message::to(1, GAP)],
    );
    let output = member(kafka, topic, &["--on-gap", "stop"]);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    let words = "requery --txn-id 15 --from 0:1,1:2 ";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}

#[test]
fn a_snapshot_resolves_a_position_that_retention_overtook() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-gap-retention";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..10, 1));
    assert_eq!(member(kafka, topic, &[]).lines().len(), 10);
    kafka.produce(topic, messages(10..100, 1));
    kafka.delete_records(topic, 0, 50);
    for _ in 0..2 {
        let output = member(kafka, topic, &["--on-gap", "stop"]);
        assert_eq!(output.status, Some(4), "{}", output.stderr);
        assert_eq!(output.lines(), [""; 0]);
        let words = "try: ditto-cdc requery --from 0:10 --output requery";
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    let folder = tempfile::tempdir().unwrap();
    // Taken before the records were lost.
    let old = snapshot(folder.path(), topic, "the newest event: 30", 40);
    let args = ["--from", &old, "--on-gap", "stop"];
    assert_eq!(member(kafka, topic, &args).status, Some(4));
    let new = snapshot(folder.path(), topic, "the newest event: 60", 60);
    let args = ["--from", &new, "--on-gap", "stop"];
    let output = member(kafka, topic, &args);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.lines(), lines(50..100), "{}", output.stderr);
    let output = member(kafka, topic, &["--on-gap", "stop"]);
    assert_eq!((output.status, output.lines().len()), (Some(0), 0));
}

#[test]
fn a_gap_while_a_member_runs_stays_the_position() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-gap-live";
    kafka.create_topic(topic, 1, &[]);
    let group = format!("{OPEN_GROUPS}{topic}");
    let args = ["--group", &group, "--on-gap", "stop", "-v"];
    let mut running = crate::events::follow(kafka, topic, &args);
    running.wait_for_words(&["to this member"], TIMEOUT);
    kafka.produce(topic, messages(0..5, 1));
    running.wait_for_lines(5, TIMEOUT);
    running.signal("STOP");
    // The fetch that is under way returns the next record, and no later one.
    kafka.produce(topic, messages(5..6, 1));
    kafka.produce(topic, messages(6..60, 1));
    kafka.delete_records(topic, 0, 50);
    running.signal("CONT");
    let output = running.wait(TIMEOUT);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert_eq!(output.lines(), lines(0..6), "{}", output.stderr);
    let again = member(kafka, topic, &["--on-gap", "stop"]);
    assert_eq!(again.status, Some(4), "{}", again.stderr);
    let words = "offsets 6 to 49";
    assert!(again.stderr.contains(words), "{}", again.stderr);
}
