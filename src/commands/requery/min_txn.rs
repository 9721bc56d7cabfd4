//! Minimum transaction: records the positions before the first request, and the highest transaction before them.
//! Everything that the stream delivered before these positions is then in the snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::options::Options;
use crate::commands::Context;
use crate::event::{self, EventKind};
use crate::kafka;
use crate::kafka::{Connection, ReadStopped, Since};
use crate::record::{GapReason, OffsetGap, Place, Record};
use crate::snapshot::manifest::{self, Manifest};
use crate::snapshot::write::journal::RunIdentity;
use crate::util::exit::Exit;

/// Version of the journal's format.
pub(super) const JOURNAL_FORMAT: u32 = 1;

/// The minimum transaction, its sources, and the offsets from which the stream continues.
#[derive(Default)]
pub(super) struct MinTransaction {
    highest: Option<u64>,
    /// A sentence for each source.
    pub from: Vec<String>,
    /// The id of the Kafka cluster, if its brokers send it.
    pub cluster: Option<String>,
    pub positions: Vec<manifest::Position>,
    /// Collections that the stream has shown.
    pub collections: BTreeSet<String>,
}

impl MinTransaction {
    /// Without Kafka.
    pub fn from_options(options: &Options) -> MinTransaction {
        let mut floor = MinTransaction::default();
        if let Some(txn_id) = options.txn_id {
            floor.raise(txn_id, format!("--txn-id {txn_id}"));
        }
        floor
    }

    /// The transaction, if there is one.
    pub fn txn_id(&self) -> Option<u64> {
        self.highest
    }

    fn raise(&mut self, txn_id: u64, from: String) {
        self.highest = self.highest.max(Some(txn_id));
        self.from.push(from);
    }

    /// Reports the minimum transaction.
    pub fn report(&self, context: &mut Context<'_>) {
        match self.highest {
            Some(txn_id) => context.out.note(&format!("the snapshot will contain everything up to transaction {txn_id} ({})", self.from.join(", "))),
            None => context.out.note("no minimum transaction: without --txn-id and without Kafka it is unknown how new the responses must be"),
        }
        if self.positions.is_empty() {
            context.out.note("no positions are recorded, because Kafka is not configured: the stream cannot continue from this snapshot");
        }
    }
}

/// Records the positions, then reads the events before them.
pub(super) fn with_kafka(
    connection: Connection,
    old: Option<&Manifest>,
    options: &Options,
    context: &mut Context<'_>,
) -> Result<MinTransaction, Exit> {
    let since = since(options, old, &connection.topic);
    let mut floor = MinTransaction::from_options(options);
    let mut newest: Option<(u64, String)> = None;
    let mut gap: Option<(u64, String)> = None;
    let interrupt = Arc::clone(context.interrupt);
    let mut collections = BTreeSet::new();
    let mut without_txn_id = BTreeSet::new();
    let mut visit = |record: &Record<'_>| {
        let payload = record.payload.as_deref()?;
        let event = event::decode(Some(payload)).ok()?;
        let place = format_place(record);
        if let Some(collection) = &event.collection {
            collections.insert(collection.to_string());
        }
        let is_gap = matches!(event.kind, EventKind::RequeryRequired);
        if is_gap && event.txn_id.is_none() {
            without_txn_id.insert(place.clone());
        }
        let txn_id = event.txn_id?.0;
        let best = if is_gap { &mut gap } else { &mut newest };
        if best.as_ref().is_none_or(|(best, _)| txn_id > *best) {
            *best = Some((txn_id, place));
        }
        // A gap may be newer than every event: both count as the newest that a partition holds.
        Some(())
    };
    let note = &mut |line: &str| context.out.note(line);
    let watermarks =
        kafka::read_watermarks(connection, since.as_ref(), interrupt, note, &mut visit);
    let watermarks = match watermarks {
        Ok(ends) => ends,
        Err(ReadStopped::Interrupted) => return Err(Exit::Interrupted),
        Err(ReadStopped::Failed(failure)) => {
            context.out.failure(&failure);
            context.out.hint(
                "or",
                "--no-kafka takes the snapshot without positions to continue from",
            );
            return Err(failure.exit());
        }
    };
    for lost in &watermarks.lost {
        context.out.warn(&resolved_by_snapshot(lost));
    }
    for place in without_txn_id {
        context.out.warn(&format!(
            "the requeryRequired at {place} has no txnID: it does not say how new the responses must be (use --txn-id)"
        ));
    }
    if let Some((txn_id, place)) = gap {
        floor.raise(txn_id, format!("requeryRequired at {place}: {txn_id}"));
    }
    if let Some((txn_id, place)) = newest {
        floor.raise(txn_id, format!("the newest event, {place}: {txn_id}"));
    }
    floor.collections = collections;
    floor.cluster.clone_from(&watermarks.cluster);
    let position = |(partition, next_offset)| manifest::Position {
        topic: watermarks.topic.clone(),
        partition,
        next_offset,
    };
    floor.positions = watermarks.next.iter().copied().map(position).collect();
    Ok(floor)
}

/// Where to start reading: from `--from`, or from the end of the old snapshot of the same topic.
fn since(options: &Options, old: Option<&Manifest>, topic: &str) -> Option<Since> {
    if let Some(from_options) = &options.from {
        return Some(Since::Position(from_options.clone()));
    }
    let positions = old.iter().flat_map(|old| &old.positions);
    let positions = positions.filter(|position| position.topic == topic);
    let next: BTreeMap<i32, i64> = positions
        .map(|position| (position.partition, position.next_offset))
        .collect();
    (!next.is_empty()).then_some(Since::StartOffsets(next))
}

/// A gap in the part that was read: the snapshot includes its changes.
fn resolved_by_snapshot(lost: &OffsetGap) -> String {
    let OffsetGap {
        topic,
        partition,
        wanted,
        ..
    } = lost;
    let what = match lost.why {
        GapReason::Gone => format!("{topic} has no partition {partition} any more"),
        GapReason::Rewound => {
            format!("{topic} partition {partition} watermarks before offset {wanted}")
        }
        _ => format!(
            "offsets {wanted} to {} of {topic} partition {partition} are lost to retention",
            lost.resumed - 1
        ),
    };
    format!("{what}: the snapshot resolves this gap, too")
}

/// The place of a record in words.
pub(super) fn format_place(record: &Record<'_>) -> String {
    match record.place {
        Place::Offset {
            partition, offset, ..
        } => format!("partition {partition} offset {offset}"),
        Place::Line { file, line } => format!("{file} line {line}"),
    }
}

/// Why an interrupted run cannot be resumed, if so.
pub(super) fn conflict(
    head: &RunIdentity,
    server: &str,
    topic: Option<&str>,
    options: &Options,
) -> Option<String> {
    let differs = |what: &str, before: &str, now: &str| {
        Some(format!("its {what} was {before}, now it is {now}"))
    };
    let shown =
        |text: Option<&String>| text.map_or_else(|| "none".to_owned(), |text| format!("'{text}'"));
    if head.format != JOURNAL_FORMAT {
        return Some("another version of this program has begun it".to_owned());
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
    if head.named != options.named {
        return differs(
            "collections",
            &format!("{:?}", head.named),
            &format!("{:?}", options.named),
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
            "it contains transactions up to {}, and --txn-id is {txn_id}; after it the stream would ask for another requery",
            head.floor
                .map_or_else(|| "none".to_owned(), |floor| floor.to_string())
        )),
        _ => None,
    }
}
