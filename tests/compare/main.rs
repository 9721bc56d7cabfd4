//! `diff A B` against a plain model, its scopes and refusals, and what a gap in the demo's stream cost.
#![allow(clippy::unwrap_used)]

mod model;
#[path = "../support/rng.rs"]
#[allow(dead_code)]
mod rng;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use ditto_cdc::demo;
use ditto_cdc::demo::Generator;
use ditto_cdc::demo::server::{Live, Server};
use ditto_cdc::snapshot::manifest::Scope;
use ditto_cdc::util::secret::Secret;
use model::{COLLECTIONS, Form, IDS, Known, Side, write_snapshot};
use rng::Rng;
use serde_json::{Value, json};

fn run_in(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("HOME", "/nonexistent")
        .output()
        .unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The differences of an output in the format `changes`: operation, collection and id.
fn differences(output: &Output) -> Vec<(String, String, Value)> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let parsed = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    parsed
        .map(|one| {
            (
                word(&one["op"]),
                word(&one["collection"]),
                one["id"].clone(),
            )
        })
        .collect()
}

/// What the model finds.
#[derive(Default)]
struct Expected {
    differences: Vec<(String, String, Value)>,
    counts: BTreeMap<&'static str, usize>,
}

fn expect(before: &Side, after: &Side) -> Expected {
    let mut expected = Expected::default();
    for (collection, name) in COLLECTIONS.iter().enumerate() {
        for (id, spellings) in IDS.iter().enumerate() {
            let key = (collection, id);
            let (op, what) = match (before.get(key), after.get(key)) {
                (Known::Present(old), Known::Present(new)) if old == new => (None, "equal"),
                (Known::Present(_), Known::Present(_)) => (Some("update"), "changed"),
                (Known::Present(_), Known::Absent) => (Some("remove"), "removed"),
                (Known::Present(_), Known::Unknown) => (None, "unproven removed"),
                (Known::Absent, Known::Present(_)) => (Some("insert"), "added"),
                (Known::Unknown, Known::Present(_)) => {
                    *expected.counts.entry("unproven added").or_default() += 1;
                    (Some("insert"), "added")
                }
                _ => continue,
            };
            *expected.counts.entry(what).or_default() += 1;
            let id = serde_json::from_str(spellings[0]).unwrap();
            expected
                .differences
                .extend(op.map(|op| (op.to_owned(), (*name).to_owned(), id)));
        }
    }
    expected
}

#[test]
fn every_difference_is_the_models() {
    let forms = [
        Form::Folder(true),
        Form::Folder(false),
        Form::Printed,
        Form::Records,
        Form::Payloads,
    ];
    for seed in 0..150 {
        let mut rng = Rng::new(seed);
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (*rng.pick(&forms), *rng.pick(&forms));
        let documents = model::documents(&mut rng);
        let before = model::write(&folder.path().join("A"), first, &documents, &mut rng);
        let mut later = model::documents(&mut rng);
        later.extend(documents.into_iter().filter(|_| rng.percent(50)));
        let after = model::write(&folder.path().join("B"), second, &later, &mut rng);
        let expected = expect(&before, &after);

        let output = run_in(
            folder.path(),
            &["diff", "A", "B", "--format", "changes", "--exit-code"],
        );
        let text = stderr(&output);
        let context = format!("seed {seed}: {first:?} {second:?}\n{text}");
        assert_eq!(differences(&output), expected.differences, "{context}");
        let count = |what| expected.counts.get(what).copied().unwrap_or(0);
        let plural = if count("added") == 1 { "" } else { "s" };
        let summary = format!(
            "{} document{plural} added, {} removed, {} changed, {} equal\n",
            count("added"),
            count("removed"),
            count("changed"),
            count("equal")
        );
        assert!(text.contains(&summary), "{context}\nexpected {summary}");
        for (what, words) in [
            ("unproven added", " of the added "),
            ("unproven removed", "not counted as removed"),
        ] {
            assert_eq!(text.contains(words), count(what) > 0, "{what}: {context}");
        }
        // Without a difference, a document that the second side does not know leaves the question open.
        let status = match (expected.differences.is_empty(), count("unproven removed")) {
            (false, _) => 1,
            (true, 0) => 0,
            (true, _) => 4,
        };
        assert_eq!(output.status.code(), Some(status), "{context}");
    }
}

/// Writes a snapshot of `orders` whose documents have these ids and values.
fn snapshot(folder: &Path, name: &str, documents: &[(&str, i64)], scope: Scope) {
    let lines = documents
        .iter()
        .map(|(id, value)| format!("{}\n", json!({"_id": id, "n": value})));
    write_snapshot(
        &folder.join(name),
        &[("orders", lines.collect())],
        true,
        scope,
    );
}

fn scope(named: &[&str], condition: Option<&str>) -> Scope {
    Scope {
        whole_app: named.is_empty() && condition.is_none(),
        named: named.iter().map(|name| (*name).to_owned()).collect(),
        condition: condition.map(str::to_owned),
        ..Scope::default()
    }
}

/// Operation and id of each difference, and the messages.
fn compare(folder: &Path, args: &[&str]) -> (String, String) {
    let args: Vec<&str> = ["diff", "A", "B", "--format", "changes"]
        .iter()
        .chain(args)
        .copied()
        .collect();
    let output = run_in(folder, &args);
    let found = differences(&output);
    let words: Vec<String> = found
        .iter()
        .map(|(op, _, id)| format!("{op} {}", id.as_str().unwrap()))
        .collect();
    (words.join(", "), stderr(&output))
}

#[test]
fn only_what_both_scopes_cover_is_compared() {
    for (first, second, shown, words) in [
        (
            scope(&[], None),
            scope(&["orders"], None),
            "remove a, update b, insert c",
            "1 document added, 1 removed",
        ),
        // The condition of the second one may exclude a: nothing is said about it.
        (
            scope(&[], None),
            scope(&[], Some("n > 0")),
            "update b, insert c",
            "has only documents with n > 0: 1 document only in the snapshot A is not counted",
        ),
        (
            scope(&[], Some("n > 0")),
            scope(&[], None),
            "remove a, update b",
            "has only documents with n > 0: 1 document only in the snapshot B is not counted",
        ),
        (
            scope(&[], Some("n > 0")),
            scope(&[], Some("n > 1")),
            "update b",
            "has only documents with n > 1",
        ),
        (
            scope(&[], Some("n > 0")),
            scope(&[], Some("n > 0")),
            "remove a, update b, insert c",
            "both have only documents with n > 0",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        snapshot(folder.path(), "A", &[("a", 1), ("b", 1)], first);
        snapshot(folder.path(), "B", &[("b", 2), ("c", 1)], second);
        let (found, text) = compare(folder.path(), &[]);
        assert_eq!(found, shown, "{text}");
        assert!(text.contains(words), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    snapshot(folder.path(), "A", &[("a", 1)], scope(&["orders"], None));
    write_snapshot(
        &folder.path().join("B"),
        &[("people", "{\"_id\":1}\n".to_owned())],
        true,
        scope(&["people"], None),
    );
    let (found, text) = compare(folder.path(), &[]);
    assert_eq!(found, "");
    assert!(
        text.contains("not compared, because only one side was asked for them: orders, people"),
        "{text}"
    );
}

#[test]
fn filters_select_the_differences() {
    let folder = tempfile::tempdir().unwrap();
    snapshot(
        folder.path(),
        "A",
        &[("a", 1), ("b", 1), ("d", 1), ("e", 7)],
        scope(&[], None),
    );
    snapshot(
        folder.path(),
        "B",
        &[("b", 2), ("c", 1), ("d", 1), ("e", 8)],
        scope(&[], None),
    );
    for (args, shown, words) in [
        (
            &[][..],
            "remove a, update b, insert c, update e",
            "1 document added, 1 removed, 2 changed, 1 equal\n",
        ),
        (
            &["--op", "update"],
            "update b, update e",
            "0 documents added, 0 removed, 2 changed, 1 equal, 2 not matched by the filters",
        ),
        (
            &["--id", "c", "--id", "d"],
            "insert c",
            "1 document added, 0 removed, 0 changed, 1 equal, 3 not matched",
        ),
        (
            &["--where", "n > 5"],
            "update e",
            "0 documents added, 0 removed, 1 changed, 0 equal, 4 not matched",
        ),
        (
            &["--ignore", "n"],
            "remove a, insert c",
            "2 changed only where --only or --ignore hide it",
        ),
        (
            &["-n", "2"],
            "remove a, update b",
            "1 document added, 1 removed, 2 changed, 1 equal, 2 not shown because of --limit",
        ),
        (
            &["-c", "order"],
            "",
            "no collection matches --collection order; did you mean orders?",
        ),
        (
            &["-c", "*s", "-c", "x"],
            "remove a, update b, insert c, update e",
            "--collection x; there are orders",
        ),
    ] {
        let (found, text) = compare(folder.path(), args);
        assert_eq!(found, shown, "{args:?} {text}");
        assert!(text.contains(words), "{args:?} {text}");
    }
}

#[test]
fn a_difference_has_the_place_of_its_event_if_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    snapshot(folder.path(), "A", &[("a", 1), ("b", 1)], scope(&[], None));
    let record = |offset: i64, event: Value| {
        json!({"topic":"t","partition":2,"offset":offset,"timestamp":1_769_860_863_114_i64,"timestampType":"CreateTime",
            "key":null,"headers":[],"value":event})
    };
    let update = json!({"txnId":7,"type":"documentChanged","collection":"orders","change":
        {"method":"update","oldValue":{"_id":"a","n":5},"newValue":{"_id":"a","n":6}}});
    let gap = json!({"txnID":45,"type":"requeryRequired","documents":[]});
    fs::write(
        folder.path().join("B"),
        format!("{}\n{}\nnot JSON\n", record(3, update), record(4, gap)),
    )
    .unwrap();
    let output = run_in(folder.path(), &["diff", "A", "B", "--format", "oneline"]);
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        out.contains("orders/a") && out.contains("txn 7") && out.contains("p2@3"),
        "{out}"
    );
    let text = stderr(&output);
    assert!(text.contains("the capture B has 1 gap"), "{text}");
    assert!(
        text.contains("the capture B has 1 record that is unreadable, the first one at B line 3"),
        "{text}"
    );
    assert!(
        text.contains("1 document only in the snapshot A is not counted as removed"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(1), "an unreadable record");
    let output = run_in(folder.path(), &["diff", "A", "B", "--on-gap", "stop"]);
    assert_eq!(output.status.code(), Some(4));
    let output = run_in(folder.path(), &["diff", "B", "A", "--format", "oneline"]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(!out.contains("txn") && !out.contains("line"), "{out}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    snapshot(folder.path(), "A", &[("a", 1)], scope(&[], None));
    snapshot(folder.path(), "B", &[("a", 1)], scope(&[], None));
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (args, status, words) in [
        (
            &["diff", "A", "B", "--from", "@-1h"][..],
            2,
            "A is a snapshot",
        ),
        (&["diff", "A", "B", "--until", "@-1h"], 2, "A is a snapshot"),
        (&["diff", "A", "B", "--from", "txn:5"], 2, "A is a snapshot"),
        (&["diff", "A", "B", "--last", "5"], 2, "no order in time"),
        (&["diff", "A"], 2, "a snapshot has no changes"),
        (&["diff", "A", "+", "B"], 2, "a snapshot has no changes"),
        (
            &["diff", "A", "empty"],
            3,
            "no requery has been finished there",
        ),
        (&["diff", "A", "nothing"], 1, "there is no such file"),
    ] {
        let output = run_in(folder.path(), args);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{args:?} {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(words),
            "{args:?} {}",
            stderr(&output)
        );
        assert_eq!(output.stdout, b"");
    }
    fs::write(
        folder.path().join("B/orders.ndjson"),
        "{\"_id\":\"b\",\"n\":1}\n",
    )
    .unwrap();
    let output = run_in(folder.path(), &["diff", "A", "B"]);
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(1), &b""[..])
    );
    assert!(stderr(&output).contains("is not the file that requery wrote: its SHA-256 differs"));
}

/// JSON has no bytes: a snapshot writes an id of bytes like an array, an event as Base64.
#[test]
fn ids_of_bytes_are_not_compared_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "{\"_id\":[97,98],\"n\":1}\n{\"_id\":[97,98],\"n\":2}\n".to_owned();
    for name in ["A", "B"] {
        let path = folder.path().join(name);
        write_snapshot(&path, &[("orders", rows.clone())], true, scope(&[], None));
        let manifest = fs::read_to_string(path.join("manifest.json")).unwrap();
        let manifest = manifest.replace(
            "\"byType\": {}",
            "\"byType\": {\"binary\": 1, \"array\": 1}",
        );
        fs::write(path.join("manifest.json"), manifest).unwrap();
    }
    let (found, text) = compare(folder.path(), &[]);
    assert_eq!(found, "");
    assert!(text.contains("0 changed, 2 equal"), "{text}");
    assert!(
        text.contains("A has 1 document whose id is written like that of another one"),
        "{text}"
    );
    fs::remove_dir_all(folder.path().join("B")).unwrap();
    let insert = r#"{"type":"documentChanged","collection":"orders","change":{"oldValue":null,"newValue":{"_id":"YWI=","n":1}}}"#;
    fs::write(folder.path().join("B"), insert).unwrap();
    let (_, text) = compare(folder.path(), &[]);
    assert!(
        text.contains("ids of bytes are an array in a snapshot and Base64 in an event"),
        "{text}"
    );
}

/// A large capture is kept in a temporary file, from which superseded documents are removed.
#[test]
fn a_large_capture_is_compared_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let filler = "x".repeat(20_000);
    let event = |id: usize, n: usize| {
        let document = json!({"_id": id, "n": n, "filler": filler});
        json!({"type":"documentChanged","collection":"c","change":{"method":"upsert","oldValue":null,"newValue":document}})
    };
    let write = |name: &str, last: usize| {
        let versions = (0..10).flat_map(|n| (0..1000).map(move |id| (id, n)));
        let n_of = |id: usize, n| if n == 9 { last + id % 2 } else { n };
        let lines: Vec<String> = versions
            .map(|(id, n)| event(id, n_of(id, n)).to_string())
            .collect();
        fs::write(folder.path().join(name), lines.join("\n")).unwrap();
    };
    write("A", 0);
    write("B", 1);
    let temporary = folder.path().join("temporary");
    fs::create_dir(&temporary).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
        .args(["diff", "A", "B", "--format", "changes"])
        .current_dir(folder.path())
        .env_clear()
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    assert_eq!(differences(&output).len(), 1000);
    assert!(
        stderr(&output).contains("0 documents added, 0 removed, 1000 changed, 0 equal"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}

/// The demo's server before and after a gap: what the comparison of two snapshots finds is what happened on the server.
#[test]
fn what_a_gap_cost() {
    let key = Secret::new("an-api-key".to_owned());
    let mut generator = Generator::new(7);
    demo::history(&mut generator, 0);
    let live = Arc::new(Live::new(generator, Box::new(|_| Ok(()))));
    let server = Server::start(&live, &key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("api.key"), key.expose()).unwrap();
    let state = || -> BTreeMap<(String, String), Value> {
        live.read(|generator| {
            let documents = generator.store().documents();
            documents
                .map(|(id, document)| ((id.collection.clone(), id.text.clone()), document.clone()))
                .collect()
        })
    };
    let requery = |output: &str| {
        let url = server.url();
        let ended = run_in(
            folder.path(),
            &[
                "requery",
                "--url",
                &url,
                "--api-key-file",
                "api.key",
                "--output",
                output,
                "--no-kafka",
                "--txn-id",
                "1",
            ],
        );
        assert!(ended.status.success(), "{}", stderr(&ended));
    };
    let then = state();
    requery("before");
    live.apply(|generator| (0..200).flat_map(|_| generator.random_action(0)).collect())
        .unwrap();
    let now = state();
    requery("after");

    let mut expected = Vec::new();
    for id in then
        .keys()
        .chain(now.keys())
        .collect::<std::collections::BTreeSet<_>>()
    {
        let op = match (then.get(id), now.get(id)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => "update",
            (Some(_), None) => "remove",
            _ => "insert",
        };
        let text = serde_json::from_str::<Value>(&id.1).unwrap();
        expected.push((op.to_owned(), id.0.clone(), text.to_string()));
    }
    expected.sort();
    let output = run_in(
        folder.path(),
        &["diff", "before", "after", "--format", "changes"],
    );
    let mut found: Vec<(String, String, String)> = differences(&output)
        .into_iter()
        .map(|(op, name, id)| (op, name, id.to_string()))
        .collect();
    found.sort();
    assert!(
        expected.iter().any(|(op, ..)| op == "insert")
            && expected.iter().any(|(op, ..)| op == "update")
    );
    assert_eq!(found, expected, "{}", stderr(&output));
}
