//! Hashing thread and writer thread of a file: SHA-256 takes longer than reading, and copying into the page cache costs
//! as much.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use super::aligned_block::Block;
// From `tls`, because only `tls` may use OpenSSL.
use crate::tls::Sha256;

/// Number of blocks that may wait for each thread.
const QUEUED_BLOCKS: usize = 4;

/// Commands of both threads, in order.
enum Command {
    Write(Block),
    /// Reports whether all blocks so far are written, with their hash, which the hashing thread adds.
    Commit(String, Sender<io::Result<String>>),
    /// Discards what was written after this offset, and its errors.
    Rollback(u64, Sender<io::Result<()>>),
}

/// A file that is hashed while it is written. Its threads end with it.
pub(in crate::snapshot) struct HashThread {
    commands: SyncSender<Command>,
    emptied: Receiver<io::Result<Block>>,
}

impl HashThread {
    /// Starts the thread, with the hash so far and the file at `path`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(from: Sha256, file: File, path: &Path) -> io::Result<HashThread> {
        let (commands, queue) = mpsc::sync_channel(QUEUED_BLOCKS);
        let (pass, emptied) = start_writer(file, path)?;
        let run = move || hash(from, &queue, &pass);
        thread::Builder::new()
            .name("hasher".to_owned())
            .spawn(run)?;
        Ok(HashThread { commands, emptied })
    }

    /// Takes a block, and returns an empty one.
    ///
    /// # Errors
    /// I/O errors of earlier blocks; this block is then not taken.
    pub fn add(&self, block: &mut Block) -> io::Result<()> {
        let next = self.emptied.try_recv().unwrap_or_else(|_| Ok(Block::new()));
        let full = std::mem::replace(block, next?);
        self.send(Command::Write(full))
    }

    /// Commits all blocks so far; returns their hash in hexadecimal digits.
    ///
    /// # Errors
    /// As [`HashThread::add`].
    pub fn commit(&self) -> io::Result<String> {
        let (reply, replies) = mpsc::channel();
        self.send(Command::Commit(String::new(), reply))?;
        replies.recv().map_err(|_| thread_died())?
    }

    /// Rolls back to the last [`HashThread::commit`], when the file had this length; 0 discards everything.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn rollback(&self, length: u64) -> io::Result<()> {
        let (reply, replies) = mpsc::channel();
        self.send(Command::Rollback(length, reply))?;
        let done = replies.recv().map_err(|_| thread_died())?;
        // Errors of discarded blocks do not count.
        while self.emptied.try_recv().is_ok() {}
        done
    }

    fn send(&self, command: Command) -> io::Result<()> {
        self.commands.send(command).map_err(|_| thread_died())
    }
}

impl Drop for HashThread {
    /// Waits for all blocks, because the file may be opened again afterwards.
    fn drop(&mut self) {
        let _ = self.commit();
    }
}

fn hash(from: Sha256, queue: &Receiver<Command>, writer: &SyncSender<Command>) {
    let (mut committed, mut current) = (from.clone(), from);
    for command in queue {
        let command = match command {
            Command::Write(block) => {
                current.add(block.unhashed());
                Command::Write(block)
            }
            Command::Commit(_, reply) => {
                committed = current.clone();
                Command::Commit(current.digits(), reply)
            }
            Command::Rollback(length, reply) => {
                if length == 0 {
                    committed = Sha256::default();
                }
                current = committed.clone();
                Command::Rollback(length, reply)
            }
        };
        if writer.send(command).is_err() {
            return;
        }
    }
}

fn thread_died() -> io::Error {
    io::Error::other("the thread that hashes and writes the file has ended")
}

/// The writer's file, opened twice.
struct Writer {
    file: File,
    /// For direct I/O.
    direct: Option<File>,
    /// The first error; nothing is written after it.
    failed: Option<io::Error>,
}

/// Starts the thread; returns the command queue, and the queue of emptied blocks or errors.
///
/// # Errors
/// If no thread can be started.
fn start_writer(
    file: File,
    path: &Path,
) -> io::Result<(SyncSender<Command>, Receiver<io::Result<Block>>)> {
    let (commands, queue) = mpsc::sync_channel(QUEUED_BLOCKS);
    let (emptied_tx, emptied) = mpsc::channel();
    let writer = Writer {
        file,
        direct: open_direct(path),
        failed: None,
    };
    let run = move || writer.run(&queue, &emptied_tx);
    thread::Builder::new()
        .name("writer".to_owned())
        .spawn(run)?;
    Ok((commands, emptied))
}

impl Writer {
    fn run(mut self, queue: &Receiver<Command>, emptied_tx: &Sender<io::Result<Block>>) {
        for command in queue {
            // A reply fails only if the receiver no longer exists.
            match command {
                Command::Write(block) => {
                    let _ = emptied_tx.send(self.add(&block).map(|()| block));
                }
                Command::Commit(sum, reply) => {
                    let _ = reply.send(self.first_error().map(|()| sum));
                }
                Command::Rollback(length, reply) => {
                    self.failed = None;
                    let _ = reply.send(self.file.set_len(length));
                }
            }
        }
    }

    fn add(&mut self, block: &Block) -> io::Result<()> {
        self.first_error()?;
        self.failed = self.write(block).err();
        self.first_error()
    }

    /// The first error, for each command until a rollback.
    fn first_error(&self) -> io::Result<()> {
        let copy = |error: &io::Error| {
            let text = || io::Error::new(error.kind(), error.to_string());
            error
                .raw_os_error()
                .map_or_else(text, io::Error::from_raw_os_error)
        };
        self.failed
            .as_ref()
            .map_or(Ok(()), |error| Err(copy(error)))
    }

    fn write(&mut self, block: &Block) -> io::Result<()> {
        let (whole, rest) = block.aligned_and_rest();
        if let Some(direct) = &self.direct {
            match write_at(direct, whole, block.offset) {
                Ok(()) => {
                    let rest_offset = block.offset + whole.len() as u64;
                    return write_at(&self.file, rest, rest_offset);
                }
                // Some file systems accept the flag and then reject the write.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => self.direct = None,
                Err(error) => return Err(error),
            }
        }
        let unhashed_offset = block.offset + block.hashed as u64;
        write_at(&self.file, block.unhashed(), unhashed_offset)
    }
}

/// A second handle on a file for direct I/O; `None` if the file system does not support it.
#[cfg(target_os = "linux")]
fn open_direct(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::DIRECT | rustix::fs::OFlags::NOFOLLOW;
    let flags = flags.bits().cast_signed();
    let file = File::options().write(true).custom_flags(flags).open(path);
    file.ok()
}

/// Direct I/O is used on Linux only.
#[cfg(not(target_os = "linux"))]
fn open_direct(_: &Path) -> Option<File> {
    None
}

/// Writes bytes at an offset.
///
/// # Errors
/// I/O errors of the file.
#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Writes bytes at an offset.
///
/// # Errors
/// I/O errors of the file.
#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
