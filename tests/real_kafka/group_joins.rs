//! Groups that never assign a partition: another type of group, no coordinator, a protocol that the broker lacks.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::events::{follow, messages, tail};
use crate::support::kafka::{Kafka, OPEN_GROUPS, Options};
use crate::support::program::run;

const TIMEOUT: Duration = Duration::from_secs(60);
/// A short session, so that a join that gets no answer is given up soon.
const SHORT: [&str; 6] = [
    "--idle-exit",
    "1s",
    "-X",
    "session.timeout.ms=1500",
    "-X",
    "heartbeat.interval.ms=300",
];

/// A share group with one member, which Java's console consumer forms.
struct ShareGroup(Child);

impl ShareGroup {
    fn start(kafka: &Kafka, topic: &str, group: &str) -> ShareGroup {
        let mut command = Command::new("java");
        let class = "org.apache.kafka.tools.consumer.ConsoleShareConsumer";
        command.args(["-Xmx128m", "-cp", &kafka.classpath(), class]);
        command.args(["--bootstrap-server", &kafka.admin_endpoint()]);
        command.args(["--topic", topic, "--group", group]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        ShareGroup(command.spawn().unwrap())
    }
}

impl Drop for ShareGroup {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_share_group_is_named_and_is_e9() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-share";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..3, 1));
    let group = format!("{OPEN_GROUPS}shared-by-others");
    let _share = ShareGroup::start(kafka, topic, &group);
    let env = kafka.client_env(topic);
    let verify = || {
        let args = ["verify", "--json", "--group", &group];
        let output = run(&env, &args, TIMEOUT);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["check"] == "group");
        (output.status, check.unwrap().clone())
    };
    // The group exists once its member has joined.
    let started = std::time::Instant::now();
    let (status, check) = loop {
        let (status, check) = verify();
        if check["status"] == "fail" || started.elapsed() > TIMEOUT {
            break (status, check);
        }
    };
    assert_eq!(status, Some(3), "{check:#}");
    assert_eq!(check["fault"], "E9", "{check:#}");
    let text = check["message"].as_str().unwrap();
    assert!(text.contains("is a share group"), "{text}");

    let args = [&["--group", &group], &SHORT[..]].concat();
    let output = tail(kafka, topic, &args);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    for words in [
        "share group",
        "Inconsistent group protocol",
        "verify --group",
    ] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
}

#[test]
fn a_group_without_a_coordinator_ends_with_three() {
    let properties = [
        // More replicas than brokers: the topic of the groups cannot be created.
        ("offsets.topic.replication.factor", "3"),
    ];
    let Some(kafka) = Kafka::start(&Options {
        properties: &properties,
        ..Options::default()
    }) else {
        return;
    };
    let topic = "open-group-alone";
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..3, 1));
    let group = format!("{OPEN_GROUPS}alone");
    let args = [&["--group", &group], &SHORT[..]].concat();
    let output = tail(&kafka, topic, &args);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    for words in [&group[..], "assigned no partition", "coordinator"] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
    // Without a limit it waits, and says for what.
    let mut waiting = follow(&kafka, topic, &["--group", &group]);
    waiting.wait_for_words(&["waiting for the group"], TIMEOUT);
    assert_eq!(waiting.interrupt().status, Some(130));
}

#[test]
fn a_protocol_that_the_broker_lacks_ends_with_three() {
    let properties = [("group.coordinator.rebalance.protocols", "classic")];
    let Some(kafka) = Kafka::start(&Options {
        properties: &properties,
        ..Options::default()
    }) else {
        return;
    };
    let topic = "open-group-old";
    kafka.create_topic(topic, 1, &[]);
    let group = format!("{OPEN_GROUPS}new-protocol");
    let args = [
        "--group",
        &group,
        "-X",
        "group.protocol=consumer",
        "--idle-exit",
        "1s",
    ];
    let output = tail(&kafka, topic, &args);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    assert!(
        output.stderr.contains("group.protocol"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_member_without_partitions_is_a_member() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-standby";
    kafka.create_topic(topic, 1, &[]);
    for protocol in [
        "partition.assignment.strategy=range",
        "partition.assignment.strategy=cooperative-sticky",
        "group.protocol=consumer",
    ] {
        let name = protocol.rsplit(['=', '-']).next().unwrap();
        let group = format!("{OPEN_GROUPS}standby-{name}");
        let args = ["--group", &group, "-X", protocol, "-v"];
        let mut first = follow(kafka, topic, &args);
        first.wait_for_words(&["assigned 1 partition"], TIMEOUT);
        let second = tail(kafka, topic, &[&args[..], &["--idle-exit", "1s"]].concat());
        assert_eq!(second.status, Some(0), "{protocol}: {}", second.stderr);
        assert_eq!(first.interrupt().status, Some(130));
    }
}
