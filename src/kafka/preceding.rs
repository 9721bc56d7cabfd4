//! Reads the newest records before given offsets, in growing windows, within a limit of records and time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::config::Connection;
use super::plan::{OffsetRange, ReadPlan};
use super::reader::Reader;
use super::tail_scan::read_window;
use super::topic::{Offsets, ReadStopped, Report, Topic};
use crate::record::Record;

/// Number of offsets of the first window, over all partitions.
const FIRST_WINDOW_OFFSETS: i64 = 4096;
/// Factor between two windows.
const WINDOW_GROWTH: i64 = 4;

/// Limits of a read. A window is read whole, or not at all, so that the records are the newest ones of each partition.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// Number of offsets, over all partitions.
    pub offsets: i64,
    /// No window is started that would probably end later.
    pub time: Duration,
}

/// The part that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrecedingRead {
    /// The cluster's id, if its brokers send it.
    pub cluster: Option<String>,
    /// Number of records.
    pub records: u64,
    /// Everything that the topic still contains was read.
    pub is_whole: bool,
    /// The offset of each partition from which on everything was read. Above 0, there are or were older records.
    pub starts: BTreeMap<i32, i64>,
}

/// Passes to `visit` the newest records before `ends`: newer windows first, and in order within a window.
///
/// # Errors
/// [`ReadStopped`] if the topic cannot be read or the user interrupts.
pub fn read_preceding(
    connection: Connection,
    ends: &BTreeMap<i32, i64>,
    limits: ReadLimits,
    interrupt: Arc<AtomicBool>,
    report: &mut Report<'_>,
    visit: &mut dyn FnMut(&Record<'_>),
) -> Result<PrecedingRead, ReadStopped> {
    let mut topic = Topic::connect(connection.for_bounded_read(), None, interrupt, report)?;
    let (lows, highs) = (topic.low_watermarks()?, topic.high_watermarks()?);
    let mut edges: Offsets = highs
        .iter()
        .map(|(partition, high)| {
            let end = ends.get(partition).copied().unwrap_or(0);
            (*partition, end.min(*high))
        })
        .collect();
    let mut starts = edges.clone();
    let (started, mut last_window) = (Instant::now(), Duration::ZERO);
    let share = FIRST_WINDOW_OFFSETS / i64::try_from(edges.len().max(1)).unwrap_or(1);
    let mut window = share.max(1);
    let mut read = PrecedingRead {
        cluster: topic.cluster(),
        ..PrecedingRead::default()
    };
    let mut left = limits.offsets;
    loop {
        let ranges = next_window(&mut edges, &lows, window);
        if ranges.is_empty() {
            read.is_whole = true;
            read.starts = edges;
            return Ok(read);
        }
        let width: u64 = ranges.iter().map(OffsetRange::len).sum();
        left = left.saturating_sub(i64::try_from(width).unwrap_or(i64::MAX));
        let expected = started.elapsed() + last_window * u32::try_from(WINDOW_GROWTH).unwrap_or(1);
        if left < 0 || expected > limits.time {
            read.starts = starts;
            return Ok(read);
        }
        let window_started = Instant::now();
        let plan = ReadPlan {
            ranges,
            lost: Vec::new(),
        };
        let mut reader = Reader::start(topic, plan, None)?;
        read_window(&mut reader, &mut |record| {
            read.records += 1;
            visit(record);
        })?;
        topic = reader.close();
        starts.clone_from(&edges);
        last_window = window_started.elapsed();
        window = window.saturating_mul(WINDOW_GROWTH);
    }
}

/// The next window of each partition before its edge, and moves the edge.
fn next_window(edges: &mut Offsets, lows: &Offsets, window: i64) -> Vec<OffsetRange> {
    let mut ranges = Vec::new();
    for (partition, edge) in edges {
        let low = lows.get(partition).copied().unwrap_or(*edge).min(*edge);
        let stop = *edge;
        *edge = stop.saturating_sub(window).max(low);
        if *edge < stop {
            ranges.push(OffsetRange {
                partition: *partition,
                start: *edge,
                stop: Some(stop),
            });
        }
    }
    ranges
}
