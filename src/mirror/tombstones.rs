//! `ditto_tombstones`: removed documents, each with the transaction of its removal.

use rusqlite::{Connection, OptionalExtension, params};

/// The transaction that removed a document; `None` without a tombstone.
pub(super) fn find(
    database: &Connection,
    collection: &str,
    key: &str,
) -> rusqlite::Result<Option<i64>> {
    let mut find = database
        .prepare_cached("SELECT txn FROM ditto_tombstones WHERE collection = ?1 AND key = ?2")?;
    find.query_row([collection, key], |row| row.get(0))
        .optional()
}

/// Notes the removal of a document.
pub(super) fn put(
    database: &Connection,
    collection: &str,
    key: &str,
    txn: i64,
) -> rusqlite::Result<()> {
    let mut put = database.prepare_cached(
        "INSERT OR REPLACE INTO ditto_tombstones (collection, key, txn) VALUES (?1, ?2, ?3)",
    )?;
    put.execute(params![collection, key, txn])?;
    Ok(())
}

/// Forgets the removal of a document.
pub(super) fn drop(database: &Connection, collection: &str, key: &str) -> rusqlite::Result<()> {
    let mut delete = database
        .prepare_cached("DELETE FROM ditto_tombstones WHERE collection = ?1 AND key = ?2")?;
    delete.execute([collection, key])?;
    Ok(())
}
