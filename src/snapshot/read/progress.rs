//! Progress of one collection read: counts, id ranges and transactions of the committed pages.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::evidence_marks::EvidenceMarks;
use super::page::{PageOrder, SeenIds};
use crate::snapshot::document_id::{CountByType, DocumentId, IdType};
use crate::snapshot::manifest::{Collection, ReadRange, add_range};
use crate::snapshot::write::PageStore;
use crate::snapshot::write::journal::{CollectionResume, CommitPoint, PageEntry};

/// The committed pages of one collection.
pub struct CollectionProgress {
    pub(in crate::snapshot) store: Box<dyn PageStore>,
    pub(in crate::snapshot) order: PageOrder,
    /// The last id, raw; with keyset paging, that of the current type.
    pub(in crate::snapshot) last: Option<Vec<u8>>,
    pub(in crate::snapshot) by_type: CountByType,
    pub(in crate::snapshot) pages: u64,
    places: Vec<ReadRange>,
    min_txn: Option<u64>,
    max_txn: Option<u64>,
    /// The documents of the stream's evidence that are in the pages.
    pub(in crate::snapshot) marks: EvidenceMarks,
    /// A response had no transaction.
    pub(in crate::snapshot) has_unknown_txn: bool,
    /// The server's warnings on pages, each once.
    pub(in crate::snapshot) warnings: BTreeSet<String>,
    bytes: u64,
    sum: String,
}

/// The result of one page request.
pub(in crate::snapshot) struct PageResult {
    pub kind: Option<IdType>,
    pub by_type: CountByType,
    pub last: Option<Vec<u8>>,
    pub transaction_id: Option<u64>,
    pub warnings: Vec<String>,
    /// The last page of its type.
    pub end: bool,
}

impl CollectionProgress {
    /// The start of a read.
    #[must_use]
    pub fn new(store: Box<dyn PageStore>, marks: EvidenceMarks) -> CollectionProgress {
        CollectionProgress {
            store,
            order: PageOrder::SeenIds(Box::default()),
            last: None,
            by_type: CountByType::default(),
            pages: 0,
            places: Vec::new(),
            min_txn: None,
            max_txn: None,
            marks,
            has_unknown_txn: false,
            warnings: BTreeSet::new(),
            bytes: 0,
            sum: String::new(),
        }
    }

    /// Discards all pages; `false` if the store cannot discard them.
    pub(in crate::snapshot) fn restart(&mut self, counter: &AtomicU64) -> io::Result<bool> {
        let has_pages = self.pages > 0;
        if !self.store.restart()? && has_pages {
            return Ok(false);
        }
        counter.fetch_sub(self.documents(), Ordering::Relaxed);
        self.order = PageOrder::SeenIds(Box::<SeenIds>::default());
        self.last = None;
        self.by_type = CountByType::default();
        self.pages = 0;
        self.places.clear();
        self.warnings.clear();
        self.marks.clear();
        (self.min_txn, self.max_txn, self.has_unknown_txn) = (None, None, false);
        Ok(true)
    }

    /// Restores the pages of an interrupted run.
    pub(in crate::snapshot) fn replay(&mut self, resume: &CollectionResume, counter: &AtomicU64) {
        for page in &resume.pages {
            let kind = page.kind.as_deref().and_then(IdType::parse);
            let mut by_type = CountByType::default();
            for (name, count) in &page.by_type {
                if let Some(slot) =
                    IdType::parse(name).and_then(|kind| by_type.get_mut(kind as usize))
                {
                    *slot = *count;
                }
            }
            counter.fetch_add(by_type.iter().sum(), Ordering::Relaxed);
            self.count(&PageResult {
                kind,
                by_type,
                last: page.last.as_ref().map(|last| last.clone().into_bytes()),
                transaction_id: page.transaction_id,
                warnings: page.warnings.clone(),
                end: page.end,
            });
        }
    }

    /// Commits the page at the end of the store.
    pub(in crate::snapshot) fn commit_page(&mut self, page: &PageResult) -> io::Result<()> {
        let named = IdType::ALL.into_iter().zip(page.by_type);
        let named = named.filter(|(_, count)| *count > 0);
        self.store.commit_page(PageEntry {
            kind: page.kind.map(|kind| kind.name().to_owned()),
            last: page
                .last
                .as_ref()
                .map(|last| String::from_utf8_lossy(last).into_owned()),
            end: page.end,
            by_type: named
                .map(|(kind, count)| (kind.name().to_owned(), count))
                .collect(),
            transaction_id: page.transaction_id,
            warnings: page.warnings.clone(),
            mark: CommitPoint::default(),
        })?;
        self.marks.commit_page();
        self.count(page);
        Ok(())
    }

    fn count(&mut self, page: &PageResult) {
        self.pages += 1;
        for (total, count) in self.by_type.iter_mut().zip(page.by_type) {
            *total += count;
        }
        let at = page.transaction_id;
        self.has_unknown_txn |= at.is_none();
        self.min_txn = self.min_txn.into_iter().chain(at).min();
        self.max_txn = self.max_txn.into_iter().chain(at).max();
        self.warnings.extend(page.warnings.iter().cloned());
        self.last.clone_from(&page.last);
        if page.kind.is_some() {
            let key = page.last.as_deref().and_then(DocumentId::parse);
            let reached = key.as_ref().filter(|_| !page.end);
            if page.end || reached.is_some() {
                add_range(&mut self.places, page.kind, reached, at);
            }
        }
    }

    /// Number of documents of a type.
    pub(in crate::snapshot) fn count_of_type(&self, kind: IdType) -> u64 {
        self.by_type.get(kind as usize).copied().unwrap_or(0)
    }

    /// Number of documents.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.by_type.iter().sum()
    }

    /// Flushes the file; notes its size and hash.
    pub(in crate::snapshot) fn finish(&mut self) -> io::Result<()> {
        let mark = self.store.finish()?;
        (self.bytes, self.sum) = (mark.length, mark.sum);
        Ok(())
    }

    /// Whether all pages were read at one transaction, so that they are a consistent cut.
    pub(in crate::snapshot) fn is_single_txn(&self) -> bool {
        !self.has_unknown_txn && self.min_txn == self.max_txn
    }

    /// The collection's entry in the manifest. `elsewhere` is the transaction of all ids that no page covers.
    pub(in crate::snapshot) fn collection(
        mut self,
        name: &str,
        way: String,
        elsewhere: Option<u64>,
    ) -> Collection {
        let by_type: BTreeMap<String, u64> = IdType::ALL
            .into_iter()
            .map(|kind| (kind.name().to_owned(), self.count_of_type(kind)))
            .filter(|(_, count)| *count > 0)
            .collect();
        add_range(&mut self.places, None, None, elsewhere);
        self.marks.finish();
        Collection {
            name: name.to_owned(),
            complete: false,
            why_not: Vec::new(),
            proof: None,
            documents: by_type.values().sum(),
            by_type,
            pages: self.pages,
            lowest_transaction_id: self.min_txn,
            highest_transaction_id: self.max_txn,
            way,
            file: None,
            bytes: self.bytes,
            sha256: self.sum,
            census_before: None,
            census_after: None,
            places: self.places,
        }
    }

    /// The lowest transaction of all pages; `None` if a page had none.
    pub(in crate::snapshot) fn min_txn(&self) -> Option<u64> {
        self.min_txn.filter(|_| !self.has_unknown_txn)
    }
}
