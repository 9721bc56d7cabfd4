//! Collection reader: keyset paging by id type if the server supports it, else simpler queries, between two counts.

mod count;
pub mod evidence_marks;
mod id_scanner;
mod legacy;
mod page;
mod page_id;
mod page_size;
pub mod progress;
pub mod queries;
pub mod retrying_client;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use self::evidence_marks::EvidenceMarks;
use self::legacy::DocumentUnwrapper;
use self::page::{PageOrder, PageRows, SeenIds};
use self::page_size::{AdaptivePageSize, PageTiming};
use self::progress::{CollectionProgress, PageResult};
use self::queries::Target;
use self::retrying_client::{Request, RetryingClient, StopReason};
use super::document_id::{CountByType, IdType};
use super::manifest::{Census, Collection};
use super::write::PageStore;
use super::write::journal::CollectionResume;
use crate::bigpeer::{ApiError, ApiErrorKind, QueryResponse, RowSink};

/// How often a read by offset restarts if documents move.
const MAX_ATTEMPTS: u32 = 3;
/// Order in which id types are read: the most expensive for the server first, so that a failure shows early.
const TYPES_IN_READ_ORDER: [IdType; IdType::ALL.len()] = [
    IdType::Object,
    IdType::Array,
    IdType::Binary,
    IdType::Boolean,
    IdType::Integer,
    IdType::String,
];

/// Reads one collection.
pub struct CollectionReader<'a> {
    /// The client.
    pub client: &'a RetryingClient,
    /// The collection, and its condition.
    pub target: Target,
    /// The largest page that succeeded for another collection; 0 before the first.
    pub hint: &'a AtomicU64,
    /// The server knows only the interface before DQL.
    pub legacy: bool,
}

/// Why a query does not read the collection to its end.
pub(super) enum ReadError {
    /// The run is over.
    Stop(StopReason),
    /// The server does not support the query.
    Unknown(ApiError),
    /// This collection cannot be read; others may be.
    Fault(String),
    /// Documents moved between two pages by offset.
    Moved,
}

impl From<StopReason> for ReadError {
    fn from(stop: StopReason) -> Self {
        ReadError::Stop(stop)
    }
}

/// A page that was read.
struct ReadPage {
    requested: u64,
    documents: u64,
    overlap_missing: bool,
    response: QueryResponse,
    last: Option<Vec<u8>>,
    by_type: CountByType,
    timing: PageTiming,
}

impl CollectionReader<'_> {
    /// Reads the collection into the store, or resumes an interrupted read.
    ///
    /// # Errors
    /// [`StopReason`] if the whole run has to end; if only this collection cannot be read, it is returned as
    /// incomplete.
    pub fn run(
        mut self,
        store: Box<dyn PageStore>,
        marks: EvidenceMarks,
        resume: &CollectionResume,
    ) -> Result<Collection, StopReason> {
        let mut progress = CollectionProgress::new(store, marks);
        let mut uncounted = Vec::new();
        let before = match self.before(&mut *progress.store, resume, &mut uncounted) {
            Ok(before) => before,
            Err(ReadError::Stop(stop)) => return Err(stop),
            Err(error) => return Ok(self.finish_incomplete(progress, None, String::new(), error)),
        };
        let expected = before.as_ref().map_or(0, |census| census.documents);
        self.client
            .status()
            .begin(&self.target.collection, expected);
        let (way, result) = self.read(&mut progress, before.as_ref(), resume);
        if let Err(error) = result {
            return match error {
                ReadError::Stop(stop) => Err(stop),
                error => Ok(self.finish_incomplete(progress, before, way, error)),
            };
        }
        progress.finish().map_err(|error| self.disk_error(error))?;
        let after = self.after(&mut uncounted)?;
        Ok(self.finish(progress, way, before, after, uncounted))
    }

    /// The collection with its counts. Whether they prove it complete is decided after the stream was read.
    fn finish(
        &self,
        progress: CollectionProgress,
        way: String,
        before: Option<Census>,
        after: Option<Census>,
        uncounted: Vec<String>,
    ) -> Collection {
        // Responses of one transaction need no counts, and the interface before DQL has none.
        let is_consistent = progress.is_single_txn() && self.legacy;
        let elsewhere = match &before {
            Some(census) if !census.by_type.is_empty() && way.starts_with("keyset") => {
                census.transaction_id
            }
            Some(census) if census.documents == 0 => census.transaction_id,
            _ => progress.min_txn(),
        };
        let warnings = warnings(&progress, before.as_ref(), after.as_ref());
        let mut collection = progress.collection(&self.target.collection, way, elsewhere);
        if !is_consistent && (before.is_none() || after.is_none()) {
            collection.why_not = uncounted;
        }
        collection.why_not.extend(warnings);
        if is_consistent && collection.why_not.is_empty() {
            collection.complete = true;
            collection.proof = Some("all responses are of one transaction".to_owned());
        }
        (collection.census_before, collection.census_after) = (before, after);
        collection
    }

    /// A collection that was not read to its end.
    fn finish_incomplete(
        &self,
        mut progress: CollectionProgress,
        before: Option<Census>,
        way: String,
        error: ReadError,
    ) -> Collection {
        let why = match error {
            ReadError::Fault(why) => why,
            ReadError::Unknown(error) => error.to_string(),
            ReadError::Moved => {
                format!("documents moved between pages by offset, {MAX_ATTEMPTS} times")
            }
            ReadError::Stop(_) => String::new(),
        };
        // Incomplete in any case, even if the flush fails.
        let flushed = progress.finish();
        let mut collection = progress.collection(&self.target.collection, way, None);
        collection.why_not = vec![why];
        collection
            .why_not
            .extend(flushed.err().map(|error| error.to_string()));
        collection.census_before = before;
        collection
    }

    /// Reads with the best query that the server supports; returns its name for the manifest.
    fn read(
        &mut self,
        progress: &mut CollectionProgress,
        before: Option<&Census>,
        resume: &CollectionResume,
    ) -> (String, Result<(), ReadError>) {
        if self.legacy {
            return (
                "find by offset, with an overlap".to_owned(),
                self.read_by_offset(progress, before),
            );
        }
        let nothing = before.is_some_and(|census| census.documents == 0);
        let typed = before.filter(|census| !census.by_type.is_empty());
        if nothing {
            return ("nothing to read".to_owned(), Ok(()));
        }
        if let Some(census) = typed {
            let result = self.read_by_id(progress, census, resume);
            if !matches!(result, Err(ReadError::Unknown(_))) {
                return ("keyset by type of id".to_owned(), result);
            }
        }
        let result = self
            .restart(progress)
            .and_then(|()| self.read_at_once(progress, before));
        if !matches!(result, Err(ReadError::Unknown(_))) {
            return ("one query without a limit".to_owned(), result);
        }
        (
            "by offset, with an overlap".to_owned(),
            self.read_by_offset(progress, before),
        )
    }

    /// Discards all pages of the collection.
    fn restart(&mut self, progress: &mut CollectionProgress) -> Result<(), ReadError> {
        let documents = &self.client.status().documents;
        let is_discarded = progress
            .restart(documents)
            .map_err(|error| self.disk_error(error))?;
        if !is_discarded {
            return Err(ReadError::Fault("the server stopped supporting the query after some pages, and documents on standard output cannot be withdrawn: use --output DIR".to_owned()));
        }
        Ok(())
    }

    fn read_by_id(
        &mut self,
        progress: &mut CollectionProgress,
        census: &Census,
        resume: &CollectionResume,
    ) -> Result<(), ReadError> {
        progress.replay(resume, &self.client.status().documents);
        let hint = Some(self.hint.load(Ordering::Relaxed)).filter(|hint| *hint > 0);
        let mut size = AdaptivePageSize::new(hint, progress.store.target_page_bytes());
        for kind in TYPES_IN_READ_ORDER {
            let expected = census.by_type.get(kind.name()).copied().unwrap_or(0);
            let of_kind = |page: &&super::write::journal::PageEntry| {
                page.kind.as_deref() == Some(kind.name())
            };
            let done = resume.pages.iter().rfind(of_kind);
            if expected == 0 || done.is_some_and(|page| page.end) {
                continue;
            }
            progress.last = done
                .and_then(|page| page.last.clone())
                .map(String::into_bytes);
            progress.order = PageOrder::Keyset(kind);
            self.read_type(progress, &mut size, kind, expected)?;
        }
        Ok(())
    }

    fn read_type(
        &mut self,
        progress: &mut CollectionProgress,
        size: &mut AdaptivePageSize,
        kind: IdType,
        expected: u64,
    ) -> Result<(), ReadError> {
        let mut short = None;
        loop {
            let target = self.target.clone();
            let page = self.read_page(progress, size, false, &|limit, last| {
                Request::Dql(target.page(kind, last, limit))
            })?;
            // A short page is the end only if as many documents were read as counted: the server may truncate pages.
            let all = progress.count_of_type(kind) + page.documents >= expected;
            let end = page.documents == 0 || (page.documents < page.requested && all);
            if page.documents < page.requested && !end && page.documents > 0 {
                if short == Some(page.documents) {
                    size.on_truncated(page.documents);
                }
                short = Some(page.documents);
            } else if page.documents == page.requested {
                size.on_full_page(page.response.bytes, page.timing);
            }
            self.hint.fetch_max(size.known_good(), Ordering::Relaxed);
            let last = page.last.clone().or_else(|| progress.last.clone());
            self.commit_page(progress, &page, Some(kind), last, end)?;
            if end {
                return Ok(());
            }
        }
    }

    fn read_at_once(
        &mut self,
        progress: &mut CollectionProgress,
        before: Option<&Census>,
    ) -> Result<(), ReadError> {
        progress.order = PageOrder::SeenIds(Box::<SeenIds>::default());
        // The page size cannot shrink, because there is only one page.
        let mut size = AdaptivePageSize::new(Some(1), progress.store.target_page_bytes());
        let target = self.target.clone();
        let page = self.read_page(progress, &mut size, false, &|_, _| {
            Request::Dql(target.whole())
        });
        let page = match page {
            Ok(page) => page,
            // Too large for one response: continue with pages by offset.
            Err(ReadError::Fault(why)) => {
                return Err(ReadError::Unknown(ApiError::new(
                    ApiErrorKind::TooLarge,
                    why,
                )));
            }
            // This is the simplest query, so that the server must be rejecting the user's condition.
            Err(ReadError::Unknown(error)) => {
                let doing = format!("reading the collection {}", self.target.collection);
                return Err(StopReason::Api(doing, error).into());
            }
            Err(error) => return Err(error),
        };
        if before.is_some_and(|census| page.documents < census.documents) {
            let why = "the server truncated the result";
            return Err(ReadError::Unknown(ApiError::new(
                ApiErrorKind::TooLarge,
                why,
            )));
        }
        self.commit_page(progress, &page, None, page.last.clone(), true)
    }

    fn read_by_offset(
        &mut self,
        progress: &mut CollectionProgress,
        before: Option<&Census>,
    ) -> Result<(), ReadError> {
        for _ in 0..MAX_ATTEMPTS {
            self.restart(progress)?;
            match self.read_by_offset_once(progress, before) {
                Err(ReadError::Moved) => {}
                other => return other,
            }
        }
        Err(ReadError::Moved)
    }

    fn read_by_offset_once(
        &mut self,
        progress: &mut CollectionProgress,
        before: Option<&Census>,
    ) -> Result<(), ReadError> {
        progress.order = PageOrder::SeenIds(Box::<SeenIds>::default());
        let mut size = AdaptivePageSize::new(None, progress.store.target_page_bytes());
        loop {
            let done = progress.documents();
            let overlap = u64::from(done > 0);
            let (target, legacy) = (self.target.clone(), self.legacy);
            let page = self.read_page(progress, &mut size, overlap > 0, &|limit, _| {
                let (limit, offset) = (limit + overlap, done - overlap);
                if legacy {
                    Request::Find(legacy::find(&target, limit, offset))
                } else {
                    Request::Dql(target.offset(limit, offset))
                }
            })?;
            if page.overlap_missing {
                return Err(ReadError::Moved);
            }
            let all = before.is_some_and(|census| done + page.documents >= census.documents);
            let end = page.documents == 0 || (page.documents < page.requested && all);
            if page.documents == page.requested {
                size.on_full_page(page.response.bytes, page.timing);
            }
            let last = page.last.clone().or_else(|| progress.last.clone());
            self.commit_page(progress, &page, None, last, end)?;
            if end {
                return Ok(());
            }
        }
    }

    /// Reads one page, with retries.
    fn read_page(
        &mut self,
        progress: &mut CollectionProgress,
        size: &mut AdaptivePageSize,
        overlap: bool,
        page_request: &dyn Fn(u64, Option<&str>) -> Request,
    ) -> Result<ReadPage, ReadError> {
        let doing = format!("reading the collection {}", self.target.collection);
        let mut attempts = self.client.attempts();
        loop {
            let last = progress.last.as_deref().map(String::from_utf8_lossy);
            let requested = size.current();
            let request = page_request(requested, last.as_deref());
            let counter = &self.client.status().documents;
            let mut rows = PageRows::new(
                &mut *progress.store,
                (&mut progress.order, &mut progress.marks),
                counter,
                progress.last.clone(),
                overlap,
            );
            let started = Instant::now();
            let result = match &request {
                Request::Dql(_) => self.client.attempt(&request, &attempts, &mut rows),
                Request::Find(_) => self.client.attempt(
                    &request,
                    &attempts,
                    &mut DocumentUnwrapper::new(&mut rows as &mut dyn RowSink),
                ),
            };
            let error = match result {
                Ok(response) => {
                    self.client.status().warn(&doing, &response.warnings);
                    let took = started.elapsed();
                    let wait = rows.first.map_or(took, |first| first - started);
                    return Ok(ReadPage {
                        requested,
                        timing: PageTiming { wait, took },
                        documents: rows.documents,
                        overlap_missing: rows.overlap,
                        last: rows.last.take().filter(|_| rows.documents > 0),
                        by_type: rows.by_type,
                        response,
                    });
                }
                Err(error) => error,
            };
            let fault = rows.fault.take();
            rows.discard().map_err(|error| self.disk_error(error))?;
            self.handle_error(&doing, error, fault, size, overlap, &mut attempts)?;
        }
    }

    /// Decides whether a page is requested again, and at which size.
    fn handle_error(
        &self,
        doing: &str,
        error: ApiError,
        fault: Option<String>,
        size: &mut AdaptivePageSize,
        overlap: bool,
        attempts: &mut self::retrying_client::Attempts,
    ) -> Result<(), ReadError> {
        match (fault, error.kind) {
            (Some(_), _) if overlap => Err(ReadError::Moved),
            (Some(why), _) => Err(ReadError::Fault(why)),
            (None, ApiErrorKind::Sink(error)) => Err(self.disk_error(error).into()),
            (None, kind) => {
                let error = ApiError { kind, ..error };
                if error.is_unknown_to_server() {
                    return Err(ReadError::Unknown(error));
                }
                if matches!(error.kind, ApiErrorKind::Forbidden) {
                    return Err(ReadError::Fault(error.to_string()));
                }
                let smaller = error.suggests_smaller_page() && size.on_too_large();
                if matches!(error.kind, ApiErrorKind::TooLarge) {
                    return if smaller {
                        Ok(())
                    } else {
                        Err(ReadError::Fault(error.to_string()))
                    };
                }
                Ok(self.client.recover(doing, &self.probe(), error, attempts)?)
            }
        }
    }

    fn commit_page(
        &mut self,
        progress: &mut CollectionProgress,
        page: &ReadPage,
        kind: Option<IdType>,
        last: Option<Vec<u8>>,
        end: bool,
    ) -> Result<(), ReadError> {
        let page = PageResult {
            kind,
            by_type: page.by_type,
            last,
            transaction_id: page.response.transaction_id,
            warnings: page.response.warnings.clone(),
            end,
        };
        let committed = progress.commit_page(&page);
        Ok(committed.map_err(|error| self.disk_error(error))?)
    }

    pub(super) fn disk_error(&self, error: io::Error) -> StopReason {
        StopReason::Disk(
            format!("writing the collection {}", self.target.collection),
            error,
        )
    }
}

/// A sentence for each warning of the server on a page or a count: what it warns about may be missing.
fn warnings(
    progress: &CollectionProgress,
    before: Option<&Census>,
    after: Option<&Census>,
) -> Vec<String> {
    let counts = before.into_iter().chain(after);
    let mut on_counts: Vec<&String> = counts.flat_map(|census| &census.warnings).collect();
    on_counts.sort();
    on_counts.dedup();
    let pages = progress.warnings.iter();
    let pages = pages.map(|text| format!("the server warned about a page of documents: {text}"));
    let counts = on_counts
        .into_iter()
        .map(|text| format!("the server warned about its count: {text}"));
    pages.chain(counts).collect()
}
