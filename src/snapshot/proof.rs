//! Completeness proof: reconciles the counts before and after a read with the inserts and removes of the stream in
//! between. Pure.

use std::collections::{BTreeMap, HashMap};

use super::dedup::CollectionIndex;
use super::document_id::{DocumentId, IdType};
use super::manifest::{Census, Collection};

/// Memory for all recorded changes. Beyond it the stream proves nothing more.
const MAX_LEDGER_BYTES: usize = 24 << 20;
/// Memory of a recorded change besides its id.
const BYTES_PER_CHANGE: usize = 112;
/// The manifest's name of a proof that needs no stream.
const EQUAL_COUNTS: &str = "equal counts";

/// The result for one collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Complete, and how that is known.
    Proven(String),
    /// Not proven; a sentence for each count that is not explained.
    Open(Vec<String>),
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
    room: usize,
    /// The highest transaction that the stream has shown.
    newest: Option<u64>,
    /// Why the stream explains nothing at all.
    flaw: Option<String>,
}

/// The changes of one collection between its lowest and highest transaction.
#[derive(Debug)]
struct CollectionChanges {
    span: TxnRange,
    places: CollectionIndex,
    /// Whether the document was there before, by document and transaction; it is the other way round after it.
    changes: BTreeMap<(DocumentId, u64), bool>,
    flaw: Option<String>,
}

/// The transactions of a collection's answers.
#[derive(Debug, Clone, Copy)]
struct TxnRange {
    low: u64,
    high: u64,
    before: u64,
    after: u64,
    /// The transactions between which no range's own transaction is known: a change between them may be on either
    /// side.
    ambiguous: Option<(u64, u64)>,
}

/// The numbers of one type of id, or of all.
struct TypeCounts {
    what: String,
    kind: Option<IdType>,
    before: u64,
    written: u64,
    after: u64,
}

impl ChangeLedger {
    /// For collections that were counted before and after the walk.
    #[must_use]
    pub fn new(collections: &[Collection]) -> ChangeLedger {
        let window = |one: &Collection| Some((one.name.clone(), CollectionChanges::new(one)?));
        ChangeLedger {
            windows: collections.iter().filter_map(window).collect(),
            room: MAX_LEDGER_BYTES,
            newest: None,
            flaw: None,
        }
    }

    /// Whether the stream can prove anything: not without transactions in the responses.
    #[must_use]
    pub fn needs_events(&self) -> bool {
        self.windows
            .values()
            .any(|window| window.span.low < window.span.high)
    }

    /// The stream has come to this transaction.
    pub fn note_txn(&mut self, txn_id: u64) {
        self.newest = self.newest.max(Some(txn_id));
    }

    /// The stream has a gap that reaches up to a transaction. One before all answers hides nothing that matters.
    pub fn note_gap(&mut self, txn_id: Option<u64>) {
        let lowest = self.windows.values().map(|window| window.span.low).min();
        if txn_id.is_none() || txn_id > lowest {
            let at = txn_id.map_or_else(String::new, |txn_id| format!(", txnID {txn_id}"));
            self.note_failure(format!("it has a gap itself (requeryRequired{at})"));
        }
    }

    /// The stream as a whole explains nothing, and why.
    pub fn note_failure(&mut self, why: String) {
        self.flaw.get_or_insert(why);
    }

    /// Notes an event without the data that the proof needs.
    pub fn note_unclear(&mut self, collection: &str, txn_id: Option<u64>, why: &str) {
        if let Some(window) = self.windows.get_mut(collection)
            && txn_id.is_none_or(|txn_id| window.span.covers(txn_id))
        {
            window.flaw.get_or_insert(why.to_owned());
        }
    }

    /// Notes a change of a document. The same event may come several times.
    pub fn note_change(&mut self, note_change: &Change<'_>) {
        let Some(window) = self.windows.get_mut(note_change.collection) else {
            return;
        };
        if note_change.was == note_change.is
            || !window.span.covers(note_change.txn_id)
            || window.flaw.is_some()
        {
            return;
        }
        let Some(key) = DocumentId::parse(note_change.id) else {
            let why = "an event in it has an id that Ditto takes for none";
            return self.note_unclear(note_change.collection, Some(note_change.txn_id), why);
        };
        let size = note_change.id.len() + BYTES_PER_CHANGE;
        match window
            .changes
            .insert((key, note_change.txn_id), note_change.was)
        {
            None if self.room < size => {
                window.changes.clear();
                window.flaw = Some(format!(
                    "it shows more insertions and removals than can be remembered in {} MB",
                    MAX_LEDGER_BYTES >> 20
                ));
            }
            None => self.room -= size,
            Some(was) if was != note_change.was => {
                window.flaw = Some(format!(
                    "it shows one document both inserted and removed in transaction {}",
                    note_change.txn_id
                ));
            }
            Some(_) => {}
        }
    }

    /// Whether later events may still explain this collection's counts.
    #[must_use]
    pub fn needs_more_events(&self, collection: &Collection) -> bool {
        let Some(window) = self.windows.get(&collection.name) else {
            return false;
        };
        if self.flaw.is_some() || window.flaw.is_some() || window.span.low == window.span.high {
            return false;
        }
        match self.verdict(collection) {
            Verdict::Open(_) => true,
            Verdict::Proven(_) => {
                !window.changes.is_empty() && self.newest < Some(window.span.after)
            }
        }
    }

    /// Whether a collection is complete, and how that is known.
    #[must_use]
    pub fn verdict(&self, collection: &Collection) -> Verdict {
        let all = counts(collection);
        let window = self.windows.get(&collection.name);
        let shown = window.map_or(0, |window| window.changes.len());
        let equal = |one: &TypeCounts| one.before == one.written && one.written == one.after;
        let doubt = window
            .is_some_and(|window| window.flaw.is_some() || window.check_outside_counts().is_err());
        if shown == 0 && !doubt && all.iter().all(equal) {
            return Verdict::Proven(EQUAL_COUNTS.to_owned());
        }
        let explained = window
            .ok_or_else(|| "the server does not say at which transaction it answered".to_owned())
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
                        "the counts are equal, which proves nothing here (insertions and removals in the stream meanwhile: {shown})"
                    ));
                }
                open.push(format!("the stream does not explain that: {why}"));
                Verdict::Open(open)
            }
        }
    }

    fn explain(&self, window: &CollectionChanges, all: &[TypeCounts]) -> Result<(), String> {
        if let Some(flaw) = self.flaw.as_ref().or(window.flaw.as_ref()) {
            return Err(flaw.clone());
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
        let said: Option<Vec<u64>> = places.iter().map(|place| place.transaction_id).collect();
        let before = collection.census_before.as_ref()?.transaction_id?;
        let after = collection.census_after.as_ref()?.transaction_id?;
        let (first, last) = (
            collection.lowest_transaction_id,
            collection.highest_transaction_id,
        );
        let answers = said?.into_iter().chain([before, after]);
        let answers: Vec<u64> = answers.chain(first).chain(last).collect();
        let by_key = places.iter().any(|place| place.kind.is_some());
        Some(CollectionChanges {
            span: TxnRange {
                low: answers.iter().copied().min()?,
                high: answers.iter().copied().max()?,
                before,
                after,
                ambiguous: first.zip(last).filter(|_| !by_key),
            },
            places: CollectionIndex::new(collection),
            changes: BTreeMap::new(),
            flaw: None,
        })
    }

    /// The documents read must equal the count before plus the changes until they were read.
    fn check_counts(&self, counts: &TypeCounts) -> Result<(), String> {
        let (mut read, mut after) = (i128::from(counts.before), i128::from(counts.before));
        let of_kind = |key: &DocumentId| counts.kind.is_none_or(|kind| kind == key.id_type());
        for ((key, txn_id), was) in self.changes.iter().filter(|((key, _), _)| of_kind(key)) {
            let Some(read_at) = self.places.read_at(key) else {
                return Err("it is not known at which transaction each place was read".to_owned());
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
            "by its {} insertions and removals {read} {} should have been read, and {after} counted after",
            self.changes.len(),
            counts.what
        ))
    }

    /// A change before the first count or after the second one affects the documents read, but no count would reveal
    /// that its event is missing.
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
            "answers in between are of the transactions {low} to {high}, the counts of {before} and {after}: the servers behind the address are not in step"
        ))
    }

    /// A document that appears was not there before: else an event is missing.
    fn check_consistency(&self) -> Result<(), String> {
        let mut last: Option<(&DocumentId, bool)> = None;
        for ((key, txn_id), was) in &self.changes {
            if last.is_some_and(|(other, before)| other == key && before == *was) {
                return Err("an event between two that it shows is missing".to_owned());
            }
            let ambiguous = |(low, high)| low < *txn_id && *txn_id <= high;
            if self.span.ambiguous.is_some_and(ambiguous) {
                return Err(
                    "documents came and went between pages, and by offset nobody can tell which page saw it"
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

/// The counts by type of id, or in total if the server cannot tell types.
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
