//! A Kafka topic as a source of records. The only importer of `rdkafka`.

mod addresses;
mod changes;
mod config;
mod context;
mod describe_ffi;
pub mod embedded;
mod failure;
mod group;
mod group_start;
pub mod inspect;
mod joining;
mod member;
mod message;
mod outage;
mod partition_queues;
mod partitions;
mod plan;
mod preceding;
pub mod producer;
mod queue_ffi;
mod reader;
mod resume;
pub mod retention;
mod schedule;
mod tail_scan;
mod take;
mod topic;
mod topic_id;
mod txn_search;
mod watch;
mod watermarks;
mod witness;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use config::Connection;
pub use group::Release;
pub use group_start::GroupStart;
pub use preceding::{PrecedingRead, ReadLimits, read_preceding};
pub use reader::Reader;
pub use resume::StartOffsets;
pub use topic::{ReadStopped, Report, Topic};
pub use txn_search::find_after_txn;
pub use watermarks::{Since, Watermarks, read_watermarks};
pub use witness::judge_by;

use self::group::Group;
use self::plan::OffsetRange;
use self::resume::Resumption;
use self::topic::Offsets;
use self::watch::Watched;
use self::witness::WitnessReader;
use crate::record::last_n::{Kept, LastN};
use crate::record::position::Position;
use crate::record::time_order::TxnOf;
use crate::record::{Failure, Record};

/// The part of a topic to read.
#[derive(Debug, Clone)]
pub struct ReadRange {
    /// Start position.
    pub from: Position,
    /// Offsets of an earlier run; they override `from`.
    pub stored: Option<StartOffsets>,
    /// Stop position, exclusive; `None` follows the topic.
    pub until: Option<Position>,
    /// The time now, in milliseconds since 1970-01-01 UTC.
    pub now: i64,
    /// Merges the partitions by time if the range ends at offsets that are known; reads a record's transaction.
    pub merge: Option<TxnOf>,
}

/// Connects to a topic without a group.
///
/// # Errors
/// [`ReadStopped`] if the topic does not exist or the user interrupts.
pub fn connect(
    connection: Connection,
    interrupt: Arc<AtomicBool>,
    report: &mut Report<'_>,
) -> Result<Topic, ReadStopped> {
    Topic::connect(connection, None, interrupt, report)
}

/// Starts to read.
///
/// # Errors
/// [`ReadStopped`] if the topic cannot be read or the user interrupts.
pub fn start(mut topic: Topic, range: &ReadRange) -> Result<Reader, ReadStopped> {
    if range.merge.is_some() && topic.partitions() > 1 {
        topic.divide_limits()?;
    }
    let (topic, bounds) = resolve(topic, range)?;
    let ranges = plan::between(&bounds.starts, bounds.stops.as_ref(), &bounds.highs);
    let mut plan = plan::clamp_to_low_watermark(topic.name(), ranges, &bounds.lows);
    plan.lost.extend(bounds.resumption.lost);
    let mut incarnation = bounds.resumption.incarnation;
    if incarnation.id.is_none() {
        let witnesses = WitnessReader::of(&topic).before(&bounds.starts, &bounds.lows);
        for (partition, found) in witnesses {
            incarnation.witnesses.entry(partition).or_insert(found);
        }
    }
    let names_partitions = range.stored.is_none() && matches!(range.from, Position::Offsets(_));
    let mut reader = match range.merge.filter(|_| bounds.stops.is_some()) {
        Some(txn_of) => Reader::start_merged(topic, plan, txn_of)?,
        None => Reader::start(topic, plan, bounds.until)?,
    };
    reader.watch_topic(Watched {
        incarnation,
        former: bounds.resumption.former,
        notices: bounds.resumption.notices,
        ignores_added: names_partitions,
    });
    Ok(reader)
}

/// Whether the topic was deleted and created again after offsets were recorded.
///
/// # Errors
/// A [`Failure`] if the brokers do not send the watermarks.
pub fn is_replaced(topic: &Topic, stored: &StartOffsets) -> Result<bool, Failure> {
    let (lows, highs) = (topic.low_watermarks()?, topic.high_watermarks()?);
    Ok(resume::resume(topic, stored, &lows, &highs)
        .former
        .is_some())
}

/// Connects to a topic as a member of the connection's group, which starts at `start` if it has no stored position.
///
/// # Errors
/// [`ReadStopped`] if the topic does not exist or the user interrupts.
pub fn connect_member(
    connection: Connection,
    start: GroupStart,
    interrupt: Arc<AtomicBool>,
    report: &mut Report<'_>,
) -> Result<Topic, ReadStopped> {
    let name = connection.group.clone().unwrap_or_default();
    let group = Group::new(name, connection.topic.clone(), start);
    Topic::connect(connection, Some(group), interrupt, report)
}

/// Joins the group and starts to read. `idle_exit` limits the wait for the first assignment.
///
/// # Errors
/// [`ReadStopped`] if the library rejects the subscription.
pub fn join(topic: Topic, idle_exit: Option<Duration>) -> Result<Reader, ReadStopped> {
    let incarnation = topic.incarnation();
    let mut reader = Reader::join(topic, idle_exit)?;
    reader.watch_topic(Watched {
        incarnation,
        ..Watched::default()
    });
    Ok(reader)
}

/// The values that `keep` returns for the last `count` records of a range that it counts.
///
/// # Errors
/// [`ReadStopped`] if the topic cannot be read or the user interrupts.
pub fn last<T>(
    connection: Connection,
    range: &ReadRange,
    count: usize,
    interrupt: Arc<AtomicBool>,
    report: &mut Report<'_>,
    keep: &mut dyn FnMut(&Record<'_>) -> Option<(Kept, T)>,
) -> Result<LastN<T>, ReadStopped> {
    let topic = Topic::connect(connection, None, interrupt, report)?;
    let (topic, bounds) = resolve(topic, range)?;
    let stops = bounds.stops.as_ref();
    let ranges = plan::between(&bounds.starts, stops.or(Some(&bounds.highs)), &bounds.highs);
    let part = |of: fn(&OffsetRange) -> i64| -> Offsets {
        ranges
            .iter()
            .map(|range| (range.partition, of(range)))
            .collect()
    };
    let lows = part(|range| range.start);
    let stops = part(|range| range.stop.unwrap_or(range.start));
    let (_, found) = tail_scan::last(topic, &lows, &stops, count, range.merge, keep)?;
    Ok(found)
}

/// The offsets of a range's start and stop.
struct OffsetBounds {
    starts: Offsets,
    stops: Option<Offsets>,
    /// A stop in the future, in milliseconds since 1970-01-01 UTC.
    until: Option<i64>,
    lows: Offsets,
    highs: Offsets,
    resumption: Resumption,
}

fn resolve(topic: Topic, range: &ReadRange) -> Result<(Topic, OffsetBounds), ReadStopped> {
    let lows = topic.low_watermarks();
    let lows = lows.map_err(|failure| topic.explain(failure))?;
    let highs = topic.high_watermarks()?;
    let until = match &range.until {
        Some(Position::Time(millis)) if *millis > range.now => Some(*millis),
        _ => None,
    };
    let wanted = range.until.as_ref().filter(|_| until.is_none());
    let (topic, stops) = match wanted {
        None => (topic, None),
        Some(position) => {
            let (topic, stops) = offsets(topic, position, &lows, &highs, range.merge)?;
            (topic, Some(stops))
        }
    };
    let limits = stops.as_ref().unwrap_or(&highs);
    let (topic, resumption) = if let Some(stored) = &range.stored {
        let resumption = resume::resume(&topic, stored, &lows, &highs);
        (topic, resumption)
    } else {
        let (topic, starts) = offsets(topic, &range.from, &lows, limits, range.merge)?;
        let incarnation = topic.incarnation();
        let resumption = Resumption {
            starts,
            incarnation,
            ..Resumption::default()
        };
        (topic, resumption)
    };
    let bounds = OffsetBounds {
        starts: resumption.starts.clone(),
        stops,
        until,
        lows,
        highs,
        resumption,
    };
    Ok((topic, bounds))
}

/// The offsets of a position. `-100` counts back from the stop offsets, if there are any, by time and by the transaction that
/// `txn_of` reads.
fn offsets(
    topic: Topic,
    position: &Position,
    lows: &Offsets,
    highs: &Offsets,
    txn_of: Option<TxnOf>,
) -> Result<(Topic, Offsets), ReadStopped> {
    let offsets = match position {
        Position::Beginning => lows.clone(),
        Position::End => highs.clone(),
        Position::Time(millis) => {
            let mut offsets = highs.clone();
            offsets.extend(topic.offsets_for_time(*millis)?);
            offsets
        }
        Position::Offsets(typed) => {
            plan::from_position(topic.name(), typed, &topic.high_watermarks()?)?
        }
        Position::Back(count) => {
            return tail_scan::start_of_last(topic, lows, highs, *count, txn_of);
        }
    };
    Ok((topic, offsets))
}
