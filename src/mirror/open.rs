//! A mirror that is open for writing: exclusive, with one transaction that holds changes and their offsets.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::error::{failure, setup};
use super::identity::Identity;
use super::log_limit::LogLimit;
use super::meta::{self, MirrorState, StateSince};
use super::schema::{self, Content};
use super::tables::Table;
use crate::record::{Failure, FailureClass};
use crate::snapshot::dedup::SnapshotIndex;
use crate::snapshot::manifest::{Manifest, Position};
use crate::util::atomic_file::beside;
use crate::util::lock_file::{self, LockError};
use crate::util::private_file;

/// How long a write waits for another program that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Statements that are kept prepared: four for each collection that changes.
const STATEMENTS: usize = 512;

/// A mirror that is open for writing, locked until it is dropped.
///
/// The first change after a commit opens a transaction, and [`MirrorFile::commit`] ends it. After an error of the file,
/// it is as after the last commit.
#[derive(Debug)]
pub struct MirrorFile {
    pub(super) database: Connection,
    pub(super) path: PathBuf,
    /// The name as typed.
    pub(super) name: String,
    /// A separate file, because `SQLite` locks its own one in its own way.
    _lock: File,
    /// The tables that were used since the last rollback, by collection.
    pub(super) tables: HashMap<String, Table>,
    /// What the last snapshot contains.
    pub(super) snapshot: SnapshotIndex,
    /// Whether applied changes are kept in `ditto_history`.
    pub(super) keeps_history: bool,
    /// Ends long statements.
    pub(super) interrupt: Option<Arc<AtomicBool>>,
    pub(super) log_limit: LogLimit,
}

impl MirrorFile {
    /// Locks and opens a mirror, or creates it with mode 600.
    ///
    /// # Errors
    /// A [`Failure`] of the class `Setup` if another process uses the file, if it is a copy of something else or no mirror,
    /// if a later version wrote it, or if it cannot be opened for writing.
    pub fn open(path: &Path, identity: &Identity) -> Result<MirrorFile, Failure> {
        let name = path.display().to_string();
        let path = resolve(path).map_err(|error| not_opened(&name, &error))?;
        let lock = lock_file::acquire(&beside(&path, ".lock"));
        let lock = lock.map_err(|error| locked(&name, &error))?;
        if !path.exists() {
            private_file::create_new(&path).map_err(|error| not_opened(&name, &error))?;
        }
        let failed = |error: rusqlite::Error| failure("open", &name, &error);
        let mut database = connect(&path).map_err(failed)?;
        if database.is_readonly("main").map_err(failed)? {
            return Err(read_only(&name));
        }
        prepare(&mut database, &name)?;
        identity.check(&database, &name)?;
        sort_in_files(&database, &path).map_err(failed)?;
        let mut file = MirrorFile {
            database,
            log_limit: LogLimit::new(&path),
            path,
            name,
            _lock: lock,
            tables: HashMap::new(),
            snapshot: SnapshotIndex::default(),
            keeps_history: false,
            interrupt: None,
        };
        file.snapshot = file
            .manifest()?
            .map(|manifest| SnapshotIndex::new(&manifest))
            .unwrap_or_default();
        Ok(file)
    }

    /// The name as typed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The offsets that belong to the content; empty before the first snapshot.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn positions(&self) -> Result<Vec<Position>, Failure> {
        positions(&self.database).map_err(|error| failure("read", &self.name, &error))
    }

    /// The manifest of the last snapshot.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn manifest(&self) -> Result<Option<Manifest>, Failure> {
        manifest(&self.database, &self.name)
    }

    /// How current the copy is; `None` if that was changed by hand.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn state(&self) -> Result<Option<StateSince>, Failure> {
        meta::state(&self.database).map_err(|error| failure("read", &self.name, &error))
    }

    /// Sets the state in the open transaction. Its time changes only if it changes.
    ///
    /// # Errors
    /// A [`Failure`]; nothing since the last commit is then in the file.
    pub fn set_state(&mut self, state: MirrorState) -> Result<(), Failure> {
        self.write(|database| meta::set_state(database, state))
    }

    /// Ends the open transaction: its changes and these offsets are in the file, or neither.
    ///
    /// # Errors
    /// A [`Failure`]; nothing since the last commit is then in the file.
    pub fn commit(&mut self, positions: &[Position]) -> Result<(), Failure> {
        self.write(|database| {
            for position in positions {
                write_position(database, position)?;
            }
            database.prepare_cached("COMMIT")?.execute([])?;
            Ok(())
        })?;
        self.log_limit.keep(&self.database);
        Ok(())
    }

    /// Discards the open transaction, if any.
    pub fn rollback(&mut self) {
        if !self.database.is_autocommit() {
            // If it fails, SQLite has ended the transaction itself.
            let _ = self.database.execute_batch("ROLLBACK");
        }
        self.tables.clear();
    }

    /// Does one step in the open transaction, or opens one.
    pub(super) fn write<T>(
        &mut self,
        step: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        let done = begin(&self.database).and_then(|()| step(&self.database));
        done.map_err(|error| self.give_up(&error))
    }

    /// Discards the open transaction after an error.
    pub(super) fn give_up(&mut self, error: &rusqlite::Error) -> Failure {
        self.rollback();
        failure("write", &self.name, error)
    }
}

/// Opens a transaction, if none is open. It has the right to write from the start, so that it cannot fail later because
/// of another writer.
pub(super) fn begin(database: &Connection) -> rusqlite::Result<()> {
    if database.is_autocommit() {
        database.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    }
    Ok(())
}

/// A connection for writing, with its settings.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY_TIMEOUT)?;
    database.set_prepared_statement_cache_capacity(STATEMENTS);
    // 64 MiB of cache; a checkpoint after 80 MB of log. With NORMAL, a power loss can undo the last commits, but a change
    // and its offset stay together. Views of the user may name a table while it is replaced.
    database.execute_batch(
        "PRAGMA cache_size = -65536; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 20000;
         PRAGMA legacy_alter_table = ON; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY",
    )?;
    Ok(database)
}

/// An index over many documents is sorted in temporary files in the folder of the mirror, which has room for them, not in
/// memory.
fn sort_in_files(database: &Connection, path: &Path) -> rusqlite::Result<()> {
    database.execute_batch("PRAGMA temp_store = FILE")?;
    if let Some(folder) = path.parent().and_then(Path::to_str) {
        // A setting of the process. If it fails, the temporary files are in the system's folder.
        let _ = database.pragma_update(None, "temp_store_directory", folder);
    }
    Ok(())
}

/// Creates or checks the tables, and selects the log that lets readers read at any time.
fn prepare(database: &mut Connection, name: &str) -> Result<(), Failure> {
    let failed = |error: rusqlite::Error| failure("open", name, &error);
    let content = schema::content(database).map_err(failed)?;
    check_content(content, name)?;
    let mode: String = database
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        return Err(setup(
            format!(
                "cannot open the mirror {name}: its file system has no shared memory, which readers beside a writer need"
            ),
            "put the file on a local disk",
        ));
    }
    match content {
        Content::Mirror(version) => schema::migrate(database, version).map_err(failed),
        _ => schema::create(database).map_err(failed),
    }
}

/// Refuses what is no mirror, or one of a later version.
pub(super) fn check_content(content: Content, name: &str) -> Result<(), Failure> {
    match content {
        Content::Foreign => Err(setup(
            format!("{name} is a SQLite database of another program"),
            "give a file that does not exist yet",
        )),
        Content::Mirror(version) if version > schema::VERSION => Err(setup(
            format!(
                "the mirror {name} has version {version}, and this ditto-cdc knows versions up to {}",
                schema::VERSION
            ),
            "use the version of ditto-cdc that wrote it, or another file",
        )),
        _ => Ok(()),
    }
}

/// Writes the offset of one partition.
pub(super) fn write_position(database: &Connection, position: &Position) -> rusqlite::Result<()> {
    // Strings and numbers always serialize.
    let witness = position
        .witness
        .as_ref()
        .and_then(|witness| serde_json::to_string(witness).ok());
    let mut statement = database.prepare_cached(
        "INSERT OR REPLACE INTO ditto_offsets (topic, topic_id, partition, next_offset, witness)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    statement.execute(params![
        position.topic,
        position.topic_id,
        position.partition,
        position.next_offset,
        witness
    ])?;
    Ok(())
}

/// The offsets of all partitions.
pub(super) fn positions(database: &Connection) -> rusqlite::Result<Vec<Position>> {
    let mut statement = database.prepare_cached(
        "SELECT topic, topic_id, partition, next_offset, witness FROM ditto_offsets ORDER BY topic, partition",
    )?;
    let rows = statement.query_map([], |row| {
        let witness: Option<String> = row.get(4)?;
        Ok(Position {
            topic: row.get(0)?,
            topic_id: row.get(1)?,
            partition: row.get(2)?,
            next_offset: row.get(3)?,
            witness: witness.and_then(|witness| serde_json::from_str(&witness).ok()),
        })
    })?;
    rows.collect()
}

/// The manifest of the last snapshot.
pub(super) fn manifest(database: &Connection, name: &str) -> Result<Option<Manifest>, Failure> {
    let sql = "SELECT manifest FROM ditto_snapshots ORDER BY id DESC LIMIT 1";
    let read = database
        .query_row(sql, [], |row| row.get::<_, String>(0))
        .optional();
    let Some(text) = read.map_err(|error| failure("read", name, &error))? else {
        return Ok(None);
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| Failure {
            class: FailureClass::Setup,
            what: format!(
                "cannot read the mirror {name}: the manifest in ditto_snapshots is damaged"
            ),
            fix: Some("move the file away, and start again: a new copy is made".into()),
            raw: Some(error.to_string()),
        })
}

/// Resolves symbolic links, because the log and the lock are beside the file itself.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Ok(path) if path.is_file() => Ok(path),
        Ok(path) if path.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) => Err(io::ErrorKind::InvalidInput.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            Ok(folder.unwrap_or(Path::new(".")).canonicalize()?.join(name))
        }
        Err(error) => Err(error),
    }
}

fn locked(name: &str, error: &LockError) -> Failure {
    let process = match error {
        LockError::Io(error) => return not_opened(name, error),
        LockError::Foreign => {
            return setup(
                format!("cannot open the mirror {name}: {name}.lock is not a lock file"),
                format!("use another name, or move {name}.lock away"),
            );
        }
        LockError::Inherited(id) | LockError::Held(Some(id)) => format!(" (process {id})"),
        LockError::Held(None) => String::new(),
    };
    setup(
        format!("cannot open the mirror {name}: another ditto-cdc{process} is writing to it"),
        "stop that process, or use another file for this copy; programs that only read need no lock",
    )
}

fn not_opened(name: &str, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::InvalidInput => "it is not a file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    };
    Failure {
        raw: Some(error.to_string()),
        ..setup(
            format!("cannot open the mirror {name}: {why}"),
            "give a file in a folder that you can write to",
        )
    }
}

fn read_only(name: &str) -> Failure {
    setup(
        format!("cannot open the mirror {name}: it is read-only"),
        "check the owner and mode of the file and its folder (ls -l)",
    )
}
