//! Lock files: exclusive use of a resource by one process, with its process id for the message of a second one. Its child
//! processes can have the lock, too, so that it lasts until the last of them has ended.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::{child_process, private_file};

/// A lock file contains only a process id.
const MAX_LENGTH: u64 = 20;

/// Why a lock was not acquired.
#[derive(Debug)]
pub enum LockError {
    /// Another process has it; its id, if the file has one.
    Held(Option<u32>),
    /// The process with this id acquired it and has ended; a process that it started still has it.
    Inherited(u32),
    /// The file is a link, or contains something else than a process id: it belongs to the user.
    Foreign,
    /// An I/O error of the file.
    Io(io::Error),
}

/// Creates and locks a file. The lock is released when the file is dropped.
///
/// # Errors
/// [`LockError`]
pub fn acquire(path: &Path) -> Result<File, LockError> {
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(LockError::Foreign);
    }
    let mut file = private_file::open(path).map_err(LockError::Io)?;
    let locked = file.try_lock();
    let content = read(&mut file).map_err(LockError::Io)?;
    let is_own = content.trim().bytes().all(|byte| byte.is_ascii_digit());
    if !is_own || content.len() as u64 > MAX_LENGTH {
        return Err(LockError::Foreign);
    }
    match locked {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(held(content.trim().parse().ok())),
        Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
    }
    let written = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| writeln!(file, "{}", std::process::id()));
    written.map_err(LockError::Io)?;
    Ok(file)
}

/// Leaves a lock to the processes that this one starts: if this one is killed, they have the lock until they end.
///
/// # Errors
/// I/O errors of the file.
#[cfg(unix)]
pub fn leave_to_children(file: &File) -> io::Result<()> {
    // The lock belongs to the open file, which a child process shares if `exec` does not close it.
    Ok(rustix::io::fcntl_setfd(file, rustix::io::FdFlags::empty())?)
}

/// Not possible on this system: the lock ends with this process.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn leave_to_children(_: &File) -> io::Result<()> {
    Ok(())
}

fn held(by: Option<u32>) -> LockError {
    match by {
        Some(id) if !child_process::exists(id) => LockError::Inherited(id),
        _ => LockError::Held(by),
    }
}

fn read(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_LENGTH + 1).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lock_file_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        drop(acquire(&place("lock")).unwrap());
        let held = acquire(&place("lock")).unwrap();
        let id = std::process::id();
        assert!(matches!(acquire(&place("lock")), Err(LockError::Held(Some(by))) if by == id));
        drop(held);
        assert_eq!(
            fs::read_to_string(place("lock")).unwrap(),
            format!("{id}\n")
        );
        fs::write(place("theirs"), "theirs").unwrap();
        std::os::unix::fs::symlink(place("theirs"), place("link")).unwrap();
        fs::write(place("numbers"), "1".repeat(30)).unwrap();
        for (name, content) in [
            ("theirs", "theirs"),
            ("link", "theirs"),
            ("numbers", &"1".repeat(30)),
        ] {
            assert!(matches!(acquire(&place(name)), Err(LockError::Foreign)));
            assert_eq!(fs::read_to_string(place(name)).unwrap(), content);
        }
    }
}
