//! `tail --from DIR` and `--from txn:N` on the embedded broker, with a manifest written by the test.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use ditto_cdc::snapshot::document_id::{DocumentId, IdType};
use ditto_cdc::snapshot::manifest::{Collection, Manifest, Position, add_range};
use support::program::Output;
use support::stage::{GAP, Stage, TOPIC, event};

const END: [&str; 2] = ["--until", "end"];

/// A complete snapshot of `people`: ids up to "5" were read at transaction 20, later ids at 30. The stream continues at
/// offset 2 of partition 0 and offset 1 of partition 1.
fn manifest() -> Manifest {
    let mut manifest = Manifest::new("http://localhost".into(), "2026-01-31T12:00:00Z".into());
    manifest.complete = true;
    manifest.floor = Some(20);
    manifest.scope.whole_app = true;
    for (partition, next_offset) in [(0, 2), (1, 1)] {
        manifest.positions.push(Position {
            topic: TOPIC.into(),
            partition,
            next_offset,
            ..Position::default()
        });
    }
    let mut places = Vec::new();
    let five = DocumentId::parse(b"\"5\"");
    add_range(&mut places, Some(IdType::String), five.as_ref(), Some(20));
    add_range(&mut places, Some(IdType::String), None, Some(30));
    manifest.collections.push(Collection {
        name: "people".into(),
        complete: true,
        why_not: Vec::new(),
        proof: None,
        documents: 0,
        by_type: BTreeMap::new(),
        pages: 2,
        lowest_transaction_id: Some(20),
        highest_transaction_id: Some(30),
        way: "by hand".into(),
        file: None,
        bytes: 0,
        sha256: String::new(),
        census_before: None,
        census_after: None,
        places,
    });
    manifest
}

/// An update of a document.
fn update(txn: u64, id: &str) -> String {
    event(txn, "people").replace(
        &format!(r#""newValue":{{"_id":"{txn}"}}"#),
        &format!(r#""newValue":{{"_id":"{id}","n":{txn}}}"#),
    )
}

struct Resumed {
    stage: Stage,
}

impl Resumed {
    fn new(manifest: &Manifest) -> Resumed {
        let stage = Stage::new(2);
        std::fs::create_dir(stage.path("requery-20")).unwrap();
        let resumed = Resumed { stage };
        resumed.write_manifest(manifest);
        resumed
    }

    fn folder(&self) -> String {
        self.stage.path("requery-20")
    }

    fn write_manifest(&self, manifest: &Manifest) {
        manifest.write(Path::new(&self.folder())).unwrap();
    }

    fn put(&self, partition: i32, payload: &str) {
        let payload = Some(payload.as_bytes());
        self.stage.write_raw(partition, payload, 1_000);
    }

    fn tail(&self, args: &[&str]) -> Output {
        let folder = self.folder();
        self.stage.tail(&[&["--from", &folder], args].concat())
    }
}

#[test]
fn events_in_the_snapshot_are_skipped_and_counted() {
    let resumed = Resumed::new(&manifest());
    for (partition, payload) in [
        // Before the positions.
        (0, update(1, "1")),
        (0, update(2, "1")),
        (1, update(3, "9")),
        // Contained: read at 20, and at 30.
        (0, update(20, "1")),
        (1, update(30, "9")),
        // Resolved: the snapshot was read at 20 or later.
        (1, GAP.replace("45", "20")),
    ] {
        resumed.put(partition, &payload);
    }
    let after = [
        (0, update(21, "1")),
        (1, update(31, "9")),
        // Other collections and types of ids are not in the snapshot.
        (0, update(5, "1").replace("people", "orders")),
        (1, update(6, "1").replace("\"_id\":\"1\"", "\"_id\":1")),
        (1, r#"{"txnId":7,"type":"heartbeat"}"#.to_owned()),
    ];
    for (partition, payload) in &after {
        resumed.put(*partition, payload);
    }
    let output = resumed.tail(&END);
    let mut expected: Vec<&str> = after.iter().map(|(_, line)| line.as_str()).collect();
    let mut lines = output.lines();
    expected.sort_unstable();
    lines.sort_unstable();
    assert_eq!(lines, expected, "{}", output.stderr);
    assert_eq!(output.status, Some(0));
    for words in [
        "resolves the requeryRequired with txnID 20 at events partition 1 offset 2",
        "already in the snapshot 3, gaps 0",
    ] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
    // A gap after the snapshot is not resolved.
    resumed.put(0, &GAP.replace("45", "46"));
    let output = resumed.tail(&[&END[..], &["--on-gap", "stop"]].concat());
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert!(
        output.stderr.contains("requery --txn-id 46"),
        "{}",
        output.stderr
    );
}

/// An event without a transaction cannot be compared with the snapshot: it is shown, and said to be possibly older.
#[test]
fn an_event_without_a_transaction_is_shown_with_a_warning() {
    let resumed = Resumed::new(&manifest());
    let without_txn = update(19, "1").replace(r#""txnId":19,"#, "");
    for payload in [
        &update(1, "1"),
        &update(2, "1"),
        &without_txn,
        &update(20, "1"),
    ] {
        resumed.put(0, payload);
    }
    resumed.put(1, &update(3, "9"));
    let output = resumed.tail(&END);
    assert_eq!(output.lines(), [without_txn], "{}", output.stderr);
    for words in [
        "the event at events partition 0 offset 2 has no txnId: ",
        "already in the snapshot 1, gaps 0",
    ] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
}

#[test]
fn a_follower_reports_skipped_events() {
    let resumed = Resumed::new(&manifest());
    for txn in [1, 2, 11] {
        resumed.put(0, &update(txn, "1"));
    }
    resumed.put(1, &update(3, "1"));
    let folder = resumed.folder();
    let mut running = resumed.stage.follow(&["--from", &folder]);
    running.wait_for_words(&["1 events are already in"], support::stage::TIMEOUT);
    assert_eq!(running.interrupt().status, Some(130));
}

#[test]
fn with_a_state_file_a_restart_goes_on_and_a_newer_snapshot_wins() {
    let mut manifest = manifest();
    let resumed = Resumed::new(&manifest);
    for (partition, txn) in [(0, 1), (0, 2), (1, 3), (0, 21)] {
        resumed.put(partition, &update(txn, "1"));
    }
    let state = resumed.stage.path("state.json");
    let args = [&["--state", &state], &END[..]].concat();
    assert_eq!(resumed.tail(&args).lines(), [update(21, "1")]);
    resumed.put(0, &update(19, "1"));
    resumed.put(0, &update(22, "1"));
    let output = resumed.tail(&args);
    assert_eq!(output.lines(), [update(22, "1")], "{}", output.stderr);
    for words in ["continuing from", "already in the snapshot 1"] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
    // A gap that the current snapshot does not resolve.
    resumed.put(1, GAP);
    let stop = [&args[..], &["--on-gap", "stop"]].concat();
    assert_eq!(resumed.tail(&stop).status, Some(4));
    let output = resumed.tail(&stop);
    assert_eq!((output.status, output.lines().len()), (Some(4), 0));
    // A new snapshot resolves it.
    manifest.started = "2026-01-31T13:00:00Z".into();
    manifest.floor = Some(45);
    manifest.positions[0].next_offset = 5;
    manifest.positions[1].next_offset = 2;
    resumed.write_manifest(&manifest);
    resumed.put(0, &update(46, "1"));
    let output = resumed.tail(&stop);
    assert_eq!(output.lines(), [update(46, "1")], "{}", output.stderr);
    assert_eq!(output.status, Some(0));
    // The older snapshot is not used again.
    manifest.started = "2026-01-31T12:00:00Z".into();
    manifest.positions[0].next_offset = 0;
    resumed.write_manifest(&manifest);
    let output = resumed.tail(&stop);
    assert_eq!(output.lines().len(), 0);
    assert!(
        output.stderr.contains("newer snapshot than"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_snapshot_that_cannot_be_relied_on_is_refused_with_the_way_out() {
    let check = |change: &dyn Fn(&mut Manifest), status: i32, words: &[&str]| {
        let mut manifest = manifest();
        change(&mut manifest);
        let resumed = Resumed::new(&manifest);
        resumed.put(0, &update(1, "1"));
        let output = resumed.tail(&END);
        assert_eq!(output.status, Some(status), "{}", output.stderr);
        for words in words {
            assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
        }
        assert!(output.stderr.contains("try: "), "{}", output.stderr);
        resumed
    };
    let resumed = check(
        &|manifest| {
            manifest.complete = false;
            manifest.why_not = vec!["the listing was refused".into()];
            manifest.collections[0].complete = false;
            manifest.collections[0].why_not = vec!["two are missing".into()];
        },
        4,
        &[
            "it is not complete (the listing was refused; people: two are missing)",
            "--resume",
            "--allow-incomplete",
        ],
    );
    // With --allow-incomplete every event after the positions is shown: none is proven to be included.
    for txn in [2, 11] {
        resumed.put(0, &update(txn, "1"));
    }
    resumed.put(1, &update(3, "1"));
    let output = resumed.tail(&[&END[..], &["--allow-incomplete"]].concat());
    assert_eq!(output.lines(), [update(11, "1")], "{}", output.stderr);
    check(
        &|manifest| manifest.positions.clear(),
        3,
        &["taken without Kafka"],
    );
    check(
        &|manifest| {
            for position in &mut manifest.positions {
                position.topic = "others".into();
            }
        },
        3,
        &["it continues in the topic others, and this run reads events"],
    );
    check(
        &|manifest| manifest.cluster = Some("another".into()),
        3,
        &["its positions belong to the Kafka cluster another"],
    );
    let stage = Stage::new(1);
    let output = stage.tail(&["--from", "./nothing"]);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    assert!(output.stderr.contains("there is no such folder"));
}

#[test]
fn a_partition_that_the_snapshot_did_not_know_is_read_from_its_first_record() {
    let mut manifest = manifest();
    manifest.positions.remove(0);
    let resumed = Resumed::new(&manifest);
    for (partition, txn) in [(0, 21), (1, 22), (1, 23)] {
        resumed.put(partition, &update(txn, "1"));
    }
    let output = resumed.tail(&END);
    let mut lines = output.lines();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [update(21, "1"), update(23, "1")],
        "{}",
        output.stderr
    );
}

#[test]
fn a_narrow_snapshot_names_its_collections() {
    let mut manifest = manifest();
    manifest.scope.whole_app = false;
    manifest.scope.named = vec!["people".into()];
    let resumed = Resumed::new(&manifest);
    resumed.put(0, &update(1, "1"));
    resumed.put(0, &update(2, "1"));
    resumed.put(1, &update(3, "1"));
    let output = resumed.tail(&END);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let words = "the snapshot contains only the collections people";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}

#[test]
fn a_snapshot_with_a_condition_contains_no_event_for_certain() {
    let mut manifest = manifest();
    manifest.scope.whole_app = false;
    manifest.scope.condition = Some("n = 20".into());
    let resumed = Resumed::new(&manifest);
    for (partition, txn) in [(0, 1), (0, 2), (1, 3)] {
        resumed.put(partition, &update(txn, "1"));
    }
    // The snapshot has no row of this document: it was removed, or stopped to match. Only the events tell which.
    let removal = r#"{"txnId":19,"type":"documentChanged","collection":"people","change":{"method":"remove","value":{"_id":"2","n":20}}}"#;
    let events = [
        update(17, "2"),
        update(18, "2"),
        removal.to_owned(),
        update(20, "1"),
    ];
    for event in &events {
        resumed.put(0, event);
    }
    resumed.put(1, &GAP.replace("45", "20"));
    let output = resumed.tail(&[&END[..], &["--no-control"]].concat());
    assert_eq!(output.lines(), events, "{}", output.stderr);
    let output = resumed.tail(&[&END[..], &["--on-gap", "stop", "-c", "people"]].concat());
    assert_eq!(output.status, Some(4), "{}", output.stderr);
}

#[test]
fn only_the_whole_app_resolves_a_gap() {
    let mut manifest = manifest();
    manifest.scope.whole_app = false;
    manifest.scope.named = vec!["people".into()];
    let resumed = Resumed::new(&manifest);
    for (partition, txn) in [(0, 1), (0, 2), (1, 3)] {
        resumed.put(partition, &update(txn, "1"));
    }
    resumed.put(1, &GAP.replace("45", "20"));
    let stop = [&END[..], &["--on-gap", "stop"]].concat();
    assert_eq!(resumed.tail(&stop).status, Some(4));
    for (collections, status) in [("people", 0), ("orders", 4), ("p*", 4), ("!orders", 4)] {
        let output = resumed.tail(&[&stop[..], &["-c", collections]].concat());
        assert_eq!(
            output.status,
            Some(status),
            "{collections}: {}",
            output.stderr
        );
    }
}

/// Snapshots of one collection each, of which the state remembers what they resolve.
#[test]
fn a_gap_stays_open_until_every_collection_is_covered() {
    let resumed = Resumed::new(&manifest());
    let order = |txn| update(txn, "1").replace("people", "orders");
    resumed.put(0, &update(1, "1"));
    let state = resumed.stage.path("state.json");
    let tail = |args: &[&str]| {
        let all = [&["--state", &state, "--on-gap", "stop"], &END[..], args].concat();
        resumed.stage.tail(&all)
    };
    tail(&["--from", "beginning"]);
    resumed.put(1, GAP);
    assert_eq!(tail(&[]).status, Some(4));
    // An event that the snapshot of the other collection does not contain, before that snapshot's position.
    resumed.put(0, &order(46));
    let narrow = |name: &str, known: Option<&[&str]>, next: i64| {
        let mut one = manifest();
        one.scope.whole_app = false;
        one.scope.named = vec![name.to_owned()];
        one.ended = format!("2026-01-31T12:00:{:02}Z", next + i64::from(known.is_some()));
        one.scope.known = known.map(|known| known.iter().map(|&name| name.to_owned()).collect());
        one.floor = Some(45);
        one.collections[0].name = name.to_owned();
        one.positions[0].next_offset = next;
        resumed.write_manifest(&one);
    };
    let folder = resumed.folder();
    narrow("people", None, 2);
    let output = tail(&["--from", &folder]);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    let words = "resolved for the collections people; still missing: every other one";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    narrow("people", Some(&["people", "orders"]), 2);
    resumed.put(0, &update(20, "1"));
    let output = tail(&["--from", &folder, "-c", "people"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.contains("this run does not show these"),
        "{}",
        output.stderr
    );
    let saved = std::fs::read_to_string(&state).unwrap();
    assert!(
        saved.contains("\"covered\": [\n      \"people\"\n    ]"),
        "{saved}"
    );
    resumed.put(0, &order(47));
    let output = tail(&[]);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert!(
        output.stderr.contains("people; still missing: orders"),
        "{}",
        output.stderr
    );
    // The last collection: positions beyond the event of `orders` in transaction 47, which is read nevertheless.
    resumed.put(0, &update(48, "1"));
    narrow("orders", None, 5);
    let output = tail(&["--from", &folder]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(
        output.lines(),
        [order(47), update(48, "1")],
        "{}",
        output.stderr
    );
    let saved = std::fs::read_to_string(&state).unwrap();
    assert!(saved.contains("\"gap\": null"), "{saved}");
}

#[test]
fn a_clock_that_went_back_does_not_make_a_snapshot_older() {
    let mut manifest = manifest();
    let resumed = Resumed::new(&manifest);
    for (partition, txn) in [(0, 1), (0, 2), (1, 3), (0, 21)] {
        resumed.put(partition, &update(txn, "1"));
    }
    let state = resumed.stage.path("state.json");
    let args = [&["--state", &state], &END[..]].concat();
    assert_eq!(resumed.tail(&args).lines(), [update(21, "1")]);
    resumed.put(1, GAP);
    resumed.tail(&args);
    manifest.started = "2020-01-01T00:00:00Z".into();
    manifest.ended.clone_from(&manifest.started);
    manifest.floor = Some(45);
    manifest.positions[0].next_offset = 3;
    manifest.positions[1].next_offset = 2;
    resumed.write_manifest(&manifest);
    let output = resumed.tail(&[&args[..], &["--on-gap", "stop"]].concat());
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(
        !output.stderr.contains("newer snapshot"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_transaction_is_a_place_in_every_partition() {
    let stage = Stage::new(3);
    let put = |partition: i32, payload: &str| {
        stage.write_raw(partition, Some(payload.as_bytes()), 1_000);
        payload.to_owned()
    };
    put(0, &update(5, "a"));
    let unnumbered = put(0, r#"{"type":"heartbeat"}"#);
    let six = put(0, &update(6, "b"));
    // A late event: its transaction is not after 5.
    put(0, &update(4, "c"));
    put(0, &GAP.replace("45", "5"));
    let gap = put(0, &GAP.replace("45", "7"));
    put(1, &update(2, "d"));
    let late_unnumbered = put(0, r#"{"type":"heartbeat","late":1}"#);
    let sorted = |args: &[&str]| {
        let output = stage.tail(args);
        let mut lines: Vec<String> = output.lines().iter().map(ToString::to_string).collect();
        lines.sort();
        (lines, output)
    };
    let mut expected = vec![six.clone(), gap.clone(), late_unnumbered.clone()];
    expected.sort();
    let (lines, output) = sorted(&["--from", "txn:5", "--until", "end"]);
    assert_eq!(lines, expected, "{}", output.stderr);
    assert!(output.stderr.contains("gaps 1"), "{}", output.stderr);
    let (lines, _) = sorted(&["--from", "txn:5", "--until", "txn:6"]);
    let mut expected = vec![six.clone(), late_unnumbered];
    expected.sort();
    assert_eq!(lines, expected);
    let (lines, _) = sorted(&["--from", "beginning", "--until", "txn:3", "-c", "people"]);
    assert_eq!(lines, [update(2, "d")]);
    let (lines, _) = sorted(&[
        "--from",
        "txn:5",
        "--last",
        "1",
        "-c",
        "people",
        "--no-control",
    ]);
    assert_eq!(lines, [six]);
    assert_eq!(sorted(&["--from", "txn:7", "--until", "end"]).0.len(), 0);
    let wrong = stage.tail(&["--from", "txn:x"]);
    assert_eq!(wrong.status, Some(2));
    assert!(wrong.stderr.contains("txn:552789"), "{}", wrong.stderr);
    // In a capture each event is compared with the transaction.
    let capture = stage.file(
        "c.ndjson",
        &[update(5, "a"), update(6, "b"), unnumbered.clone()].join("\n"),
    );
    let args = ["tail", "--input", &capture, "--from", "txn:5"];
    let output = support::program::run(&[], &args, support::stage::TIMEOUT);
    assert_eq!(output.lines(), [update(6, "b"), unnumbered]);
}
