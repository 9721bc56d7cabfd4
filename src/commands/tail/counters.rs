//! Counters of one run, for the summary and the exit code.

use crate::event::{Op, TxnId};

/// The counters of one run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Counters {
    pub read: u64,
    pub shown: u64,
    inserts: u64,
    updates: u64,
    removes: u64,
    others: u64,
    pub gaps: u64,
    pub unreadable: u64,
    /// Events that the base snapshot already includes and that were not shown again.
    pub already_included: u64,
    /// The highest txnID of the gaps; `None` if no gap has one.
    pub max_gap_txn: Option<TxnId>,
    /// Partitions and next offsets at the end of the run: a requery looks for further gaps from there on.
    pub positions: Vec<(i32, i64)>,
    has_gap_hint: bool,
}

impl Counters {
    /// Counts an event that was shown.
    pub(super) fn count_shown(&mut self, op: Op) {
        self.shown += 1;
        match op {
            Op::Insert => self.inserts += 1,
            Op::Update => self.updates += 1,
            Op::Remove => self.removes += 1,
            Op::Other => self.others += 1,
        }
    }

    /// Notes a gap's transaction; `true` if a requery has to reach further than for the gaps before.
    pub(super) fn note_gap(&mut self, txn: Option<TxnId>) -> bool {
        let reaches_further = !self.has_gap_hint || self.max_gap_txn < txn;
        self.max_gap_txn = self.max_gap_txn.max(txn);
        self.has_gap_hint = true;
        reaches_further
    }

    /// One line for people.
    pub(super) fn summary(&self) -> String {
        let mut ops = vec![
            format!("{} inserted", self.inserts),
            format!("{} updated", self.updates),
            format!("{} removed", self.removes),
        ];
        if self.others > 0 {
            ops.push(format!("{} other", self.others));
        }
        let already_included = match self.already_included {
            0 => String::new(),
            count => format!(", already in the snapshot {count}"),
        };
        format!(
            "read {}, shown {} ({}){already_included}, gaps {}, unreadable {}",
            self.read,
            self.shown,
            ops.join(", "),
            self.gaps,
            self.unreadable
        )
    }
}
