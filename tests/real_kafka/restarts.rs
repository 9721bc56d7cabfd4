//! A broker that stops and restarts: no event is lost, and both are reported.

use std::time::Duration;

use crate::events::{follow, lines, messages};
use crate::support::kafka::{Kafka, Options, Signal};

const TIMEOUT: Duration = Duration::from_secs(45);
const LOST: [&str; 1] = ["lost the connection"];
const BACK: [&str; 1] = ["the connection is back"];

#[test]
fn following_goes_on_after_a_kill() {
    let Some(kafka) = Kafka::start(&Options::default()) else {
        return;
    };
    kafka.create_topic("open-follow", 2, &[]);
    kafka.produce("open-follow", messages(0..500, 2));
    let mut running = follow(&kafka, "open-follow", &["--from", "beginning"]);
    running.wait_for_lines(500, TIMEOUT);
    kafka.stop(Signal::Kill);
    running.wait_for_words(&LOST, TIMEOUT);
    kafka.run();
    kafka.produce("open-follow", messages(500..1000, 2));
    running.wait_for_lines(1000, TIMEOUT);
    running.wait_for_words(&BACK, TIMEOUT);
    let output = running.kill();
    let mut found = output.lines();
    found.sort_unstable();
    let mut expected = lines(0..1000);
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_bounded_read_is_complete_over_a_restart() {
    let Some(kafka) = Kafka::start(&Options::default()) else {
        return;
    };
    kafka.create_topic("open-bounded", 4, &[]);
    kafka.produce("open-bounded", messages(0..200_000, 4));
    // Small fetches make the read long enough to be interrupted.
    let slow = ["-X", "fetch.message.max.bytes=4096"];
    let args = [&["--from", "beginning", "--until", "end"][..], &slow].concat();
    let mut running = follow(&kafka, "open-bounded", &args);
    running.wait_for_lines(1000, TIMEOUT);
    kafka.restart(Signal::Kill);
    let output = running.wait(TIMEOUT + TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let mut found = output.lines();
    found.sort_unstable();
    let mut expected = lines(0..200_000);
    expected.sort_unstable();
    assert!(found == expected, "{} of {}", found.len(), expected.len());
    let text = output.stderr.to_lowercase();
    assert!(LOST.iter().any(|word| text.contains(word)), "{text}");
}
