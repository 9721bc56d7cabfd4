//! Threads that look at records beside the main one: whichever is free takes the next batch, judges and renders it.
//! Batches come back in the order in which they were sent; counting and writing them is left to `follow`.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::render::{Presented, Presenter};
use crate::record::{Batch, Record};

/// The threads, the batch that is being filled, and those on their way.
pub(super) struct Crew {
    presenter: Arc<Presenter>,
    /// How many threads there are. They are started when batches are full: a short run needs none.
    threads: usize,
    most: usize,
    todo: Sender<Errand>,
    errands: Arc<Mutex<Receiver<Errand>>>,
    /// Where the batches on their way come back, the oldest first.
    away: VecDeque<Receiver<Job>>,
    open: Job,
    spare: Vec<Job>,
}

/// A batch, and where it is waited for.
type Errand = (Job, SyncSender<Job>);

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
/// How many batches there may be for each thread: batches come back in order, so that the others need work while one of
/// them waits for its core.
const EACH: usize = 6;
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
        let (todo, errands) = channel();
        (cores > 1).then(|| Crew {
            presenter: Arc::clone(presenter),
            threads: 0,
            most: cores.min(MOST),
            todo,
            errands: Arc::new(Mutex::new(errands)),
            away: VecDeque::new(),
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

    /// Whether there are as many batches on their way as there may be.
    pub(super) fn is_busy(&self) -> bool {
        self.away.len() >= EACH * self.most
    }

    /// Hands the open batch over to whichever thread is free first.
    pub(super) fn send(&mut self) {
        if self.threads < self.most {
            hire(Arc::clone(&self.presenter), Arc::clone(&self.errands));
            self.threads += 1;
        }
        let job = std::mem::replace(&mut self.open, self.spare.pop().unwrap_or_default());
        let (done, back) = sync_channel(1);
        // Its other end is ours.
        let _ = self.todo.send((job, done));
        self.away.push_back(back);
    }

    /// The oldest batch if it is back.
    pub(super) fn ready(&mut self) -> Option<Job> {
        let job = match self.away.front()?.try_recv() {
            Err(TryRecvError::Empty) => return None,
            job => job.unwrap_or_else(|_| gone()),
        };
        self.away.pop_front();
        Some(job)
    }

    /// The oldest batch, waited for; then the open one, looked at here; then none.
    pub(super) fn oldest(&mut self) -> Option<Job> {
        if let Some(back) = self.away.pop_front() {
            return Some(back.recv().unwrap_or_else(|_| gone()));
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

/// A thread has panicked, and said why: its records are lost, and going on would hide that.
fn gone() -> ! {
    panic!("a thread that looks at records has panicked")
}

fn hire(presenter: Arc<Presenter>, errands: Arc<Mutex<Receiver<Errand>>>) {
    thread::spawn(move || {
        loop {
            // Nothing panics while it is locked.
            let errand = errands
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok((mut job, done)) = errand else {
                return;
            };
            job.work(&presenter);
            // Nobody waits for it where the run has ended.
            let _ = done.send(job);
        }
    });
}
