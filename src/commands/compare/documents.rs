//! Stored documents, read by their place: in the files of a snapshot, or in a temporary file of a capture's documents.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use tempfile::SpooledTempFile;

use super::state_index::{Span, StateIndex};

/// A temporary file is created only for more than this.
const IN_MEMORY_BYTES: usize = 16 << 20;
/// Documents that were superseded are removed from the temporary file only if they take more than this.
const MIN_DEAD_BYTES: u64 = 64 << 20;
/// Number of bytes that are read ahead if documents are read in their order.
const WINDOW_BYTES: usize = 256 << 10;

/// A file of documents.
pub(super) trait DocumentFile: Read + Seek {}
impl<T: Read + Seek> DocumentFile for T {}

/// Reads documents, fast if their order is that of the file.
pub(super) struct DocumentReader<'f> {
    file: Box<dyn DocumentFile + 'f>,
    /// A part of the file, and where it starts.
    window: Vec<u8>,
    start: u64,
}

impl<'f> DocumentReader<'f> {
    pub fn new(file: impl DocumentFile + 'f) -> DocumentReader<'f> {
        DocumentReader {
            file: Box::new(file),
            window: Vec::new(),
            start: 0,
        }
    }

    /// The bytes of a document.
    ///
    /// # Errors
    /// I/O errors of the file, also if it has become shorter.
    pub fn read(&mut self, span: Span) -> io::Result<&[u8]> {
        let inside = |start: u64, window: &[u8]| {
            let begin = usize::try_from(span.offset.checked_sub(start)?).ok()?;
            let end = begin.checked_add(span.length)?;
            (end <= window.len()).then_some(begin..end)
        };
        if inside(self.start, &self.window).is_none() {
            self.fill(span)?;
        }
        inside(self.start, &self.window)
            .and_then(|range| self.window.get(range))
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Reads ahead if the document follows the last one closely: any other order would read most bytes in vain.
    fn fill(&mut self, span: Span) -> io::Result<()> {
        let end = self.start + self.window.len() as u64;
        let follows = span.offset.checked_sub(self.start).is_some()
            && span.offset <= end + WINDOW_BYTES as u64;
        let length = if follows {
            span.length.max(WINDOW_BYTES)
        } else {
            span.length
        };
        self.file.seek(SeekFrom::Start(span.offset))?;
        (self.start, self.window) = (span.offset, std::mem::take(&mut self.window));
        self.window.clear();
        (&mut self.file)
            .take(length as u64)
            .read_to_end(&mut self.window)?;
        Ok(())
    }
}

/// The documents of a capture, which may be compressed or a pipe: a temporary file that only its owner can read, without a
/// name where the system allows it.
pub(super) struct DocumentStore {
    file: SpooledTempFile,
    length: u64,
    /// Bytes of documents that were superseded.
    dead: u64,
}

impl Default for DocumentStore {
    fn default() -> Self {
        DocumentStore {
            file: tempfile::spooled_tempfile(IN_MEMORY_BYTES),
            length: 0,
            dead: 0,
        }
    }
}

impl DocumentStore {
    /// Appends a document.
    ///
    /// # Errors
    /// I/O errors of the temporary file.
    pub fn add(&mut self, document: &[u8]) -> io::Result<Span> {
        self.file.write_all(document)?;
        let span = Span {
            offset: self.length,
            length: document.len(),
        };
        self.length += document.len() as u64;
        Ok(span)
    }

    /// Notes that a document was superseded. Whether [`DocumentStore::compact`] is due.
    pub fn discard(&mut self, span: Span) -> bool {
        self.dead += span.length as u64;
        self.dead > MIN_DEAD_BYTES && self.dead > self.length / 2
    }

    /// Copies the documents of these indexes to a new file.
    ///
    /// # Errors
    /// I/O errors of both files.
    pub fn compact<'i>(
        &mut self,
        indexes: impl Iterator<Item = &'i mut StateIndex>,
    ) -> io::Result<()> {
        let mut compacted = DocumentStore::default();
        let mut reader = DocumentReader::new(&mut self.file);
        for index in indexes {
            for span in index.spans_mut() {
                *span = compacted.add(reader.read(*span)?)?;
            }
        }
        drop(reader);
        *self = compacted;
        Ok(())
    }

    /// Reads the documents.
    pub fn reader(&mut self) -> DocumentReader<'_> {
        DocumentReader::new(&mut self.file)
    }
}

/// The reader of a file of a snapshot.
///
/// # Errors
/// I/O errors of the file.
pub(super) fn open(path: Option<&std::path::Path>) -> io::Result<DocumentReader<'static>> {
    match path {
        Some(path) => Ok(DocumentReader::new(File::open(path)?)),
        None => Ok(DocumentReader::new(io::empty())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::commands::compare::state_index::DocumentState;

    #[test]
    fn documents_are_read_in_any_order() {
        let mut store = DocumentStore::default();
        let texts: Vec<String> = (0..40_000)
            .map(|number| format!("{number}-{}", "x".repeat(number % 90)))
            .collect();
        let spans: Vec<Span> = texts
            .iter()
            .map(|text| store.add(text.as_bytes()).unwrap())
            .collect();
        let mut reader = store.reader();
        let orders: [Vec<usize>; 3] = [
            (0..texts.len()).collect(),
            (0..texts.len()).rev().collect(),
            (0..texts.len()).map(|at| at * 7919 % texts.len()).collect(),
        ];
        for at in orders.into_iter().flatten() {
            assert_eq!(reader.read(spans[at]).unwrap(), texts[at].as_bytes());
        }
        let beyond = Span {
            offset: spans[39_999].offset,
            length: 1000,
        };
        assert!(reader.read(beyond).is_err());
    }

    #[test]
    fn a_compacted_file_has_the_same_documents() {
        let (mut store, mut index) = (DocumentStore::default(), StateIndex::default());
        for round in 0..3 {
            for key in 0..100u8 {
                let span = store.add(format!("{key}:{round}").as_bytes()).unwrap();
                index.set(&[key], DocumentState::Present(span), None);
            }
        }
        index.set(&[7], DocumentState::Removed, None);
        let before = store.length;
        store.compact([&mut index].into_iter()).unwrap();
        assert!(store.length < before / 2);
        let states = index.into_sorted();
        let mut reader = store.reader();
        for key in 0..100u8 {
            let known = states.get(usize::from(key)).unwrap();
            assert_eq!(known.key, [key]);
            match known.state {
                DocumentState::Present(span) => {
                    assert_eq!(reader.read(span).unwrap(), format!("{key}:2").as_bytes());
                }
                DocumentState::Removed => assert_eq!(key, 7),
            }
        }
    }
}
