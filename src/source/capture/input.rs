//! Where a capture's bytes come from: a regular file, read directly, or a pipe, read in a thread of its own.
//! Lines are not known here.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Instant;

use super::lines::Lines;

/// How much a pipe is asked for at once: what a Linux pipe holds.
const CHUNK: usize = 64 << 10;
/// How many chunks wait at most.
const QUEUE: usize = 8;

/// An open capture.
pub(super) enum Input {
    /// A regular file: a read never waits for somebody.
    File(File),
    /// A pipe, terminal or socket: a read may wait for ever.
    Live {
        /// What the thread has read.
        chunks: Receiver<io::Result<Vec<u8>>>,
        /// A chunk that did not fit, and how much of it did.
        pending: (Vec<u8>, usize),
    },
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
    /// Opens a file, or standard input for `-`; with the length where that is known.
    pub fn open(path: &Path) -> io::Result<(Input, Option<u64>)> {
        if path.as_os_str() == "-" {
            return match standard_input()? {
                Some(file) => Input::of(file),
                None => Ok((Input::live(Box::new(io::stdin()))?, None)),
            };
        }
        Input::of(File::open(path)?)
    }

    /// Reads in a thread of its own. The thread ends with the input, or at its next chunk when nobody listens.
    pub fn live(reader: Box<dyn Read + Send>) -> io::Result<Input> {
        let (sender, chunks) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || pump(reader, &sender))?;
        Ok(Input::Live {
            chunks,
            pending: (Vec::new(), 0),
        })
    }

    fn of(file: File) -> io::Result<(Input, Option<u64>)> {
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if about.is_file() {
            return Ok((Input::File(file), Some(about.len())));
        }
        Ok((Input::live(Box::new(file))?, None))
    }

    /// Adds bytes to `lines`; waits until `until` at most.
    pub fn fill(&mut self, lines: &mut Lines, until: Instant) -> io::Result<Filled> {
        match self {
            Input::File(file) => {
                let count = read(file, lines.room())?;
                lines.added(count);
                Ok(if count == 0 {
                    Filled::End
                } else {
                    Filled::Some
                })
            }
            Input::Live { chunks, pending } => {
                if pending.1 == pending.0.len() {
                    *pending = match chunks
                        .recv_timeout(until.saturating_duration_since(Instant::now()))
                    {
                        Ok(chunk) => (chunk?, 0),
                        Err(RecvTimeoutError::Timeout) => return Ok(Filled::Nothing),
                        Err(RecvTimeoutError::Disconnected) => return Ok(Filled::End),
                    };
                }
                pending.1 += copy(pending.0.get(pending.1..).unwrap_or_default(), lines);
                Ok(Filled::Some)
            }
        }
    }
}

/// Standard input as a file, if it is a regular one (`< capture.ndjson`).
#[cfg(unix)]
fn standard_input() -> io::Result<Option<File>> {
    use std::os::fd::AsFd;
    let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    Ok(file.metadata()?.is_file().then_some(file))
}

/// Standard input as a file; not asked for on this system.
#[cfg(not(unix))]
fn standard_input() -> io::Result<Option<File>> {
    Ok(None)
}

fn pump(mut reader: Box<dyn Read + Send>, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = vec![0; CHUNK];
        let result = read(&mut reader, &mut chunk);
        let last = !matches!(result, Ok(1..));
        if matches!(result, Ok(0)) {
            return;
        }
        let message = result.map(|count| {
            chunk.truncate(count);
            chunk
        });
        if sender.send(message).is_err() || last {
            return;
        }
    }
}

fn copy(bytes: &[u8], lines: &mut Lines) -> usize {
    let room = lines.room();
    let count = bytes.len().min(room.len());
    for (to, from) in room.iter_mut().zip(bytes) {
        *to = *from;
    }
    lines.added(count);
    count
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
