//! The tables of a mirror, and their version.

use rusqlite::{Connection, TransactionBehavior};

use super::names::quoted;

/// Marks the file as ours: `DCDC` in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x4443_4443;
/// The version of these tables.
pub(super) const VERSION: i32 = 1;

/// Readable UTC from a column of milliseconds. `json_extract` and `strftime` instead of newer functions, so that older
/// versions of `SQLite` can open the file.
macro_rules! utc {
    ($name:literal, $column:literal) => {
        concat!(
            $name,
            " TEXT AS (strftime('%Y-%m-%d %H:%M:%f UTC', ",
            $column,
            " / 1000.0, 'unixepoch')) VIRTUAL"
        )
    };
}

const TABLES: &str = concat!(
    "CREATE TABLE ditto_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, changed_at INTEGER NOT NULL, ",
    utc!("changed", "changed_at"),
    ");
CREATE TABLE ditto_collections (collection TEXT PRIMARY KEY, table_name TEXT NOT NULL COLLATE NOCASE UNIQUE);
CREATE TABLE ditto_offsets (topic TEXT NOT NULL, topic_id TEXT, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
    witness TEXT, PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE ditto_gaps (id INTEGER PRIMARY KEY, reason TEXT NOT NULL, announced INTEGER NOT NULL, txn INTEGER,
    partition INTEGER, after_offset INTEGER, found_at INTEGER NOT NULL, ",
    utc!("found", "found_at"),
    ", resolved_at INTEGER, ",
    utc!("resolved", "resolved_at"),
    ");
CREATE TABLE ditto_snapshots (id INTEGER PRIMARY KEY, documents INTEGER NOT NULL, manifest TEXT NOT NULL,
    stored_at INTEGER NOT NULL, ",
    utc!("stored", "stored_at"),
    ");
CREATE TABLE ditto_tombstones (collection TEXT NOT NULL, key TEXT NOT NULL, txn INTEGER NOT NULL,
    PRIMARY KEY (collection, key)) WITHOUT ROWID;
CREATE TABLE ditto_problems (id INTEGER PRIMARY KEY, partition INTEGER, offset INTEGER, reason TEXT NOT NULL,
    found_at INTEGER NOT NULL, ",
    utc!("found", "found_at"),
    ", resolved_at INTEGER, ",
    utc!("resolved", "resolved_at"),
    ");
CREATE TABLE ditto_indexes (id INTEGER PRIMARY KEY, collection TEXT NOT NULL, paths TEXT NOT NULL,
    UNIQUE (collection, paths));
CREATE TABLE ditto_columns (collection TEXT NOT NULL, path TEXT NOT NULL, column_name TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (collection, path), UNIQUE (collection, column_name)) WITHOUT ROWID;
CREATE TABLE ditto_history (id INTEGER PRIMARY KEY, collection TEXT NOT NULL, key TEXT NOT NULL, txn INTEGER NOT NULL,
    partition INTEGER NOT NULL, offset INTEGER NOT NULL, changed_at INTEGER, op TEXT NOT NULL, doc TEXT, before TEXT, ",
    utc!("changed", "changed_at"),
    ");
CREATE INDEX ditto_history_document ON ditto_history (collection, key);
CREATE TABLE ditto_load (id INTEGER PRIMARY KEY, entry TEXT NOT NULL);
CREATE TABLE ditto_load_tables (id INTEGER PRIMARY KEY, collection TEXT NOT NULL UNIQUE);"
);

/// Creates a collection's table. The document's id as a value is for people: `SQLite` refuses deeply nested JSON, so that it
/// can be missing.
pub(super) fn create_table(database: &Connection, name: &str) -> rusqlite::Result<()> {
    database.execute_batch(&format!(
        "CREATE TABLE {} (key TEXT PRIMARY KEY, doc TEXT NOT NULL, txn INTEGER, changed_at INTEGER,
         id AS (CASE WHEN json_valid(doc) THEN json_extract(doc, '$._id') END) VIRTUAL)",
        quoted(name)
    ))
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing.
    Empty,
    /// A mirror of this version of the tables.
    Mirror(i32),
    /// Tables of another program.
    Foreign,
}

/// What is in the file of a connection.
pub(super) fn content(database: &Connection) -> rusqlite::Result<Content> {
    let number = |pragma: &str| database.query_row(pragma, [], |row| row.get::<_, i32>(0));
    let version = number("PRAGMA user_version")?;
    let application = number("PRAGMA application_id")?;
    if application == APPLICATION_ID {
        return Ok(Content::Mirror(version));
    }
    let is_unused = application == 0 && version == 0;
    let is_empty = is_unused && number("SELECT count(*) FROM sqlite_schema")? == 0;
    Ok(if is_empty {
        Content::Empty
    } else {
        Content::Foreign
    })
}

/// Creates the tables in an empty file.
pub(super) fn create(database: &mut Connection) -> rusqlite::Result<()> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    super::meta::set_state(&transaction, super::meta::MirrorState::Loading)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Brings the tables of an older version up to date.
pub(super) fn migrate(database: &mut Connection, from: i32) -> rusqlite::Result<()> {
    if from == VERSION {
        return Ok(());
    }
    // Version 1 is the first one. A later version adds its steps here.
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}
