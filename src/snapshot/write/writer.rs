//! Writer thread: writes blocks with direct I/O if the file system supports it, because copies into the page cache
//! cost as much as reading, and a snapshot is flushed anyway.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use super::aligned_block::Block;
use crate::util::atomic_file;

/// So many blocks may wait for the disk.
const QUEUED_BLOCKS: usize = 4;

/// Commands of the writer thread, in order.
pub(in crate::snapshot) enum Command {
    Write(Block),
    /// Reports whether all blocks so far are written, and returns the sum of the command.
    Commit(String, Sender<io::Result<String>>),
    /// Discards what was written after this offset, and its errors.
    Rollback(u64, Sender<io::Result<()>>),
}

/// A file and two ways to it.
struct Writer {
    file: File,
    /// Past the system's memory.
    direct: Option<File>,
    /// The first error; nothing is written after it.
    failed: Option<io::Error>,
}

/// Starts the thread; returns the command queue, and the queue of emptied blocks or errors.
///
/// # Errors
/// If no thread can be started.
pub(in crate::snapshot) fn start(
    file: File,
    path: &Path,
) -> io::Result<(SyncSender<Command>, Receiver<io::Result<Block>>)> {
    let (orders, commands) = mpsc::sync_channel(QUEUED_BLOCKS);
    let (give, emptied) = mpsc::channel();
    let writer = Writer {
        file,
        direct: atomic_file::open_direct(path),
        failed: None,
    };
    let run = move || writer.run(&commands, &give);
    thread::Builder::new()
        .name("writer".to_owned())
        .spawn(run)?;
    Ok((orders, emptied))
}

impl Writer {
    fn run(mut self, commands: &Receiver<Command>, give: &Sender<io::Result<Block>>) {
        for order in commands {
            // A reply fails only if the receiver no longer exists.
            match order {
                Command::Write(block) => {
                    let _ = give.send(self.add(&block).map(|()| block));
                }
                Command::Commit(sum, tell) => {
                    let _ = tell.send(self.first_error().map(|()| sum));
                }
                Command::Rollback(length, tell) => {
                    self.failed = None;
                    let _ = tell.send(self.file.set_len(length));
                }
            }
        }
    }

    fn add(&mut self, block: &Block) -> io::Result<()> {
        self.first_error()?;
        self.failed = self.write(block).err();
        self.first_error()
    }

    /// The first error, for every command until it is rolled back.
    fn first_error(&self) -> io::Result<()> {
        let again = |error: &io::Error| {
            let text = || io::Error::new(error.kind(), error.to_string());
            error
                .raw_os_error()
                .map_or_else(text, io::Error::from_raw_os_error)
        };
        self.failed
            .as_ref()
            .map_or(Ok(()), |error| Err(again(error)))
    }

    fn write(&mut self, block: &Block) -> io::Result<()> {
        let (whole, rest) = block.aligned_and_rest();
        if let Some(direct) = &self.direct {
            match atomic_file::write_at(direct, whole, block.offset) {
                Ok(()) => {
                    let behind = block.offset + whole.len() as u64;
                    return atomic_file::write_at(&self.file, rest, behind);
                }
                // This disk cannot after all.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => self.direct = None,
                Err(error) => return Err(error),
            }
        }
        let fresh = block.offset + block.known as u64;
        atomic_file::write_at(&self.file, block.unhashed(), fresh)
    }
}
