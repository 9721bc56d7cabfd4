//! Worker pool: threads that process batches of records; results come back in input order.
//!
//! One queue for all workers, so that a worker that waits for its core does not hold up the others.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::record::{Batch, Record};
use crate::util::mutex::lock;

/// What is done with a batch, independently of the other batches.
pub(super) trait BatchWork: Send + Sync + 'static {
    /// What a batch brings to its worker and back; its buffers are used again.
    type Output: Default + Send + 'static;

    /// Processes the records of a batch.
    fn process(&self, batch: &Batch, output: &mut Self::Output);

    /// Empties an output for the next batch; `false` if its buffers are too large to be kept.
    fn recycle(output: &mut Self::Output) -> bool;
}

/// The workers, the batch that is being filled, and the batches in flight.
pub(super) struct BatchPool<W: BatchWork> {
    work: Arc<W>,
    /// Workers so far: each is spawned when a batch is full, so that a short run needs none.
    workers: usize,
    max_workers: usize,
    task_tx: Sender<Task<W::Output>>,
    task_rx: Arc<Mutex<Receiver<Task<W::Output>>>>,
    /// Reply channels of the batches in flight, the oldest first.
    in_flight: VecDeque<Receiver<Processed<W::Output>>>,
    filling: Processed<W::Output>,
    /// Emptied batches whose buffers are used again.
    spare: Vec<Processed<W::Output>>,
}

/// A batch and its reply channel.
type Task<O> = (Processed<O>, SyncSender<Processed<O>>);

/// A batch of records and, after a worker had it, its result.
#[derive(Default)]
pub(super) struct Processed<O> {
    batch: Batch,
    pub output: O,
}

/// Size at which a batch is submitted: large enough to hide the cost of the queue, small enough for a core's cache.
const BATCH_BYTES: usize = 192 << 10;
/// Results are used in input order: other workers need tasks while one of them waits for its core.
const BATCHES_PER_WORKER: usize = 6;
/// Larger records are processed in place: copying them costs more than a second thread gains, and memory stays flat.
const MAX_BATCHED_RECORD: usize = 1 << 20;
/// More workers only wait for the source.
const MAX_WORKERS: usize = 8;

/// Whether a record is larger than the batch limit.
pub(super) fn is_too_large_to_batch(record: &Record<'_>) -> bool {
    let payload = record.payload.as_ref();
    payload.is_some_and(|payload| payload.len() >= MAX_BATCHED_RECORD)
}

impl<W: BatchWork> BatchPool<W> {
    /// A pool of up to one worker per core; `None` on a single core.
    pub(super) fn new(work: &Arc<W>) -> Option<BatchPool<W>> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (task_tx, task_rx) = channel();
        (cores > 1).then(|| BatchPool {
            work: Arc::clone(work),
            workers: 0,
            max_workers: cores.min(MAX_WORKERS),
            task_tx,
            task_rx: Arc::new(Mutex::new(task_rx)),
            in_flight: VecDeque::new(),
            filling: Processed::default(),
            spare: Vec::new(),
        })
    }

    /// Copies a record into the batch that is being filled; `true` if that is full now.
    pub(super) fn push(&mut self, record: &Record<'_>) -> bool {
        self.filling.batch.push(record);
        self.filling.batch.size() >= BATCH_BYTES
    }

    /// Whether any record has no result yet.
    pub(super) fn has_pending(&self) -> bool {
        !self.in_flight.is_empty() || !self.filling.batch.is_empty()
    }

    /// Submits the batch that is being filled; `prepare` sets what it brings to its worker.
    pub(super) fn submit(&mut self, prepare: impl FnOnce(&mut W::Output)) {
        if self.workers < self.max_workers {
            spawn_worker(Arc::clone(&self.work), Arc::clone(&self.task_rx));
            self.workers += 1;
        }
        let (reply_tx, reply_rx) = sync_channel(1);
        let mut batch = self.take_filling();
        prepare(&mut batch.output);
        let task = (batch, reply_tx);
        // Cannot fail: the pool owns the receiver.
        let _ = self.task_tx.send(task);
        self.in_flight.push_back(reply_rx);
    }

    /// The oldest batch if it is finished; waits for it if the queue is full.
    pub(super) fn next_finished(&mut self) -> Option<Processed<W::Output>> {
        if self.in_flight.len() >= BATCHES_PER_WORKER * self.max_workers {
            let reply_rx = self.in_flight.pop_front()?;
            return Some(reply_rx.recv().unwrap_or_else(|_| worker_panicked()));
        }
        let batch = match self.in_flight.front()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            reply => reply.unwrap_or_else(|_| worker_panicked()),
        };
        self.in_flight.pop_front();
        Some(batch)
    }

    /// Waits for the oldest batch; the one that is being filled comes last, and is processed on this thread after
    /// `prepare`.
    pub(super) fn next_in_order(
        &mut self,
        prepare: impl FnOnce(&mut W::Output),
    ) -> Option<Processed<W::Output>> {
        if let Some(reply_rx) = self.in_flight.pop_front() {
            return Some(reply_rx.recv().unwrap_or_else(|_| worker_panicked()));
        }
        if self.filling.batch.is_empty() {
            return None;
        }
        let mut batch = self.take_filling();
        prepare(&mut batch.output);
        self.work.process(&batch.batch, &mut batch.output);
        Some(batch)
    }

    /// Takes the buffers of a used batch back.
    pub(super) fn reuse(&mut self, mut batch: Processed<W::Output>) {
        if W::recycle(&mut batch.output) {
            batch.batch.clear();
            self.spare.push(batch);
        }
    }

    fn take_filling(&mut self) -> Processed<W::Output> {
        let next = self.spare.pop().unwrap_or_default();
        std::mem::replace(&mut self.filling, next)
    }
}

/// The records of a panicked worker are lost: continuing would hide that.
fn worker_panicked() -> ! {
    panic!("a worker thread panicked")
}

fn spawn_worker<W: BatchWork>(work: Arc<W>, task_rx: Arc<Mutex<Receiver<Task<W::Output>>>>) {
    thread::spawn(move || {
        loop {
            // No panic is possible while the lock is held.
            let task = lock(&task_rx).recv();
            let Ok((mut batch, reply_tx)) = task else {
                return;
            };
            work.process(&batch.batch, &mut batch.output);
            // Fails only if the run has ended.
            let _ = reply_tx.send(batch);
        }
    });
}
