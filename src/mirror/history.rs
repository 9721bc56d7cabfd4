//! `ditto_history`: every change that was applied, with the document before it where the change before does not tell.

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::batches::Batches;
use super::change::Change;
use super::meta;
use super::open::MirrorFile;
use super::reader::MirrorReader;
use super::rows::{Text, to_txn};
use crate::record::Failure;

/// Since which row nothing is missing, in `ditto_meta`; not there if the last run kept no history.
const META_KEY: &str = "history";
/// The words before the row's id.
const COMPLETE_FROM: &str = "complete from id ";
/// A document that did not exist, in the column `before`.
const NONE: &[u8] = b"null";

/// A change of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// The row: changes have the order in which they were applied.
    pub id: i64,
    /// The collection.
    pub collection: String,
    /// The document's id as canonical JSON.
    pub key: String,
    /// The transaction.
    pub txn: u64,
    /// The record's partition.
    pub partition: i32,
    /// The record's offset.
    pub offset: i64,
    /// When the record was written, in milliseconds since 1970.
    pub changed_at: Option<i64>,
    /// `insert`, `update` or `remove`.
    pub op: String,
    /// The document before the change, raw JSON; `None` for an insert, or if earlier rows were deleted.
    pub before: Option<Vec<u8>>,
    /// The document after the change, raw JSON; `None` if it was removed.
    pub document: Option<Vec<u8>>,
}

/// The first change of a partition since which nothing is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryStart {
    /// The row.
    pub id: i64,
    /// The record's offset.
    pub offset: i64,
    /// The transaction.
    pub txn: u64,
    /// When the record was written, in milliseconds since 1970.
    pub changed_at: Option<i64>,
}

impl MirrorFile {
    /// Keeps each change that is applied from now on in `ditto_history`, or no longer.
    ///
    /// # Errors
    /// A [`Failure`] of the file.
    pub fn keep_history(&mut self, keeps: bool) -> Result<(), Failure> {
        self.keeps_history = keeps;
        self.write(|database| {
            if !keeps {
                database.execute("DELETE FROM ditto_meta WHERE key = ?1", [META_KEY])?;
            } else if meta::get(database, META_KEY)?.is_none() {
                set_start(database)?;
            }
            Ok(())
        })?;
        self.commit(&[])
    }
}

fn set_start(database: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT coalesce(max(id), 0) + 1 FROM ditto_history";
    let next: i64 = database.query_row(sql, [], |row| row.get(0))?;
    meta::set(database, META_KEY, &format!("{COMPLETE_FROM}{next}"))
}

/// Notes that changes before this moment may be missing, because a snapshot has replaced the copy.
pub(super) fn note_snapshot(database: &Connection) -> rusqlite::Result<()> {
    if meta::get(database, META_KEY)?.is_some() {
        set_start(database)?;
    }
    Ok(())
}

/// Adds a change.
pub(super) fn note(database: &Connection, change: &Change<'_>, txn: i64) -> rusqlite::Result<()> {
    let mut previous = database.prepare_cached(
        "SELECT doc FROM ditto_history WHERE collection = ?1 AND key = ?2 ORDER BY id DESC LIMIT 1",
    )?;
    let continues = previous.query_row([change.collection, change.key], |row| {
        Ok(row.get_ref(0)?.as_bytes_or_null()? == change.before)
    });
    let continues = continues.optional()?.unwrap_or(change.before.is_none());
    let before = (!continues).then(|| Text(change.before.unwrap_or(NONE)));
    let mut insert = database.prepare_cached(
        "INSERT INTO ditto_history (collection, key, txn, partition, offset, changed_at, op, doc, before)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    insert.execute(params![
        change.collection,
        change.key,
        txn,
        change.partition,
        change.offset,
        change.time_ms,
        change.op,
        change.document.map(Text),
        before
    ])?;
    Ok(())
}

/// The columns of a change; an earlier row is read only where it is the document before.
const SELECT: &str =
    "SELECT h.id, collection, key, txn, partition, offset, changed_at, op, doc, CASE
         WHEN op = 'insert' THEN NULL
         WHEN before IS NOT NULL THEN before
         ELSE (SELECT p.doc FROM ditto_history AS p WHERE p.collection = h.collection AND p.key = h.key AND p.id < h.id
               ORDER BY p.id DESC LIMIT 1) END
     FROM ditto_history AS h WHERE h.id > ?1";

impl MirrorReader {
    /// The changes of one document, by its id as canonical JSON, in the order in which they were applied.
    #[must_use]
    pub fn changes_of<'r>(&'r self, collection: &'r str, key: &'r str) -> Batches<'r, HistoryRow> {
        let sql = format!("{SELECT} AND collection = ?2 AND key = ?3 ORDER BY h.id LIMIT ?4");
        self.history(sql, vec![collection, key])
    }

    /// The changes of all documents in the order in which they were applied.
    #[must_use]
    pub fn changes(&self) -> Batches<'_, HistoryRow> {
        self.history(format!("{SELECT} ORDER BY h.id LIMIT ?2"), Vec::new())
    }

    fn history<'r>(&'r self, sql: String, names: Vec<&'r str>) -> Batches<'r, HistoryRow> {
        let mut last = 0_i64;
        Batches::new(move |count| {
            let mut values: Vec<&dyn ToSql> = vec![&last];
            values.extend(names.iter().map(|name| name as &dyn ToSql));
            values.push(&count);
            let rows = self.history_rows(&sql, &values)?;
            last = rows.last().map_or(last, |row| row.id);
            Ok(rows)
        })
    }

    fn history_rows(&self, sql: &str, values: &[&dyn ToSql]) -> Result<Vec<HistoryRow>, Failure> {
        let read = || {
            let mut statement = self.database.prepare_cached(sql)?;
            statement
                .query_map(values, history_row)?
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The number of changes in the history.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn history_length(&self) -> Result<u64, Failure> {
        let sql = "SELECT count(*) FROM ditto_history";
        let count = self.database.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(count.map_err(|error| self.failed(&error))?.cast_unsigned())
    }

    /// The transaction and the time of the last change in the history, the latter in milliseconds since 1970.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn history_end(&self) -> Result<Option<(u64, Option<i64>)>, Failure> {
        let sql = "SELECT txn, changed_at FROM ditto_history ORDER BY id DESC LIMIT 1";
        let last = self
            .database
            .query_row(sql, [], |row| Ok((to_txn(row.get(0)?), row.get(1)?)));
        last.optional().map_err(|error| self.failed(&error))
    }

    /// The first change of a partition since which nothing is missing in the history: no snapshot has replaced the copy since
    /// then, and every run has kept the history. `None` if there is no such change.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn history_start(&self, partition: i32) -> Result<Option<HistoryStart>, Failure> {
        let Some(words) = self.meta(META_KEY)? else {
            return Ok(None);
        };
        let Some(first) = words
            .strip_prefix(COMPLETE_FROM)
            .and_then(|id| id.parse::<i64>().ok())
        else {
            return Ok(None);
        };
        let found = self.database.query_row(
            "SELECT id, offset, txn, changed_at FROM ditto_history WHERE id >= ?1 AND partition = ?2 ORDER BY id LIMIT 1",
            params![first, partition],
            |row| {
                Ok(HistoryStart {
                    id: row.get(0)?,
                    offset: row.get(1)?,
                    txn: to_txn(row.get(2)?),
                    changed_at: row.get(3)?,
                })
            },
        );
        found.optional().map_err(|error| self.failed(&error))
    }
}

fn history_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<HistoryRow> {
    let document = |column| -> rusqlite::Result<Option<Vec<u8>>> {
        let bytes = row.get_ref(column)?.as_bytes_or_null()?;
        Ok(bytes.filter(|json| *json != NONE).map(<[u8]>::to_vec))
    };
    Ok(HistoryRow {
        id: row.get(0)?,
        collection: row.get(1)?,
        key: row.get(2)?,
        txn: to_txn(row.get(3)?),
        partition: row.get(4)?,
        offset: row.get(5)?,
        changed_at: row.get(6)?,
        op: row.get(7)?,
        document: document(8)?,
        before: document(9)?,
    })
}
