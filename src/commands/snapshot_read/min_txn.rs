//! Minimum transaction: the highest one in the stream before the recorded offsets. Responses at or after it include
//! every event before these offsets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::earlier::NotPrepared;
use super::options::{Purpose, ReadOptions};
use crate::commands::Context;
use crate::event;
use crate::kafka;
use crate::kafka::{Connection, ReadStopped, Since, StartOffsets, Watermarks};
use crate::record::incarnation::Incarnation;
use crate::record::position::Position;
use crate::record::{Failure, FailureClass, GapReason, OffsetGap, Place, Record};
use crate::snapshot::manifest::{self, HeldBackPosition, Manifest, TYPED_FLOOR};
use crate::snapshot::preceding::{PrecedingRecords, RecordKind, RecordPlace, ResumeOffset};
use crate::snapshot::write::journal::RunIdentity;
use crate::util::exit::Exit;

/// Version of the journal's format.
pub(super) const JOURNAL_FORMAT: u32 = 1;

/// The minimum transaction, its sources, and the offsets from which the stream continues after the snapshot.
#[derive(Default)]
pub(super) struct MinTransaction {
    highest: Option<u64>,
    /// A sentence for each source.
    pub from: Vec<String>,
    /// The id of the Kafka cluster, if its brokers send it.
    pub cluster: Option<String>,
    pub positions: Vec<manifest::Position>,
    /// Partitions whose offset is before their end.
    pub held_back: Vec<HeldBackPosition>,
    /// Collections that occur in the stream.
    pub collections: BTreeSet<String>,
}

impl MinTransaction {
    /// The minimum transaction without Kafka.
    pub fn from_options(options: &ReadOptions) -> MinTransaction {
        let mut min_txn = MinTransaction::default();
        if let Some(txn_id) = options.txn_id {
            min_txn.raise(txn_id, format!("{TYPED_FLOOR}{txn_id}"));
        }
        min_txn
    }

    /// The transaction, if there is one.
    pub fn txn_id(&self) -> Option<u64> {
        self.highest
    }

    fn raise(&mut self, txn_id: u64, from: String) {
        self.highest = self.highest.max(Some(txn_id));
        self.from.push(from);
    }

    /// Takes over what the records before the high watermarks show.
    fn take(&mut self, watermarks: &Watermarks, preceding: &PrecedingRecords) {
        if let Some((txn_id, place)) = preceding.gap() {
            let place = format_offset(place);
            self.raise(txn_id, format!("requeryRequired at {place}: {txn_id}"));
        }
        if let Some((txn_id, place)) = preceding.newest() {
            let place = format_offset(place);
            self.raise(txn_id, format!("the newest event, {place}: {txn_id}"));
        }
        self.cluster.clone_from(&watermarks.cluster);
        let Incarnation { id, witnesses } = &watermarks.incarnation;
        for &(partition, end) in &watermarks.next {
            let resume = preceding.resume(partition, end);
            self.positions.push(manifest::Position {
                topic: watermarks.topic.clone(),
                topic_id: id.clone(),
                partition,
                next_offset: resume.next,
                witness: witnesses.get(&partition).cloned(),
            });
            self.held_back.extend(held_back(resume));
        }
    }

    /// Reports the minimum transaction.
    pub fn report(&self, options: &ReadOptions, context: &mut Context<'_>) {
        if options.purpose == Purpose::Comparison {
            if let Some(txn_id) = self.highest {
                let from = self.from.join(", ");
                context.out.note(&format!(
                    "the server is read at transaction {txn_id} or later ({from})"
                ));
            }
            return;
        }
        match self.highest {
            Some(txn_id) => context.out.note(&format!("the snapshot will contain everything up to transaction {txn_id} ({})", self.from.join(", "))),
            None => context.out.note("no minimum transaction: without --txn-id and without Kafka it is unknown how new the responses must be"),
        }
        if self.positions.is_empty() {
            let why = if options.no_kafka {
                "of --no-kafka"
            } else {
                "Kafka is not configured"
            };
            context.out.note(&format!("no positions are recorded, because {why}: the stream cannot continue from this snapshot"));
        }
    }
}

/// Records the offsets, then reads the events before them.
pub(super) fn with_kafka(
    connection: Connection,
    old: Option<&Manifest>,
    options: &ReadOptions,
    context: &mut Context<'_>,
) -> Result<MinTransaction, Exit> {
    let since = since(options, old, &connection.topic);
    let mut min_txn = MinTransaction::from_options(options);
    let read_up_to = read_up_to(since.as_ref());
    let mut preceding = PrecedingRecords::new(read_up_to, options.txn_id.is_some());
    let interrupt = Arc::clone(context.interrupt);
    let mut collections = BTreeSet::new();
    let mut visit = |record: &Record<'_>| {
        let Place::Offset {
            partition, offset, ..
        } = record.place
        else {
            return None;
        };
        let decoded = event::decode(record.payload.as_deref());
        if let Ok(Some(collection)) = decoded.as_ref().map(|event| event.collection.as_deref()) {
            collections.insert(collection.to_owned());
        }
        let kind = RecordKind::of(&decoded)?;
        preceding.note((partition, offset), kind);
        // Records with a transaction count as the newest ones of a partition: a gap may be newer than every event.
        kind.has_txn().then_some(())
    };
    let note = &mut |line: &str| context.out.note(line);
    let watermarks =
        kafka::read_watermarks(connection, since.as_ref(), interrupt, note, &mut visit);
    let watermarks = match watermarks {
        Ok(ends) => ends,
        Err(ReadStopped::Interrupted) => return Err(Exit::Interrupted),
        Err(ReadStopped::Failed(failure)) => {
            context.out.failure(&failure);
            let without = match options.purpose {
                Purpose::Snapshot => {
                    "--no-kafka takes the snapshot without positions to continue from"
                }
                Purpose::Comparison => "--no-kafka compares without the stream",
                // It needs the stream.
                Purpose::Mirror => "",
            };
            if !without.is_empty() {
                context.out.hint("or", without);
            }
            return Err(failure.exit());
        }
    };
    for lost in &watermarks.lost {
        context.out.warn(&resolved_by_snapshot(lost));
    }
    if watermarks
        .lost
        .iter()
        .any(|lost| lost.why == GapReason::Recreated)
    {
        preceding.forget_earlier_reads();
    }
    min_txn.collections = collections;
    min_txn.take(&watermarks, &preceding);
    for held_back in &min_txn.held_back {
        let HeldBackPosition { why, .. } = held_back;
        context.out.warn(&format!(
            "{why}. The snapshot may not contain its changes, so the stream continues before it: tail --from DIR reads and reports it again"
        ));
    }
    Ok(min_txn)
}

/// The recorded offsets of a topic; `None` if there are none.
fn start_offsets(positions: &[manifest::Position], topic: &str) -> Option<StartOffsets> {
    let next = manifest::next_offsets(positions, topic);
    (!next.is_empty()).then(|| StartOffsets {
        next,
        // The snapshot has every partition of its time: others are newer, and are read from their first record.
        partitions: 0,
        lost: Vec::new(),
        incarnation: manifest::incarnation(positions, topic),
    })
}

/// Why a partition continues before its end, if it does.
fn held_back(resume: ResumeOffset) -> Option<HeldBackPosition> {
    let place = format_offset((resume.partition, resume.next));
    let why = match resume.held_back? {
        RecordKind::Unreadable => format!("the record at {place} cannot be read"),
        RecordKind::GapWithoutTxn => format!(
            "the requeryRequired at {place} has no txnID, so it does not say how new the responses must be (use --txn-id with a transaction after it, such as the transactionId of a response of now)"
        ),
        _ => format!("the event at {place} has no txnId"),
    };
    Some(HeldBackPosition {
        partition: resume.partition,
        end_offset: resume.end,
        why,
    })
}

/// The offsets that the stream's reader has reached before, as far as known.
fn read_up_to(since: Option<&Since>) -> BTreeMap<i32, i64> {
    match since {
        Some(Since::StartOffsets(stored)) => stored.next.clone(),
        Some(Since::Position(Position::Offsets(next))) => next.iter().copied().collect(),
        _ => BTreeMap::new(),
    }
}

/// Where to start reading: at `--from`, or at the offsets of the existing snapshot of the same topic.
fn since(options: &ReadOptions, old: Option<&Manifest>, topic: &str) -> Option<Since> {
    if let Some(from) = &options.from {
        return Some(Since::Position(from.clone()));
    }
    start_offsets(&old?.positions, topic).map(Since::StartOffsets)
}

/// Checks that the stream can continue from the positions of an interrupted run. Brokers that do not answer pass: reading
/// the changes reports them.
pub(super) fn check_topic(
    connection: Connection,
    head: &RunIdentity,
    options: &ReadOptions,
    context: &mut Context<'_>,
) -> Result<(), NotPrepared> {
    let Some(stored) = start_offsets(&head.positions, &connection.topic) else {
        return Ok(());
    };
    let connection = Connection {
        group: None,
        ..connection
    };
    let interrupt = Arc::clone(context.interrupt);
    let note = &mut |line: &str| context.out.note(line);
    let topic = match kafka::connect(connection, interrupt, note) {
        Ok(topic) => topic,
        Err(ReadStopped::Interrupted) => return Err(Exit::Interrupted.into()),
        Err(ReadStopped::Failed(_)) => return Ok(()),
    };
    if !kafka::is_replaced(&topic, &stored).unwrap_or(false) {
        return Ok(());
    }
    let why = format!(
        "the topic {} was deleted and created again, so that the stream cannot continue from the recorded positions",
        topic.name()
    );
    Err(refuse_resume(&why, "", options, context))
}

/// Reports why an interrupted run cannot be continued; `before` is what a user can do beside starting again. A command that
/// starts again by itself gives no advice.
pub(super) fn refuse_resume(
    why: &str,
    before: &str,
    options: &ReadOptions,
    context: &mut Context<'_>,
) -> NotPrepared {
    if options.purpose == Purpose::Mirror {
        let line = format!("the snapshot that was interrupted cannot be continued: {why}");
        context.out.note(&line);
        return NotPrepared::CannotContinue(Exit::Setup);
    }
    let failure = Failure {
        class: FailureClass::Setup,
        what: format!("resuming the interrupted run: {why}"),
        fix: Some(format!("{before}leave out --resume to start again")),
        raw: None,
    };
    context.out.failure(&failure);
    NotPrepared::CannotContinue(failure.exit())
}

/// The message for a gap in the records that were read: the snapshot includes its changes.
fn resolved_by_snapshot(lost: &OffsetGap) -> String {
    let OffsetGap {
        topic,
        partition,
        wanted,
        ..
    } = lost;
    let what = match lost.why {
        GapReason::Gone => format!("{topic} has no partition {partition} any more"),
        GapReason::Recreated => format!(
            "{topic} was deleted and created again after offset {wanted} of partition {partition}"
        ),
        GapReason::Rewound => {
            format!("{topic} partition {partition} ends before offset {wanted}")
        }
        _ => format!(
            "offsets {wanted} to {} of {topic} partition {partition} are lost to retention",
            lost.resumed - 1
        ),
    };
    format!("{what}: the snapshot resolves this gap too")
}

/// The position of a record, for messages.
pub fn format_place(record: &Record<'_>) -> String {
    match record.place {
        Place::Offset {
            partition, offset, ..
        } => format_offset((partition, offset)),
        Place::Line { file, line, .. } => format!("{file} line {line}"),
        Place::Unknown => String::new(),
    }
}

fn format_offset((partition, offset): RecordPlace) -> String {
    format!("partition {partition} offset {offset}")
}

/// Why an interrupted run cannot be resumed, if so.
pub(super) fn conflict(
    head: &RunIdentity,
    server: &str,
    topic: Option<&str>,
    options: &ReadOptions,
) -> Option<String> {
    let differs = |what: &str, before: &str, now: &str| {
        Some(format!("its {what} was {before}, now it is {now}"))
    };
    let shown =
        |text: Option<&String>| text.map_or_else(|| "none".to_owned(), |text| format!("'{text}'"));
    if head.format != JOURNAL_FORMAT {
        return Some("another version of ditto-cdc started it".to_owned());
    }
    if head.server != server {
        return differs("server", &head.server, server);
    }
    let recorded = head
        .positions
        .first()
        .map(|position| position.topic.as_str());
    if let (Some(then), Some(now)) = (recorded, topic.filter(|topic| recorded != Some(*topic))) {
        return differs("topic", then, now);
    }
    if head.patterns != options.patterns {
        return differs(
            "collections",
            &format!("{:?}", head.patterns),
            &format!("{:?}", options.patterns),
        );
    }
    if head.condition != options.condition {
        return differs(
            "--where",
            &shown(head.condition.as_ref()),
            &shown(options.condition.as_ref()),
        );
    }
    if head.api != options.api() {
        return differs("API version", &head.api, options.api());
    }
    match options.txn_id {
        Some(txn_id) if head.floor < Some(txn_id) => Some(format!(
            "its minimum transaction is {}, but --txn-id is {txn_id}; the gap would stay unresolved",
            head.floor
                .map_or_else(|| "none".to_owned(), |min_txn| min_txn.to_string())
        )),
        _ => None,
    }
}
