//! Completeness proof: reconciles the counts before and after a read with the inserts and removes in between.

use std::collections::{BTreeMap, HashMap};

use super::dedup::CollectionIndex;
use super::document_id::{DocumentId, IdType};
use super::manifest::{Census, Collection};

/// Memory for all recorded changes. A collection that exceeds it cannot be proven by the stream.
const MAX_LEDGER_BYTES: usize = 24 << 20;
/// Memory of a recorded change besides its id.
const BYTES_PER_CHANGE: usize = 112;
/// The proof, in the manifest, if no transaction passed between the first response and the last.
const ONE_TRANSACTION: &str = "equal counts at one transaction";
/// The proof if transactions passed, and the stream shows that none of them inserted or removed a document.
const NOTHING_IN_STREAM: &str =
    "equal counts, and the stream has no insertion or removal between them";
/// The word for equal counts without a proof: they may hide an insertion, a removal and a lost document.
pub const NOT_CHECKED: &str = "equal counts, not checked against the stream";

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
    /// The stream was read to its end, after the wait for late events.
    settled: bool,
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
            settled: false,
            failure: None,
        }
    }

    /// Whether events can be between the counts; `false` if the responses have no transactions, or all the same one.
    #[must_use]
    pub fn needs_events(&self) -> bool {
        self.windows
            .values()
            .any(|window| !window.span.is_one_transaction())
    }

    /// Notes that the stream has reached this transaction.
    pub fn note_txn(&mut self, txn_id: u64) {
        self.newest = self.newest.max(Some(txn_id));
    }

    /// Notes that the stream was read to its end, and that events which are later than that are not waited for.
    pub fn note_settled(&mut self) {
        self.settled = true;
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
        if window.places.has_binary() && key.may_be_binary() {
            let why = "an event in it has an id that is either bytes or the array or string that looks like them";
            return self.note_unclear(change.collection, Some(change.txn_id), why);
        }
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

    /// Whether events that are still to come may change a verdict.
    #[must_use]
    pub fn awaits_events(&self) -> bool {
        let open = |window: &CollectionChanges| {
            window.failure.is_none() && !window.span.is_one_transaction()
        };
        self.failure.is_none() && self.windows.values().any(open)
    }

    /// Whether the stream has reached the last response of every collection: then all earlier events have been
    /// delivered, except late ones.
    #[must_use]
    pub fn has_reached_responses(&self) -> bool {
        self.windows.values().all(|window| self.has_reached(window))
    }

    fn has_reached(&self, window: &CollectionChanges) -> bool {
        window.span.is_one_transaction() || self.newest >= Some(window.span.high)
    }

    /// Whether a collection is proven to be complete. Equal counts alone are no proof: between them, an insertion and a
    /// removal may hide a lost document. They are one if no transaction passed, or if the stream, read without a flaw
    /// beyond the last response, accounts for them.
    #[must_use]
    pub fn verdict(&self, collection: &Collection) -> Verdict {
        let all = counts(collection);
        match self.prove(collection, &all) {
            Ok(proof) => Verdict::Proven(proof),
            Err(why) => Verdict::Unproven(self.sentences(collection, &all, &why)),
        }
    }

    /// Whether another read of an unproven collection may be better: not if the counts are equal, and responses without a
    /// transaction cannot prove more.
    #[must_use]
    pub fn may_improve(&self, collection: &Collection) -> bool {
        let equal = counts(collection).iter().all(TypeCounts::are_equal);
        !equal || self.windows.contains_key(&collection.name)
    }

    /// The proof, or the reason that there is none.
    fn prove(&self, collection: &Collection, all: &[TypeCounts]) -> Result<String, String> {
        let Some(window) = self.windows.get(&collection.name) else {
            return Err("the server's responses have no transaction id".to_owned());
        };
        if window.span.is_one_transaction() {
            return if all.iter().all(TypeCounts::are_equal) {
                Ok(ONE_TRANSACTION.to_owned())
            } else {
                Err("all responses are of one transaction".to_owned())
            };
        }
        self.explain(window, all)?;
        Ok(match window.changes.len() {
            0 => NOTHING_IN_STREAM.to_owned(),
            1 => "the stream's 1 event between the counts".to_owned(),
            shown => format!("the stream's {shown} events between the counts"),
        })
    }

    fn sentences(&self, collection: &Collection, all: &[TypeCounts], why: &str) -> Vec<String> {
        let open = all.iter().filter(|one| !one.are_equal());
        let mut open: Vec<String> = open.map(TypeCounts::sentence).collect();
        let window = self.windows.get(&collection.name);
        let shown = window.map_or(0, |window| window.changes.len());
        if !open.is_empty() {
            open.push(format!("the stream does not explain this: {why}"));
        } else if shown == 0 {
            open.push(format!("{NOT_CHECKED}: {why}"));
        } else {
            open.push(format!(
                "the counts are equal, but that proves nothing, because documents changed in between (insertions and removals in the stream: {shown})"
            ));
            open.push(format!("the stream does not explain this: {why}"));
        }
        open
    }

    fn explain(&self, window: &CollectionChanges, all: &[TypeCounts]) -> Result<(), String> {
        if let Some(failure) = self.failure.as_ref().or(window.failure.as_ref()) {
            return Err(failure.clone());
        }
        window.check_outside_counts()?;
        window.check_consistency()?;
        all.iter().try_for_each(|one| window.check_counts(one))?;
        if self.settled && self.has_reached(window) {
            return Ok(());
        }
        let newest = self.newest.map_or_else(
            || "no transaction".to_owned(),
            |newest| format!("transaction {newest}"),
        );
        Err(format!(
            "it was read up to {newest}, and the last response is of transaction {}",
            window.span.high
        ))
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
    fn is_one_transaction(self) -> bool {
        self.low == self.high
    }

    fn covers(self, txn_id: u64) -> bool {
        self.low < txn_id && txn_id <= self.high
    }
}

impl TypeCounts {
    fn are_equal(&self) -> bool {
        self.before == self.written && self.written == self.after
    }

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
