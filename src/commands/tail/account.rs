//! Accounting of what was read: counters, messages, and the limits that stop the run.

use super::messages::Messages;
use super::render::Rendered;
use super::run::Run;
use super::stop_reason::StopReason;
use crate::cli::OnGap;
use crate::event::TxnId;
use crate::record::{GapReason, OffsetGap, SourceItem};

impl Run<'_> {
    /// Accounts for a record whose text is in the output buffer; `place` is its partition and offset, if it has them.
    pub(super) fn account(
        &mut self,
        rendered: Rendered,
        description: &str,
        place: Option<(i32, i64)>,
    ) -> Result<(), StopReason> {
        match rendered {
            Rendered::Hidden => return Ok(()),
            Rendered::AlreadyIncluded => {
                self.counters.already_included += 1;
                return Ok(());
            }
            Rendered::GapResolved(txn) => {
                self.counters.already_included += 1;
                self.messages.report_resolved(txn, description, self.out);
                return Ok(());
            }
            Rendered::Shown(op) => self.counters.count_shown(op),
            Rendered::Undated(op) => {
                self.counters.count_shown(op);
                self.messages.report_undated(description, self.out);
            }
            Rendered::Gap(txn) => {
                self.counters.gaps += 1;
                self.gap_at = place;
                if let Some(checkpointer) = &mut self.checkpointer {
                    checkpointer.note_gap(txn.map(|txn| txn.0), place);
                }
                self.messages.report_gap(txn, description, self.out);
                self.handle_gap(txn)?;
            }
            Rendered::Unreadable(why) => {
                self.counters.unreadable += 1;
                self.messages.report_unreadable(why, description, self.out);
            }
            Rendered::Inexpressible(why) => {
                self.counters.inexpressible += 1;
                Messages::report_inexpressible(why, description, self.out);
            }
        }
        self.out.flush_if_full()?;
        // Gaps and unreadable records are shown in addition.
        match self.plan.limit {
            Some(limit) if self.counters.shown >= limit => Err(StopReason::Complete),
            _ => Ok(()),
        }
    }

    /// Handles what a source delivers besides records.
    pub(super) fn handle(&mut self, item: SourceItem<'_>) -> Result<(), StopReason> {
        match item {
            SourceItem::Record(_) | SourceItem::Idle => Ok(()),
            SourceItem::OffsetGap(lost) => self.offset_gap(&lost),
            SourceItem::Notice(notice) => {
                self.idle_timer.note_connection(&notice);
                Messages::report_notice(&notice, self.out);
                Ok(())
            }
            SourceItem::Interrupted => Err(StopReason::Interrupted),
            SourceItem::End => Err(StopReason::SourceEnded),
            SourceItem::Failed(failure) => Err(StopReason::SourceFailed(failure)),
        }
    }

    fn offset_gap(&mut self, lost: &OffsetGap) -> Result<(), StopReason> {
        self.counters.gaps += 1;
        // A position in a former topic has no place in the re-created one, which is read from its first record.
        let has_place = matches!(lost.why, GapReason::Retention | GapReason::Rewound);
        self.gap_at = has_place.then_some((lost.partition, lost.wanted));
        self.renderer.view.offset_gap(lost, self.out.buffer());
        self.messages.report_offset_gap(lost, self.out);
        if let Some(checkpointer) = &mut self.checkpointer {
            checkpointer.note_offset_gap(lost);
        }
        self.handle_gap(None)
    }

    /// Hints at the recovery, unless an earlier hint reaches as far; stops with `--on-gap stop`.
    pub(super) fn handle_gap(&mut self, txn: Option<TxnId>) -> Result<(), StopReason> {
        if self.counters.note_gap(txn) {
            self.messages.hint_recovery(txn, self.out);
        }
        match self.plan.on_gap {
            OnGap::Mark => Ok(()),
            OnGap::Stop => Err(StopReason::Gap),
        }
    }
}
