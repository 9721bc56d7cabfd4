//! Messages of a run on standard error: gaps, connection, unreadable records, events already in the snapshot.

use super::plan::Plan;
use super::recovery_hint::RecoveryHint;
use super::render::Renderer;
use crate::cli::OnGap;
use crate::event::{TxnId, Unreadable};
use crate::output::Output;
use crate::record::{GapReason, NoPosition, Notice, OffsetGap, StartedAt};
use crate::state::Gap;
use crate::view::debezium::Inexpressible;

/// What a run reports on standard error.
pub(in crate::commands) struct Messages<'a> {
    plan: &'a Plan,
    /// `None` for a capture, which has no connection settings.
    recovery: Option<RecoveryHint>,
    /// Folder of the base snapshot.
    base_name: String,
    /// Whether the output and the messages appear on one terminal: what the output shows there is not repeated.
    on_one_terminal: bool,
    /// The count of already included events that was reported last.
    reported_included: u64,
}

impl<'a> Messages<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        renderer: &Renderer,
        recovery: Option<RecoveryHint>,
        out: &Output,
    ) -> Self {
        Messages {
            plan,
            recovery,
            base_name: renderer.base_name().to_owned(),
            on_one_terminal: renderer.view.terminal && out.stderr_terminal,
            reported_included: 0,
        }
    }

    /// Whether the output shows gaps and unreadable records beside the messages, as formats for people do.
    fn output_shows_faults(&self) -> bool {
        self.on_one_terminal && self.plan.format.is_for_people()
    }

    /// A `requeryRequired`.
    pub(super) fn report_gap(&self, txn: Option<TxnId>, place: &str, out: &mut Output) {
        if self.output_shows_faults() {
            return;
        }
        out.warn(&Messages::gap(txn, place));
    }

    /// The message of a `requeryRequired`.
    pub(in crate::commands) fn gap(txn: Option<TxnId>, place: &str) -> String {
        let txn = txn.map_or_else(|| "no txnID".to_owned(), |txn| format!("txnID {}", txn.0));
        format!(
            "gap at {place} (requeryRequired, {txn}): changes are missing. Run requery, then continue after this point"
        )
    }

    /// Offsets that can no longer be read.
    pub(super) fn report_offset_gap(&self, lost: &OffsetGap, out: &mut Output) {
        if self.output_shows_faults() {
            return;
        }
        out.warn(&Messages::offset_gap(lost));
    }

    /// The message of offsets that can no longer be read.
    pub(in crate::commands) fn offset_gap(lost: &OffsetGap) -> String {
        let resumed = match lost.why {
            GapReason::Gone => String::new(),
            _ => format!(". Continuing at offset {}", lost.resumed),
        };
        format!("gap: {}. Run requery{resumed}", lost.message())
    }

    /// The command that recovers. With `--on-gap stop` the end of the run prints it.
    pub(super) fn hint_recovery(&self, txn: Option<TxnId>, out: &mut Output) {
        if let (Some(recovery), OnGap::Mark) = (&self.recovery, self.plan.on_gap) {
            out.hint("try", &recovery.requery(txn.map(|txn| txn.0), &[]));
        }
    }

    /// A gap of an earlier run that `name`, the state file, still has, and whether it concerns this run.
    pub(in crate::commands) fn report_saved_gap(
        name: &str,
        gap: &Gap,
        is_open: bool,
        out: &mut Output,
    ) {
        let what = gap.describe();
        match (gap.describe_missing(), is_open) {
            (None, _) => out.warn(&format!(
                "gap: {name} remembers {what}, and no requery has resolved it yet"
            )),
            (Some(missing), true) => {
                out.warn(&format!("gap: {name} remembers {what}, {missing}"));
            }
            (Some(missing), false) => out.note(&format!(
                "{name} remembers {what}, {missing}; this run does not show these"
            )),
        }
    }

    pub(super) fn report_unreadable(&self, why: Unreadable, description: &str, out: &mut Output) {
        if self.output_shows_faults() {
            return;
        }
        out.warn(&format!("unreadable record: {why}, at {description}"));
    }

    /// An event that the format cannot express.
    pub(super) fn report_inexpressible(why: Inexpressible, place: &str, out: &mut Output) {
        out.warn(&format!(
            "event not written: {why}, at {place}. --format json shows it"
        ));
    }

    /// Gaps and unreadable records among the last N events that were not kept.
    pub(super) fn report_dropped(dropped: u64, out: &mut Output) {
        out.warn(&format!(
            "{dropped} more gaps and unreadable records are not shown, because --last keeps a limited number of them; read the range with --from to see all"
        ));
    }

    /// An event without a transaction, which is shown although the base snapshot may contain a later one of its document.
    pub(super) fn report_undated(&self, place: &str, out: &mut Output) {
        let name = &self.base_name;
        out.warn(&format!(
            "the event at {place} has no txnId: {name} may already contain a newer state of its document, whose later events are then not shown"
        ));
    }

    /// A `requeryRequired` that the base snapshot resolves.
    pub(super) fn report_resolved(&self, txn: Option<TxnId>, place: &str, out: &mut Output) {
        let (name, txn) = (&self.base_name, txn.map_or(0, |txn| txn.0));
        out.note(&format!(
            "{name} resolves the requeryRequired with txnID {txn} at {place}"
        ));
    }

    /// How many events the base snapshot already includes, if the number has changed.
    pub(super) fn report_skipped(&mut self, already_included: u64, out: &mut Output) {
        if already_included == self.reported_included {
            return;
        }
        self.reported_included = already_included;
        let name = &self.base_name;
        out.note(&format!(
            "{already_included} events are already in {name} and were not shown again"
        ));
    }

    pub(in crate::commands) fn report_notice(notice: &Notice, out: &mut Output) {
        match notice {
            Notice::Disconnected(raw) => {
                out.warn(&format!("lost the connection, trying again: {raw}"));
            }
            Notice::StillDisconnected { since, reason } => out.warn(&format!(
                "still no connection after {} s, trying again: {reason}",
                since.as_secs()
            )),
            // As the loss: with `--quiet`, a loss without an end would be misleading.
            Notice::Reconnected => out.warn("the connection is back"),
            Notice::Assigned(partitions) => out.note(&format!(
                "the group assigned {partitions} partitions to this member"
            )),
            Notice::NoPosition(no_position) => report_no_position(no_position, out),
            Notice::Joining { group, error } => {
                let error = error.as_deref().unwrap_or("no answer yet");
                out.warn(&format!(
                    "waiting for the group {group} to assign partitions ({error})"
                ));
            }
            Notice::TopicReplaced { before, now } => {
                let ids = match (before, now) {
                    (Some(before), Some(now)) => format!(" (its id was {before}, and is {now})"),
                    _ => String::new(),
                };
                out.warn(&format!(
                    "the topic was deleted and created again{ids}: reading the new one from its first record"
                ));
            }
            Notice::TopicUnverified => out.warn(
                "whether the topic was deleted and created again is unknown: the brokers do not say it, and the last record that was read is not there to compare",
            ),
            Notice::PartitionsAdded(added) => out.note(&format!(
                "the topic has new partitions: reading {} from the first record",
                list(added)
            )),
            Notice::PartitionsIgnored(added) => out.note(&format!(
                "the topic has new partitions: {} is not read, because --from names the partitions",
                list(added)
            )),
            Notice::CaptureReading(line) | Notice::Log(line) => out.note(line),
        }
    }
}

/// Where a member starts in partitions without a position. The end is a warning if records are before it: the group may
/// have lost its positions with a topic that was re-created.
fn report_no_position(found: &NoPosition, out: &mut Output) {
    let NoPosition { group, topic, .. } = found;
    let whole = format!("the group {group} has no position in {topic}: starting at");
    match (found.start, found.unread) {
        (StartedAt::Beginning, _) => out.note(&format!("{whole} the first record")),
        (StartedAt::Snapshot, _) => out.note(&format!("{whole} the positions of the snapshot")),
        (StartedAt::End, 0) => out.note(&format!("{whole} the end")),
        (StartedAt::End, unread) => out.warn(&format!(
            "{whole} the end. About {unread} records before it are not shown; to read them, use --from beginning with a new group"
        )),
        (StartedAt::FirstRecordOfAddedPartition, _) => {
            let list: Vec<String> = found.partitions.iter().map(i32::to_string).collect();
            let s = if list.len() == 1 { "" } else { "s" };
            out.note(&format!(
                "the group {group} has no position in partition{s} {} of {topic}: starting at the first record there",
                list.join(", ")
            ));
        }
    }
}

/// `partition 3`, or `partitions 3, 4 and 5`.
fn list(partitions: &[i32]) -> String {
    let names: Vec<String> = partitions.iter().map(i32::to_string).collect();
    match names.split_last() {
        Some((last, [])) => format!("partition {last}"),
        Some((last, others)) => format!("partitions {} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}
