//! Walks through several collections side by side, each on a thread, and shows how far they have come.
//! The walk itself is `snapshot`'s; only this thread touches the output.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::options::Options;
use super::stdout_page;
use crate::commands::Context;
use crate::output::Ended;
use crate::snapshot::manifest::{Census, Collection};
use crate::snapshot::read::Walk;
use crate::snapshot::read::listing::{Listing, list};
use crate::snapshot::read::progress::Keeper;
use crate::snapshot::read::queries::Target;
use crate::snapshot::read::retrying_client::{Asker, Stop};
use crate::snapshot::write::Store;
use crate::snapshot::write::directory::Folder;
use crate::snapshot::write::file_name::file_name;
use crate::snapshot::write::journal::{Journal, Left, Line, Mark, Page, Past};
use crate::snapshot::write::page_buffer::Held;

/// How often the terminal and Ctrl-C are looked at.
const TICK: Duration = Duration::from_millis(100);
/// Without a terminal, how often a line says how far the run has come.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// So many bytes of pages are held in memory for standard output, by all threads together.
const HELD: usize = 32 << 20;

/// What is to be done.
pub(super) struct Work {
    pub asker: Arc<Asker>,
    /// Ends every walk.
    pub stop: Arc<AtomicBool>,
    pub legacy: bool,
    pub targets: Vec<Target>,
    pub jobs: usize,
}

/// How the walks ended.
pub(super) enum Outcome {
    Complete(Vec<Collection>),
    /// Ctrl-C, after so many documents.
    Interrupted(u64),
    /// The server or the disk.
    ReadStopped(Stop, u64),
    /// The reader of standard output has gone.
    Closed,
    Unwritable(io::Error),
}

/// One collection that waits for a thread.
struct Task {
    target: Target,
    past: Past,
    /// `None` for standard output.
    path: Option<PathBuf>,
}

/// What threads tell.
enum Told {
    Done(Box<Collection>),
    ReadStopped(Stop),
    /// A page for standard output.
    Page(stdout_page::Page),
}

/// Everything that a thread needs.
struct Shared {
    asker: Arc<Asker>,
    stop: Arc<AtomicBool>,
    legacy: bool,
    hint: AtomicU64,
    tasks: Mutex<VecDeque<Task>>,
    /// So many bytes of pages for standard output may be held for each thread.
    memory: usize,
    journal: Option<Arc<Journal>>,
}

impl Work {
    /// Into files, with a journal.
    pub fn to_folder(
        &self,
        folder: &Folder,
        journal: &Arc<Journal>,
        left: &Left,
        context: &mut Context<'_>,
    ) -> Outcome {
        let task = |target: &Target| Task {
            past: left.past(&target.collection),
            path: Some(folder.path(&file_name(&target.collection))),
            target: target.clone(),
        };
        let tasks = self.targets.iter().map(task).collect();
        self.run(tasks, Some(Arc::clone(journal)), context)
    }

    /// Onto standard output.
    pub fn to_stream(&self, context: &mut Context<'_>) -> Outcome {
        let task = |target: &Target| Task {
            past: Past::default(),
            path: None,
            target: target.clone(),
        };
        let tasks = self.targets.iter().map(task).collect();
        self.run(tasks, None, context)
    }

    fn run(
        &self,
        tasks: VecDeque<Task>,
        journal: Option<Arc<Journal>>,
        context: &mut Context<'_>,
    ) -> Outcome {
        let threads = self.jobs.min(tasks.len());
        let shared = Arc::new(Shared {
            asker: Arc::clone(&self.asker),
            stop: Arc::clone(&self.stop),
            legacy: self.legacy,
            hint: AtomicU64::new(0),
            tasks: Mutex::new(tasks),
            memory: HELD / threads.max(1),
            journal,
        });
        let (tell, told) = mpsc::sync_channel(threads.max(1));
        for _ in 0..threads {
            let (shared, tell) = (Arc::clone(&shared), tell.clone());
            // Threads that hang in the network at the end end with the program.
            thread::spawn(move || shared.work(&tell));
        }
        drop(tell);
        let outcome = listen(&told, &shared.asker, context);
        if !matches!(outcome, Outcome::Complete(_)) {
            shared.stop.store(true, Ordering::Relaxed);
        }
        context.out.end_progress();
        outcome
    }
}

/// Takes what the threads tell until all have ended.
fn listen(told: &Receiver<Told>, asker: &Asker, context: &mut Context<'_>) -> Outcome {
    let mut collections = Vec::new();
    let mut show = Show::new();
    loop {
        show.look(asker, context);
        if context.interrupt.load(Ordering::Relaxed) {
            return Outcome::Interrupted(asker.pulse().documents.load(Ordering::Relaxed));
        }
        match told.recv_timeout(TICK) {
            Ok(Told::Done(collection)) => collections.push(*collection),
            Ok(Told::ReadStopped(stop)) => {
                return Outcome::ReadStopped(stop, asker.pulse().documents.load(Ordering::Relaxed));
            }
            Ok(Told::Page(page)) => match page.print(context.out) {
                Ok(()) => {}
                Err(Ended::Closed) => return Outcome::Closed,
                Err(Ended::Failed(error)) => return Outcome::Unwritable(error),
            },
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    collections.sort_by(|one, other| one.name.cmp(&other.name));
    Outcome::Complete(collections)
}

impl Shared {
    fn work(&self, tell: &SyncSender<Told>) {
        while !self.stop.load(Ordering::Relaxed) {
            let task = self
                .tasks
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let Some(task) = task else {
                return;
            };
            let done = match self.walk(&task, tell) {
                Ok(collection) => Told::Done(Box::new(collection)),
                Err(stop) => Told::ReadStopped(stop),
            };
            if tell.send(done).is_err() {
                return;
            }
        }
    }

    fn walk(&self, task: &Task, tell: &SyncSender<Told>) -> Result<Collection, Stop> {
        let name = task.target.collection.clone();
        let disk = |error| Stop::Disk(format!("writing the collection {name}"), error);
        let (store, past) = self.store(task).map_err(disk)?;
        if let Some(done) = past.done {
            self.asker.pulse().begin(&name, done.documents);
            self.asker
                .pulse()
                .documents
                .fetch_add(done.documents, Ordering::Relaxed);
            return Ok(done);
        }
        let mut journaled;
        let mut streamed;
        let keeper: &mut dyn Keeper = if let Some(journal) = &self.journal {
            journaled = Journaled {
                journal,
                name: &name,
            };
            &mut journaled
        } else {
            streamed = Streamed { tell, name: &name };
            &mut streamed
        };
        let walk = Walk {
            asker: &self.asker,
            target: &task.target,
            hint: &self.hint,
            keeper,
            legacy: self.legacy,
        };
        let mut collection = walk.run(store, &past)?;
        if let Some(journal) = &self.journal {
            collection.file = Some(file_name(&name));
            // A collection that failed is tried again by --resume; what counts prove is found out by each run.
            if collection.why_not.is_empty() {
                journal
                    .add(&Line::Done(Box::new(collection.clone())))
                    .map_err(disk)?;
            }
        }
        Ok(collection)
    }

    /// The file to write to, and what of an earlier run the file agrees with.
    fn store(&self, task: &Task) -> io::Result<(Store, Past)> {
        let (Some(path), Some(journal)) = (&task.path, &self.journal) else {
            return Ok((Store::Held(Held::new(self.memory)), Past::default()));
        };
        let past = &task.past;
        let whole = |done: &Collection| {
            vec![Mark {
                length: done.bytes,
                sum: done.sha256.clone(),
            }]
        };
        let marks = past.done.as_ref().map_or_else(
            || past.pages.iter().map(|page| page.mark.clone()).collect(),
            whole,
        );
        if marks.is_empty()
            || past.pages.iter().any(|page| page.kind.is_none()) && past.done.is_none()
        {
            journal.add(&Line::Again(task.target.collection.clone()))?;
            return Ok((Store::create(path)?, Past::default()));
        }
        let (store, agreed) = Store::resume(path, &marks)?;
        if agreed == marks.len() {
            return Ok((store, past.clone()));
        }
        // A power cut has taken more of the file than of the journal.
        journal.add(&Line::Again(task.target.collection.clone()))?;
        Ok((Store::create(path)?, Past::default()))
    }
}

/// Keeps pages in a file, with a line in the journal for each.
struct Journaled<'a> {
    journal: &'a Journal,
    name: &'a str,
}

impl Keeper for Journaled<'_> {
    fn census(&mut self, census: &Census) -> io::Result<()> {
        self.journal
            .add(&Line::Census(self.name.to_owned(), census.clone()))
    }

    fn kept(&mut self, _: &mut Store, page: &Page) -> io::Result<()> {
        self.journal
            .add(&Line::Page(self.name.to_owned(), page.clone()))
    }

    fn again(&mut self, _: &mut Store) -> io::Result<bool> {
        self.journal.add(&Line::Again(self.name.to_owned()))?;
        Ok(true)
    }
}

/// Hands pages to the thread that prints.
struct Streamed<'a> {
    tell: &'a SyncSender<Told>,
    name: &'a str,
}

impl Keeper for Streamed<'_> {
    fn census(&mut self, _: &Census) -> io::Result<()> {
        Ok(())
    }

    fn kept(&mut self, store: &mut Store, page: &Page) -> io::Result<()> {
        let Store::Held(held) = store else {
            return Err(io::Error::other("a file cannot be printed page by page"));
        };
        let page = stdout_page::Page {
            collection: self.name.to_owned(),
            txn_id: page.transaction_id,
            rows: held.take()?,
        };
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.tell.send(Told::Page(page)).map_err(gone)
    }

    fn again(&mut self, _: &mut Store) -> io::Result<bool> {
        Ok(false)
    }
}

/// Asks for the server's list of collections; where the user named some, it only tells whether the server has DQL.
pub(super) fn listing(
    asker: &Arc<Asker>,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<Option<Listing>, Stop> {
    let asking = Arc::clone(asker);
    let listing = aside(asker, context, move || list(&asking))?;
    let matters = options.named.is_empty() || matches!(listing, Listing::NoDql(_));
    Ok(matters.then_some(listing))
}

/// Does something that may hang in the network on a thread of its own, so that Ctrl-C ends the wait.
pub(super) fn aside<T: Send + 'static>(
    asker: &Asker,
    context: &mut Context<'_>,
    act: impl FnOnce() -> Result<T, Stop> + Send + 'static,
) -> Result<T, Stop> {
    let (tell, told) = mpsc::sync_channel(1);
    thread::spawn(move || tell.send(act()));
    let mut show = Show::new();
    loop {
        match told.recv_timeout(TICK) {
            Ok(result) => {
                context.out.end_progress();
                return result;
            }
            Err(_) if context.interrupt.load(Ordering::Relaxed) => return Err(Stop::Interrupted),
            Err(_) => show.look(asker, context),
        }
    }
}

/// What people see while they wait.
struct Show {
    started: Instant,
    line: Instant,
    since: u64,
    /// The last trouble that was told, and when.
    said: (String, Instant),
}

impl Show {
    fn new() -> Show {
        Show {
            started: Instant::now(),
            line: Instant::now(),
            since: 0,
            said: (String::new(), Instant::now()),
        }
    }

    /// Says why something is tried again: at once what is new, and the same again after a while.
    fn trouble(&mut self, trouble: Option<String>, context: &mut Context<'_>) {
        let Some(trouble) = trouble else { return };
        let (said, when) = &self.said;
        if *said != trouble || when.elapsed() > LINE_EVERY {
            context.out.note(&format!("{trouble}; trying again"));
            self.said = (trouble, Instant::now());
        }
    }

    fn look(&mut self, asker: &Asker, context: &mut Context<'_>) {
        let pulse = asker.pulse();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (documents, total, retries) = (
            count(&pulse.documents),
            count(&pulse.total),
            count(&pulse.retries),
        );
        self.trouble(pulse.take_trouble(), context);
        let again = if retries > 0 {
            format!(", {retries} retries")
        } else {
            String::new()
        };
        if context.env.stderr_terminal {
            let message = format!("{}{again}", pulse.current());
            return context.out.progress_of(documents, total, &message);
        }
        let waited = self.line.elapsed();
        if waited < LINE_EVERY || context.global.no_progress {
            return;
        }
        let rate =
            u128::from(documents.saturating_sub(self.since)) * 1000 / waited.as_millis().max(1);
        let left = u128::from(total.saturating_sub(documents)) / rate.max(1);
        context.out.note(&format!(
            "{}: {documents} of {total} documents after {} s, {rate}/s, {left} s left{again}",
            pulse.current(),
            self.started.elapsed().as_secs()
        ));
        (self.line, self.since) = (Instant::now(), documents);
    }
}
