//! Start and stop positions over several partitions: times, counts and limits.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::events::{event, sorted, tail};
use crate::support::kafka::{Kafka, Message};

/// 2026-01-31T12:00:00Z
const NOON: i64 = 1_769_860_800_000;
const MINUTE: i64 = 60_000;

/// Writes event `number` to partition `number % 3`, with the time `start` plus `number` minutes.
fn by_the_minute(kafka: &Kafka, topic: &str, start: i64, count: i64) {
    kafka.create_topic(topic, 3, &[("retention.ms", "-1")]);
    let messages = (0..count).map(|number| {
        let collection = if number % 2 == 0 { "even" } else { "odd" };
        let text = event(collection, usize::try_from(number).unwrap());
        Message {
            millis: Some(start + number * MINUTE),
            ..Message::to(i32::try_from(number % 3).unwrap(), text)
        }
    });
    kafka.produce(topic, messages);
}

/// The transaction numbers in the order printed.
fn numbers(lines: &[&str]) -> Vec<u64> {
    let number = |line: &&str| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        event["txnId"].as_u64().unwrap()
    };
    lines.iter().map(number).collect()
}

fn check(kafka: &Kafka, topic: &str, args: &[&str], expected: impl IntoIterator<Item = u64>) {
    let output = tail(kafka, topic, args);
    let mut found = numbers(&sorted(&output));
    found.sort_unstable();
    let expected: Vec<u64> = expected.into_iter().collect();
    assert_eq!(found, expected, "{args:?}: {}", output.stderr);
}

#[test]
fn times_select_by_the_brokers_clock() {
    let Some(kafka) = Kafka::shared() else { return };
    by_the_minute(kafka, "open-times", NOON, 60);
    let check = |args: &[&str], expected| check(kafka, "open-times", args, expected);
    check(
        &["--from", "@2026-01-31T12:30:00Z", "--until", "end"],
        30..60,
    );
    check(
        &["--from", "@2026-01-31T12:29:59.999Z", "--until", "end"],
        30..60,
    );
    check(
        &["--from", "@2026-01-31T12:30:00.001Z", "--until", "end"],
        31..60,
    );
    check(
        &["--from", "@2026-01-31T14:30:00+02:00", "--until", "end"],
        30..60,
    );
    check(
        &["--from", "beginning", "--until", "@2026-01-31T12:10:00Z"],
        0..10,
    );
    check(
        &[
            "--from",
            "@2026-01-31T12:10:00Z",
            "--until",
            "@2026-01-31T12:20:00Z",
        ],
        10..20,
    );
    check(&["--from", "@2026-02-01T00:00:00Z", "--until", "end"], 0..0);
    check(
        &["--from", "beginning", "--until", "@2026-01-30T00:00:00Z"],
        0..0,
    );
}

#[test]
fn durations_count_back_from_now() {
    let Some(kafka) = Kafka::shared() else { return };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    // Half a minute off the full hours, so that the test's own seconds do not matter.
    by_the_minute(kafka, "open-ago", now - 120 * MINUTE + MINUTE / 2, 120);
    let check = |args: &[&str], expected| check(kafka, "open-ago", args, expected);
    check(&["--from", "@-1h", "--until", "end"], 60..120);
    check(&["--from", "@-90m", "--until", "@-1h"], 30..60);
}

#[test]
fn counts_are_over_the_whole_topic() {
    let Some(kafka) = Kafka::shared() else { return };
    by_the_minute(kafka, "open-counts", NOON, 600);
    let read = |args: &[&str]| tail(kafka, "open-counts", args);

    let hundred = read(&["--from", "-100", "--until", "end"]);
    assert_eq!(sorted(&hundred).len(), 100);
    let more_than_there = read(&["--from", "-1000", "--until", "end"]);
    assert_eq!(sorted(&more_than_there).len(), 600);
    let limited = read(&["--from", "beginning", "--limit", "7", "-c", "odd"]);
    assert_eq!(sorted(&limited).len(), 7);
    assert!(limited.lines().iter().all(|line| line.contains(r#""odd""#)));
}

#[test]
fn the_last_are_merged_by_time_after_the_filter() {
    let Some(kafka) = Kafka::shared() else { return };
    by_the_minute(kafka, "open-last", NOON, 600);
    let last = tail(kafka, "open-last", &["--last", "20", "-c", "even"]);
    assert_eq!(last.status, Some(0), "{}", last.stderr);
    let expected: Vec<u64> = (560..600).step_by(2).collect();
    assert_eq!(numbers(&last.lines()), expected);
}
