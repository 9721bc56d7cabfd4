//! A healthy server: each document once, byte for byte, in few requests.

use std::fs;

use serde_json::{Value, json};

use crate::documents::{NAMES, document, many, odd_ids};
use crate::scene::{Place, TIMEOUT, files, front};
use crate::support::engine::Front;
use crate::support::program::run;

#[test]
fn each_document_is_written_once_byte_for_byte() {
    let Some(front) = front() else { return };
    front.insert("all", &many(3000));
    let place = Place::new();
    for cap in [Value::Null, json!(700)] {
        front.set(&json!({"cap_rows": cap}));
        let output = place.requery(&front, &["--txn-id", "100"]);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        assert_eq!(place.documents("all"), front.dump("all"));
        let manifest = place.manifest();
        let all = manifest.collection("all").unwrap();
        assert!(manifest.complete && manifest.scope.whole_app && all.complete);
        assert_eq!(all.documents, 12_000 + odd_ids().len() as u64);
        assert_eq!(manifest.floor, Some(100));
        assert!(all.lowest_transaction_id >= Some(100));
        assert_eq!(
            all.read_at(br#"{"till":5,"store":"s-5"}"#),
            Some(front.txn())
        );
        let left: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}

#[test]
fn collection_names_that_are_not_file_names() {
    let Some(front) = front() else { return };
    for (at, name) in NAMES.iter().enumerate() {
        front.insert(name, &[document(&json!(at), at)]);
    }
    let place = Place::new();
    let output = place.requery(&front, &["--jobs", "4"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let manifest = place.manifest();
    assert_eq!(manifest.collections.len(), NAMES.len());
    for name in NAMES {
        assert_eq!(place.documents(name), front.dump(name), "{name}");
    }
}

#[test]
fn pages_are_as_few_as_the_cap_allows() {
    let Some(front) = front() else { return };
    let documents: Vec<Value> = (0..20_000).map(|n| json!({"_id": n})).collect();
    front.insert("numbers", &documents);
    for cap in [300, 700, 1_000] {
        front.control("set", &json!({"cap_rows": cap, "log": []}));
        let place = Place::new();
        let output = place.requery(&front, &[]);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let (requests, minimum) = (front.statements().len(), 20_000_usize.div_ceil(cap));
        assert!(
            requests * 2 <= minimum * 3,
            "cap {cap}: {requests} requests, at least {minimum} are needed"
        );
        assert_eq!(place.manifest().collections[0].documents, 20_000);
    }
}

#[test]
fn standard_output_has_the_format_of_events() {
    let Some(front) = front() else { return };
    front.insert("a", &many(50));
    front.insert("b`", &[document(&json!("x"), 1)]);
    let output = run(
        &front.env(),
        &["requery", "--output", "-", "--txn-id", "100"],
        TIMEOUT,
    );
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let lines = output.lines();
    let value = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    let (first, last) = (value(lines[0]), value(lines[lines.len() - 1]));
    assert_eq!(
        first,
        json!({"type": "snapshotBegin", "txnID": 100, "collections": ["a", "b`"]})
    );
    let documents = lines.len() - 2;
    assert_eq!(
        last,
        json!({"type": "snapshotEnd", "txnID": 100, "documents": documents, "complete": true})
    );
    let mut found: Vec<String> = lines[1..=documents]
        .iter()
        .filter(|line| line.contains(r#""collection":"a""#))
        .map(|line| document_of(line, front.txn()))
        .collect();
    found.sort();
    assert_eq!(found, front.dump("a"));
}

#[test]
fn standard_output_has_reads_of_debezium() {
    let Some(front) = front() else { return };
    front.insert("a", &many(50));
    front.insert("b`", &[document(&json!({"x": 7}), 1)]);
    let reads = |format: &str| {
        let arguments = [
            "requery", "--output", "-", "--txn-id", "100", "--format", format,
        ];
        let output = run(&front.env(), &arguments, TIMEOUT);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let lines = output.lines().into_iter();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect::<Vec<Value>>()
    };
    let plain = reads("debezium-plain");
    let mut found: Vec<String> = plain
        .iter()
        .filter(|read| read["source"]["table"] == "a")
        .map(|read| read["after"]["doc"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, front.dump("a"));
    for read in &plain {
        assert_eq!((&read["op"], &read["before"]), (&json!("r"), &Value::Null));
        assert_eq!(read["after"]["txn_id"], front.txn());
        assert_eq!(read["key"]["_id"], read["after"]["_id"]);
    }
    let keys = plain.iter().filter(|read| read["source"]["table"] == "b`");
    let keys: Vec<&Value> = keys.map(|read| &read["key"]["_id"]).collect();
    assert_eq!(keys, [r#"json:{"x":7}"#]);
    let mut payloads: Vec<String> = reads("debezium")
        .iter()
        .map(|read| read["payload"].to_string())
        .collect();
    let mut plain: Vec<String> = plain.iter().map(Value::to_string).collect();
    payloads.sort();
    plain.sort();
    assert_eq!(payloads, plain);
}

/// The document of a line, byte for byte.
fn document_of(line: &str, txn: u64) -> String {
    let start = format!(
        r#"{{"txnId":{txn},"type":"snapshotDocument","collection":"a","change":{{"method":"read","value":"#
    );
    let rest = line
        .strip_prefix(&start)
        .unwrap_or_else(|| panic!("{line}"));
    rest.strip_suffix("}}").unwrap().to_owned()
}

#[test]
fn a_scope_is_respected_and_reported() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    front.insert("b", &many(20));
    let place = Place::new();
    let output = place.requery(&front, &["-c", "a", "--where", "n < 10 -- few"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let manifest = place.manifest();
    assert_eq!(
        (
            manifest.collections.len(),
            manifest.collections[0].documents
        ),
        (1, 10)
    );
    assert!(manifest.complete && !manifest.scope.whole_app);
    assert!(
        output.stderr.contains("not the whole app"),
        "{}",
        output.stderr
    );
    let wrong = Place::new().requery(&front, &["-c", "a", "--where", "n < < 3"]);
    assert_eq!(wrong.status, Some(1), "{}", wrong.stderr);
}

#[test]
fn a_wider_snapshot_is_not_replaced_by_a_narrower_one() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    front.insert("b", &many(20));
    let place = Place::new();
    // Each scope is wider than the previous one; narrower ones are rejected.
    let steps: [(&[&str], &[&[&str]]); 3] = [
        (
            &["-c", "a", "--where", "n < 10"],
            &[&["-c", "b"], &["--where", "n < 5"]],
        ),
        (&["-c", "a"], &[&["-c", "a", "--where", "n < 10"]]),
        (&[], &[&["-c", "a", "-c", "b"], &["--where", "n < 10"]]),
    ];
    for (wider, narrower) in steps {
        for _ in 0..2 {
            let output = place.requery(&front, wider);
            assert_eq!(output.status, Some(0), "{wider:?}: {}", output.stderr);
        }
        let good = files(&place.path());
        for args in narrower {
            let output = place.requery(&front, args);
            assert_eq!(output.status, Some(3), "{args:?}: {}", output.stderr);
            assert!(
                output.stderr.contains("which this run would not read"),
                "{}",
                output.stderr
            );
            assert!(
                good.iter()
                    .all(|(path, bytes)| fs::read(path).unwrap() == *bytes)
            );
        }
    }
    // Any snapshot may replace an incomplete one.
    let place = Place::new();
    front.set(&json!({"forbid": ["b"]}));
    assert_eq!(place.requery(&front, &[]).status, Some(4));
    assert_eq!(place.requery(&front, &["-c", "a"]).status, Some(0));
}

#[test]
fn the_plan_and_the_first_request_are_shown() {
    let Some(front) = front() else { return };
    front.insert("a", &many(3));
    let output = run(&front.env(), &["requery", "--dry-run"], TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("  a  {") && text.contains(r#""t":"object""#),
        "{text}"
    );
    assert!(
        front
            .statements()
            .iter()
            .all(|text| !text.contains("LIMIT"))
    );
    let curl = run(
        &front.env(),
        &["requery", "--as-curl", "-c", "a'b"],
        TIMEOUT,
    );
    let text = String::from_utf8(curl.stdout).unwrap();
    assert!(
        text.contains("$DITTO_CDC_API_KEY") && !text.contains(crate::support::engine::KEY),
        "{text}"
    );
    #[cfg(unix)]
    assert!(response_of(&text, &front).contains("\"items\""));
}

/// The response to the printed command, run by a shell.
#[cfg(unix)]
fn response_of(command: &str, front: &Front) -> String {
    if std::process::Command::new("curl")
        .arg("--version")
        .output()
        .is_err()
    {
        return "\"items\"".to_owned();
    }
    let mut shell = std::process::Command::new("sh");
    let output = shell
        .args(["-c", command])
        .envs(front.env())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn concurrent_writes_do_not_affect_other_documents() {
    let Some(front) = front() else { return };
    front.insert("a", &many(2000));
    let step = |after: usize, n: usize| {
        json!({"after": after, "statements": [
            format!("INSERT INTO a DOCUMENTS ({{'_id': 'new-{n}'}})"),
            format!("DELETE FROM a WHERE _id = 'id-{}'", n * 7),
            format!("UPDATE a SET n = {n} WHERE _id = 'id-{}'", n * 7 + 1),
        ]})
    };
    let script: Vec<Value> = (4..100).map(|at| step(at, at)).collect();
    front.set(&json!({"cap_rows": 500, "script": script}));
    let place = Place::new();
    let output = place.requery(&front, &[]);
    assert!(matches!(output.status, Some(0 | 4)), "{}", output.stderr);
    let manifest = place.manifest();
    let all = manifest.collection("a").unwrap();
    assert!(all.lowest_transaction_id < all.highest_transaction_id);
    // Documents that were not changed are written once.
    let quiet =
        |line: &String| !line.contains("new-") && line.contains("\"big\"") && !line.contains("id-");
    let (found, expected) = (place.documents("a"), front.dump("a"));
    let only = |lines: &[String]| -> Vec<String> {
        lines.iter().filter(|line| quiet(line)).cloned().collect()
    };
    assert_eq!(only(&found), only(&expected));
}

#[test]
fn patterns_select_collections_and_a_typo_is_no_empty_snapshot() {
    let Some(front) = front() else { return };
    for name in ["orders", "order_items", "people"] {
        front.insert(name, &[document(&json!(1), 1)]);
    }
    for (args, expected) in [
        (&["-c", "order*"][..], &["order_items", "orders"][..]),
        (&["-c", "order*", "-c", "!orders"], &["order_items"]),
        (&["-c", "orders", "-c", "orders"], &["orders"]),
        (&["-c", "!people"], &["order_items", "orders"]),
    ] {
        let place = Place::new();
        let output = place.requery(&front, args);
        assert_eq!(output.status, Some(0), "{args:?}: {}", output.stderr);
        let manifest = place.manifest();
        let names = manifest.collections.iter().map(|one| one.name.as_str());
        assert_eq!(names.collect::<Vec<_>>(), expected, "{args:?}");
        assert_eq!(manifest.scope.named, expected, "{args:?}");
        assert!(!manifest.scope.whole_app);
    }
    for (args, words) in [
        (&["-c", "nope"][..], "no collection 'nope'"),
        (&["-c", "Orders"], "did you mean 'orders'"),
        (&["-c", "orders", "-c", "ordrs"], "did you mean 'orders'"),
        (&["-c", "nope*"], "no collection matches 'nope*'"),
        (&["-c", "orders,people"], "write -c orders -c people"),
    ] {
        for output in [&["--dry-run"][..], &[]] {
            let place = Place::new();
            let output = place.requery(&front, &[args, output].concat());
            assert_eq!(output.status, Some(2), "{args:?}: {}", output.stderr);
            assert!(output.stderr.contains(words), "{args:?}: {}", output.stderr);
        }
    }
    front.insert("__internal", &[document(&json!(1), 1)]);
    let output = Place::new().requery(&front, &["-c", "__internal"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    // A server that does not list its collections: an empty one may be a typo, and one with documents exists.
    for listing in ["refuse", "empty"] {
        front.set(&json!({"listing": listing}));
        let place = Place::new();
        let output = place.requery(&front, &["-c", "nope"]);
        assert_eq!(output.status, Some(4), "{listing}: {}", output.stderr);
        assert!(
            output.stderr.contains("may be misspelled"),
            "{}",
            output.stderr
        );
        let collection = &place.manifest().collections[0];
        assert!(!collection.complete && collection.proof.is_none());
        let output = Place::new().requery(&front, &["-c", "orders"]);
        assert_eq!(output.status, Some(0), "{listing}: {}", output.stderr);
    }
}

#[test]
fn advice_of_a_failed_read_can_help() {
    let Some(front) = front() else { return };
    front.insert("orders", &[document(&json!(1), 1)]);
    let before = front.statements().len();
    let output = Place::new().requery(&front, &["-c", "orders", "--where", "status = "]);
    assert_eq!(output.status, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("column 10"), "{}", output.stderr);
    assert_eq!(front.statements().len(), before, "nothing was sent");
    // What only the server can judge, and refuses, would be refused again.
    let output = Place::new().requery(&front, &["-c", "orders", "--where", "nofunction(status)"]);
    assert_eq!(output.status, Some(1), "{}", output.stderr);
    assert!(!output.stderr.contains("--resume"), "{}", output.stderr);
    let output = Place::new().requery(&front, &["-c", "orders", "--no-kafka"]);
    assert!(
        output.stderr.contains("because of --no-kafka"),
        "{}",
        output.stderr
    );
}
