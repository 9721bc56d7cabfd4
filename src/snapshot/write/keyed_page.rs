//! The rows of a page with their keys, for stores that find documents by their ids.

use std::io;

use crate::snapshot::document_id::DocumentId;

/// The key of a document: its id as canonical JSON.
///
/// # Errors
/// An error if it has no valid id.
pub fn key_of(document: &[u8]) -> io::Result<String> {
    let id = DocumentId::of_document(document);
    let id = id.ok_or_else(|| io::Error::other("a document has no valid _id"))?;
    Ok(id.json())
}

/// The rows of one page: each with its key, which is the id as canonical JSON, and its document.
#[derive(Default)]
pub struct KeyedPage {
    documents: Vec<u8>,
    keys: Vec<u8>,
    /// The end of each row's document and key.
    ends: Vec<(usize, usize)>,
}

impl KeyedPage {
    /// Appends bytes of rows, which end with a line end each.
    ///
    /// # Errors
    /// An error if a row has no valid id.
    pub fn add(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (row, rest) = bytes.split_at(at);
            self.documents.extend_from_slice(row);
            self.end_row()?;
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.documents.extend_from_slice(bytes);
        Ok(())
    }

    fn end_row(&mut self) -> io::Result<()> {
        let start = self.ends.last().map_or(0, |(document, _)| *document);
        let document = self.documents.get(start..).unwrap_or_default();
        self.keys.extend_from_slice(key_of(document)?.as_bytes());
        self.ends.push((self.documents.len(), self.keys.len()));
        Ok(())
    }

    /// Removes all rows.
    pub fn clear(&mut self) {
        self.documents.clear();
        self.keys.clear();
        self.ends.clear();
    }

    /// Whether nothing was appended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Key and document of each row.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = (0, 0);
        self.ends.iter().map(move |&(document, key)| {
            let row = (
                self.keys.get(start.1..key).unwrap_or_default(),
                self.documents.get(start.0..document).unwrap_or_default(),
            );
            start = (document, key);
            row
        })
    }
}
