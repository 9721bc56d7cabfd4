//! The page store of one collection: rows of a page are kept until it is committed, and then written by another thread.

use std::io;
use std::sync::Arc;

use super::rows::{PageRows, to_integer};
use super::writer::{Job, WriterHandle};
use crate::snapshot::manifest::Census;
use crate::snapshot::write::journal::{Entry, PageEntry};

/// Page size that is enough if requests are cheap: pages of several collections are in memory at once.
const PAGE_BYTES: u64 = 10 << 20;

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

    /// Page size in bytes that is enough if requests are cheap.
    #[must_use]
    pub fn target_page_bytes(&self) -> u64 {
        PAGE_BYTES
    }

    /// Appends bytes of rows. Each row ends with a line end, and may come in parts.
    ///
    /// # Errors
    /// A row without a valid id.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.rows.add(bytes)
    }

    /// Discards the rows since the last page.
    ///
    /// # Errors
    /// None; the signature is that of other stores.
    pub fn rollback(&mut self) -> io::Result<()> {
        self.rows.clear();
        Ok(())
    }

    /// Notes the server's count before the read.
    ///
    /// # Errors
    /// Errors of the file, including those of earlier pages.
    pub fn record_count(&mut self, census: &Census) -> io::Result<()> {
        let entry = Entry::Census(self.collection.to_string(), census.clone());
        self.writer.send(Job::Entry(serde_json::to_string(&entry)?))
    }

    /// Commits the rows as a page. They are in the file together with the page's line of the journal, soon or after
    /// [`TableStore::finish`].
    ///
    /// # Errors
    /// A transaction above 2^63 - 1; errors of the file, including those of earlier pages.
    pub fn commit_page(&mut self, page: PageEntry) -> io::Result<()> {
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

    /// Discards all pages; returns that this is possible.
    ///
    /// # Errors
    /// Errors of the file, including those of earlier pages.
    pub fn restart(&mut self) -> io::Result<bool> {
        self.rows.clear();
        let entry = Entry::Again(self.collection.to_string());
        self.writer.send(Job::Clear {
            table: self.table,
            entry: serde_json::to_string(&entry)?,
        })?;
        Ok(true)
    }

    /// Waits until all pages are in the file.
    ///
    /// # Errors
    /// Errors of the file, including those of earlier pages.
    pub fn finish(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
