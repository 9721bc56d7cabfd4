//! What an interrupted run has finished, so that `--resume` goes on there: one JSON value a line, appended.
//! Whether the files still agree with it is checked by `file`; whether a run fits to it, here.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::snapshot::manifest::{Census, Collection, Position, Scope};

/// The state of a file at the end of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The file's size up to there.
    pub length: u64,
    /// SHA-256 of all up to there, in hexadecimal digits.
    pub sum: String,
}

/// What a run is bound to: none of it may change under `--resume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of this format.
    pub format: u32,
    /// The server's address.
    pub server: String,
    /// Which version of the API.
    pub api: String,
    /// The transaction that every answer has to have reached.
    pub floor: Option<u64>,
    /// Where the floor came from.
    pub floor_from: Vec<String>,
    /// What was named with `--collection`.
    pub named: Vec<String>,
    /// `--where`
    pub condition: Option<String>,
    /// The id of the Kafka cluster, where its brokers told it.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Where the stream goes on.
    pub positions: Vec<Position>,
    /// Collections that the stream has shown.
    pub seen: Vec<String>,
    /// When the run began, RFC 3339 in UTC.
    pub started: String,
}

/// One page that is in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The type of its ids, as `type(_id)` calls it; `None` for pages of all types.
    pub kind: Option<String>,
    /// The last id, as JSON text; `None` where the page was empty.
    pub last: Option<String>,
    /// Nothing comes behind it.
    pub end: bool,
    /// How many documents of each type it held.
    pub by_type: Vec<(String, u64)>,
    /// At which transaction it was read.
    pub transaction_id: Option<u64>,
    /// The file behind it.
    pub mark: Mark,
}

/// One line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Line {
    /// The first line.
    Head(Head),
    /// Which collections there are, and what the server's list was worth.
    Collections(Vec<String>, Scope),
    /// What the server counted before the walk.
    Census(String, Census),
    /// A page of a collection is in its file.
    Page(String, Page),
    /// A collection is begun anew.
    Again(String),
    /// A collection was read to its end and counted again; whether it is complete is proven behind all walks, and
    /// proven again by a run that goes on from here.
    Done(Box<Collection>),
}

/// A journal that is written.
pub struct Journal {
    file: Mutex<File>,
}

impl Journal {
    /// Begins a journal, or goes on with one behind `valid` bytes.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open(path: &Path, valid: u64) -> io::Result<Journal> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        file.set_len(valid)?;
        let mut file = file;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        Ok(Journal {
            file: Mutex::new(file),
        })
    }

    /// Appends a line with one write, so that a crash leaves at most one half line.
    ///
    /// # Errors
    /// What the disk says.
    pub fn add(&self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text)
    }
}

/// A journal that was left behind.
#[derive(Debug, Default)]
pub struct Left {
    /// Its lines up to the first that cannot be read, which a crash has halved.
    pub lines: Vec<Line>,
    /// The size of these lines.
    pub valid: u64,
}

/// What is known of one collection.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// What the server counted before the walk.
    pub census: Option<Census>,
    /// Pages in the order in which they stand in the file.
    pub pages: Vec<Page>,
    /// The collection was read to its end and counted again.
    pub done: Option<Collection>,
}

impl Left {
    /// Reads a journal; one that is not there is empty.
    ///
    /// # Errors
    /// What the disk says.
    pub fn read(path: &Path) -> io::Result<Left> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Left::default()),
            Err(error) => return Err(error),
        };
        let mut left = Left::default();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(read) if line.ends_with(b"\n") => left.lines.push(read),
                _ => break,
            }
            left.valid += line.len() as u64;
        }
        Ok(left)
    }

    /// What the journal is bound to; `None` where nothing was begun.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        match self.lines.first() {
            Some(Line::Head(head)) => Some(head),
            _ => None,
        }
    }

    /// Which collections there are, once that was found out.
    #[must_use]
    pub fn collections(&self) -> Option<(&[String], &Scope)> {
        self.lines.iter().find_map(|line| match line {
            Line::Collections(names, scope) => Some((names.as_slice(), scope)),
            _ => None,
        })
    }

    /// What is known of one collection.
    #[must_use]
    pub fn past(&self, collection: &str) -> Past {
        let mut past = Past::default();
        for line in &self.lines {
            match line {
                Line::Census(name, census) if name == collection => {
                    past.census = Some(census.clone());
                }
                Line::Page(name, page) if name == collection => past.pages.push(page.clone()),
                Line::Again(name) if name == collection => past = Past::default(),
                Line::Done(done) if done.name == collection => past.done = Some((**done).clone()),
                _ => {}
            }
        }
        past
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_halved_line_is_forgotten_and_the_rest_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        assert_eq!(Left::read(&path).unwrap().lines.len(), 0);
        let page = |last: &str| Page {
            kind: Some("string".to_owned()),
            last: Some(last.to_owned()),
            end: false,
            by_type: vec![("string".to_owned(), 3)],
            transaction_id: Some(7),
            mark: Mark {
                length: 9,
                sum: "ab".to_owned(),
            },
        };
        let journal = Journal::open(&path, 0).unwrap();
        journal
            .add(&Line::Page("a".to_owned(), page("\"1\"")))
            .unwrap();
        journal.add(&Line::Again("a".to_owned())).unwrap();
        journal
            .add(&Line::Page("a".to_owned(), page("\"2\"")))
            .unwrap();
        journal
            .add(&Line::Page("b".to_owned(), page("\"3\"")))
            .unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in 1..40 {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let left = Left::read(&path).unwrap();
            assert_eq!(left.past("a").pages, [page("\"2\"")]);
            assert_eq!(left.past("b").pages.len(), 0, "{cut}");
            let journal = Journal::open(&path, left.valid).unwrap();
            journal
                .add(&Line::Page("b".to_owned(), page("\"4\"")))
                .unwrap();
            assert_eq!(Left::read(&path).unwrap().past("b").pages, [page("\"4\"")]);
        }
    }
}
