//! `relay` over a real Kafka: readers of committed records see each event exactly once and in the order of its document,
//! also if the relay is killed at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rng::Rng;
use crate::support::kafka::{Kafka, Message};
use crate::support::program::{Output, Running, run};

pub const TIMEOUT: Duration = Duration::from_secs(60);
pub const PARTITIONS: i32 = 3;
/// Documents, each of them in one partition.
pub const DOCUMENTS: usize = 30;
pub const ALL: [&str; 4] = ["--from", "beginning", "--until", "end"];

/// The source and target topic of a relay within one cluster, and its name.
pub struct Scene<'k> {
    pub kafka: &'k Kafka,
    pub name: &'static str,
    pub source: String,
    pub target: String,
}

impl Scene<'_> {
    pub fn new<'k>(kafka: &'k Kafka, name: &'static str) -> Scene<'k> {
        let source = format!("open-relay-{name}");
        let target = format!("to-{name}");
        kafka.create_topic(&source, PARTITIONS, &[]);
        kafka.create_topic(&target, 4, &[("max.message.bytes", "1000000")]);
        Scene {
            kafka,
            name,
            source,
            target,
        }
    }

    pub fn args<'a>(&'a self, brokers: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let all = [
            "relay",
            "--name",
            self.name,
            "--to-brokers",
            brokers,
            "--to-topic",
            &self.target,
            "--format",
            "json",
        ];
        // Tests may give another value.
        let pairs = all[1..].chunks(2);
        let defaults = pairs.filter(|pair| !more.contains(&pair[0])).flatten();
        let words = all[..1].iter().chain(defaults).chain(more);
        words.copied().collect()
    }

    pub fn start(&self, more: &[&str]) -> Running {
        let brokers = self.kafka.admin_endpoint();
        let args = self.args(&brokers, more);
        Running::start(&self.kafka.client_env(&self.source), &args)
    }

    pub fn run(&self, more: &[&str]) -> Output {
        let brokers = self.kafka.admin_endpoint();
        let args = self.args(&brokers, more);
        run(&self.kafka.client_env(&self.source), &args, TIMEOUT)
    }

    /// Writes versions of the documents in turn; the number is the transaction.
    pub fn write(&self, numbers: std::ops::Range<usize>) {
        self.kafka.produce(&self.source, numbers.map(version));
    }

    /// The transactions in the target, by document, in the order in which a reader sees them.
    pub fn found(&self) -> BTreeMap<String, Vec<u64>> {
        let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut places: BTreeMap<Vec<u8>, BTreeSet<i32>> = BTreeMap::new();
        for message in self.kafka.committed(&self.target) {
            let event = json(&message);
            let document = event["change"]["newValue"]["_id"].as_str().unwrap();
            let key = message.key.unwrap();
            let expected = format!(r#"{{"collection":"c","_id":"{document}"}}"#);
            assert_eq!(String::from_utf8_lossy(&key), expected);
            places.entry(key).or_default().insert(message.partition);
            let txn = event["txnId"].as_u64().unwrap();
            found.entry(document.to_owned()).or_default().push(txn);
        }
        assert!(places.values().all(|partitions| partitions.len() == 1));
        found
    }

    /// Each event of these numbers exactly once, in order.
    pub fn check(&self, numbers: std::ops::Range<usize>) {
        let mut expected: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for number in numbers {
            let document = format!("doc-{}", number % DOCUMENTS);
            expected.entry(document).or_default().push(number as u64);
        }
        let found = self.found();
        assert_eq!(found.len(), expected.len());
        for (document, txns) in &expected {
            assert_eq!(&found[document], txns, "{document}");
        }
    }
}

pub fn json(message: &Message) -> Value {
    serde_json::from_slice(message.payload.as_deref().unwrap()).unwrap()
}

fn version(number: usize) -> Message {
    let document = number % DOCUMENTS;
    let event = format!(
        r#"{{"txnId":{number},"type":"documentChanged","collection":"c","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":"doc-{document}"}}}}}}"#
    );
    let partition = i32::try_from(document).unwrap() % PARTITIONS;
    Message::to(partition, event)
}

#[test]
fn events_arrive_once_and_in_order_although_the_relay_is_killed() {
    let Some(kafka) = Kafka::shared() else { return };
    let scene = Scene::new(kafka, "kills");
    let mut rng = Rng::new(17);
    scene.write(0..5_000);
    let mut end = 5_000;
    for _ in 0..20 {
        let running = scene.start(&["--from", "beginning"]);
        let lifetime = Duration::from_millis(rng.below(1_500) as u64);
        let started = Instant::now();
        while started.elapsed() < lifetime {
            let more = rng.below(300);
            scene.write(end..end + more);
            end += more;
        }
        running.kill();
    }
    let output = scene.run(&ALL);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    scene.check(0..end);
    // Nothing is left to relay.
    let output = scene.run(&ALL);
    assert!(
        output.stderr.contains("relayed 0 events"),
        "{}",
        output.stderr
    );
    scene.check(0..end);
}

#[test]
fn a_second_process_of_a_relay_takes_over() {
    let Some(kafka) = Kafka::shared() else { return };
    let scene = Scene::new(kafka, "fenced");
    scene.write(0..100);
    let first = scene.start(&["--from", "beginning"]);
    let started = Instant::now();
    while scene.found().len() < DOCUMENTS {
        assert!(started.elapsed() < TIMEOUT, "{}", first.stderr());
    }
    let second = scene.start(&[]);
    // Nothing is written until the second one has taken over.
    std::thread::sleep(Duration::from_secs(2));
    scene.write(100..200);
    let output = first.wait(TIMEOUT);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    let words = "another process runs the relay fenced and has taken over";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    let output = second.interrupt();
    assert_eq!(output.status, Some(130), "{}", output.stderr);
    assert_eq!(scene.run(&ALL).status, Some(0));
    scene.check(0..200);
}

const GAP: &str = r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#;

#[test]
fn a_relay_stops_at_a_gap_after_everything_before_it_and_does_not_pass_it() {
    let Some(kafka) = Kafka::shared() else { return };
    let scene = Scene::new(kafka, "gap");
    scene.write(0..90);
    kafka.produce(&scene.source, [Message::to(0, GAP)]);
    scene.write(90..120);
    for attempt in 0..3 {
        let output = scene.run(&["--from", "beginning"]);
        assert_eq!(output.status, Some(4), "{}", output.stderr);
        for words in ["requery --txn-id 45", "this command again, with --from"] {
            assert!(output.stderr.contains(words), "{}", output.stderr);
        }
        let words = if attempt == 0 {
            "(requeryRequired, txnID 45): changes are missing"
        } else {
            "remembers a requeryRequired, txnID 45"
        };
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    // Of the partition of the gap, what is before it and nothing after it.
    let found = scene.found();
    for document in (0..DOCUMENTS).step_by(3) {
        let txns = &found[&format!("doc-{document}")];
        let expected: Vec<u64> = (0..3)
            .map(|round| (document + round * DOCUMENTS) as u64)
            .collect();
        assert_eq!(txns, &expected);
    }
}

#[test]
fn a_topic_that_was_created_again_is_a_gap() {
    let Some(kafka) = Kafka::shared() else { return };
    let scene = Scene::new(kafka, "again");
    scene.write(0..60);
    assert_eq!(scene.run(&ALL).status, Some(0));
    kafka.delete_topic(&scene.source);
    kafka.create_topic(&scene.source, PARTITIONS, &[]);
    scene.write(60..120);
    let words = "the topic was deleted and created again";
    for _ in 0..2 {
        let output = scene.run(&ALL);
        assert_eq!(output.status, Some(4), "{}", output.stderr);
        assert!(
            output.stderr.contains(words) || output.stderr.contains("remembers"),
            "{}",
            output.stderr
        );
    }
    scene.check(0..60);
}

#[test]
fn changes_in_the_envelope_of_debezium_have_the_key_of_their_document() {
    let Some(kafka) = Kafka::shared() else { return };
    let scene = Scene::new(kafka, "envelope");
    let change = |change: &str| {
        format!(
            r#"{{"txnId":7,"type":"documentChanged","collection":"c","change":{{"method":"m",{change}}}}}"#
        )
    };
    let id = r#"{"b":1,"a":2}"#;
    for text in [
        change(&format!(
            r#""oldValue":null,"newValue":{{"_id":{id},"n":1.50}}"#
        )),
        change(r#""value":{"_id":{"a":2,"b":1},"n":1.50}"#),
        r#"{"txnId":8,"type":"heartbeat"}"#.to_owned(),
    ] {
        kafka.produce(&scene.source, [Message::to(1, text)]);
    }
    for (format, outer) in [("debezium", "/payload"), ("debezium-plain", "")] {
        let target = format!("to-{format}");
        kafka.create_topic(&target, 3, &[]);
        let more = ["--format", format, "--to-topic", &target, "--name", format];
        let output = scene.run(&[&ALL[..], &more].concat());
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let words = "partition 1 offset 2 is no change of a document and is not relayed";
        assert!(output.stderr.contains(words), "{}", output.stderr);
        let found = kafka.committed(&target);
        let key = br#"{"collection":"c","_id":{"a":2,"b":1}}"#;
        assert!(found.iter().all(|one| one.key.as_deref() == Some(&key[..])));
        let field = |at: usize, path: &str| {
            let value = json(&found[at]);
            value.pointer(&format!("{outer}{path}")).cloned().unwrap()
        };
        assert_eq!((found.len(), field(0, "/op")), (2, "c".into()));
        assert_eq!(field(0, "/after/doc"), r#"{"_id":{"b":1,"a":2},"n":1.50}"#);
        assert_eq!(
            (field(1, "/op"), field(1, "/after")),
            ("d".into(), Value::Null)
        );
        assert_eq!(field(1, "/source/offset"), 1);
    }
}

#[test]
fn the_examples_of_the_help_run() {
    let Some(kafka) = Kafka::shared() else { return };
    let scene = Scene::new(kafka, "examples");
    scene.write(0..3);
    for topic in ["ditto", "ditto.c"] {
        kafka.create_topic(topic, 1, &[]);
    }
    let help = run(&[], &["relay", "--help"], TIMEOUT);
    let help = String::from_utf8(help.stdout).unwrap();
    let examples = help.split("Examples:\n").nth(1).unwrap();
    let examples: Vec<&str> = examples
        .lines()
        .take_while(|line| !line.is_empty())
        .collect();
    assert!(examples.len() >= 3, "{help}");
    for example in examples {
        let line = example.replace("kafka:9092", &kafka.admin_endpoint());
        let line = line.replace('\'', "");
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let mut running = Running::start(&kafka.client_env(&scene.source), &words);
        if words.contains(&"--until") {
            let output = running.wait(TIMEOUT);
            assert_eq!(output.status, Some(0), "{line}: {}", output.stderr);
            continue;
        }
        let sign = if words.contains(&"beginning") {
            "--from beginning was for its first start"
        } else {
            "has no positions yet: starting at the end"
        };
        running.wait_for_words(&[sign], TIMEOUT);
        let output = running.interrupt();
        assert_eq!(output.status, Some(130), "{line}: {}", output.stderr);
    }
}
