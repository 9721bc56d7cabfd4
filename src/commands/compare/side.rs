//! One side of a comparison: the last known state of its documents, and what it does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use super::coverage::Coverage;
use super::documents;
use super::documents::{DocumentReader, DocumentStore};
use super::state_index::SortedStates;

/// One side.
pub(super) struct Side {
    /// What it is, with its name as typed: "the snapshot before".
    pub title: String,
    pub is_capture: bool,
    pub coverage: Coverage,
    /// Every collection, also those that the filter rejects.
    pub known: BTreeSet<String>,
    pub collections: BTreeMap<String, SortedStates>,
    pub files: DocumentFiles,
    /// The names of the topics of a capture.
    pub topics: Vec<String>,
    pub exceptions: Exceptions,
}

/// Where the documents of a side are.
pub(super) enum DocumentFiles {
    /// A file for each collection that has one.
    Snapshot(BTreeMap<String, PathBuf>),
    Capture(DocumentStore),
}

/// What was read but is no state of a document.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    /// Number of events that say that changes are missing.
    pub gaps: u64,
    pub unreadable: u64,
    /// The first record that is not an event, with the reason.
    pub first_unreadable: Option<String>,
    /// Number of changes without a collection or an id.
    pub without_id: u64,
    /// Number of documents whose id is written like that of another one.
    pub repeated_ids: u64,
    /// Number of ids of bytes for each collection.
    pub binary_ids: BTreeMap<String, u64>,
    /// Why a snapshot is not complete, a sentence each; empty if it is.
    pub incomplete: Vec<String>,
}

impl Side {
    /// The states of a collection, and the reader of its documents.
    ///
    /// # Errors
    /// I/O errors of the collection's file.
    pub fn open(&mut self, collection: &str) -> io::Result<(SortedStates, DocumentReader<'_>)> {
        let states = self.collections.remove(collection).unwrap_or_default();
        let reader = match &mut self.files {
            DocumentFiles::Snapshot(paths) => {
                documents::open(paths.get(collection).map(PathBuf::as_path))?
            }
            DocumentFiles::Capture(store) => store.reader(),
        };
        Ok((states, reader))
    }
}
