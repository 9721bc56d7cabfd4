//! The state of `tail --state` between two runs: positions, an open gap, and the snapshot that it started from.

mod file;
mod text;

use std::collections::BTreeMap;

pub use file::StateFile;

use crate::record::OffsetGap;

/// The state of one reader of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The id of the Kafka cluster, if its brokers send it.
    pub cluster: Option<String>,
    /// The topic.
    pub topic: String,
    /// Number of partitions when the topic was last opened.
    pub partitions: i32,
    /// The next offset of each partition that is read.
    pub next: BTreeMap<i32, i64>,
    /// A gap that no requery has answered yet.
    pub gap: Option<Gap>,
    /// Identity of the snapshot that the positions continued from, if any.
    pub snapshot: Option<String>,
}

/// One gap, or several that one requery answers together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gap {
    /// Number of `requeryRequired` events.
    pub announced: u64,
    /// Number of offset gaps.
    pub lost: u64,
    /// The highest `txnID` of the `requeryRequired` events: everything must be queried at or after it.
    pub txn_id: Option<u64>,
    /// The offset after the gap, for each partition with one. A requery whose positions are there or later came after
    /// the gap.
    pub behind: BTreeMap<i32, i64>,
}

impl Gap {
    /// Adds a `requeryRequired` that stands at this partition and offset.
    pub fn note_requery(&mut self, txn_id: Option<u64>, place: Option<(i32, i64)>) {
        self.announced += 1;
        self.txn_id = self.txn_id.max(txn_id);
        if let Some((partition, offset)) = place {
            self.move_after(partition, offset + 1);
        }
    }

    /// Adds a lost position.
    pub fn note_offset_gap(&mut self, lost: &OffsetGap) {
        self.lost += 1;
        self.move_after(lost.partition, lost.resumed);
    }

    /// Adds a later gap.
    pub fn add(&mut self, later: Gap) {
        self.announced += later.announced;
        self.lost += later.lost;
        self.txn_id = self.txn_id.max(later.txn_id);
        for (partition, offset) in later.behind {
            self.move_after(partition, offset);
        }
    }

    fn move_after(&mut self, partition: i32, offset: i64) {
        let behind = self.behind.entry(partition).or_insert(offset);
        *behind = offset.max(*behind);
    }

    /// Whether a requery that took these positions, and then read at `floor` or later, answers all of it.
    #[must_use]
    pub fn is_resolved_by(&self, positions: &BTreeMap<i32, i64>, floor: Option<u64>) -> bool {
        let came_after = self.behind.iter().all(|(partition, behind)| {
            // A partition that no longer exists has no position.
            positions.get(partition).is_none_or(|next| next >= behind)
        });
        came_after && self.txn_id <= floor
    }

    /// The gap in words.
    #[must_use]
    pub fn describe(&self) -> String {
        let announced = match (self.announced, self.txn_id) {
            (0, _) => None,
            (1, None) => Some("a requeryRequired without a txnID".to_owned()),
            (1, Some(txn)) => Some(format!("a requeryRequired, txnID {txn}")),
            (count, None) => Some(format!("{count} requeryRequired without a txnID")),
            (count, Some(txn)) => Some(format!("{count} requeryRequired, txnID up to {txn}")),
        };
        let lost = match self.lost {
            0 => None,
            1 => Some("a lost position".to_owned()),
            count => Some(format!("{count} lost positions")),
        };
        let parts: Vec<String> = announced.into_iter().chain(lost).collect();
        parts.join(" and ")
    }
}

#[cfg(test)]
mod tests;
