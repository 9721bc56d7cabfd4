//! Worker threads that read collections in parallel. Only the main thread writes output and displays progress.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::destination::{Destination, StdoutDestination};
use super::stdout_page::{StdoutFormat, StdoutPage};
use crate::commands::Context;
use crate::output::WriteEnd;
use crate::snapshot::document_id::IdType;
use crate::snapshot::manifest::Collection;
use crate::snapshot::read::CollectionReader;
use crate::snapshot::read::evidence_marks::{EvidenceMarks, WrittenEvidence};
use crate::snapshot::read::queries::{LISTING, Listing, Target, list};
use crate::snapshot::read::retrying_client::{RetryingClient, StopReason};
use crate::snapshot::write::journal::{CollectionResume, ResumeState};
use crate::util::mutex::lock;
use crate::util::repeats::RepeatFilter;
use crate::view::escape;

/// Interval of progress and Ctrl-C checks.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Interval of progress messages without a terminal.
const PROGRESS_MESSAGE_INTERVAL: Duration = Duration::from_secs(10);

/// The action before the first collection, for the progress display.
const COUNTING: &str = "counting the documents";
/// Memory for buffered pages of all threads together, for standard output.
const STDOUT_BUFFER_BYTES: usize = 32 << 20;

/// The parameters of all reads.
pub(super) struct CollectionWorkers {
    pub client: Arc<RetryingClient>,
    /// Ends all reads.
    pub stop: Arc<AtomicBool>,
    pub legacy: bool,
    pub targets: Vec<Target>,
    /// What the stream says about single documents.
    pub evidence: Arc<WrittenEvidence>,
    pub jobs: usize,
}

/// How the reads ended.
pub(super) enum Outcome {
    Complete(Vec<Collection>),
    /// Ctrl-C, after this many documents.
    Interrupted(u64),
    /// An error of the server or the disk, after this many documents.
    Stopped(StopReason, u64),
    /// The reader of standard output has closed it.
    OutputClosed,
    OutputFailed(io::Error),
}

/// One collection that waits for a thread.
struct Task {
    target: Target,
    resume: CollectionResume,
}

/// Messages of the workers.
enum WorkerEvent {
    Done(Box<Collection>),
    ReadStopped(StopReason),
    /// A page for standard output.
    Page(StdoutPage),
}

/// The state that all threads share.
struct Shared {
    client: Arc<RetryingClient>,
    stop: Arc<AtomicBool>,
    legacy: bool,
    evidence: Arc<WrittenEvidence>,
    hint: AtomicU64,
    tasks: Mutex<VecDeque<Task>>,
    destination: Arc<dyn Destination>,
}

impl CollectionWorkers {
    /// Reads into a destination that keeps the pages of an interrupted run.
    pub fn read(
        &self,
        destination: &Arc<dyn Destination>,
        resume_state: &ResumeState,
        context: &mut Context<'_>,
    ) -> Outcome {
        // No page comes to standard output.
        self.run(resume_state, &StdoutFormat::Json, context, |_| {
            Arc::clone(destination)
        })
    }

    /// Reads to standard output.
    pub fn to_stream(&self, format: &StdoutFormat, context: &mut Context<'_>) -> Outcome {
        self.run(&ResumeState::default(), format, context, |event_tx| {
            let event_tx = event_tx.clone();
            let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
            Arc::new(StdoutDestination {
                print: Arc::new(move |page| {
                    let page = WorkerEvent::Page(page);
                    event_tx.send(page).map_err(closed)
                }),
                buffer_bytes: STDOUT_BUFFER_BYTES / self.threads(),
            })
        })
    }

    fn threads(&self) -> usize {
        self.jobs.min(self.targets.len()).max(1)
    }

    fn run(
        &self,
        resume_state: &ResumeState,
        format: &StdoutFormat,
        context: &mut Context<'_>,
        destination: impl FnOnce(&SyncSender<WorkerEvent>) -> Arc<dyn Destination>,
    ) -> Outcome {
        let task = |target: &Target| Task {
            resume: resume_state.collection(&target.collection),
            target: target.clone(),
        };
        self.client.status().begin(COUNTING, 0);
        let (event_tx, events) = mpsc::sync_channel(self.threads());
        let shared = Arc::new(Shared {
            client: Arc::clone(&self.client),
            stop: Arc::clone(&self.stop),
            legacy: self.legacy,
            evidence: Arc::clone(&self.evidence),
            hint: AtomicU64::new(0),
            tasks: Mutex::new(self.targets.iter().map(task).collect()),
            destination: destination(&event_tx),
        });
        for _ in 0..self.threads() {
            let (shared, event_tx) = (Arc::clone(&shared), event_tx.clone());
            // Not joined: a thread that is blocked in the network ends with the program.
            thread::spawn(move || shared.run_worker(&event_tx));
        }
        // A destination may also have a sender: only the threads keep them.
        drop((event_tx, shared));
        let outcome = handle_events(&events, &self.client, format, context);
        if !matches!(outcome, Outcome::Complete(_)) {
            self.stop.store(true, Ordering::Relaxed);
        }
        context.out.end_progress();
        outcome
    }
}
/// Handles messages until all workers have ended.
fn handle_events(
    events: &Receiver<WorkerEvent>,
    client: &RetryingClient,
    format: &StdoutFormat,
    context: &mut Context<'_>,
) -> Outcome {
    let mut collections = Vec::new();
    let mut show = ProgressDisplay::new();
    loop {
        show.poll(client, context);
        if context.interrupt.load(Ordering::Relaxed) {
            return Outcome::Interrupted(client.status().documents.load(Ordering::Relaxed));
        }
        match events.recv_timeout(POLL_INTERVAL) {
            Ok(WorkerEvent::Done(collection)) => {
                report_binary_ids(&collection, context);
                collections.push(*collection);
            }
            Ok(WorkerEvent::ReadStopped(stop)) => {
                return Outcome::Stopped(stop, client.status().documents.load(Ordering::Relaxed));
            }
            Ok(WorkerEvent::Page(page)) => {
                match page.print(format, context.out, context.env.stdout_terminal) {
                    Ok(()) => {}
                    Err(WriteEnd::Closed) => return Outcome::OutputClosed,
                    Err(WriteEnd::Failed(error)) => return Outcome::OutputFailed(error),
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    report_warnings(client, context);
    collections.sort_by(|one, other| one.name.cmp(&other.name));
    Outcome::Complete(collections)
}

impl Shared {
    fn run_worker(&self, event_tx: &SyncSender<WorkerEvent>) {
        while !self.stop.load(Ordering::Relaxed) {
            let task = lock(&self.tasks).pop_front();
            let Some(task) = task else {
                return;
            };
            let done = match self.read_collection(&task) {
                Ok(collection) => WorkerEvent::Done(Box::new(collection)),
                Err(stop) => WorkerEvent::ReadStopped(stop),
            };
            if event_tx.send(done).is_err() {
                return;
            }
        }
    }

    fn read_collection(&self, task: &Task) -> Result<Collection, StopReason> {
        let name = task.target.collection.clone();
        let disk = |error| StopReason::Disk(format!("writing the collection {name}"), error);
        let mut marks = EvidenceMarks::new(&self.evidence, &name);
        let opened = self.destination.open(&name, &task.resume, &mut marks);
        let (store, resume) = opened.map_err(disk)?;
        if let Some(done) = resume.done {
            self.client.status().begin(&name, done.documents);
            self.client
                .status()
                .documents
                .fetch_add(done.documents, Ordering::Relaxed);
            marks.finish();
            return Ok(done);
        }
        let read_collection = CollectionReader {
            client: &self.client,
            target: task.target.clone(),
            hint: &self.hint,
            legacy: self.legacy,
        };
        let mut collection = read_collection.run(store, marks, &resume)?;
        self.destination.finish(&mut collection).map_err(disk)?;
        Ok(collection)
    }
}

/// Queries the list of collections. If the user named some, it shows which other ones exist.
pub(super) fn listing(
    client: &Arc<RetryingClient>,
    context: &mut Context<'_>,
) -> Result<Listing, StopReason> {
    let background = Arc::clone(client);
    client.status().begin(LISTING, 0);
    run_in_background(client, context, move || list(&background))
}

/// Runs an action that may block in the network on its own thread, so that Ctrl-C ends the wait.
pub fn run_in_background<T: Send + 'static>(
    client: &RetryingClient,
    context: &mut Context<'_>,
    act: impl FnOnce() -> Result<T, StopReason> + Send + 'static,
) -> Result<T, StopReason> {
    let (event_tx, events) = mpsc::sync_channel(1);
    thread::spawn(move || event_tx.send(act()));
    let mut show = ProgressDisplay::new();
    loop {
        match events.recv_timeout(POLL_INTERVAL) {
            Ok(result) => {
                report_warnings(client, context);
                context.out.end_progress();
                return result;
            }
            Err(_) if context.interrupt.load(Ordering::Relaxed) => {
                return Err(StopReason::Interrupted);
            }
            Err(_) => show.poll(client, context),
        }
    }
}

/// The progress display.
struct ProgressDisplay {
    started: Instant,
    /// Time and documents of the last message without a terminal.
    last_message: Instant,
    last_documents: u64,
    /// The reported errors.
    reported: RepeatFilter,
}

impl ProgressDisplay {
    fn new() -> ProgressDisplay {
        ProgressDisplay {
            started: Instant::now(),
            last_message: Instant::now(),
            last_documents: 0,
            reported: RepeatFilter::default(),
        }
    }

    /// Reports why a request is retried: a new reason at once, the same one again after an interval.
    fn report_retry(&mut self, reason: Option<String>, context: &mut Context<'_>) {
        let Some(reason) = reason else {
            return;
        };
        if self.reported.shows(&reason, Instant::now()) {
            context.out.note(&format!("{reason}; retrying"));
        }
    }

    fn poll(&mut self, client: &RetryingClient, context: &mut Context<'_>) {
        let status = client.status();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (documents, total, retries) = (
            count(&status.documents),
            count(&status.total),
            count(&status.retries),
        );
        report_warnings(client, context);
        self.report_retry(status.take_error(), context);
        let again = if retries > 0 {
            format!(", {retries} retries")
        } else {
            String::new()
        };
        if context.env.stderr_terminal {
            let message = format!("{}{again}", status.current());
            return context.out.requery_progress(documents, total, &message);
        }
        let waited = self.last_message.elapsed();
        if waited < PROGRESS_MESSAGE_INTERVAL || context.global.no_progress {
            return;
        }
        let since = documents.saturating_sub(self.last_documents);
        let rate = u128::from(since) * 1000 / waited.as_millis().max(1);
        (self.last_message, self.last_documents) = (Instant::now(), documents);
        let line = progress_line(
            &escape::text(&status.current()),
            documents,
            total,
            (rate, self.started.elapsed().as_secs()),
        );
        context.out.note(&format!("{line}{again}"));
    }
}

/// One line of progress. Before the first count there are no numbers to show.
fn progress_line(
    current: &str,
    documents: u64,
    total: u64,
    (rate, seconds): (u128, u64),
) -> String {
    if (documents, total) == (0, 0) {
        return format!("{current}: waiting for {seconds} s");
    }
    let left = u128::from(total.saturating_sub(documents)) / rate.max(1);
    format!(
        "{current}: {documents} of {total} documents after {seconds} s, {rate}/s, {left} s left"
    )
}

/// Says that ids of bytes cannot be told from arrays or strings in the stream.
fn report_binary_ids(collection: &Collection, context: &mut Context<'_>) {
    let Some(count) = collection.by_type.get(IdType::Binary.name()) else {
        return;
    };
    context.out.warn(&format!(
        "{}: {count} ids are bytes, which JSON prints like arrays of numbers: the file and the stream do not show the difference. Events for such ids, and for arrays or strings that look like them, are kept where the snapshot may not contain them",
        escape::text(&collection.name)
    ));
}

/// Shows the server's warnings, each once.
fn report_warnings(client: &RetryingClient, context: &mut Context<'_>) {
    for warning in client.status().take_warnings() {
        context.out.warn(&escape::text(&warning));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_no_numbers_before_the_first_count() {
        assert_eq!(
            progress_line(LISTING, 0, 0, (0, 10)),
            "listing the collections: waiting for 10 s"
        );
        assert_eq!(
            progress_line("cars", 500, 2000, (50, 10)),
            "cars: 500 of 2000 documents after 10 s, 50/s, 30 s left"
        );
    }
}
