//! Worker pool: threads that filter and render batches of records; results come back in input order.
//!
//! One queue for all workers, so that a worker that waits for its core does not hold up the others.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::checkpoint::ReadPositions;
use super::render::{Rendered, Renderer};
use crate::event::filter_stats::FilterStats;
use crate::record::{Batch, Record};
use crate::util::mutex::lock;

/// The workers, the batch that is being filled, and the batches in flight.
pub(super) struct WorkerPool {
    renderer: Arc<Renderer>,
    /// Workers so far: each is spawned when a batch is full, so that a short run needs none.
    workers: usize,
    max_workers: usize,
    task_tx: Sender<Task>,
    task_rx: Arc<Mutex<Receiver<Task>>>,
    /// Reply channels of the batches in flight, the oldest first.
    in_flight: VecDeque<Receiver<RenderedBatch>>,
    filling: RenderedBatch,
    /// Emptied batches whose buffers are used again.
    spare: Vec<RenderedBatch>,
    /// Statistics of the filter to which a worker adds its records; `None` if they are not wanted.
    pub stats: Option<FilterStats>,
}

/// A batch and its reply channel.
type Task = (RenderedBatch, SyncSender<RenderedBatch>);

/// A batch of records and, after a worker had it, their rendering.
#[derive(Default)]
pub(super) struct RenderedBatch {
    batch: Batch,
    /// The output of all records, concatenated.
    pub text: Vec<u8>,
    /// One for each record.
    pub outcomes: Vec<Outcome>,
    /// What the filter rejected, if that is wanted.
    pub stats: Option<FilterStats>,
    /// The source's positions after the last record, if they are saved.
    pub positions: Option<ReadPositions>,
}

/// The result for one record of a batch.
pub(super) struct Outcome {
    pub rendered: Rendered,
    /// From [`Renderer::describe`].
    pub description: String,
    /// Partition and offset, if the record has them.
    pub place: Option<(i32, i64)>,
    /// The end of the record's output in the batch's text.
    pub text_end: usize,
}

/// Size at which a batch is submitted: large enough to hide the cost of the queue, small enough for a core's cache.
const BATCH_BYTES: usize = 192 << 10;
/// Results are written in input order: other workers need tasks while one of them waits for its core.
const BATCHES_PER_WORKER: usize = 6;
/// Larger records are rendered in place: copying them costs more than a second thread gains, and memory stays flat.
const MAX_BATCHED_RECORD: usize = 1 << 20;
/// A larger text buffer is freed instead of reused.
const MAX_REUSED_BUFFER: usize = 4 << 20;
/// More workers only wait for the source.
const MAX_WORKERS: usize = 8;

impl WorkerPool {
    /// A pool of up to one worker per core; `None` on a single core.
    pub(super) fn new(renderer: &Arc<Renderer>) -> Option<WorkerPool> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (task_tx, task_rx) = channel();
        (cores > 1).then(|| WorkerPool {
            renderer: Arc::clone(renderer),
            workers: 0,
            max_workers: cores.min(MAX_WORKERS),
            task_tx,
            task_rx: Arc::new(Mutex::new(task_rx)),
            in_flight: VecDeque::new(),
            filling: RenderedBatch::default(),
            spare: Vec::new(),
            stats: None,
        })
    }

    /// Whether a record is larger than the batch limit.
    pub(super) fn is_too_large_to_batch(record: &Record<'_>) -> bool {
        let payload = record.payload.as_ref();
        payload.is_some_and(|payload| payload.len() >= MAX_BATCHED_RECORD)
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

    /// Submits the batch that is being filled, with the source's positions after it.
    pub(super) fn submit(&mut self, positions: Option<ReadPositions>) {
        if self.workers < self.max_workers {
            spawn_worker(Arc::clone(&self.renderer), Arc::clone(&self.task_rx));
            self.workers += 1;
        }
        let (reply_tx, reply_rx) = sync_channel(1);
        let mut batch = self.take_filling();
        batch.positions = positions;
        let task = (batch, reply_tx);
        // Cannot fail: the pool owns the receiver.
        let _ = self.task_tx.send(task);
        self.in_flight.push_back(reply_rx);
    }

    /// The oldest batch if it is finished; waits for it if the queue is full.
    pub(super) fn next_finished(&mut self) -> Option<RenderedBatch> {
        if self.in_flight.len() >= BATCHES_PER_WORKER * self.max_workers {
            return self.next_in_order();
        }
        let batch = match self.in_flight.front()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            reply => reply.unwrap_or_else(|_| worker_panicked()),
        };
        self.in_flight.pop_front();
        Some(batch)
    }

    /// Waits for the oldest batch; the one that is being filled comes last and is rendered on this thread.
    pub(super) fn next_in_order(&mut self) -> Option<RenderedBatch> {
        if let Some(reply_rx) = self.in_flight.pop_front() {
            return Some(reply_rx.recv().unwrap_or_else(|_| worker_panicked()));
        }
        if self.filling.batch.is_empty() {
            return None;
        }
        let mut batch = self.take_filling();
        batch.render(&self.renderer);
        Some(batch)
    }

    /// Takes the buffers of a written batch back.
    pub(super) fn reuse(&mut self, mut batch: RenderedBatch) {
        if batch.text.capacity() <= MAX_REUSED_BUFFER {
            batch.batch.clear();
            batch.text.clear();
            batch.outcomes.clear();
            self.spare.push(batch);
        }
    }

    fn take_filling(&mut self) -> RenderedBatch {
        let next = self.spare.pop().unwrap_or_default();
        let mut batch = std::mem::replace(&mut self.filling, next);
        batch.stats.clone_from(&self.stats);
        batch
    }
}

impl RenderedBatch {
    fn render(&mut self, renderer: &Renderer) {
        for record in self.batch.records() {
            let outcome = renderer.render(&record, &mut self.text, self.stats.as_mut());
            self.outcomes.push(Outcome {
                rendered: outcome,
                description: renderer.describe(outcome, &record),
                place: record.place.position(),
                text_end: self.text.len(),
            });
        }
    }

    /// Whether no record needs a message.
    pub(super) fn needs_no_messages(&self) -> bool {
        let mut outcomes = self.outcomes.iter();
        outcomes.all(|one| matches!(one.rendered, Rendered::Hidden | Rendered::Shown(_)))
    }
}

/// The records of a panicked worker are lost: continuing would hide that.
fn worker_panicked() -> ! {
    panic!("a worker thread panicked")
}

fn spawn_worker(renderer: Arc<Renderer>, task_rx: Arc<Mutex<Receiver<Task>>>) {
    thread::spawn(move || {
        loop {
            // No panic is possible while the lock is held.
            let task = lock(&task_rx).recv();
            let Ok((mut batch, reply_tx)) = task else {
                return;
            };
            batch.render(&renderer);
            // Fails only if the run has ended.
            let _ = reply_tx.send(batch);
        }
    });
}
