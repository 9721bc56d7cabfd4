//! Documents of which the stream says something else than the server.

use serde_json::{Value, json};

use crate::scene::{Place, TIMEOUT, front};
use crate::support::engine::Front;
use crate::support::program::{Output, run};
use crate::support::stage::Stage;

/// Documents with the ids "1" to "9" in the collection `a`, and the events of their insertion.
fn insert(front: &Front, stage: &Stage) {
    let documents: Vec<Value> = (1..10)
        .map(|n| json!({"_id": n.to_string(), "n": n}))
        .collect();
    front.insert("a", &documents);
    for txn in 1..10 {
        stage.write(0, txn, "a", 1);
    }
}

fn requery(front: &Front, stage: &Stage, place: &Place, args: &[&str]) -> Output {
    let mut env = stage.env();
    env.extend(front.env());
    let path = place.path().display().to_string();
    run(
        &env,
        &[&["requery", "--output", &path][..], args].concat(),
        TIMEOUT,
    )
}

fn change(stage: &Stage, txn: u64, change: &Value) {
    let event =
        json!({"txnId": txn, "type": "documentChanged", "collection": "a", "change": change});
    stage.write_raw(0, Some(event.to_string().as_bytes()), 2);
}

fn remove(stage: &Stage, txn: u64, id: &str) {
    change(
        stage,
        txn,
        &json!({"method": "remove", "value": {"_id": id}}),
    );
}

fn check(output: &Output, place: &Place, status: i32, part: &str) {
    assert_eq!(output.status, Some(status), "{part}: {}", output.stderr);
    assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    assert_eq!(place.manifest().complete, status == 0);
}

#[test]
fn a_key_that_does_not_see_documents_of_the_stream_cannot_be_complete() {
    let Some(front) = front() else { return };
    let (stage, place) = (Stage::new(1), Place::new());
    insert(&front, &stage);
    let output = requery(&front, &stage, &place, &[]);
    check(&output, &place, 0, "9 documents of 1 collections");
    assert_eq!(
        place.manifest().stream_evidence.as_deref(),
        Some(
            "9 documents were compared with their newest event in the stream's 9 records before the positions"
        )
    );
    let hidden =
        "1 document, \"3\" of transaction 3, is in the stream, but the server does not show them";
    front.set(&json!({"hide": ["_id = '3'"]}));
    let place = Place::new();
    let output = requery(&front, &stage, &place, &[]);
    check(&output, &place, 4, hidden);
    // The key sees nothing of the collection, and the list does not name it.
    front.set(&json!({"hide": ["_id != ''"], "unlisted": ["a"]}));
    front.insert("b", &[json!({"_id": 1})]);
    for args in [&[][..], &["-c", "a"]] {
        let place = Place::new();
        let output = requery(&front, &stage, &place, args);
        let part = "9 documents, such as \"1\" of transaction 1, are in the stream, but the server does not show them";
        check(&output, &place, 4, part);
    }
    let mut env = stage.env();
    env.extend(front.env());
    let output = run(&env, &["requery", "--output", "-"], TIMEOUT);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    // After a gap in the stream, its last event is not known to be the newest.
    stage.write_raw(
        0,
        Some(br#"{"txnID":9,"type":"requeryRequired","documents":[]}"#),
        3,
    );
    let place = Place::new();
    assert_eq!(
        requery(&front, &stage, &place, &["-c", "a"]).status,
        Some(0)
    );
}

#[test]
fn a_removal_in_the_stream_is_compared_too() {
    let Some(front) = front() else { return };
    let (stage, place) = (Stage::new(1), Place::new());
    insert(&front, &stage);
    remove(&stage, 10, "4");
    // The server has it: a bridge with a filter may write removals for documents that left the filter.
    let output = requery(&front, &stage, &place, &[]);
    check(
        &output,
        &place,
        0,
        "1 document, \"4\" of transaction 10, is removed in the stream before the positions, but the server has them now",
    );
    // The server removes it after the list, the count, the page and the second count: nothing brings that to a copy.
    let step = json!({"after": 4, "statements": ["DELETE FROM a WHERE _id = '4'"]});
    front.set(&json!({"log": [], "script": [step]}));
    let place = Place::new();
    let output = requery(&front, &stage, &place, &[]);
    check(
        &output,
        &place,
        4,
        "removed in the stream and on the server, but in the snapshot",
    );
}

#[test]
fn an_event_after_the_positions_explains_a_difference() {
    let Some(front) = front() else { return };
    let (stage, place) = (Stage::new(1), Place::new());
    insert(&front, &stage);
    // Removed after the list of collections, so after the positions.
    let step = json!({"after": 1, "statements": ["DELETE FROM a WHERE _id = '5'"]});
    front.set(&json!({"log": [], "script": [step]}));
    let mut env = stage.env();
    env.extend(front.env());
    let path = place.path().display().to_string();
    let args = ["requery", "--output", &path];
    let running = crate::support::program::Running::start(&env, &args);
    let started = std::time::Instant::now();
    while front.statements().is_empty() {
        assert!(started.elapsed() < TIMEOUT, "{}", running.stderr());
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    remove(&stage, front.txn() + 1, "5");
    let output = running.wait(TIMEOUT);
    check(&output, &place, 0, "8 documents of 1 collections");
}

#[test]
fn a_condition_applies_to_the_newest_event() {
    let Some(front) = front() else { return };
    let (stage, place) = (Stage::new(1), Place::new());
    insert(&front, &stage);
    for n in 1..10 {
        let id = n.to_string();
        let update =
            json!({"method": "update", "oldValue": {"_id": id}, "newValue": {"_id": id, "n": n}});
        change(&stage, 10 + n, &update);
    }
    let args = ["-c", "a", "--where", "n > 6"];
    let output = requery(&front, &stage, &place, &args);
    check(&output, &place, 0, "3 documents of 1 collections");
    front.set(&json!({"hide": ["_id = '8'"]}));
    let place = Place::new();
    let output = requery(&front, &stage, &place, &args);
    check(&output, &place, 4, "\"8\" of transaction 18");
}
