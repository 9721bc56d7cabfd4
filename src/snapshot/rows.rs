//! Reads the documents of a collection's file, and checks that the file is the one that the manifest describes.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::manifest::Collection;
use crate::record::{Failure, FailureClass};
use crate::tls::Sha256;

/// Size of the read buffer.
const BUFFER_BYTES: usize = 1 << 20;

/// The documents of one collection in the order of its file.
pub struct Rows {
    /// `None` for a collection without a file.
    reader: Option<BufReader<File>>,
    path: PathBuf,
    expected: Collection,
    sum: Sha256,
    /// Bytes and documents that were read.
    bytes: u64,
    documents: u64,
    line: Vec<u8>,
}

/// One document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Where it starts in the file, in bytes.
    pub offset: u64,
    /// Raw JSON, without the line end.
    pub document: &'a [u8],
}

/// The path of a collection's file; `None` if it has none.
#[must_use]
pub fn path(folder: &Path, collection: &Collection) -> Option<PathBuf> {
    Some(folder.join(collection.file.as_ref()?))
}

impl Rows {
    /// Opens the file of a collection.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be opened.
    pub fn open(folder: &Path, collection: &Collection) -> Result<Rows, Failure> {
        let path = path(folder, collection);
        let file = path.as_deref().map(File::open).transpose();
        let path = path.unwrap_or_default();
        let file = file.map_err(|error| unreadable(&path, &error))?;
        Ok(Rows {
            reader: file.map(|file| BufReader::with_capacity(BUFFER_BYTES, file)),
            path,
            expected: collection.clone(),
            sum: Sha256::default(),
            bytes: 0,
            documents: 0,
            line: Vec::new(),
        })
    }

    /// The next document. `None` at the end, if size, digest and number of documents are those of the manifest.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read, or is not the one that `requery` wrote.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, Failure> {
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        self.line.clear();
        let length = reader.read_until(b'\n', &mut self.line);
        let length = length.map_err(|error| unreadable(&self.path, &error))?;
        if length == 0 {
            return self.check().map(|()| None);
        }
        self.sum.add(&self.line);
        let offset = self.bytes;
        self.bytes += length as u64;
        self.documents += 1;
        let document = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        Ok(Some(Row { offset, document }))
    }

    fn check(&self) -> Result<(), Failure> {
        let expected = &self.expected;
        let difference = if self.bytes != expected.bytes {
            format!("it has {} bytes, not {}", self.bytes, expected.bytes)
        } else if self.documents != expected.documents {
            format!(
                "it has {} documents, not {}",
                self.documents, expected.documents
            )
        } else if self.sum.digits() != expected.sha256 {
            "its SHA-256 differs".to_owned()
        } else {
            return Ok(());
        };
        Err(Failure {
            class: FailureClass::Read,
            what: format!(
                "reading the snapshot: {} is not the file that requery wrote: {difference}",
                self.path.display()
            ),
            fix: Some(
                "restore the folder, or make a new snapshot: ditto-cdc requery --output DIR"
                    .to_owned(),
            ),
            raw: None,
        })
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure {
        class: FailureClass::Read,
        what: format!(
            "reading the snapshot: the file {} cannot be read",
            path.display()
        ),
        fix: Some("check that the folder is complete, and its owner and mode (ls -l)".to_owned()),
        raw: Some(error.to_string()),
    }
}

#[cfg(test)]
#[path = "tests/rows.rs"]
mod tests;
