//! Replaces single documents by what the server says.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::too_high;
use super::open::MirrorFile;
use super::rows::{Text, to_integer};
use super::tables::{Table, open_table};
use super::tombstones;
use crate::record::Failure;

/// What the server has for one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction<'a> {
    /// The collection.
    pub collection: &'a str,
    /// The id as canonical JSON.
    pub key: &'a str,
    /// The document, raw JSON; `None` if there is none.
    pub document: Option<&'a [u8]>,
    /// The transaction at which the server was read: later changes in the stream are applied to it. `None` if the server
    /// did not send one; then every change is.
    pub txn: Option<u64>,
}

impl MirrorFile {
    /// Applies all corrections in one transaction. The offsets stay as they are.
    ///
    /// # Errors
    /// A [`Failure`]; nothing is then changed.
    pub fn correct(&mut self, corrections: &[Correction<'_>]) -> Result<(), Failure> {
        self.rollback();
        let high = corrections.iter().filter_map(|one| one.txn);
        if let Some(txn) = high.into_iter().find(|txn| to_integer(*txn).is_none()) {
            return Err(too_high(txn));
        }
        self.write(|database| corrections.iter().try_for_each(|one| write(database, one)))?;
        self.commit(&[])
    }
}

fn write(database: &Connection, correction: &Correction<'_>) -> rusqlite::Result<()> {
    let (collection, key) = (correction.collection, correction.key);
    let txn = correction.txn.and_then(to_integer);
    let table = Table::new(&open_table(database, collection)?);
    let mut find = database.prepare_cached(&table.find)?;
    let rowid: Option<i64> = find.query_row([key], |row| row.get(0)).optional()?;
    tombstones::drop(database, collection, key)?;
    match (correction.document, rowid) {
        (Some(document), Some(rowid)) => {
            let row = params![rowid, Text(document), txn, None::<i64>];
            database.prepare_cached(&table.update)?.execute(row)?;
        }
        (Some(document), None) => {
            let row = params![key, Text(document), txn, None::<i64>];
            database.prepare_cached(&table.insert)?.execute(row)?;
        }
        (None, rowid) => {
            if let Some(rowid) = rowid {
                database.prepare_cached(&table.delete)?.execute([rowid])?;
            }
            // Without a transaction, nothing tells later changes from earlier ones.
            if let Some(txn) = txn {
                tombstones::put(database, collection, key, txn)?;
            }
        }
    }
    Ok(())
}
