//! Proofs over histories that are known: a right walk is always proven, a wrong one never, whatever is held back.
//! The walks here are made up; real ones are in `tests/requery`.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::snapshot::manifest::{Place, cover};

/// A document in the made-up collection.
type Id = (Type, u8);

/// One event: document, transaction, and whether the document was there before.
#[derive(Debug, Clone, Copy)]
struct Told {
    id: Id,
    txn_id: u64,
    was: bool,
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
    let kinds = prop_oneof![Just(Type::Integer), Just(Type::String), Just(Type::Object)];
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
        Type::Integer => number.to_string(),
        Type::Object => format!(r#"{{"b":{number},"a":1}}"#),
        _ => format!("\"s{number}\""),
    }
}

fn key(id: Id) -> Key {
    Key::of(raw(id).as_bytes()).unwrap()
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
    for kind in [Type::Object, Type::Integer, Type::String] {
        let mut last: Option<Key> = None;
        while before.by_type.contains_key(kind.name()) {
            let (state, at) = answer();
            let mut page: Vec<Key> = state.iter().copied().map(key).collect();
            page.retain(|key| key.kind() == kind && last.as_ref().is_none_or(|last| last < key));
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

fn collection(
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

fn feed(ledger: &mut Ledger, told: &Told) {
    ledger.reach(told.txn_id);
    ledger.change(&Change {
        collection: "cars",
        id: raw(told.id).as_bytes(),
        txn_id: told.txn_id,
        was: told.was,
        is: !told.was,
    });
}

fn judge<'a>(collection: &Collection, events: impl IntoIterator<Item = &'a Told>) -> Verdict {
    let mut ledger = Ledger::of(std::slice::from_ref(collection));
    events.into_iter().for_each(|told| feed(&mut ledger, told));
    ledger.judge(collection)
}

fn is_proven(verdict: &Verdict) -> bool {
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

fn numbers(documents: u64, transaction_id: Option<u64>) -> Census {
    Census {
        transaction_id,
        documents,
        by_type: BTreeMap::from([("string".to_owned(), documents)]),
    }
}

/// A walk of strings: a page up to `m` at 103, and the rest at 106.
fn strings(before: u64, written: u64, after: u64) -> Collection {
    let mut places = Vec::new();
    let middle = Key::String("m".to_owned());
    cover(&mut places, Some(Type::String), Some(&middle), Some(103));
    cover(&mut places, Some(Type::String), None, Some(106));
    let written = BTreeMap::from([("string".to_owned(), written)]);
    collection(
        numbers(before, Some(100)),
        written,
        numbers(after, Some(110)),
        places,
    )
}

fn told(ledger: &mut Ledger, id: &str, txn_id: u64, was: bool, is: bool) {
    let id = format!("{id:?}");
    ledger.change(&Change {
        collection: "cars",
        id: id.as_bytes(),
        txn_id,
        was,
        is,
    });
}

/// What the stream shows, on walks with these numbers before, read and after.
#[test]
fn what_explains_and_what_does_not() {
    type Shows = fn(&mut Ledger);
    let cases: [(&str, [u64; 3], Shows, Result<&str, &str>); 14] = [
        ("nothing happened", [5, 5, 5], |_| (), Ok("equal counts")),
        (
            "an update",
            [5, 5, 5],
            |l| told(l, "a", 105, true, true),
            Ok("equal counts"),
        ),
        (
            "a loss",
            [5, 4, 5],
            |_| (),
            Err("counted 5 documents with ids of type string, and 4 were read"),
        ),
        (
            "between the counts, unexplained",
            [5, 6, 7],
            |_| (),
            Err("counted 5 documents with ids of type string before and 7 after"),
        ),
        (
            "read in time",
            [5, 6, 6],
            |l| told(l, "a", 102, false, true),
            Ok("1 events"),
        ),
        (
            "too late for its page",
            [5, 5, 6],
            |l| told(l, "a", 104, false, true),
            Ok("1 events"),
        ),
        (
            "in time for the next page",
            [5, 6, 6],
            |l| told(l, "z", 104, false, true),
            Ok("1 events"),
        ),
        (
            "too late and read all the same",
            [5, 6, 6],
            |l| told(l, "a", 104, false, true),
            Err("5 documents with ids of type string should have been read, and 6"),
        ),
        (
            "before the first count and after the last",
            [5, 5, 5],
            |l| {
                told(l, "a", 100, false, true);
                told(l, "b", 111, false, true);
            },
            Ok("equal counts"),
        ),
        (
            "a loss behind an insertion and a removal",
            [5, 5, 5],
            |l| {
                told(l, "a", 102, false, true);
                told(l, "b", 109, true, false);
            },
            Err("the counts are equal"),
        ),
        (
            "a hole in one document's story",
            [5, 6, 7],
            |l| {
                told(l, "a", 102, false, true);
                told(l, "a", 104, false, true);
            },
            Err("an event between two that it shows is missing"),
        ),
        (
            "two stories",
            [5, 6, 6],
            |l| {
                told(l, "a", 102, false, true);
                told(l, "a", 102, true, false);
            },
            Err("both inserted and removed in transaction 102"),
        ),
        (
            "an unclear event",
            [5, 6, 6],
            |l| {
                told(l, "a", 102, false, true);
                l.unclear("cars", Some(105), "it is unclear");
            },
            Err("it is unclear"),
        ),
        (
            "a gap",
            [5, 6, 6],
            |l| {
                told(l, "a", 102, false, true);
                l.gap(Some(101));
            },
            Err("requeryRequired, txnID 101"),
        ),
    ];
    for (name, [before, written, after], shows, expected) in cases {
        let collection = strings(before, written, after);
        let mut ledger = Ledger::of(std::slice::from_ref(&collection));
        assert!(ledger.asks());
        shows(&mut ledger);
        match (ledger.judge(&collection), expected) {
            (Verdict::Proven(proof), Ok(part)) => assert!(proof.contains(part), "{name}: {proof}"),
            (Verdict::Open(why), Err(part)) => {
                assert!(why.join("; ").contains(part), "{name}: {why:?}");
            }
            (verdict, _) => panic!("{name}: {verdict:?}"),
        }
    }
}

#[test]
fn gaps_elsewhere_and_events_of_others_do_not_matter() {
    let collection = strings(5, 6, 6);
    let mut ledger = Ledger::of(std::slice::from_ref(&collection));
    ledger.gap(Some(100));
    ledger.unclear("bikes", None, "others");
    ledger.unclear("cars", Some(99), "before");
    ledger.change(&Change {
        collection: "bikes",
        id: b"\"a\"",
        txn_id: 103,
        was: false,
        is: true,
    });
    told(&mut ledger, "a", 102, false, true);
    assert!(is_proven(&ledger.judge(&collection)));
}

#[test]
fn what_is_missing_is_waited_for() {
    let collection = strings(5, 6, 6);
    let mut ledger = Ledger::of(std::slice::from_ref(&collection));
    assert!(ledger.waits_for(&collection));
    told(&mut ledger, "a", 102, false, true);
    ledger.reach(102);
    assert!(
        ledger.waits_for(&collection),
        "more may come before the second count"
    );
    ledger.reach(110);
    assert!(!ledger.waits_for(&collection));
    ledger.gap(None);
    assert!(
        !ledger.waits_for(&collection),
        "there is nothing left to wait for"
    );
    let quiet = strings(5, 5, 5);
    assert!(!Ledger::of(std::slice::from_ref(&quiet)).waits_for(&quiet));
}

#[test]
fn room_has_a_limit_that_is_said() {
    let collection = strings(5, 5, 5);
    let mut ledger = Ledger::of(std::slice::from_ref(&collection));
    let long = "x".repeat(1 << 20);
    for number in 0..30 {
        told(&mut ledger, &format!("{long}{number}"), 102, false, true);
        told(&mut ledger, &format!("{long}{number}"), 109, true, false);
    }
    let Verdict::Open(why) = ledger.judge(&collection) else {
        panic!("it cannot know that");
    };
    assert!(
        why.join("; ").contains("can be remembered in 24 MB"),
        "{why:?}"
    );
}

/// Servers that say less.
#[test]
fn totals_silence_and_offsets() {
    let total = |documents, at| Census {
        transaction_id: at,
        documents,
        by_type: BTreeMap::new(),
    };
    let by_type = |count| BTreeMap::from([("string".to_owned(), count), ("array".to_owned(), 1)]);
    let at_once = |at| {
        let mut places = Vec::new();
        cover(&mut places, None, None, at);
        places
    };
    let equal = collection(total(3, None), by_type(2), total(3, None), at_once(None));
    assert!(
        is_proven(&judge(&equal, &[])),
        "no transaction is needed for equal counts"
    );
    let silent = collection(total(3, None), by_type(2), total(4, None), at_once(None));
    let Verdict::Open(why) = judge(&silent, &[]) else {
        panic!("nothing explains it");
    };
    assert!(
        why.join("; ").contains("does not say at which transaction"),
        "{why:?}"
    );
    let insert = Told {
        id: (Type::String, 1),
        txn_id: 102,
        was: false,
    };
    for (first, last, proven) in [
        (101, 101, true),
        (103, 103, false),
        (102, 105, true),
        (101, 103, false),
    ] {
        // What was inserted in 102 is not read in 101, is read in 103, and nobody can tell in between.
        let mut one = collection(
            total(3, Some(100)),
            by_type(2),
            total(4, Some(110)),
            at_once(Some(first)),
        );
        if first == 102 {
            *one.by_type.get_mut("string").unwrap() += 1;
            one.documents += 1;
        }
        (one.lowest_transaction_id, one.highest_transaction_id) = (Some(first), Some(last));
        assert_eq!(
            is_proven(&judge(&one, &[insert])),
            proven,
            "{first} to {last}"
        );
    }
}
