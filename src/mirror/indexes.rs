//! `ditto_indexes`: indexes that the tables of collections get, now and when a table is made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, OptionalExtension};

use super::error::{failure, setup};
use super::index_build::{
    INDEX_PREFIX, StoredIndex, add_columns, assign_columns, column_names, exists, indexes_of,
    statement,
};
use super::index_definition::Index;
use super::names::quoted;
use super::open::{MirrorFile, begin};
use super::tables::{live_tables, table_of};
use crate::record::Failure;

/// Maximum number of columns for indexes in one table; `SQLite` has room for 2000.
const MAX_COLUMNS: i64 = 1000;
/// How many instructions of `SQLite` run between two checks of Ctrl-C: less than 10 ms.
const INTERRUPT_INTERVAL: i32 = 100_000;

/// An index that a table does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmadeIndex {
    /// The index.
    pub index: Index,
    /// Number of documents in the collection.
    pub documents: u64,
    statement: String,
}

/// What the file has of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexInfo {
    /// The names of its columns, in its order.
    pub columns: Vec<String>,
    /// Whether the collection has a table: otherwise the index is made together with it.
    pub has_table: bool,
}

impl MirrorFile {
    /// Ends long statements as soon as this flag is set.
    pub fn stop_on(&mut self, interrupt: Arc<AtomicBool>) {
        self.interrupt = Some(interrupt);
    }

    /// Stores indexes for existing and later tables, and removes those from the tables that were deleted from
    /// `ditto_indexes`. Returns the indexes that were not stored before. Those of existing tables are made by
    /// [`MirrorFile::make_index`].
    ///
    /// # Errors
    /// A [`Failure`] of the class `Setup` if `ditto_indexes` was changed by hand and cannot be read, or if a table would
    /// have too many columns. A [`Failure`] of the file. Nothing is then changed.
    pub fn add_indexes(&mut self, indexes: &[Index]) -> Result<Vec<Index>, Failure> {
        self.check_stored()?;
        let added = self.write(|database| {
            let mut added = Vec::new();
            for index in indexes {
                let sql = "INSERT OR IGNORE INTO ditto_indexes (collection, paths) VALUES (?1, ?2)";
                let fields = index.fields_text();
                if database.execute(sql, [index.collection(), &fields])? > 0 {
                    added.push(index.clone());
                }
            }
            assign_all(database)?;
            drop_surplus(database)?;
            Ok(added)
        })?;
        let sql = "SELECT collection FROM ditto_columns GROUP BY collection HAVING count(*) > ?1";
        let find = self
            .database
            .query_row(sql, [MAX_COLUMNS], |row| row.get(0));
        let too_many: Option<String> = find.optional().map_err(|error| self.give_up(&error))?;
        if let Some(collection) = too_many {
            self.rollback();
            return Err(setup(
                format!("the indexes of {collection} would need more than {MAX_COLUMNS} columns"),
                "leave some of them out",
            ));
        }
        self.commit(&[])?;
        Ok(added)
    }

    /// The indexes that tables do not have yet.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn unmade_indexes(&self) -> Result<Vec<UnmadeIndex>, Failure> {
        unmade(&self.database).map_err(|error| failure("read", &self.name, &error))
    }

    /// Makes an index in a transaction of its own.
    ///
    /// # Errors
    /// A [`Failure`] of the file, or after an interrupt; the next run then makes the index.
    pub fn make_index(&mut self, unmade: &UnmadeIndex) -> Result<(), Failure> {
        let made = self.interruptible(|database| {
            begin(database)?;
            database.execute_batch(&unmade.statement)?;
            database.execute_batch("COMMIT")
        });
        made.map_err(|error| self.give_up(&error))
    }

    /// What the file has of an index that is stored.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn index_info(&self, index: &Index) -> Result<IndexInfo, Failure> {
        let info = || -> rusqlite::Result<IndexInfo> {
            Ok(IndexInfo {
                columns: column_names(&self.database, index)?,
                has_table: table_of(&self.database, index.collection())?.is_some(),
            })
        };
        info().map_err(|error| failure("read", &self.name, &error))
    }

    /// The collections that have a table.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn collection_names(&self) -> Result<Vec<String>, Failure> {
        let tables = live_tables(&self.database);
        let tables = tables.map_err(|error| failure("read", &self.name, &error))?;
        Ok(tables
            .into_iter()
            .map(|(collection, _)| collection)
            .collect())
    }

    /// Number of indexes that are stored for these collections.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn index_count<'c>(
        &self,
        collections: impl Iterator<Item = &'c str>,
    ) -> Result<usize, Failure> {
        let count = |name| indexes_of(&self.database, name).map(|indexes| indexes.len());
        let counts: rusqlite::Result<Vec<usize>> = collections.map(count).collect();
        let counts = counts.map_err(|error| failure("read", &self.name, &error))?;
        Ok(counts.into_iter().sum())
    }

    /// Does something that ends with an error if the flag of [`MirrorFile::stop_on`] is set.
    pub(super) fn interruptible<T>(
        &mut self,
        step: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let Some(flag) = self.interrupt.clone() else {
            return step(&self.database);
        };
        let is_set = move || flag.load(Ordering::Relaxed);
        self.database
            .progress_handler(INTERRUPT_INTERVAL, Some(is_set))?;
        let done = step(&self.database);
        self.database.progress_handler(0, None::<fn() -> bool>)?;
        done
    }

    /// Refuses entries of `ditto_indexes` and `ditto_columns` that cannot be read.
    fn check_stored(&self) -> Result<(), Failure> {
        let sql = "SELECT 'ditto_indexes', collection, paths FROM ditto_indexes
            UNION ALL SELECT 'ditto_columns', collection, path FROM ditto_columns";
        let rows = || -> rusqlite::Result<Vec<(String, String, String)>> {
            let mut statement = self.database.prepare(sql)?;
            let rows =
                statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect()
        };
        let rows = rows().map_err(|error| failure("read", &self.name, &error))?;
        for (table, collection, fields) in rows {
            if let Err(error) = Index::from_stored(&collection, &fields) {
                return Err(setup(
                    format!(
                        "the table {table} of the mirror {} has an entry that is no field of a document: {fields}: {}",
                        self.name,
                        error.why()
                    ),
                    "correct the entry, or delete it from the table",
                ));
            }
        }
        Ok(())
    }
}

/// Names the columns of all indexes, and adds them to the tables.
fn assign_all(database: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT DISTINCT collection FROM ditto_indexes ORDER BY collection";
    let mut statement = database.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    let collections: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
    for collection in collections {
        let table = table_of(database, &collection)?;
        for stored in indexes_of(database, &collection)? {
            assign_columns(database, &stored.index, table.as_deref())?;
        }
        if let Some(table) = table {
            add_columns(database, &collection, &table)?;
        }
    }
    Ok(())
}

/// Each index that a table should have, with its statement.
fn wanted(database: &Connection) -> rusqlite::Result<Vec<(StoredIndex, String, String)>> {
    let mut wanted = Vec::new();
    for (collection, table) in live_tables(database)? {
        for stored in indexes_of(database, &collection)? {
            let statement = statement(database, &stored, &table)?;
            wanted.push((stored, statement, table.clone()));
        }
    }
    Ok(wanted)
}

fn unmade(database: &Connection) -> rusqlite::Result<Vec<UnmadeIndex>> {
    let mut unmade = Vec::new();
    for (stored, statement, table) in wanted(database)? {
        if exists(database, &statement)? {
            continue;
        }
        let count = format!("SELECT count(*) FROM {}", quoted(&table));
        let documents: i64 = database.query_row(&count, [], |row| row.get(0))?;
        unmade.push(UnmadeIndex {
            index: stored.index,
            documents: documents.cast_unsigned(),
            statement,
        });
    }
    Ok(unmade)
}

/// Removes indexes of this program that are stored no longer, or otherwise.
fn drop_surplus(database: &Connection) -> rusqlite::Result<()> {
    let wanted: Vec<String> = wanted(database)?.into_iter().map(|one| one.1).collect();
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND substr(name, 1, length(?1)) = ?1";
    let mut find = database.prepare(sql)?;
    let rows = find.query_map([INDEX_PREFIX], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
    })?;
    let rows: Vec<(String, Option<String>)> = rows.collect::<rusqlite::Result<_>>()?;
    for (name, sql) in rows {
        if !sql.is_some_and(|sql| wanted.contains(&sql)) {
            database.execute_batch(&format!("DROP INDEX {}", quoted(&name)))?;
        }
    }
    Ok(())
}
