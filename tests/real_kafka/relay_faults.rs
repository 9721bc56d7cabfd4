//! `relay` when a record is refused, and when the target or the relay itself stands still.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::relays::{ALL, DOCUMENTS, Scene, TIMEOUT, json};
use crate::support::kafka::{Kafka, Message, Options, Signal};
use crate::support::program::{Running, run};

/// The topic of the positions.
const POSITIONS: &str = "__ditto_cdc_relay";

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
