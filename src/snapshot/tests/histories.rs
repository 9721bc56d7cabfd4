//! Proofs over histories that are known: a right walk is always proven, a wrong one never, whatever is held back.
//! The walks here are made up; real ones are in `tests/requery`.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::snapshot::manifest::{Place, cover};

/// A document in the made-up collection.
pub(super) type Id = (IdType, u8);

/// One event: document, transaction, and whether the document was there before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) id: Id,
    pub(super) txn_id: u64,
    pub(super) was: bool,
}

/// Everything that can happen to a walk.
#[derive(Debug, Clone)]
struct History {
    begins_with: Vec<Id>,
    /// Each transaction changes some documents: it removes those that are there, and inserts others.
    transactions: Vec<Vec<Id>>,
    /// Before each answer, how many transactions pass, and how far behind the answering server is.
    answers: Vec<(usize, usize)>,
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
    let answer = (0..3_usize, prop_oneof![3 => Just(0), 1 => 1..3_usize]);
    (
        vec(id(), 0..10),
        vec(vec(id(), 1..4), 0..20),
        vec(answer, 30),
        1..4_usize,
    )
        .prop_map(|(begins_with, transactions, answers, limit)| History {
            begins_with,
            transactions,
            answers,
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

/// The states after each transaction, the first one before all of them, and every event.
fn states(history: &History) -> (Vec<Vec<Id>>, Vec<Told>) {
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
            events.push(Told { id, txn_id, was });
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
    }
}

/// The collection as the walk leaves it, and every event of the whole time.
fn walk(history: &History) -> (Collection, Vec<Told>) {
    let (states, events) = states(history);
    let mut answers = history.answers.iter().cycle();
    let mut passed = 0;
    let mut answer = || {
        let (more, behind) = answers.next().unwrap();
        passed = (passed + more).min(states.len() - 1);
        let at = passed.saturating_sub(*behind);
        (&states[at], 100 + at as u64)
    };
    let (state, at) = answer();
    let before = census(state, at);
    let (mut places, mut pages) = (Vec::new(), Vec::new());
    let mut by_type: BTreeMap<String, u64> = BTreeMap::new();
    for kind in [IdType::Object, IdType::Integer, IdType::String] {
        let mut last: Option<DocumentId> = None;
        while before.by_type.contains_key(kind.name()) {
            let (state, at) = answer();
            let mut page: Vec<DocumentId> = state.iter().copied().map(key).collect();
            page.retain(|key| key.id_type() == kind && last.as_ref().is_none_or(|last| last < key));
            page.sort();
            page.truncate(history.limit);
            let end = page.len() < history.limit;
            last = page.last().cloned().or(last);
            cover(
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
    cover(&mut places, None, None, before.transaction_id);
    let (state, at) = answer();
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
    places: Vec<Place>,
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

fn feed(ledger: &mut ChangeLedger, told: &Told) {
    ledger.note_txn(told.txn_id);
    ledger.note_change(&Change {
        collection: "cars",
        id: raw(told.id).as_bytes(),
        txn_id: told.txn_id,
        was: told.was,
        is: !told.was,
    });
}

pub(super) fn judge<'a>(
    collection: &Collection,
    events: impl IntoIterator<Item = &'a Told>,
) -> Verdict {
    let mut ledger = ChangeLedger::new(std::slice::from_ref(collection));
    events.into_iter().for_each(|told| feed(&mut ledger, told));
    ledger.verdict(collection)
}

pub(super) fn is_proven(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Proven(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_right_walk_is_proven_and_a_wrong_one_is_not(history in history(), turn in 0..50_usize) {
        let (right, mut events) = walk(&history);
        // In any order, and some of them twice.
        let again: Vec<Told> = events.iter().copied().skip(turn % 3).step_by(2).collect();
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

    #[test]
    fn no_event_that_is_held_back_lets_a_loss_pass(history in history()) {
        let (right, events) = walk(&history);
        for (held_back, _) in events.iter().enumerate() {
            let others = || events.iter().enumerate().filter(|(at, _)| *at != held_back).map(|(_, told)| told);
            for kind in ["integer", "string", "object"] {
                for more in [false, true] {
                    let Some(wrong) = wrong(&right, kind, more) else { continue };
                    prop_assert!(!is_proven(&judge(&wrong, others())), "{} of {:?}", held_back, events);
                }
            }
        }
    }
}

/// Whether no answer is older than the first count or newer than the second.
fn is_in_step(collection: &Collection) -> bool {
    let at = |census: &Option<Census>| census.as_ref().unwrap().transaction_id.unwrap();
    let between = at(&collection.census_before)..=at(&collection.census_after);
    let mut places = collection.places.iter();
    places.all(|place| between.contains(&place.transaction_id.unwrap()))
}
