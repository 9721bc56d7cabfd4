//! Resolves start and stop positions to offset ranges. Pure.

use super::topic::Offsets;
use crate::record::{Failure, FailureClass, GapReason, OffsetGap};

/// The offsets to read of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OffsetRange {
    /// The partition, counted from 0.
    pub partition: i32,
    /// The first offset to deliver.
    pub start: i64,
    /// The first offset not to deliver; `None` follows the partition.
    pub stop: Option<i64>,
}

impl OffsetRange {
    /// Number of offsets of a bounded range.
    pub(super) fn len(&self) -> u64 {
        self.stop
            .map_or(0, |stop| u64::try_from(stop - self.start).unwrap_or(0))
    }
}

/// The ranges to read, and the gaps before them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReadPlan {
    pub ranges: Vec<OffsetRange>,
    pub lost: Vec<OffsetGap>,
}

/// Ranges between start and stop offsets. Only partitions of `starts` are read; a partition without a stop is read to
/// its high watermark if there are stops at all.
pub(super) fn between(
    starts: &Offsets,
    stops: Option<&Offsets>,
    highs: &Offsets,
) -> Vec<OffsetRange> {
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
        .map(|(&partition, &start)| OffsetRange {
            partition,
            start,
            stop: stop_of(partition),
        })
        .collect()
}

/// Raises starts below the low watermark to it, and reports each as a gap.
pub(super) fn clamp_to_low_watermark(
    topic: &str,
    ranges: Vec<OffsetRange>,
    lows: &Offsets,
) -> ReadPlan {
    let mut plan = ReadPlan::default();
    for mut range in ranges {
        let low = lows.get(&range.partition).copied().unwrap_or(range.start);
        if range.start < low {
            let why = GapReason::Retention;
            let gap = OffsetGap::new(topic, range.partition, range.start, low, why);
            plan.lost.push(gap);
            range.start = low;
        }
        plan.ranges.push(range);
    }
    plan
}

/// Start offsets of an earlier run, with gaps where they no longer exist. `known` is the number of partitions at that
/// time: later partitions are read from their first record.
pub(super) fn from_stored(
    topic: &str,
    stored: &Offsets,
    known: i32,
    lows: &Offsets,
    highs: &Offsets,
) -> (Offsets, Vec<OffsetGap>) {
    let mut starts: Offsets = added(stored, known, highs)
        .map(|partition| (partition, 0))
        .collect();
    starts.extend(stored);
    let mut lost = Vec::new();
    starts.retain(|&partition, start| {
        let low = lows.get(&partition).copied().unwrap_or(0);
        let why = match highs.get(&partition) {
            None => GapReason::Gone,
            Some(high) if *start > *high => GapReason::Rewound,
            Some(_) if *start < low => GapReason::Retention,
            Some(_) => return true,
        };
        lost.push(OffsetGap::new(topic, partition, *start, low, why));
        *start = low;
        why != GapReason::Gone
    });
    (starts, lost)
}

/// The partitions that were added after an earlier run, which knew `known` partitions.
pub(super) fn added(stored: &Offsets, known: i32, highs: &Offsets) -> impl Iterator<Item = i32> {
    let is_new = move |partition: &i32| *partition >= known && !stored.contains_key(partition);
    highs.keys().copied().filter(is_new)
}

/// Start offsets in a topic that was created again: the first record of each partition of the earlier run, and of later
/// ones. Each partition of the earlier run is a gap.
pub(super) fn from_replaced(
    topic: &str,
    stored: &Offsets,
    known: i32,
    lows: &Offsets,
    highs: &Offsets,
) -> (Offsets, Vec<OffsetGap>) {
    let low = |partition: i32| lows.get(&partition).copied().unwrap_or(0);
    let again = highs.keys().copied().filter(|id| stored.contains_key(id));
    let starts = again.chain(added(stored, known, highs));
    let starts = starts.map(|partition| (partition, low(partition)));
    let gap = |(&partition, &wanted): (&i32, &i64)| {
        let why = if highs.contains_key(&partition) {
            GapReason::Recreated
        } else {
            GapReason::Gone
        };
        OffsetGap::new(topic, partition, wanted, low(partition), why)
    };
    (starts.collect(), stored.iter().map(gap).collect())
}

/// Start offsets from `--from`, checked against the watermarks.
///
/// # Errors
/// A [`Failure`] with the partition and its offsets.
pub(super) fn from_position(
    topic: &str,
    offsets: &[(i32, i64)],
    highs: &Offsets,
) -> Result<Offsets, Failure> {
    offsets
        .iter()
        .map(|&(partition, offset)| match highs.get(&partition) {
            None => Err(setup_failure(
                format!("the topic {topic} has no partition {partition}"),
                format!(
                    "it has the partitions {}{}",
                    partition_names(highs),
                    time_of_day(partition, offset)
                ),
            )),
            Some(high) if offset > *high => Err(setup_failure(
                format!("partition {partition} of the topic {topic} has no offset {offset} yet"),
                format!("its next offset is {high}; a smaller number than before means that the topic was re-created"),
            )),
            Some(_) => Ok((partition, offset)),
        })
        .collect()
}

/// How to write a time such as `12:30`, which has the form of an offset.
fn time_of_day(partition: i32, offset: i64) -> String {
    if (0..24).contains(&partition) && (10..60).contains(&offset) {
        format!("; for the time {partition}:{offset} write @{partition:02}:{offset}")
    } else {
        String::new()
    }
}

fn partition_names(offsets: &Offsets) -> String {
    match (offsets.keys().next(), offsets.keys().next_back()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(only), _) => only.to_string(),
        _ => "none".to_owned(),
    }
}

fn setup_failure(what: String, fix: String) -> Failure {
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

    fn range(partition: i32, start: i64, stop: Option<i64>) -> OffsetRange {
        OffsetRange {
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
        let plan = clamp_to_low_watermark(
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
    fn stored_offsets_resume_or_are_reported_as_gaps() {
        use GapReason::{Gone, Retention, Rewound};
        type Case<'c> = (
            &'c [(i32, i64)],
            i32,
            &'c [(i32, i64)],
            &'c [(i32, i64, i64, GapReason)],
        );
        let (lows, highs) = (offsets(&[(0, 5), (1, 0)]), offsets(&[(0, 10), (1, 20)]));
        let cases: &[Case<'_>] = &[
            (&[(0, 7), (1, 20)], 2, &[(0, 7), (1, 20)], &[]),
            // The oldest record is the next one: nothing was lost.
            (&[(0, 5), (1, 0)], 2, &[(0, 5), (1, 0)], &[]),
            (
                &[(0, 4), (1, 0)],
                2,
                &[(0, 5), (1, 0)],
                &[(0, 4, 5, Retention)],
            ),
            (
                &[(0, 11), (1, 0)],
                2,
                &[(0, 5), (1, 0)],
                &[(0, 11, 5, Rewound)],
            ),
            (
                &[(0, 7), (1, 3), (2, 9)],
                3,
                &[(0, 7), (1, 3)],
                &[(2, 9, 0, Gone)],
            ),
            // A partition added later is read from its first record.
            (&[(0, 7)], 1, &[(0, 7), (1, 0)], &[]),
            (&[(1, 7)], 0, &[(0, 5), (1, 7)], &[(0, 0, 5, Retention)]),
            // A partition that existed and was not read is still not read.
            (&[(1, 7)], 2, &[(1, 7)], &[]),
        ];
        for (positions, known, expected, losses) in cases {
            let (starts, lost) = from_stored("t", &offsets(positions), *known, &lows, &highs);
            let lost: Vec<_> = lost
                .iter()
                .map(|lost| (lost.partition, lost.wanted, lost.resumed, lost.why))
                .collect();
            assert_eq!(starts, offsets(expected), "{positions:?}");
            assert_eq!(lost, *losses, "{positions:?}");
        }
    }

    #[test]
    fn a_topic_that_was_created_again_is_read_from_its_first_records() {
        use GapReason::{Gone, Recreated};
        let (lows, highs) = (offsets(&[(0, 5), (1, 0)]), offsets(&[(0, 10), (1, 20)]));
        for (positions, known, expected, losses) in [
            (
                &[(0, 7), (1, 3), (2, 9)][..],
                3,
                &[(0, 5), (1, 0)][..],
                &[(0, 7, 5, Recreated), (1, 3, 0, Recreated), (2, 9, 0, Gone)][..],
            ),
            // A partition that did not exist before is read without a gap.
            (&[(0, 7)], 1, &[(0, 5), (1, 0)], &[(0, 7, 5, Recreated)]),
            (&[(0, 7)], 0, &[(0, 5), (1, 0)], &[(0, 7, 5, Recreated)]),
            // A partition that existed and was not read is still not read.
            (&[(1, 7)], 2, &[(1, 0)], &[(1, 7, 0, Recreated)]),
        ] {
            let (starts, lost) = from_replaced("t", &offsets(positions), known, &lows, &highs);
            let lost: Vec<_> = lost
                .iter()
                .map(|lost| (lost.partition, lost.wanted, lost.resumed, lost.why))
                .collect();
            assert_eq!(starts, offsets(expected), "{positions:?}");
            assert_eq!(lost, losses, "{positions:?}");
        }
    }

    #[test]
    fn typed_offsets_must_exist() {
        let highs = offsets(&[(0, 10), (1, 20)]);
        assert_eq!(
            from_position("t", &[(0, 10)], &highs).unwrap(),
            offsets(&[(0, 10)])
        );
        for (requested, part) in [
            ((2, 0), "no partition 2"),
            ((0, 11), "no offset 11 yet"),
            ((9, 30), "for the time 9:30 write @09:30"),
        ] {
            let failure = from_position("t", &[requested], &highs).unwrap_err();
            assert!(format!("{failure:?}").contains(part), "{failure:?}");
        }
    }
}
