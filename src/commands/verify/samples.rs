//! Reads the oldest and newest records of a topic as samples.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::kafka::inspect::{Inspector, OpenPartitions, Partition, QueryError, ReadItem};
use crate::record::{Place, Record};
use crate::verify::check::kafka::Sample;

/// Limit for reading the start or the end of all partitions.
const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// Limit for each further search for a record.
const SEARCH_TIMEOUT: Duration = Duration::from_millis(1200);
/// Number of offsets before a partition's end at which the search for its newest record starts.
/// Kafka transactions end with control records, which take an offset each.
const END_LOOKBACK: i64 = 3;
/// The same, if no partition has a readable record there: open and aborted transactions cannot be read.
const FURTHER_LOOKBACKS: [i64; 2] = [200, 20_000];

/// Records of a topic.
#[derive(Default)]
pub(super) struct Samples {
    /// The first record of each partition.
    pub oldest: Vec<Sample>,
    /// The last record of each partition, if it is near the end.
    pub newest: Vec<Sample>,
    /// Whether a partition has offsets.
    pub has_offsets: bool,
}

impl Samples {
    /// # Errors
    /// [`QueryError`] if the user may not read the topic, also if it is empty.
    pub(super) fn read(
        inspector: &Inspector,
        partitions: &[Partition],
    ) -> Result<Samples, QueryError> {
        let filled = |one: &Partition| {
            let (low, high) = (one.low?, one.high?);
            (low < high).then_some((one.id, low, high))
        };
        let filled: Vec<(i32, i64, i64)> = partitions.iter().filter_map(filled).collect();
        if filled.is_empty() {
            try_to_read(inspector, partitions)?;
            return Ok(Samples::default());
        }
        let mut newest = newest_records(inspector, &filled, END_LOOKBACK, READ_TIMEOUT)?;
        for lookback in FURTHER_LOOKBACKS {
            if newest.is_empty() {
                newest = newest_records(inspector, &filled, lookback, SEARCH_TIMEOUT)?;
            }
        }
        let starts: Vec<(i32, i64)> = filled.iter().map(|(id, low, _)| (*id, *low)).collect();
        Ok(Samples {
            oldest: last_records(inspector, &starts, READ_TIMEOUT, &|_| true)?,
            newest,
            has_offsets: true,
        })
    }

    /// The newest records, or the oldest if none was found near the ends.
    pub(super) fn readable(&self) -> &[Sample] {
        if self.newest.is_empty() {
            &self.oldest
        } else {
            &self.newest
        }
    }
}

/// Fetches from the end of a partition: only this shows whether the topic may be read, and not only described.
fn try_to_read(inspector: &Inspector, partitions: &[Partition]) -> Result<(), QueryError> {
    let end = partitions.iter().find_map(|one| Some((one.id, one.high?)));
    match end {
        Some(end) => inspector.read(&[end], READ_TIMEOUT, &mut |_| ControlFlow::Break(())),
        None => Ok(()),
    }
}

/// The last record of each partition (id, low and high watermark) within `lookback` offsets before its end.
fn newest_records(
    inspector: &Inspector,
    filled: &[(i32, i64, i64)],
    lookback: i64,
    timeout: Duration,
) -> Result<Vec<Sample>, QueryError> {
    let starts: Vec<(i32, i64)> = filled
        .iter()
        .map(|(id, low, high)| (*id, (*low).max(high - lookback)))
        .collect();
    last_records(inspector, &starts, timeout, &|sample| {
        let end = filled.iter().find(|(id, _, _)| *id == sample.partition);
        end.is_none_or(|(_, _, high)| sample.offset >= high - 1)
    })
}

/// The last record of each partition, up to the first one for which `is_last` holds or to the end of the partition.
fn last_records(
    inspector: &Inspector,
    starts: &[(i32, i64)],
    timeout: Duration,
    is_last: &dyn Fn(&Sample) -> bool,
) -> Result<Vec<Sample>, QueryError> {
    let (mut open, mut found) = (OpenPartitions::new(starts), BTreeMap::new());
    inspector.read(starts, timeout, &mut |seen| match seen {
        ReadItem::End(partition) => open.close(partition),
        ReadItem::Record(record) => {
            let Some(sample) = record_sample(&record) else {
                return ControlFlow::Continue(());
            };
            if !open.has(sample.partition) {
                return ControlFlow::Continue(());
            }
            let (partition, last) = (sample.partition, is_last(&sample));
            found.insert(partition, sample);
            if last {
                return open.close(partition);
            }
            ControlFlow::Continue(())
        }
    })?;
    Ok(found.into_values().collect())
}

/// An owned copy of the record; `None` if it has no offset.
pub(super) fn record_sample(record: &Record<'_>) -> Option<Sample> {
    let Place::Offset {
        partition, offset, ..
    } = record.place
    else {
        return None;
    };
    Some(Sample {
        partition,
        offset,
        timestamp_ms: record.time.map(|time| time.millis),
        payload: record.payload.as_deref().map(<[u8]>::to_vec),
    })
}
