//! Reads a table in the order of its rows, which is mostly that of the server's answers, and looks single rows up.

use std::io;

use rusqlite::OptionalExtension;

use super::error::read_error;
use super::names::quoted;
use super::reader::MirrorReader;
use super::tables::table_of;

/// Rows that are read at once, as long as all of them are used.
const MAX_BATCH_ROWS: i64 = 512;
/// Rows that are read at once after a jump, which may be one of many.
const FIRST_BATCH_ROWS: i64 = 2;

/// The table of one collection. The rows are those of the reader's transaction.
pub struct TableScan {
    reader: MirrorReader,
    /// `None` if the mirror has no such collection.
    statements: Option<Statements>,
    batch: RowBatch,
    batch_rows: i64,
    /// The batch ends with the last row of the table.
    has_last: bool,
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

/// Rows one after the other in one buffer.
#[derive(Default)]
struct RowBatch {
    bytes: Vec<u8>,
    /// Number, end of the key and end of the document of each row.
    rows: Vec<(i64, usize, usize)>,
    next: usize,
}

impl RowBatch {
    fn head(&self) -> Option<ScannedRow<'_>> {
        let start = match self.next {
            0 => 0,
            next => self.rows.get(next - 1)?.2,
        };
        let &(rowid, key_end, end) = self.rows.get(self.next)?;
        Some(ScannedRow {
            rowid,
            key: self.bytes.get(start..key_end)?,
            document: self.bytes.get(key_end..end)?,
        })
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
        self.next = 0;
    }
}

impl TableScan {
    /// The table of a collection, from its first row on.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn new(reader: MirrorReader, collection: &str) -> io::Result<TableScan> {
        let table = table_of(&reader.database, collection);
        let table = table.map_err(|error| read_error(&reader.name, &error))?;
        let mut scan = TableScan {
            reader,
            statements: table.map(|table| Statements::new(&quoted(&table))),
            batch: RowBatch::default(),
            batch_rows: FIRST_BATCH_ROWS,
            has_last: false,
        };
        scan.seek_after(i64::MIN)?;
        Ok(scan)
    }

    /// The row at which the scan is; `None` behind the last one.
    #[must_use]
    pub fn head(&self) -> Option<ScannedRow<'_>> {
        self.batch.head()
    }

    /// Goes to the next row.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn advance(&mut self) -> io::Result<()> {
        let last = self.batch.rows.get(self.batch.next).map(|row| row.0);
        self.batch.next += 1;
        match last {
            Some(rowid) if self.batch.next >= self.batch.rows.len() && !self.has_last => {
                self.batch_rows = (self.batch_rows * 4).min(MAX_BATCH_ROWS);
                self.fill(rowid)
            }
            _ => Ok(()),
        }
    }

    /// Goes to the row after this number.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn seek_after(&mut self, rowid: i64) -> io::Result<()> {
        self.batch_rows = FIRST_BATCH_ROWS;
        self.fill(rowid)
    }

    fn fill(&mut self, after: i64) -> io::Result<()> {
        let read = self.read_rows(after);
        read.map_err(|error| read_error(&self.reader.name, &error))
    }

    fn read_rows(&mut self, after: i64) -> rusqlite::Result<()> {
        self.batch.clear();
        self.has_last = true;
        let Some(statements) = &self.statements else {
            return Ok(());
        };
        let mut statement = self.reader.database.prepare_cached(&statements.rows)?;
        let mut rows = statement.query((after, self.batch_rows))?;
        while let Some(row) = rows.next()? {
            let batch = &mut self.batch;
            batch.bytes.extend_from_slice(row.get_ref(1)?.as_bytes()?);
            let key_end = batch.bytes.len();
            batch.bytes.extend_from_slice(row.get_ref(2)?.as_bytes()?);
            batch.rows.push((row.get(0)?, key_end, batch.bytes.len()));
        }
        self.has_last = (self.batch.rows.len() as u64) < self.batch_rows.cast_unsigned();
        Ok(())
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
            rows: format!(
                "SELECT rowid, key, doc FROM {table} WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"
            ),
            find: format!("SELECT rowid, doc FROM {table} WHERE key = ?1"),
            // Both columns are in the index of the key.
            keys: format!("SELECT rowid, key FROM {table} ORDER BY key"),
            count: format!("SELECT count(*) FROM {table}"),
        }
    }
}
