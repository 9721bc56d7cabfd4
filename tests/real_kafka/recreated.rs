//! A topic that is deleted and created again under its name, and partitions that are added.

use std::path::Path;
use std::time::Duration;

use ditto_cdc::record::incarnation::Witness;
use ditto_cdc::snapshot::manifest::{Manifest, Position};
use ditto_cdc::tls::Sha256;
use serde_json::{Value, json};

use crate::events::{event, follow, lines, messages, tail};
use crate::old_protocol::OldProtocol;
use crate::support::kafka::{Kafka, Message, OPEN_GROUPS, Options};
use crate::support::program::{Output, Running};
use crate::verify::{has, verify};

const TIMEOUT: Duration = Duration::from_secs(30);
const END: [&str; 2] = ["--until", "end"];
const ALL: [&str; 4] = ["--from", "beginning", "--until", "end"];
const STOP: [&str; 2] = ["--on-gap", "stop"];
/// Without it, the tests would take as long as the interval between two queries.
const OFTEN: [&str; 2] = ["-X", "topic.metadata.refresh.interval.ms=500"];
const REPLACED: &str = "the topic was deleted and created again";

/// Creates the topic with events of these numbers.
fn create(kafka: &Kafka, topic: &str, partitions: i32, numbers: std::ops::Range<usize>) {
    kafka.create_topic(topic, partitions, &[]);
    kafka.produce(topic, messages(numbers, partitions));
}

fn recreate(kafka: &Kafka, topic: &str, partitions: i32, numbers: std::ops::Range<usize>) {
    kafka.delete_topic(topic);
    create(kafka, topic, partitions, numbers);
}

/// A folder with a state file.
struct State {
    folder: tempfile::TempDir,
}

impl State {
    fn new() -> State {
        State {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> String {
        self.folder.path().join("state.json").display().to_string()
    }

    fn tail(&self, kafka: &Kafka, topic: &str, args: &[&str]) -> Output {
        tail(kafka, topic, &[&["--state", &self.file()], args].concat())
    }

    fn content(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file()).unwrap()).unwrap()
    }

    fn rewrite(&self, change: impl FnOnce(&mut Value)) {
        let mut content = self.content();
        change(&mut content);
        std::fs::write(self.file(), content.to_string()).unwrap();
    }
}

fn assert_sorted(output: &Output, expected: std::ops::Range<usize>) {
    let mut found = output.lines();
    found.sort_unstable();
    let mut expected = lines(expected);
    expected.sort_unstable();
    assert_eq!(found, expected, "{}", output.stderr);
}

#[test]
fn a_state_of_the_former_topic_is_a_gap_and_the_new_topic_is_read_from_its_first_record() {
    let Some(kafka) = Kafka::shared() else { return };
    for (topic, count) in [
        ("open-new-more", 20),
        ("open-new-same", 10),
        ("open-new-few", 4),
    ] {
        create(kafka, topic, 2, 0..10);
        let state = State::new();
        assert_eq!(state.tail(kafka, topic, &ALL).lines().len(), 10);
        let first = state.content()["topicId"].clone();
        recreate(kafka, topic, 2, 100..100 + count);

        let (status, report) = verify(kafka, topic, &["--state", &state.file()]);
        assert_eq!(status, Some(1), "{report:#}");
        has(
            &report,
            "state",
            "fail",
            Some("E11"),
            first.as_str().unwrap(),
        );
        let stopped = state.tail(kafka, topic, &[&END[..], &STOP].concat());
        assert_eq!(
            (stopped.status, stopped.lines().len()),
            (Some(4), 0),
            "{topic}"
        );
        let id = first.as_str().unwrap();
        assert!(stopped.stderr.contains(REPLACED), "{}", stopped.stderr);
        assert!(stopped.stderr.contains(id), "{}", stopped.stderr);
        // The gap is remembered, and so is what has not been read.
        let stopped = state.tail(kafka, topic, &[&END[..], &STOP].concat());
        assert_eq!(stopped.status, Some(4), "{}", stopped.stderr);
        let output = state.tail(kafka, topic, &END);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        assert_sorted(&output, 100..100 + count);
        assert!(output.stderr.contains("remembers"), "{}", output.stderr);
        let second = state.content()["topicId"].clone();
        assert!(second.is_string() && second != first, "{second}");

        let (_, report) = verify(kafka, topic, &["--state", &state.file()]);
        has(&report, "state", "warn", None, "remembers");
        kafka.produce(topic, messages(500..502, 2));
        assert_sorted(&state.tail(kafka, topic, &END), 500..502);
    }
}

#[test]
fn a_state_without_an_id_is_compared_by_its_last_record() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-witness";
    create(kafka, topic, 1, 0..10);
    let state = State::new();
    state.tail(kafka, topic, &ALL);
    let mut digest = Sha256::default();
    let payload = event("people", 9);
    digest.add(&(-1_i64).to_be_bytes());
    digest.add(&i64::try_from(payload.len()).unwrap().to_be_bytes());
    digest.add(payload.as_bytes());
    let millis = |offset: &str| {
        let record = ["--from", offset, "-n", "1", "--format", "record"];
        let output = tail(kafka, topic, &record);
        let record: Value = serde_json::from_slice(&output.stdout).unwrap();
        record["timestamp"].as_i64().unwrap()
    };
    let witness = Witness {
        offset: 9,
        timestamp: Some(millis("0:9")),
        sha256: digest.digits(),
    };
    let of_old_brokers = |content: &mut Value| {
        content["topicId"] = Value::Null;
        content["witnesses"] = json!({"0": witness});
    };
    state.rewrite(of_old_brokers);
    kafka.produce(topic, messages(10..12, 1));
    let (_, report) = verify(kafka, topic, &["--state", &state.file()]);
    has(&report, "state", "pass", None, "its lag is up to 2 records");
    let output = state.tail(kafka, topic, &[&END[..], &STOP].concat());
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_sorted(&output, 10..12);
    assert!(
        state.content()["topicId"].is_string(),
        "an id at the first write"
    );

    state.rewrite(|content| {
        of_old_brokers(content);
        content["next"] = json!({"0": 10});
    });
    recreate(kafka, topic, 1, 100..120);
    let output = state.tail(kafka, topic, &END);
    assert_sorted(&output, 100..120);
    assert!(output.stderr.contains(REPLACED), "{}", output.stderr);
    assert!(output.stderr.contains("gaps 1"), "{}", output.stderr);
}

#[test]
fn a_state_of_an_earlier_version_gets_an_id_at_the_first_write() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-old-state";
    create(kafka, topic, 1, 0..10);
    let state = State::new();
    state.tail(kafka, topic, &ALL);
    state.rewrite(|content| {
        content["version"] = json!(1);
        content.as_object_mut().unwrap().remove("topicId");
    });
    kafka.produce(topic, messages(10..12, 1));
    let output = state.tail(kafka, topic, &[&END[..], &STOP].concat());
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_sorted(&output, 10..12);
    recreate(kafka, topic, 1, 100..120);
    let output = state.tail(kafka, topic, &[&END[..], &STOP].concat());
    assert_eq!(output.status, Some(4), "{}", output.stderr);
}

/// Writes a snapshot whose stream continues at these offsets of the topic.
fn write_snapshot(folder: &Path, topic: &str, topic_id: &str, next: &[(i32, i64)]) {
    let started = jiff::Timestamp::now().to_string();
    let mut manifest = Manifest::new("http://localhost".into(), started);
    manifest.complete = true;
    manifest.scope.whole_app = true;
    let position = |&(partition, next_offset): &(i32, i64)| Position {
        topic: topic.to_owned(),
        topic_id: Some(topic_id.to_owned()),
        partition,
        next_offset,
        ..Position::default()
    };
    manifest.positions = next.iter().map(position).collect();
    manifest.write(folder).unwrap();
}

/// The topic's id, from a state that is written at its end.
fn topic_id(kafka: &Kafka, topic: &str) -> String {
    let state = State::new();
    state.tail(kafka, topic, &END);
    state.content()["topicId"].as_str().unwrap().to_owned()
}

#[test]
fn a_snapshot_of_the_former_topic_is_a_gap_and_added_partitions_are_read() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-snapshot";
    create(kafka, topic, 1, 0..10);
    let folder = tempfile::tempdir().unwrap();
    write_snapshot(folder.path(), topic, &topic_id(kafka, topic), &[(0, 8)]);
    let from = format!("{}/", folder.path().display());
    let from = ["--from", from.as_str()];

    kafka.add_partitions(topic, 2);
    kafka.produce(topic, [Message::to(1, event("people", 10))]);
    let output = tail(kafka, topic, &[&from[..], &END, &STOP].concat());
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_sorted(&output, 8..11);
    assert!(
        output.stderr.contains("reading partition 1 from the first"),
        "{}",
        output.stderr
    );

    recreate(kafka, topic, 3, 100..120);
    let output = tail(kafka, topic, &[&from[..], &END, &STOP].concat());
    assert_eq!(
        (output.status, output.lines().len()),
        (Some(4), 0),
        "{}",
        output.stderr
    );
    let output = tail(kafka, topic, &[&from[..], &END].concat());
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_sorted(&output, 100..120);
    assert!(output.stderr.contains(REPLACED), "{}", output.stderr);
}

/// A snapshot resolves a gap only in the topic in which it was taken, and a gap in the former topic.
#[test]
fn a_gap_is_resolved_by_a_snapshot_of_the_new_topic_only() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-resolved";
    create(kafka, topic, 1, 0..10);
    let state = State::new();
    state.tail(kafka, topic, &ALL);
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_snapshot(old.path(), topic, &topic_id(kafka, topic), &[(0, 10)]);
    recreate(kafka, topic, 1, 100..103);
    write_snapshot(new.path(), topic, &topic_id(kafka, topic), &[(0, 3)]);
    kafka.produce(topic, messages(103..120, 1));
    let from = |folder: &tempfile::TempDir| format!("{}/", folder.path().display());
    let run = |folder: &tempfile::TempDir| {
        state.tail(
            kafka,
            topic,
            &[&["--from", &from(folder)], &END[..], &STOP].concat(),
        )
    };
    assert_eq!(run(&old).status, Some(4));
    let output = run(&new);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_sorted(&output, 103..120);
    assert_eq!(state.content()["gap"], Value::Null);
}

/// Follows the topic from its first record until `count` records are shown.
fn follow_all(kafka: &Kafka, topic: &str, count: usize, args: &[&str]) -> Running {
    let args = [&["--from", "beginning"], &OFTEN[..], args].concat();
    let mut running = follow(kafka, topic, &args);
    running.wait_for_lines(count, TIMEOUT);
    running
}

#[test]
fn a_running_tail_reports_the_gap_and_reads_the_new_topic_from_its_first_record() {
    let Some(kafka) = Kafka::shared() else { return };
    for (topic, count) in [
        ("open-live-more", 30),
        ("open-live-same", 10),
        ("open-live-few", 4),
    ] {
        create(kafka, topic, 2, 0..10);
        let mut running = follow_all(kafka, topic, 10, &[]);
        recreate(kafka, topic, 2, 100..100 + count);
        running.wait_for_words(&[REPLACED], TIMEOUT);
        for line in lines(100..100 + count) {
            running.wait_for_line(&line, TIMEOUT);
        }
        let output = running.interrupt();
        assert!(
            output.stderr.contains("gaps 2"),
            "{topic}: {}",
            output.stderr
        );
    }
}

#[test]
fn a_running_tail_ends_with_four_if_it_is_told_to_stop_at_a_gap() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-live-stop";
    create(kafka, topic, 2, 0..10);
    let state = State::new();
    let file = state.file();
    let running = follow_all(kafka, topic, 10, &["--state", &file, STOP[0], STOP[1]]);
    recreate(kafka, topic, 2, 100..130);
    let output = running.wait(TIMEOUT);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert!(output.stderr.contains(REPLACED), "{}", output.stderr);
    // No partition continues in the middle of the new topic.
    let output = state.tail(kafka, topic, &END);
    assert_sorted(&output, 100..130);
}

/// The next query is not due: the end of the run brings it forward.
#[test]
fn a_run_that_ends_by_itself_asks_before_it_ends() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-live-idle";
    create(kafka, topic, 1, 0..10);
    let args = ["--from", "beginning", "--idle-exit", "2s"];
    let mut running = follow(kafka, topic, &args);
    running.wait_for_lines(10, TIMEOUT);
    recreate(kafka, topic, 1, 100..130);
    let output = running.wait(TIMEOUT);
    assert!(output.stderr.contains(REPLACED), "{}", output.stderr);
    let found = output.lines();
    for line in lines(100..130) {
        assert!(found.contains(&line.as_str()), "{line} is missing");
    }
}

#[test]
fn added_partitions_are_read_from_their_first_record_while_tail_runs() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-added";
    create(kafka, topic, 1, 0..10);
    let state = State::new();
    let file = state.file();
    let mut running = follow_all(kafka, topic, 10, &["--state", &file]);
    let named = ["--from", "0:0", OFTEN[0], OFTEN[1]];
    let mut named = follow(kafka, topic, &named);
    named.wait_for_lines(10, TIMEOUT);
    kafka.add_partitions(topic, 3);
    kafka.produce(
        topic,
        messages(10..20, 1).map(|message| Message {
            partition: 1,
            ..message
        }),
    );
    for line in lines(10..20) {
        running.wait_for_line(&line, TIMEOUT);
    }
    running.wait_for_words(
        &["new partitions: reading partitions 1 and 2 from the first"],
        TIMEOUT,
    );
    // The topic is created again with another number of partitions.
    recreate(kafka, topic, 5, 100..125);
    for line in lines(100..125) {
        running.wait_for_line(&line, TIMEOUT);
    }
    let output = running.interrupt();
    assert!(output.stderr.contains("gaps 3"), "{}", output.stderr);
    kafka.produce(topic, messages(125..130, 5));
    assert_sorted(&state.tail(kafka, topic, &END), 125..130);

    named.wait_for_words(&["partitions 1 and 2 is not read"], TIMEOUT);
    named.wait_for_words(&[REPLACED], TIMEOUT);
    named.kill();
}

#[test]
fn a_member_of_a_group_reports_the_gap() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-group-new";
    create(kafka, topic, 1, 0..10);
    let group = format!("{OPEN_GROUPS}created-again");
    let mut running = follow_all(kafka, topic, 10, &["--group", &group]);
    recreate(kafka, topic, 1, 100..130);
    running.wait_for_words(&[REPLACED], TIMEOUT);
    for line in lines(100..130) {
        running.wait_for_line(&line, TIMEOUT);
    }
    let output = running.interrupt();
    assert!(output.stderr.contains("gaps 1"), "{}", output.stderr);
}

/// Starts `tail` on the listener without TLS, because the proxy cannot read TLS.
fn follow_old(endpoint: &str, topic: &str, args: &[&str]) -> Running {
    let plain = ["-X", "security.protocol=plaintext", "--brokers", endpoint];
    let args = [&["tail", "--topic", topic], &plain[..], &OFTEN, args].concat();
    Running::start(&[], &args)
}

#[test]
fn without_topic_ids_the_records_that_were_read_are_compared() {
    let proxy = OldProtocol::bind();
    let endpoint = proxy.endpoint();
    let advertised = format!("ADMIN://{endpoint}");
    let options = Options {
        properties: &[("advertised.listeners", &advertised)],
        ..Options::default()
    };
    let Some(kafka) = Kafka::start(&options) else {
        return;
    };
    proxy.forward(kafka.admin_endpoint());
    let topic = "open-old-protocol";
    create(&kafka, topic, 2, 0..10);
    let state = State::new();
    let file = state.file();
    let mut running = follow_old(&endpoint, topic, &["--from", "beginning", "--state", &file]);
    running.wait_for_lines(10, TIMEOUT);
    // The records that are compared move on: those of a second comparison are later ones.
    kafka.produce(topic, messages(10..14, 2));
    running.wait_for_lines(14, TIMEOUT);
    // Records of the new topic are read before the comparison.
    running.signal("STOP");
    recreate(&kafka, topic, 2, 100..130);
    running.signal("CONT");
    running.wait_for_words(&[REPLACED], TIMEOUT);
    for line in lines(100..130) {
        running.wait_for_line(&line, TIMEOUT);
    }
    let output = running.interrupt();
    assert!(output.stderr.contains("gaps 2"), "{}", output.stderr);
    assert_eq!(state.content()["topicId"], Value::Null);
    assert!(
        state.content()["witnesses"].is_object(),
        "{}",
        state.content()
    );

    recreate(&kafka, topic, 2, 200..240);
    let args = ["--until", "end", "--state", &file, STOP[0], STOP[1]];
    let again = follow_old(&endpoint, topic, &args).wait(TIMEOUT);
    assert_eq!(again.status, Some(4), "{}", again.stderr);
    let args = ["--until", "end", "--state", &file];
    let output = follow_old(&endpoint, topic, &args).wait(TIMEOUT);
    assert_sorted(&output, 200..240);
    let output = follow_old(&endpoint, topic, &args).wait(TIMEOUT);
    assert_eq!(output.lines().len(), 0, "{}", output.stderr);
    assert!(!output.stderr.contains("unknown"), "{}", output.stderr);
}

#[test]
fn kafka_4_1_tells_two_topics_of_one_name_apart() {
    let options = Options {
        is_old: true,
        ..Options::default()
    };
    let Some(kafka) = Kafka::start(&options) else {
        return;
    };
    let topic = "open-version";
    create(&kafka, topic, 1, 0..10);
    let state = State::new();
    assert_sorted(&state.tail(&kafka, topic, &ALL), 0..10);
    let group = format!("{OPEN_GROUPS}version");
    let member = ["--group", &group, "--idle-exit", "1s"];
    let first = [&member[..], &["--from", "beginning"]].concat();
    assert_sorted(&tail(&kafka, topic, &first), 0..10);
    let mut running = follow_all(&kafka, topic, 10, &[]);

    kafka.add_partitions(topic, 2);
    kafka.produce(topic, [Message::to(1, event("people", 10))]);
    for line in lines(10..11) {
        running.wait_for_line(&line, TIMEOUT);
    }
    // The end is the default, but the group has a position, and the partition was added after it.
    assert_sorted(&tail(&kafka, topic, &member), 10..11);

    recreate(&kafka, topic, 2, 100..120);
    running.wait_for_words(&[REPLACED], TIMEOUT);
    for line in lines(100..120) {
        running.wait_for_line(&line, TIMEOUT);
    }
    running.interrupt();
    let stopped = state.tail(&kafka, topic, &[&END[..], &STOP].concat());
    assert_eq!(stopped.status, Some(4), "{}", stopped.stderr);
    assert_sorted(&state.tail(&kafka, topic, &END), 100..120);
}
