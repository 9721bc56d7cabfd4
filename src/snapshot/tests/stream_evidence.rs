//! Random histories of documents and of their stream: an honest snapshot is never doubted, and a missing document is
//! never taken for an agreement.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// What happens to an event on its way into the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delivered,
    Repeated,
    /// Skipped, which a `requeryRequired` announces.
    Skipped,
    /// As above, but its announcement has no transaction.
    SkippedWithoutTxn,
    /// As above, but its announcement cannot be read.
    SkippedWithUnreadable,
    Unreadable,
    WithoutTxn,
}

/// A change of one of a few documents; whether the document is there after it.
#[derive(Debug, Clone, Copy)]
struct Step {
    document: u8,
    is_present: bool,
    fate: Fate,
}

#[derive(Debug, Clone)]
struct History {
    steps: Vec<Step>,
    /// Number of steps before the positions.
    before: usize,
    /// Number of further steps that the snapshot contains.
    until_read: usize,
    /// The order in which records are noted.
    order: Vec<u32>,
    /// The number of records of each partition that retention has removed.
    removed: [i64; 2],
}

fn history() -> impl Strategy<Value = History> {
    let fate = prop_oneof![
        8 => Just(Fate::Delivered),
        2 => Just(Fate::Repeated),
        1 => Just(Fate::Skipped),
        1 => Just(Fate::SkippedWithoutTxn),
        1 => Just(Fate::SkippedWithUnreadable),
        1 => Just(Fate::Unreadable),
        1 => Just(Fate::WithoutTxn),
    ];
    let step = (0..6_u8, any::<bool>(), fate).prop_map(|(document, is_present, fate)| Step {
        document,
        is_present,
        fate,
    });
    let order = prop::collection::vec(any::<u32>(), 200);
    (
        prop::collection::vec(step, 1..40),
        0..40_usize,
        0..10_usize,
        order,
        [0..20_i64, 0..20_i64],
    )
        .prop_map(|(steps, before, until_read, order, removed)| History {
            before: before.min(steps.len()),
            steps,
            until_read,
            order,
            removed,
        })
}

fn at(partition: usize, offset: i64, time_ms: Option<i64>) -> EventPlace {
    EventPlace {
        partition: i32::try_from(partition).unwrap(),
        offset,
        time_ms,
    }
}

fn id(document: u8) -> String {
    format!("\"doc-{document}\"")
}

/// A record before the positions.
#[derive(Debug, Clone, Copy)]
enum Noted {
    Event(Step, Option<u64>, EventPlace),
    Gap(Option<u64>, EventPlace),
    Unreadable(EventPlace),
}

impl Noted {
    fn place(&self) -> EventPlace {
        match *self {
            Noted::Event(_, _, place) | Noted::Gap(_, place) | Noted::Unreadable(place) => place,
        }
    }
}

impl History {
    fn records(&self) -> Vec<Noted> {
        let mut next = [0_i64; 2];
        let mut records = Vec::new();
        for (step, txn_id) in self.steps[..self.before].iter().zip(1..) {
            let partition = usize::from(step.document % 2);
            let mut place = |partition: usize| {
                next[partition] += 1;
                at(partition, next[partition] - 1, i64::try_from(txn_id).ok())
            };
            match step.fate {
                Fate::Delivered => {
                    records.push(Noted::Event(*step, Some(txn_id), place(partition)));
                }
                Fate::Repeated => {
                    for _ in 0..2 {
                        records.push(Noted::Event(*step, Some(txn_id), place(partition)));
                    }
                }
                Fate::Skipped => records.push(Noted::Gap(Some(txn_id), place(0))),
                Fate::SkippedWithoutTxn => records.push(Noted::Gap(None, place(0))),
                Fate::SkippedWithUnreadable => records.push(Noted::Unreadable(place(0))),
                Fate::Unreadable => records.push(Noted::Unreadable(place(partition))),
                Fate::WithoutTxn => records.push(Noted::Event(*step, None, place(partition))),
            }
        }
        records
    }

    fn evidence(&self) -> StreamEvidence {
        let mut records = self.records();
        records.retain(|record| self.is_kept(record.place()));
        let mut order = self.order.iter().cycle();
        records.sort_by_cached_key(|_| *order.next().unwrap());
        let mut evidence = StreamEvidence::default();
        for first in self.firsts() {
            evidence.note_unread_before(first);
        }
        for record in records {
            match record {
                Noted::Event(step, txn_id, place) => evidence.note_event(&DocumentEvent {
                    collection: "cars",
                    id: Some(id(step.document).as_bytes()),
                    txn_id,
                    is_present: Some(step.is_present),
                    place,
                }),
                Noted::Gap(txn_id, place) => evidence.note_gap(txn_id, place),
                Noted::Unreadable(place) => evidence.note_unreadable(place),
            }
        }
        evidence
    }

    fn is_kept(&self, place: EventPlace) -> bool {
        place.offset >= self.removed[usize::try_from(place.partition).unwrap()]
    }

    /// The first record of each partition of which retention has removed some.
    fn firsts(&self) -> impl Iterator<Item = EventPlace> {
        let records = self.records();
        let partitions = self.removed.iter().enumerate();
        let partitions = partitions.filter(|(_, removed)| **removed > 0);
        partitions.map(move |(partition, removed)| {
            let mut places = records.iter().map(Noted::place);
            let nothing = at(partition, *removed, None);
            let is_own = |place: &EventPlace| place.partition == nothing.partition;
            let first = places.find(|place| is_own(place) && self.is_kept(*place));
            first.unwrap_or(nothing)
        })
    }

    fn floor(&self) -> u64 {
        self.before as u64
    }

    fn read_at(&self) -> u64 {
        (self.before + self.until_read).min(self.steps.len()) as u64
    }

    fn is_present_at(&self, document: u8, txn_id: u64) -> bool {
        let until = self.steps.iter().zip(1..).filter(|(_, at)| *at <= txn_id);
        let own = until.filter(|(step, _)| step.document == document);
        own.last().is_some_and(|(step, _)| step.is_present)
    }

    fn later(&self, document: u8) -> Vec<(u64, bool)> {
        let steps = self.steps.iter().zip(1..).skip(self.before);
        let own = steps.filter(|(step, _)| step.document == document);
        own.map(|(step, txn_id)| (txn_id, step.is_present))
            .collect()
    }
}

fn document(id: &DocumentId) -> u8 {
    let DocumentId::String(text) = id else {
        panic!("{id:?}");
    };
    text.strip_prefix("doc-").unwrap().parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_honest_snapshot_is_never_doubted(history in history(), knows_read_at in any::<bool>()) {
        let evidence = history.evidence();
        for expectation in evidence.expectations("cars", Some(history.floor()), false) {
            let document = document(expectation.id);
            prop_assert_eq!(expectation.is_present, history.is_present_at(document, history.before as u64));
            let later = history.later(document);
            let facts = DocumentFacts {
                expected: expectation.is_present,
                is_written: history.is_present_at(document, history.read_at()),
                read_at: knows_read_at.then(|| history.read_at()),
                later: &later,
                on_server: None,
            };
            let found = agreement(&facts);
            prop_assert!(matches!(found, Agreement::Agrees | Agreement::Explained), "{:?} {:?}", facts, found);
        }
    }

    #[test]
    fn a_document_that_the_key_does_not_show_is_never_an_agreement(history in history(), hidden in 0..6_u8) {
        let evidence = history.evidence();
        let later = history.later(hidden);
        let mut expectations = evidence.expectations("cars", Some(history.floor()), false);
        let expectation = expectations.find(|one| document(one.id) == hidden);
        if let Some(expectation) = expectation && expectation.is_present && later.is_empty() {
            let facts = |on_server| DocumentFacts { expected: true, is_written: false, read_at: Some(history.read_at()), later: &later, on_server };
            prop_assert_eq!(agreement(&facts(None)), Agreement::NeedsQuery);
            prop_assert_eq!(agreement(&facts(Some(false))), Agreement::Hidden);
            prop_assert_eq!(agreement(&facts(Some(true))), Agreement::Lost);
        }
    }
}

fn event(
    id: &str,
    txn_id: u64,
    is_present: bool,
    (partition, offset): (usize, i64),
) -> DocumentEvent<'_> {
    DocumentEvent {
        collection: "cars",
        id: Some(id.as_bytes()),
        txn_id: Some(txn_id),
        is_present: Some(is_present),
        place: at(partition, offset, None),
    }
}

fn expected(evidence: &StreamEvidence, floor: u64) -> Vec<(String, bool)> {
    let found = evidence.expectations("cars", Some(floor), false);
    let mut found: Vec<(String, bool)> = found.map(|one| (one.id.json(), one.is_present)).collect();
    found.sort();
    found
}

#[test]
fn the_newest_event_counts_whatever_the_order() {
    let events = [
        event("1", 5, true, (0, 0)),
        event("1", 7, false, (0, 1)),
        // A bridge that restarts re-sends older events.
        event("1", 5, true, (0, 2)),
        event("2", 6, true, (0, 3)),
        // An insertion and a removal in one transaction.
        event("3", 8, true, (1, 0)),
        event("3", 8, false, (1, 1)),
        // In two partitions, their order is unknown.
        event("4", 8, true, (0, 4)),
        event("4", 8, false, (1, 2)),
        // After the minimum transaction, the server may not have it yet.
        event("5", 9, true, (0, 5)),
    ];
    for reversed in [false, true] {
        let mut evidence = StreamEvidence::default();
        let mut events = events.to_vec();
        if reversed {
            events.reverse();
        }
        for event in &events {
            evidence.note_event(event);
        }
        let wanted = [("1", false), ("2", true), ("3", false)];
        let wanted: Vec<(String, bool)> = wanted
            .map(|(id, is_present)| (id.to_owned(), is_present))
            .into();
        assert_eq!(expected(&evidence, 8), wanted);
    }
}

#[test]
fn an_event_without_an_id_makes_its_collection_unclear() {
    let mut evidence = StreamEvidence::default();
    evidence.note_event(&event("1", 5, true, (0, 0)));
    assert_eq!(expected(&evidence, 5).len(), 1);
    evidence.note_event(&event("1.5", 6, true, (0, 1)));
    assert_eq!(expected(&evidence, 6).len(), 0);
}

#[test]
fn ids_that_may_be_bytes_are_no_evidence_where_there_are_bytes() {
    let mut evidence = StreamEvidence::default();
    for id in ["[97,98]", "\"YWI=\"", "\"a\""] {
        evidence.note_event(&event(id, 5, true, (0, 0)));
    }
    assert_eq!(evidence.expectations("cars", Some(5), false).count(), 3);
    assert_eq!(evidence.expectations("cars", Some(5), true).count(), 1);
}

#[test]
fn beyond_the_memory_a_sample_is_kept_whose_events_are_still_the_newest() {
    let mut evidence = StreamEvidence::default();
    for round in 0..2 {
        for number in 0..150_000_u32 {
            let txn_id = u64::from(round * 1_000_000 + number);
            let id = number.to_string();
            let place = (0, i64::try_from(txn_id).unwrap());
            evidence.note_event(&event(&id, txn_id, round == 0, place));
        }
        assert!(evidence.used_bytes <= MAX_EVIDENCE_BYTES);
    }
    let (one_in, kept) = (evidence.sampled_one_in(), expected(&evidence, u64::MAX));
    assert_eq!(one_in, 2);
    assert!((60_000..90_000).contains(&kept.len()), "{}", kept.len());
    assert!(kept.iter().all(|(_, is_present)| !is_present));
}

#[test]
fn what_explains_a_difference() {
    // Expected, written, read at, later events, on_server.
    type Case = (
        bool,
        bool,
        Option<u64>,
        &'static [(u64, bool)],
        Option<bool>,
    );
    let cases: &[(Case, Agreement)] = &[
        ((true, true, Some(9), &[], None), Agreement::Agrees),
        (
            (true, false, Some(9), &[(8, false)], None),
            Agreement::Explained,
        ),
        (
            (true, false, Some(9), &[(7, false), (8, true)], None),
            Agreement::NeedsQuery,
        ),
        (
            (true, false, Some(9), &[(8, true)], Some(false)),
            Agreement::Hidden,
        ),
        // A later event is applied to the snapshot.
        (
            (true, false, Some(9), &[(10, true)], None),
            Agreement::Explained,
        ),
        (
            (true, false, None, &[(8, true)], None),
            Agreement::Explained,
        ),
        ((true, false, Some(9), &[], Some(true)), Agreement::Lost),
        (
            (false, true, Some(9), &[(8, true)], None),
            Agreement::Explained,
        ),
        (
            (false, true, Some(9), &[], Some(true)),
            Agreement::Confirmed,
        ),
        ((false, true, Some(9), &[], Some(false)), Agreement::Stale),
    ];
    for ((expected, is_written, read_at, later, on_server), wanted) in cases.iter().copied() {
        let facts = DocumentFacts {
            expected,
            is_written,
            read_at,
            later,
            on_server,
        };
        assert_eq!(agreement(&facts), wanted, "{facts:?}");
    }
}
