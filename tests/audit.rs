//! `audit` on the servers of the demo, which change all the time: damage is named exactly, and nothing else.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ditto_cdc::bigpeer::{Client, Endpoint, IgnoreRows, Query, Version};
use ditto_cdc::util::secret::Secret;
use serde_json::Value;
use support::demo_servers::Servers;
use support::program::{Output, Running, run};

/// Generous: commands take seconds on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(90);

/// The demo's servers, and a mirror of them.
struct Scene {
    folder: tempfile::TempDir,
    servers: Servers,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let servers = Servers::start(folder.path(), &[]);
        let scene = Scene { folder, servers };
        let loaded = scene.run(&["mirror", &scene.file(), "--until", "end"]);
        assert_eq!(loaded.status, Some(0), "{}", loaded.stderr);
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self) -> String {
        self.path("copy.db").display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(&self.servers.settings, arguments, TIMEOUT)
    }

    fn sql(&self, statement: &str) -> String {
        sql(&self.path("copy.db"), statement)
    }

    /// Writes a document of the collection `parts` over the HTTP API.
    fn write(&self, document: &str) {
        let value = |name: &str| {
            let mut settings = self.servers.settings.iter();
            settings
                .find(|setting| setting.0 == name)
                .unwrap()
                .1
                .clone()
        };
        let endpoint = Endpoint::parse(&value("DITTO_CDC_URL")).unwrap();
        let key = Secret::new(value("DITTO_CDC_API_KEY"));
        let client = Client::new(endpoint, key, Version::V5).unwrap();
        let query = Query {
            statement: "INSERT INTO parts DOCUMENTS (:part) ON ID CONFLICT DO UPDATE".to_owned(),
            args: vec![("part", document.to_owned())],
            ..Query::default()
        };
        client.execute(&query, &mut IgnoreRows).unwrap();
    }
}

/// The lines of `--json`: the differences by id, and the result.
fn parsed(output: &Output) -> (BTreeMap<String, String>, Value) {
    let mut lines: Vec<Value> = output
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let end = lines.pop().unwrap();
    assert_eq!(end["type"], "auditEnd", "{}", output.stderr);
    let differences = lines.iter().map(|line| {
        let id = format!("{}/{}", line["collection"].as_str().unwrap(), line["_id"]);
        (id, line["type"].as_str().unwrap().to_owned())
    });
    (differences.collect(), end)
}

#[test]
fn a_copy_is_equal_while_both_change() {
    let scene = Scene::new();
    let follow = Running::start(&scene.servers.settings, &["mirror", &scene.file()]);
    for _ in 0..2 {
        let beside = scene.run(&["audit", &scene.file()]);
        assert_eq!(beside.status, Some(0), "{}", beside.stderr);
        let last = beside.lines().pop().unwrap().to_owned();
        assert!(
            last.contains("copy.db is equal to http://127.0.0.1:"),
            "{last}"
        );
    }
    // It cannot repair what another process writes.
    let refused = scene.run(&["audit", &scene.file(), "--repair"]);
    assert_eq!(refused.status, Some(3), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("is writing to it"),
        "{}",
        refused.stderr
    );
    let ended = follow.interrupt();
    assert_eq!(ended.status, Some(130), "{}", ended.stderr);
    // The copy is now behind, and the stream explains it.
    std::thread::sleep(Duration::from_secs(3));
    let behind = scene.run(&["audit", &scene.file(), "--json"]);
    assert_eq!(behind.status, Some(0), "{}", behind.stderr);
    let (differences, end) = parsed(&behind);
    assert!(differences.is_empty() && end["equal"] == true && end["proven"] == true);
}

#[test]
fn damage_of_every_kind_is_named_exactly_and_repaired() {
    let scene = Scene::new();
    // Documents that the demo does not change: an event would mend them.
    for number in 1..6 {
        scene.write(&format!(r#"{{"_id":{number},"name":"bolt","stock":1}}"#));
    }
    scene.write(r#"{"_id":{"maker":"a"},"name":"nut"}"#);
    scene.write(r#"{"_id":5,"name":"bolt","stock":2}"#);
    let loaded = scene.run(&["mirror", &scene.file(), "--until", "end"]);
    assert_eq!(loaded.status, Some(0), "{}", loaded.stderr);
    scene.sql(
        r#"DELETE FROM parts WHERE key = '{"maker":"a"}';
           UPDATE parts SET doc = json_set(doc, '$.name', 'screw') WHERE key = '1';
           UPDATE parts SET doc = '{"_id":5,"name":"bolt","stock":1}', txn = txn - 1 WHERE key = '5';
           UPDATE parts SET doc = ' {"stock":1.0, "name":"bolt", "_id":2}' WHERE key = '2';
           INSERT INTO menu_items (key, doc, txn) VALUES ('"ghost"', '{"_id":"ghost"}', 1);
           CREATE TABLE stray (key TEXT PRIMARY KEY, doc TEXT NOT NULL, txn INTEGER, changed_at INTEGER);
           INSERT INTO stray (key, doc, txn) VALUES ('7', '{"_id":7}', 1);
           INSERT INTO ditto_collections VALUES ('stray', 'stray')"#,
    );
    let expected: BTreeMap<String, String> = [
        (r#"parts/{"maker":"a"}"#, "missing"),
        ("parts/1", "different"),
        ("parts/5", "different"),
        (r#"menu_items/"ghost""#, "extra"),
        ("stray/7", "extra"),
    ]
    .map(|(id, kind)| (id.to_owned(), kind.to_owned()))
    .into();
    let found = scene.run(&["audit", &scene.file(), "--json"]);
    assert_eq!(found.status, Some(4), "{}", found.stderr);
    let (differences, end) = parsed(&found);
    assert_eq!(differences, expected, "{}", found.stderr);
    assert_eq!(
        (&end["equal"], &end["proven"]),
        (&Value::Bool(false), &Value::Bool(true))
    );

    let shown = scene.run(&["audit", &scene.file()]);
    assert_eq!(shown.status, Some(4), "{}", shown.stderr);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("screw"), "{text}");
    assert!(text.contains("1 missing, 2 extra, 2 different"), "{text}");
    let hidden = scene.run(&["audit", &scene.file(), "--ids-only", "-n", "1"]);
    let text = String::from_utf8(hidden.stdout).unwrap();
    assert!(
        !text.contains("screw") && text.contains("and 2 more documents"),
        "{text}"
    );

    let repaired = scene.run(&["audit", &scene.file(), "--repair", "--json"]);
    assert_eq!(repaired.status, Some(0), "{}", repaired.stderr);
    let (_, end) = parsed(&repaired);
    assert_eq!(
        (&end["equal"], &end["repaired"]),
        (&Value::Bool(true), &Value::from(5))
    );
    let equal = scene.run(&["audit", &scene.file(), "--json"]);
    assert_eq!(equal.status, Some(0), "{}", equal.stderr);
    assert!(parsed(&equal).0.is_empty());
    // The mirror continues from its offsets.
    let caught_up = scene.run(&["mirror", &scene.file(), "--until", "end"]);
    assert_eq!(caught_up.status, Some(0), "{}", caught_up.stderr);
    let equal = scene.run(&["audit", &scene.file()]);
    assert_eq!(equal.status, Some(0), "{}", equal.stderr);
}

#[test]
fn a_snapshot_is_equal_with_the_stream_and_not_without() {
    let scene = Scene::new();
    let folder = scene.path("snapshot").display().to_string();
    let read = scene.run(&["requery", "--output", &folder]);
    assert_eq!(read.status, Some(0), "{}", read.stderr);
    std::thread::sleep(Duration::from_secs(4));
    let equal = scene.run(&["audit", &folder]);
    assert_eq!(equal.status, Some(0), "{}", equal.stderr);
    let without = scene.run(&["audit", &folder, "--no-kafka", "--json"]);
    assert_eq!(without.status, Some(4), "{}", without.stderr);
    assert!(
        without.stderr.contains("count as differences"),
        "{}",
        without.stderr
    );
    assert!(!parsed(&without).0.is_empty(), "the demo changes documents");
    let refused = scene.run(&["audit", &folder, "--repair"]);
    assert_eq!(refused.status, Some(2), "{}", refused.stderr);
    let file = std::fs::read_dir(&folder).unwrap();
    let file = file
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "ndjson"))
        .unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let damaged = scene.run(&["audit", &folder]);
    assert_eq!(damaged.status, Some(1), "{}", damaged.stderr);
    assert!(
        damaged
            .stderr
            .contains("is not the file that requery wrote"),
        "{}",
        damaged.stderr
    );
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let scene = Scene::new();
    let foreign = scene.path("foreign.db");
    sql(&foreign, "CREATE TABLE theirs (x)");
    let empty = scene.path("empty.db");
    std::fs::write(&empty, "").unwrap();
    let nothing = scene.path("nothing");
    std::fs::create_dir(&nothing).unwrap();
    let file = scene.file();
    let name = |path: &Path| path.display().to_string();
    for (arguments, status, said) in [
        (vec![name(&foreign)], 3, "of another program"),
        (vec![name(&empty)], 3, "not a mirror"),
        (vec![name(&nothing)], 3, "manifest.json"),
        (vec![name(&scene.path("missing.db"))], 3, "does not exist"),
        (
            vec![file.clone(), "--url".into(), "http://127.0.0.1:1".into()],
            3,
            "is a copy of the server",
        ),
        (
            vec![file.clone(), "--topic".into(), "other".into()],
            3,
            "is a copy of the topic",
        ),
        (vec![file.clone(), "--jobs".into(), "0".into()], 2, "--jobs"),
        (vec![], 2, "is missing"),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let arguments = [&["audit"], &arguments[..]].concat();
        let refused = scene.run(&arguments);
        assert_eq!(
            refused.status,
            Some(status),
            "{arguments:?}: {}",
            refused.stderr
        );
        assert!(
            refused.stderr.contains(said),
            "{arguments:?}: {}",
            refused.stderr
        );
        assert!(refused.stdout.is_empty(), "{arguments:?}");
    }
    let settings: Vec<(&'static str, String)> = scene
        .servers
        .settings
        .iter()
        .map(|(name, value)| match *name {
            "DITTO_CDC_API_KEY" => (*name, "wrong".to_owned()),
            _ => (*name, value.clone()),
        })
        .collect();
    let refused = run(&settings, &["audit", &file], TIMEOUT);
    assert_eq!(refused.status, Some(3), "{}", refused.stderr);
}

/// Runs the system's `sqlite3`.
fn sql(file: &Path, statement: &str) -> String {
    let output = Command::new("sqlite3")
        .arg(file)
        .arg(statement)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}
