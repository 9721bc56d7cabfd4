//! Backward scan for the last records of a topic, over all partitions by time, in growing windows.

use std::time::Duration;

use super::plan::{OffsetRange, ReadPlan};
use super::reader::Reader;
use super::topic::{Offsets, ReadStopped, Topic};
use crate::record::last_n::{Kept, LastN, Order, PartitionKeys};
use crate::record::time_order::TxnOf;
use crate::record::{Place, Record, Source, SourceItem};

/// How long a poll waits; short, because Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// Smallest width of a partition's first window, in offsets.
const FIRST_WINDOW_OFFSETS: i64 = 64;
/// Factor between the widths of two windows.
const WINDOW_GROWTH: i64 = 4;

/// Finds the last `count` records between `lows` and `stops` that `keep` counts, and the additions among them. Within a
/// partition the order is by offset, across partitions by time, then by the transaction that `txn_of` reads.
///
/// # Errors
/// [`ReadStopped`] for Ctrl-C or a failure.
pub(super) fn last<T>(
    mut topic: Topic,
    lows: &Offsets,
    stops: &Offsets,
    count: usize,
    txn_of: Option<TxnOf>,
    keep: &mut dyn FnMut(&Record<'_>) -> Option<(Kept, T)>,
) -> Result<(Topic, LastN<T>), ReadStopped> {
    let mut newest = LastN::new(count);
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
            return Ok((topic, newest));
        }
        let plan = ReadPlan {
            ranges,
            lost: Vec::new(),
        };
        let mut reader = Reader::start(topic, plan, None)?;
        let mut keys = PartitionKeys::new(txn_of);
        read_window(&mut reader, &mut |record| {
            let Some(order) = order(record, &mut keys) else {
                return;
            };
            let Some((kept, value)) = keep(record) else {
                return;
            };
            let scan = scans.iter_mut().find(|scan| scan.partition == order.1);
            if let (Some(scan), Kept::Counted) = (scan, kept) {
                scan.found += 1;
            }
            newest.push(order, kept, value);
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
    /// Number of records that count.
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

fn order(record: &Record<'_>, keys: &mut PartitionKeys) -> Option<Order> {
    let Place::Offset {
        partition, offset, ..
    } = record.place
    else {
        return None;
    };
    Some((keys.next(partition, record), partition, offset))
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
    txn_of: Option<TxnOf>,
) -> Result<(Topic, Offsets), ReadStopped> {
    let (topic, found) = last(topic, lows, stops, count, txn_of, &mut |_| {
        Some((Kept::Counted, ()))
    })?;
    let mut starts = stops.clone();
    for ((_, partition, offset), ()) in found.into_values() {
        let start = starts.entry(partition).or_insert(offset);
        *start = offset.min(*start);
    }
    Ok((topic, starts))
}
