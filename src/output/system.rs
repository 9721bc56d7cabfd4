//! System calls on the standard streams: files, pipes, terminals.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Waits until standard output is on disk, if it is a file.
#[cfg(unix)]
pub(super) fn sync_stdout() -> io::Result<()> {
    let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    let file = File::from(stdout);
    if file.metadata()?.is_file() {
        file.sync_data()?;
    }
    Ok(())
}

/// Not supported on other systems.
#[cfg(not(unix))]
pub(super) fn sync_stdout() -> io::Result<()> {
    Ok(())
}

/// Whether standard output is a pipe or a socket, whose reader may wait for its end.
#[cfg(unix)]
#[must_use]
pub fn stdout_is_pipe() -> bool {
    use rustix::fs::{FileType, fstat};
    let kind = fstat(io::stdout()).map(|status| FileType::from_raw_mode(status.st_mode));
    matches!(kind, Ok(FileType::Fifo | FileType::Socket))
}

/// Not supported on other systems.
#[cfg(not(unix))]
#[must_use]
pub fn stdout_is_pipe() -> bool {
    false
}

/// Waits until standard input is readable. A blocking read would not notice a Ctrl-C that only sets a flag.
#[cfg(unix)]
pub(super) fn wait_for_input(interrupt: &AtomicBool) -> io::Result<()> {
    let stdin = io::stdin();
    let slice = Timespec {
        tv_sec: 0,
        tv_nsec: 100_000_000,
    };
    loop {
        if interrupt.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&slice)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// On other systems Ctrl-C ends a blocking read.
#[cfg(not(unix))]
pub(super) fn wait_for_input(_: &AtomicBool) -> io::Result<()> {
    Ok(())
}

/// Whether standard output is a file whose last byte is not a line end. Only Linux allows reading a file that is open
/// for writing.
pub(super) fn stdout_ends_in_partial_line() -> bool {
    let last = || -> io::Result<u8> {
        let mut file = File::open("/proc/self/fd/1")?;
        if !file.metadata()?.is_file() {
            return Ok(b'\n');
        }
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        Ok(last[0])
    };
    last().is_ok_and(|last| last != b'\n')
}

/// Increases the capacity of a pipe at standard output to the system's limit for users: with Linux's 64 KiB, writer
/// and reader wait for each other every few events (600 MB took a third longer). A failure changes nothing.
#[cfg(target_os = "linux")]
pub(super) fn increase_pipe_capacity() {
    let _ = rustix::pipe::fcntl_setpipe_size(io::stdout(), 1 << 20);
}

/// Not supported on other systems.
#[cfg(not(target_os = "linux"))]
pub(super) fn increase_pipe_capacity() {}
