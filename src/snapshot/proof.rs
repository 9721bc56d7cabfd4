//! Completeness proof: reconciles the counts before and after a read with the inserts and removes in between.

use std::collections::{BTreeMap, HashMap};

use super::dedup::CollectionIndex;
use super::document_id::{DocumentId, IdType};
use super::manifest::{Census, Collection};

/// Memory for all recorded changes. A collection that exceeds it cannot be proven by the stream.
const MAX_LEDGER_BYTES: usize = 24 << 20;
/// Memory of a recorded change besides its id.
const BYTES_PER_CHANGE: usize = 112;
/// The proof, in the manifest, if the counts are equal and the stream has no changes.
const EQUAL_COUNTS: &str = "equal counts";

/// The result for one collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Complete, and the proof as text.
    Proven(String),
    /// Not proven; a sentence for each unexplained count.
    Unproven(Vec<String>),
}

/// An insert or remove of a document, from the stream.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The collection's name.
    pub collection: &'a str,
    /// The raw id.
    pub id: &'a [u8],
    /// The transaction.
    pub txn_id: u64,
    /// Whether the document was counted before the change.
    pub was: bool,
    /// Whether it is counted after it.
    pub is: bool,
}

/// The changes of the collections that were read.
#[derive(Debug, Default)]
pub struct ChangeLedger {
    windows: HashMap<String, CollectionChanges>,
    free_bytes: usize,
    /// The highest transaction of the stream so far.
    newest: Option<u64>,
    /// Why the stream cannot prove anything.
    failure: Option<String>,
}

/// The changes of one collection between its lowest and highest transaction.
#[derive(Debug)]
struct CollectionChanges {
    span: TxnRange,
    places: CollectionIndex,
    /// Whether the document was counted before the change, by document and transaction; after it, the opposite holds.
    changes: BTreeMap<(DocumentId, u64), bool>,
    failure: Option<String>,
}

/// The transactions of a collection's responses.
#[derive(Debug, Clone, Copy)]
struct TxnRange {
    low: u64,
    high: u64,
    before: u64,
    after: u64,
    /// Pages by offset have no ranges of ids: it is unknown which page includes a change between these transactions.
    ambiguous: Option<(u64, u64)>,
}

/// The counts of one type of id, or of all.
struct TypeCounts {
    what: String,
    kind: Option<IdType>,
    before: u64,
    written: u64,
    after: u64,
}

impl ChangeLedger {
    /// A ledger for collections that were counted before and after the read.
    #[must_use]
    pub fn new(collections: &[Collection]) -> ChangeLedger {
        let window = |one: &Collection| Some((one.name.clone(), CollectionChanges::new(one)?));
        ChangeLedger {
            windows: collections.iter().filter_map(window).collect(),
            free_bytes: MAX_LEDGER_BYTES,
            newest: None,
            failure: None,
        }
    }

    /// Whether events can be between the counts; `false` if the responses have no transactions.
    #[must_use]
    pub fn needs_events(&self) -> bool {
        self.windows
            .values()
            .any(|window| window.span.low < window.span.high)
    }

    /// Notes that the stream has reached this transaction.
    pub fn note_txn(&mut self, txn_id: u64) {
        self.newest = self.newest.max(Some(txn_id));
    }

    /// Notes a gap up to a transaction. A gap before all responses is irrelevant.
    pub fn note_gap(&mut self, txn_id: Option<u64>) {
        let lowest = self.windows.values().map(|window| window.span.low).min();
        if txn_id.is_none() || txn_id > lowest {
            let at = txn_id.map_or_else(String::new, |txn_id| format!(", txnID {txn_id}"));
            self.note_failure(format!("it has a gap itself (requeryRequired{at})"));
        }
    }

    /// Notes why the whole stream cannot prove anything.
    pub fn note_failure(&mut self, why: String) {
        self.failure.get_or_insert(why);
    }

    /// Notes an event without the data that the proof needs.
    pub fn note_unclear(&mut self, collection: &str, txn_id: Option<u64>, why: &str) {
        if let Some(window) = self.windows.get_mut(collection)
            && txn_id.is_none_or(|txn_id| window.span.covers(txn_id))
        {
            window.failure.get_or_insert(why.to_owned());
        }
    }

    /// Notes a change of a document. The same event may be delivered several times.
    pub fn note_change(&mut self, change: &Change<'_>) {
        let Some(window) = self.windows.get_mut(change.collection) else {
            return;
        };
        if change.was == change.is || !window.span.covers(change.txn_id) || window.failure.is_some()
        {
            return;
        }
        let Some(key) = DocumentId::parse(change.id) else {
            let why = "an event in it has an id that is not valid in Ditto";
            return self.note_unclear(change.collection, Some(change.txn_id), why);
        };
        let size = change.id.len() + BYTES_PER_CHANGE;
        match window.changes.insert((key, change.txn_id), change.was) {
            None if self.free_bytes < size => {
                window.changes.clear();
                window.failure = Some(format!(
                    "it contains more insertions and removals than fit into {} MB",
                    MAX_LEDGER_BYTES >> 20
                ));
            }
            None => self.free_bytes -= size,
            Some(was) if was != change.was => {
                window.failure = Some(format!(
                    "it contains one document both inserted and removed in transaction {}",
                    change.txn_id
                ));
            }
            Some(_) => {}
        }
    }

    /// Whether later events may still change the verdict on this collection.
    #[must_use]
    pub fn needs_more_events(&self, collection: &Collection) -> bool {
        let Some(window) = self.windows.get(&collection.name) else {
            return false;
        };
        if self.failure.is_some() || window.failure.is_some() || window.span.low == window.span.high
        {
            return false;
        }
        match self.verdict(collection) {
            Verdict::Unproven(_) => true,
            Verdict::Proven(_) => {
                !window.changes.is_empty() && self.newest < Some(window.span.after)
            }
        }
    }

    /// Whether a collection is proven to be complete.
    #[must_use]
    pub fn verdict(&self, collection: &Collection) -> Verdict {
        let all = counts(collection);
        let window = self.windows.get(&collection.name);
        let shown = window.map_or(0, |window| window.changes.len());
        let equal = |one: &TypeCounts| one.before == one.written && one.written == one.after;
        let doubt = window.is_some_and(|window| {
            window.failure.is_some() || window.check_outside_counts().is_err()
        });
        if shown == 0 && !doubt && all.iter().all(equal) {
            return Verdict::Proven(EQUAL_COUNTS.to_owned());
        }
        let explained = window
            .ok_or_else(|| "the server's responses have no transaction id".to_owned())
            .and_then(|window| self.explain(window, &all));
        match explained {
            Ok(()) => {
                let events = if shown == 1 { "event" } else { "events" };
                Verdict::Proven(format!("the stream's {shown} {events} between the counts"))
            }
            Err(why) => {
                let open = all.iter().filter(|one| !equal(one));
                let mut open: Vec<String> = open.map(TypeCounts::sentence).collect();
                if open.is_empty() {
                    open.push(format!(
                        "the counts are equal, but that proves nothing, because documents changed in between (insertions and removals in the stream: {shown})"
                    ));
                }
                open.push(format!("the stream does not explain this: {why}"));
                Verdict::Unproven(open)
            }
        }
    }

    fn explain(&self, window: &CollectionChanges, all: &[TypeCounts]) -> Result<(), String> {
        if let Some(failure) = self.failure.as_ref().or(window.failure.as_ref()) {
            return Err(failure.clone());
        }
        window.check_outside_counts()?;
        window.check_consistency()?;
        all.iter().try_for_each(|one| window.check_counts(one))
    }
}

impl CollectionChanges {
    /// `None` if a response had no transaction.
    fn new(collection: &Collection) -> Option<CollectionChanges> {
        let places = &collection.places;
        let txns: Option<Vec<u64>> = places.iter().map(|place| place.transaction_id).collect();
        let before = collection.census_before.as_ref()?.transaction_id?;
        let after = collection.census_after.as_ref()?.transaction_id?;
        let (first, last) = (
            collection.lowest_transaction_id,
            collection.highest_transaction_id,
        );
        let responses = txns?.into_iter().chain([before, after]);
        let responses: Vec<u64> = responses.chain(first).chain(last).collect();
        let by_key = places.iter().any(|place| place.kind.is_some());
        Some(CollectionChanges {
            span: TxnRange {
                low: responses.iter().copied().min()?,
                high: responses.iter().copied().max()?,
                before,
                after,
                ambiguous: first.zip(last).filter(|_| !by_key),
            },
            places: CollectionIndex::new(collection),
            changes: BTreeMap::new(),
            failure: None,
        })
    }

    /// Checks that the documents read are the count before plus the changes until they were read, and likewise the
    /// count after.
    fn check_counts(&self, counts: &TypeCounts) -> Result<(), String> {
        let (mut read, mut after) = (i128::from(counts.before), i128::from(counts.before));
        let of_kind = |key: &DocumentId| counts.kind.is_none_or(|kind| kind == key.id_type());
        for ((key, txn_id), was) in self.changes.iter().filter(|((key, _), _)| of_kind(key)) {
            let Some(read_at) = self.places.read_at(key) else {
                return Err("it is unknown at which transaction each document was read".to_owned());
            };
            let net = if *was { -1 } else { 1 };
            let between =
                |at: u64| i128::from(*txn_id <= at) - i128::from(*txn_id <= self.span.before);
            read += net * between(read_at);
            after += net * between(self.span.after);
        }
        if (read, after) == (i128::from(counts.written), i128::from(counts.after)) {
            return Ok(());
        }
        Err(format!(
            "by its {} insertions and removals, {read} {} should have been read, and {after} counted afterwards",
            self.changes.len(),
            counts.what
        ))
    }

    /// Checks that all pages are between the counts: a change outside them affects the documents read, but no count
    /// reveals that its event is missing.
    fn check_outside_counts(&self) -> Result<(), String> {
        let TxnRange {
            low,
            high,
            before,
            after,
            ..
        } = self.span;
        if (low, high) == (before, after) {
            return Ok(());
        }
        Err(format!(
            "the pages are of transactions {low} to {high}, but the counts are of {before} and {after}: the servers at this address are not at the same transaction"
        ))
    }

    /// Checks that inserts and removes of each document alternate; otherwise an event is missing.
    fn check_consistency(&self) -> Result<(), String> {
        let mut last: Option<(&DocumentId, bool)> = None;
        for ((key, txn_id), was) in &self.changes {
            if last.is_some_and(|(other, before)| other == key && before == *was) {
                return Err("an event between two others is missing".to_owned());
            }
            let ambiguous = |(low, high)| low < *txn_id && *txn_id <= high;
            if self.span.ambiguous.is_some_and(ambiguous) {
                return Err(
                    "documents were inserted or removed between pages, and with offsets it is unknown which page includes the change"
                        .to_owned(),
                );
            }
            last = Some((key, *was));
        }
        Ok(())
    }
}

impl TxnRange {
    fn covers(self, txn_id: u64) -> bool {
        self.low < txn_id && txn_id <= self.high
    }
}

impl TypeCounts {
    fn sentence(&self) -> String {
        let (before, after, what) = (self.before, self.after, &self.what);
        let counted = if before == after {
            format!("counted {before} {what}")
        } else {
            format!("counted {before} {what} before and {after} after")
        };
        format!("the server {counted}, and {} were read", self.written)
    }
}

/// The counts by type of id, or in total if the server cannot group by type.
fn counts(collection: &Collection) -> Vec<TypeCounts> {
    let none = Census::default();
    let before = collection.census_before.as_ref().unwrap_or(&none);
    let after = collection.census_after.as_ref().unwrap_or(&none);
    let untyped = |census: &Census| census.by_type.is_empty() && census.documents > 0;
    if untyped(before) || untyped(after) {
        return vec![TypeCounts {
            what: "documents".to_owned(),
            kind: None,
            before: before.documents,
            written: collection.documents,
            after: after.documents,
        }];
    }
    let of = |numbers: &BTreeMap<String, u64>, kind: IdType| {
        numbers.get(kind.name()).copied().unwrap_or(0)
    };
    let counts = IdType::ALL.into_iter().map(|kind| TypeCounts {
        what: format!("documents with ids of type {}", kind.name()),
        kind: Some(kind),
        before: of(&before.by_type, kind),
        written: of(&collection.by_type, kind),
        after: of(&after.by_type, kind),
    });
    counts.collect()
}

#[cfg(test)]
#[path = "tests/histories.rs"]
mod histories;
#[cfg(test)]
#[path = "tests/proof.rs"]
mod tests;
