//! What `tail --state` keeps between two runs: positions, an open gap, and which snapshot it started from.
//! The types and their text; the file with its lock is in `file`, and when it is written is decided by `cmd`.

mod file;
mod text;

use std::collections::BTreeMap;

pub use file::StateFile;

use crate::record::OffsetGap;

/// The state of one reader of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The id of the Kafka cluster, where its brokers told it.
    pub cluster: Option<String>,
    /// The topic.
    pub topic: String,
    /// How many partitions the topic had when it was last opened.
    pub partitions: i32,
    /// The next offset of each partition that is read.
    pub next: BTreeMap<i32, i64>,
    /// A gap that no requery has answered yet.
    pub gap: Option<Gap>,
    /// What identifies the snapshot from which the positions went on, if there was one.
    pub snapshot: Option<String>,
}

/// One gap, or several that one requery answers together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gap {
    /// How many `requeryRequired` events there were.
    pub announced: u64,
    /// How many positions were lost.
    pub lost: u64,
    /// The highest `txnID` of the `requeryRequired` events: everything must be queried at or after it.
    pub txn_id: Option<u64>,
    /// For each partition with a gap, the offset behind it. A requery whose positions lie there or later came after.
    pub behind: BTreeMap<i32, i64>,
}

impl Gap {
    /// Adds a `requeryRequired` that stands at this partition and offset.
    pub fn announce(&mut self, txn_id: Option<u64>, place: Option<(i32, i64)>) {
        self.announced += 1;
        self.txn_id = self.txn_id.max(txn_id);
        if let Some((partition, offset)) = place {
            self.move_behind(partition, offset + 1);
        }
    }

    /// Adds a lost position.
    pub fn lose(&mut self, lost: &OffsetGap) {
        self.lost += 1;
        self.move_behind(lost.partition, lost.resumed);
    }

    /// Adds what came later.
    pub fn add(&mut self, later: Gap) {
        self.announced += later.announced;
        self.lost += later.lost;
        self.txn_id = self.txn_id.max(later.txn_id);
        for (partition, offset) in later.behind {
            self.move_behind(partition, offset);
        }
    }

    fn move_behind(&mut self, partition: i32, offset: i64) {
        let behind = self.behind.entry(partition).or_insert(offset);
        *behind = offset.max(*behind);
    }

    /// Whether a requery that took these positions, and then read at `floor` or later, answers all of it.
    #[must_use]
    pub fn is_answered_by(&self, positions: &BTreeMap<i32, i64>, floor: Option<u64>) -> bool {
        let came_after = self.behind.iter().all(|(partition, behind)| {
            // A partition that is no longer there cannot have a position.
            positions.get(partition).is_none_or(|next| next >= behind)
        });
        came_after && self.txn_id <= floor
    }

    /// What the gap consists of, for people.
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
