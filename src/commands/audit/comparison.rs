//! Compares the pages of the walk with the copy; keeps only what differs.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::copy::{AuditedCopy, CollectionCopy, Match};
use super::sameness::Sameness;
use crate::commands::snapshot_read::destination::Destination;
use crate::snapshot::document_id::IdType;
use crate::snapshot::read::evidence_marks::EvidenceMarks;
use crate::snapshot::write::PageStore;
use crate::snapshot::write::journal::{CollectionResume, CommitPoint, PageEntry};
use crate::snapshot::write::keyed_page::key_of;
use crate::snapshot::write::page_buffer::BUFFERED_PAGE_BYTES;
use crate::util::mutex::lock;

/// Memory for documents that differ. Further ones are counted only.
const MAX_DOUBT_BYTES: usize = 256 << 20;
/// Pages of a collection that wait to be compared.
const WAITING_PAGES: usize = 1;
/// Memory of a doubt besides its key and document.
const DOUBT_BYTES: usize = 128;

/// A document of which the copy had something else than the server, when each was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    /// The id as canonical JSON.
    pub key: String,
    /// Where it is in the copy; `None` if the copy does not have it.
    pub place: Option<u64>,
    /// What the server had; `None` for nothing.
    pub server: Option<Vec<u8>>,
    /// The transaction at which the server was read.
    pub read_at: Option<u64>,
}

/// The result of one collection.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    /// Number of documents that are equal.
    pub equal: u64,
    /// Of them, those in which bytes are written differently.
    pub equal_except_bytes: u64,
    /// Differences, which changes since the copy was made may explain.
    pub doubts: Vec<Doubt>,
    /// Number of differences that did not fit into memory.
    pub uncounted: u64,
    /// Number of differing documents with ids of bytes, which cannot be looked up.
    pub with_id_of_bytes: u64,
}

/// Compares what is read. Shared by all threads.
pub(super) struct ComparingDestination {
    copy: Arc<dyn AuditedCopy>,
    findings: Arc<Mutex<BTreeMap<String, Findings>>>,
    free_bytes: Arc<AtomicUsize>,
}

impl ComparingDestination {
    pub fn new(copy: Arc<dyn AuditedCopy>) -> ComparingDestination {
        ComparingDestination {
            copy,
            findings: Arc::default(),
            free_bytes: Arc::new(AtomicUsize::new(MAX_DOUBT_BYTES)),
        }
    }

    /// The results. Collections of the copy that the server no longer has are compared with nothing.
    ///
    /// # Errors
    /// Errors of the copy.
    pub fn conclude(&self, collections: &[String]) -> io::Result<BTreeMap<String, Findings>> {
        for collection in collections {
            if !lock(&self.findings).contains_key(collection) {
                self.store(collection)?.finish()?;
            }
        }
        Ok(std::mem::take(&mut *lock(&self.findings)))
    }

    fn store(&self, collection: &str) -> io::Result<ComparingStore> {
        let (pages, received) = sync_channel(WAITING_PAGES);
        let (emptied, spare) = channel();
        let comparison = Comparison {
            copy: self.copy.open(collection)?,
            emptied,
            findings: Findings::default(),
            free_bytes: Arc::clone(&self.free_bytes),
        };
        Ok(ComparingStore {
            collection: collection.to_owned(),
            page: Vec::new(),
            spare,
            thread: Some((pages, thread::spawn(move || comparison.run(&received)))),
            all: Arc::clone(&self.findings),
        })
    }
}

impl Destination for ComparingDestination {
    fn open(
        &self,
        collection: &str,
        _: &CollectionResume,
        _: &mut EvidenceMarks,
    ) -> io::Result<(Box<dyn PageStore>, CollectionResume)> {
        let store = self.store(collection)?;
        Ok((Box::new(store), CollectionResume::default()))
    }
}

/// What a thread does.
enum Job {
    /// Compares the documents of a page, one a line.
    Page(Vec<u8>, PageEntry),
    /// Forgets what was compared.
    Restart,
}

/// Sends the pages of one collection to a thread that compares them, while the next ones arrive.
struct ComparingStore {
    collection: String,
    page: Vec<u8>,
    /// Buffers of pages that were compared.
    spare: Receiver<Vec<u8>>,
    /// `None` after the end.
    thread: Option<(SyncSender<Job>, JoinHandle<io::Result<Findings>>)>,
    all: Arc<Mutex<BTreeMap<String, Findings>>>,
}

/// The comparison of one collection, in its thread.
struct Comparison {
    copy: Box<dyn CollectionCopy>,
    /// Takes the buffers back.
    emptied: Sender<Vec<u8>>,
    findings: Findings,
    free_bytes: Arc<AtomicUsize>,
}

impl Findings {
    /// Keeps a doubt if it fits into memory.
    fn add(&mut self, doubt: Doubt, free_bytes: &AtomicUsize) {
        let size = doubt.key.len() + doubt.server.as_ref().map_or(0, Vec::len) + DOUBT_BYTES;
        let taken = free_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
            free.checked_sub(size)
        });
        if taken.is_ok() {
            self.doubts.push(doubt);
        } else {
            self.uncounted += 1;
        }
    }

    fn note(&mut self, sameness: Sameness) {
        self.equal += u64::from(sameness.is_equal());
        self.equal_except_bytes += u64::from(sameness == Sameness::EqualExceptBytes);
    }
}

impl Comparison {
    /// Compares until no page follows, and then finds what the server does not have.
    fn run(mut self, jobs: &Receiver<Job>) -> io::Result<Findings> {
        for job in jobs {
            match job {
                Job::Page(mut lines, page) => {
                    self.compare(&lines, &page)?;
                    lines.clear();
                    // After the last page, no one receives it.
                    let _ = self.emptied.send(lines);
                }
                Job::Restart => {
                    self.findings = Findings::default();
                    self.copy.restart()?;
                }
            }
        }
        let (findings, free_bytes) = (&mut self.findings, &self.free_bytes);
        self.copy.for_each_unmatched(&mut |place, key| {
            let doubt = Doubt {
                key: key.to_owned(),
                place: Some(place),
                server: None,
                read_at: None,
            };
            findings.add(doubt, free_bytes);
            Ok(())
        })?;
        Ok(self.findings)
    }

    fn compare(&mut self, mut lines: &[u8], page: &PageEntry) -> io::Result<()> {
        loop {
            let equal = self.copy.skip_equal(lines)?;
            self.findings.equal += equal.documents;
            lines = lines.get(equal.bytes..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', lines) else {
                return Ok(());
            };
            let (document, rest) = lines.split_at(end);
            lines = rest.get(1..).unwrap_or_default();
            self.compare_one(document, page)?;
        }
    }

    fn compare_one(&mut self, document: &[u8], page: &PageEntry) -> io::Result<()> {
        let is_of_bytes = page.kind.as_deref() == Some(IdType::Binary.name());
        let key = key_of(document)?;
        let place = match self.copy.compare(&key, document)? {
            Match::Found { sameness, .. } if sameness.is_equal() => {
                self.findings.note(sameness);
                return Ok(());
            }
            _ if is_of_bytes => {
                self.findings.with_id_of_bytes += 1;
                return Ok(());
            }
            Match::Found { place, .. } => Some(place),
            Match::Missing => None,
        };
        let doubt = Doubt {
            key,
            place,
            server: Some(document.to_vec()),
            read_at: page.transaction_id,
        };
        self.findings.add(doubt, &self.free_bytes);
        Ok(())
    }
}

impl ComparingStore {
    fn send(&mut self, job: Job) -> io::Result<()> {
        let is_sent = match &self.thread {
            Some((pages, _)) => pages.send(job).is_ok(),
            None => false,
        };
        if is_sent {
            return Ok(());
        }
        // The thread has ended early, with an error.
        self.end()?;
        Err(io::Error::other("the comparison has ended"))
    }

    /// Ends the thread, and returns what it has found.
    fn end(&mut self) -> io::Result<Findings> {
        let ended = || io::Error::other("the comparison has ended");
        let (pages, thread) = self.thread.take().ok_or_else(ended)?;
        drop(pages);
        thread.join().map_err(|_| ended())?
    }
}

impl PageStore for ComparingStore {
    fn target_page_bytes(&self) -> u64 {
        BUFFERED_PAGE_BYTES
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.page.extend_from_slice(bytes);
        Ok(())
    }

    fn rollback(&mut self) -> io::Result<()> {
        self.page.clear();
        Ok(())
    }

    fn commit_page(&mut self, page: PageEntry) -> io::Result<()> {
        let next = self.spare.try_recv().unwrap_or_default();
        let lines = std::mem::replace(&mut self.page, next);
        self.send(Job::Page(lines, page))
    }

    fn restart(&mut self) -> io::Result<bool> {
        self.page.clear();
        self.send(Job::Restart)?;
        Ok(true)
    }

    /// A collection that is read again replaces its result.
    fn finish(&mut self) -> io::Result<CommitPoint> {
        let findings = self.end()?;
        lock(&self.all).insert(self.collection.clone(), findings);
        Ok(CommitPoint::default())
    }
}
