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
    /// The first record of each partition that the minimum transaction does not cover.
    uncovered: BTreeMap<i32, (i64, RecordKind)>,
    /// The first one that the reader of the stream has not seen and reported before.
    unread: BTreeMap<i32, (i64, RecordKind)>,
    /// The offsets that the reader of the stream has reached before.
    read_up_to: BTreeMap<i32, i64>,
    /// The user has given the transaction of every `requeryRequired` that has none.
    has_typed_floor: bool,
}

/// The offset from which a partition is read after the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumeOffset {
    /// The partition, counted from 0.
    pub partition: i32,
    /// Its high watermark.
    pub end: i64,
    /// Every record before it is covered by the minimum transaction, or was read before.
    pub next: i64,
    /// The kind of the record at `next`, if that is before the high watermark: the snapshot may not contain its change.
    pub held_back: Option<RecordKind>,
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
    /// `has_typed_floor` is whether the user has given a minimum transaction.
    #[must_use]
    pub fn new(read_up_to: BTreeMap<i32, i64>, has_typed_floor: bool) -> PrecedingRecords {
        PrecedingRecords {
            read_up_to,
            has_typed_floor,
            ..PrecedingRecords::default()
        }
    }

    /// Notes a record, in any order. The same one may be noted several times.
    pub fn note(&mut self, place: RecordPlace, kind: RecordKind) {
        let (best, txn_id) = match kind {
            RecordKind::Change(txn_id) => (&mut self.newest, txn_id),
            RecordKind::Gap(txn_id) => (&mut self.gap, txn_id),
            RecordKind::GapWithoutTxn if self.has_typed_floor => return,
            RecordKind::ChangeWithoutTxn | RecordKind::GapWithoutTxn | RecordKind::Unreadable => {
                return self.note_uncovered(place, kind);
            }
        };
        if best.is_none_or(|(best, _)| txn_id > best) {
            *best = Some((txn_id, place));
        }
    }

    fn note_uncovered(&mut self, (partition, offset): RecordPlace, kind: RecordKind) {
        let reached = self.read_up_to.get(&partition);
        // That a gap was reported before does not say how new the responses must be.
        let was_read =
            kind != RecordKind::GapWithoutTxn && reached.is_some_and(|reached| offset < *reached);
        let maps = [
            Some(&mut self.uncovered),
            Some(&mut self.unread).filter(|_| !was_read),
        ];
        for map in maps.into_iter().flatten() {
            let first = map.entry(partition).or_insert((offset, kind));
            if offset < first.0 {
                *first = (offset, kind);
            }
        }
    }

    /// The earlier offsets belong to a former topic of this name: nothing of this one was read before.
    pub fn forget_earlier_reads(&mut self) {
        self.read_up_to.clear();
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

    /// The offset from which a partition continues.
    #[must_use]
    pub fn resume(&self, partition: i32, end: i64) -> ResumeOffset {
        // Beyond the end, it is an offset of a topic that was re-created: nothing of this one was read before.
        let is_known = self.read_up_to.get(&partition).is_some_and(|at| *at <= end);
        let records = if is_known {
            &self.unread
        } else {
            &self.uncovered
        };
        let first = records.get(&partition).filter(|(first, _)| *first < end);
        ResumeOffset {
            partition,
            end,
            next: first.map_or(end, |(first, _)| *first),
            held_back: first.map(|(_, kind)| *kind),
        }
    }
}

#[cfg(test)]
#[path = "tests/preceding.rs"]
mod tests;
