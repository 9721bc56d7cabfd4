//! Reads what the stream shows between the counts of a walk, for the proof that nothing was missed.
//! What follows from it is decided by `snapshot::prove`; positions were taken by `floor`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commands::Context;
use crate::condition::Condition;
use crate::event::{self, Event, Kind, Op};
use crate::kafka;
use crate::kafka::{Connection, ReadStopped, Reader, Span, StartOffsets};
use crate::record::position::Position;
use crate::record::{Record, Source, SourceItem};
use crate::snapshot::manifest::{self, Collection};
use crate::snapshot::proof::{Change, Ledger};
use crate::snapshot::write::journal::Head;
use crate::util::exit::Exit;

/// How long events are waited for that the counts show and the stream does not yet.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long to wait for a step; only Ctrl-C ends a wait.
const WAIT: Duration = Duration::from_millis(100);
/// How many records pass between two looks at what they explain.
const LOOK_EVERY: u32 = 4096;

/// Where the stream was when the run began.
pub(super) struct Stream {
    connection: Connection,
    cluster: Option<String>,
    positions: Vec<manifest::Position>,
    condition: Option<String>,
}

impl Stream {
    /// `None` where no positions were taken.
    pub fn new(connection: Option<Connection>, head: &Head) -> Option<Stream> {
        let mut connection = connection.filter(|_| !head.positions.is_empty())?;
        // Looking takes no partition away from anybody.
        connection.group = None;
        Some(Stream {
            connection,
            cluster: head.cluster.clone(),
            positions: head.positions.clone(),
            condition: head.condition.clone(),
        })
    }

    /// Reads from the recorded positions to the end, and a little longer where something is still missing.
    pub fn read(
        &self,
        ledger: &mut Ledger,
        collections: &[Collection],
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let condition = self.condition.as_deref().map(document_condition);
        let Ok(condition) = condition.transpose() else {
            ledger.fail("which documents --where means can be told by the server alone".to_owned());
            return Ok(());
        };
        let mut look = Look {
            ledger,
            collections,
            condition,
        };
        match self.look(&mut look, context) {
            Ok(()) => Ok(()),
            Err(ReadStopped::Interrupted) => Err(Exit::Interrupted),
            Err(ReadStopped::Failed(failure)) => {
                let why = format!("it cannot be read ({})", failure.what);
                look.ledger.fail(why);
                Ok(())
            }
        }
    }

    fn look(&self, look: &mut Look<'_>, context: &mut Context<'_>) -> Result<(), ReadStopped> {
        let interrupt = Arc::clone(context.interrupt);
        let tell = &mut |line: &str| context.out.note(line);
        let topic = kafka::connect(self.connection.clone(), interrupt, tell)?;
        let cluster = topic.cluster();
        if self.cluster.is_some() && cluster.is_some() && self.cluster != cluster {
            look.ledger
                .fail("the brokers belong to another cluster than at the start".to_owned());
            return Ok(());
        }
        let positions = self.positions.iter();
        let next = positions.map(|one| (one.partition, one.next_offset));
        let mut reader = kafka::start(topic, &span(next.collect(), Some(Position::End)))?;
        look.until(&mut reader, None)?;
        if look.is_waiting() {
            let next = reader.next_offsets();
            let mut reader = kafka::start(reader.close(), &span(next, None))?;
            look.until(&mut reader, Some(Instant::now() + PATIENCE))?;
        }
        Ok(())
    }
}

fn span(next: Vec<(i32, i64)>, until: Option<Position>) -> Span {
    Span {
        from: Position::End,
        stored: Some(StartOffsets {
            next: next.into_iter().collect(),
            // Every partition was known: any other one is read from its first record.
            partitions: 0,
            lost: Vec::new(),
        }),
        until,
        now: 0,
    }
}

/// A condition that means here what it means to the server.
fn document_condition(text: &str) -> Result<Condition, ()> {
    let condition = Condition::parse(text).map_err(drop)?;
    condition.holds_for(None).map(|_| condition).ok_or(())
}

/// What records are looked at for.
struct Look<'a> {
    ledger: &'a mut Ledger,
    collections: &'a [Collection],
    condition: Option<Condition>,
}

impl Look<'_> {
    fn is_waiting(&self) -> bool {
        let mut collections = self.collections.iter();
        collections.any(|one| self.ledger.waits_for(one))
    }

    /// Reads to the end of a bounded read; else until nothing is missing any more, or to the deadline.
    fn until(&mut self, reader: &mut Reader, deadline: Option<Instant>) -> Result<(), ReadStopped> {
        let mut records = 0_u32;
        loop {
            let idle = match reader.next(WAIT) {
                SourceItem::Record(record) => {
                    self.take(&record);
                    records = records.wrapping_add(1);
                    false
                }
                SourceItem::OffsetGap(lost) => {
                    self.ledger.fail(format!(
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
            let Some(deadline) = deadline.filter(|_| idle || records.is_multiple_of(LOOK_EVERY))
            else {
                continue;
            };
            if Instant::now() > deadline || !self.is_waiting() {
                return Ok(());
            }
        }
    }

    fn take(&mut self, record: &Record<'_>) {
        // A tombstone tells of no change.
        let Some(payload) = record.payload.as_deref() else {
            return;
        };
        match event::decode(Some(payload)) {
            Ok(event) => self.event(&event),
            Err(why) => {
                let place = super::min_txn::place(record);
                self.ledger
                    .fail(format!("the record at {place} cannot be read ({why})"));
            }
        }
    }

    fn event(&mut self, event: &Event<'_>) {
        let txn_id = event.txn_id.map(|txn_id| txn_id.0);
        match (&event.kind, &event.collection, txn_id) {
            (Kind::RequeryRequired, _, _) => self.ledger.gap(txn_id),
            (Kind::Other(_), _, _) => {}
            (Kind::DocumentChanged, None, _) => {
                self.ledger
                    .fail("an event in it names no collection".to_owned());
            }
            (Kind::DocumentChanged, Some(collection), None) => {
                self.ledger
                    .unclear(collection, None, "an event in it has no txnId");
            }
            (Kind::DocumentChanged, Some(collection), Some(txn_id)) => {
                self.ledger.reach(txn_id);
                match event.id().filter(|_| event.op() != Op::Other) {
                    Some(id) => self.change(event, collection, id, txn_id),
                    None => self.ledger.unclear(
                        collection,
                        Some(txn_id),
                        "an event in it does not say what happened to which document",
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
        self.ledger.change(&Change {
            collection,
            id,
            txn_id,
            was,
            is,
        });
    }
}
