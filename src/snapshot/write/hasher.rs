//! SHA-256 of a file while it is written, on a thread of its own: hashing takes longer than reading and writing.
//! Blocks go on from here to `writer`; which part of them stays is decided by `file`.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use super::aligned_block::Block;
use super::writer;
use crate::tls::Sha256;

/// So many blocks may wait for the thread.
const WAITING: usize = 4;

/// The sum of all that was added, and the way to the file. Its threads end with it.
pub(in crate::snapshot) struct Sums {
    orders: SyncSender<Order>,
    emptied: Receiver<io::Result<Block>>,
}

/// What the thread is told, in the order in which it is done.
enum Order {
    Add(Block),
    /// All so far stays; the digits of its sum.
    Keep(Sender<io::Result<String>>),
    /// What was added since the last `Keep` never was; all of it where the file becomes empty.
    Back(u64, Sender<io::Result<()>>),
}

impl Sums {
    /// Goes on with a sum and a file, which is at `path`.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(from: Sha256, file: File, path: &Path) -> io::Result<Sums> {
        let (orders, told) = mpsc::sync_channel(WAITING);
        let (pass, emptied) = writer::start(file, path)?;
        let sum = move || sum(from, &told, &pass);
        thread::Builder::new().name("sums".to_owned()).spawn(sum)?;
        Ok(Sums { orders, emptied })
    }

    /// Takes a block and leaves another one to fill next.
    ///
    /// # Errors
    /// What the disk said of blocks before this one, which is not taken then.
    pub fn add(&self, block: &mut Block) -> io::Result<()> {
        let next = self.emptied.try_recv().unwrap_or_else(|_| Ok(Block::new()));
        let full = std::mem::replace(block, next?);
        self.order(Order::Add(full))
    }

    /// All so far is in the file and stays; its sum in hexadecimal digits.
    ///
    /// # Errors
    /// As [`Sums::add`].
    pub fn keep(&self) -> io::Result<String> {
        let (tell, told) = mpsc::channel();
        self.order(Order::Keep(tell))?;
        told.recv().map_err(|_| died())?
    }

    /// Forgets what was added since the last [`Sums::keep`], when the file was so long; 0 forgets everything.
    ///
    /// # Errors
    /// What the disk says now.
    pub fn back(&self, length: u64) -> io::Result<()> {
        let (tell, told) = mpsc::channel();
        self.order(Order::Back(length, tell))?;
        let done = told.recv().map_err(|_| died())?;
        // What was said of blocks that never were.
        while self.emptied.try_recv().is_ok() {}
        done
    }

    fn order(&self, order: Order) -> io::Result<()> {
        self.orders.send(order).map_err(|_| died())
    }
}

impl Drop for Sums {
    /// Whoever opens the file next must not meet a thread that still writes to it.
    fn drop(&mut self) {
        let _ = self.keep();
    }
}

fn sum(from: Sha256, told: &Receiver<Order>, pass: &SyncSender<writer::Order>) {
    let (mut kept, mut now) = (from.clone(), from);
    for order in told {
        let order = match order {
            Order::Add(block) => {
                now.add(block.fresh());
                writer::Order::Write(block)
            }
            Order::Keep(tell) => {
                kept = now.clone();
                writer::Order::Keep(now.digits(), tell)
            }
            Order::Back(length, tell) => {
                if length == 0 {
                    kept = Sha256::default();
                }
                now = kept.clone();
                writer::Order::Back(length, tell)
            }
        };
        if pass.send(order).is_err() {
            return;
        }
    }
}

fn died() -> io::Error {
    io::Error::other("a thread that sums up and writes the file has ended")
}
