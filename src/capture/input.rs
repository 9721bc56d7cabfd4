//! Where a capture's bytes come from: a thread that reads ahead, so that a pipe never keeps anybody waiting and a
//! file is read while the chunk before is looked at. Lines are not known here.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use super::lines::{Chunk, Lines};

/// How many chunks are read ahead at most.
const AHEAD: usize = 4;

/// An open capture.
pub(super) struct Input {
    chunks: Receiver<io::Result<Chunk>>,
    /// Where chunks go when they are free again.
    free: Sender<Chunk>,
}

/// What came of asking for more bytes.
pub(super) enum Filled {
    /// There are more.
    Some,
    /// Nothing came in time.
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

    /// Reads in a thread of its own, which ends with the input, or at its next chunk when nobody listens.
    pub fn new(reader: Box<dyn Read + Send>) -> io::Result<Input> {
        let (sender, chunks) = sync_channel(AHEAD);
        let (free, freed) = channel();
        std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || pump(reader, &sender, &freed))?;
        Ok(Input { chunks, free })
    }

    /// Adds bytes to `lines`; waits so long at most.
    pub fn fill(&mut self, lines: &mut Lines, wait: Duration) -> io::Result<Filled> {
        let chunk = match self.chunks.recv_timeout(wait) {
            Ok(chunk) => chunk?,
            Err(RecvTimeoutError::Timeout) => return Ok(Filled::Nothing),
            Err(RecvTimeoutError::Disconnected) => return Ok(Filled::End),
        };
        if let Some(free) = lines.add(chunk) {
            // Where the thread has ended, nobody needs it.
            self.free.send(free).ok();
        }
        Ok(Filled::Some)
    }
}

/// The length of what standard input is redirected from.
#[cfg(unix)]
fn standard_input_length() -> Option<u64> {
    use std::os::fd::AsFd;
    let file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    file.metadata()
        .ok()
        .filter(std::fs::Metadata::is_file)
        .map(|about| about.len())
}

/// The length of what standard input is redirected from; not asked for on this system.
#[cfg(not(unix))]
fn standard_input_length() -> Option<u64> {
    None
}

fn pump(
    mut reader: Box<dyn Read + Send>,
    sender: &SyncSender<io::Result<Chunk>>,
    freed: &Receiver<Chunk>,
) {
    loop {
        let mut chunk = freed.try_recv().unwrap_or_default();
        let message = match read(&mut reader, chunk.room()) {
            Ok(0) => return,
            Ok(count) => {
                chunk.holds(count);
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
