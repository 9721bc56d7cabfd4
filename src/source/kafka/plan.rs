//! From the positions that a person typed to the offsets of each partition.
//! Pure arithmetic over offsets that the caller asked the brokers for.

use super::topic::Offsets;
use crate::record::{Failure, FailureClass, Lost};

/// What to read of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    /// The partition, counted from 0.
    pub partition: i32,
    /// The first offset to deliver.
    pub start: i64,
    /// The first offset not to deliver; `None` follows the partition.
    pub stop: Option<i64>,
}

impl Range {
    /// How many offsets a bounded range spans.
    pub(super) fn len(&self) -> u64 {
        self.stop
            .map_or(0, |stop| u64::try_from(stop - self.start).unwrap_or(0))
    }
}

/// What to read, and what could not be had.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub ranges: Vec<Range>,
    pub lost: Vec<Lost>,
}

/// Lays ranges between two sets of offsets. Only partitions that `starts` names are read;
/// one that `stops` does not name is read to its end in `highs`, if there are stops at all.
pub(super) fn between(starts: &Offsets, stops: Option<&Offsets>, highs: &Offsets) -> Vec<Range> {
    let stop_of = |partition: i32| {
        stops.map(|stops| {
            *stops
                .get(&partition)
                .or(highs.get(&partition))
                .unwrap_or(&0)
        })
    };
    starts
        .iter()
        .map(|(&partition, &start)| Range {
            partition,
            start,
            stop: stop_of(partition),
        })
        .collect()
}

/// Moves starts that retention overtook to the oldest offset, and says so.
pub(super) fn mend(topic: &str, ranges: Vec<Range>, lows: &Offsets) -> Plan {
    let mut plan = Plan::default();
    for mut range in ranges {
        let low = lows.get(&range.partition).copied().unwrap_or(range.start);
        if range.start < low {
            plan.lost.push(Lost {
                topic: topic.to_owned(),
                partition: range.partition,
                wanted: range.start,
                resumed: low,
            });
            range.start = low;
        }
        plan.ranges.push(range);
    }
    plan
}

/// Offsets that a person typed, checked against what is there.
///
/// # Errors
/// A failure that names the partition and what it holds.
pub(super) fn typed(
    topic: &str,
    offsets: &[(i32, i64)],
    highs: &Offsets,
) -> Result<Offsets, Failure> {
    offsets
        .iter()
        .map(|&(partition, offset)| match highs.get(&partition) {
            None => Err(wrong(
                format!("the topic {topic} has no partition {partition}"),
                format!("it has the partitions {}", names(highs)),
            )),
            Some(high) if offset > *high => Err(wrong(
                format!("partition {partition} of the topic {topic} has no offset {offset} yet"),
                format!("its next offset is {high}; a smaller number than before means that the topic was made anew"),
            )),
            Some(_) => Ok((partition, offset)),
        })
        .collect()
}

fn names(offsets: &Offsets) -> String {
    match (offsets.keys().next(), offsets.keys().next_back()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(only), _) => only.to_string(),
        _ => "none".to_owned(),
    }
}

fn wrong(what: String, fix: String) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what,
        fix: Some(fix),
        raw: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn offsets(pairs: &[(i32, i64)]) -> Offsets {
        pairs.iter().copied().collect()
    }

    fn range(partition: i32, start: i64, stop: Option<i64>) -> Range {
        Range {
            partition,
            start,
            stop,
        }
    }

    #[test]
    fn ranges_lie_between_starts_and_stops() {
        let highs = offsets(&[(0, 10), (1, 20)]);
        let starts = offsets(&[(0, 3), (1, 4)]);
        for (starts, stops, expected) in [
            (&starts, None, vec![range(0, 3, None), range(1, 4, None)]),
            (
                &starts,
                Some(offsets(&[(0, 7)])),
                vec![range(0, 3, Some(7)), range(1, 4, Some(20))],
            ),
            (
                &offsets(&[(1, 20)]),
                Some(highs.clone()),
                vec![range(1, 20, Some(20))],
            ),
        ] {
            assert_eq!(between(starts, stops.as_ref(), &highs), expected);
        }
    }

    #[test]
    fn a_start_that_retention_overtook_is_named() {
        let plan = mend(
            "t",
            vec![range(0, 5, None), range(1, 7, None)],
            &offsets(&[(0, 9), (1, 7)]),
        );
        assert_eq!(plan.ranges, [range(0, 9, None), range(1, 7, None)]);
        let lost = &plan.lost[0];
        assert_eq!((lost.partition, lost.wanted, lost.resumed), (0, 5, 9));
        assert_eq!(plan.lost.len(), 1);
    }

    #[test]
    fn typed_offsets_must_exist() {
        let highs = offsets(&[(0, 10), (1, 20)]);
        assert_eq!(typed("t", &[(0, 10)], &highs).unwrap(), offsets(&[(0, 10)]));
        for (asked, part) in [((2, 0), "no partition 2"), ((0, 11), "no offset 11 yet")] {
            let failure = typed("t", &[asked], &highs).unwrap_err();
            assert!(failure.what.contains(part), "{}", failure.what);
        }
    }
}
