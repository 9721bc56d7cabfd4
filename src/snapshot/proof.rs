//! Whether what was written is all that there was: counts before and after, and what the stream shows between them.
//! Pure; the server is asked by the walk, the stream is read by whoever has it.

use std::collections::{BTreeMap, HashMap};

use super::dedup::Places;
use super::document_id::{Key, Type};
use super::manifest::{Census, Collection};

/// How many bytes all remembered changes may take together. Past that the stream explains nothing any more.
const ROOM: usize = 24 << 20;
/// What a remembered change takes beside its id.
const EACH: usize = 112;
/// What the manifest calls a proof that needs no stream.
const EQUAL: &str = "equal counts";

/// What became of a collection's proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every document is there, and how that is known.
    Proven(String),
    /// Nobody can tell, a sentence for each count that is not explained.
    Open(Vec<String>),
}

/// A document appeared or vanished, as the stream tells it.
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

/// What the stream shows of the collections that were walked.
#[derive(Debug, Default)]
pub struct Ledger {
    windows: HashMap<String, Window>,
    room: usize,
    /// The highest transaction that the stream has shown.
    newest: Option<u64>,
    /// Why the stream explains nothing at all.
    flaw: Option<String>,
}

/// What the stream shows of one collection between its lowest and its highest transaction.
#[derive(Debug)]
struct Window {
    span: Span,
    places: Places,
    /// Whether the document was there before, by document and transaction; it is the other way round after it.
    changes: BTreeMap<(Key, u64), bool>,
    flaw: Option<String>,
}

/// The transactions of a collection's answers.
#[derive(Debug, Clone, Copy)]
struct Span {
    low: u64,
    high: u64,
    before: u64,
    after: u64,
    /// Where each place's own transaction is not known: changes between these two belong to nobody knows which side.
    vague: Option<(u64, u64)>,
}

/// The numbers of one type of id, or of all.
struct Counts {
    what: String,
    kind: Option<Type>,
    before: u64,
    written: u64,
    after: u64,
}

impl Ledger {
    /// For collections that were counted before and after the walk.
    #[must_use]
    pub fn of(collections: &[Collection]) -> Ledger {
        let window = |one: &Collection| Some((one.name.clone(), Window::of(one)?));
        Ledger {
            windows: collections.iter().filter_map(window).collect(),
            room: ROOM,
            newest: None,
            flaw: None,
        }
    }

    /// Whether the stream has anything to tell: without transactions between the answers there is nothing.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.windows
            .values()
            .any(|window| window.span.low < window.span.high)
    }

    /// The stream has come to this transaction.
    pub fn reach(&mut self, txn_id: u64) {
        self.newest = self.newest.max(Some(txn_id));
    }

    /// The stream has a gap that reaches up to a transaction. One before all answers hides nothing that matters.
    pub fn gap(&mut self, txn_id: Option<u64>) {
        let lowest = self.windows.values().map(|window| window.span.low).min();
        if txn_id.is_none() || txn_id > lowest {
            let at = txn_id.map_or_else(String::new, |txn_id| format!(", txnID {txn_id}"));
            self.fail(format!("it has a gap itself (requeryRequired{at})"));
        }
    }

    /// The stream as a whole explains nothing, and why.
    pub fn fail(&mut self, why: String) {
        self.flaw.get_or_insert(why);
    }

    /// An event of a collection does not tell what it should.
    pub fn unclear(&mut self, collection: &str, txn_id: Option<u64>, why: &str) {
        if let Some(window) = self.windows.get_mut(collection)
            && txn_id.is_none_or(|txn_id| window.span.covers(txn_id))
        {
            window.flaw.get_or_insert(why.to_owned());
        }
    }

    /// Takes in what happened to a document. The same event may come several times.
    pub fn change(&mut self, change: &Change<'_>) {
        let Some(window) = self.windows.get_mut(change.collection) else {
            return;
        };
        if change.was == change.is || !window.span.covers(change.txn_id) || window.flaw.is_some() {
            return;
        }
        let Some(key) = Key::of(change.id) else {
            let why = "an event in it has an id that Ditto takes for none";
            return self.unclear(change.collection, Some(change.txn_id), why);
        };
        let size = change.id.len() + EACH;
        match window.changes.insert((key, change.txn_id), change.was) {
            None if self.room < size => {
                window.changes.clear();
                window.flaw = Some(format!(
                    "it shows more insertions and removals than can be remembered in {} MB",
                    ROOM >> 20
                ));
            }
            None => self.room -= size,
            Some(was) if was != change.was => {
                window.flaw = Some(format!(
                    "it shows one document both inserted and removed in transaction {}",
                    change.txn_id
                ));
            }
            Some(_) => {}
        }
    }

    /// Whether the stream may still bring what this collection needs.
    #[must_use]
    pub fn waits_for(&self, collection: &Collection) -> bool {
        let Some(window) = self.windows.get(&collection.name) else {
            return false;
        };
        if self.flaw.is_some() || window.flaw.is_some() || window.span.low == window.span.high {
            return false;
        }
        match self.judge(collection) {
            Verdict::Open(_) => true,
            Verdict::Proven(_) => {
                !window.changes.is_empty() && self.newest < Some(window.span.after)
            }
        }
    }

    /// Whether everything of a collection is there, and how that is known.
    #[must_use]
    pub fn judge(&self, collection: &Collection) -> Verdict {
        let all = counts(collection);
        let window = self.windows.get(&collection.name);
        let shown = window.map_or(0, |window| window.changes.len());
        let equal = |one: &Counts| one.before == one.written && one.written == one.after;
        let doubt =
            window.is_some_and(|window| window.flaw.is_some() || window.is_in_step().is_err());
        if shown == 0 && !doubt && all.iter().all(equal) {
            return Verdict::Proven(EQUAL.to_owned());
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
                let mut open: Vec<String> = open.map(Counts::sentence).collect();
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

    fn explain(&self, window: &Window, all: &[Counts]) -> Result<(), String> {
        if let Some(flaw) = self.flaw.as_ref().or(window.flaw.as_ref()) {
            return Err(flaw.clone());
        }
        window.is_in_step()?;
        window.is_consistent()?;
        all.iter().try_for_each(|one| window.balance(one))
    }
}

impl Window {
    /// `None` where an answer did not say its transaction.
    fn of(collection: &Collection) -> Option<Window> {
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
        Some(Window {
            span: Span {
                low: answers.iter().copied().min()?,
                high: answers.iter().copied().max()?,
                before,
                after,
                vague: first.zip(last).filter(|_| !by_key),
            },
            places: Places::of(collection),
            changes: BTreeMap::new(),
            flaw: None,
        })
    }

    /// What was counted and read must be the count before, and what the stream brought until then.
    fn balance(&self, counts: &Counts) -> Result<(), String> {
        let (mut read, mut after) = (i128::from(counts.before), i128::from(counts.before));
        let of_kind = |key: &Key| counts.kind.is_none_or(|kind| kind == key.kind());
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

    /// What happens before the first count or behind the second one changes what is read, and no count would show that
    /// an event of it is missing.
    fn is_in_step(&self) -> Result<(), String> {
        let Span {
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
    fn is_consistent(&self) -> Result<(), String> {
        let mut last: Option<(&Key, bool)> = None;
        for ((key, txn_id), was) in &self.changes {
            if last.is_some_and(|(other, before)| other == key && before == *was) {
                return Err("an event between two that it shows is missing".to_owned());
            }
            let vague = |(low, high)| low < *txn_id && *txn_id <= high;
            if self.span.vague.is_some_and(vague) {
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

impl Span {
    fn covers(self, txn_id: u64) -> bool {
        self.low < txn_id && txn_id <= self.high
    }
}

impl Counts {
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

/// The numbers by type of id, or all together where the server cannot tell types.
fn counts(collection: &Collection) -> Vec<Counts> {
    let none = Census::default();
    let before = collection.census_before.as_ref().unwrap_or(&none);
    let after = collection.census_after.as_ref().unwrap_or(&none);
    let untyped = |census: &Census| census.by_type.is_empty() && census.documents > 0;
    if untyped(before) || untyped(after) {
        return vec![Counts {
            what: "documents".to_owned(),
            kind: None,
            before: before.documents,
            written: collection.documents,
            after: after.documents,
        }];
    }
    let of = |numbers: &BTreeMap<String, u64>, kind: Type| {
        numbers.get(kind.name()).copied().unwrap_or(0)
    };
    let counts = Type::ALL.into_iter().map(|kind| Counts {
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
