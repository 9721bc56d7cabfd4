//! `--state`, `--from txn:N` and a snapshot's positions with retention, transactions and a killed broker.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::events::{follow, lines, messages, tail};
use crate::support::kafka::{Kafka, Options, Signal, TransactionEnd};
use crate::support::program::Output;

const TIMEOUT: Duration = Duration::from_secs(45);
const END: [&str; 2] = ["--until", "end"];

fn state_file() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json").display().to_string();
    (folder, file)
}

fn with_state(kafka: &Kafka, topic: &str, file: &str, args: &[&str]) -> Output {
    tail(kafka, topic, &[&["--state", file], args].concat())
}

#[test]
fn retention_after_a_saved_position_is_a_gap_and_stays_one() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-state-retention";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..10, 1));
    let (_folder, file) = state_file();
    let all = ["--from", "beginning", "--until", "end"];
    assert_eq!(with_state(kafka, topic, &file, &all).lines().len(), 10);
    kafka.produce(topic, messages(10..100, 1));
    kafka.delete_records(topic, 0, 50);

    let stop = [&END[..], &["--on-gap", "stop"]].concat();
    for message in ["offsets 10 to 49 of", "remembers an offset gap"] {
        let output = with_state(kafka, topic, &file, &stop);
        assert_eq!((output.status, output.lines().len()), (Some(4), 0));
        for words in [
            message,
            "try: ditto-cdc requery --from 0:50 --output requery",
        ] {
            assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
        }
    }
    let output = with_state(kafka, topic, &file, &END);
    assert_eq!(output.lines(), lines(50..100));
    assert!(output.stderr.contains("remembers an offset gap"));
    // Deleting records that were read makes no gap.
    kafka.delete_records(topic, 0, 100);
    let (_folder, fresh) = state_file();
    with_state(kafka, topic, &fresh, &END);
    kafka.produce(topic, messages(100..110, 1));
    let output = with_state(kafka, topic, &fresh, &stop);
    assert_eq!(output.lines(), lines(100..110), "{}", output.stderr);
    assert_eq!(output.status, Some(0));
}

#[test]
fn a_bounded_read_passes_offsets_without_a_record_at_the_end() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-state-markers";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..10, 1));
    kafka.transaction(topic, messages(10..20, 1), TransactionEnd::Abort);
    let (_folder, file) = state_file();
    let all = ["--from", "beginning", "--until", "end"];
    assert_eq!(with_state(kafka, topic, &file, &all).lines().len(), 10);
    let (_, end) = kafka.watermarks(topic, 0);
    kafka.delete_records(topic, 0, end);
    kafka.produce(topic, messages(20..30, 1));
    let stop = [&END[..], &["--on-gap", "stop"]].concat();
    let output = with_state(kafka, topic, &file, &stop);
    assert_eq!(output.lines(), lines(20..30), "{}", output.stderr);
}

#[test]
fn what_retention_may_have_removed_after_a_transaction_is_a_gap() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-txn-retention";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..100, 1));
    kafka.delete_records(topic, 0, 50);
    let run = |from: &str| {
        let args = ["--from", from, "--until", "end", "--on-gap", "stop"];
        tail(kafka, topic, &args)
    };
    // 50 is the oldest remaining transaction: it proves that nothing after it was removed.
    let output = run("txn:50");
    assert_eq!(output.lines(), lines(51..100), "{}", output.stderr);
    assert_eq!(output.status, Some(0));
    let output = run("txn:49");
    assert_eq!((output.status, output.lines().len()), (Some(4), 0));
    let words = "has no record at or before transaction 49 any more";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}

#[test]
fn kills_of_tool_and_broker_lose_nothing() {
    let Some(kafka) = Kafka::start(&Options::default()) else {
        return;
    };
    let topic = "open-kills";
    kafka.create_topic(topic, 4, &[]);
    let (_folder, file) = state_file();
    let mut seen = BTreeSet::new();
    let args = ["--from", "beginning", "--state", &file];
    for round in 0..4 {
        let numbers = round * 2_000..(round + 1) * 2_000;
        kafka.produce(topic, messages(numbers.clone(), 4));
        let mut running = follow(&kafka, topic, &args);
        running.wait_for_lines(1, TIMEOUT);
        if round == 2 {
            kafka.restart(Signal::Kill);
        }
        seen.extend(whole_lines(&running.kill().stdout));
    }
    let output = with_state(&kafka, topic, &file, &END);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    seen.extend(whole_lines(&output.stdout));
    let expected: BTreeSet<String> = lines(0..8_000).into_iter().collect();
    assert!(seen == expected, "{} of {}", seen.len(), expected.len());
}

/// The complete lines in the output of a killed program.
fn whole_lines(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let whole = text.split_inclusive('\n');
    let whole = whole.filter_map(|line| line.strip_suffix('\n'));
    whole.map(str::to_owned).collect()
}
