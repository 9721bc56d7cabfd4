//! Keeps the write-ahead log small, although readers come and go.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::util::atomic_file::beside;

/// Size of the log beyond which it is emptied: twice what `SQLite`'s own checkpoints leave.
const MAX_LOG_BYTES: u64 = 160 << 20;
/// The wait for readers. A longer read transaction lets the log grow.
const READER_TIMEOUT: Duration = Duration::from_millis(500);

/// Empties the log of a file if it is large.
///
/// `SQLite`'s own checkpoints never wait, and the log starts again at its beginning only at a moment without readers. With
/// readers whose transactions overlap, there is none.
#[derive(Debug)]
pub(super) struct LogLimit {
    log: PathBuf,
    max_bytes: u64,
    /// The size from which on the next attempt is made.
    next_attempt: u64,
}

impl LogLimit {
    pub fn new(file: &Path) -> LogLimit {
        LogLimit::with_size(file, MAX_LOG_BYTES)
    }

    pub(super) fn with_size(file: &Path, max_bytes: u64) -> LogLimit {
        LogLimit {
            log: beside(file, "-wal"),
            max_bytes,
            next_attempt: max_bytes,
        }
    }

    /// Empties the log after a commit, if it is large. New readers do not use it meanwhile; those that do are waited for.
    /// After a failure, nothing is lost: the next attempt follows when the log has grown further.
    pub fn keep(&mut self, database: &Connection) {
        let size = fs::metadata(&self.log).map_or(0, |log| log.len());
        if size < self.next_attempt {
            return;
        }
        let is_emptied = truncate(database).unwrap_or(false);
        self.next_attempt = if is_emptied {
            self.max_bytes
        } else {
            size + self.max_bytes / 2
        };
    }
}

/// Writes the log into the file and empties it; `false` if a reader needs it.
fn truncate(database: &Connection) -> rusqlite::Result<bool> {
    let before: u32 = database.query_row("PRAGMA busy_timeout", [], |row| row.get(0))?;
    database.busy_timeout(READER_TIMEOUT)?;
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_busy = database.query_row(sql, [], |row| row.get::<_, bool>(0));
    database.busy_timeout(Duration::from_millis(before.into()))?;
    Ok(!is_busy?)
}
