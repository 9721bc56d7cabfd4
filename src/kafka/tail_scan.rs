//! The last records of a topic over all partitions together, by their time.
//! Reads backwards in growing windows, since only the caller knows which records count.

use std::collections::BTreeMap;
use std::time::Duration;

use super::plan::{Plan, Range};
use super::reader::Reader;
use super::topic::{Offsets, Stopped, Topic};
use crate::record::{Place, Record, Source, Step};

/// Where a record stands among all partitions: time, partition, offset.
pub(super) type Rank = (i64, i32, i64);

/// How long to wait for a step; only Ctrl-C ends a wait.
const WAIT: Duration = Duration::from_millis(100);
/// The first window of a partition is at least so many offsets wide.
const FIRST_WINDOW: i64 = 64;
/// Each window is so many times as wide as the one before.
const GROWTH: i64 = 4;

/// Finds the last `count` records between `lows` and `stops` that `keep` returns something for,
/// oldest first. Within a partition "last" goes by offset, between partitions by time.
///
/// # Errors
/// What ends a read: Ctrl-C, or a failure.
pub(super) fn last<T>(
    mut topic: Topic,
    lows: &Offsets,
    stops: &Offsets,
    count: usize,
    keep: &mut dyn FnMut(&Record<'_>) -> Option<T>,
) -> Result<(Topic, Vec<(Rank, T)>), Stopped> {
    let mut newest: BTreeMap<Rank, T> = BTreeMap::new();
    let mut searches: Vec<Search> = stops
        .iter()
        .map(|(&partition, &stop)| Search {
            partition,
            low: lows.get(&partition).copied().unwrap_or(stop).min(stop),
            edge: stop,
            found: 0,
        })
        .collect();
    let share = i64::try_from(count / searches.len().max(1)).unwrap_or(i64::MAX / 2);
    let mut window = share.saturating_mul(2).max(FIRST_WINDOW);
    loop {
        let ranges: Vec<Range> = searches
            .iter_mut()
            .filter(|search| search.found < count)
            .filter_map(|search| search.step(window))
            .collect();
        if ranges.is_empty() {
            return Ok((topic, newest.into_iter().collect()));
        }
        let plan = Plan {
            ranges,
            lost: Vec::new(),
        };
        let mut reader = Reader::start(topic, plan, None)?;
        read_window(&mut reader, &mut |record| {
            let (Some(rank), Some(kept)) = (rank(record), keep(record)) else {
                return;
            };
            if let Some(search) = searches
                .iter_mut()
                .find(|search| search.partition == rank.1)
            {
                search.found += 1;
            }
            newest.insert(rank, kept);
            if newest.len() > count {
                newest.pop_first();
            }
        })?;
        topic = reader.into_topic();
        window = window.saturating_mul(GROWTH);
    }
}

/// One partition on the way back.
struct Search {
    partition: i32,
    low: i64,
    /// The oldest offset that was read.
    edge: i64,
    /// Records that counted.
    found: usize,
}

impl Search {
    /// The next window before the last one; `None` at the beginning.
    fn step(&mut self, window: i64) -> Option<Range> {
        let stop = self.edge;
        self.edge = stop.saturating_sub(window).max(self.low);
        (self.edge < stop).then_some(Range {
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

fn read_window(reader: &mut Reader, each: &mut dyn FnMut(&Record<'_>)) -> Result<(), Stopped> {
    loop {
        match reader.next(WAIT) {
            Step::Record(record) => each(&record),
            Step::End => return Ok(()),
            Step::Interrupted => return Err(Stopped::Interrupted),
            Step::Failed(failure) => return Err(Stopped::Failed(failure)),
            // Retention between two windows: what is gone cannot be among the last.
            Step::Lost(_) | Step::Notice(_) | Step::Idle => {}
        }
    }
}

/// From the last records to the offsets at which reading them starts.
///
/// # Errors
/// As [`last`].
pub(super) fn back(
    topic: Topic,
    lows: &Offsets,
    stops: &Offsets,
    count: usize,
) -> Result<(Topic, Offsets), Stopped> {
    let (topic, found) = last(topic, lows, stops, count, &mut |_| Some(()))?;
    let mut starts = stops.clone();
    for ((_, partition, offset), ()) in found {
        let start = starts.entry(partition).or_insert(offset);
        *start = offset.min(*start);
    }
    Ok((topic, starts))
}
