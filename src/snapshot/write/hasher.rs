//! Hashing thread: SHA-256 of a file while it is written, because hashing takes longer than reading and writing.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use super::aligned_block::Block;
use super::writer;
use crate::tls::Sha256;

/// So many blocks may wait for the thread.
const QUEUED_BLOCKS: usize = 4;

/// The sum of all that was added, and the way to the file. Its threads end with it.
pub(in crate::snapshot) struct HashThread {
    orders: SyncSender<Command>,
    emptied: Receiver<io::Result<Block>>,
}

/// Commands of the hashing thread, in order.
enum Command {
    Add(Block),
    /// All so far stays; the digits of its sum.
    Commit(Sender<io::Result<String>>),
    /// Discards what was added since the last `Commit`; all of it if the file becomes empty.
    Rollback(u64, Sender<io::Result<()>>),
}

impl HashThread {
    /// Starts the thread, with the hash so far and the file at `path`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(from: Sha256, file: File, path: &Path) -> io::Result<HashThread> {
        let (orders, commands) = mpsc::sync_channel(QUEUED_BLOCKS);
        let (pass, emptied) = writer::start(file, path)?;
        let run = move || run(from, &commands, &pass);
        thread::Builder::new().name("sums".to_owned()).spawn(run)?;
        Ok(HashThread { orders, emptied })
    }

    /// Takes a block, and returns an empty one.
    ///
    /// # Errors
    /// I/O errors of earlier blocks; this block is then not taken.
    pub fn add(&self, block: &mut Block) -> io::Result<()> {
        let next = self.emptied.try_recv().unwrap_or_else(|_| Ok(Block::new()));
        let full = std::mem::replace(block, next?);
        self.send(Command::Add(full))
    }

    /// All so far is in the file and stays; its sum in hexadecimal digits.
    ///
    /// # Errors
    /// As [`HashThread::add`].
    pub fn commit(&self) -> io::Result<String> {
        let (tell, commands) = mpsc::channel();
        self.send(Command::Commit(tell))?;
        commands.recv().map_err(|_| thread_died())?
    }

    /// Rolls back to the last [`HashThread::commit`], when the file had this length; 0 discards everything.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn rollback(&self, length: u64) -> io::Result<()> {
        let (tell, commands) = mpsc::channel();
        self.send(Command::Rollback(length, tell))?;
        let done = commands.recv().map_err(|_| thread_died())?;
        // Errors of discarded blocks do not count.
        while self.emptied.try_recv().is_ok() {}
        done
    }

    fn send(&self, send: Command) -> io::Result<()> {
        self.orders.send(send).map_err(|_| thread_died())
    }
}

impl Drop for HashThread {
    /// The thread must not write any more when the file is opened again.
    fn drop(&mut self) {
        let _ = self.commit();
    }
}

fn run(from: Sha256, commands: &Receiver<Command>, pass: &SyncSender<writer::Command>) {
    let (mut kept, mut now) = (from.clone(), from);
    for send in commands {
        let send = match send {
            Command::Add(block) => {
                now.add(block.unhashed());
                writer::Command::Write(block)
            }
            Command::Commit(tell) => {
                kept = now.clone();
                writer::Command::Commit(now.digits(), tell)
            }
            Command::Rollback(length, tell) => {
                if length == 0 {
                    kept = Sha256::default();
                }
                now = kept.clone();
                writer::Command::Rollback(length, tell)
            }
        };
        if pass.send(send).is_err() {
            return;
        }
    }
}

fn thread_died() -> io::Error {
    io::Error::other("a thread that sums up and writes the file has ended")
}
