//! Blocks go to their file on a thread of its own, past the system's memory where the disk allows: copying there costs
//! as much as all of reading, and a snapshot is flushed at once anyway. Which blocks, and which stay, is told by `file`.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use super::aligned_block::Block;
use crate::util::atomic_file;

/// So many blocks may wait for the disk.
const WAITING: usize = 4;

/// What the thread is told, in the order in which it is done.
pub(in crate::snapshot) enum Order {
    Write(Block),
    /// Tells whether all so far is in the file, and the sum that came with the order.
    Keep(String, Sender<io::Result<String>>),
    /// What stands behind this place never was, nor did an error.
    Back(u64, Sender<io::Result<()>>),
}

/// A file and two ways to it.
struct Writer {
    file: File,
    /// Past the system's memory.
    direct: Option<File>,
    /// The first error; what comes behind it is not written.
    failed: Option<io::Error>,
}

/// Starts the thread: where orders go, and where emptied blocks come back, or errors in their place.
///
/// # Errors
/// Where the system gives no thread.
pub(in crate::snapshot) fn start(
    file: File,
    path: &Path,
) -> io::Result<(SyncSender<Order>, Receiver<io::Result<Block>>)> {
    let (orders, told) = mpsc::sync_channel(WAITING);
    let (give, emptied) = mpsc::channel();
    let writer = Writer {
        file,
        direct: atomic_file::direct(path),
        failed: None,
    };
    let work = move || writer.work(&told, &give);
    thread::Builder::new()
        .name("writer".to_owned())
        .spawn(work)?;
    Ok((orders, emptied))
}

impl Writer {
    fn work(mut self, told: &Receiver<Order>, give: &Sender<io::Result<Block>>) {
        for order in told {
            // Whoever does not want an answer any more has ended.
            match order {
                Order::Write(block) => {
                    let _ = give.send(self.add(&block).map(|()| block));
                }
                Order::Keep(sum, tell) => {
                    let _ = tell.send(self.standing().map(|()| sum));
                }
                Order::Back(length, tell) => {
                    self.failed = None;
                    let _ = tell.send(self.file.set_len(length));
                }
            }
        }
    }

    fn add(&mut self, block: &Block) -> io::Result<()> {
        self.standing()?;
        self.failed = self.write(block).err();
        self.standing()
    }

    /// The first error as often as it is asked for.
    fn standing(&self) -> io::Result<()> {
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
        let (whole, rest) = block.whole_and_rest();
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
        atomic_file::write_at(&self.file, block.fresh(), fresh)
    }
}
