//! Reads a mirror without locking it, also while it is written.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::batches::Batches;
use super::error::{failure, setup};
use super::gaps;
use super::meta::{self, StateSince};
use super::names::quoted;
use super::open::{check_content, manifest, positions};
use super::rows::to_txn;
use super::schema::{self, Content};
use super::tables::{live_tables, table_of};
use super::tombstones;
use crate::record::Failure;
use crate::snapshot::manifest::{Manifest, Position};
use crate::state::Gap;

/// How long a read waits for a writer; readers wait only while a file is created or repaired.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A mirror that is open for reading.
pub struct MirrorReader {
    pub(super) database: Connection,
    pub(super) name: String,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The id as canonical JSON.
    pub key: String,
    /// The document, raw JSON.
    pub document: Vec<u8>,
    /// The transaction that it shows; `None` if the server did not send one.
    pub txn: Option<u64>,
    /// When it changed, in milliseconds since 1970; `None` if it comes from a snapshot.
    pub changed_at: Option<i64>,
}

impl MirrorReader {
    /// Opens a mirror.
    ///
    /// # Errors
    /// A [`Failure`] if the file does not exist, is not a mirror, or was written by a later version.
    pub fn open(path: &Path) -> Result<MirrorReader, Failure> {
        let name = path.display().to_string();
        if !path.exists() {
            return Err(setup(
                format!("the mirror {name} does not exist"),
                "check the path; ditto-cdc mirror creates the file",
            ));
        }
        let failed = |error: rusqlite::Error| failure("read", &name, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags).map_err(failed)?;
        database.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        let content = schema::content(&database).map_err(failed)?;
        if content == Content::Empty {
            return Err(setup(
                format!("{name} is empty, not a mirror"),
                "check the path; ditto-cdc mirror creates the file",
            ));
        }
        if content == Content::Foreign {
            return Err(setup(
                format!("{name} is a SQLite database of another program, not a mirror"),
                "give a file that ditto-cdc mirror has created",
            ));
        }
        check_content(content, &name)?;
        Ok(MirrorReader { database, name })
    }

    /// Starts a transaction: everything that is read until [`MirrorReader::end`] is of one state.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn begin(&self) -> Result<(), Failure> {
        // The state is chosen by the first read.
        let sql = "BEGIN; SELECT count(*) FROM ditto_meta";
        self.database
            .execute_batch(sql)
            .map_err(|error| self.failed(&error))
    }

    /// Ends the transaction. While one is open, the writer's log cannot shrink.
    ///
    /// # Errors
    /// A [`Failure`] if there is none.
    pub fn end(&self) -> Result<(), Failure> {
        self.database
            .execute_batch("COMMIT")
            .map_err(|error| self.failed(&error))
    }

    /// How current the copy is; `None` if that was changed by hand.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn state(&self) -> Result<Option<StateSince>, Failure> {
        meta::state(&self.database).map_err(|error| self.failed(&error))
    }

    /// A value of `ditto_meta`: `server`, `cluster`, `topic` or `collections`.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn meta(&self, key: &str) -> Result<Option<String>, Failure> {
        meta::get(&self.database, key).map_err(|error| self.failed(&error))
    }

    /// The offsets that belong to the content.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn positions(&self) -> Result<Vec<Position>, Failure> {
        positions(&self.database).map_err(|error| self.failed(&error))
    }

    /// The manifest of the last snapshot.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn manifest(&self) -> Result<Option<Manifest>, Failure> {
        manifest(&self.database, &self.name)
    }

    /// The gaps that no snapshot has resolved yet, as one.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn open_gap(&self) -> Result<Option<Gap>, Failure> {
        gaps::open_as_one(&self.database).map_err(|error| self.failed(&error))
    }

    /// The number of gaps that snapshots have resolved, and when the last one was, in milliseconds since 1970.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn resolved_gaps(&self) -> Result<(u64, Option<i64>), Failure> {
        gaps::resolved(&self.database).map_err(|error| self.failed(&error))
    }

    /// The number of skipped records since the last snapshot.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn open_problems(&self) -> Result<u64, Failure> {
        gaps::open_problems(&self.database).map_err(|error| self.failed(&error))
    }

    /// The transaction that removed a document, by its id as canonical JSON; `None` if the copy does not know of a removal.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn removed_by(&self, collection: &str, key: &str) -> Result<Option<u64>, Failure> {
        let txn = tombstones::find(&self.database, collection, key);
        Ok(txn.map_err(|error| self.failed(&error))?.map(to_txn))
    }

    /// The collections in the order of their names.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn collection_names(&self) -> Result<Vec<String>, Failure> {
        let tables = live_tables(&self.database).map_err(|error| self.failed(&error))?;
        Ok(tables.into_iter().map(|(name, _)| name).collect())
    }

    /// The collections in the order of their names, each with its number of documents.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn collections(&self) -> Result<Vec<(String, u64)>, Failure> {
        self.count_all().map_err(|error| self.failed(&error))
    }

    fn count_all(&self) -> rusqlite::Result<Vec<(String, u64)>> {
        let tables = live_tables(&self.database)?.into_iter();
        tables
            .map(|(collection, table)| {
                let sql = format!("SELECT count(*) FROM {}", quoted(&table));
                let count: i64 = self.database.query_row(&sql, [], |row| row.get(0))?;
                Ok((collection, count.cast_unsigned()))
            })
            .collect()
    }

    /// A document by its id as canonical JSON.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn document(&self, collection: &str, key: &str) -> Result<Option<Row>, Failure> {
        self.find(collection, key)
            .map_err(|error| self.failed(&error))
    }

    fn find(&self, collection: &str, key: &str) -> rusqlite::Result<Option<Row>> {
        let Some(table) = table_of(&self.database, collection)? else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT key, doc, txn, changed_at FROM {} WHERE key = ?1",
            quoted(&table)
        );
        self.database
            .prepare_cached(&sql)?
            .query_row([key], row)
            .optional()
    }

    /// The documents of a collection in the order of their keys' bytes. Use a transaction around it: otherwise a document
    /// that changes meanwhile may be in the old or the new state.
    #[must_use]
    pub fn documents<'r>(&'r self, collection: &'r str) -> Batches<'r, Row> {
        // No key is empty.
        let mut last = String::new();
        Batches::new(move |count| {
            let rows = self.batch(collection, &last, count);
            let rows = rows.map_err(|error| self.failed(&error))?;
            if let Some(row) = rows.last() {
                last.clone_from(&row.key);
            }
            Ok(rows)
        })
    }

    fn batch(&self, collection: &str, after: &str, count: u32) -> rusqlite::Result<Vec<Row>> {
        let Some(table) = table_of(&self.database, collection)? else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT key, doc, txn, changed_at FROM {} WHERE key > ?1 ORDER BY key LIMIT ?2",
            quoted(&table)
        );
        let mut statement = self.database.prepare_cached(&sql)?;
        let rows = statement.query_map(params![after, count], row)?;
        rows.collect()
    }

    pub(super) fn failed(&self, error: &rusqlite::Error) -> Failure {
        failure("read", &self.name, error)
    }
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        key: row.get(0)?,
        document: row.get_ref(1)?.as_bytes()?.to_vec(),
        txn: row.get::<_, Option<i64>>(2)?.map(to_txn),
        changed_at: row.get(3)?,
    })
}
