//! The copy that is compared with the server: a mirror, or the folder of a snapshot.

use std::io;

use crate::snapshot::manifest::{Manifest, Position};

use super::sameness::Sameness;

/// A copy, as it is at one moment.
pub(super) trait AuditedCopy: Send + Sync {
    /// Opens a collection; it may be one that the copy does not have. At most as many at once as there are threads.
    ///
    /// # Errors
    /// Errors of the files.
    fn open(&self, collection: &str) -> io::Result<Box<dyn CollectionCopy>>;

    /// The document of a key, or when it was removed. `place` comes from [`Match`] or [`CollectionCopy::for_each_unmatched`].
    ///
    /// # Errors
    /// Errors of the files.
    fn version(&self, collection: &str, key: &str, place: Option<u64>) -> io::Result<Version>;
}

/// What is known about a copy.
pub(super) struct CopyFacts {
    /// The path as typed.
    pub name: String,
    /// What was read when it was made.
    pub manifest: Manifest,
    /// The offsets up to which the stream is in it.
    pub positions: Vec<Position>,
    /// Its collections.
    pub collections: Vec<String>,
    /// Why changes are missing in it, if it says so, as a sentence.
    pub gap: Option<String>,
}

/// A document of a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Version {
    /// Raw JSON; `None` if the copy does not have it.
    pub document: Option<Vec<u8>>,
    /// The transaction of the document, or of its removal, if the copy knows it.
    pub txn: Option<u64>,
}

/// What a copy has for a document of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// A document.
    Found {
        /// How it relates to that of the server.
        sameness: Sameness,
        /// Where it is in the copy.
        place: u64,
    },
    Missing,
}

/// Documents of the server that are in the copy, byte for byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct EqualRun {
    /// Number of documents.
    pub documents: u64,
    /// Number of bytes, line ends included.
    pub bytes: usize,
}

impl EqualRun {
    /// Adds a document and its line end.
    pub fn add(&mut self, document: &[u8]) {
        self.documents += 1;
        self.bytes += document.len() + 1;
    }
}

/// Whether a document is the first one of several, one a line.
pub(super) fn starts_with_line(lines: &[u8], document: &[u8]) -> bool {
    lines.get(document.len()) == Some(&b'\n') && lines.starts_with(document)
}

/// One collection of a copy. The server's documents come in any order; that of the copy is the fastest.
pub(super) trait CollectionCopy: Send {
    /// Compares documents of the server, one a line, from the first one on, as long as they are equal byte for byte to those
    /// of the copy and in the same order.
    ///
    /// # Errors
    /// Errors of the files.
    fn skip_equal(&mut self, lines: &[u8]) -> io::Result<EqualRun>;

    /// Compares a document of the server with that of the same key, canonical JSON.
    ///
    /// # Errors
    /// Errors of the files.
    fn compare(&mut self, key: &str, document: &[u8]) -> io::Result<Match>;

    /// The documents that were not compared: their places and keys.
    ///
    /// # Errors
    /// Errors of the files, and those of `take`.
    fn for_each_unmatched(
        &mut self,
        take: &mut dyn FnMut(u64, &str) -> io::Result<()>,
    ) -> io::Result<()>;

    /// Forgets what was compared.
    ///
    /// # Errors
    /// Errors of the files.
    fn restart(&mut self) -> io::Result<()>;
}
