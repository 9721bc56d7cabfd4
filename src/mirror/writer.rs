//! The thread that writes pages of a load, so that the next pages arrive meanwhile.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};

use super::error::io_error;
use super::log_limit::LogLimit;
use super::rows::Text;
use super::schema;
use crate::snapshot::write::keyed_page::KeyedPage;
use crate::util::mutex::lock;

/// One unit of work; each is one transaction.
pub(super) enum Job {
    /// The rows of a page, and its line of the journal.
    Page {
        table: i64,
        collection: Arc<str>,
        rows: KeyedPage,
        txn: Option<i64>,
        entry: String,
    },
    /// A line of the journal.
    Entry(String),
    /// The table of a collection is emptied; with a line of the journal.
    Clear { table: i64, entry: String },
    /// Everything before it is written.
    Flush(Sender<()>),
}

/// The first error of the thread.
type FirstError = Arc<Mutex<Option<(io::ErrorKind, String)>>>;

/// The way to the thread.
#[derive(Clone)]
pub(super) struct WriterHandle {
    /// The file's name as typed.
    name: Arc<str>,
    jobs: SyncSender<Job>,
    error: FirstError,
}

/// The thread. It ends when all handles are dropped.
pub(super) struct Writer {
    thread: JoinHandle<()>,
    error: FirstError,
}

impl Writer {
    /// Starts the thread.
    pub fn start(database: Connection, name: &str) -> io::Result<(Writer, WriterHandle)> {
        // One page is written, one waits, and each collection that is read fills another one.
        let (jobs, receiver) = sync_channel(1);
        let error = FirstError::default();
        let shared = Arc::clone(&error);
        let name: Arc<str> = Arc::from(name);
        let of_thread = Arc::clone(&name);
        let builder = thread::Builder::new().name("mirror".to_owned());
        let thread = builder.spawn(move || run(database, &of_thread, &receiver, &shared))?;
        let handle = WriterHandle {
            name,
            jobs,
            error: Arc::clone(&error),
        };
        Ok((Writer { thread, error }, handle))
    }

    /// Waits for the end of the thread.
    pub fn join(self) -> io::Result<()> {
        if self.thread.join().is_err() {
            return Err(io::Error::other(
                "the thread that writes the mirror panicked",
            ));
        }
        first(&self.error)
    }
}

impl WriterHandle {
    /// The file's name as typed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Queues a job. Waits while another one is queued.
    pub fn send(&self, job: Job) -> io::Result<()> {
        first(&self.error)?;
        self.jobs.send(job).map_err(|_| ended())
    }

    /// Waits until all queued jobs are done.
    pub fn flush(&self) -> io::Result<()> {
        let (done, wait) = std::sync::mpsc::channel();
        self.send(Job::Flush(done))?;
        wait.recv().map_err(|_| ended())?;
        first(&self.error)
    }
}

/// The first error, which every later call returns, too.
fn first(error: &FirstError) -> io::Result<()> {
    match &*lock(error) {
        Some((kind, text)) => Err(io::Error::new(*kind, text.clone())),
        None => Ok(()),
    }
}

fn ended() -> io::Error {
    io::Error::other("the thread that writes the mirror has ended")
}

fn run(mut database: Connection, name: &str, jobs: &Receiver<Job>, error: &FirstError) {
    let mut log_limit = LogLimit::new(Path::new(database.path().unwrap_or_default()));
    for job in jobs {
        if let Job::Flush(done) = job {
            // A store that does not wait any more has no use for the answer.
            let _ = done.send(());
            continue;
        }
        // After an error, a later page must not follow the missing one.
        if lock(error).is_some() {
            continue;
        }
        match work(&mut database, &job) {
            Ok(()) => log_limit.keep(&database),
            Err(failed) => {
                let failed = explain(&job, name, &failed);
                *lock(error) = Some((failed.kind(), failed.to_string()));
            }
        }
    }
}

fn work(database: &mut Connection, job: &Job) -> rusqlite::Result<()> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match job {
        Job::Page {
            table,
            rows,
            txn,
            entry,
            ..
        } => {
            insert(&transaction, *table, rows, *txn)?;
            note(&transaction, entry)?;
        }
        Job::Entry(entry) => note(&transaction, entry)?,
        Job::Clear { table, entry } => {
            let name = staging_name(*table);
            transaction.execute_batch(&format!("DROP TABLE IF EXISTS {name}"))?;
            schema::create_table(&transaction, &name)?;
            note(&transaction, entry)?;
        }
        Job::Flush(_) => {}
    }
    transaction.commit()
}

fn insert(
    database: &Connection,
    table: i64,
    rows: &KeyedPage,
    txn: Option<i64>,
) -> rusqlite::Result<()> {
    let mut insert = database.prepare_cached(&format!(
        "INSERT INTO {} (key, doc, txn) VALUES (?1, ?2, ?3)",
        staging_name(table)
    ))?;
    for (key, document) in rows.iter() {
        insert.execute(params![Text(key), Text(document), txn])?;
    }
    Ok(())
}

/// Appends a line to the journal.
pub(super) fn note(database: &Connection, entry: &str) -> rusqlite::Result<()> {
    let mut insert = database.prepare_cached("INSERT INTO ditto_load (entry) VALUES (?1)")?;
    insert.execute([entry])?;
    Ok(())
}

/// The name of a table that is being filled.
pub(super) fn staging_name(table: i64) -> String {
    format!("ditto_load_{table}")
}

fn explain(job: &Job, name: &str, error: &rusqlite::Error) -> io::Error {
    match (job, error.sqlite_error_code()) {
        (Job::Page { collection, .. }, Some(ErrorCode::ConstraintViolation)) => {
            io::Error::other(format!(
                "the server sent two documents of the collection {collection} with the same id; start again"
            ))
        }
        _ => io_error(name, error),
    }
}
