//! Counters of one run, for the summary and the exit code.

use crate::event::{Op, TxnId};

/// Events by operation.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpCounts {
    inserts: u64,
    updates: u64,
    removes: u64,
    others: u64,
}

impl OpCounts {
    /// Counts an event.
    pub(super) fn count(&mut self, op: Op) {
        match op {
            Op::Insert => self.inserts += 1,
            Op::Update => self.updates += 1,
            Op::Remove => self.removes += 1,
            Op::Other => self.others += 1,
        }
    }

    /// Number of events.
    pub(super) fn total(self) -> u64 {
        self.inserts + self.updates + self.removes + self.others
    }

    fn summary(self) -> String {
        let others = match self.others {
            0 => String::new(),
            count => format!(", {count} other"),
        };
        format!(
            "{} inserted, {} updated, {} removed{others}",
            self.inserts, self.updates, self.removes
        )
    }
}

/// The counters of one run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Counters {
    pub read: u64,
    /// Events that were shown, or passed to a command.
    pub shown: u64,
    ops: OpCounts,
    /// The events whose command has succeeded; `None` without `--exec`.
    pub succeeded: Option<OpCounts>,
    pub gaps: u64,
    pub unreadable: u64,
    /// Events that the format cannot express.
    pub inexpressible: u64,
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
        self.ops.count(op);
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
        let done = match self.succeeded {
            None => format!("shown {} ({})", self.shown, self.ops.summary()),
            Some(ops) if ops.total() == 1 => format!("1 command succeeded ({})", ops.summary()),
            Some(ops) => format!("{} commands succeeded ({})", ops.total(), ops.summary()),
        };
        let already_included = match self.already_included {
            0 => String::new(),
            count => format!(", already in the snapshot {count}"),
        };
        let inexpressible = match self.inexpressible {
            0 => String::new(),
            count => format!(", not written {count}"),
        };
        format!(
            "read {}, {done}{already_included}, gaps {}, unreadable {}{inexpressible}",
            self.read, self.gaps, self.unreadable
        )
    }
}
