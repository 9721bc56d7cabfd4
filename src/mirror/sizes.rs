//! The size of a mirror's collections.

use super::names::quoted;
use super::reader::MirrorReader;
use super::tables::table_of;
use crate::record::Failure;

/// The documents of one collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CollectionSize {
    /// Number of documents.
    pub documents: u64,
    /// Bytes of all documents.
    pub bytes: u64,
    /// Bytes of the largest document.
    pub largest: u64,
    /// When the last change was, in milliseconds since 1970; `None` if all documents come from a snapshot.
    pub changed_at: Option<i64>,
}

impl MirrorReader {
    /// Counts the documents of a collection; all zero if there is no such collection.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn size_of(&self, collection: &str) -> Result<CollectionSize, Failure> {
        self.measure(collection)
            .map_err(|error| self.failed(&error))
    }

    fn measure(&self, collection: &str) -> rusqlite::Result<CollectionSize> {
        let Some(table) = table_of(&self.database, collection)? else {
            return Ok(CollectionSize::default());
        };
        let sql = format!(
            "SELECT count(*), coalesce(sum(octet_length(doc)), 0), coalesce(max(octet_length(doc)), 0), max(changed_at) FROM {}",
            quoted(&table)
        );
        self.database.query_row(&sql, [], |row| {
            let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            Ok(CollectionSize {
                documents: number(0)?,
                bytes: number(1)?,
                largest: number(2)?,
                changed_at: row.get(3)?,
            })
        })
    }
}
