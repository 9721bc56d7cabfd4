//! What explains the numbers of a walk and what does not, case by case, and what is waited for.
//! Whether that is right in general is tested by `histories`.
#![allow(clippy::unwrap_used)]

use super::histories::{Told, collection, is_proven, judge};
use super::*;
use crate::snapshot::manifest::cover;

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
    let middle = DocumentId::String("m".to_owned());
    cover(&mut places, Some(IdType::String), Some(&middle), Some(103));
    cover(&mut places, Some(IdType::String), None, Some(106));
    let written = BTreeMap::from([("string".to_owned(), written)]);
    collection(
        numbers(before, Some(100)),
        written,
        numbers(after, Some(110)),
        places,
    )
}

fn told(ledger: &mut ChangeLedger, id: &str, txn_id: u64, was: bool, is: bool) {
    let id = format!("{id:?}");
    ledger.note_change(&Change {
        collection: "cars",
        id: id.as_bytes(),
        txn_id,
        was,
        is,
    });
}

/// A document, a transaction, and whether the document was and is there.
type Shown = (&'static str, u64, bool, bool);
/// What it is called; counted before, read, counted after; what the stream shows; the proof, or what speaks against it.
type Case = (
    &'static str,
    [u64; 3],
    &'static [Shown],
    Result<&'static str, &'static str>,
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("nothing happened", [5, 5, 5], &[], Ok("equal counts")),
    ("an update", [5, 5, 5], &[("a", 105, true, true)], Ok("equal counts")),
    ("a loss", [5, 4, 5], &[], Err("counted 5 documents with ids of type string, and 4 were read")),
    ("between the counts", [5, 6, 7], &[], Err("counted 5 documents with ids of type string before and 7 after")),
    ("read in time", [5, 6, 6], &[("a", 102, false, true)], Ok("the stream's 1 event between")),
    ("too late for its page", [5, 5, 6], &[("a", 104, false, true)], Ok("1 event ")),
    ("in time for the next page", [5, 6, 6], &[("z", 104, false, true)], Ok("1 event ")),
    ("too late and read all the same", [5, 6, 6], &[("a", 104, false, true)], Err("5 documents with ids of type string should have been read, and 6")),
    ("before the first count and after the last", [5, 5, 5], &[("a", 100, false, true), ("b", 111, false, true)], Ok("equal counts")),
    ("a loss behind an insertion and a removal", [5, 5, 5], &[("a", 102, false, true), ("b", 109, true, false)], Err("the counts are equal")),
    ("a hole in one document's story", [5, 6, 7], &[("a", 102, false, true), ("a", 104, false, true)], Err("an event between two that it shows is missing")),
    ("two stories", [5, 6, 6], &[("a", 102, false, true), ("a", 102, true, false)], Err("both inserted and removed in transaction 102")),
];

/// What goes wrong behind the events.
type Flaw = fn(&mut ChangeLedger);

fn check(case: &Case, flaw: Flaw) {
    let (name, [before, written, after], shown, expected) = *case;
    let collection = strings(before, written, after);
    let mut ledger = ChangeLedger::new(std::slice::from_ref(&collection));
    assert!(ledger.needs_events());
    for (id, txn_id, was, is) in shown {
        told(&mut ledger, id, *txn_id, *was, *is);
    }
    flaw(&mut ledger);
    match (ledger.verdict(&collection), expected) {
        (Verdict::Proven(proof), Ok(part)) => assert!(proof.contains(part), "{name}: {proof}"),
        (Verdict::Open(why), Err(part)) => {
            assert!(why.join("; ").contains(part), "{name}: {why:?}");
        }
        (verdict, _) => panic!("{name}: {verdict:?}"),
    }
}

#[test]
fn what_explains_and_what_does_not() {
    for case in CASES {
        check(case, |_| ());
    }
}

/// A stream that would explain the numbers, if it were whole.
#[test]
fn a_flaw_explains_nothing() {
    let flaws: [(Flaw, &str); 4] = [
        (
            |ledger| ledger.note_unclear("cars", Some(105), "it is unclear"),
            "it is unclear",
        ),
        (
            |ledger| ledger.note_gap(Some(101)),
            "requeryRequired, txnID 101",
        ),
        (|ledger| ledger.note_gap(None), "(requeryRequired)"),
        (
            |ledger| ledger.note_failure("nobody knows".to_owned()),
            "nobody knows",
        ),
    ];
    for (flaw, why) in flaws {
        check(
            &("flaw", [5, 6, 6], &[("a", 102, false, true)], Err(why)),
            flaw,
        );
    }
}

#[test]
fn gaps_elsewhere_and_events_of_others_do_not_matter() {
    let collection = strings(5, 6, 6);
    let mut ledger = ChangeLedger::new(std::slice::from_ref(&collection));
    ledger.note_gap(Some(100));
    ledger.note_unclear("bikes", None, "others");
    ledger.note_unclear("cars", Some(99), "before");
    ledger.note_change(&Change {
        collection: "bikes",
        id: b"\"a\"",
        txn_id: 103,
        was: false,
        is: true,
    });
    told(&mut ledger, "a", 102, false, true);
    assert!(is_proven(&ledger.verdict(&collection)));
}

#[test]
fn what_is_missing_is_waited_for() {
    let collection = strings(5, 6, 6);
    let mut ledger = ChangeLedger::new(std::slice::from_ref(&collection));
    assert!(ledger.needs_more_events(&collection));
    told(&mut ledger, "a", 102, false, true);
    ledger.note_txn(102);
    assert!(
        ledger.needs_more_events(&collection),
        "more may come before the second count"
    );
    ledger.note_txn(110);
    assert!(!ledger.needs_more_events(&collection));
    ledger.note_gap(None);
    assert!(
        !ledger.needs_more_events(&collection),
        "there is nothing left to wait for"
    );
    let quiet = strings(5, 5, 5);
    assert!(!ChangeLedger::new(std::slice::from_ref(&quiet)).needs_more_events(&quiet));
}

#[test]
fn room_has_a_limit_that_is_said() {
    let collection = strings(5, 5, 5);
    let mut ledger = ChangeLedger::new(std::slice::from_ref(&collection));
    let long = "x".repeat(1 << 20);
    for number in 0..30 {
        told(&mut ledger, &format!("{long}{number}"), 102, false, true);
        told(&mut ledger, &format!("{long}{number}"), 109, true, false);
    }
    let Verdict::Open(why) = ledger.verdict(&collection) else {
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
        id: (IdType::String, 1),
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
