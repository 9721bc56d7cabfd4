//! Missing evidence is not taken for a proof: responses without transactions, late, missing and unreadable events, and
//! records before the recorded offsets that say nothing about their transaction.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};

use crate::documents::many;
use crate::scene::{Place, TIMEOUT, front};
use crate::support::engine::Front;
use crate::support::program::{Output, Running, run};
use crate::support::stage::Stage;

/// The words for equal counts without a proof.
const NOT_CHECKED: &str = "equal counts, not checked against the stream";

fn event(txn: u64, collection: &str, id: &str, is_insert: bool) -> String {
    let document = json!({"_id": id});
    let change = if is_insert {
        json!({"method": "upsert", "oldValue": null, "newValue": document})
    } else {
        json!({"method": "remove", "value": document})
    };
    json!({"txnId": txn, "type": "documentChanged", "collection": collection, "change": change})
        .to_string()
}

fn env(front: &Front, stage: &Stage) -> Vec<(&'static str, String)> {
    [stage.env(), front.env()].concat()
}

fn wait_until(running: &Running, reached: impl Fn() -> bool) {
    let started = Instant::now();
    while !reached() {
        assert!(started.elapsed() < TIMEOUT, "{}", running.stderr());
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Starts a run of the collection `a`; in the middle of the read a document of `b` is inserted.
fn read_while_another_collection_changes(
    front: &Front,
    env: &[(&'static str, String)],
    output: &str,
) -> Running {
    front.insert("a", &many(20));
    front.insert("b", &[json!({"_id": "first"})]);
    let statement = "INSERT INTO b DOCUMENTS ({'_id': 'second'})";
    front.set(&json!({"log": [], "script": [{"after": 4, "statements": [statement]}]}));
    Running::start(env, &["requery", "--output", output, "-c", "a"])
}

fn put(stage: &Stage, payloads: &[&str]) {
    for payload in payloads {
        stage.write_raw(0, Some(payload.as_bytes()), 1);
    }
}

#[test]
fn responses_without_a_transaction_prove_nothing() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    for silent in [json!(true), json!("pages")] {
        for args in [&[][..], &["--txn-id", "100"]] {
            front.set(&json!({"silent": silent, "log": []}));
            let place = Place::new();
            let output = place.requery(&front, args);
            assert_eq!(output.status, Some(4), "{silent}: {}", output.stderr);
            let why = place.manifest().why_not.join("; ");
            assert!(why.contains(NOT_CHECKED), "{why}");
            assert!(why.contains("no transaction id"), "{why}");
            assert!(!output.stderr.contains("attempt"), "{}", output.stderr);
            assert_eq!(
                place.documents("a"),
                front.dump("a"),
                "it is written nevertheless"
            );
        }
    }
}

#[test]
fn without_kafka_a_busy_app_is_read_again_until_it_is_quiet() {
    let Some(front) = front() else { return };
    let output = read_while_another_collection_changes(&front, &front.env(), "-").wait(TIMEOUT);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert!(output.stderr.contains(NOT_CHECKED), "{}", output.stderr);
    assert!(
        output.stderr.contains("Kafka is not configured"),
        "{}",
        output.stderr
    );
    front.reset();
    let place = Place::new();
    let folder = place.path().display().to_string();
    let output = read_while_another_collection_changes(&front, &front.env(), &folder).wait(TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.contains("attempt 2 of 3"),
        "{}",
        output.stderr
    );
    let proof = place.manifest().collections[0].proof.clone();
    assert_eq!(proof.as_deref(), Some("equal counts at one transaction"));
}

#[test]
fn equal_counts_are_proven_by_a_stream_without_a_flaw() {
    let Some(front) = front() else { return };
    let gap = json!({"txnID": 10_000, "type": "requeryRequired", "documents": []}).to_string();
    let no_txn = event(1, "a", "x", true).replace(r#""txnId":1,"#, "");
    for (flaw, why) in [
        (None, ""),
        (Some("no JSON"), "cannot be read"),
        (Some(gap.as_str()), "requeryRequired"),
        (Some(no_txn.as_str()), "has no txnId"),
    ] {
        front.reset();
        let stage = Stage::new(1);
        let running = read_while_another_collection_changes(&front, &env(&front, &stage), "-");
        wait_until(&running, || !front.statements().is_empty());
        let insert = event(front.txn() + 5, "b", "second", true);
        let events: Vec<&str> = flaw.into_iter().chain([insert.as_str()]).collect();
        put(&stage, &events);
        let output = running.wait(TIMEOUT);
        let expected = if flaw.is_some() { 4 } else { 0 };
        assert_eq!(output.status, Some(expected), "{flaw:?}: {}", output.stderr);
        assert_eq!(
            output.stderr.contains(NOT_CHECKED),
            flaw.is_some(),
            "{}",
            output.stderr
        );
        assert!(output.stderr.contains(why), "{}", output.stderr);
    }
    // No event at all: the stream does not reach the second count.
    front.reset();
    let stage = Stage::new(1);
    let output =
        read_while_another_collection_changes(&front, &env(&front, &stage), "-").wait(TIMEOUT);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert!(
        output.stderr.contains("it was read up to no transaction"),
        "{}",
        output.stderr
    );
}

/// A lost document, hidden in equal counts by an insertion and a removal whose events come after the second count.
#[test]
fn events_after_the_second_count_are_waited_for() {
    let Some(front) = front() else { return };
    let documents: Vec<Value> = (0..60)
        .map(|n| json!({"_id": format!("k{n:02}")}))
        .collect();
    front.insert("a", &documents);
    let statements = |after: usize, text: &str| json!({"after": after, "statements": [text]});
    front.set(&json!({"log": [], "lose": ["k30"], "script": [
        statements(2, "INSERT INTO a DOCUMENTS ({'_id': 'z'})"),
        statements(3, "DELETE FROM a WHERE _id = 'k00'"),
    ]}));
    let first = front.txn() + 1;
    let (stage, place) = (Stage::new(1), Place::new());
    let path = place.path().display().to_string();
    let args = ["requery", "--output", &path, "-c", "a"];
    let running = Running::start(&env(&front, &stage), &args);
    let journal = place.path().join(".requery/journal.ndjson");
    wait_until(&running, || {
        fs::read_to_string(&journal).is_ok_and(|text| text.contains("{\"Done\":"))
    });
    let text = fs::read_to_string(&journal).unwrap();
    let done = text
        .lines()
        .find(|line| line.contains("{\"Done\":"))
        .unwrap();
    let done: Value = serde_json::from_str(done).unwrap();
    let counts = [
        "/Done/censusBefore/documents",
        "/Done/documents",
        "/Done/censusAfter/documents",
    ];
    let counts = counts.map(|path| done.pointer(path).unwrap().as_u64().unwrap());
    assert_eq!(counts, [60, 60, 60], "the counts hide the loss");
    put(
        &stage,
        &[
            &event(first, "a", "z", true),
            &event(first + 1, "a", "k00", false),
        ],
    );
    let output = running.wait(TIMEOUT);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert!(
        output.stderr.contains("that proves nothing"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_list_that_was_refused_is_not_the_whole_app() {
    let Some(front) = front() else { return };
    front.insert("a", &many(5));
    front.insert("b", &many(5));
    for listing in ["refuse", "empty"] {
        front.set(&json!({"listing": listing}));
        let stage = Stage::new(1);
        put(&stage, &[&event(1, "a", "id-0", true)]);
        let place = Place::new();
        let path = place.path().display().to_string();
        let requery = |args: &[&str]| -> Output {
            run(
                &env(&front, &stage),
                &[&["requery", "--output", &path], args].concat(),
                TIMEOUT,
            )
        };
        let output = requery(&[]);
        assert_eq!(output.status, Some(4), "{listing}: {}", output.stderr);
        let words = "only collections that occur in the stream were read";
        assert!(output.stderr.contains(words), "{}", output.stderr);
        let output = requery(&["-c", "a", "-c", "b"]);
        assert_eq!(output.status, Some(0), "{listing}: {}", output.stderr);
        assert_eq!(place.manifest().scope.known, None);
    }
    front.set(&json!({"listing": null}));
    let place = Place::new();
    assert_eq!(place.requery(&front, &["-c", "a"]).status, Some(0));
    let known = place.manifest().scope.known;
    assert_eq!(known, Some(vec!["a".to_owned(), "b".to_owned()]));
}

/// Records before the end that the minimum transaction does not cover stay in the stream.
#[test]
fn records_without_a_transaction_are_not_passed_over() {
    let Some(front) = front() else { return };
    front.insert("a", &many(5));
    let known = event(1, "a", "id-0", true);
    let no_txn = event(1, "a", "lost", true).replace(r#""txnId":1,"#, "");
    let gap = r#"{"type":"requeryRequired","documents":[]}"#;
    for (record, message, shown) in [
        (
            "no JSON",
            "the record at partition 0 offset 1 cannot be read",
            "unreadable record",
        ),
        (
            &no_txn,
            "the event at partition 0 offset 1 has no txnId",
            "lost",
        ),
        (
            gap,
            "the requeryRequired at partition 0 offset 1 has no txnID",
            "no txnID",
        ),
    ] {
        let stage = Stage::new(1);
        put(&stage, &[&known, record, &known]);
        let place = Place::new();
        let path = place.path().display().to_string();
        let requery = |args: &[&str]| -> Output {
            run(
                &env(&front, &stage),
                &[&["requery", "--output", &path], args].concat(),
                TIMEOUT,
            )
        };
        let output = requery(&[]);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        assert!(output.stderr.contains(message), "{}", output.stderr);
        let manifest = place.manifest();
        assert_eq!(manifest.positions[0].next_offset, 1);
        assert_eq!(manifest.held_back[0].end_offset, 3);
        let output = stage.tail(&["--from", &path, "--until", "end"]);
        let text = [&output.stdout[..], output.stderr.as_bytes()].concat();
        assert!(
            String::from_utf8_lossy(&text).contains(shown),
            "{}",
            output.stderr
        );
        // The user says that these records were read before, or which transaction the gap has.
        let passed: &[&str] = if record == gap {
            &["--txn-id", "100"]
        } else {
            &["--from", "0:2"]
        };
        fs::remove_dir_all(place.path()).unwrap();
        assert_eq!(requery(passed).status, Some(0));
        assert_eq!(place.manifest().positions[0].next_offset, 3);
        assert!(place.manifest().held_back.is_empty());
    }
}
