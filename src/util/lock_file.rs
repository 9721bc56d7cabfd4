//! Lock files: exclusive use of a resource by one process, with its process id for the message of a second one.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

/// Why a lock was not acquired.
#[derive(Debug)]
pub enum LockError {
    /// Another process has it; its id, if the file has one.
    Held(Option<u32>),
    /// An I/O error of the file.
    Io(io::Error),
}

/// Creates and locks a file. The lock is released when the file is dropped.
///
/// # Errors
/// [`LockError`]
pub fn acquire(path: &Path) -> Result<File, LockError> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(LockError::Io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LockError::Held(process_id(&mut file))),
        Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
    }
    let written = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(LockError::Io)?;
    Ok(file)
}

fn process_id(file: &mut File) -> Option<u32> {
    let mut id = String::new();
    file.read_to_string(&mut id).ok()?;
    id.trim().parse().ok()
}
