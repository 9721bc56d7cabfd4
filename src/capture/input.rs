//! Read-ahead thread: a pipe's writer never waits, and a file is read while earlier chunks are processed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use super::lines::{Chunk, Lines};

/// Number of chunks to read ahead.
const MAX_CHUNKS_AHEAD: usize = 4;

/// An open capture.
pub(super) struct Input {
    chunks: Receiver<io::Result<Chunk>>,
    /// Returns free chunks.
    free: Sender<Chunk>,
}

/// The result of a request for more bytes.
pub(super) enum FillResult {
    /// There are more.
    Some,
    /// The timeout ended.
    Nothing,
    /// There will be no more.
    End,
}

impl Input {
    /// Opens a file, or standard input for `-`; with the length if it is a regular file.
    pub fn open(path: &Path) -> io::Result<(Input, Option<u64>)> {
        if path.as_os_str() == "-" {
            return Ok((Input::new(Box::new(io::stdin()))?, standard_input_length()));
        }
        let file = File::open(path)?;
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok((
            Input::new(Box::new(file))?,
            about.is_file().then_some(about.len()),
        ))
    }

    /// Reads in a thread, which ends with the input, or at its next chunk if the receiver is gone.
    pub fn new(reader: Box<dyn Read + Send>) -> io::Result<Input> {
        let (sender, chunks) = sync_channel(MAX_CHUNKS_AHEAD);
        let (free, freed) = channel();
        std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || read_ahead(reader, &sender, &freed))?;
        Ok(Input { chunks, free })
    }

    /// Adds bytes to `lines`; waits at most `wait`.
    pub fn fill(&mut self, lines: &mut Lines, wait: Duration) -> io::Result<FillResult> {
        let chunk = match self.chunks.recv_timeout(wait) {
            Ok(chunk) => chunk?,
            Err(RecvTimeoutError::Timeout) => return Ok(FillResult::Nothing),
            Err(RecvTimeoutError::Disconnected) => return Ok(FillResult::End),
        };
        if let Some(free) = lines.add(chunk) {
            // Fails only if the thread has ended.
            self.free.send(free).ok();
        }
        Ok(FillResult::Some)
    }
}

/// The length of the file that standard input is redirected from.
#[cfg(unix)]
fn standard_input_length() -> Option<u64> {
    use std::os::fd::AsFd;
    let file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    file.metadata()
        .ok()
        .filter(std::fs::Metadata::is_file)
        .map(|about| about.len())
}

/// The length of standard input; unknown on this system.
#[cfg(not(unix))]
fn standard_input_length() -> Option<u64> {
    None
}

fn read_ahead(
    mut reader: Box<dyn Read + Send>,
    sender: &SyncSender<io::Result<Chunk>>,
    freed: &Receiver<Chunk>,
) {
    loop {
        let mut chunk = freed.try_recv().unwrap_or_default();
        let message = match read(&mut reader, chunk.spare()) {
            Ok(0) => return,
            Ok(count) => {
                chunk.note_filled(count);
                Ok(chunk)
            }
            Err(error) => Err(error),
        };
        let failed = message.is_err();
        if sender.send(message).is_err() || failed {
            return;
        }
    }
}

/// One read; a signal in between does not count.
fn read(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
