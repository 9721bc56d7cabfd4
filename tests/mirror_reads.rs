//! `history` and `stats` of a mirror that `mirror` made on the servers of the demo, compared with a capture and `sqlite3`.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::demo_servers::Servers;
use support::program::{Output, run};

/// Generous: commands take seconds on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Runs the system's `sqlite3`.
fn sql(file: &Path, statement: &str) -> String {
    let output = Command::new("sqlite3").arg(file).arg(statement).output();
    let output = output.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn read(arguments: &[&str]) -> Output {
    run(&[], arguments, TIMEOUT)
}

/// The lines of versions: those with a time.
fn versions(output: &Output) -> Vec<String> {
    let lines = output.lines().into_iter().map(ToString::to_string);
    lines.filter(|line| line.starts_with("20")).collect()
}

fn word(output: &Output, word: &str) -> bool {
    let lines = output.lines();
    lines.iter().any(|line| line.starts_with(word))
}

#[test]
fn a_mirror_has_the_history_of_its_changes_and_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let servers = Servers::start(folder.path(), &[]);
    let path = folder.path().join("not-named-like-a-database");
    let file = path.display().to_string();
    let plain = folder.path().join("plain.db").display().to_string();
    let mirror = |file: &str, option: &[&str]| {
        let arguments = [&["mirror", file, "--until", "end"], option].concat();
        let done = run(&servers.settings, &arguments, TIMEOUT);
        assert_eq!(done.status, Some(0), "{}", done.stderr);
    };
    let started = Instant::now();
    let busiest = loop {
        mirror(&file, &["--history"]);
        let busiest = "SELECT collection, key FROM ditto_history GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY count(*) DESC LIMIT 1";
        let found = sql(&path, busiest);
        if !found.is_empty() {
            break found;
        }
        assert!(started.elapsed() < TIMEOUT, "no document changed twice");
        thread::sleep(Duration::from_millis(500));
    };
    mirror(&plain, &[]);
    let capture = folder.path().join("capture").display().to_string();
    let tail = [
        "tail",
        "--from",
        "beginning",
        "--until",
        "end",
        "--format",
        "record",
    ];
    let tail = run(&servers.settings, &tail, TIMEOUT);
    std::fs::write(&capture, &tail.stdout).unwrap();
    drop(servers);

    let (collection, key) = busiest.split_once('|').unwrap();
    let history = |file: &str, options: &[&str]| {
        read(&[&["history", collection, key, file], options].concat())
    };
    let of_mirror = history(&file, &["--format", "oneline"]);
    let of_capture = versions(&history(&capture, &["--format", "oneline"]));
    let found = versions(&of_mirror);
    assert!(found.len() > 1, "{}", of_mirror.stderr);
    let (first, last) = (&found[0], &found[found.len() - 1]);
    let start = of_capture.iter().position(|line| line == first).unwrap();
    let end = of_capture.iter().position(|line| line == last).unwrap();
    assert_eq!(found, of_capture[start..=end]);
    assert!(!word(&of_mirror, "missing"));
    let now = history(&file, &["--at", "now"]);
    let table = sql(
        &path,
        &format!("SELECT table_name FROM ditto_collections WHERE collection = '{collection}'"),
    );
    let document = sql(
        &path,
        &format!("SELECT doc FROM \"{table}\" WHERE key = '{key}'"),
    );
    assert_eq!(String::from_utf8_lossy(&now.stdout).trim(), document);
    assert_eq!(now.status, Some(0), "{}", now.stderr);
    assert_eq!(history(&file, &["--at", "txn:1"]).status, Some(4));

    // A mirror without changes has its copy.
    let copy = history(&plain, &[]);
    assert!(copy.stderr.contains("keeps no history"), "{}", copy.stderr);
    assert!(word(&copy, "start"));
    assert_eq!(history(&plain, &["--at", "txn:1"]).status, Some(4));

    assert_counts(&path);

    assert_missing(&path, &capture, (collection, key), &table);
}

/// What is missing in a history is marked, and what is no history is refused.
fn assert_missing(path: &Path, capture: &str, (collection, key): (&str, &str), table: &str) {
    let file = path.display().to_string();
    let history = |file: &str, options: &[&str]| {
        read(&[&["history", collection, key, file], options].concat())
    };
    // As a snapshot after a gap would.
    sql(
        path,
        &format!(
            "UPDATE \"{table}\" SET doc = json_set(doc, '$.unseen', 1), txn = txn + 1 WHERE key = '{key}'"
        ),
    );
    let changed = history(&file, &["--format", "oneline"]);
    assert!(word(&changed, "missing"));
    assert!(String::from_utf8_lossy(&changed.stdout).contains("snapshotDocument"));
    sql(
        path,
        &format!("DELETE FROM \"{table}\" WHERE key = '{key}'"),
    );
    let gone = history(&file, &["--format", "json"]);
    assert!(
        gone.stderr.contains("no longer has the document"),
        "{}",
        gone.stderr
    );
    assert_eq!(history(&file, &["--blame"]).status, Some(5));
    assert_eq!(history(&file, &["--at", "now"]).status, Some(5));
    sql(
        path,
        "UPDATE ditto_meta SET value = 'behind a gap' WHERE key = 'state'",
    );
    let behind = history(&file, &[]);
    assert!(behind.stderr.contains("behind a gap"), "{}", behind.stderr);
    sql(
        path,
        "UPDATE ditto_meta SET value = 'loading' WHERE key = 'state'",
    );
    assert_eq!(history(&file, &[]).status, Some(3));
    assert_eq!(history(&file, &[capture]).status, Some(2));
    for command in ["tail", "diff", "collections"] {
        let option: &[&str] = if command == "tail" { &["--input"] } else { &[] };
        let refused = read(&[&[command], option, &[&file]].concat());
        assert_eq!(refused.status, Some(1), "{command}: {}", refused.stderr);
        assert!(
            refused.stderr.contains("a mirror is read by history"),
            "{}",
            refused.stderr
        );
    }
}

/// `stats` counts what `sqlite3` counts.
fn assert_counts(path: &Path) {
    let file = path.display().to_string();
    let output = read(&["stats", &file, "--json"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let stats: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |statement: &str| sql(path, statement).parse::<u64>().unwrap();
    let count = |op: &str| {
        number(&format!(
            "SELECT count(*) FROM ditto_history WHERE op = '{op}'"
        ))
    };
    assert_eq!(
        stats["events"],
        number("SELECT count(*) FROM ditto_history")
    );
    let sum = |field: &str| -> u64 {
        let all = stats["collections"].as_array().unwrap().iter();
        all.map(|one| one[field].as_u64().unwrap()).sum()
    };
    assert_eq!(sum("inserts"), count("insert"));
    assert_eq!(sum("updates"), count("update"));
    assert_eq!(sum("removes"), count("remove"));
    let copied = stats["mirror"]["collections"].as_array().unwrap();
    assert_eq!(
        copied.len() as u64,
        number("SELECT count(*) FROM ditto_collections")
    );
    for one in copied {
        let name = one["collection"].as_str().unwrap();
        let of = |what: &str| number(&format!("SELECT {what} FROM \"{name}\""));
        assert_eq!(one["documents"], of("count(*)"), "{name}");
        assert_eq!(one["bytes"], of("sum(length(CAST(doc AS BLOB)))"), "{name}");
        assert_eq!(
            one["largest"],
            of("max(length(CAST(doc AS BLOB)))"),
            "{name}"
        );
    }
    assert_eq!(stats["mirror"]["state"], "current");
    let shown = read(&["stats", &file]);
    assert!(word(&shown, "mirror: current since"), "{}", shown.stderr);
    assert!(word(&shown, "history: "));
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.db");
    sql(&path, "CREATE TABLE theirs (x)");
    let file = path.display().to_string();
    for arguments in [&["history", "c", "x", &file][..], &["stats", &file]] {
        let refused = read(arguments);
        assert_eq!(refused.status, Some(3), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("not a mirror"),
            "{}",
            refused.stderr
        );
    }
}
