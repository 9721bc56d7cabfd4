//! Columns and indexes of one table, as `ditto_columns` and `ditto_indexes` say.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::index_definition::{Index, IndexField};
use super::names::{column_name, quoted};

/// Columns that each table has, and the names of `SQLite` for the number of a row.
const RESERVED: [&str; 8] = [
    "key",
    "doc",
    "txn",
    "changed_at",
    "id",
    "rowid",
    "oid",
    "_rowid_",
];

/// An index in the file.
pub(super) struct StoredIndex {
    pub id: i64,
    pub index: Index,
}

/// The beginning of the names of indexes in SQL; the id follows.
pub(super) const INDEX_PREFIX: &str = "ditto_index_";

/// Adds the columns and indexes that a collection's table does not have yet. With documents in the table, each field of an
/// index takes 1 to 2 µs for each document.
pub(super) fn complete(
    database: &Connection,
    collection: &str,
    table: &str,
) -> rusqlite::Result<()> {
    add_columns(database, collection, table)?;
    for stored in indexes_of(database, collection)? {
        let statement = statement(database, &stored, table)?;
        if !exists(database, &statement)? {
            database.execute_batch(&statement)?;
        }
    }
    Ok(())
}

/// Adds the columns that a collection's table does not have yet. They are virtual: no row is changed.
pub(super) fn add_columns(
    database: &Connection,
    collection: &str,
    table: &str,
) -> rusqlite::Result<()> {
    let mut existing = columns_of(database, table)?;
    for (field, name) in assigned(database, collection)? {
        if existing.insert(name.to_ascii_lowercase()) {
            let column = field.column(&name);
            let table = quoted(table);
            database.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column}"))?;
        }
    }
    Ok(())
}

/// The statement that makes an index, as `SQLite` stores it.
pub(super) fn statement(
    database: &Connection,
    stored: &StoredIndex,
    table: &str,
) -> rusqlite::Result<String> {
    let columns = column_names(database, &stored.index)?;
    let columns: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    Ok(format!(
        "CREATE INDEX {INDEX_PREFIX}{} ON {} ({})",
        stored.id,
        quoted(table),
        columns.join(", ")
    ))
}

/// Whether an index was made by this statement.
pub(super) fn exists(database: &Connection, statement: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE sql = ?1)";
    let mut find = database.prepare_cached(sql)?;
    find.query_row([statement], |row| row.get(0))
}

/// The columns of an index in its order; each has a name after [`assign_columns`].
pub(super) fn column_names(database: &Connection, index: &Index) -> rusqlite::Result<Vec<String>> {
    let mut find = database.prepare_cached(
        "SELECT column_name FROM ditto_columns WHERE collection = ?1 AND path = ?2",
    )?;
    let fields = index.fields().iter();
    fields
        .map(|field| find.query_row([index.collection(), &field.to_string()], |row| row.get(0)))
        .collect()
}

/// Gives a name to each field of an index that has none. Names that the table uses otherwise are left to their user.
pub(super) fn assign_columns(
    database: &Connection,
    index: &Index,
    table: Option<&str>,
) -> rusqlite::Result<()> {
    let collection = index.collection();
    let mut taken: BTreeSet<String> = RESERVED.iter().map(ToString::to_string).collect();
    if let Some(table) = table {
        taken.extend(columns_of(database, table)?);
    }
    let assigned = assigned(database, collection)?;
    taken.extend(assigned.iter().map(|(_, name)| name.to_ascii_lowercase()));
    for field in index.fields() {
        if assigned.iter().any(|(other, _)| other == field) {
            continue;
        }
        let is_taken = |name: &str| Ok(taken.contains(&name.to_ascii_lowercase()));
        let name: rusqlite::Result<String> = column_name(&field.0, is_taken);
        let name = name?;
        taken.insert(name.to_ascii_lowercase());
        database.execute(
            "INSERT INTO ditto_columns (collection, path, column_name) VALUES (?1, ?2, ?3)",
            [collection, &field.to_string(), &name],
        )?;
    }
    Ok(())
}

/// The fields of a collection that have a column, with its name.
fn assigned(
    database: &Connection,
    collection: &str,
) -> rusqlite::Result<Vec<(IndexField, String)>> {
    let mut statement = database.prepare_cached(
        "SELECT path, column_name FROM ditto_columns WHERE collection = ?1 ORDER BY path",
    )?;
    let rows = statement.query_map([collection], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    let mut columns = Vec::new();
    for row in rows {
        let (path, name) = row?;
        let one = parse(collection, &path)?;
        columns.extend(
            one.fields()
                .iter()
                .map(|field| (field.clone(), name.clone())),
        );
    }
    Ok(columns)
}

/// The indexes of a collection.
pub(super) fn indexes_of(
    database: &Connection,
    collection: &str,
) -> rusqlite::Result<Vec<StoredIndex>> {
    let mut statement = database
        .prepare_cached("SELECT id, paths FROM ditto_indexes WHERE collection = ?1 ORDER BY id")?;
    let rows = statement.query_map([collection], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, String)> = rows.collect::<rusqlite::Result<_>>()?;
    let index = |(id, paths): (i64, String)| {
        let index = parse(collection, &paths)?;
        Ok(StoredIndex { id, index })
    };
    rows.into_iter().map(index).collect()
}

/// What a row of the file says; only a change by hand makes it unreadable.
fn parse(collection: &str, fields: &str) -> rusqlite::Result<Index> {
    Index::from_stored(collection, fields)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.why().into()))
}

/// The names of a table's columns in lower case.
fn columns_of(database: &Connection, table: &str) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = database.prepare("SELECT name FROM pragma_table_xinfo(?1)")?;
    let rows = statement.query_map([table], |row| row.get::<_, String>(0))?;
    rows.map(|name| Ok(name?.to_ascii_lowercase())).collect()
}
