//! The page store of one collection: rows of a page are kept until it is committed, and then written by another thread.

use std::io;
use std::sync::Arc;

use super::rows::{PageRows, to_integer};
use super::writer::{Job, WriterHandle};
use crate::snapshot::document_id::IdType;
use crate::snapshot::manifest::Census;
use crate::snapshot::write::PageStore;
use crate::snapshot::write::journal::{CommitPoint, Entry, PageEntry};
use crate::snapshot::write::page_buffer::BUFFERED_PAGE_BYTES;

/// The table of one collection that is being filled.
pub struct TableStore {
    writer: WriterHandle,
    table: i64,
    collection: Arc<str>,
    rows: PageRows,
}

impl TableStore {
    pub(super) fn new(writer: WriterHandle, table: i64, collection: &str) -> TableStore {
        TableStore {
            writer,
            table,
            collection: Arc::from(collection),
            rows: PageRows::default(),
        }
    }

    /// The stream writes such ids in Base64, and a response as arrays, so that one document would have two keys.
    fn has_binary_ids(&self) -> io::Error {
        io::Error::other(format!(
            "the collection {} has ids of bytes, which the stream and the HTTP API write differently; leave it out with -c '!{}'",
            self.collection, self.collection
        ))
    }
}

impl PageStore for TableStore {
    fn target_page_bytes(&self) -> u64 {
        BUFFERED_PAGE_BYTES
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.rows.add(bytes)
    }

    fn rollback(&mut self) -> io::Result<()> {
        self.rows.clear();
        Ok(())
    }

    fn record_count(&mut self, census: &Census) -> io::Result<()> {
        let entry = Entry::Census(self.collection.to_string(), census.clone());
        self.writer.send(Job::Entry(serde_json::to_string(&entry)?))
    }

    /// The rows are in the file together with the page's line of the journal, soon or after [`PageStore::finish`].
    fn commit_page(&mut self, page: PageEntry) -> io::Result<()> {
        if page.kind.as_deref() == Some(IdType::Binary.name()) && !page.by_type.is_empty() {
            return Err(self.has_binary_ids());
        }
        let too_high = |txn| io::Error::other(super::error::too_high(txn).what);
        let txn = page.transaction_id;
        let txn = txn
            .map(|txn| to_integer(txn).ok_or_else(|| too_high(txn)))
            .transpose()?;
        let entry = Entry::Page(self.collection.to_string(), page);
        self.writer.send(Job::Page {
            table: self.table,
            collection: Arc::clone(&self.collection),
            rows: std::mem::take(&mut self.rows),
            txn,
            entry: serde_json::to_string(&entry)?,
        })
    }

    fn restart(&mut self) -> io::Result<bool> {
        self.rows.clear();
        let entry = Entry::Again(self.collection.to_string());
        self.writer.send(Job::Clear {
            table: self.table,
            entry: serde_json::to_string(&entry)?,
        })?;
        Ok(true)
    }

    fn finish(&mut self) -> io::Result<CommitPoint> {
        self.writer.flush()?;
        Ok(CommitPoint::default())
    }
}
