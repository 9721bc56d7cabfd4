//! Proofs under concurrent writes: by equal counts, by the stream, by another attempt, or not at all.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::documents::many;
use crate::scene::{Place, TIMEOUT, front};
use crate::support::engine::Front;
use crate::support::program::{Output, Running, run};
use crate::support::stage::Stage;

/// Changes that the front makes between its responses: after how many requests, the statement, and the event's change.
#[derive(Default)]
struct Story(Vec<(usize, String, Value)>);

impl Story {
    fn add(&mut self, after: usize, statement: String, change: Value) {
        self.0.push((after, statement, change));
    }

    /// Sends the changes to the front; returns their events, in the order of their transactions.
    fn schedule(mut self, front: &Front) -> Vec<String> {
        self.0.sort_by_key(|(after, ..)| *after);
        let steps = self.0.iter();
        let steps: Vec<Value> = steps
            .map(|(after, statement, _)| json!({"after": after, "statements": [statement]}))
            .collect();
        front.set(&json!({"script": steps}));
        let event = |(txn, (_, _, change)): (u64, (usize, String, Value))| {
            json!({"txnId": txn, "type": "documentChanged", "collection": "a", "change": change})
                .to_string()
        };
        (front.txn() + 1..).zip(self.0).map(event).collect()
    }

    fn insert(&mut self, after: usize, id: &str, n: u64) {
        let document = json!({"_id": id, "n": n});
        self.add(
            after,
            format!("INSERT INTO a DOCUMENTS ({{'_id': '{id}', 'n': {n}}})"),
            json!({"method": "upsert", "oldValue": null, "newValue": document}),
        );
    }

    fn remove(&mut self, after: usize, id: &str) {
        self.add(
            after,
            format!("DELETE FROM a WHERE _id = '{id}'"),
            json!({"method": "remove", "value": {"_id": id}}),
        );
    }

    fn update(&mut self, after: usize, id: &str, before: u64, n: u64) {
        self.add(
            after,
            format!("UPDATE a SET n = {n} WHERE _id = '{id}'"),
            json!({"method": "update", "oldValue": {"_id": id, "n": before}, "newValue": {"_id": id, "n": n}}),
        );
    }
}

/// Schedules insertions and removals at both ends of the ids during the whole read.
fn schedule_changes(front: &Front) -> Vec<String> {
    front.insert("a", &many(400));
    let mut story = Story::default();
    for at in 0..8 {
        story.insert(4 + at, &format!("a-{at}"), 1);
        story.insert(4 + at, &format!("z-{at}"), 1);
        story.remove(5 + at, &format!("id-{}", at * 40));
        if at % 2 == 0 {
            story.remove(6 + at, &format!("a-{at}"));
        }
    }
    front.set(&json!({"cap_rows": 150}));
    story.schedule(front)
}

/// Starts a run, and publishes the events after its first request, so after its recorded offsets.
fn start(front: &Front, stage: &Stage, args: &[&str], events: &[String]) -> Running {
    let mut env = stage.env();
    env.extend(front.env());
    let running = Running::start(&env, &[&["requery"], args].concat());
    let started = Instant::now();
    while front.statements().is_empty() {
        assert!(started.elapsed() < TIMEOUT, "{}", running.stderr());
        std::thread::sleep(Duration::from_millis(2));
    }
    publish(stage, events);
    running
}

fn publish(stage: &Stage, events: &[String]) {
    for (at, event) in events.iter().enumerate() {
        let partition = i32::try_from(at % 2).unwrap();
        stage.write_raw(partition, Some(event.as_bytes()), 1);
    }
}

fn into_stream(front: &Front, events: &[String]) -> Output {
    let stage = Stage::new(2);
    start(front, &stage, &["--output", "-"], events).wait(TIMEOUT)
}

fn is_complete(output: &Output) -> bool {
    let last: Value = serde_json::from_str(output.lines().last().unwrap()).unwrap();
    assert_eq!(
        output.status,
        Some(if last["complete"] == true { 0 } else { 4 })
    );
    last["complete"] == true
}

#[test]
fn changes_with_events_do_not_prevent_a_proof() {
    let Some(front) = front() else { return };
    let events = schedule_changes(&front);
    let stage = Stage::new(2);
    let place = Place::new();
    let path = place.path().display().to_string();
    // Some events are delivered twice, as Kafka may do.
    let events = [&events[..], &events[3..9]].concat();
    let output = start(&front, &stage, &["--output", &path], &events).wait(TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(!output.stderr.contains("attempt"), "{}", output.stderr);
    let manifest = place.manifest();
    let all = manifest.collection("a").unwrap();
    let (before, after) = (all.census_before.as_ref(), all.census_after.as_ref());
    assert_ne!(before.unwrap().documents, after.unwrap().documents);
    assert!(
        all.proof.as_ref().unwrap().contains("the stream's"),
        "{:?}",
        all.proof
    );
}

#[test]
fn a_lost_row_is_detected_under_concurrent_writes() {
    let Some(front) = front() else { return };
    let events = schedule_changes(&front);
    let whole = into_stream(&front, &events);
    assert!(is_complete(&whole), "{}", whole.stderr);
    for lost in ["\"id-77\"", "\"x77\"", "{\"store\":\"s-77\",\"till\":77}"] {
        front.reset();
        let events = schedule_changes(&front);
        front.set(&json!({"lose": [lost]}));
        let output = into_stream(&front, &events);
        assert!(!is_complete(&output), "{lost}: {}", output.stderr);
        assert!(
            output.stderr.contains("the stream does not explain"),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn a_missing_event_proves_nothing() {
    let Some(front) = front() else { return };
    for missing in [0, 2, 9] {
        front.reset();
        let mut events = schedule_changes(&front);
        events.remove(missing);
        let output = into_stream(&front, &events);
        assert!(!is_complete(&output), "{missing}: {}", output.stderr);
    }
    let gap = json!({"txnID": 10_000, "type": "requeryRequired", "documents": []});
    for odd in [gap.to_string(), "no JSON".to_owned()] {
        front.reset();
        let mut events = schedule_changes(&front);
        events.insert(0, odd);
        let output = into_stream(&front, &events);
        assert!(!is_complete(&output), "{}", output.stderr);
    }
}

#[test]
fn without_a_stream_the_collection_is_read_again() {
    let Some(front) = front() else { return };
    schedule_changes(&front);
    let place = Place::new();
    let output = place.requery(&front, &[]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.contains("reading it again (attempt 2 of 3)"),
        "{}",
        output.stderr
    );
    let manifest = place.manifest();
    assert_eq!(
        manifest.collection("a").unwrap().proof.as_deref(),
        Some("equal counts at one transaction")
    );
    assert_eq!(place.documents("a"), front.dump("a"));
}

#[test]
fn without_a_stream_constant_changes_make_it_incomplete() {
    let Some(front) = front() else { return };
    front.insert("a", &many(300));
    let mut story = Story::default();
    for at in 3..200 {
        story.insert(at, &format!("new-{at}"), 1);
    }
    front.set(&json!({"cap_rows": 150}));
    story.schedule(&front);
    let place = Place::new();
    let output = place.requery(&front, &[]);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    for part in ["(attempt 2 of 3)", "(attempt 3 of 3)", "configure Kafka"] {
        assert!(output.stderr.contains(part), "{}", output.stderr);
    }
    let manifest = place.manifest();
    assert!(!manifest.complete && manifest.collection("a").unwrap().proof.is_none());
    // Standard output cannot be rolled back, so there is no second attempt.
    let output = run(&front.env(), &["requery", "--output", "-"], TIMEOUT);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert!(!output.stderr.contains("attempt"), "{}", output.stderr);
}

#[test]
fn documents_that_start_to_match_the_condition_are_counted() {
    let Some(front) = front() else { return };
    let numbers: Vec<Value> = (0..200)
        .map(|n| json!({"_id": format!("k{n:03}"), "n": n}))
        .collect();
    for (condition, lost, complete) in [
        ("n < 100", "", true),
        ("n < 100", "\"k050\"", false),
        ("collection = 'a' OR n < 100", "", false),
    ] {
        front.reset();
        front.insert("a", &numbers);
        let mut story = Story::default();
        for at in 0..6 {
            story.update(4 + at, &format!("k{:03}", at * 7), at as u64 * 7, 500);
            story.update(4 + at, &format!("k{:03}", 101 + at), 101 + at as u64, 1);
            story.update(4 + at, &format!("k{:03}", 199 - at), 199 - at as u64, 2);
        }
        let lose: Vec<&str> = [lost].into_iter().filter(|lost| !lost.is_empty()).collect();
        front.set(&json!({"cap_rows": 20, "lose": lose}));
        let events = story.schedule(&front);
        let stage = Stage::new(2);
        let args = ["--output", "-", "-c", "a", "--where", condition];
        let output = start(&front, &stage, &args, &events).wait(TIMEOUT);
        assert_eq!(
            is_complete(&output),
            complete,
            "{condition}: {}",
            output.stderr
        );
    }
}

#[test]
fn an_interrupted_proof_is_repeated() {
    let Some(front) = front() else { return };
    let events = schedule_changes(&front);
    let (stage, place) = (Stage::new(2), Place::new());
    let path = place.path().display().to_string();
    let (last, others) = events.split_last().unwrap();
    let running = start(&front, &stage, &["--output", &path], others);
    let journal = place.path().join(".requery/journal.ndjson");
    let started = Instant::now();
    // The read is finished, and the run waits for the last event.
    while !fs::read_to_string(&journal).is_ok_and(|text| text.contains("{\"Done\":")) {
        assert!(started.elapsed() < TIMEOUT, "{}", running.stderr());
        std::thread::sleep(Duration::from_millis(2));
    }
    running.kill();
    publish(&stage, std::slice::from_ref(last));
    let requests = front.statements().len();
    let mut env = stage.env();
    env.extend(front.env());
    let resume = ["requery", "--output", &path, "--resume"];
    let other = [&resume[..], &["--topic", "elsewhere"]].concat();
    let output = run(&env, &other, TIMEOUT);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    let message = "now it is elsewhere";
    assert!(output.stderr.contains(message), "{}", output.stderr);
    let output = run(&env, &resume, TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(front.statements().len(), requests, "nothing is read again");
    let proof = place.manifest().collections[0].proof.clone().unwrap();
    assert!(proof.contains("the stream's"), "{proof}");
}
