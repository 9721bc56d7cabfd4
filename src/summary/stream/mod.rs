//! Statistics of a stream: exact counts, and distinct documents and transactions in bounded memory.

mod activity;
mod facts;
mod partitions;
mod paths;
mod rates;
mod recent;
#[cfg(test)]
mod tests;
mod top;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

pub use self::activity::{Activity, OpCounts};
pub use self::facts::{BatchFacts, EventFacts};
pub use self::partitions::{PartitionLog, PartitionStats, Partitions, skew};
pub use self::paths::PathCounts;
pub use self::rates::Rates;
pub use self::recent::RecentKeys;
pub use self::top::{Top, TopDocument};
use super::distinct::MAX_EXACT;
use super::sample::Sample;

/// The statistics of the events of a stream.
#[derive(Debug)]
pub struct StreamStats {
    /// Number of events, without gaps.
    pub events: u64,
    /// Bytes of the events' payloads.
    pub bytes: u64,
    /// Number of `requeryRequired` events.
    pub gaps: u64,
    /// Events of the same transaction, collection and document as an earlier one.
    pub duplicates: u64,
    /// The earliest and the latest time of an event, in milliseconds since 1970.
    pub times: Option<(i64, i64)>,
    /// The changes over time.
    pub activity: Activity,
    /// The rates of the last minutes.
    pub rates: Rates,
    /// The documents with the most events.
    pub busiest: Top,
    /// The documents with the most bytes.
    pub largest: Top,
    /// The collections, in the order of their first event.
    pub collections: Vec<CollectionStats>,
    /// The paths that updates change, by index of the collection.
    pub paths: PathCounts,
    /// Events without a collection.
    pub without_collection: u64,
    transactions: Sample<()>,
    last_txn: Option<u64>,
    changes: RecentKeys,
    /// Entries in the samples of all collections.
    sampled_documents: usize,
    max_exact: usize,
}

/// The statistics of one collection.
#[derive(Debug)]
pub struct CollectionStats {
    /// Its name.
    pub name: Arc<str>,
    /// The number of events by operation.
    pub ops: OpCounts,
    /// Bytes of the events' payloads.
    pub bytes: u64,
    /// Bytes of the largest document.
    pub largest: u64,
    /// The earliest and the latest time of an event, in milliseconds since 1970.
    pub times: Option<(i64, i64)>,
    /// The number of events of each document.
    documents: Sample<u32>,
}

impl CollectionStats {
    /// The number of distinct documents.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.documents.count()
    }

    /// Whether that number is exact.
    #[must_use]
    pub fn documents_exact(&self) -> bool {
        self.documents.is_exact()
    }
}

impl StreamStats {
    /// No events yet; lists have up to `top` entries.
    #[must_use]
    pub fn new(top: usize) -> StreamStats {
        StreamStats::with_max_exact(top, MAX_EXACT)
    }

    fn with_max_exact(top: usize, max_exact: usize) -> StreamStats {
        StreamStats {
            events: 0,
            bytes: 0,
            gaps: 0,
            duplicates: 0,
            times: None,
            activity: Activity::default(),
            rates: Rates::default(),
            busiest: Top::new(top),
            largest: Top::new(top),
            collections: Vec::new(),
            paths: PathCounts::default(),
            without_collection: 0,
            transactions: Sample::default(),
            last_txn: None,
            changes: RecentKeys::new(max_exact),
            sampled_documents: 0,
            max_exact,
        }
    }

    /// Counts the events of a batch. The result is the same however a stream is divided into batches.
    pub fn add(&mut self, batch: &BatchFacts) {
        let indices: Vec<usize> = batch.names().iter().map(|name| self.index(name)).collect();
        for event in &batch.events {
            let collection = event.collection.and_then(|at| indices.get(at).copied());
            self.count(event, collection, batch.id(event));
        }
        self.gaps += batch.gaps;
        self.paths
            .merge(&batch.paths, |at| indices.get(at).copied().unwrap_or(0));
    }

    /// The number of distinct transactions.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.transactions.count()
    }

    /// Whether that number is exact.
    #[must_use]
    pub fn transactions_exact(&self) -> bool {
        self.transactions.is_exact()
    }

    /// Whether every duplicate was found, and not only those close to the first event.
    #[must_use]
    pub fn duplicates_exact(&self) -> bool {
        self.changes.is_exact()
    }

    /// Whether the number of documents of every collection is exact, and with it the list of the busiest.
    #[must_use]
    pub fn documents_exact(&self) -> bool {
        self.collections
            .iter()
            .all(CollectionStats::documents_exact)
    }

    fn count(&mut self, event: &EventFacts, collection: Option<usize>, id: &[u8]) {
        self.events += 1;
        self.bytes += event.bytes;
        if let Some(millis) = event.millis {
            extend(&mut self.times, millis);
            self.activity.count(millis, event.op);
            self.rates.count(millis.div_euclid(1000));
        }
        if let Some(txn) = event.txn {
            self.count_transaction(txn);
        }
        if let (Some(txn), Some(document)) = (event.txn, event.document) {
            let is_repeated = self.changes.is_repeated(hash((txn, document)));
            self.duplicates += u64::from(is_repeated);
        }
        let Some(at) = collection else {
            self.without_collection += 1;
            return;
        };
        let Some(stats) = self.collections.get_mut(at) else {
            return;
        };
        stats.ops.count(event.op);
        stats.bytes += event.bytes;
        stats.largest = stats.largest.max(event.document_bytes);
        if let Some(millis) = event.millis {
            extend(&mut stats.times, millis);
        }
        if let Some(document) = event.document {
            self.count_document(at, document, event.document_bytes, id);
        }
    }

    fn count_transaction(&mut self, txn: u64) {
        // The events of a transaction mostly follow each other.
        if self.last_txn.replace(txn) == Some(txn) {
            return;
        }
        self.transactions.add(hash(txn));
        while self.transactions.len() > self.max_exact {
            self.transactions.halve();
        }
    }

    fn count_document(&mut self, at: usize, document: u64, bytes: u64, id: &[u8]) {
        let Some(stats) = self.collections.get_mut(at) else {
            return;
        };
        self.largest.offer(document, bytes, &stats.name, id);
        let events = match stats.documents.add(document) {
            Some((events, is_new)) => {
                *events = events.saturating_add(1);
                self.sampled_documents += usize::from(is_new);
                Some(u64::from(*events))
            }
            // It is not in the sample, but may have been in it before.
            None => self.busiest.value_of(document).map(|events| events + 1),
        };
        if let Some(events) = events {
            self.busiest.offer(document, events, &stats.name, id);
        }
        while self.sampled_documents > self.max_exact {
            self.halve_largest_sample();
        }
    }

    fn halve_largest_sample(&mut self) {
        let samples = self
            .collections
            .iter_mut()
            .map(|stats| &mut stats.documents);
        if let Some(largest) = samples.max_by_key(|sample| sample.len()) {
            let before = largest.len();
            largest.halve();
            self.sampled_documents -= before - largest.len();
        }
    }

    /// The index of a collection, which is added if it is new.
    fn index(&mut self, name: &str) -> usize {
        let known = self.collections.iter().position(|one| &*one.name == name);
        known.unwrap_or_else(|| {
            self.collections.push(CollectionStats {
                name: name.into(),
                ops: OpCounts::default(),
                bytes: 0,
                largest: 0,
                times: None,
                documents: Sample::default(),
            });
            self.collections.len() - 1
        })
    }
}

fn extend(times: &mut Option<(i64, i64)>, millis: i64) {
    let (first, last) = times.unwrap_or((millis, millis));
    *times = Some((first.min(millis), last.max(millis)));
}

fn hash(key: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
