//! What was read and shown, counted for the summary and the exit code.
//! Which records count as what is decided in `present`.

use crate::event::{Op, TxnId};

/// The counts of one run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub read: u64,
    pub shown: u64,
    inserts: u64,
    updates: u64,
    removes: u64,
    others: u64,
    pub gaps: u64,
    pub unreadable: u64,
    /// Events that are in the snapshot that the run started from, and were not shown again.
    pub contained: u64,
    /// The highest txnID of the gaps, where they have one.
    pub asked: Option<TxnId>,
    /// Where the run stood at its end, for a requery that has to look at what comes from there on.
    pub positions: Vec<(i32, i64)>,
    /// Whether anybody was told how to recover.
    advised: bool,
}

impl Tally {
    /// Counts an event that was shown.
    pub(super) fn show(&mut self, op: Op) {
        self.shown += 1;
        match op {
            Op::Insert => self.inserts += 1,
            Op::Update => self.updates += 1,
            Op::Remove => self.removes += 1,
            Op::Other => self.others += 1,
        }
    }

    /// Counts a `requeryRequired` that was shown.
    pub(super) fn show_gap(&mut self) {
        self.shown += 1;
        self.gaps += 1;
    }

    /// Notes a gap; whether it asks for more than those before.
    pub(super) fn ask(&mut self, txn: Option<TxnId>) -> bool {
        let news = !self.advised || self.asked < txn;
        self.asked = self.asked.max(txn);
        self.advised = true;
        news
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
        let contained = match self.contained {
            0 => String::new(),
            count => format!(", in the snapshot already {count}"),
        };
        format!(
            "read {}, shown {} ({}){contained}, gaps {}, unreadable {}",
            self.read,
            self.shown,
            ops.join(", "),
            self.gaps,
            self.unreadable
        )
    }
}
