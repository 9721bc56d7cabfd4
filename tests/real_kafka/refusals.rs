//! Requests that the broker rejects end the command with status 3 and the library's message.

use std::time::Duration;

use crate::events::messages;
use crate::support::kafka::{Kafka, OPEN_GROUPS};
use crate::support::program::{Output, run};

const ALL: [&str; 5] = ["tail", "--from", "beginning", "--until", "end"];
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(8);
const TLS_TIMEOUT: Duration = Duration::from_secs(15);

fn check(output: &Output, words: &str) {
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    assert!(output.stdout.is_empty());
    assert!(output.stderr.contains(words), "{}", output.stderr);
}

#[test]
fn a_forbidden_or_unknown_topic() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("closed-refused", 1, &[]);
    for topic in ["closed-refused", "closed-nowhere"] {
        let output = run(&kafka.client_env(topic), &ALL, REFUSAL_TIMEOUT);
        check(&output, "Topic authorization failed");
    }
    let output = run(&kafka.client_env("open-nowhere"), &ALL, REFUSAL_TIMEOUT);
    check(&output, "open-nowhere");
}

#[test]
fn a_topic_that_may_be_described_but_not_read() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("closed-described", 1, &[]);
    kafka.produce("closed-described", messages(0..1, 1));
    kafka.allow(&[crate::support::kafka::Rule::describe_topic(
        "closed-described",
    )]);
    let output = run(&kafka.client_env("closed-described"), &ALL, REFUSAL_TIMEOUT);
    check(&output, "Topic authorization failed");
    check(
        &output,
        "may not read the topic closed-described, which exists",
    );
    check(&output, "E10");
}

#[test]
fn a_group_outside_the_prefix() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-group", 1, &[]);
    kafka.produce("open-group", messages(0..10, 1));
    let env = kafka.client_env("open-group");
    let args = |group| ["tail", "--group", group, "-n", "10", "--from", "beginning"];
    let refused = run(&env, &args("others"), TLS_TIMEOUT);
    check(&refused, "Group authorization failed");
    let group = format!("{OPEN_GROUPS}one");
    let first = run(&env, &args(&group), TLS_TIMEOUT);
    assert_eq!(first.status, Some(0), "{}", first.stderr);
    assert_eq!(first.lines().len(), 10);
    // Printed events are not read again: their offsets were committed.
    kafka.produce("open-group", messages(10..20, 1));
    let second = run(&env, &args(&group), TLS_TIMEOUT);
    assert_eq!(second.status, Some(0), "{}", second.stderr);
    assert_eq!(second.lines().len(), 10);
    assert!(
        first
            .lines()
            .iter()
            .all(|line| !second.lines().contains(line))
    );
}

/// Runs `tail` with one setting changed; `None` removes it.
fn with(topic: &str, name: &'static str, file: Option<&str>) -> Option<Output> {
    let kafka = Kafka::shared()?;
    kafka.create_topic(topic, 1, &[]);
    let mut env = kafka.client_env(topic);
    env.retain(|(key, _)| *key != name);
    if let Some(file) = file {
        env.push((name, kafka.file(file).display().to_string()));
    }
    Some(run(&env, &ALL, TLS_TIMEOUT))
}

fn check_with(topic: &str, name: &'static str, file: Option<&str>, words: &str) {
    if let Some(output) = with(topic, name, file) {
        check(&output, words);
    }
}

#[test]
fn no_user_certificate() {
    check_with(
        "open-no-user",
        "DITTO_CDC_USER_CERT",
        None,
        "user certificate",
    );
}

#[test]
fn a_user_certificate_of_an_unknown_authority() {
    let file = Some("stranger.p12");
    let words = "the broker refused the user certificate";
    check_with("open-stranger", "DITTO_CDC_USER_CERT", file, words);
}

#[test]
fn a_cluster_certificate_of_another_cluster() {
    let file = Some("wrong-cluster.p12");
    check_with(
        "open-elsewhere",
        "DITTO_CDC_CLUSTER_CERT",
        file,
        "the broker's certificate does not match the cluster certificate",
    );
}
