//! A Kafka topic as a source. The only importer of `rdkafka`.
//! Certificates come from `tls`; events are left to `event`.

mod config;
mod context;
pub mod embedded;
mod failure;
mod group;
pub mod inspect;
mod message;
mod partitions;
mod plan;
mod reader;
mod tail_scan;
mod topic;
mod txn_search;
mod watermarks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rdkafka::topic_partition_list::Offset;

pub use config::Connection;
pub use reader::Reader;
pub use topic::{Stopped, Tell, Topic};
pub use txn_search::behind;
pub use watermarks::{Ends, Since, ends};

use self::group::Group;
use self::plan::Range;
use self::topic::Offsets;
use crate::record::position::Position;
use crate::record::{Lost, Record};

/// Which part of a topic to read.
#[derive(Debug, Clone)]
pub struct Span {
    /// Where to start.
    pub from: Position,
    /// Positions that an earlier run kept; they win over `from`.
    pub kept: Option<Kept>,
    /// Where to stop, that position itself not included; `None` follows the topic.
    pub until: Option<Position>,
    /// The time now, in milliseconds since 1970-01-01 UTC.
    pub now: i64,
}

/// Where an earlier run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// The next offset of each partition that was read.
    pub next: BTreeMap<i32, i64>,
    /// How many partitions the topic had. Later ones are read from their first record.
    pub partitions: i32,
    /// What is known to be lost, to be said before anything is read.
    pub lost: Vec<Lost>,
}

/// Connects to a topic that is read without a group.
///
/// # Errors
/// [`Stopped`] where the topic cannot be found or the user interrupts.
pub fn connect(
    connection: Connection,
    interrupt: Arc<AtomicBool>,
    tell: &mut Tell<'_>,
) -> Result<Topic, Stopped> {
    Topic::connect(connection, None, interrupt, tell)
}

/// Starts to read.
///
/// # Errors
/// [`Stopped`] where the topic cannot be read or the user interrupts.
pub fn start(topic: Topic, span: &Span) -> Result<Reader, Stopped> {
    let (topic, bounds) = resolve(topic, span)?;
    let ranges = plan::between(&bounds.starts, bounds.stops.as_ref(), &bounds.highs);
    let mut plan = plan::mend(topic.name(), ranges, &bounds.lows);
    plan.lost.extend(bounds.lost);
    Ok(Reader::start(topic, plan, bounds.until)?)
}

/// Connects and starts to read. With a group in the connection the group's positions win over the span.
///
/// # Errors
/// [`Stopped`] where the topic cannot be read or the user interrupts.
pub fn open(
    connection: Connection,
    span: &Span,
    interrupt: Arc<AtomicBool>,
    tell: &mut Tell<'_>,
) -> Result<Reader, Stopped> {
    if connection.group.is_some() {
        let start = match span.from {
            Position::Beginning => Offset::Beginning,
            _ => Offset::End,
        };
        let topic = Topic::connect(connection, Some(Group::new(start)), interrupt, tell)?;
        return Ok(Reader::join(topic)?);
    }
    start(connect(connection, interrupt, tell)?, span)
}

/// The last `count` records of a span for which `keep` returns something, oldest first.
///
/// # Errors
/// [`Stopped`] where the topic cannot be read or the user interrupts.
pub fn last<T>(
    connection: Connection,
    span: &Span,
    count: usize,
    interrupt: Arc<AtomicBool>,
    tell: &mut Tell<'_>,
    keep: &mut dyn FnMut(&Record<'_>) -> Option<T>,
) -> Result<Vec<T>, Stopped> {
    let topic = Topic::connect(connection, None, interrupt, tell)?;
    let (topic, bounds) = resolve(topic, span)?;
    let stops = bounds.stops.as_ref();
    let ranges = plan::between(&bounds.starts, stops.or(Some(&bounds.highs)), &bounds.highs);
    let part = |of: fn(&Range) -> i64| -> Offsets {
        ranges
            .iter()
            .map(|range| (range.partition, of(range)))
            .collect()
    };
    let lows = part(|range| range.start);
    let stops = part(|range| range.stop.unwrap_or(range.start));
    let (_, found) = tail_scan::last(topic, &lows, &stops, count, keep)?;
    Ok(found.into_iter().map(|(_, kept)| kept).collect())
}

/// Offsets for both ends of a span.
struct Bounds {
    starts: Offsets,
    stops: Option<Offsets>,
    /// A stop that lies in the future, in milliseconds since 1970-01-01 UTC.
    until: Option<i64>,
    lows: Offsets,
    highs: Offsets,
    /// Kept positions that are no longer there.
    lost: Vec<Lost>,
}

fn resolve(topic: Topic, span: &Span) -> Result<(Topic, Bounds), Stopped> {
    let lows = topic.beginnings()?;
    let highs = topic.ends()?;
    let until = match &span.until {
        Some(Position::Time(millis)) if *millis > span.now => Some(*millis),
        _ => None,
    };
    let wanted = span.until.as_ref().filter(|_| until.is_none());
    let (topic, stops) = match wanted {
        None => (topic, None),
        Some(position) => {
            let (topic, stops) = offsets(topic, position, &lows, &highs)?;
            (topic, Some(stops))
        }
    };
    let limits = stops.as_ref().unwrap_or(&highs);
    let (topic, starts, lost) = if let Some(kept) = &span.kept {
        let (starts, lost) = plan::kept(topic.name(), &kept.next, kept.partitions, &lows, &highs);
        (topic, starts, [kept.lost.clone(), lost].concat())
    } else {
        let (topic, starts) = offsets(topic, &span.from, &lows, limits)?;
        (topic, starts, Vec::new())
    };
    let bounds = Bounds {
        starts,
        stops,
        until,
        lows,
        highs,
        lost,
    };
    Ok((topic, bounds))
}

/// The offsets that a position means. `-100` counts back from the stops, where there are any.
fn offsets(
    topic: Topic,
    position: &Position,
    lows: &Offsets,
    highs: &Offsets,
) -> Result<(Topic, Offsets), Stopped> {
    let offsets = match position {
        Position::Beginning => lows.clone(),
        Position::End => highs.clone(),
        Position::Time(millis) => {
            let mut offsets = highs.clone();
            offsets.extend(topic.at_time(*millis)?);
            offsets
        }
        Position::Offsets(typed) => plan::typed(topic.name(), typed, &topic.ends()?)?,
        Position::Back(count) => return tail_scan::back(topic, lows, highs, *count),
    };
    Ok((topic, offsets))
}
