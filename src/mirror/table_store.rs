//! The page store of one collection: rows of a page are kept until it is committed, and then written by another thread.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::error::io_error;
use super::open::connect;
use super::rows::to_integer;
use super::writer::{Job, WriterHandle, staging_name};
use crate::snapshot::document_id::IdType;
use crate::snapshot::manifest::Census;
use crate::snapshot::write::PageStore;
use crate::snapshot::write::journal::{CommitPoint, Entry, PageEntry};
use crate::snapshot::write::keyed_page::KeyedPage;
use crate::snapshot::write::page_buffer::BUFFERED_PAGE_BYTES;

/// Why a collection with ids of bytes cannot be mirrored: the stream and a response write them differently, so that one
/// document would have two keys.
pub(super) const IDS_OF_BYTES: &str = "it has documents whose ids are bytes, which the stream writes in Base64 and the server as an array, so that a copy would have them twice";

/// The table of one collection that is being filled. A committed page is in the file together with its line of the journal,
/// soon or after [`PageStore::finish`]; errors of earlier pages come with later calls.
pub struct TableStore {
    writer: WriterHandle,
    path: Arc<Path>,
    table: i64,
    collection: Arc<str>,
    rows: KeyedPage,
}

impl TableStore {
    pub(super) fn new(
        writer: WriterHandle,
        path: Arc<Path>,
        table: i64,
        collection: &str,
    ) -> TableStore {
        TableStore {
            writer,
            path,
            table,
            collection: Arc::from(collection),
            rows: KeyedPage::default(),
        }
    }

    /// Reads the keys of the documents in all committed pages, those of an interrupted load included, as canonical JSON.
    ///
    /// # Errors
    /// Errors of the file, including those of earlier pages.
    pub fn for_each_key(&self, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.writer.flush()?;
        let mut keys = || {
            let database = connect(&self.path)?;
            let sql = format!("SELECT key FROM {}", staging_name(self.table));
            let mut statement = database.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                take(row.get_ref(0)?.as_bytes()?);
            }
            Ok(())
        };
        keys().map_err(|error| io_error(self.writer.name(), &error))
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

    fn record_count(&mut self, count: &Census) -> io::Result<()> {
        if has_ids_of_bytes(&count.by_type) {
            return Err(ids_of_bytes());
        }
        let entry = Entry::Census(self.collection.to_string(), count.clone());
        self.writer.send(Job::Entry(serde_json::to_string(&entry)?))
    }

    fn commit_page(&mut self, page: PageEntry) -> io::Result<()> {
        // A page of the type that is empty proves that there are none.
        if page.kind.as_deref() == Some(IdType::Binary.name()) && !self.rows.is_empty() {
            return Err(ids_of_bytes());
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

    /// Waits until all pages are in the file. A table has neither a size in bytes nor a hash.
    fn finish(&mut self) -> io::Result<CommitPoint> {
        self.writer.flush()?;
        Ok(CommitPoint::default())
    }
}

/// Whether documents with ids of bytes were counted.
pub(super) fn has_ids_of_bytes(by_type: &BTreeMap<String, u64>) -> bool {
    by_type
        .get(IdType::Binary.name())
        .is_some_and(|count| *count > 0)
}

fn ids_of_bytes() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, IDS_OF_BYTES)
}
