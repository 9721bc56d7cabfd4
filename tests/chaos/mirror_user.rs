//! A user who keeps a copy with `mirror`, which is killed repeatedly, and programs that read the copy at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ditto_cdc::mirror::MirrorReader;
use serde_json::Value;

use crate::copy::{Content, identity};
use crate::rng::Rng;
use crate::shell::{EndStatus, Shell, TIMEOUT};
use crate::world::{Key, Version};

/// How often a reader looks at the file.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// Limit of runs for catching up: a snapshot that cannot be proven makes another one necessary.
const MAX_RUNS: usize = 40;

/// The file, and what its readers have seen.
pub struct MirrorUser {
    shell: Shell,
    rng: Rng,
    seen: Seen,
}

/// What readers have seen.
#[derive(Default)]
pub struct Seen {
    /// Every row: its document as text, at its transaction.
    pub rows: BTreeSet<Version>,
    /// The latest transaction of each document, and whether the last look has found it.
    latest: BTreeMap<Key, (u64, bool)>,
    /// Number of looks that found at least one document.
    looks: usize,
}

impl MirrorUser {
    /// `env` contains the settings, and a `PATH` with the tool.
    pub fn new(env: Vec<(&'static str, String)>, rng: Rng) -> MirrorUser {
        MirrorUser {
            shell: Shell::new(env),
            rng,
            seen: Seen::default(),
        }
    }

    fn file(&self) -> PathBuf {
        self.shell.path().join("copy.db")
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
                self.seen.look(&self.file());
                return;
            }
        }
        panic!("it never catches up:\n{}", self.log());
    }

    fn run(&mut self, line: &str, timeout: Duration) -> EndStatus {
        let (file, seen) = (self.file(), &mut self.seen);
        let mut looked = Instant::now();
        let (status, _) = self.shell.run(line, timeout, || {
            if looked.elapsed() > LOOK_INTERVAL {
                seen.look(&file);
                looked = Instant::now();
            }
        });
        status
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
        self.shell.log()
    }

    /// What readers have seen.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The counters as a line.
    pub fn summary(&self) -> String {
        format!(
            "{} kills, {} versions of documents seen in {} looks",
            self.shell.kills,
            self.seen.rows.len(),
            self.seen.looks
        )
    }
}

impl Seen {
    /// Reads everything in one transaction, as any reader may. A document never returns to an earlier transaction.
    fn look(&mut self, file: &Path) {
        let Ok(reader) = MirrorReader::open(file) else {
            // The file does not exist yet, or is being created.
            return;
        };
        reader.begin().unwrap();
        let has_snapshot = reader.manifest().unwrap().is_some();
        let mut found = BTreeSet::new();
        for (collection, count) in reader.collections().unwrap() {
            assert!(has_snapshot || count == 0, "a half state of {collection}");
            for row in reader.documents(&collection) {
                let row = row.unwrap();
                let txn = row.txn.expect("the server sends transactions");
                let key = (collection.clone(), row.key);
                let (latest, was_there) = self.latest.get(&key).copied().unwrap_or_default();
                let is_later = txn > latest || (was_there && txn == latest);
                assert!(is_later, "{key:?}: {txn} after {latest}, {was_there}");
                self.latest.insert(key.clone(), (txn, true));
                found.insert(key.clone());
                let document = String::from_utf8(row.document).unwrap();
                self.rows.insert((key, txn, document));
            }
        }
        reader.end().unwrap();
        self.looks += usize::from(!found.is_empty());
        for (key, (_, is_there)) in &mut self.latest {
            *is_there = found.contains(key);
        }
    }
}
