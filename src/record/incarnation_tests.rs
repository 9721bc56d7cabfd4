//! Comparison of incarnations: a table of cases, and random histories of a topic.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Incarnation, Observed, Remembered, Verdict, Witness, compare};

fn witness(offset: i64, content: &str) -> Witness {
    Witness {
        offset,
        timestamp: Some(1),
        sha256: content.to_owned(),
    }
}

fn incarnation(id: Option<&str>, witnesses: &[(i32, Witness)]) -> Incarnation {
    Incarnation {
        id: id.map(str::to_owned),
        witnesses: witnesses.iter().cloned().collect(),
    }
}

/// The verdict about a topic of two partitions that was read to offsets 5 and 0, and whose first partition ends at `high`
/// now; without `high` it has only one.
fn verdict(
    known: &Incarnation,
    id: Option<&str>,
    high: Option<i64>,
    found: Option<Witness>,
) -> Verdict {
    let mut watermarks: BTreeMap<i32, (i64, i64)> = [(1, (0, 0))].into();
    watermarks.extend(high.map(|high| (0, (0, high))));
    let remembered = Remembered {
        incarnation: known,
        next: &[(0, 5), (1, 0)].into(),
    };
    let observed = Observed {
        id,
        watermarks: &watermarks,
        found: &found.map(|found| (0, found)).into_iter().collect(),
    };
    compare(&remembered, &observed)
}

#[test]
fn two_ids_decide() {
    let known = incarnation(Some("A"), &[]);
    for (id, high, expected) in [
        (Some("A"), 9, Verdict::Same),
        (Some("B"), 9, Verdict::Replaced),
        // The same topic that lost its newest records is another kind of gap.
        (Some("A"), 4, Verdict::Same),
        (None, 9, Verdict::Unknown),
        (None, 4, Verdict::Replaced),
    ] {
        assert_eq!(
            verdict(&known, id, Some(high), None),
            expected,
            "{id:?} {high}"
        );
    }
}

#[test]
fn without_an_id_the_last_record_and_the_end_decide() {
    let (a, b) = (witness(4, "a"), witness(4, "b"));
    let later = Witness {
        timestamp: Some(2),
        ..a.clone()
    };
    let nothing = incarnation(None, &[]);
    let known = incarnation(None, &[(0, a.clone())]);
    for (known, high, found, expected) in [
        (&nothing, Some(9), None, Verdict::Unknown),
        (&nothing, Some(5), None, Verdict::Unknown),
        (&nothing, Some(4), None, Verdict::Replaced),
        (&nothing, None, None, Verdict::Replaced),
        (&known, Some(9), Some(a), Verdict::Same),
        (&known, Some(9), Some(b), Verdict::Replaced),
        (&known, Some(9), Some(later), Verdict::Replaced),
        // Retention or compaction removed the witness.
        (&known, Some(9), None, Verdict::Unknown),
    ] {
        for id in [None, Some("B")] {
            let found = verdict(known, id, high, found.clone());
            assert_eq!(found, expected, "{known:?} {id:?} {high:?}");
        }
    }
}

/// A topic of one partition; each record has a content that no other record has.
#[derive(Debug, Clone, Default)]
struct Topic {
    number: usize,
    low: i64,
    records: Vec<Witness>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Append(i64),
    Retain(i64),
    Recreate,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..6_i64).prop_map(Step::Append),
        2 => (0..6_i64).prop_map(Step::Retain),
        1 => Just(Step::Recreate),
    ]
}

impl Topic {
    fn high(&self) -> i64 {
        i64::try_from(self.records.len()).unwrap_or(0)
    }

    fn apply(&mut self, step: Step, written: &mut usize) {
        match step {
            Step::Append(count) => {
                for _ in 0..count {
                    *written += 1;
                    self.records
                        .push(witness(self.high(), &written.to_string()));
                }
            }
            Step::Retain(count) => self.low = (self.low + count).min(self.high()),
            Step::Recreate => {
                *self = Topic {
                    number: self.number + 1,
                    ..Topic::default()
                };
            }
        }
    }

    fn at(&self, offset: i64) -> Option<Witness> {
        let kept = self.records.iter().filter(|one| one.offset >= self.low);
        kept.clone().find(|one| one.offset == offset).cloned()
    }
}

proptest! {
    /// With ids the verdict is always right; with witnesses it is never wrong.
    #[test]
    fn no_history_is_judged_wrong(
        before in prop::collection::vec(step(), 0..12),
        after in prop::collection::vec(step(), 0..12),
        ids in any::<(bool, bool)>(),
    ) {
        let (mut topic, mut written) = (Topic::default(), 0);
        for step in before {
            topic.apply(step, &mut written);
        }
        let read = topic.clone();
        for step in after {
            topic.apply(step, &mut written);
        }
        let id = |topic: &Topic, known: bool| known.then(|| topic.number.to_string());
        let next: BTreeMap<i32, i64> = [(0, read.high())].into();
        let last = read.at(read.high() - 1).map(|last| (0, last));
        let known = incarnation(id(&read, ids.0).as_deref(), last.as_slice());
        let found = last.and_then(|(_, last)| topic.at(last.offset)).map(|found| (0, found));
        let verdict = compare(
            &Remembered { incarnation: &known, next: &next },
            &Observed {
                id: id(&topic, ids.1).as_deref(),
                watermarks: &[(0, (topic.low, topic.high()))].into(),
                found: &found.into_iter().collect(),
            },
        );
        let truth = if topic.number == read.number { Verdict::Same } else { Verdict::Replaced };
        prop_assert!(verdict == truth || (verdict == Verdict::Unknown && ids != (true, true)));
        let is_visible = ids == (true, true) || read.high() > topic.high();
        prop_assert!(truth == Verdict::Same || verdict == truth || !is_visible);
    }
}
