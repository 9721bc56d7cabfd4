//! Child processes that Ctrl-C does not reach: each has a process group of its own, and all can be killed at once.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::env;
use super::mutex::lock;

/// Process ids of the children that have not been waited for. Each is the id of its process group, too.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
/// Whether all children are to be killed, also one that is being started.
static IS_ENDING: AtomicBool = AtomicBool::new(false);

/// Where programs are, if `PATH` is not set.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Starts a command in a process group of its own.
///
/// # Errors
/// I/O errors of the start.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let child = command.spawn()?;
    lock(&RUNNING).insert(child.id());
    if IS_ENDING.load(Ordering::SeqCst) {
        kill(child.id());
    }
    Ok(child)
}

/// Waits until a child of [`spawn`] has ended.
///
/// # Errors
/// I/O errors of the wait.
pub fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    // The child keeps its id until it is reaped, so that no other process can be killed.
    await_end(child);
    lock(&RUNNING).remove(&child.id());
    child.wait()
}

#[cfg(unix)]
fn await_end(child: &Child) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let Some(id) = pid(child.id()) else { return };
    let wait = |id: Pid| waitid(WaitId::Pid(id), options);
    while matches!(wait(id), Err(rustix::io::Errno::INTR)) {}
}

#[cfg(not(unix))]
fn await_end(_: &Child) {}

/// Kills every running child with its process group. Returns their number.
pub fn kill_all() -> usize {
    IS_ENDING.store(true, Ordering::SeqCst);
    let running = lock(&RUNNING);
    for id in running.iter() {
        kill(*id);
    }
    if cfg!(unix) { running.len() } else { 0 }
}

#[cfg(unix)]
fn kill(id: u32) {
    if let Some(id) = pid(id) {
        // Fails only if the process has ended.
        let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill(_: u32) {}

#[cfg(unix)]
fn pid(id: u32) -> Option<rustix::process::Pid> {
    rustix::process::Pid::from_raw(i32::try_from(id).ok()?)
}

/// Whether a process exists.
#[cfg(unix)]
#[must_use]
pub fn exists(id: u32) -> bool {
    use rustix::io::Errno;
    let found = pid(id).map(rustix::process::test_kill_process);
    found.is_some_and(|found| found != Err(Errno::SRCH))
}

/// Whether a process exists; not known on this system.
#[cfg(not(unix))]
#[must_use]
pub fn exists(_: u32) -> bool {
    true
}

/// Whether a program can be started: a path, or a name that is looked up in `PATH`.
///
/// # Errors
/// `NotFound`, or `PermissionDenied` for a file that is not executable.
pub fn find(program: &str) -> io::Result<PathBuf> {
    if program.contains('/') || cfg!(windows) {
        let path = Path::new(program);
        return check_executable(path).map(|()| path.to_owned());
    }
    let path = env::variable("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let mut error = io::ErrorKind::NotFound;
    for folder in std::env::split_paths(&path) {
        let file = folder.join(program);
        match check_executable(&file) {
            Ok(()) => return Ok(file),
            Err(found) if found.kind() == io::ErrorKind::PermissionDenied => error = found.kind(),
            Err(_) => {}
        }
    }
    Err(error.into())
}

#[cfg(unix)]
fn check_executable(path: &Path) -> io::Result<()> {
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(rustix::fs::access(path, rustix::fs::Access::EXEC_OK)?)
}

/// Other systems search with rules of their own.
#[cfg(not(unix))]
fn check_executable(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn programs_are_found_before_they_are_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plain");
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        let check = |program: &str, expected: Option<io::ErrorKind>| {
            let found = find(program).err().map(|error| error.kind());
            assert_eq!(found, expected, "{program}");
        };
        check("sh", None);
        check("/bin/sh", None);
        check("no-such-program", Some(io::ErrorKind::NotFound));
        check("/no/such/program", Some(io::ErrorKind::NotFound));
        check("/bin", Some(io::ErrorKind::PermissionDenied));
        check(
            file.to_str().unwrap(),
            Some(io::ErrorKind::PermissionDenied),
        );
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).unwrap();
        check(file.to_str().unwrap(), None);
    }

    #[test]
    fn a_process_is_known_until_it_was_waited_for() {
        let mut child = spawn(Command::new("sleep").arg("60")).unwrap();
        let id = child.id();
        assert!(lock(&RUNNING).contains(&id) && exists(id));
        kill(id);
        let status = wait(&mut child).unwrap();
        assert!(!status.success() && !lock(&RUNNING).contains(&id) && !exists(id));
    }
}
