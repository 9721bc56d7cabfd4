//! Values of columns: transactions, documents and keys.

use std::io;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::json;
use crate::snapshot::document_id::DocumentId;

/// Bytes that are bound as text without copying. JSON was checked to be UTF-8 before.
pub(super) struct Text<'a>(pub &'a [u8]);

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

/// A transaction as `SQLite`'s integer, which has a sign. `None` above 2^63 - 1.
pub(super) fn to_integer(txn: u64) -> Option<i64> {
    i64::try_from(txn).ok()
}

/// The transaction of a column. Only a change by hand makes it negative; it then counts as the oldest.
pub(super) fn to_txn(column: i64) -> u64 {
    u64::try_from(column).unwrap_or_default()
}

/// The rows of one page: each with its key and its document.
#[derive(Default)]
pub(super) struct PageRows {
    documents: Vec<u8>,
    keys: Vec<u8>,
    /// The end of each row's document and key.
    ends: Vec<(usize, usize)>,
}

impl PageRows {
    /// Appends bytes of rows, which end with a line end each.
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
        let id = json::field(document, "_id").and_then(DocumentId::parse);
        let id = id.ok_or_else(|| io::Error::other("a document has no valid _id"))?;
        self.keys.extend_from_slice(id.json().as_bytes());
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
