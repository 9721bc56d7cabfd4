//! Consumer groups of several processes: every event is printed at least once, even if members are killed.

use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::events::{event, follow, lines, messages};
use crate::support::kafka::{Kafka, OPEN_GROUPS, Options};
use crate::support::program::Running;

const TIMEOUT: Duration = Duration::from_secs(60);
const PARTITIONS: i32 = 10;
/// The session timeout after which a killed member leaves the group.
const SHORT_SESSION: [&str; 4] = [
    "-X",
    "session.timeout.ms=1500",
    "-X",
    "heartbeat.interval.ms=300",
];
/// Time for several commits, which happen once per second.
const SEVERAL_COMMITS: Duration = Duration::from_secs(4);
const COOPERATIVE: [&str; 2] = ["-X", "partition.assignment.strategy=cooperative-sticky"];

/// The message of a member that has this many partitions.
fn assigned(count: usize) -> String {
    format!("the group assigned {count} partitions to this member")
}

/// A member of a group.
fn member(kafka: &Kafka, topic: &str, group: &str, more: &[&str]) -> Running {
    let args = ["--group", group, "--from", "beginning", "-v"];
    follow(kafka, topic, &[&args[..], &SHORT_SESSION, more].concat())
}

/// Waits until each member has reported its number of partitions.
fn wait_for_shares(members: &mut [Running], shares: &[usize]) {
    for (member, count) in members.iter_mut().zip(shares) {
        let message = assigned(*count);
        member.wait_for_words(&[&message], TIMEOUT);
    }
}

/// Three members share ten partitions. One is killed while events arrive; the members together print all events.
fn one_of_three_is_killed(kafka: &Kafka, topic: &str, more: &[&str]) {
    kafka.create_topic(topic, PARTITIONS, &[]);
    let group = format!("{OPEN_GROUPS}{topic}");
    let mut members: Vec<Running> = (0..3).map(|_| member(kafka, topic, &group, more)).collect();
    for one in &mut members {
        one.wait_for_words(&[&assigned(3), &assigned(4)], TIMEOUT);
    }
    kafka.produce(topic, messages(0..3000, PARTITIONS));
    members[0].wait_for_lines(600, TIMEOUT);
    let killed = members.remove(0).kill();
    kafka.produce(topic, messages(3000..6000, PARTITIONS));
    wait_for_shares(&mut members, &[5, 5]);
    kafka.produce(topic, messages(6000..6100, PARTITIONS));

    let mut seen: BTreeSet<String> = killed.lines().into_iter().map(str::to_owned).collect();
    // A line that the kill truncated does not count.
    seen.retain(|line| line.ends_with("}}}"));
    let expected: BTreeSet<String> = lines(0..6100).into_iter().collect();
    std::thread::sleep(Duration::from_secs(3));
    let mut printed = killed.lines().len();
    for one in members {
        let output = one.interrupt();
        assert_eq!(output.status, Some(130), "{}", output.stderr);
        printed += output.lines().len();
        seen.extend(output.lines().into_iter().map(str::to_owned));
    }
    let missing: Vec<_> = expected.difference(&seen).take(3).collect();
    assert!(seen == expected, "missing {missing:?}");
    // Offsets are committed once per second, so that not everything is repeated.
    assert!(printed < 6100 + 3000, "{printed} lines for 6100 events");

    // All offsets are committed: a new member prints only new events.
    let mut last = member(kafka, topic, &group, more);
    wait_for_shares(std::slice::from_mut(&mut last), &[10]);
    kafka.produce(topic, messages(6100..6110, PARTITIONS));
    last.wait_for_lines(10, TIMEOUT);
    let mut found: Vec<String> = last.kill().lines().into_iter().map(str::to_owned).collect();
    found.sort_unstable();
    assert_eq!(found, lines(6100..6110));
}

#[test]
fn three_members_share_and_one_is_killed() {
    if let Some(kafka) = Kafka::shared() {
        one_of_three_is_killed(kafka, "open-share", &[]);
    }
}

#[test]
fn cooperative_members_share_and_one_is_killed() {
    if let Some(kafka) = Kafka::shared() {
        one_of_three_is_killed(kafka, "open-cooperate", &COOPERATIVE);
    }
}

#[test]
fn a_cooperative_member_keeps_what_it_has_when_another_comes() {
    let Some(kafka) = Kafka::shared() else {
        return;
    };
    kafka.create_topic("open-incremental", 4, &[]);
    kafka.produce("open-incremental", messages(0..400, 4));
    let group = format!("{OPEN_GROUPS}incremental");
    let mut first = member(kafka, "open-incremental", &group, &COOPERATIVE);
    first.wait_for_lines(400, TIMEOUT);
    let mut second = member(kafka, "open-incremental", &group, &COOPERATIVE);
    second.wait_for_words(&[&assigned(2)], TIMEOUT);
    kafka.produce("open-incremental", messages(400..800, 4));
    first.wait_for_lines(600, TIMEOUT);
    second.wait_for_lines(200, TIMEOUT);
    // Offsets are committed before partitions are revoked: nothing is printed twice.
    let mut found = [first.interrupt(), second.interrupt()]
        .iter()
        .flat_map(|output| {
            output
                .lines()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect::<Vec<_>>();
    found.sort_unstable();
    let mut expected = lines(0..800);
    expected.sort_unstable();
    assert!(found == expected, "{} lines for 800 events", found.len());
}

#[test]
fn a_partition_that_is_revoked_and_given_back_is_read_on() {
    let Some(kafka) = Kafka::shared() else {
        return;
    };
    for (name, protocol) in [
        ("eager", "partition.assignment.strategy=range"),
        ("lazy", "partition.assignment.strategy=cooperative-sticky"),
        ("kip-848", "group.protocol=consumer"),
    ] {
        let topic = format!("open-given-back-{name}");
        kafka.create_topic(&topic, 2, &[]);
        let group = format!("{OPEN_GROUPS}given-back-{name}");
        let args = [
            "--group",
            &group,
            "--from",
            "beginning",
            "-v",
            "-X",
            protocol,
        ];
        kafka.produce(&topic, messages(0..20, 2));
        let mut first = follow(kafka, &topic, &args);
        first.wait_for_lines(20, TIMEOUT);
        let mut second = follow(kafka, &topic, &args);
        second.wait_for_words(&[&assigned(1)], TIMEOUT);
        kafka.produce(&topic, messages(20..40, 2));
        second.wait_for_lines(10, TIMEOUT);
        let mut seen = second.interrupt().lines().join("\n");
        kafka.produce(&topic, messages(40..60, 2));
        for number in 40..60 {
            first.wait_for_line(&event("people", number), TIMEOUT);
        }
        seen += "\n";
        seen += &first.interrupt().lines().join("\n");
        for line in lines(0..60) {
            assert!(seen.contains(&line), "{name}: {line}");
        }
    }
}

#[test]
fn a_static_member_that_restarts_moves_nothing() {
    let Some(kafka) = Kafka::start(&Options::default()) else {
        return;
    };
    kafka.create_topic("open-static", 4, &[]);
    let group = format!("{OPEN_GROUPS}static");
    let named = |name: &str| {
        let instance = format!("group.instance.id={name}");
        let args = ["-X", &instance, "-X", "session.timeout.ms=20000"];
        member(&kafka, "open-static", &group, &args)
    };
    let (mut one, mut other) = (named("one"), named("other"));
    one.wait_for_words(&[&assigned(2)], TIMEOUT);
    other.wait_for_words(&[&assigned(2)], TIMEOUT);
    let times = |running: &Running| {
        running
            .stderr()
            .matches("partitions to this member")
            .count()
    };
    let before = times(&one);
    other.kill();
    let mut again = named("other");
    again.wait_for_words(&[&assigned(2)], TIMEOUT);
    kafka.produce("open-static", messages(0..40, 4));
    one.wait_for_lines(20, TIMEOUT);
    again.wait_for_lines(20, TIMEOUT);
    assert_eq!(times(&one), before, "{}", one.stderr());
}

#[test]
fn what_a_member_could_not_write_is_not_stored() {
    let Some(kafka) = Kafka::shared() else {
        return;
    };
    let (topic, group) = ("open-unwritten", format!("{OPEN_GROUPS}unwritten"));
    kafka.create_topic(topic, 1, &[]);
    // More than the largest pipe buffer.
    kafka.produce(topic, messages(0..40_000, 1));
    let args = [
        "tail",
        "--topic",
        topic,
        "--group",
        &group,
        "--from",
        "beginning",
    ];
    let home = tempfile::tempdir().unwrap();
    let mut stuck = Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
        .args([&args[..], &SHORT_SESSION].concat())
        .env_clear()
        .env("HOME", home.path())
        .envs(kafka.client_env(topic))
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = stuck.stdout.take().unwrap();
    let mut first = [0];
    pipe.read_exact(&mut first).unwrap();
    // The pipe is full and is not read, so that the output stops while several commits are due.
    std::thread::sleep(SEVERAL_COMMITS);
    stuck.kill().unwrap();
    stuck.wait().unwrap();
    let mut written = first.to_vec();
    pipe.read_to_end(&mut written).unwrap();
    let written = String::from_utf8_lossy(&written).into_owned();
    let mut seen: BTreeSet<String> = written.lines().map(str::to_owned).collect();
    seen.retain(|line| line.ends_with("}}}"));
    assert!(
        seen.len() < 35_000,
        "the pipe took everything: {}",
        seen.len()
    );

    let mut next = member(kafka, topic, &group, &[]);
    next.wait_for_line(&event("people", 39_999), TIMEOUT);
    seen.extend(next.kill().lines().into_iter().map(str::to_owned));
    let expected: BTreeSet<String> = lines(0..40_000).into_iter().collect();
    let missing: Vec<_> = expected.difference(&seen).take(3).collect();
    assert!(missing.is_empty(), "missing {missing:?}");
}

#[test]
fn a_position_of_the_group_that_retention_overtook_is_a_gap() {
    let Some(kafka) = Kafka::shared() else {
        return;
    };
    let (topic, group) = ("open-overtaken-group", format!("{OPEN_GROUPS}overtaken"));
    kafka.create_topic(topic, 1, &[]);
    kafka.produce(topic, messages(0..10, 1));
    let mut first = member(kafka, topic, &group, &[]);
    first.wait_for_lines(10, TIMEOUT);
    assert_eq!(first.interrupt().status, Some(130));
    kafka.produce(topic, messages(10..100, 1));
    kafka.delete_records(topic, 0, 50);

    let stopping = member(kafka, topic, &group, &["--on-gap", "stop"]);
    let output = stopping.wait(TIMEOUT);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert_eq!(output.lines(), [""; 0]);

    // The member that stopped has not committed offsets after the gap.
    let mut marking = member(kafka, topic, &group, &[]);
    marking.wait_for_lines(50, TIMEOUT);
    let output = marking.interrupt();
    assert_eq!(output.lines(), lines(50..100));
    let text = "gap: offsets 10 to 49";
    assert!(output.stderr.contains(text), "{}", output.stderr);
}
