//! Compares the pages of the walk with the copy; keeps only what differs.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::copy::{AuditedCopy, CollectionCopy, Match};
use super::sameness::Sameness;
use crate::commands::snapshot_read::destination::Destination;
use crate::snapshot::document_id::IdType;
use crate::snapshot::manifest::{Census, Collection};
use crate::snapshot::read::evidence_marks::EvidenceMarks;
use crate::snapshot::write::PageStore;
use crate::snapshot::write::journal::{CollectionResume, CommitPoint, PageEntry};
use crate::snapshot::write::keyed_page::KeyedPage;
use crate::snapshot::write::page_buffer::BUFFERED_PAGE_BYTES;
use crate::util::mutex::lock;

/// Memory for documents that differ. Further ones are counted only.
const MAX_DOUBT_BYTES: usize = 256 << 20;
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
        Ok(ComparingStore {
            copy: self.copy.open(collection)?,
            collection: collection.to_owned(),
            page: KeyedPage::default(),
            findings: Findings::default(),
            all: Arc::clone(&self.findings),
            free_bytes: Arc::clone(&self.free_bytes),
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

    fn resume_hint(&self) -> &'static str {
        ""
    }

    fn finish(&self, _: &mut Collection) -> io::Result<()> {
        Ok(())
    }
}

/// Compares one collection.
struct ComparingStore {
    copy: Box<dyn CollectionCopy>,
    collection: String,
    page: KeyedPage,
    findings: Findings,
    all: Arc<Mutex<BTreeMap<String, Findings>>>,
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

impl PageStore for ComparingStore {
    fn target_page_bytes(&self) -> u64 {
        BUFFERED_PAGE_BYTES
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.page.add(bytes)
    }

    fn rollback(&mut self) -> io::Result<()> {
        self.page.clear();
        Ok(())
    }

    fn record_count(&mut self, _: &Census) -> io::Result<()> {
        Ok(())
    }

    fn commit_page(&mut self, page: PageEntry) -> io::Result<()> {
        let is_of_bytes = page.kind.as_deref() == Some(IdType::Binary.name());
        for (key, document) in self.page.iter() {
            let key = std::str::from_utf8(key).map_err(io::Error::other)?;
            let place = match self.copy.compare(key, document)? {
                Match::Found { sameness, .. } if sameness.is_equal() => {
                    self.findings.note(sameness);
                    continue;
                }
                _ if is_of_bytes => {
                    self.findings.with_id_of_bytes += 1;
                    continue;
                }
                Match::Found { place, .. } => Some(place),
                Match::Missing => None,
            };
            let doubt = Doubt {
                key: key.to_owned(),
                place,
                server: Some(document.to_vec()),
                read_at: page.transaction_id,
            };
            self.findings.add(doubt, &self.free_bytes);
        }
        self.page.clear();
        Ok(())
    }

    fn restart(&mut self) -> io::Result<bool> {
        self.page.clear();
        self.findings = Findings::default();
        self.copy.restart()?;
        Ok(true)
    }

    /// Also finds what the server does not have. A collection that is read again replaces its result.
    fn finish(&mut self) -> io::Result<CommitPoint> {
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
        let findings = std::mem::take(&mut self.findings);
        lock(&self.all).insert(self.collection.clone(), findings);
        Ok(CommitPoint::default())
    }
}
