//! A broker that goes and comes back costs no event, and the user is told of both.
//! Each test has a broker of its own, because others must not notice.

use std::time::Duration;

use crate::events::{follow, lines, messages};
use crate::support::kafka::{Kafka, Options, Signal};

const LONG: Duration = Duration::from_secs(45);
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
    running.wait_for_lines(500, LONG);
    kafka.stop(Signal::Kill);
    running.wait_for_words(&LOST, LONG);
    kafka.run();
    kafka.produce("open-follow", messages(500..1000, 2));
    running.wait_for_lines(1000, LONG);
    running.wait_for_words(&BACK, LONG);
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
    // Small fetches make the read long enough to be interrupted in its middle.
    let slow = ["-X", "fetch.message.max.bytes=4096"];
    let args = [&["--from", "beginning", "--until", "end"][..], &slow].concat();
    let mut running = follow(&kafka, "open-bounded", &args);
    running.wait_for_lines(1000, LONG);
    kafka.restart(Signal::Kill);
    let output = running.wait(LONG + LONG);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let mut found = output.lines();
    found.sort_unstable();
    let mut expected = lines(0..200_000);
    expected.sort_unstable();
    assert!(found == expected, "{} of {}", found.len(), expected.len());
    let said = output.stderr.to_lowercase();
    assert!(LOST.iter().any(|word| said.contains(word)), "{said}");
}
