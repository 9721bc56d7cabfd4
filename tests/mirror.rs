//! `mirror` on the servers of the demo: what a user sees, what is refused, and what a second program reads.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ditto_cdc::mirror::{MirrorReader, MirrorState};
use ditto_cdc::snapshot::write::journal::{Entry, RunIdentity};
use serde_json::value::RawValue;
use support::demo_servers::Servers;
use support::program::{Output, Running, run};

/// Generous: commands take seconds on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How often the copy and the server are compared: a document may change twice in between.
const MAX_COMPARISONS: usize = 10;

/// A collection, and a document as text.
type Document = (String, String);
type Documents = BTreeSet<Document>;

/// A folder, the demo's servers, and a mirror in the folder.
struct Scene {
    folder: tempfile::TempDir,
    servers: Servers,
}

impl Scene {
    fn new(arguments: &[&str]) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let servers = Servers::start(folder.path(), arguments);
        Scene { folder, servers }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("copy.db")
    }

    fn mirror(&self, arguments: &[&str]) -> Output {
        let file = self.file().display().to_string();
        let arguments = [&["mirror", &file], arguments].concat();
        run(&self.servers.settings, &arguments, TIMEOUT)
    }

    fn reader(&self) -> MirrorReader {
        MirrorReader::open(&self.file()).unwrap()
    }

    fn documents(&self) -> Documents {
        let reader = self.reader();
        let mut documents = Documents::new();
        for (collection, _) in reader.collections().unwrap() {
            for row in reader.documents(&collection) {
                let document = String::from_utf8(row.unwrap().document).unwrap();
                documents.insert((collection.clone(), document));
            }
        }
        documents
    }

    /// What the server has, byte for byte.
    fn server_documents(&self) -> Documents {
        #[derive(serde::Deserialize)]
        struct Line {
            collection: Option<String>,
            change: Option<Change>,
        }
        #[derive(serde::Deserialize)]
        struct Change {
            value: Box<RawValue>,
        }
        let read = run(
            &self.servers.settings,
            &["requery", "--output", "-"],
            TIMEOUT,
        );
        assert_eq!(read.status, Some(0), "{}", read.stderr);
        let text = String::from_utf8(read.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let document = |line: Line| {
            let document = line.change?.value.get().to_owned();
            Some((line.collection?, document))
        };
        lines.filter_map(document).collect()
    }
}

#[test]
fn a_copy_equals_the_server_across_gaps() {
    let scene = Scene::new(&["--gap-every", "2s"]);
    let file = scene.file().display().to_string();
    let follow = Running::start(&scene.servers.settings, &["mirror", &file]);
    let started = Instant::now();
    let resolved = || -> bool {
        if MirrorReader::open(&scene.file()).is_err() {
            return false;
        }
        // One gap of the history is before the first snapshot; two more were found and resolved.
        let count = sql(
            &scene.file(),
            "SELECT count(*) FROM ditto_gaps WHERE resolved_at > 0",
        );
        count.trim().parse::<u32>().is_ok_and(|count| count >= 2)
    };
    while !resolved() {
        assert!(started.elapsed() < TIMEOUT, "no gap was resolved");
        thread::sleep(Duration::from_millis(100));
    }
    let second = scene.mirror(&["--until", "end"]);
    assert_eq!(second.status, Some(3), "{}", second.stderr);
    assert!(
        second.stderr.contains("is writing to it"),
        "{}",
        second.stderr
    );
    let ended = follow.interrupt();
    assert_eq!(ended.status, Some(130), "{}", ended.stderr);
    let state = || scene.reader().state().unwrap().unwrap().state;
    let mut differences = Vec::new();
    for _ in 0..MAX_COMPARISONS {
        let before = scene.mirror(&["--until", "end"]);
        assert_eq!(before.status, Some(0), "{}", before.stderr);
        assert_eq!(state(), MirrorState::Current);
        let before = scene.documents();
        let server = scene.server_documents();
        let after = scene.mirror(&["--until", "end"]);
        assert_eq!(after.status, Some(0), "{}", after.stderr);
        let after = scene.documents();
        // The demo goes on writing: what both copies have was there all the time, and what is there is in one of them.
        let is_lost = |one: &&Document| !before.contains(one) && !after.contains(one);
        let lost: Vec<&Document> = server.iter().filter(is_lost).collect();
        let unchanged = before.intersection(&after);
        let extra: Vec<&Document> = unchanged.filter(|one| !server.contains(one)).collect();
        if lost.is_empty() && extra.is_empty() {
            return;
        }
        differences.push(format!("lost: {lost:?}\nextra: {extra:?}"));
    }
    panic!("{}", differences.join("\n"));
}

/// The command on a terminal, which answers `(Ctrl-C ends)` with Ctrl-C.
fn follow_on_terminal(scene: &Scene) -> std::process::Output {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut child = Command::new("python3")
        .arg(format!("{root}/tests/config/dialogue.py"))
        .args([env!("CARGO_BIN_EXE_ditto-cdc"), "mirror"])
        .arg(scene.file())
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("TERM", "xterm")
        .env("HOME", scene.folder.path())
        .envs(scene.servers.settings.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = child.stdin.take().unwrap();
    // The line about what was applied is updated.
    questions
        .write_all(b"applied, the newest of \t^C\n")
        .unwrap();
    drop(questions);
    child.wait_with_output().unwrap()
}

#[test]
fn a_person_sees_that_it_follows_the_stream_and_that_it_stopped() {
    let scene = Scene::new(&[]);
    let ended = follow_on_terminal(&scene);
    let shown = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(130), "{shown}");
    let (_, after) = shown.split_once("copy.db is current").unwrap();
    for said in [
        "following the stream of ditto.demo.cafe… (Ctrl-C ends)",
        "stopped; the next run continues from here",
    ] {
        assert!(after.contains(said), "{said} is missing in {shown}");
    }
    let scheduled = scene.mirror(&["--until", "end"]);
    assert!(
        !scheduled.stderr.contains("following"),
        "{}",
        scheduled.stderr
    );
}

#[test]
fn a_gap_stops_if_the_user_wants_that() {
    let scene = Scene::new(&["--gap-every", "2s"]);
    let stopped = scene.mirror(&["--on-gap", "stop"]);
    assert_eq!(stopped.status, Some(4), "{}", stopped.stderr);
    let state = scene.reader().state().unwrap().unwrap();
    assert_eq!(state.state, MirrorState::BehindGap);
    let still = scene.mirror(&["--on-gap", "stop"]);
    assert_eq!(still.status, Some(4), "{}", still.stderr);
    assert!(still.stderr.contains("behind a gap"), "{}", still.stderr);
    let mended = scene.mirror(&["--until", "end"]);
    assert_eq!(mended.status, Some(0), "{}", mended.stderr);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let scene = Scene::new(&[]);
    // A first run that fails binds the file to nothing.
    let misspelled = scene.mirror(&["--until", "end", "-c", "ordrs"]);
    assert_eq!(misspelled.status, Some(2), "{}", misspelled.stderr);
    let loaded = scene.mirror(&["--until", "end", "-c", "orders", "--history"]);
    assert_eq!(loaded.status, Some(0), "{}", loaded.stderr);
    let names: Vec<String> = scene
        .reader()
        .collections()
        .unwrap()
        .into_iter()
        .map(|one| one.0)
        .collect();
    assert_eq!(names, ["orders"]);
    let before = scene.documents();
    for (arguments, said) in [
        (&["--until", "end"][..], "is a copy of something else"),
        (
            &["--until", "end", "-c", "people"],
            "is a copy of something else",
        ),
        (
            &[
                "--until",
                "end",
                "-c",
                "orders",
                "--url",
                "http://127.0.0.1:1",
            ],
            "is a copy of something else",
        ),
    ] {
        let refused = scene.mirror(arguments);
        assert_eq!(refused.status, Some(3), "{arguments:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains(said),
            "{arguments:?}: {}",
            refused.stderr
        );
        assert_eq!(scene.documents(), before);
    }
    let foreign = scene.folder.path().join("foreign.db");
    sql(
        &foreign,
        "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)",
    );
    let text = scene.folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to look like one").unwrap();
    for path in [foreign, text] {
        let before = std::fs::read(&path).unwrap();
        let name = path.display().to_string();
        let refused = run(
            &scene.servers.settings,
            &["mirror", &name, "--until", "end"],
            TIMEOUT,
        );
        assert_eq!(refused.status, Some(3), "{}", refused.stderr);
        assert_eq!(std::fs::read(&path).unwrap(), before, "{name}");
    }
}

#[test]
fn indexes_are_made_kept_and_used_by_the_systems_sqlite() {
    let scene = Scene::new(&[]);
    let run = |arguments: &[&str]| {
        let ended = scene.mirror(&[&["--until", "end"], arguments].concat());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        ended.stderr
    };
    let index = "orders( status,.totalCents )";
    let first = run(&["--index", index, "--index", "odrers(status)"]);
    for said in [
        "making 1 index",
        "the index orders(status, totalCents) has the columns status, totalCents",
        "the collection odrers does not exist yet (did you mean orders?); the index odrers(status) is made together",
    ] {
        assert!(first.contains(said), "{said}: {first}");
    }
    let plan = |query: &str| sql(&scene.file(), &format!("EXPLAIN QUERY PLAN {query}"));
    let query = "SELECT id FROM orders WHERE status = 'paid' AND totalCents > 1000";
    let used = "SEARCH orders USING INDEX ditto_index_1 (status=? AND totalCents>?)";
    assert!(plan(query).contains(used), "{}", plan(query));
    let differing = "SELECT count(*) FROM orders WHERE status IS NOT doc ->> '$.status' OR totalCents IS NOT doc ->> '$.totalCents'";
    assert_eq!(sql(&scene.file(), differing).trim(), "0");
    assert_eq!(sql(&scene.file(), "PRAGMA integrity_check").trim(), "ok");
    let again = run(&["--index", index]);
    assert!(!again.contains("index"), "{again}");
    let later = run(&["--index", "orders(payment.tender)"]);
    for said in [
        "making the index orders(payment.tender) of ",
        "the index orders(payment.tender) has the columns payment_tender",
    ] {
        assert!(later.contains(said), "{said}: {later}");
    }
    let by_city = "SELECT id FROM orders WHERE payment_tender = 'x'";
    let used_by_city = "USING INDEX ditto_index_3 (payment_tender=?)";
    assert!(plan(by_city).contains(used_by_city), "{}", plan(by_city));
    // A gap: the next run replaces the tables.
    sql(
        &scene.file(),
        "INSERT INTO ditto_gaps (reason, announced, found_at) VALUES ('test', 0, 0);
         DELETE FROM ditto_indexes WHERE collection = 'odrers'",
    );
    let replaced = run(&[]);
    assert!(replaced.contains("making 2 indexes"), "{replaced}");
    assert!(plan(query).contains(used), "{}", plan(query));
    assert!(plan(by_city).contains(used_by_city), "{}", plan(by_city));
}

#[test]
fn an_interrupted_load_of_something_else_starts_again_without_advice_of_requery() {
    let scene = Scene::new(&[]);
    let loaded = scene.mirror(&["--until", "end"]);
    assert_eq!(loaded.status, Some(0), "{}", loaded.stderr);
    let head = RunIdentity {
        format: 0,
        server: String::new(),
        api: String::new(),
        floor: None,
        floor_from: Vec::new(),
        patterns: Vec::new(),
        condition: None,
        cluster: None,
        positions: Vec::new(),
        held_back: Vec::new(),
        seen: Vec::new(),
        started: String::new(),
    };
    let head = serde_json::to_string(&Entry::Head(head)).unwrap();
    let interrupted = format!("INSERT INTO ditto_load (entry) VALUES ('{head}')");
    sql(&scene.file(), &interrupted);
    let again = scene.mirror(&["--until", "end"]);
    assert_eq!(again.status, Some(0), "{}", again.stderr);
    let said = "the snapshot that was interrupted cannot be continued: another version of ditto-cdc started it";
    assert!(again.stderr.contains(said), "{}", again.stderr);
    assert!(!again.stderr.contains("--resume"), "{}", again.stderr);
}

#[test]
fn usage_errors_and_a_missing_topic_are_explained() {
    let missing = run(
        &[
            ("DITTO_CDC_URL", "http://127.0.0.1:1".to_owned()),
            ("DITTO_CDC_API_KEY", "key".to_owned()),
        ],
        &["mirror", "copy.db"],
        TIMEOUT,
    );
    assert_eq!(missing.status, Some(3), "{}", missing.stderr);
    assert!(
        missing.stderr.contains("Kafka is not configured"),
        "{}",
        missing.stderr
    );
    for arguments in [
        &["mirror"][..],
        &["mirror", "copy.db", "--until", "now"],
        &["mirror", "copy.db", "-c", "["],
    ] {
        let refused = run(&[], arguments, TIMEOUT);
        assert_eq!(refused.status, Some(2), "{arguments:?}: {}", refused.stderr);
    }
    for (arguments, said) in [
        (
            &["--index", "orders(status, lines[*].qty)"][..],
            "--index, column 16: * names several values",
        ),
        (
            &["-c", "o*", "--index", "people(name)"],
            "-c does not select the collection people",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copy.db");
        let name = file.display().to_string();
        let refused = run(&[], &[&["mirror", &name], arguments].concat(), TIMEOUT);
        assert_eq!(refused.status, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
        assert!(!file.exists());
    }
}

/// Runs the system's `sqlite3`.
fn sql(file: &Path, statement: &str) -> String {
    let output = Command::new("sqlite3")
        .arg(file)
        .arg(statement)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
