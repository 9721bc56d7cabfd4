//! Errors of `SQLite` in plain words, with what to do.

use std::io;

use rusqlite::ErrorCode;

use crate::record::{Failure, FailureClass};

/// The failure of an operation on a mirror. `doing` is a verb such as `write`.
pub(super) fn failure(doing: &str, name: &str, error: &rusqlite::Error) -> Failure {
    let (class, why, fix) = match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly) if doing == "read" => (
            FailureClass::Setup,
            "SQLite needs the right to write beside it, because another program may be writing",
            "run as the owner of the file; or, if no mirror runs, copy it to a folder of your own",
        ),
        _ => explain(error),
    };
    Failure {
        class: if doing == "write" {
            class
        } else {
            FailureClass::Setup
        },
        what: format!("cannot {doing} the mirror {name}: {why}"),
        fix: Some(fix.to_owned()),
        raw: Some(error.to_string()),
    }
}

/// The same as an I/O error, for a page store.
pub(super) fn io_error(name: &str, error: &rusqlite::Error) -> io::Error {
    io_failure("write", name, error)
}

/// The same for a scan.
pub(super) fn read_error(name: &str, error: &rusqlite::Error) -> io::Error {
    io_failure("read", name, error)
}

fn io_failure(doing: &str, name: &str, error: &rusqlite::Error) -> io::Error {
    let (_, why, fix) = explain(error);
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(
        kind,
        format!("cannot {doing} the mirror {name}: {why}; {fix} ({error})"),
    )
}

/// A failure before anything was done.
pub(super) fn setup(what: String, fix: impl Into<String>) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what,
        fix: Some(fix.into()),
        raw: None,
    }
}

/// A failure of data that the file cannot hold.
pub(super) fn unfit(what: String, fix: impl Into<String>) -> Failure {
    Failure {
        class: FailureClass::Read,
        what,
        fix: Some(fix.into()),
        raw: None,
    }
}

fn explain(error: &rusqlite::Error) -> (FailureClass, &'static str, &'static str) {
    use FailureClass::{Read, Setup};
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => (
            Read,
            "the disk is full",
            "free some space and start again; nothing that was committed is lost",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            Read,
            "another program is writing to it",
            "end that program's transaction, and start again; readers do not disturb",
        ),
        Some(ErrorCode::DatabaseCorrupt) => (
            Read,
            "the file is damaged",
            "move it away with its -wal and -shm files, and start again: a new copy is made",
        ),
        Some(ErrorCode::NotADatabase) => (
            Setup,
            "it is not a SQLite database",
            "check the path, or give a file that does not exist yet",
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
            Setup,
            "it is read-only",
            "check the owner and mode of the file and its folder (ls -l)",
        ),
        Some(ErrorCode::CannotOpen) => (
            Setup,
            "it cannot be opened",
            "check the path, and the owner and mode of the file and its folder (ls -l)",
        ),
        Some(ErrorCode::TooBig) => (
            Read,
            "a document is larger than SQLite's limit of 1,000,000,000 bytes",
            "leave its collection out with -c",
        ),
        Some(ErrorCode::SystemIoFailure) => (
            Read,
            "the disk reported an error",
            "check the disk, and start again; nothing that was committed is lost",
        ),
        _ => (
            Read,
            "SQLite reported an error",
            "start again; if it happens again, move the file away, and a new copy is made",
        ),
    }
}

/// A transaction that `SQLite`'s integers cannot hold.
pub(super) fn too_high(txn: u64) -> Failure {
    unfit(
        format!(
            "the transaction {txn} is too high for SQLite, whose integers end at {}",
            i64::MAX
        ),
        "report this: Ditto's transactions are far below it, so that the event may be damaged",
    )
}
