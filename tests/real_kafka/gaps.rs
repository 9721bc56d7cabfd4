//! Positions that retention has taken are said to be gaps, never jumped over in silence.
//! Gaps that Ditto itself announces need no real broker.

use crate::events::{lines, messages, tail};
use crate::support::kafka::Kafka;

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
    let said = output.stderr.to_lowercase();
    assert!(said.contains("gap") && said.contains("50"), "{said}");
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
