//! The state file: locked against a second process, replaced atomically.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{State, text};
use crate::record::{Failure, FailureClass};
use crate::util::atomic_file;

/// A state file that no other process writes while this lives.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// As the user called it.
    name: String,
    /// Beside the file: the file itself is replaced with every write, and a lock would go with the old one.
    _lock: File,
    written: Option<State>,
}

impl StateFile {
    /// Locks and reads the file; `None` if it does not exist yet.
    ///
    /// # Errors
    /// A [`Failure`] if another process has locked it, or if it cannot be read or parsed.
    pub fn open(path: &Path) -> Result<(StateFile, Option<State>), Failure> {
        let name = path.display().to_string();
        let path = resolve(path).map_err(|error| io_failure("use", &name, &error))?;
        let lock = lock(&path, &name)?;
        let state = match fs::read(&path) {
            Ok(bytes) => Some(text::read(&bytes).map_err(|why| invalid(&name, &why))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io_failure("read", &name, &error)),
        };
        let file = StateFile {
            path,
            name,
            _lock: lock,
            written: state.clone(),
        };
        Ok((file, state))
    }

    /// As the user called it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Replaces the content, unless it is the same. The new content survives a power loss when this returns.
    ///
    /// # Errors
    /// A [`Failure`]; the old content is then unchanged.
    pub fn write(&mut self, state: &State) -> Result<(), Failure> {
        if self.written.as_ref() == Some(state) {
            return Ok(());
        }
        atomic_file::replace(&self.path, text::write(state).as_bytes())
            .map_err(|error| io_failure("write", &self.name, &error))?;
        self.written = Some(state.clone());
        Ok(())
    }
}

/// The file that a path leads to, through symbolic links: a rename would replace the link.
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

/// The file's path with a suffix.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    beside.into()
}

/// Locks a file beside the state file; it holds our process id for the message of a second process.
fn lock(path: &Path, name: &str) -> Result<File, Failure> {
    let fail = |error: &io::Error| io_failure("lock", name, error);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(beside(path, ".lock"))
        .map_err(|error| fail(&error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(locked_by_other(name, &mut file)),
        Err(TryLockError::Error(error)) => return Err(fail(&error)),
    }
    let named = file
        .set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()));
    named.map_err(|error| fail(&error))?;
    Ok(file)
}

fn locked_by_other(name: &str, file: &mut File) -> Failure {
    let mut id = String::new();
    // The message works without the process id.
    let _ = file.read_to_string(&mut id);
    let id: String = id.chars().filter(char::is_ascii_digit).collect();
    let who = if id.is_empty() {
        String::new()
    } else {
        format!(" (process {id})")
    };
    Failure {
        class: FailureClass::Setup,
        what: format!("cannot use the state file {name}: another ditto-cdc{who} is using it"),
        fix: Some("end that one, or give this one a state file of its own".into()),
        raw: None,
    }
}

fn invalid(name: &str, why: &str) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!("cannot use the state file {name}: {why}"),
        fix: Some(
            "where the stream was left is no longer known: move the file away, requery everything, and start with --from and the requery's folder".into(),
        ),
        raw: None,
    }
}

fn io_failure(what: &str, name: &str, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "the permission is missing".to_owned(),
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
        fix: Some("give --state a file in a folder that can be written to".into()),
        raw: Some(error.to_string()),
    }
}
