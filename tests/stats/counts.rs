//! Counts of random captures, compared with those of jq and `DuckDB`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::rng::Rng;

const EVENTS: usize = 3000;
const COLLECTIONS: [&str; 4] = ["orders", "people", "Zürich", "a b"];

/// A capture of random events, with duplicates, gaps, unreadable records and times that run backwards.
fn capture(seed: u64) -> String {
    let mut rng = Rng::new(seed);
    let (mut text, mut values) = (String::new(), Vec::<Value>::new());
    for number in 0..EVENTS {
        let value = match rng.below(100) {
            0 => json!({"txnID": number, "type": "requeryRequired", "documents": []}),
            1 => json!("not an event"),
            2 => Value::Null,
            3..6 if !values.is_empty() => rng.pick(&values).clone(),
            _ => change(number, &mut rng),
        };
        values.push(value.clone());
        let timestamp = 1_769_860_800_000 + number as u64 * 900 - rng.below(5000) as u64;
        let record = json!({
            "topic": "t", "partition": rng.below(3), "offset": number, "timestamp": timestamp,
            "timestampType": "CreateTime", "key": null, "headers": [], "value": value,
        });
        let _ = writeln!(text, "{record}");
    }
    text
}

fn change(number: usize, rng: &mut Rng) -> Value {
    let id = match rng.below(3) {
        0 => json!(rng.below(40)),
        1 => json!(format!("d-{}", rng.below(200).min(rng.below(200)))),
        _ => json!({"a": rng.below(9), "b": rng.below(9)}),
    };
    let mut document = || {
        json!({
            "_id": id,
            "status": rng.below(3),
            "address": {"city": "x".repeat(rng.below(30)), "zip": rng.below(2)},
            "lines": [{"qty": rng.below(3)}],
        })
    };
    let (old, new) = (document(), document());
    let change = match rng.below(4) {
        0 => json!({"method": "upsert", "oldValue": null, "newValue": new}),
        1 => json!({"method": "remove", "value": old}),
        _ => json!({"method": "update", "oldValue": old, "newValue": new}),
    };
    json!({"txnId": number / 3, "type": "documentChanged", "collection": rng.pick(&COLLECTIONS), "change": change})
}

fn stats(file: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
        .args(["stats", "--json", "--paths", "--by", "minute"])
        .arg(file)
        .env_clear()
        .env("TZ", "UTC")
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    // Some records are unreadable.
    assert_eq!(output.status.code(), Some(1));
    parse(&output)
}

fn parse(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"))
}

fn script(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stats");
    folder.join(name)
}

/// In jq's order, which is that of its result.
fn sorted(mut value: Value) -> Value {
    let text = |object: &Value, key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let paths = value["paths"].as_array_mut().unwrap();
    paths.sort_by_key(|one| (text(one, "collection"), text(one, "path")));
    value.as_object_mut().unwrap().remove("partitions");
    value
}

/// Of equally busy documents, jq sorts ids by type and value: only their numbers are compared.
fn without_ids(mut value: Value) -> Value {
    for document in value["documents"].as_array_mut().unwrap() {
        *document = document["events"].clone();
    }
    value
}

#[test]
fn every_count_is_that_of_jq() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..3 {
        let file = folder.path().join("capture.ndjson");
        fs::write(&file, capture(seed)).unwrap();
        let expected = Command::new("jq")
            .args(["-n", "-c", "-f"])
            .arg(script("counts.jq"))
            .arg(&file)
            .output()
            .unwrap();
        let expected = parse(&expected);
        assert!(expected["duplicates"].as_u64() > Some(50));
        assert_eq!(without_ids(sorted(stats(&file))), without_ids(expected));
    }
}

/// The Python with `DuckDB`, which is installed first if `CI=true`.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/duckdb/bin/python");
    let has_it = || {
        let import = Command::new(&python).args(["-c", "import duckdb"]).output();
        import.is_ok_and(|output| output.status.success())
    };
    if !has_it() && std::env::var("CI").is_ok_and(|ci| ci == "true") {
        assert!(
            Command::new(script("install.sh"))
                .status()
                .unwrap()
                .success()
        );
        assert!(has_it(), "DuckDB was installed but does not start");
    }
    has_it().then_some(python)
}

#[test]
#[allow(clippy::print_stderr)]
fn every_count_is_that_of_duckdb() {
    let Some(python) = python() else {
        eprintln!("ignored: needs Python 3 and the package duckdb (run tests/stats/install.sh)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture.ndjson");
    fs::write(&file, capture(7)).unwrap();
    let counts = Command::new(python)
        .arg(script("counts.py"))
        .arg(&file)
        .output()
        .unwrap();
    let expected = parse(&counts);
    let found = stats(&file);
    for key in ["events", "transactions", "duplicates"] {
        assert_eq!(found[key], expected[key], "{key}");
    }
    let expected = expected["collections"].as_array().unwrap();
    let found = found["collections"].as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&found[key], value, "{key} of {expected}");
        }
    }
}
