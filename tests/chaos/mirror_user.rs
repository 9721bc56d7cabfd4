//! A user who keeps a copy with `mirror`, which is killed repeatedly, and programs that read the copy at any time.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ditto_cdc::mirror::MirrorReader;
use serde_json::Value;
use tempfile::TempDir;

use crate::copy::{Content, identity};
use crate::rng::Rng;

/// Timeout of a run that is not to be killed.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Limit of runs for catching up: a snapshot that cannot be proven makes another one necessary.
const MAX_RUNS: usize = 40;

/// A collection and a document in it, as text.
pub type Version = (String, String);

/// The file, and what its readers have seen.
pub struct MirrorUser {
    folder: TempDir,
    env: Vec<(&'static str, String)>,
    rng: Rng,
    kills: usize,
    /// Every document that a reader has seen.
    pub seen: BTreeSet<Version>,
    log: Vec<String>,
}

impl MirrorUser {
    /// `env` contains the settings, and a `PATH` with the tool.
    pub fn new(env: Vec<(&'static str, String)>, rng: Rng) -> MirrorUser {
        MirrorUser {
            folder: tempfile::tempdir().unwrap(),
            env,
            rng,
            kills: 0,
            seen: BTreeSet::new(),
            log: Vec::new(),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("copy.db")
    }

    /// Follows the stream, and kills the program after a random time.
    pub fn run_and_kill(&mut self) {
        let timeout = Duration::from_millis(50 + self.rng.below(5000) as u64);
        let line = if self.rng.percent(50) {
            "ditto-cdc mirror copy.db"
        } else {
            "ditto-cdc mirror copy.db --until end"
        };
        let status = self.run(line, timeout);
        assert!(matches!(status, None | Some(0 | 4)), "{}", self.log());
    }

    /// Runs until the copy is current, and once more, which must change nothing.
    pub fn catch_up(&mut self) {
        for _ in 0..MAX_RUNS {
            if self.run("ditto-cdc mirror copy.db --until end", TIMEOUT) == Some(0) {
                let before = self.content();
                let again = self.run("ditto-cdc mirror copy.db --until end", TIMEOUT);
                assert_eq!(again, Some(0), "{}", self.log());
                assert_eq!(before, self.content(), "{}", self.log());
                return;
            }
        }
        panic!("it never catches up:\n{}", self.log());
    }

    fn run(&mut self, line: &str, timeout: Duration) -> Option<i32> {
        let stderr = self.folder.path().join("stderr");
        let mut child = Command::new("sh")
            .args(["-c", &format!("exec {line}")])
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status.code().expect("only this test kills it"));
            }
            if started.elapsed() > timeout {
                assert!(timeout < TIMEOUT, "{line} does not end:\n{}", self.log());
                child.kill().unwrap();
                child.wait().unwrap();
                self.kills += 1;
                break None;
            }
            self.look();
            thread::sleep(Duration::from_millis(10));
        };
        let stderr = fs::read_to_string(stderr).unwrap();
        self.log.push(format!("$ {line}\n{stderr}[{status:?}]"));
        status
    }

    /// Reads everything in one transaction, as any reader may.
    fn look(&mut self) {
        let Ok(reader) = MirrorReader::open(&self.file()) else {
            // The file does not exist yet, or is being created.
            return;
        };
        reader.begin().unwrap();
        let has_snapshot = reader.manifest().unwrap().is_some();
        for (collection, count) in reader.collections().unwrap() {
            assert!(has_snapshot || count == 0, "a half state of {collection}");
            for row in reader.documents(&collection) {
                let document: Value = serde_json::from_slice(&row.unwrap().document).unwrap();
                self.seen.insert((collection.clone(), document.to_string()));
            }
        }
        reader.end().unwrap();
    }

    /// The documents in the file.
    pub fn content(&self) -> Content {
        let reader = MirrorReader::open(&self.file()).unwrap();
        let mut content = Content::new();
        for (collection, _) in reader.collections().unwrap() {
            for row in reader.documents(&collection) {
                let document: Value = serde_json::from_slice(&row.unwrap().document).unwrap();
                let before = content.insert(identity(&collection, &document), document);
                assert!(before.is_none(), "twice in {collection}");
            }
        }
        content
    }

    /// The latest commands with their messages.
    pub fn log(&self) -> String {
        let start = self.log.len().saturating_sub(30);
        self.log[start..].join("\n")
    }

    /// The counters as a line.
    pub fn summary(&self) -> String {
        format!(
            "{} kills, {} versions of documents seen",
            self.kills,
            self.seen.len()
        )
    }
}
