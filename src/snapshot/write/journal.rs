//! Journal of a run, for `--resume`: one JSON value per line, appended.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::snapshot::manifest::{Census, Collection, HeldBackPosition, Position, Scope};
use crate::util::mutex::lock;
use crate::util::private_file;

/// The length and hash of a file at the end of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitPoint {
    /// The length in bytes.
    pub length: u64,
    /// SHA-256 of the bytes up to there, in hexadecimal digits.
    pub sum: String,
}

/// Identity of a run: `--resume` requires the same options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunIdentity {
    /// The version of this format.
    pub format: u32,
    /// The server's address.
    pub server: String,
    /// The version of the API.
    pub api: String,
    /// The minimum transaction of every response.
    pub floor: Option<u64>,
    /// Sources of the minimum transaction.
    pub floor_from: Vec<String>,
    /// The patterns of `--collection`, as typed.
    #[serde(rename = "named")]
    pub patterns: Vec<String>,
    /// The condition of `--where`.
    pub condition: Option<String>,
    /// The id of the Kafka cluster, if its brokers send it.
    #[serde(default)]
    pub cluster: Option<String>,
    /// The offsets from which the stream continues.
    pub positions: Vec<Position>,
    /// Partitions whose offset is before their end.
    #[serde(default)]
    pub held_back: Vec<HeldBackPosition>,
    /// Collections that occur in the stream.
    pub seen: Vec<String>,
    /// When the run started, RFC 3339 in UTC.
    pub started: String,
}

/// One committed page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageEntry {
    /// The type of its ids, as `type(_id)` names it; `None` for pages of all types.
    pub kind: Option<String>,
    /// The last id as raw JSON; `None` if the page was empty.
    pub last: Option<String>,
    /// The last page of its type.
    pub end: bool,
    /// Number of documents of each type.
    pub by_type: Vec<(String, u64)>,
    /// The transaction at which it was read.
    pub transaction_id: Option<u64>,
    /// Warnings of the server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The file at the end of the page.
    pub mark: CommitPoint,
}

/// One line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Entry {
    /// The first line.
    Head(RunIdentity),
    /// The collections, and how reliable the server's list was.
    Collections(Vec<String>, Scope),
    /// The server's count before the read.
    Census(String, Census),
    /// A page of a collection was committed.
    Page(String, PageEntry),
    /// A collection is restarted.
    Again(String),
    /// A collection was read to its end and counted again. Each run proves its completeness after all reads.
    Done(Box<Collection>),
}

/// A journal that is open for appending.
pub struct Journal {
    file: Mutex<File>,
}

impl Journal {
    /// Creates a journal, or continues one after `valid` bytes.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn open(path: &Path, valid: u64) -> io::Result<Journal> {
        let mut file = private_file::open(path)?;
        file.set_len(valid)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        Ok(Journal {
            file: Mutex::new(file),
        })
    }

    /// Appends a line with one write, so that a crash leaves at most one partial line.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn add(&self, line: &Entry) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut file = lock(&self.file);
        file.write_all(&text)
    }
}

/// The journal of an interrupted run.
#[derive(Debug, Default)]
pub struct ResumeState {
    /// Its lines up to the first one that cannot be parsed, because a crash cut it off.
    pub lines: Vec<Entry>,
    /// The size of these lines in bytes.
    pub valid: u64,
}

/// The pages of one collection that an interrupted run has read.
#[derive(Debug, Clone, Default)]
pub struct CollectionResume {
    /// The server's count before the read.
    pub census: Option<Census>,
    /// Pages in the order of the file.
    pub pages: Vec<PageEntry>,
    /// The collection was read to its end and counted again.
    pub done: Option<Collection>,
}

impl CollectionResume {
    /// Whether a store can be continued with these pages. Only pages in the order of ids can be.
    #[must_use]
    pub fn can_continue(&self) -> bool {
        let is_ordered = self.pages.iter().all(|page| page.kind.is_some());
        self.done.is_some() || is_ordered && !self.pages.is_empty()
    }
}

impl Entry {
    /// The entry of a collection that was read to its end. One that failed has none, so that a resumed run reads it again;
    /// each run proves the counts itself.
    #[must_use]
    pub fn done(collection: &Collection) -> Option<Entry> {
        let has_failed = !collection.why_not.is_empty();
        (!has_failed).then(|| Entry::Done(Box::new(collection.clone())))
    }
}

impl ResumeState {
    /// Reads a journal; a missing one is empty.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn read(path: &Path) -> io::Result<ResumeState> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(ResumeState::default());
            }
            Err(error) => return Err(error),
        };
        let mut state = ResumeState::default();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(read) if line.ends_with(b"\n") => state.lines.push(read),
                _ => break,
            }
            state.valid += line.len() as u64;
        }
        Ok(state)
    }

    /// The identity of the run; `None` if the journal is empty.
    #[must_use]
    pub fn head(&self) -> Option<&RunIdentity> {
        match self.lines.first() {
            Some(Entry::Head(head)) => Some(head),
            _ => None,
        }
    }

    /// The collections and the scope, if the run has determined them.
    #[must_use]
    pub fn collections(&self) -> Option<(&[String], &Scope)> {
        self.lines.iter().find_map(|line| match line {
            Entry::Collections(names, scope) => Some((names.as_slice(), scope)),
            _ => None,
        })
    }

    /// The pages of one collection that the run has read.
    #[must_use]
    pub fn collection(&self, collection: &str) -> CollectionResume {
        let mut resume = CollectionResume::default();
        for line in &self.lines {
            match line {
                Entry::Census(name, census) if name == collection => {
                    resume.census = Some(census.clone());
                }
                Entry::Page(name, page) if name == collection => resume.pages.push(page.clone()),
                Entry::Again(name) if name == collection => resume = CollectionResume::default(),
                Entry::Done(done) if done.name == collection => {
                    resume.done = Some((**done).clone());
                }
                _ => {}
            }
        }
        resume
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_truncated_last_line_is_discarded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        assert_eq!(ResumeState::read(&path).unwrap().lines.len(), 0);
        let page = |last: &str| PageEntry {
            kind: Some("string".to_owned()),
            last: Some(last.to_owned()),
            end: false,
            by_type: vec![("string".to_owned(), 3)],
            transaction_id: Some(7),
            warnings: Vec::new(),
            mark: CommitPoint {
                length: 9,
                sum: "ab".to_owned(),
            },
        };
        let journal = Journal::open(&path, 0).unwrap();
        journal
            .add(&Entry::Page("a".to_owned(), page("\"1\"")))
            .unwrap();
        journal.add(&Entry::Again("a".to_owned())).unwrap();
        journal
            .add(&Entry::Page("a".to_owned(), page("\"2\"")))
            .unwrap();
        journal
            .add(&Entry::Page("b".to_owned(), page("\"3\"")))
            .unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..40 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let state = ResumeState::read(&path).unwrap();
            assert_eq!(state.collection("a").pages, [page("\"2\"")]);
            assert_eq!(state.collection("b").pages.len(), 0, "{cut}");
            let journal = Journal::open(&path, state.valid).unwrap();
            journal
                .add(&Entry::Page("b".to_owned(), page("\"4\"")))
                .unwrap();
            assert_eq!(
                ResumeState::read(&path).unwrap().collection("b").pages,
                [page("\"4\"")]
            );
        }
    }
}
