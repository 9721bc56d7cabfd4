//! Reads the changes in the stream since recorded offsets, and waits for late ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commands::Context;
use crate::kafka;
use crate::kafka::{Connection, ReadRange, ReadStopped, Reader, StartOffsets};
use crate::record::incarnation::Incarnation;
use crate::record::position::Position;
use crate::record::{GapReason, OffsetGap, Record, Source, SourceItem};
use crate::snapshot::manifest;

/// How long late events are waited for after the last response.
const MAX_EVENT_DELAY: Duration = Duration::from_secs(3);
/// How long the stream may need to reach the last response, as long as events keep arriving.
const MAX_CATCH_UP: Duration = Duration::from_secs(30);
/// Timeout of a poll; short, because Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// Number of records between two checks of the ledger.
const RECORDS_PER_CHECK: u32 = 4096;

/// What a read of the changes is for.
pub trait ChangeVisitor {
    /// Takes a record.
    fn record(&mut self, record: &Record<'_>);

    /// Notes why the changes are not known completely.
    fn note_failure(&mut self, why: String);

    /// Whether events that are still to come matter.
    fn awaits_events(&self) -> bool;

    /// Whether the stream has reached the responses that it is compared with.
    fn has_reached_responses(&self) -> bool;
}

/// Offsets of a topic.
#[derive(Debug, Clone)]
pub struct StreamStart {
    /// The next offset of each partition.
    pub next: Vec<(i32, i64)>,
    /// Which topic of that name they belong to.
    pub incarnation: Incarnation,
}

impl StreamStart {
    /// The offsets of a manifest.
    #[must_use]
    pub fn new(positions: &[manifest::Position], topic: &str) -> StreamStart {
        let next = positions.iter().map(|one| (one.partition, one.next_offset));
        StreamStart {
            next: next.collect(),
            incarnation: manifest::incarnation(positions, topic),
        }
    }

    /// The offsets that a reader has reached.
    #[must_use]
    pub fn of(reader: &Reader) -> StreamStart {
        StreamStart {
            next: reader.next_offsets(),
            incarnation: reader.incarnation(),
        }
    }

    /// The range from these offsets on.
    #[must_use]
    pub fn range(self, until: Option<Position>) -> ReadRange {
        ReadRange {
            from: Position::End,
            stored: Some(StartOffsets {
                next: self.next.into_iter().collect(),
                // A partition without an offset is new, and is read from its first record.
                partitions: 0,
                lost: Vec::new(),
                incarnation: self.incarnation,
            }),
            until,
            now: 0,
            merge: None,
        }
    }
}

/// Reads the stream from recorded offsets on, to its end and some seconds longer.
pub struct ChangeReader {
    connection: Connection,
    cluster: Option<String>,
}

impl ChangeReader {
    /// A reader of the topic of the connection. Offsets of another cluster are refused.
    #[must_use]
    pub fn new(connection: Connection, cluster: Option<String>) -> ChangeReader {
        ChangeReader {
            connection: connection.for_bounded_read(),
            cluster,
        }
    }

    /// Reads to the end, and, if events that are still to come matter, [`MAX_EVENT_DELAY`] longer. Returns where the read
    /// ended.
    ///
    /// # Errors
    /// [`ReadStopped`] if the stream cannot be read, or after Ctrl-C.
    pub fn scan(
        &self,
        start: StreamStart,
        visitor: &mut dyn ChangeVisitor,
        context: &mut Context<'_>,
    ) -> Result<StreamStart, ReadStopped> {
        let interrupt = Arc::clone(context.interrupt);
        let note = &mut |line: &str| context.out.note(line);
        let topic = kafka::connect(self.connection.clone(), interrupt, note)?;
        let cluster = topic.cluster();
        if self.cluster.is_some() && cluster.is_some() && self.cluster != cluster {
            visitor.note_failure(
                "the brokers belong to a different cluster than at the start".to_owned(),
            );
            return Ok(start);
        }
        let mut scan = ChangeScan {
            visitor,
            started: Instant::now(),
        };
        let mut reader = kafka::start(topic, &start.range(Some(Position::End)))?;
        scan.read_to_end(&mut reader)?;
        if !scan.visitor.awaits_events() {
            return Ok(StreamStart::of(&reader));
        }
        let range = StreamStart::of(&reader).range(None);
        let mut reader = kafka::start(reader.close(), &range)?;
        scan.wait_for_late_events(&mut reader)?;
        let range = StreamStart::of(&reader).range(Some(Position::End));
        let mut reader = kafka::start(reader.close(), &range)?;
        scan.read_to_end(&mut reader)?;
        Ok(StreamStart::of(&reader))
    }
}

/// Why the changes in the stream are not known completely.
fn describe_gap(lost: &OffsetGap) -> String {
    match lost.why {
        GapReason::Retention | GapReason::PossiblyAfterTxn(_) => format!(
            "the offsets {} to {} of partition {} are gone",
            lost.wanted,
            lost.resumed - 1,
            lost.partition
        ),
        _ => lost.message(),
    }
}

/// A read in progress.
struct ChangeScan<'a> {
    visitor: &'a mut dyn ChangeVisitor,
    /// The time of the last response, at most.
    started: Instant,
}

impl ChangeScan<'_> {
    fn read_to_end(&mut self, reader: &mut Reader) -> Result<(), ReadStopped> {
        while self.step(reader)?.is_some() {}
        Ok(())
    }

    /// Waits for [`MAX_EVENT_DELAY`] in any case, and for [`MAX_CATCH_UP`] if the stream has not reached the last
    /// response and events keep arriving.
    fn wait_for_late_events(&mut self, reader: &mut Reader) -> Result<(), ReadStopped> {
        let (mut records, mut arrived) = (0_u32, Instant::now());
        loop {
            match self.step(reader)? {
                None => return Ok(()),
                Some(true) => {
                    records = records.wrapping_add(1);
                    arrived = Instant::now();
                    if !records.is_multiple_of(RECORDS_PER_CHECK) {
                        continue;
                    }
                }
                Some(false) => {}
            }
            let waited = self.started.elapsed();
            let is_stuck = arrived.elapsed() > MAX_EVENT_DELAY || waited > MAX_CATCH_UP;
            let is_over = self.visitor.has_reached_responses() || is_stuck;
            if !self.visitor.awaits_events() || waited > MAX_EVENT_DELAY && is_over {
                return Ok(());
            }
        }
    }

    /// Takes one item: whether it was a record; `None` at the end.
    fn step(&mut self, reader: &mut Reader) -> Result<Option<bool>, ReadStopped> {
        match reader.next(POLL_TIMEOUT) {
            SourceItem::Record(record) => {
                self.visitor.record(&record);
                Ok(Some(true))
            }
            SourceItem::OffsetGap(lost) => {
                self.visitor.note_failure(describe_gap(&lost));
                Ok(Some(false))
            }
            SourceItem::End => Ok(None),
            SourceItem::Interrupted => Err(ReadStopped::Interrupted),
            SourceItem::Failed(failure) => Err(ReadStopped::Failed(failure)),
            SourceItem::Notice(_) | SourceItem::Idle => Ok(Some(false)),
        }
    }
}
