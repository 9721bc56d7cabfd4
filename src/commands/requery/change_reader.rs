//! Reads the changes in the stream between the counts of a collection read, for the completeness proof.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commands::Context;
use crate::condition::Condition;
use crate::event::{self, Event, EventKind, Op};
use crate::kafka;
use crate::kafka::{Connection, ReadRange, ReadStopped, Reader, StartOffsets};
use crate::record::position::Position;
use crate::record::{Record, Source, SourceItem};
use crate::snapshot::manifest::{self, Collection};
use crate::snapshot::proof::{Change, ChangeLedger};
use crate::snapshot::write::journal::RunIdentity;
use crate::util::exit::Exit;

/// How long events may lag the counts.
const MAX_EVENT_DELAY: Duration = Duration::from_secs(3);
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

    /// Reads from the recorded offsets to the end, and up to [`MAX_EVENT_DELAY`] longer if events are missing.
    pub fn read(
        &self,
        ledger: &mut ChangeLedger,
        collections: &[Collection],
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let condition = self.condition.as_deref().map(document_condition);
        let Ok(condition) = condition.transpose() else {
            ledger.note_failure("only the server can evaluate this --where".to_owned());
            return Ok(());
        };
        let mut scan = ChangeScan {
            ledger,
            collections,
            condition,
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
        let mut reader = kafka::start(topic, &read_range(next.collect(), Some(Position::End)))?;
        scan.until(&mut reader, None)?;
        if scan.is_waiting() {
            let next = reader.next_offsets();
            let mut reader = kafka::start(reader.close(), &read_range(next, None))?;
            scan.until(&mut reader, Some(Instant::now() + MAX_EVENT_DELAY))?;
        }
        Ok(())
    }
}

fn read_range(next: Vec<(i32, i64)>, until: Option<Position>) -> ReadRange {
    ReadRange {
        from: Position::End,
        stored: Some(StartOffsets {
            next: next.into_iter().collect(),
            // A partition without an offset is new, and is read from its first record.
            partitions: 0,
            lost: Vec::new(),
        }),
        until,
        now: 0,
    }
}

/// The condition, if it means the same here as on the server.
fn document_condition(text: &str) -> Result<Condition, ()> {
    let condition = Condition::parse(text).map_err(drop)?;
    condition.holds_for(None).map(|_| condition).ok_or(())
}

/// One pass over records.
struct ChangeScan<'a> {
    ledger: &'a mut ChangeLedger,
    collections: &'a [Collection],
    condition: Option<Condition>,
}

impl ChangeScan<'_> {
    fn is_waiting(&self) -> bool {
        let mut collections = self.collections.iter();
        collections.any(|one| self.ledger.needs_more_events(one))
    }

    /// Reads to the end; with a deadline, until no event is missing or the deadline has passed.
    fn until(&mut self, reader: &mut Reader, deadline: Option<Instant>) -> Result<(), ReadStopped> {
        let mut records = 0_u32;
        loop {
            let idle = match reader.next(POLL_TIMEOUT) {
                SourceItem::Record(record) => {
                    self.scan_record(&record);
                    records = records.wrapping_add(1);
                    false
                }
                SourceItem::OffsetGap(lost) => {
                    self.ledger.note_failure(format!(
                        "the offsets {} to {} of partition {} are gone",
                        lost.wanted,
                        lost.resumed - 1,
                        lost.partition
                    ));
                    false
                }
                SourceItem::End => return Ok(()),
                SourceItem::Interrupted => return Err(ReadStopped::Interrupted),
                SourceItem::Failed(failure) => return Err(ReadStopped::Failed(failure)),
                SourceItem::Notice(_) | SourceItem::Idle => true,
            };
            let Some(deadline) =
                deadline.filter(|_| idle || records.is_multiple_of(RECORDS_PER_CHECK))
            else {
                continue;
            };
            if Instant::now() > deadline || !self.is_waiting() {
                return Ok(());
            }
        }
    }

    fn scan_record(&mut self, record: &Record<'_>) {
        // A tombstone has no change.
        let Some(payload) = record.payload.as_deref() else {
            return;
        };
        match event::decode(Some(payload)) {
            Ok(event) => self.event(&event),
            Err(why) => {
                let place = super::min_txn::format_place(record);
                self.ledger
                    .note_failure(format!("the record at {place} cannot be read ({why})"));
            }
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        let txn_id = event.txn_id.map(|txn_id| txn_id.0);
        match (&event.kind, &event.collection, txn_id) {
            (EventKind::RequeryRequired, _, _) => self.ledger.note_gap(txn_id),
            (EventKind::Other(_), _, _) => {}
            (EventKind::DocumentChanged, None, _) => {
                self.ledger
                    .note_failure("an event in it names no collection".to_owned());
            }
            (EventKind::DocumentChanged, Some(collection), None) => {
                self.ledger
                    .note_unclear(collection, None, "an event in it has no txnId");
            }
            (EventKind::DocumentChanged, Some(collection), Some(txn_id)) => {
                self.ledger.note_txn(txn_id);
                match event.id().filter(|_| event.op() != Op::Other) {
                    Some(id) => self.change(event, collection, id, txn_id),
                    None => self.ledger.note_unclear(
                        collection,
                        Some(txn_id),
                        "an event in it has no valid id or change",
                    ),
                }
            }
        }
    }

    fn change(&mut self, event: &Event<'_>, collection: &str, id: &[u8], txn_id: u64) {
        let facts = event.facts();
        let counts = |document: Option<&[u8]>| match &self.condition {
            None => document.is_some(),
            Some(condition) => condition.holds_for(document) == Some(true),
        };
        let (was, is) = (counts(facts.old), counts(facts.new));
        self.ledger.note_change(&Change {
            collection,
            id,
            txn_id,
            was,
            is,
        });
    }
}
