//! Read-ahead thread: a pipe's writer never waits, and a file is read while earlier chunks are processed.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use super::encoding::{self, Reader};
use super::lines::{Chunk, Lines};
use super::read::read;

/// Number of chunks to read ahead.
const MAX_CHUNKS_AHEAD: usize = 4;

/// An open capture.
pub(super) struct Input {
    pieces: Receiver<io::Result<Piece>>,
    /// Returns free chunks.
    free: Sender<Chunk>,
    /// Number of bytes of a compressed input that were read so far; 0 for any other.
    compressed: Arc<AtomicU64>,
}

/// What the thread sends.
enum Piece {
    Chunk(Chunk),
    /// A message about a conversion.
    Note(&'static str),
}

/// The result of a request for more bytes.
pub(super) enum FillResult {
    /// There are more.
    Some,
    /// A message about a conversion.
    Note(&'static str),
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
    pub fn new(reader: Reader) -> io::Result<Input> {
        let (sender, pieces) = sync_channel(MAX_CHUNKS_AHEAD);
        let (free, freed) = channel();
        let compressed = Arc::new(AtomicU64::new(0));
        std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn({
                let compressed = Arc::clone(&compressed);
                move || read_input(reader, &compressed, &sender, &freed)
            })?;
        Ok(Input {
            pieces,
            free,
            compressed,
        })
    }

    /// Adds bytes to `lines`; waits at most `wait`.
    pub fn fill(&mut self, lines: &mut Lines, wait: Duration) -> io::Result<FillResult> {
        let chunk = match self.pieces.recv_timeout(wait) {
            Ok(Ok(Piece::Chunk(chunk))) => chunk,
            Ok(Ok(Piece::Note(note))) => return Ok(FillResult::Note(note)),
            Ok(Err(error)) => return Err(error),
            Err(RecvTimeoutError::Timeout) => return Ok(FillResult::Nothing),
            Err(RecvTimeoutError::Disconnected) => return Ok(FillResult::End),
        };
        if let Some(free) = lines.add(chunk) {
            // Fails only if the thread has ended.
            self.free.send(free).ok();
        }
        Ok(FillResult::Some)
    }

    /// Number of bytes of a compressed input that were read so far; `None` for any other.
    pub fn compressed_bytes(&self) -> Option<u64> {
        Some(self.compressed.load(Ordering::Relaxed)).filter(|count| *count > 0)
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

/// Decodes and reads the input until its end, its first error, or until the receiver is gone.
fn read_input(
    reader: Reader,
    compressed: &Arc<AtomicU64>,
    sender: &SyncSender<io::Result<Piece>>,
    freed: &Receiver<Chunk>,
) {
    let decoded = match encoding::decode(reader, compressed) {
        Ok(decoded) => decoded,
        Err(error) => {
            // Fails only if the receiver is gone.
            sender.send(Err(error)).ok();
            return;
        }
    };
    if let Some(note) = decoded.note
        && sender.send(Ok(Piece::Note(note))).is_err()
    {
        return;
    }
    read_ahead(decoded.reader, sender, freed);
}

fn read_ahead(mut reader: Reader, sender: &SyncSender<io::Result<Piece>>, freed: &Receiver<Chunk>) {
    loop {
        let mut chunk = freed.try_recv().unwrap_or_default();
        let message = match read(&mut reader, chunk.spare()) {
            Ok(0) => return,
            Ok(count) => {
                chunk.note_filled(count);
                Ok(Piece::Chunk(chunk))
            }
            Err(error) => Err(error),
        };
        let failed = message.is_err();
        if sender.send(message).is_err() || failed {
            return;
        }
    }
}
