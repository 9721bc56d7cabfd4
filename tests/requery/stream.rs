//! Offsets and minimum transaction, which `requery` reads from Kafka before its first request.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::documents::many;
use crate::scene::{Place, TIMEOUT, front};
use crate::support::program::{Running, run};
use crate::support::stage::Stage;

#[test]
fn the_minimum_transaction_covers_the_events_before_the_recorded_offsets() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    front.insert("a", &[json!({"_id": "90"})]);
    front.insert("unlisted", &[json!({"_id": "101"})]);
    front.set(&json!({"unlisted": ["unlisted"]}));
    let stage = Stage::new(2);
    stage.write(0, 90, "a", 1);
    stage.write(1, 101, "unlisted", 2);
    stage.write_raw(
        0,
        Some(br#"{"txnID":95,"type":"requeryRequired","documents":[]}"#),
        3,
    );
    let place = Place::new();
    let path = place.path().display().to_string();
    let mut env = stage.env();
    env.extend(front.env());
    let output = run(
        &env,
        &["requery", "--output", &path, "--txn-id", "45"],
        TIMEOUT,
    );
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let manifest = place.manifest();
    assert_eq!(manifest.floor, Some(101), "{:?}", manifest.floor_from);
    let positions: Vec<(i32, i64)> = manifest
        .positions
        .iter()
        .map(|one| (one.partition, one.next_offset))
        .collect();
    assert_eq!(positions, [(0, 2), (1, 1)]);
    assert!(manifest.cluster.is_some());
    assert!(
        manifest.collection("unlisted").is_some(),
        "occurs in the stream"
    );
    assert_eq!(place.documents("a"), front.dump("a"));
    // Another gap after the existing snapshot's offsets raises the minimum transaction, which the server has not reached.
    let later = front.txn() + 1;
    let gap = json!({"txnID": later, "type": "requeryRequired", "documents": []}).to_string();
    stage.write_raw(1, Some(gap.as_bytes()), 4);
    let output = run(
        &env,
        &["requery", "--output", &path, "--deadline", "2s"],
        TIMEOUT,
    );
    assert_eq!(output.status, Some(1), "{}", output.stderr);
    assert!(
        output.stderr.contains(&format!("transaction {later}")),
        "{}",
        output.stderr
    );
    assert_eq!(
        place.manifest().floor,
        Some(101),
        "the complete snapshot is unchanged"
    );
    front.insert("a", &[json!({"_id": "later"})]);
    let output = run(&env, &["requery", "--output", &path], TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(place.manifest().floor, Some(later));
}

/// A bridge that restarts re-sends older events, so that the last transaction is not the highest one.
#[test]
fn the_minimum_transaction_is_the_highest_of_many_and_a_lost_offset_is_reported() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    let stage = Stage::new(1);
    stage.write(0, 101, "a", 1);
    stage.write_many(20..90, 1);
    stage.write_raw(0, Some(br#"{"type":"requeryRequired","documents":[]}"#), 3);
    stage.write_raw(0, Some(b"no JSON"), 4);
    let place = Place::new();
    let path = place.path().display().to_string();
    let mut env = stage.env();
    env.extend(front.env());
    let output = run(&env, &["requery", "--output", &path], TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(
        output
            .stderr
            .contains("requeryRequired at partition 0 offset 71 has no txnID"),
        "{}",
        output.stderr
    );
    let mut manifest = place.manifest();
    assert_eq!(manifest.floor, Some(101), "{:?}", manifest.floor_from);
    // The topic was re-created after the existing snapshot: a new snapshot is possible nevertheless.
    for position in &mut manifest.positions {
        position.next_offset = 5000;
    }
    manifest.write(&place.path()).unwrap();
    let output = run(&env, &["requery", "--output", &path], TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.contains("ends before offset 5000"),
        "{}",
        output.stderr
    );
}

#[test]
fn positions_of_a_topic_that_was_created_again_are_not_continued() {
    let Some(front) = front() else { return };
    front.insert("a", &many(5));
    // What the stream shows is on the server.
    let people: Vec<Value> = (20..90)
        .map(|txn| json!({"_id": txn.to_string()}))
        .collect();
    front.insert("people", &people);
    front.insert("a", &[json!({"_id": "101"})]);
    let stage = Stage::new(1);
    stage.write(0, 101, "a", 1);
    stage.write_many(20..90, 1);
    let place = Place::new();
    let path = place.path().display().to_string();
    let mut env = stage.env();
    env.extend(front.env());
    let output = run(&env, &["requery", "--output", &path], TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let mut manifest = place.manifest();
    let id = manifest.positions[0].topic_id.clone();
    assert!(id.is_some(), "{manifest:?}");
    // As if the snapshot had been taken in the former topic.
    manifest.positions[0].topic_id = Some("AAAAAAAAAAAAAAAAAAAAAQ".to_owned());
    manifest.write(&place.path()).unwrap();
    let output = run(&env, &["requery", "--output", &path], TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let words =
        "was deleted and created again after offset 71 of partition 0: the snapshot resolves";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    assert_eq!(place.manifest().positions[0].topic_id, id);
}

#[test]
fn an_interrupted_run_is_not_resumed_after_the_topic_was_created_again() {
    let Some(front) = front() else { return };
    front.insert("a", &many(1000));
    front.insert("a", &[json!({"_id": "1"})]);
    front.set(
        &json!({"cap_rows": 200, "faults": [{"kind": "slow", "seconds": 0.02, "times": 999}]}),
    );
    let stage = Stage::new(1);
    stage.write(0, 1, "a", 1);
    let place = Place::new();
    let path = place.path().display().to_string();
    let mut env = stage.env();
    env.extend(front.env());
    let running = Running::start(&env, &["requery", "--output", &path]);
    let started = Instant::now();
    while front.statements().len() < 9 {
        assert!(started.elapsed() < TIMEOUT, "{}", running.stderr());
        std::thread::sleep(Duration::from_millis(2));
    }
    running.kill();
    let journal = place.path().join(".requery/journal.ndjson");
    let text = std::fs::read_to_string(&journal).unwrap();
    let resume = ["requery", "--output", &path, "--resume"];
    let (before, id) = text.split_once("\"topicId\":\"").unwrap();
    let rest = id.split_once('"').unwrap().1;
    let changed = format!("{before}\"topicId\":\"AAAAAAAAAAAAAAAAAAAAAQ\"{rest}");
    std::fs::write(&journal, &changed).unwrap();
    let output = run(&env, &resume, TIMEOUT);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    let words = "the topic events was deleted and created again";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    std::fs::write(&journal, &text).unwrap();
    let output = run(&env, &resume, TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
}
