//! Where the records that were read start and end: how far back a history reaches.

use std::collections::BTreeMap;

use super::moment::Moment;
use crate::event;
use crate::record::Record;
use crate::view::WallClock;

/// The first record of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    pub offset: Option<i64>,
    pub millis: Option<i64>,
    pub txn: Option<u64>,
}

/// The records that were read.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// The first record of each partition; `None` for records without one.
    starts: BTreeMap<Option<i32>, Start>,
    /// The partition of the last record.
    last: Option<i32>,
    /// The latest time.
    pub end_millis: Option<i64>,
    /// Up to where a mirror contains the stream; `None` for any other source.
    pub end: Option<End>,
}

/// Up to where a mirror is known to contain the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub millis: Option<i64>,
    pub txn: Option<u64>,
}

impl Coverage {
    /// Adds the next record.
    pub fn add(&mut self, record: &Record<'_>) {
        let position = record.place.position();
        let partition = position.map(|(partition, _)| partition);
        let millis = record.time.map(|time| time.millis);
        self.end_millis = self.end_millis.max(millis);
        if self.last == partition && !self.starts.is_empty() {
            return;
        }
        self.last = partition;
        self.starts.entry(partition).or_insert_with(|| Start {
            offset: position.map(|(_, offset)| offset),
            millis,
            txn: record
                .payload
                .as_deref()
                .and_then(event::txn_id)
                .map(|txn| txn.0),
        });
    }

    /// Since when the changes of a partition are complete, if that is not its first record.
    pub fn set_start(&mut self, partition: Option<i32>, start: Option<Start>) {
        match start {
            Some(start) => self.starts.insert(partition, start),
            None => self.starts.remove(&partition),
        };
    }

    /// The message about a moment after everything that was read; `None` if it is not.
    pub fn note_of_end(&self, moment: Moment, clock: &WallClock) -> Option<String> {
        match (moment, self.end) {
            (Moment::Time(moment), None) => {
                let end = self.end_millis.filter(|end| moment > *end)?;
                let end = clock.format_rfc3339(end);
                Some(format!("the last record that was read is of {end}"))
            }
            (Moment::Txn(_), None) => None,
            (Moment::Time(moment), Some(End { millis, .. })) => {
                let end = millis.filter(|end| moment > *end)?;
                let end = clock.format_rfc3339(end);
                Some(format!(
                    "the mirror is known to contain the stream up to {end}: later changes are not known"
                ))
            }
            (Moment::Txn(moment), Some(End { txn, .. })) => {
                let end = txn.filter(|end| moment > *end)?;
                Some(format!(
                    "the mirror is known to contain the stream up to transaction {end}: later changes are not known"
                ))
            }
        }
    }

    /// The first record of a partition.
    pub fn start(&self, partition: Option<i32>) -> Option<&Start> {
        self.starts.get(&partition)
    }

    /// The partitions that do not start with their first offset.
    pub fn cut_partitions(&self) -> impl Iterator<Item = (i32, i64)> {
        let starts = self.starts.iter();
        let starts = starts.filter_map(|(partition, start)| (*partition).zip(start.offset));
        starts.filter(|(_, offset)| *offset > 0)
    }

    /// Whether a record of the partition is at or before a moment, so that later ones tell what happened since.
    pub fn reaches(&self, moment: Moment, partition: Option<i32>) -> bool {
        let start = self.start(partition);
        start.is_some_and(|start| moment.includes(start.millis, start.txn))
    }
}
