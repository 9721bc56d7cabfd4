//! Minimum transaction and resume offsets of a snapshot, from the records before the high watermarks of the stream.

use std::collections::BTreeMap;

use crate::event::{Event, EventKind, Unreadable};

/// A partition and an offset in it.
pub type RecordPlace = (i32, i64);

/// What a record says about its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// A change of a document in this transaction.
    Change(u64),
    /// A `requeryRequired` with this transaction.
    Gap(u64),
    /// A change of a document without a transaction.
    ChangeWithoutTxn,
    /// A `requeryRequired` without a transaction.
    GapWithoutTxn,
    /// Not an event.
    Unreadable,
}

/// The records before the high watermarks, as far as they were read.
#[derive(Debug, Default)]
pub struct PrecedingRecords {
    newest: Option<(u64, RecordPlace)>,
    gap: Option<(u64, RecordPlace)>,
    /// The first record of each partition that has to be read again.
    held_back: BTreeMap<i32, (i64, RecordKind)>,
    /// The offsets up to which the reader of the stream has read before. It has seen and reported earlier records.
    read_up_to: BTreeMap<i32, i64>,
    /// The user has given the transaction of every `requeryRequired` that has none.
    vouched: bool,
}

/// The offset from which a partition is read after the snapshot, if that is before its high watermark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldBack {
    /// The partition, counted from 0.
    pub partition: i32,
    /// The offset of the record.
    pub offset: i64,
    /// Why the snapshot may not contain its change.
    pub kind: RecordKind,
}

impl RecordKind {
    /// The kind of a decoded record. `None` for an undocumented type of event without a transaction: it is not a change
    /// of a document, and needs none.
    #[must_use]
    pub fn of(decoded: &Result<Event<'_>, Unreadable>) -> Option<RecordKind> {
        let Ok(event) = decoded else {
            return Some(RecordKind::Unreadable);
        };
        let txn_id = event.txn_id.map(|txn_id| txn_id.0);
        match (&event.kind, txn_id) {
            (EventKind::RequeryRequired, Some(txn_id)) => Some(RecordKind::Gap(txn_id)),
            (EventKind::RequeryRequired, None) => Some(RecordKind::GapWithoutTxn),
            (EventKind::DocumentChanged, None) => Some(RecordKind::ChangeWithoutTxn),
            (_, Some(txn_id)) => Some(RecordKind::Change(txn_id)),
            (EventKind::Other(_), None) => None,
        }
    }

    /// Whether the record has a transaction, which covers every earlier one of its partition.
    #[must_use]
    pub fn has_txn(self) -> bool {
        matches!(self, RecordKind::Change(_) | RecordKind::Gap(_))
    }
}

impl PrecedingRecords {
    /// No records yet. `read_up_to` are the offsets that the stream's reader has reached before, as far as known;
    /// `vouched` is whether the user has given a minimum transaction.
    #[must_use]
    pub fn new(read_up_to: BTreeMap<i32, i64>, vouched: bool) -> PrecedingRecords {
        PrecedingRecords {
            read_up_to,
            vouched,
            ..PrecedingRecords::default()
        }
    }

    /// Notes a record, in any order. The same one may be noted several times.
    pub fn note(&mut self, (partition, offset): RecordPlace, kind: RecordKind) {
        let (best, txn_id) = match kind {
            RecordKind::Change(txn_id) => (&mut self.newest, txn_id),
            RecordKind::Gap(txn_id) => (&mut self.gap, txn_id),
            RecordKind::GapWithoutTxn if self.vouched => return,
            RecordKind::ChangeWithoutTxn | RecordKind::GapWithoutTxn | RecordKind::Unreadable => {
                return self.hold_back(partition, offset, kind);
            }
        };
        if best.is_none_or(|(best, _)| txn_id > best) {
            *best = Some((txn_id, (partition, offset)));
        }
    }

    /// The minimum transaction does not cover this record, so that the stream has to continue before it.
    fn hold_back(&mut self, partition: i32, offset: i64, kind: RecordKind) {
        let reached = self.read_up_to.get(&partition);
        if reached.is_some_and(|reached| offset < *reached) {
            return;
        }
        let first = self.held_back.entry(partition).or_insert((offset, kind));
        if offset < first.0 {
            *first = (offset, kind);
        }
    }

    /// The highest transaction of a change, and its record.
    #[must_use]
    pub fn newest(&self) -> Option<(u64, RecordPlace)> {
        self.newest
    }

    /// The highest transaction of a `requeryRequired`, and its record.
    #[must_use]
    pub fn gap(&self) -> Option<(u64, RecordPlace)> {
        self.gap
    }

    /// The partitions that do not continue at their high watermarks.
    pub fn held_back(&self) -> impl Iterator<Item = HeldBack> {
        let held_back = self.held_back.iter();
        held_back.map(|(&partition, &(offset, kind))| HeldBack {
            partition,
            offset,
            kind,
        })
    }

    /// The offset from which a partition continues. Every record before it is covered by the minimum transaction, or
    /// was read before.
    #[must_use]
    pub fn next_offset(&self, partition: i32, high_watermark: i64) -> i64 {
        let first = self.held_back.get(&partition);
        first.map_or(high_watermark, |(first, _)| high_watermark.min(*first))
    }
}

#[cfg(test)]
#[path = "tests/preceding.rs"]
mod tests;
