//! High watermarks of all partitions, with the newest records before them: the offsets from which to resume.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::config::Connection;
use super::reader::Reader;
use super::resume::StartOffsets;
use super::topic::{ReadStopped, Report, Topic};
use super::witness::WitnessReader;
use super::{offsets, plan, resume, tail_scan};
use crate::record::incarnation::Incarnation;
use crate::record::last_n::Kept;
use crate::record::position::Position;
use crate::record::{OffsetGap, Record, Source, SourceItem};

/// How long a poll waits; short, because Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);

/// How many events before the end of each partition are read for the highest transaction. One would be enough if events
/// arrived in transaction order, but a bridge that restarts may repeat older ones.
const RECORDS_BEFORE_END: usize = 256;

/// Where the additional read starts.
#[derive(Debug, Clone)]
pub enum Since {
    /// A position from the command line.
    Position(Position),
    /// The next offsets of an earlier run. A missing offset is a gap, not an error.
    StartOffsets(StartOffsets),
}

/// The high watermarks of a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watermarks {
    /// The topic's name.
    pub topic: String,
    /// The cluster's id, if its brokers send it.
    pub cluster: Option<String>,
    /// The topic that the watermarks belong to.
    pub incarnation: Incarnation,
    /// Each partition with its high watermark.
    pub next: Vec<(i32, i64)>,
    /// Gaps in the part that was read.
    pub lost: Vec<OffsetGap>,
}

/// Queries the high watermarks of all partitions. Then passes to `visit` the newest records before them until it has
/// returned a value for 256 of them, and everything from `since` on.
///
/// # Errors
/// [`ReadStopped`] if the topic cannot be read or the user interrupts.
pub fn read_watermarks(
    connection: Connection,
    since: Option<&Since>,
    interrupt: Arc<AtomicBool>,
    report: &mut Report<'_>,
    visit: &mut dyn FnMut(&Record<'_>) -> Option<()>,
) -> Result<Watermarks, ReadStopped> {
    let topic = Topic::connect(connection.for_bounded_read(), None, interrupt, report)?;
    let (lows, highs) = (topic.low_watermarks()?, topic.high_watermarks()?);
    let mut watermarks = Watermarks {
        topic: topic.name().to_owned(),
        cluster: topic.cluster(),
        next: highs
            .iter()
            .map(|(&partition, &next)| (partition, next))
            .collect(),
        incarnation: topic.incarnation(),
        lost: Vec::new(),
    };
    if topic.id.is_none() {
        watermarks.incarnation.witnesses = WitnessReader::of(&topic).before(&highs, &lows);
    }
    let visit = &mut |record: &Record<'_>| visit(record).map(|()| (Kept::Counted, ()));
    let (topic, _) = tail_scan::last(topic, &lows, &highs, RECORDS_BEFORE_END, None, visit)?;
    let Some(since) = since else {
        return Ok(watermarks);
    };
    let (topic, starts, lost) = match since {
        Since::Position(position) => {
            let (topic, starts) = offsets(topic, position, &lows, &highs, None)?;
            (topic, starts, Vec::new())
        }
        Since::StartOffsets(stored) => {
            let resumption = resume::resume(&topic, stored, &lows, &highs);
            (topic, resumption.starts, resumption.lost)
        }
    };
    let ranges = plan::between(&starts, Some(&highs), &highs);
    let mut plan = plan::clamp_to_low_watermark(topic.name(), ranges, &lows);
    plan.lost.extend(lost);
    watermarks.lost.clone_from(&plan.lost);
    let mut reader = Reader::start(topic, plan, None)?;
    loop {
        match reader.next(POLL_TIMEOUT) {
            SourceItem::Record(record) => {
                visit(&record);
            }
            SourceItem::End => return Ok(watermarks),
            SourceItem::Interrupted => return Err(ReadStopped::Interrupted),
            SourceItem::Failed(failure) => return Err(ReadStopped::Failed(failure)),
            // Retention may also overtake this read. Gaps of the plan are already listed.
            SourceItem::OffsetGap(lost) if !watermarks.lost.contains(&lost) => {
                watermarks.lost.push(lost);
            }
            SourceItem::OffsetGap(_) | SourceItem::Notice(_) | SourceItem::Idle => {}
        }
    }
}
