//! The completeness proof, case by case.
#![allow(clippy::unwrap_used)]

use super::histories::{HistoryEvent, collection, is_proven, judge};
use super::*;
use crate::snapshot::manifest::add_range;

fn numbers(documents: u64, transaction_id: Option<u64>) -> Census {
    Census {
        transaction_id,
        documents,
        by_type: BTreeMap::from([("string".to_owned(), documents)]),
        ..Census::default()
    }
}

/// A read of string ids: a page up to `m` at transaction 103, and the rest at 106.
fn strings(before: u64, written: u64, after: u64) -> Collection {
    let mut places = Vec::new();
    let middle = DocumentId::String("m".to_owned());
    add_range(&mut places, Some(IdType::String), Some(&middle), Some(103));
    add_range(&mut places, Some(IdType::String), None, Some(106));
    let written = BTreeMap::from([("string".to_owned(), written)]);
    collection(
        numbers(before, Some(100)),
        written,
        numbers(after, Some(110)),
        places,
    )
}

fn note_change(ledger: &mut ChangeLedger, id: &str, txn_id: u64, was: bool, is: bool) {
    let id = format!("{id:?}");
    ledger.note_change(&Change {
        collection: "cars",
        id: id.as_bytes(),
        txn_id,
        was,
        is,
    });
}

/// A document, a transaction, and whether the document is counted before and after it.
type Event = (&'static str, u64, bool, bool);
/// Name; counted before, read, counted after; events of the stream; the proof, or the reason against it.
type Case = (
    &'static str,
    [u64; 3],
    &'static [Event],
    Result<&'static str, &'static str>,
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("nothing happened", [5, 5, 5], &[], Ok("equal counts, and the stream has no insertion")),
    ("an update", [5, 5, 5], &[("a", 105, true, true)], Ok("equal counts, and the stream has no insertion")),
    ("a loss", [5, 4, 5], &[], Err("counted 5 documents with ids of type string, and 4 were read")),
    ("between the counts", [5, 6, 7], &[], Err("counted 5 documents with ids of type string before and 7 after")),
    ("read in time", [5, 6, 6], &[("a", 102, false, true)], Ok("the stream's 1 event between")),
    ("too late for its page", [5, 5, 6], &[("a", 104, false, true)], Ok("1 event ")),
    ("in time for the next page", [5, 6, 6], &[("z", 104, false, true)], Ok("1 event ")),
    ("too late and read all the same", [5, 6, 6], &[("a", 104, false, true)], Err("5 documents with ids of type string should have been read, and 6")),
    ("before the first count and after the last", [5, 5, 5], &[("a", 100, false, true), ("b", 111, false, true)], Ok("equal counts, and the stream has no insertion")),
    ("a loss hidden by an insertion and a removal", [5, 5, 5], &[("a", 102, false, true), ("b", 109, true, false)], Err("the counts are equal")),
    ("a missing event of one document", [5, 6, 7], &[("a", 102, false, true), ("a", 104, false, true)], Err("an event between two others is missing")),
    ("contradicting events", [5, 6, 6], &[("a", 102, false, true), ("a", 102, true, false)], Err("both inserted and removed in transaction 102")),
];

/// A failure after the events.
type Flaw = fn(&mut ChangeLedger);

fn check(case: &Case, flaw: Flaw) {
    let (name, [before, written, after], shown, expected) = *case;
    let collection = strings(before, written, after);
    let mut ledger = ChangeLedger::new(std::slice::from_ref(&collection));
    assert!(ledger.needs_events());
    for (id, txn_id, was, is) in shown {
        note_change(&mut ledger, id, *txn_id, *was, *is);
    }
    ledger.note_txn(110);
    ledger.note_settled();
    flaw(&mut ledger);
    match (ledger.verdict(&collection), expected) {
        (Verdict::Proven(proof), Ok(part)) => assert!(proof.contains(part), "{name}: {proof}"),
        (Verdict::Unproven(why), Err(part)) => {
            assert!(why.join("; ").contains(part), "{name}: {why:?}");
        }
        (verdict, _) => panic!("{name}: {verdict:?}"),
    }
}

#[test]
fn counts_are_proven_or_not() {
    for case in CASES {
        check(case, |_| ());
    }
}

/// A stream that would prove the counts without the failure.
#[test]
fn a_failed_stream_proves_nothing() {
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
            |ledger| ledger.note_failure("it failed".to_owned()),
            "it failed",
        ),
    ];
    for (flaw, why) in flaws {
        check(
            &("flaw", [5, 6, 6], &[("a", 102, false, true)], Err(why)),
            flaw,
        );
        // Equal counts are not checked either.
        let case = ("equal", [5, 5, 5], &[][..], Err(NOT_CHECKED));
        check(&case, flaw);
        check(&("equal", [5, 5, 5], &[], Err(why)), flaw);
    }
}

/// The same flaws do not matter if no transaction passed.
#[test]
fn responses_of_one_transaction_need_no_stream() {
    let at = Some(100);
    let mut places = Vec::new();
    add_range(&mut places, Some(IdType::String), None, at);
    let read = |written| {
        let by_type = BTreeMap::from([("string".to_owned(), written)]);
        collection(numbers(5, at), by_type, numbers(5, at), places.clone())
    };
    let mut ledger = ChangeLedger::new(&[read(5)]);
    assert!(!ledger.needs_events() && !ledger.awaits_events());
    ledger.note_failure("it failed".to_owned());
    ledger.note_gap(None);
    let proof = "equal counts at one transaction".to_owned();
    assert_eq!(ledger.verdict(&read(5)), Verdict::Proven(proof));
    for written in [4, 6] {
        assert!(!is_proven(&ledger.verdict(&read(written))), "{written}");
    }
}

/// Events may still come after the second count.
#[test]
fn a_stream_that_has_not_reached_the_last_response_proves_nothing() {
    for (counts, shown) in [([5, 5, 5], None), ([5, 6, 6], Some(102))] {
        let [before, written, after] = counts;
        let collection = strings(before, written, after);
        for (newest, settled, proven) in [
            (None, true, false),
            (Some(109), true, false),
            (Some(110), false, false),
            (Some(110), true, true),
            (Some(111), true, true),
        ] {
            let mut ledger = ChangeLedger::new(std::slice::from_ref(&collection));
            if let Some(txn_id) = shown {
                note_change(&mut ledger, "a", txn_id, false, true);
            }
            if let Some(newest) = newest {
                ledger.note_txn(newest);
            }
            if settled {
                ledger.note_settled();
            }
            let verdict = ledger.verdict(&collection);
            assert_eq!(
                is_proven(&verdict),
                proven,
                "{newest:?} {settled} {verdict:?}"
            );
            assert_eq!(ledger.has_reached_responses(), newest >= Some(110));
        }
    }
}

#[test]
fn earlier_gaps_and_events_of_other_collections_do_not_matter() {
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
    note_change(&mut ledger, "a", 102, false, true);
    ledger.note_txn(110);
    ledger.note_settled();
    assert!(is_proven(&ledger.verdict(&collection)));
}

#[test]
fn events_are_waited_for_while_they_can_change_a_verdict() {
    let collection = strings(5, 5, 5);
    let mut ledger = ChangeLedger::new(std::slice::from_ref(&collection));
    assert!(ledger.awaits_events(), "equal counts are no reason not to");
    ledger.note_txn(110);
    assert!(ledger.awaits_events(), "other partitions may be late");
    ledger.note_gap(None);
    assert!(!ledger.awaits_events(), "there is nothing left to wait for");
}

#[test]
fn the_memory_limit_is_reported() {
    let collection = strings(5, 5, 5);
    let mut ledger = ChangeLedger::new(std::slice::from_ref(&collection));
    let long = "x".repeat(1 << 20);
    for number in 0..30 {
        note_change(&mut ledger, &format!("{long}{number}"), 102, false, true);
        note_change(&mut ledger, &format!("{long}{number}"), 109, true, false);
    }
    let Verdict::Unproven(why) = ledger.verdict(&collection) else {
        panic!("must not be proven");
    };
    assert!(why.join("; ").contains("fit into 24 MB"), "{why:?}");
}

/// Servers without counts by type, without transactions, or without pages by id.
#[test]
fn totals_missing_transactions_and_offsets() {
    let total = |documents, at| Census {
        transaction_id: at,
        documents,
        by_type: BTreeMap::new(),
        ..Census::default()
    };
    let by_type = |count| BTreeMap::from([("string".to_owned(), count), ("array".to_owned(), 1)]);
    let at_once = |at| {
        let mut places = Vec::new();
        add_range(&mut places, None, None, at);
        places
    };
    let equal = collection(total(3, None), by_type(2), total(3, None), at_once(None));
    let Verdict::Unproven(why) = judge(&equal, &[]) else {
        panic!("nothing says that the counts are of one state");
    };
    assert!(why.join("; ").contains(NOT_CHECKED), "{why:?}");
    let silent = collection(total(3, None), by_type(2), total(4, None), at_once(None));
    let Verdict::Unproven(why) = judge(&silent, &[]) else {
        panic!("must not be proven");
    };
    assert!(why.join("; ").contains("have no transaction id"), "{why:?}");
    let insert = HistoryEvent {
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
        // A document inserted in 102 is not read in 101 and is read in 103; in between it is unknown.
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
        let other = HistoryEvent {
            id: (IdType::String, 2),
            txn_id: 111,
            was: false,
        };
        assert_eq!(
            is_proven(&judge(&one, &[insert, other])),
            proven,
            "{first} to {last}"
        );
    }
}
