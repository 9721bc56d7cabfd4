//! SHA-256 of a file while it is written, on a thread of its own: hashing takes longer than reading and writing.
//! What is written, and which part of it stays, is decided by `store`.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use crate::tls::Sha256;

/// So many blocks may wait for the thread.
const WAITING: usize = 4;

/// The sum of all that was added. Its thread ends with it.
pub(super) struct Sums {
    orders: SyncSender<Order>,
    emptied: Receiver<Vec<u8>>,
}

/// What the thread is told, in the order in which it is done.
enum Order {
    Add(Vec<u8>),
    /// All so far stays; the digits of its sum.
    Keep(Sender<String>),
    /// What was added since the last `Keep` never was.
    Forget,
    /// Nothing ever was.
    Clear,
}

impl Sums {
    /// Goes on with a sum.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(from: Sha256) -> io::Result<Sums> {
        let (orders, told) = mpsc::sync_channel(WAITING);
        let (give, emptied) = mpsc::channel();
        let sum = move || sum(from, &told, &give);
        thread::Builder::new().name("sums".to_owned()).spawn(sum)?;
        Ok(Sums { orders, emptied })
    }

    /// Adds a block; an empty buffer to fill next.
    ///
    /// # Errors
    /// Where the thread has died.
    pub fn add(&self, block: Vec<u8>) -> io::Result<Vec<u8>> {
        let capacity = block.capacity();
        self.order(Order::Add(block))?;
        let spare = self.emptied.try_recv();
        Ok(spare.unwrap_or_else(|_| Vec::with_capacity(capacity)))
    }

    /// All so far stays; its sum in hexadecimal digits.
    ///
    /// # Errors
    /// As [`Sums::add`].
    pub fn keep(&self) -> io::Result<String> {
        let (tell, told) = mpsc::channel();
        self.order(Order::Keep(tell))?;
        told.recv().map_err(|_| died())
    }

    /// Forgets what was added since the last [`Sums::keep`].
    ///
    /// # Errors
    /// As [`Sums::add`].
    pub fn forget(&self) -> io::Result<()> {
        self.order(Order::Forget)
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// As [`Sums::add`].
    pub fn clear(&self) -> io::Result<()> {
        self.order(Order::Clear)
    }

    fn order(&self, order: Order) -> io::Result<()> {
        self.orders.send(order).map_err(|_| died())
    }
}

fn sum(from: Sha256, told: &Receiver<Order>, give: &Sender<Vec<u8>>) {
    let (mut kept, mut now) = (from.clone(), from);
    for order in told {
        match order {
            Order::Add(mut block) => {
                now.add(&block);
                block.clear();
                // Whoever does not want it any more has ended.
                let _ = give.send(block);
            }
            Order::Keep(tell) => {
                kept = now.clone();
                let _ = tell.send(now.digits());
            }
            Order::Forget => now = kept.clone(),
            Order::Clear => (now, kept) = (Sha256::default(), Sha256::default()),
        }
    }
}

fn died() -> io::Error {
    io::Error::other("the thread that adds up SHA-256 has ended")
}
