//! Property tests of the completeness proof over generated histories: a correct read is always proven, a wrong one
//! never, whichever event is missing.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::snapshot::manifest::{ReadRange, add_range};

/// A document of the generated collection.
pub(super) type Id = (IdType, u8);

/// One event: document, transaction, and whether the document existed before.
#[derive(Debug, Clone, Copy)]
pub(super) struct HistoryEvent {
    pub(super) id: Id,
    pub(super) txn_id: u64,
    pub(super) was: bool,
}

/// The transactions and responses during a read.
#[derive(Debug, Clone)]
struct History {
    begins_with: Vec<Id>,
    /// Each transaction changes some documents: it removes those that exist, and inserts the others.
    transactions: Vec<Vec<Id>>,
    /// Before each response: how many transactions are committed, and by how many the responding server lags.
    responses: Vec<(usize, usize)>,
    limit: usize,
}

fn id() -> impl Strategy<Value = Id> {
    let kinds = prop_oneof![
        Just(IdType::Integer),
        Just(IdType::String),
        Just(IdType::Object)
    ];
    (kinds, 0..6_u8)
}

fn history() -> impl Strategy<Value = History> {
    let response = (0..3_usize, prop_oneof![3 => Just(0), 1 => 1..3_usize]);
    (
        vec(id(), 0..10),
        vec(vec(id(), 1..4), 0..20),
        vec(response, 30),
        1..4_usize,
    )
        .prop_map(|(begins_with, transactions, responses, limit)| History {
            begins_with,
            transactions,
            responses,
            limit,
        })
}

fn raw((kind, number): Id) -> String {
    match kind {
        IdType::Integer => number.to_string(),
        IdType::Object => format!(r#"{{"b":{number},"a":1}}"#),
        _ => format!("\"s{number}\""),
    }
}

fn key(id: Id) -> DocumentId {
    DocumentId::parse(raw(id).as_bytes()).unwrap()
}

/// The state before all transactions and after each one, and every event.
fn states(history: &History) -> (Vec<Vec<Id>>, Vec<HistoryEvent>) {
    let mut now = history.begins_with.clone();
    now.sort();
    now.dedup();
    let (mut states, mut events) = (vec![now.clone()], Vec::new());
    for (at, changed) in history.transactions.iter().enumerate() {
        let mut changed = changed.clone();
        changed.sort();
        changed.dedup();
        for id in changed {
            let was = now.contains(&id);
            if was {
                now.retain(|other| *other != id);
            } else {
                now.push(id);
            }
            let txn_id = 101 + at as u64;
            events.push(HistoryEvent { id, txn_id, was });
        }
        states.push(now.clone());
    }
    (states, events)
}

fn census(state: &[Id], transaction_id: u64) -> Census {
    let mut by_type = BTreeMap::new();
    for (kind, _) in state {
        *by_type.entry(kind.name().to_owned()).or_insert(0) += 1;
    }
    Census {
        transaction_id: Some(transaction_id),
        documents: state.len() as u64,
        by_type,
        ..Census::default()
    }
}

/// The collection as it was read, and every event.
fn read(history: &History) -> (Collection, Vec<HistoryEvent>) {
    let (states, events) = states(history);
    let mut responses = history.responses.iter().cycle();
    let mut passed = 0;
    let mut respond = || {
        let (more, lag) = responses.next().unwrap();
        passed = (passed + more).min(states.len() - 1);
        let at = passed.saturating_sub(*lag);
        (&states[at], 100 + at as u64)
    };
    let (state, at) = respond();
    let before = census(state, at);
    let (mut places, mut pages) = (Vec::new(), Vec::new());
    let mut by_type: BTreeMap<String, u64> = BTreeMap::new();
    for kind in [IdType::Object, IdType::Integer, IdType::String] {
        let mut last: Option<DocumentId> = None;
        while before.by_type.contains_key(kind.name()) {
            let (state, at) = respond();
            let mut page: Vec<DocumentId> = state.iter().copied().map(key).collect();
            page.retain(|key| key.id_type() == kind && last.as_ref().is_none_or(|last| last < key));
            page.sort();
            page.truncate(history.limit);
            let end = page.len() < history.limit;
            last = page.last().cloned().or(last);
            add_range(
                &mut places,
                Some(kind),
                last.as_ref().filter(|_| !end),
                Some(at),
            );
            *by_type.entry(kind.name().to_owned()).or_insert(0) += page.len() as u64;
            pages.push(at);
            if end {
                break;
            }
        }
    }
    add_range(&mut places, None, None, before.transaction_id);
    let (state, at) = respond();
    let after = census(state, at);
    let mut collection = collection(before, by_type, after, places);
    collection.lowest_transaction_id = pages.iter().copied().min();
    collection.highest_transaction_id = pages.iter().copied().max();
    (collection, events)
}

pub(super) fn collection(
    before: Census,
    by_type: BTreeMap<String, u64>,
    after: Census,
    places: Vec<ReadRange>,
) -> Collection {
    let text = r#"{"name":"cars","complete":false,"documents":0,"byType":{},"pages":0,"way":"","bytes":0,"sha256":"","places":[]}"#;
    Collection {
        documents: by_type.values().sum(),
        by_type,
        places,
        census_before: Some(before),
        census_after: Some(after),
        ..serde_json::from_str(text).unwrap()
    }
}

/// The same collection with one document more or fewer of a type.
fn wrong(collection: &Collection, kind: &str, more: bool) -> Option<Collection> {
    let mut wrong = collection.clone();
    let count = wrong.by_type.entry(kind.to_owned()).or_insert(0);
    *count = if more {
        *count + 1
    } else {
        count.checked_sub(1)?
    };
    wrong.documents = wrong.by_type.values().sum();
    Some(wrong)
}

fn feed(ledger: &mut ChangeLedger, event: &HistoryEvent) {
    ledger.note_txn(event.txn_id);
    ledger.note_change(&Change {
        collection: "cars",
        id: raw(event.id).as_bytes(),
        txn_id: event.txn_id,
        was: event.was,
        is: !event.was,
    });
}

pub(super) fn judge<'a>(
    collection: &Collection,
    events: impl IntoIterator<Item = &'a HistoryEvent>,
) -> Verdict {
    let mut ledger = ChangeLedger::new(std::slice::from_ref(collection));
    events
        .into_iter()
        .for_each(|event| feed(&mut ledger, event));
    ledger.note_settled();
    ledger.verdict(collection)
}

pub(super) fn is_proven(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Proven(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_correct_read_is_proven_and_a_wrong_one_is_not(history in history(), turn in 0..50_usize) {
        let (right, mut events) = read(&history);
        // In any order, and some events twice.
        let again: Vec<HistoryEvent> = events.iter().copied().skip(turn % 3).step_by(2).collect();
        events.extend(again);
        let length = events.len().max(1);
        events.rotate_left(turn % length);
        let verdict = judge(&right, &events);
        prop_assert!(is_proven(&verdict) || !is_in_step(&right), "{:?}", verdict);
        for kind in ["integer", "string", "object", "array"] {
            for more in [false, true] {
                let Some(wrong) = wrong(&right, kind, more) else { continue };
                let verdict = judge(&wrong, &events);
                prop_assert!(!is_proven(&verdict), "{} {}: {:?}", kind, more, verdict);
            }
        }
    }

    /// Late events come after the whole read of the stream: all of them after some transaction.
    #[test]
    fn late_events_never_hide_a_loss(history in history()) {
        let (right, events) = read(&history);
        let high = txns(&right).max().unwrap();
        let is_one = txns(&right).min() == Some(high);
        for cut in 0..=events.len() {
            let (in_time, late) = events.split_at(cut);
            if in_time.last().map(|event| event.txn_id) == late.first().map(|event| event.txn_id) {
                continue;
            }
            let is_late = late.iter().any(|event| event.txn_id <= high);
            for kind in ["integer", "string", "object"] {
                for more in [false, true] {
                    let Some(wrong) = wrong(&right, kind, more) else { continue };
                    prop_assert!(!is_proven(&judge(&wrong, in_time)), "{} of {:?}", cut, events);
                }
            }
            // A stream that does not reach the last response proves nothing, even about a correct read.
            let behind = in_time.iter().all(|event| event.txn_id < high);
            if !is_one && is_late && behind {
                prop_assert!(!is_proven(&judge(&right, in_time)), "{} of {:?}", cut, events);
            }
        }
    }

    /// Without a stream, or with an interrupted one, only responses of one transaction prove anything.
    #[test]
    fn without_a_stream_only_one_transaction_is_a_proof(history in history()) {
        let (right, events) = read(&history);
        let is_one = txns(&right).min() == txns(&right).max();
        let mut ledger = ChangeLedger::new(std::slice::from_ref(&right));
        prop_assert_eq!(is_proven(&ledger.verdict(&right)), is_one);
        for event in &events {
            feed(&mut ledger, event);
        }
        prop_assert_eq!(is_proven(&ledger.verdict(&right)), is_one);
        for kind in ["integer", "string", "object"] {
            let Some(wrong) = wrong(&right, kind, false) else { continue };
            prop_assert!(!is_proven(&ledger.verdict(&wrong)));
        }
    }

    /// A response without a transaction proves nothing, whichever it is.
    #[test]
    fn a_response_without_a_transaction_is_no_evidence(history in history(), which in 0..20_usize) {
        let (mut right, events) = read(&history);
        match which % (right.places.len() + 2) {
            0 => right.census_before.as_mut().unwrap().transaction_id = None,
            1 => right.census_after.as_mut().unwrap().transaction_id = None,
            place => right.places[place - 2].transaction_id = None,
        }
        prop_assert!(!is_proven(&judge(&right, &events)));
    }

    #[test]
    fn a_missing_event_never_hides_a_loss(history in history()) {
        let (right, events) = read(&history);
        for (missing, _) in events.iter().enumerate() {
            let others = || events.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, event)| event);
            for kind in ["integer", "string", "object"] {
                for more in [false, true] {
                    let Some(wrong) = wrong(&right, kind, more) else { continue };
                    prop_assert!(!is_proven(&judge(&wrong, others())), "{} of {:?}", missing, events);
                }
            }
        }
    }
}

/// The transactions of all responses.
fn txns(collection: &Collection) -> impl Iterator<Item = u64> {
    let counts = collection
        .census_before
        .iter()
        .chain(&collection.census_after);
    let places = collection.places.iter().map(|place| place.transaction_id);
    counts
        .map(|count| count.transaction_id)
        .chain(places)
        .flatten()
}

/// Whether no response is older than the first count or newer than the second.
fn is_in_step(collection: &Collection) -> bool {
    let at = |census: &Option<Census>| census.as_ref().unwrap().transaction_id.unwrap();
    let between = at(&collection.census_before)..=at(&collection.census_after);
    let mut places = collection.places.iter();
    places.all(|place| between.contains(&place.transaction_id.unwrap()))
}
