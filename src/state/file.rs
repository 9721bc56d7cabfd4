//! The state file: locked against a second process, replaced atomically.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{Owner, State, serialize};
use crate::record::{Failure, FailureClass};
use crate::util::atomic_file::{self, beside};
use crate::util::lock_file::{self, LockError};

/// A state file, locked until it is dropped.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// The name as typed.
    name: String,
    /// A separate file, because each write replaces the state file, and a lock on it with it.
    lock: File,
    written: Option<State>,
}

impl StateFile {
    /// Locks and reads the file; `None` if it does not exist yet. While commands of a process that was killed have the
    /// lock, `wait` is called with its id; it pauses, and returns whether to try again.
    ///
    /// # Errors
    /// A [`Failure`] if another process has locked it, or if it cannot be read or parsed.
    pub fn open(
        path: &Path,
        wait: &mut dyn FnMut(u32) -> bool,
    ) -> Result<(StateFile, Option<State>), Failure> {
        let name = path.display().to_string();
        let path = resolve(path).map_err(|error| io_failure("use", &name, &error))?;
        let lock_path = beside(&path, ".lock");
        let lock = loop {
            match lock_file::acquire(&lock_path) {
                Err(LockError::Inherited(id)) if wait(id) => {}
                acquired => break acquired.map_err(|error| locked(&name, &error))?,
            }
        };
        let state = match fs::read(&path) {
            Ok(bytes) => {
                Some(State::parse(&bytes, Owner::Tail).map_err(|why| invalid(&name, &why))?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io_failure("read", &name, &error)),
        };
        let file = StateFile {
            path,
            name,
            lock,
            written: state.clone(),
        };
        Ok((file, state))
    }

    /// The name as typed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Leaves the lock to the processes that this one starts: if this one is killed, the next run waits for their ends.
    ///
    /// # Errors
    /// A [`Failure`] if the system refuses it.
    pub fn leave_lock_to_children(&self) -> Result<(), Failure> {
        let left = lock_file::leave_to_children(&self.lock);
        left.map_err(|error| io_failure("lock", &self.name, &error))
    }

    /// Replaces the content if it has changed. The new content then survives a power loss.
    ///
    /// # Errors
    /// A [`Failure`]; the old content is then unchanged.
    pub fn write(&mut self, state: &State) -> Result<(), Failure> {
        if self.written.as_ref() == Some(state) {
            return Ok(());
        }
        atomic_file::replace(&self.path, serialize(state).as_bytes())
            .map_err(|error| io_failure("write", &self.name, &error))?;
        self.written = Some(state.clone());
        Ok(())
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // A process that a command left in the background may still have the file open.
        let _ = self.lock.unlock();
    }
}

/// Reads a state file without locking it, for a check beside a run that uses it.
///
/// # Errors
/// A [`Failure`] if the file does not exist, or cannot be read or parsed.
pub fn read(path: &Path) -> Result<State, Failure> {
    let name = path.display().to_string();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Failure {
                class: FailureClass::Setup,
                what: format!("the state file {name} does not exist"),
                fix: Some("check the path; tail --state creates the file".into()),
                raw: None,
            });
        }
        Err(error) => return Err(io_failure("read", &name, &error)),
    };
    State::parse(&bytes, Owner::Tail).map_err(|why| invalid(&name, &why))
}

/// Resolves symbolic links, because a rename would replace the link.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match path.canonicalize() {
        Ok(path) if path.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(path) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            Ok(folder(path).canonicalize()?.join(name))
        }
        Err(error) => Err(error),
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn locked(name: &str, error: &LockError) -> Failure {
    let process = match error {
        LockError::Io(error) => return io_failure("lock", name, error),
        LockError::Foreign => return foreign_lock(name),
        LockError::Inherited(id) => return inherited(name, *id),
        LockError::Held(Some(id)) => format!(" (process {id})"),
        LockError::Held(None) => String::new(),
    };
    Failure {
        class: FailureClass::Setup,
        what: format!("cannot use the state file {name}: another ditto-cdc{process} is using it"),
        fix: Some("stop that process, or use another state file for this one".into()),
        raw: None,
    }
}

fn inherited(name: &str, id: u32) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!(
            "cannot use the state file {name}: a command that process {id} started is still running"
        ),
        fix: Some("wait for its end, or end it".into()),
        raw: None,
    }
}

fn foreign_lock(name: &str) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!("cannot use the state file {name}: {name}.lock is not a lock file"),
        fix: Some(format!(
            "give --state another name, or move {name}.lock away"
        )),
        raw: None,
    }
}

fn invalid(name: &str, why: &str) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!("cannot use the state file {name}: {why}"),
        fix: Some(
            "the last position in the stream is unknown: move the file away, run requery, and start with --from and its folder".into(),
        ),
        raw: None,
    }
}

fn io_failure(what: &str, name: &str, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    };
    let class = match what {
        "write" => FailureClass::Read,
        _ => FailureClass::Setup,
    };
    Failure {
        class,
        what: format!("cannot {what} the state file {name}: {why}"),
        fix: Some("give --state a file in a folder that you can write to".into()),
        raw: Some(error.to_string()),
    }
}
