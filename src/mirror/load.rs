//! A snapshot that is being read into tables beside the live ones, and can be continued after a kill.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension};

use super::error::{failure, io_error};
use super::open::{MirrorFile, connect};
use super::schema;
use super::table_store::TableStore;
use super::writer::{Job, Writer, WriterHandle, staging_name};
use crate::record::{Failure, FailureClass};
use crate::snapshot::write::journal::{Entry, ResumeState};
use crate::util::mutex::lock;

/// A snapshot that is being read. Its stores may be used by several threads.
pub struct Staging {
    writer: Writer,
    handle: WriterHandle,
    /// Opens the tables of collections.
    database: Mutex<Connection>,
    path: Arc<Path>,
}

impl MirrorFile {
    /// Starts a load, or continues the one that [`MirrorFile::resume_state`] describes. What is in the open transaction must
    /// be committed before.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be opened a second time.
    pub fn staging(&self) -> Result<Staging, Failure> {
        let failed = |error: &rusqlite::Error| failure("write", &self.name, error);
        if self.resume_state()?.lines.is_empty() {
            discard(&self.database).map_err(|error| failed(&error))?;
        }
        let writer = connect(&self.path).map_err(|error| failed(&error))?;
        let database = connect(&self.path).map_err(|error| failed(&error))?;
        let started = Writer::start(writer, &self.name);
        let (writer, handle) = started.map_err(|error| Failure {
            class: FailureClass::Read,
            what: format!(
                "cannot write the mirror {}: no thread could be started",
                self.name
            ),
            fix: None,
            raw: Some(error.to_string()),
        })?;
        Ok(Staging {
            writer,
            handle,
            database: Mutex::new(database),
            path: Arc::from(self.path.as_path()),
        })
    }

    /// The journal of a load that was interrupted; without lines if there is none, or none that this version can read.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn resume_state(&self) -> Result<ResumeState, Failure> {
        let lines = entries(&self.database).map_err(|error| failure("read", &self.name, &error))?;
        let mut state = ResumeState::default();
        for line in lines {
            let Ok(entry) = serde_json::from_str(&line) else {
                // The tables contain the pages of later lines, too.
                return Ok(ResumeState::default());
            };
            state.lines.push(entry);
            state.valid += line.len() as u64;
        }
        Ok(state)
    }

    /// Discards a load that was interrupted, with its tables.
    ///
    /// # Errors
    /// A [`Failure`]; nothing since the last commit is then in the file.
    pub fn discard_load(&mut self) -> Result<(), Failure> {
        self.rollback();
        let discarded = discard(&self.database);
        discarded.map_err(|error| failure("write", &self.name, &error))
    }
}

fn discard(database: &Connection) -> rusqlite::Result<()> {
    let transaction = database.unchecked_transaction()?;
    for (table, _) in tables(&transaction)? {
        transaction.execute_batch(&format!("DROP TABLE IF EXISTS {}", staging_name(table)))?;
    }
    transaction.execute_batch("DELETE FROM ditto_load; DELETE FROM ditto_load_tables")?;
    transaction.commit()
}

impl Staging {
    /// Appends a line to the journal; it is in the file when this returns.
    ///
    /// # Errors
    /// Errors of the file, including those of earlier pages.
    pub fn add(&self, entry: &Entry) -> io::Result<()> {
        self.handle
            .send(Job::Entry(serde_json::to_string(entry)?))?;
        self.handle.flush()
    }

    /// The store of a collection, with the pages that are committed already.
    ///
    /// # Errors
    /// Errors of the file.
    pub fn store(&self, collection: &str) -> io::Result<TableStore> {
        let table = open_table(&mut lock(&self.database), collection);
        let table = table.map_err(|error| io_error(self.handle.name(), &error))?;
        let path = Arc::clone(&self.path);
        Ok(TableStore::new(
            self.handle.clone(),
            path,
            table,
            collection,
        ))
    }

    /// Ends the load when all stores are dropped: everything is in the file.
    ///
    /// # Errors
    /// Errors of the file, including those of earlier pages.
    pub fn close(self) -> io::Result<()> {
        drop(self.handle);
        self.writer.join()
    }
}

fn open_table(database: &mut Connection, collection: &str) -> rusqlite::Result<i64> {
    let transaction =
        database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let find = "SELECT id FROM ditto_load_tables WHERE collection = ?1";
    let found = transaction
        .query_row(find, [collection], |row| row.get(0))
        .optional()?;
    if let Some(table) = found {
        return Ok(table);
    }
    transaction.execute(
        "INSERT INTO ditto_load_tables (collection) VALUES (?1)",
        [collection],
    )?;
    let table = transaction.last_insert_rowid();
    schema::create_table(&transaction, &staging_name(table))?;
    transaction.commit()?;
    Ok(table)
}

/// The tables that are being filled, with their collections.
pub(super) fn tables(database: &Connection) -> rusqlite::Result<Vec<(i64, Arc<str>)>> {
    let mut statement =
        database.prepare("SELECT id, collection FROM ditto_load_tables ORDER BY collection")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn entries(database: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = database.prepare("SELECT entry FROM ditto_load ORDER BY id")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}
