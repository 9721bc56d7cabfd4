//! Backward scan for the last records of a topic, over all partitions by time, in growing windows.

use std::collections::BTreeMap;
use std::time::Duration;

use super::plan::{OffsetRange, ReadPlan};
use super::reader::Reader;
use super::topic::{Offsets, ReadStopped, Topic};
use crate::record::{Place, Record, Source, SourceItem};

/// Order of records across partitions: time, partition, offset.
pub(super) type Rank = (i64, i32, i64);

/// How long a poll waits; short, because Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// Smallest width of a partition's first window, in offsets.
const FIRST_WINDOW_OFFSETS: i64 = 64;
/// Factor between the widths of two windows.
const WINDOW_GROWTH: i64 = 4;

/// Finds the last `count` records between `lows` and `stops` for which `keep` returns a value, oldest first. Within a
/// partition the order is by offset, across partitions by time.
///
/// # Errors
/// [`ReadStopped`] for Ctrl-C or a failure.
pub(super) fn last<T>(
    mut topic: Topic,
    lows: &Offsets,
    stops: &Offsets,
    count: usize,
    keep: &mut dyn FnMut(&Record<'_>) -> Option<T>,
) -> Result<(Topic, Vec<(Rank, T)>), ReadStopped> {
    let mut newest: BTreeMap<Rank, T> = BTreeMap::new();
    let mut scans: Vec<PartitionScan> = stops
        .iter()
        .map(|(&partition, &stop)| PartitionScan {
            partition,
            low: lows.get(&partition).copied().unwrap_or(stop).min(stop),
            edge: stop,
            found: 0,
        })
        .collect();
    let share = i64::try_from(count / scans.len().max(1)).unwrap_or(i64::MAX / 2);
    let mut window = share.saturating_mul(2).max(FIRST_WINDOW_OFFSETS);
    loop {
        let ranges: Vec<OffsetRange> = scans
            .iter_mut()
            .filter(|scan| scan.found < count)
            .filter_map(|scan| scan.step(window))
            .collect();
        if ranges.is_empty() {
            return Ok((topic, newest.into_iter().collect()));
        }
        let plan = ReadPlan {
            ranges,
            lost: Vec::new(),
        };
        let mut reader = Reader::start(topic, plan, None)?;
        read_window(&mut reader, &mut |record| {
            let (Some(rank), Some(value)) = (rank(record), keep(record)) else {
                return;
            };
            if let Some(scan) = scans.iter_mut().find(|scan| scan.partition == rank.1) {
                scan.found += 1;
            }
            newest.insert(rank, value);
            if newest.len() > count {
                newest.pop_first();
            }
        })?;
        topic = reader.close();
        window = window.saturating_mul(WINDOW_GROWTH);
    }
}

/// The backward scan of one partition.
struct PartitionScan {
    partition: i32,
    low: i64,
    /// The oldest offset that was read.
    edge: i64,
    /// Number of records for which there is a value.
    found: usize,
}

impl PartitionScan {
    /// The next window before the last one; `None` at the beginning.
    fn step(&mut self, window: i64) -> Option<OffsetRange> {
        let stop = self.edge;
        self.edge = stop.saturating_sub(window).max(self.low);
        (self.edge < stop).then_some(OffsetRange {
            partition: self.partition,
            start: self.edge,
            stop: Some(stop),
        })
    }
}

fn rank(record: &Record<'_>) -> Option<Rank> {
    let Place::Offset {
        partition, offset, ..
    } = record.place
    else {
        return None;
    };
    let millis = record.time.map_or(i64::MIN, |time| time.millis);
    Some((millis, partition, offset))
}

/// Reads to the end of a bounded plan.
///
/// # Errors
/// [`ReadStopped`] for Ctrl-C or a failure.
pub(super) fn read_window(
    reader: &mut Reader,
    each: &mut dyn FnMut(&Record<'_>),
) -> Result<(), ReadStopped> {
    loop {
        match reader.next(POLL_TIMEOUT) {
            SourceItem::Record(record) => each(&record),
            SourceItem::End => return Ok(()),
            SourceItem::Interrupted => return Err(ReadStopped::Interrupted),
            SourceItem::Failed(failure) => return Err(ReadStopped::Failed(failure)),
            // Retention between two windows: removed records are not among the last.
            SourceItem::OffsetGap(_) | SourceItem::Notice(_) | SourceItem::Idle => {}
        }
    }
}

/// The offsets from which the last `count` records are read.
///
/// # Errors
/// As [`last`].
pub(super) fn start_of_last(
    topic: Topic,
    lows: &Offsets,
    stops: &Offsets,
    count: usize,
) -> Result<(Topic, Offsets), ReadStopped> {
    let (topic, found) = last(topic, lows, stops, count, &mut |_| Some(()))?;
    let mut starts = stops.clone();
    for ((_, partition, offset), ()) in found {
        let start = starts.entry(partition).or_insert(offset);
        *start = offset.min(*start);
    }
    Ok((topic, starts))
}
