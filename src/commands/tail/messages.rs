//! What the main loop says besides events: gaps, lost positions, unreadable records, and what the source has to tell.
//! When it is said is decided in `mod`.

use super::run_loop::{Ending, Follow};
use crate::cli::OnGap;
use crate::event::{TxnId, Unreadable};
use crate::record::{Loss, Lost, Notice};

impl Follow<'_> {
    pub fn gap(&mut self, id: Option<TxnId>, place: &str) -> Result<(), Ending> {
        let txn = id.map_or_else(
            || "without a txnID".to_owned(),
            |txn| format!("txnID {}", txn.0),
        );
        if !self.plan.format.is_for_people() {
            self.out.warn(&format!(
                "gap: requeryRequired, {txn}, at {place}: requery everything, then go on behind it"
            ));
        }
        self.advise(id);
        self.stop_at_gap()
    }

    /// Says how to recover, once for every transaction that asks for more than those before.
    pub fn advise(&mut self, txn: Option<TxnId>) {
        let news = self.tally.ask(txn);
        let Some(recovery) = self.recovery.as_ref().filter(|_| news) else {
            return;
        };
        // What stops here says so again at the end, with the same command.
        if self.plan.on_gap == OnGap::Mark {
            let command = recovery.requery(txn.map(|txn| txn.0), &[]);
            self.out.hint("try", &command);
        }
    }

    pub fn stop_at_gap(&self) -> Result<(), Ending> {
        match self.plan.on_gap {
            OnGap::Mark => Ok(()),
            OnGap::Stop => Err(Ending::Gap),
        }
    }

    pub fn lost(&mut self, lost: &Lost) -> Result<(), Ending> {
        self.tally.gaps += 1;
        self.presenter.view.lost(lost, self.out.buffer());
        if !self.plan.format.is_for_people() {
            let on = match lost.why {
                Loss::Gone => String::new(),
                _ => format!(". Going on at {}", lost.resumed),
            };
            self.out
                .warn(&format!("gap: {}; requery everything{on}", lost.told()));
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.lose(lost);
        }
        self.advise(None);
        self.stop_at_gap()
    }

    pub fn unreadable(&mut self, why: Unreadable, name: &str) {
        self.tally.unreadable += 1;
        self.out
            .warn(&format!("unreadable record: {why}, at {name}"));
    }

    pub fn notice(&mut self, notice: &Notice) {
        self.connected = match notice {
            Notice::Disconnected(_) => false,
            Notice::Reconnected | Notice::Assigned(_) => {
                self.quiet = None;
                true
            }
            Notice::Log(_) => self.connected,
        };
        match notice {
            Notice::Disconnected(raw) => {
                self.out
                    .warn(&format!("lost the connection, trying again: {raw}"));
            }
            Notice::Reconnected => self.out.note("the connection is back"),
            Notice::Assigned(partitions) => {
                self.out.note(&format!(
                    "the group gave this member {partitions} partitions"
                ));
            }
            Notice::Log(line) => self.out.note(line),
        }
    }

    /// A `requeryRequired` that the snapshot answers is not a gap any more.
    pub fn answered(&mut self, txn: Option<TxnId>, place: &str) {
        self.tally.contained += 1;
        let txn = txn.map_or(0, |txn| txn.0);
        let name = self.base_name();
        let line = format!("{name} answers the requeryRequired with txnID {txn} at {place}");
        self.out.note(&line);
    }

    /// Once nothing more comes for a while: how much the snapshot contained.
    pub fn say_contained(&mut self) {
        let count = self.tally.contained;
        if count == self.said_contained {
            return;
        }
        self.said_contained = count;
        let name = self.base_name();
        let line = format!("{count} events are in {name} already and were not shown again");
        self.out.note(&line);
    }

    /// How the user calls the snapshot that the stream goes on from.
    fn base_name(&self) -> String {
        let base = self.presenter.base.as_ref();
        base.map(|base| base.name.clone()).unwrap_or_default()
    }
}
