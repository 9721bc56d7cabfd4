//! Where the members of a group start: every assigned partition has a stored position, from the first assignment on.

use std::time::Duration;

use serde_json::Value;

use crate::events::{event, follow, lines, messages, sorted, tail};
use crate::support::kafka::{Kafka, Message, OPEN_GROUPS, TransactionEnd};
use crate::support::program::{Output, Running, run};

const TIMEOUT: Duration = Duration::from_secs(60);
/// Members notice a changed topic at once, and a member that was killed soon.
const QUICK: [&str; 6] = [
    "-X",
    "topic.metadata.refresh.interval.ms=500",
    "-X",
    "session.timeout.ms=1500",
    "-X",
    "heartbeat.interval.ms=300",
];
const ASSIGNED: &str = "to this member";
const UNTIL_IDLE: [&str; 2] = ["--idle-exit", "1s"];

fn group(name: &str) -> String {
    format!("{OPEN_GROUPS}{name}")
}

fn member(kafka: &Kafka, topic: &str, args: &[&str]) -> Running {
    let group = group(topic);
    follow(
        kafka,
        topic,
        &[&["--group", &group], &QUICK[..], args].concat(),
    )
}

/// Runs a member until nothing arrives any more.
fn member_until_idle(kafka: &Kafka, topic: &str, args: &[&str]) -> Output {
    let group = group(topic);
    tail(
        kafka,
        topic,
        &[&["--group", &group], &QUICK[..], &UNTIL_IDLE, args].concat(),
    )
}

/// The check `group` of `verify`.
fn group_check(kafka: &Kafka, topic: &str) -> Value {
    let args = ["verify", "--json", "--group", &group(topic)];
    let output = run(&kafka.client_env(topic), &args, TIMEOUT);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"] == "group");
    found.unwrap().clone()
}

#[test]
fn a_partition_in_which_nothing_was_shown_keeps_its_position() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-quiet";
    kafka.create_topic(topic, 3, &[]);
    kafka.produce(topic, messages(0..30, 3));
    let first = member_until_idle(kafka, topic, &[]);
    assert_eq!((first.status, first.lines().len()), (Some(0), 0));
    let words = "has no position in open-group-quiet: starting at the end";
    assert!(first.stderr.contains(words), "{}", first.stderr);
    assert!(first.stderr.contains("30 records"), "{}", first.stderr);

    kafka.produce(topic, messages(30..60, 3));
    let check = group_check(kafka, topic);
    assert_eq!(check["details"]["behind"], 30, "{check:#}");
    // Ended by Ctrl-C, or killed, before a record of each partition was shown.
    member(kafka, topic, &["-n", "1"]).wait(TIMEOUT);
    let mut killed = member(kafka, topic, &["--collection", "nothing-of-this", "-v"]);
    killed.wait_for_words(&[ASSIGNED], TIMEOUT);
    killed.kill();
    let next = member_until_idle(kafka, topic, &[]);
    assert!(!next.stderr.contains("has no position"), "{}", next.stderr);
    let shown = next.lines().len();
    // At least once: all but those that the first two runs have read.
    assert!((0..30).contains(&shown), "{shown}");
    kafka.produce(topic, messages(60..90, 3));
    let last = member_until_idle(kafka, topic, &[]);
    assert_eq!(sorted(&last), lines(60..90), "{}", last.stderr);
}

#[test]
fn a_start_that_was_killed_before_its_first_record_is_not_forgotten() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-killed";
    kafka.create_topic(topic, 2, &[]);
    kafka.produce(topic, messages(0..10, 2));
    let mut killed = member(kafka, topic, &[]);
    killed.wait_for_words(&[ASSIGNED], TIMEOUT);
    killed.kill();
    kafka.produce(topic, messages(10..20, 2));
    let next = member_until_idle(kafka, topic, &[]);
    assert_eq!(sorted(&next), lines(10..20), "{}", next.stderr);
}

#[test]
fn a_new_group_starts_where_it_is_told() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-beginning";
    kafka.create_topic(topic, 2, &[]);
    kafka.produce(topic, messages(0..10, 2));
    let output = member_until_idle(kafka, topic, &["--from", "beginning"]);
    assert_eq!(sorted(&output), lines(0..10));
    let words = "has no position in open-group-beginning: starting at the first record";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    let again = member_until_idle(kafka, topic, &["--from", "beginning"]);
    assert_eq!(sorted(&again), [""; 0], "{}", again.stderr);
    assert!(
        !again.stderr.contains("has no position"),
        "{}",
        again.stderr
    );
}

#[test]
fn members_that_start_together_show_nothing_old_and_all_that_is_new() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-together";
    kafka.create_topic(topic, 6, &[]);
    kafka.produce(topic, messages(0..60, 6));
    let mut members: Vec<Running> = (0..3).map(|_| member(kafka, topic, &["-v"])).collect();
    for one in &mut members {
        let message = format!("the group assigned 2 partitions {ASSIGNED}");
        one.wait_for_words(&[&message], TIMEOUT);
    }
    kafka.produce(topic, messages(60..120, 6));
    let mut found = Vec::new();
    for mut one in members {
        one.wait_for_lines(20, TIMEOUT);
        let output = one.interrupt();
        found.extend(output.lines().into_iter().map(str::to_owned));
    }
    found.sort_unstable();
    let mut expected = lines(60..120);
    expected.sort_unstable();
    assert!(found == expected, "{} lines", found.len());
}

#[test]
fn an_added_partition_is_read_from_its_first_record() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-added";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..5, 1));
    member_until_idle(kafka, topic, &[]);
    // While no member runs.
    kafka.add_partitions(topic, 2);
    kafka.produce(topic, [Message::to(1, event("people", 5))]);
    let check = group_check(kafka, topic);
    assert_eq!(check["details"]["behind"], 1, "{check:#}");
    let text = check["message"].as_str().unwrap();
    assert!(text.contains("partition 1 has no position"), "{text}");
    let output = member_until_idle(kafka, topic, &[]);
    assert_eq!(output.lines(), lines(5..6), "{}", output.stderr);
    let words = "has no position in partition 1 of open-group-added: starting at the first";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    // While one does.
    let mut running = member(kafka, topic, &["-v"]);
    running.wait_for_words(&[ASSIGNED], TIMEOUT);
    kafka.add_partitions(topic, 3);
    kafka.produce(topic, [Message::to(2, event("people", 6))]);
    running.wait_for_line(&event("people", 6), TIMEOUT);
    assert_eq!(running.interrupt().lines(), lines(6..7));
}

#[test]
fn a_restarted_member_says_that_the_positions_are_gone() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-forgotten";
    for from in ["beginning", "end"] {
        kafka.create_topic(topic, 1, &[]);
        kafka.produce(topic, messages(0..20, 1));
        let output = member_until_idle(kafka, topic, &["--from", from]);
        let expected = if from == "beginning" { 20 } else { 0 };
        assert_eq!(output.lines().len(), expected, "{}", output.stderr);
        let words = "has no position in open-group-forgotten: starting at the";
        assert!(output.stderr.contains(words), "{}", output.stderr);
        kafka.delete_topic(topic);
    }
}

#[test]
fn a_group_has_no_lag_behind_the_markers_of_transactions() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-transactions";
    kafka.create_topic(topic, 1, &[]);
    kafka.transaction(topic, messages(0..10, 1), TransactionEnd::Commit);
    let output = member_until_idle(kafka, topic, &["--from", "beginning"]);
    assert_eq!(output.lines().len(), 10, "{}", output.stderr);
    kafka.transaction(topic, messages(10..20, 1), TransactionEnd::Abort);
    for committed in [0, 10] {
        let output = member_until_idle(kafka, topic, &[]);
        assert_eq!(output.lines().len(), committed, "{}", output.stderr);
        let check = group_check(kafka, topic);
        assert_eq!(check["details"]["behind"], 0, "{check:#}");
        kafka.transaction(topic, messages(20..30, 1), TransactionEnd::Commit);
    }
}

#[test]
fn the_protocol_of_kip_848_stores_positions_too() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-kip-848";
    kafka.create_topic(topic, 2, &[]);
    let group = group(topic);
    let run = || {
        let protocol = ["--group", &group, "-X", "group.protocol=consumer"];
        tail(kafka, topic, &[&protocol[..], &UNTIL_IDLE].concat())
    };
    kafka.produce(topic, messages(0..10, 2));
    let first = run();
    assert_eq!((first.status, first.lines().len()), (Some(0), 0));
    kafka.produce(topic, messages(10..20, 2));
    let second = run();
    assert_eq!(sorted(&second), lines(10..20), "{}", second.stderr);
    assert_eq!(group_check(kafka, topic)["details"]["behind"], 0);
}
