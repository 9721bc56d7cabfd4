//! Reads a table in the order of its rows, which is mostly that of the server's answers, and looks single rows up.

use std::io;

use rusqlite::OptionalExtension;

use super::error::read_error;
use super::names::quoted;
use super::reader::MirrorReader;
use super::tables::table_of;

/// The table of one collection. The rows are those of the reader's transaction.
pub struct TableScan {
    reader: MirrorReader,
    /// `None` if the mirror has no such collection.
    statements: Option<Statements>,
    /// The scan is after the row of this number.
    after: i64,
}

struct Statements {
    rows: String,
    find: String,
    keys: String,
    count: String,
}

/// A row of a [`TableScan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannedRow<'s> {
    /// The row's number in the table.
    pub rowid: i64,
    /// The id as canonical JSON.
    pub key: &'s [u8],
    /// The document, raw JSON.
    pub document: &'s [u8],
}

impl TableScan {
    /// The table of a collection, from its first row on.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn new(reader: MirrorReader, collection: &str) -> io::Result<TableScan> {
        let table = table_of(&reader.database, collection);
        let table = table.map_err(|error| read_error(&reader.name, &error))?;
        Ok(TableScan {
            reader,
            statements: table.map(|table| Statements::new(&quoted(&table))),
            after: i64::MIN,
        })
    }

    /// Goes from row to row, as long as `take` accepts them. Returns the number of the first row that it did not accept.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn walk(
        &mut self,
        take: &mut dyn FnMut(ScannedRow<'_>) -> bool,
    ) -> io::Result<Option<i64>> {
        let walked = self.take_rows(take);
        walked.map_err(|error| read_error(&self.reader.name, &error))
    }

    fn take_rows(
        &mut self,
        take: &mut dyn FnMut(ScannedRow<'_>) -> bool,
    ) -> rusqlite::Result<Option<i64>> {
        let Some(statements) = &self.statements else {
            return Ok(None);
        };
        let mut statement = self.reader.database.prepare_cached(&statements.rows)?;
        let mut rows = statement.query([self.after])?;
        while let Some(row) = rows.next()? {
            let rowid = row.get(0)?;
            // Not copied: the bytes are those of the page cache.
            let is_taken = take(ScannedRow {
                rowid,
                key: row.get_ref(1)?.as_bytes()?,
                document: row.get_ref(2)?.as_bytes()?,
            });
            if !is_taken {
                return Ok(Some(rowid));
            }
            self.after = rowid;
        }
        Ok(None)
    }

    /// Goes behind the row of this number.
    pub fn seek_after(&mut self, rowid: i64) {
        self.after = rowid;
    }

    /// The number of the row with this key. Its document is appended to `document`.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn find(&self, key: &str, document: &mut Vec<u8>) -> io::Result<Option<i64>> {
        let Some(statements) = &self.statements else {
            return Ok(None);
        };
        let mut find = || {
            let mut find = self.reader.database.prepare_cached(&statements.find)?;
            find.query_row([key], |row| {
                document.extend_from_slice(row.get_ref(1)?.as_bytes()?);
                row.get(0)
            })
            .optional()
        };
        find().map_err(|error| self.failed(&error))
    }

    /// Number of rows.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn count(&self) -> io::Result<u64> {
        let Some(statements) = &self.statements else {
            return Ok(0);
        };
        let count = self
            .reader
            .database
            .query_row(&statements.count, [], |row| row.get::<_, i64>(0));
        let count = count.map_err(|error| self.failed(&error))?;
        Ok(count.cast_unsigned())
    }

    /// Number and key of each row, in the order of the keys.
    ///
    /// # Errors
    /// Errors of the file, and those of `take`.
    pub fn for_each_key(
        &self,
        take: &mut dyn FnMut(i64, &str) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(statements) = &self.statements else {
            return Ok(());
        };
        let statement = self.reader.database.prepare_cached(&statements.keys);
        let mut statement = statement.map_err(|error| self.failed(&error))?;
        let mut rows = statement.query([]).map_err(|error| self.failed(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.failed(&error))? {
            let read = || Ok((row.get(0)?, row.get_ref(1)?.as_str()?));
            let (rowid, key) = read().map_err(|error: rusqlite::Error| self.failed(&error))?;
            take(rowid, key)?;
        }
        Ok(())
    }

    /// Ends the scan.
    #[must_use]
    pub fn into_reader(self) -> MirrorReader {
        self.reader
    }

    fn failed(&self, error: &rusqlite::Error) -> io::Error {
        read_error(&self.reader.name, error)
    }
}

impl Statements {
    fn new(table: &str) -> Statements {
        Statements {
            rows: format!("SELECT rowid, key, doc FROM {table} WHERE rowid > ?1 ORDER BY rowid"),
            find: format!("SELECT rowid, doc FROM {table} WHERE key = ?1"),
            // Both columns are in the index of the key.
            keys: format!("SELECT rowid, key FROM {table} ORDER BY key"),
            count: format!("SELECT count(*) FROM {table}"),
        }
    }
}
