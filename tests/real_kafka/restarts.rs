//! A broker that stops and restarts, also behind a proxy: no event is lost, and both are reported once.

use std::time::{Duration, Instant};

use crate::devices::{behind_a_relay, env_at};
use crate::events::{follow, lines, messages};
use crate::support::kafka::{Kafka, Options, Signal};
use crate::support::program::Running;
use crate::support::relay::Behaviour;

const TIMEOUT: Duration = Duration::from_secs(45);
const LOST: [&str; 1] = ["lost the connection"];
const BACK: [&str; 1] = ["the connection is back"];
/// An outage long enough to count attempts.
const OUTAGE: Duration = Duration::from_secs(10);
/// About one attempt a second for each of the client library's three reasons to connect.
const MAX_ATTEMPTS: usize = 35;

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

/// An ingress accepts connections while the broker behind it is down, and closes them at once.
#[test]
fn a_broker_behind_a_proxy_is_lost_once_and_back_once() {
    let Some((kafka, relay)) = behind_a_relay(Behaviour::Forward) else {
        return;
    };
    kafka.create_topic("open-ingress", 2, &[]);
    kafka.produce("open-ingress", messages(0..10, 2));
    let env = env_at(&kafka, "open-ingress", relay.port());
    let mut running = Running::start(&env, &["tail", "--from", "beginning"]);
    running.wait_for_lines(10, TIMEOUT);
    relay.behave(Behaviour::Close);
    running.wait_for_words(&LOST, TIMEOUT);
    let lost = Instant::now();
    std::thread::sleep(OUTAGE);
    let attempts = relay.accepted_since(lost);
    let during = running.stderr();
    relay.behave(Behaviour::Forward);
    running.wait_for_words(&BACK, TIMEOUT);
    kafka.produce("open-ingress", messages(10..20, 2));
    running.wait_for_lines(20, TIMEOUT);
    let text = running.kill().stderr;
    assert!(attempts <= MAX_ATTEMPTS, "{attempts} attempts\n{text}");
    assert!(!during.contains(BACK[0]), "{during}");
    for word in [LOST[0], BACK[0]] {
        assert_eq!(text.matches(word).count(), 1, "{text}");
    }
    assert_eq!(text.lines().count(), 2, "{text}");
}
