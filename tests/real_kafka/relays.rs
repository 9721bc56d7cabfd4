//! `relay` over a real Kafka: readers of committed records see each event exactly once and in the order of its document,
//! also if the relay is killed at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rng::Rng;
use crate::support::demo_servers::Servers;
use crate::support::kafka::{Kafka, Message, Options, Signal};
use crate::support::program::{Output, Running, run};

const TIMEOUT: Duration = Duration::from_secs(60);
const PARTITIONS: i32 = 3;
/// Documents, each of them in one partition.
const DOCUMENTS: usize = 30;
const ALL: [&str; 4] = ["--from", "beginning", "--until", "end"];
const POSITIONS: &str = "__ditto_cdc_relay";

/// The source and target topic of a relay within one cluster, and its name.
struct Scene<'k> {
    kafka: &'k Kafka,
    name: &'static str,
    source: String,
    target: String,
}

impl Scene<'_> {
    fn new<'k>(kafka: &'k Kafka, name: &'static str) -> Scene<'k> {
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

    fn args<'a>(&'a self, brokers: &'a str, more: &[&'a str]) -> Vec<&'a str> {
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

    fn start(&self, more: &[&str]) -> Running {
        let brokers = self.kafka.admin_endpoint();
        let args = self.args(&brokers, more);
        Running::start(&self.kafka.client_env(&self.source), &args)
    }

    fn run(&self, more: &[&str]) -> Output {
        let brokers = self.kafka.admin_endpoint();
        let args = self.args(&brokers, more);
        run(&self.kafka.client_env(&self.source), &args, TIMEOUT)
    }

    /// Writes versions of the documents in turn; the number is the transaction.
    fn write(&self, numbers: std::ops::Range<usize>) {
        self.kafka.produce(&self.source, numbers.map(version));
    }

    /// The transactions in the target, by document, in the order in which a reader sees them.
    fn found(&self) -> BTreeMap<String, Vec<u64>> {
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
    fn check(&self, numbers: std::ops::Range<usize>) {
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

fn json(message: &Message) -> Value {
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
fn a_record_that_is_too_large_is_named_and_everything_before_it_is_written() {
    let Some(kafka) = Kafka::shared() else { return };
    let scene = Scene::new(kafka, "large");
    scene.write(0..30);
    let long = "x".repeat(3 << 20);
    let large = format!(
        r#"{{"txnId":30,"type":"documentChanged","collection":"c","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":"doc-0","x":"{long}"}}}}}}"#
    );
    let properties = [("message.max.bytes", "10000000")];
    kafka.produce_with(&scene.source, [Message::to(0, large)], &properties);
    let plain = ["-X", "to.compression.type=none"];
    let args = [&ALL[..], &plain].concat();
    for _ in 0..2 {
        let output = scene.run(&args);
        assert_eq!(output.status, Some(1), "{}", output.stderr);
        for words in [
            "partition 0 offset 10 (3145",
            "larger than the target accepts",
            "raise max.message.bytes of the topic to-large",
        ] {
            assert!(output.stderr.contains(words), "{}", output.stderr);
        }
    }
    // Of the partition of the record, what is before it and nothing after it.
    let found = scene.found();
    for document in (0..DOCUMENTS).step_by(3) {
        assert_eq!(found[&format!("doc-{document}")], [document as u64]);
    }
    // Compressed, it is small.
    assert_eq!(scene.run(&ALL).status, Some(0));
}

#[test]
fn each_collection_has_a_topic_and_a_missing_one_is_named() {
    let Some(kafka) = Kafka::shared() else { return };
    let scene = Scene::new(kafka, "collections");
    let names = ["orders", "Käse"];
    for name in names {
        let event = crate::events::event(name, 1);
        kafka.produce(&scene.source, [Message::to(0, event)]);
    }
    for topic in ["d.orders", "d.K_xC3_xA4se"] {
        kafka.create_topic(topic, 1, &[]);
    }
    let output = scene.run(&[&ALL[..], &["--to-topic", "d.{collection}"]].concat());
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    for (topic, name) in [("d.orders", names[0]), ("d.K_xC3_xA4se", names[1])] {
        let found = kafka.committed(topic);
        let payload = found[0].payload.clone().unwrap();
        assert_eq!(
            String::from_utf8(payload).unwrap(),
            crate::events::event(name, 1)
        );
        assert_eq!(found.len(), 1);
    }
    let event = crate::events::event("cars", 2);
    kafka.produce(&scene.source, [Message::to(0, event)]);
    let output = scene.run(&[&ALL[..], &["--to-topic", "d.{collection}"]].concat());
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    for words in ["does not know the topic d.cars", "--create --topic d.cars"] {
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
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

/// The documents that a reader of the target has, by collection and id, without those that a requery shows to be gone.
fn copy(kafka: &Kafka, topic: &str, floor: u64) -> BTreeMap<String, String> {
    let mut copy = BTreeMap::new();
    for message in kafka.committed(topic) {
        let key = String::from_utf8(message.key.clone().unwrap()).unwrap();
        let event = json(&message);
        let change = &event["change"];
        let is_read = event["type"] == "snapshotDocument";
        let document = if is_read {
            &change["value"]
        } else {
            &change["newValue"]
        };
        let txn = event["txnId"].as_u64().unwrap();
        if document.is_null() {
            copy.remove(&key);
        } else {
            copy.insert(key, (txn, document.to_string()));
        }
    }
    copy.retain(|_, (txn, _)| *txn >= floor);
    let documents = copy.into_iter();
    documents
        .map(|(key, (_, document))| (key, document))
        .collect()
}

#[test]
fn a_gap_is_answered_with_all_documents() {
    let Some(kafka) = Kafka::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(folder.path(), &["--gap-every", "2s"]);
    let target = "to-requery";
    kafka.create_topic(target, 3, &[]);
    let brokers = kafka.admin_endpoint();
    let mut args = vec!["relay", "--name", "requery", "--to-brokers", &brokers];
    args.extend([
        "--to-topic",
        target,
        "--format",
        "json",
        "--on-gap",
        "requery",
    ]);
    let mut rng = Rng::new(5);
    let mut floor = 0;
    let mut note_floor = |stderr: &str| {
        let floors = stderr.split("whose transaction is below ").skip(1);
        for text in floors {
            let number = text.split(' ').next().unwrap();
            floor = floor.max(number.parse().unwrap());
        }
        floor
    };
    for _ in 0..6 {
        let running = Running::start(&servers.settings, &[&args[..], &ALL[..2]].concat());
        std::thread::sleep(Duration::from_millis(500 + rng.below(2_500) as u64));
        note_floor(&running.kill().stderr);
    }
    let mut last = None;
    for _ in 0..10 {
        let output = run(&servers.settings, &[&args[..], &ALL].concat(), TIMEOUT);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let floor = note_floor(&output.stderr);
        let read = ["requery", "--output", "-", "--no-kafka", "--no-progress"];
        let read = run(&servers.settings, &read, TIMEOUT);
        let lines = read.lines().into_iter();
        let documents = lines.filter_map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            let document = event["change"]["value"].clone();
            let key =
                serde_json::json!({"collection": event["collection"], "_id": document["_id"]});
            (event["type"] == "snapshotDocument").then(|| (key.to_string(), document.to_string()))
        });
        let expected: BTreeMap<String, String> = documents.collect();
        let found = copy(kafka, target, floor);
        if found == expected && floor > 0 {
            assert!(found.len() > 10);
            return;
        }
        last = Some((found, expected, output.stderr));
    }
    panic!("{last:#?}");
}

#[test]
fn the_documents_of_a_snapshot_are_written_before_the_stream_continues_after_it() {
    let Some(kafka) = Kafka::shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(folder.path(), &[]);
    let snapshot = folder.path().join("snapshot").display().to_string();
    let read = run(
        &servers.settings,
        &["requery", "--output", &snapshot],
        TIMEOUT,
    );
    assert_eq!(read.status, Some(0), "{}", read.stderr);
    let target = "to-snapshot";
    kafka.create_topic(target, 1, &[]);
    let brokers = kafka.admin_endpoint();
    let mut args = vec!["relay", "--name", "snapshot", "--to-brokers", &brokers];
    args.extend(["--to-topic", target, "-c", "orders"]);
    args.extend(["--from", &snapshot, "--until", "end"]);
    let written = |args: &[&str]| {
        let output = run(&servers.settings, args, TIMEOUT);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let found = kafka.committed(target);
        let payload = |message: &Message| json(message)["payload"].clone();
        (found.iter().map(payload).collect::<Vec<_>>(), output.stderr)
    };
    let (first, _) = written(&args);
    let file = std::fs::read_to_string(format!("{snapshot}/orders.ndjson")).unwrap();
    let documents: Vec<&str> = file.lines().collect();
    assert!(documents.len() > 3);
    for (line, document) in first.iter().zip(&documents) {
        assert_eq!(line["op"], "r");
        assert_eq!(line["after"]["doc"], *document);
        assert!(line["after"]["txn_id"].as_u64().unwrap() > 0);
    }
    assert!(
        first[documents.len()..]
            .iter()
            .all(|line| line["op"] != "r")
    );
    // The snapshot is known now.
    let (second, stderr) = written(&args);
    assert!(stderr.contains("continuing from the positions"), "{stderr}");
    assert!(second[first.len()..].iter().all(|line| line["op"] != "r"));
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

#[test]
fn a_target_that_restarts_loses_nothing() {
    let Some(source) = Kafka::shared() else {
        return;
    };
    let Some(target) = Kafka::start(&Options::default()) else {
        return;
    };
    let scene = Scene::new(source, "restart");
    target.create_topic(&scene.target, 2, &[]);
    scene.write(0..3_000);
    let brokers = target.admin_endpoint();
    let env = source.client_env(&scene.source);
    // The outage is longer than a transaction may take.
    let timeout = "to.transaction.timeout.ms=3000";
    let args = scene.args(&brokers, &["--from", "beginning", "-X", timeout]);
    let mut running = Running::start(&env, &args);
    let started = Instant::now();
    while target.committed(&scene.target).is_empty() {
        assert!(started.elapsed() < TIMEOUT, "{}", running.stderr());
    }
    target.stop(Signal::Kill);
    scene.write(3_000..6_000);
    running.wait_for_words(&["lost the connection"], TIMEOUT);
    std::thread::sleep(Duration::from_secs(5));
    target.run();
    running.wait_for_words(&["the connection is back"], TIMEOUT);
    let started = Instant::now();
    while target.committed(&scene.target).len() < 6_000 {
        assert!(started.elapsed() < TIMEOUT, "{}", running.stderr());
    }
    let output = running.interrupt();
    assert_eq!(output.status, Some(130), "{}", output.stderr);
    let last = run(&env, &scene.args(&brokers, &ALL), TIMEOUT);
    assert_eq!(last.status, Some(0), "{}", last.stderr);
    assert!(last.stderr.contains("relayed 0 events"), "{}", last.stderr);
    let txns: Vec<u64> = target
        .committed(&scene.target)
        .into_iter()
        .map(|message| json(&message)["txnId"].as_u64().unwrap())
        .collect();
    let unique: BTreeSet<&u64> = txns.iter().collect();
    assert_eq!((txns.len(), unique.len()), (6_000, 6_000));
    let states = target.committed(POSITIONS);
    assert!(!states.is_empty());
}

#[test]
fn a_relay_that_stood_still_for_too_long_continues_and_repeats_nothing() {
    let Some(source) = Kafka::shared() else {
        return;
    };
    let properties = [(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        "500",
    )];
    let options = Options {
        properties: &properties,
        ..Options::default()
    };
    let Some(target) = Kafka::start(&options) else {
        return;
    };
    let scene = Scene::new(source, "still");
    target.create_topic(&scene.target, 2, &[]);
    scene.write(0..60);
    let brokers = target.admin_endpoint();
    let env = source.client_env(&scene.source);
    let more = [
        "--from",
        "beginning",
        "-X",
        "to.transaction.timeout.ms=1500",
    ];
    let running = Running::start(&env, &scene.args(&brokers, &more));
    let started = Instant::now();
    while target.committed(&scene.target).len() < 60 {
        assert!(started.elapsed() < TIMEOUT, "{}", running.stderr());
    }
    let mut end = 60;
    // Sooner or later it is stopped within a transaction.
    for _ in 0..4 {
        for _ in 0..20 {
            scene.write(end..end + 30);
            end += 30;
        }
        running.signal("STOP");
        std::thread::sleep(Duration::from_secs(4));
        running.signal("CONT");
    }
    let started = Instant::now();
    while target.committed(&scene.target).len() < end {
        assert!(started.elapsed() < TIMEOUT, "{}", running.stderr());
    }
    let output = running.interrupt();
    let text = output.stderr;
    assert_eq!(output.status, Some(130), "{text}");
    let found = target.committed(&scene.target);
    let txns: BTreeSet<u64> = found
        .iter()
        .map(|one| json(one)["txnId"].as_u64().unwrap())
        .collect();
    assert_eq!((found.len(), txns.len()), (end, end), "{text}");
}
