//! The tables of collections: their names in SQL, and the statements that change them.

use rusqlite::{Connection, OptionalExtension};

use super::index_build;
use super::names::{quoted, table_name};
use super::schema;

/// The statements of one collection's table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub find: String,
    pub insert: String,
    pub update: String,
    pub delete: String,
}

impl Table {
    pub fn new(name: &str) -> Table {
        let name = quoted(name);
        Table {
            find: format!("SELECT rowid, txn FROM {name} WHERE key = ?1"),
            insert: format!(
                "INSERT INTO {name} (key, doc, txn, changed_at) VALUES (?1, ?2, ?3, ?4)"
            ),
            update: format!(
                "UPDATE {name} SET doc = ?2, txn = ?3, changed_at = ?4 WHERE rowid = ?1"
            ),
            delete: format!("DELETE FROM {name} WHERE rowid = ?1"),
        }
    }
}

/// The name of a collection's table, which is created with its indexes if it is missing.
pub(super) fn open_table(database: &Connection, collection: &str) -> rusqlite::Result<String> {
    if let Some(name) = table_of(database, collection)? {
        return Ok(name);
    }
    let name = assign_table(database, collection)?;
    schema::create_table(database, &name)?;
    index_build::complete(database, collection, &name)?;
    Ok(name)
}

/// The name of a collection's table.
pub(super) fn table_of(
    database: &Connection,
    collection: &str,
) -> rusqlite::Result<Option<String>> {
    let mut find = database
        .prepare_cached("SELECT table_name FROM ditto_collections WHERE collection = ?1")?;
    find.query_row([collection], |row| row.get(0)).optional()
}

/// Assigns an unused name to a collection's table, which does not exist yet.
pub(super) fn assign_table(database: &Connection, collection: &str) -> rusqlite::Result<String> {
    let mut taken = database.prepare(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE)
             OR EXISTS (SELECT 1 FROM ditto_collections WHERE table_name = ?1)",
    )?;
    let name = table_name(collection, |name| taken.query_row([name], |row| row.get(0)))?;
    database.execute(
        "INSERT INTO ditto_collections (collection, table_name) VALUES (?1, ?2)",
        [collection, &name],
    )?;
    Ok(name)
}

/// The collections in the order of their names, each with its table.
pub(super) fn live_tables(database: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = database
        .prepare("SELECT collection, table_name FROM ditto_collections ORDER BY collection")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
