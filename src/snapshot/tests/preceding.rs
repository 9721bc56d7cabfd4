//! Resume offsets: no record between what was read before and the resume offset is left out.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn kind() -> impl Strategy<Value = RecordKind> {
    prop_oneof![
        6 => (1..100_u64).prop_map(RecordKind::Change),
        1 => (1..100_u64).prop_map(RecordKind::Gap),
        1 => Just(RecordKind::ChangeWithoutTxn),
        1 => Just(RecordKind::GapWithoutTxn),
        1 => Just(RecordKind::Unreadable),
    ]
}

#[test]
fn each_kind_of_record() {
    use RecordKind::{Change, ChangeWithoutTxn, Gap, GapWithoutTxn, Unreadable};
    // Records of partition 0 from offset 10 on; where an earlier read ended; whether --txn-id is given; the offset.
    for (records, reached, has_typed_floor, expected) in [
        (&[Change(5), Gap(7)][..], None, false, 12),
        (&[Change(5), Unreadable, Change(6)], None, false, 11),
        (&[ChangeWithoutTxn, Unreadable], None, false, 10),
        (&[ChangeWithoutTxn, Unreadable], Some(11), false, 11),
        (&[Unreadable, Change(5)], Some(11), false, 12),
        (&[GapWithoutTxn, Change(5)], None, false, 10),
        (&[GapWithoutTxn, Change(5)], None, true, 12),
        (&[GapWithoutTxn, Unreadable], None, true, 11),
        (&[GapWithoutTxn, Change(5)], Some(11), false, 10),
        // The topic was re-created since then.
        (&[Unreadable, Change(5)], Some(99), false, 10),
    ] {
        let reached: BTreeMap<i32, i64> = reached.map(|reached| (0, reached)).into_iter().collect();
        let mut preceding = PrecedingRecords::new(reached, has_typed_floor);
        for (offset, kind) in (10..).zip(records) {
            preceding.note((0, offset), *kind);
        }
        let high = 10 + i64::try_from(records.len()).unwrap();
        let resume = preceding.resume(0, high);
        assert_eq!(resume.next, expected, "{records:?}");
        assert_eq!(resume.held_back.is_some(), expected < high, "{records:?}");
        assert_eq!(preceding.resume(1, high).next, high, "another partition");
    }
}

proptest! {
    #[test]
    fn every_record_is_covered_or_read_again(
        records in vec((0..3_i32, kind()), 0..60),
        reached in proptest::collection::btree_map(0..3_i32, 0..20_i64, 0..3),
        has_typed_floor: bool,
        turn in 0..60_usize,
    ) {
        let mut highs: BTreeMap<i32, i64> = (0..3).map(|partition| (partition, 0)).collect();
        let mut placed = Vec::new();
        for (partition, kind) in records {
            let high = highs.get_mut(&partition).unwrap();
            placed.push(((partition, *high), kind));
            *high += 1;
        }
        let mut preceding = PrecedingRecords::new(reached.clone(), has_typed_floor);
        let mut shuffled = placed.clone();
        shuffled.rotate_left(turn % placed.len().max(1));
        for (place, kind) in shuffled {
            preceding.note(place, kind);
        }
        let floor = preceding.newest().max(preceding.gap()).map(|(txn, _)| txn);
        for ((partition, offset), kind) in placed {
            let next = preceding.resume(partition, highs[&partition]).next;
            let was_read = reached.get(&partition).is_some_and(|reached| offset < *reached && *reached <= highs[&partition]);
            let covered = match kind {
                RecordKind::Change(txn) | RecordKind::Gap(txn) => Some(txn) <= floor,
                RecordKind::GapWithoutTxn => has_typed_floor,
                RecordKind::ChangeWithoutTxn | RecordKind::Unreadable => was_read,
            };
            prop_assert!(offset >= next || covered, "{} {}: {:?}", partition, offset, kind);
            prop_assert!(next <= highs[&partition]);
        }
    }
}
