//! Threads that look at records beside the main one: each takes a batch, judges and renders it, and hands it back.
//! Batches come back in the order in which they were sent; counting and writing them is left to `follow`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use super::present::{Presented, Presenter};
use crate::record::{Batch, Record};

/// The threads, the batch that is being filled, and how many are on their way.
pub(super) struct Crew {
    presenter: Arc<Presenter>,
    /// Started when the first batch is full: a short run needs none.
    workers: Vec<Worker>,
    most: usize,
    /// Who has the batches on their way, the oldest first.
    away: VecDeque<usize>,
    /// The worker that gets the next batch.
    next: usize,
    open: Job,
    spare: Vec<Job>,
}

/// One thread and both ends to it.
struct Worker {
    todo: SyncSender<Job>,
    done: Receiver<Job>,
}

/// A batch of records and, once it was looked at, what became of them.
#[derive(Default)]
pub(super) struct Job {
    batch: Batch,
    /// What is to be printed, all records together.
    pub text: Vec<u8>,
    /// What became of each record.
    pub outcomes: Vec<Outcome>,
}

/// What became of one record.
pub(super) struct Outcome {
    pub became: Presented,
    /// How messages name the record, where there will be one.
    pub name: String,
    /// Where its text ends.
    pub end: usize,
}

/// From this size on a batch is handed over: large enough that handing over costs nothing, small enough for a cache.
const FULL: usize = 192 << 10;
/// How many batches each worker may have: one to work on, one waiting.
const EACH: usize = 2;
/// A record of this size is not copied: looking at it on the spot is faster, and memory stays flat.
const LARGE: usize = 1 << 20;
/// A text that was stretched further than this is let go.
const KEPT: usize = 4 << 20;
/// More threads than this only wait for the source.
const MOST: usize = 8;

impl Crew {
    /// A crew of as many threads as there are cores; `None` where that is only one.
    pub(super) fn new(presenter: &Arc<Presenter>) -> Option<Crew> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        (cores > 1).then(|| Crew {
            presenter: Arc::clone(presenter),
            workers: Vec::new(),
            most: cores.min(MOST),
            away: VecDeque::new(),
            next: 0,
            open: Job::default(),
            spare: Vec::new(),
        })
    }

    /// Whether a record is better looked at on the spot.
    pub(super) fn refuses(record: &Record<'_>) -> bool {
        let payload = record.payload.as_ref();
        payload.is_some_and(|payload| payload.len() >= LARGE)
    }

    /// Adds a record to the open batch; `true` if that is full now.
    pub(super) fn push(&mut self, record: &Record<'_>) -> bool {
        self.open.batch.push(record);
        self.open.batch.size() >= FULL
    }

    /// Whether any record is not yet back.
    pub(super) fn holds_any(&self) -> bool {
        !self.away.is_empty() || !self.open.batch.is_empty()
    }

    /// Whether each worker has all it may have.
    pub(super) fn is_busy(&self) -> bool {
        self.away.len() >= EACH * self.most
    }

    /// Hands the open batch over to the next worker.
    pub(super) fn send(&mut self) {
        if self.workers.len() <= self.next {
            self.workers.push(hire(Arc::clone(&self.presenter)));
        }
        let job = std::mem::replace(&mut self.open, self.spare.pop().unwrap_or_default());
        // A worker that is gone is found out when its batch is due.
        let _ = self.workers[self.next].todo.send(job);
        self.away.push_back(self.next);
        self.next = (self.next + 1) % self.most;
    }

    /// The oldest batch if it is back.
    pub(super) fn ready(&mut self) -> Option<Job> {
        let worker = *self.away.front()?;
        let job = match self.workers[worker].done.try_recv() {
            Err(TryRecvError::Empty) => return None,
            job => job.unwrap_or_else(|_| gone()),
        };
        self.away.pop_front();
        Some(job)
    }

    /// The oldest batch, waited for; then the open one, looked at here; then none.
    pub(super) fn oldest(&mut self) -> Option<Job> {
        if let Some(worker) = self.away.pop_front() {
            let job = self.workers[worker].done.recv();
            return Some(job.unwrap_or_else(|_| gone()));
        }
        if self.open.batch.is_empty() {
            return None;
        }
        let mut job = std::mem::replace(&mut self.open, self.spare.pop().unwrap_or_default());
        job.work(&self.presenter);
        Some(job)
    }

    /// Takes a batch back whose text was written.
    pub(super) fn reuse(&mut self, mut job: Job) {
        if job.text.capacity() <= KEPT {
            job.batch.clear();
            job.text.clear();
            job.outcomes.clear();
            self.spare.push(job);
        }
    }
}

impl Job {
    fn work(&mut self, presenter: &Presenter) {
        for record in self.batch.records() {
            let became = presenter.present(&record, &mut self.text);
            self.outcomes.push(Outcome {
                became,
                name: presenter.name(became, &record),
                end: self.text.len(),
            });
        }
    }

    /// Whether nothing has to be said beside the text.
    pub(super) fn is_plain(&self) -> bool {
        let mut outcomes = self.outcomes.iter();
        outcomes.all(|one| matches!(one.became, Presented::Hidden | Presented::Shown(_)))
    }
}

/// A worker has panicked, and said why: its records are lost, and going on would hide that.
fn gone() -> ! {
    panic!("a thread that looks at records has panicked")
}

fn hire(presenter: Arc<Presenter>) -> Worker {
    let (todo, jobs) = sync_channel::<Job>(EACH);
    let (results, done) = sync_channel(EACH);
    thread::spawn(move || {
        for mut job in jobs {
            job.work(&presenter);
            if results.send(job).is_err() {
                return;
            }
        }
    });
    Worker { todo, done }
}
