//! Applies changes of the stream to the tables of their collections.

use rusqlite::{Connection, OptionalExtension, params};

use super::change::Change;
use super::error::too_high;
use super::history;
use super::open::{MirrorFile, begin};
use super::rows::{Text, to_integer};
use super::rule::{Stored, is_newer};
use super::tables::{Table, open_table};
use super::tombstones;
use crate::record::Failure;

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The document is new in the copy.
    Inserted,
    /// The document was replaced.
    Updated,
    /// The document was removed, or its removal was noted.
    Removed,
    /// The copy contains this change already, or a later one.
    Duplicate,
}

impl MirrorFile {
    /// Applies a change in the open transaction, or opens one. A change that the copy contains already, as far as its
    /// transactions and those of the last snapshot say, is not applied.
    ///
    /// # Errors
    /// A [`Failure`] if the transaction is above 2^63 - 1: then nothing was done. A [`Failure`] of the file: then nothing
    /// since the last commit is in the file.
    pub fn apply(&mut self, change: &Change<'_>) -> Result<Applied, Failure> {
        let txn = to_integer(change.txn).ok_or_else(|| too_high(change.txn))?;
        if self
            .snapshot
            .contains(change.collection, change.key.as_bytes(), change.txn)
        {
            return Ok(Applied::Duplicate);
        }
        let done = self.apply_in_transaction(change, txn);
        done.map_err(|error| self.give_up(&error))
    }

    fn apply_in_transaction(&mut self, change: &Change<'_>, txn: i64) -> rusqlite::Result<Applied> {
        begin(&self.database)?;
        if !self.tables.contains_key(change.collection) {
            let table = Table::new(&open_table(&self.database, change.collection)?);
            self.tables.insert(change.collection.to_owned(), table);
        }
        let Some(table) = self.tables.get(change.collection) else {
            return Ok(Applied::Duplicate);
        };
        let applied = write(&self.database, table, change, txn)?;
        if self.keeps_history && applied != Applied::Duplicate {
            history::note(&self.database, change, txn)?;
        }
        Ok(applied)
    }
}

/// Writes a change, if it is newer than what is stored.
fn write(
    database: &Connection,
    table: &Table,
    change: &Change<'_>,
    txn: i64,
) -> rusqlite::Result<Applied> {
    let mut find = database.prepare_cached(&table.find)?;
    let row = find.query_row([change.key], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?))
    });
    let row = row.optional()?;
    let stored = match row {
        Some((_, shown)) => Stored::Row(shown),
        None => tombstones::find(database, change.collection, change.key)?
            .map_or(Stored::Nothing, Stored::Tombstone),
    };
    if !is_newer(stored, txn) {
        return Ok(Applied::Duplicate);
    }
    match (change.document, row) {
        (Some(document), Some((rowid, _))) => {
            let mut update = database.prepare_cached(&table.update)?;
            update.execute(params![rowid, Text(document), txn, change.time_ms])?;
            Ok(Applied::Updated)
        }
        (Some(document), None) => {
            if stored != Stored::Nothing {
                tombstones::drop(database, change.collection, change.key)?;
            }
            let mut insert = database.prepare_cached(&table.insert)?;
            insert.execute(params![change.key, Text(document), txn, change.time_ms])?;
            Ok(Applied::Inserted)
        }
        (None, row) => {
            if let Some((rowid, _)) = row {
                database.prepare_cached(&table.delete)?.execute([rowid])?;
            }
            tombstones::put(database, change.collection, change.key, txn)?;
            Ok(Applied::Removed)
        }
    }
}
