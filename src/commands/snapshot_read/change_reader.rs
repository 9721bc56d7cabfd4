//! Reads the changes in the stream between the counts of a collection read, for the completeness proof.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commands::Context;
use crate::condition::Condition;
use crate::event;
use crate::kafka;
use crate::kafka::{Connection, ReadRange, ReadStopped, Reader, StartOffsets};
use crate::record::incarnation::Incarnation;
use crate::record::position::Position;
use crate::record::{GapReason, OffsetGap, Record, Source, SourceItem};
use crate::snapshot::manifest;
use crate::snapshot::proof::ChangeLedger;
use crate::snapshot::write::journal::RunIdentity;
use crate::util::exit::Exit;

/// How long late events are waited for after the last response.
const MAX_EVENT_DELAY: Duration = Duration::from_secs(3);
/// How long the stream may need to reach the last response, as long as events keep arriving.
const MAX_CATCH_UP: Duration = Duration::from_secs(30);
/// Timeout of a poll; short, because Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// Number of records between two checks of the ledger.
const RECORDS_PER_CHECK: u32 = 4096;

/// Reads the stream from the recorded offsets on.
pub(super) struct ChangeReader {
    connection: Connection,
    cluster: Option<String>,
    positions: Vec<manifest::Position>,
    condition: Option<String>,
}

impl ChangeReader {
    /// `None` if no offsets were recorded.
    pub fn new(connection: Option<Connection>, head: &RunIdentity) -> Option<ChangeReader> {
        let mut connection = connection.filter(|_| !head.positions.is_empty())?;
        // Without a group, so that no other consumer loses a partition.
        connection.group = None;
        Some(ChangeReader {
            connection,
            cluster: head.cluster.clone(),
            positions: head.positions.clone(),
            condition: head.condition.clone(),
        })
    }

    /// Reads from the recorded offsets to the end, and [`MAX_EVENT_DELAY`] longer.
    pub fn read(&self, ledger: &mut ChangeLedger, context: &mut Context<'_>) -> Result<(), Exit> {
        let condition = self.condition.as_deref().map(document_condition);
        let Ok(condition) = condition.transpose() else {
            ledger.note_failure("only the server can evaluate this --where".to_owned());
            return Ok(());
        };
        let mut scan = ChangeScan {
            ledger,
            condition,
            started: Instant::now(),
        };
        match self.scan(&mut scan, context) {
            Ok(()) => Ok(()),
            Err(ReadStopped::Interrupted) => Err(Exit::Interrupted),
            Err(ReadStopped::Failed(failure)) => {
                let why = format!("it cannot be read ({})", failure.what);
                scan.ledger.note_failure(why);
                Ok(())
            }
        }
    }

    fn scan(
        &self,
        scan: &mut ChangeScan<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), ReadStopped> {
        let interrupt = Arc::clone(context.interrupt);
        let note = &mut |line: &str| context.out.note(line);
        let topic = kafka::connect(self.connection.clone(), interrupt, note)?;
        let cluster = topic.cluster();
        if self.cluster.is_some() && cluster.is_some() && self.cluster != cluster {
            scan.ledger.note_failure(
                "the brokers belong to a different cluster than at the start".to_owned(),
            );
            return Ok(());
        }
        let positions = self.positions.iter();
        let next = positions.map(|one| (one.partition, one.next_offset));
        let incarnation = manifest::incarnation(&self.positions, topic.name());
        let range = read_range(next.collect(), incarnation, Some(Position::End));
        let mut reader = kafka::start(topic, &range)?;
        scan.read_to_end(&mut reader)?;
        if scan.ledger.awaits_events() {
            let range = read_range(reader.next_offsets(), reader.incarnation(), None);
            let mut reader = kafka::start(reader.close(), &range)?;
            scan.wait_for_late_events(&mut reader)?;
            let end = Some(Position::End);
            let range = read_range(reader.next_offsets(), reader.incarnation(), end);
            scan.read_to_end(&mut kafka::start(reader.close(), &range)?)?;
        }
        scan.ledger.note_settled();
        Ok(())
    }
}

/// The range from these offsets of a topic on.
pub fn read_range(
    next: Vec<(i32, i64)>,
    incarnation: Incarnation,
    until: Option<Position>,
) -> ReadRange {
    ReadRange {
        from: Position::End,
        stored: Some(StartOffsets {
            next: next.into_iter().collect(),
            // A partition without an offset is new, and is read from its first record.
            partitions: 0,
            lost: Vec::new(),
            incarnation,
        }),
        until,
        now: 0,
        merge: None,
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

/// The condition, if it means the same here as on the server.
pub(super) fn document_condition(text: &str) -> Result<Condition, ()> {
    let condition = Condition::parse(text).map_err(drop)?;
    if condition.is_extended() {
        return Err(());
    }
    condition.holds_for(None).map(|_| condition).ok_or(())
}

/// The records read so far.
struct ChangeScan<'a> {
    ledger: &'a mut ChangeLedger,
    condition: Option<Condition>,
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
            let is_over = self.ledger.has_reached_responses() || is_stuck;
            if !self.ledger.awaits_events() || waited > MAX_EVENT_DELAY && is_over {
                return Ok(());
            }
        }
    }

    /// Takes one item: whether it was a record; `None` at the end.
    fn step(&mut self, reader: &mut Reader) -> Result<Option<bool>, ReadStopped> {
        match reader.next(POLL_TIMEOUT) {
            SourceItem::Record(record) => {
                self.scan_record(&record);
                Ok(Some(true))
            }
            SourceItem::OffsetGap(lost) => {
                self.ledger.note_failure(describe_gap(&lost));
                Ok(Some(false))
            }
            SourceItem::End => Ok(None),
            SourceItem::Interrupted => Err(ReadStopped::Interrupted),
            SourceItem::Failed(failure) => Err(ReadStopped::Failed(failure)),
            SourceItem::Notice(_) | SourceItem::Idle => Ok(Some(false)),
        }
    }

    fn scan_record(&mut self, record: &Record<'_>) {
        match event::decode(record.payload.as_deref()) {
            Ok(event) => self.ledger.note_event(&event, self.condition.as_ref()),
            Err(why) => {
                let place = super::min_txn::format_place(record);
                self.ledger
                    .note_failure(format!("the record at {place} cannot be read ({why})"));
            }
        }
    }
}
