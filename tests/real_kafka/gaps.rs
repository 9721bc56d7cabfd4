//! Offsets that retention has removed are reported as gaps instead of skipped silently.

use std::time::Duration;

use crate::events::{event, lines, messages, tail};
use crate::support::kafka::{Kafka, Message};
use crate::support::program::Running;

fn with_fifty_lost(kafka: &Kafka, topic: &str) {
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..100, 1));
    kafka.delete_records(topic, 0, 50);
}

#[test]
fn a_lost_position_is_marked_and_the_rest_shown() {
    let Some(kafka) = Kafka::shared() else { return };
    with_fifty_lost(kafka, "open-lost-mark");
    let output = tail(
        kafka,
        "open-lost-mark",
        &["--from", "0:5", "--until", "end"],
    );
    assert_eq!(output.lines(), lines(50..100), "{}", output.stderr);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let text = output.stderr.to_lowercase();
    assert!(text.contains("gap") && text.contains("50"), "{text}");
}

#[test]
fn a_lost_position_can_end_the_command_with_four() {
    let Some(kafka) = Kafka::shared() else { return };
    with_fifty_lost(kafka, "open-lost-stop");
    let args = ["--from", "0:5", "--until", "end", "--on-gap", "stop"];
    let output = tail(kafka, "open-lost-stop", &args);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert!(output.stdout.is_empty());
}

#[test]
fn the_beginning_after_retention_is_no_gap() {
    let Some(kafka) = Kafka::shared() else { return };
    with_fifty_lost(kafka, "open-lost-begin");
    let args = ["--from", "beginning", "--until", "end", "--on-gap", "stop"];
    let output = tail(kafka, "open-lost-begin", &args);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(output.lines(), lines(50..100));
}

#[test]
fn a_follower_that_retention_overtook_says_so_and_goes_on() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-overtaken";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..10, 1));
    let args = ["tail", "--from", "beginning"];
    let mut follower = Running::start(&kafka.client_env(topic), &args);
    follower.wait_for_lines(10, TIMEOUT);

    follower.signal("STOP");
    // More than the socket buffers between the broker and a stopped reader can hold.
    let filled = |number| event("people", number).replace("id-", &"x".repeat(50_000));
    kafka.produce(
        topic,
        (10..500).map(|number| Message::to(0, filled(number))),
    );
    kafka.delete_records(topic, 0, 490);
    follower.signal("CONT");

    follower.wait_for_words(&["gap: offsets"], TIMEOUT);
    let last = event("people", 500);
    kafka.produce(topic, [Message::to(0, last.clone())]);
    follower.wait_for_line(&last, TIMEOUT);
    let output = follower.interrupt();
    let seen = output.lines();
    for number in 490..500 {
        assert!(
            seen.contains(&filled(number).as_str()),
            "{number} is missing"
        );
    }
    let mut distinct = seen.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), seen.len(), "a record was printed twice");
}

const TIMEOUT: Duration = Duration::from_secs(30);
