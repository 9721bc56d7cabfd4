//! Filter and view: the one step that decides on a record and renders it.

use std::sync::Arc;

use super::base_snapshot::{BaseSnapshot, SnapshotRelation};
use super::path_usage::PathUsage;
use super::range::format_place;
use crate::event::filter::{Filter, Verdict};
use crate::event::filter_stats::FilterStats;
use crate::event::{self, Event, EventKind, Op, TxnId, Unreadable};
use crate::record::Record;
use crate::view::debezium::Inexpressible;
use crate::view::{EventOutput, View, escape};

/// What filter and base snapshot decide about one record.
pub(in crate::commands) enum Selected<'e> {
    /// Rejected by the filter.
    Hidden,
    /// To be shown, and whether the base snapshot may already include it.
    Shown(Event<'e>, IsUndated),
    /// The base snapshot already includes the event.
    AlreadyIncluded,
    /// A `requeryRequired` that the base snapshot resolves.
    GapResolved(Option<TxnId>),
    /// Not a Ditto event.
    Unreadable(Unreadable),
}

/// Whether an event has no transaction, so that it cannot be compared with the base snapshot.
pub(in crate::commands) type IsUndated = bool;

/// The result for one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Rendered {
    /// Rejected by the filter, or empty in this format.
    Hidden,
    /// An event was rendered.
    Shown(Op),
    /// A `requeryRequired` was rendered.
    Gap(Option<TxnId>),
    /// An event without a transaction was rendered; the base snapshot may already include it.
    Undated(Op),
    /// The base snapshot already includes the event.
    AlreadyIncluded,
    /// A `requeryRequired` that the base snapshot resolves.
    GapResolved(Option<TxnId>),
    /// Not a Ditto event; rendered if the format can.
    Unreadable(Unreadable),
    /// An event that the format cannot express.
    Inexpressible(Inexpressible),
}

impl Rendered {
    /// Whether an event was rendered: a limit counts events, and neither gaps nor unreadable records.
    pub(super) fn is_event(self) -> bool {
        matches!(self, Rendered::Shown(_) | Rendered::Undated(_))
    }
}

/// Filter and view. Independent of earlier records, so that worker threads can share it.
#[derive(Debug)]
pub(in crate::commands) struct Renderer {
    pub filter: Filter,
    pub view: View,
    /// The snapshot that the stream resumes from.
    pub base: Option<BaseSnapshot>,
    /// Which paths of the options the documents have.
    pub paths: Arc<PathUsage>,
}

/// How much of an unreadable record a message quotes.
const MAX_QUOTED_BYTES: usize = 60;

impl Renderer {
    /// Filters one record. Adds the record to `stats`, if they are wanted.
    pub(in crate::commands) fn select<'e>(
        &self,
        record: &'e Record<'_>,
        stats: Option<&mut FilterStats>,
    ) -> Selected<'e> {
        let verdict = self.filter.verdict(record.payload.as_deref());
        if let Some(stats) = stats {
            match &verdict {
                Verdict::Hidden => stats.add_payload(&self.filter, record.payload.as_deref()),
                Verdict::Shown(event) => stats.add(&self.filter, event),
                Verdict::Unreadable(_) => {}
            }
        }
        match verdict {
            Verdict::Hidden => Selected::Hidden,
            Verdict::Unreadable(why) => Selected::Unreadable(why),
            Verdict::Shown(event) => match self.relation(&event, record) {
                SnapshotRelation::AlreadyIncluded => Selected::AlreadyIncluded,
                SnapshotRelation::GapResolved => Selected::GapResolved(event.txn_id),
                SnapshotRelation::Newer => Selected::Shown(event, false),
                SnapshotRelation::Undated => Selected::Shown(event, true),
            },
        }
    }

    /// Filters one record and appends its rendering to `out`. Adds the record to `stats`, if they are wanted.
    pub(super) fn render(
        &self,
        record: &Record<'_>,
        out: &mut Vec<u8>,
        stats: Option<&mut FilterStats>,
    ) -> Rendered {
        match self.select(record, stats) {
            Selected::Hidden => Rendered::Hidden,
            Selected::AlreadyIncluded => Rendered::AlreadyIncluded,
            Selected::GapResolved(txn) => Rendered::GapResolved(txn),
            Selected::Unreadable(why) => {
                self.view.unreadable(record, why, out);
                Rendered::Unreadable(why)
            }
            Selected::Shown(event, is_undated) => match self.render_event(record, &event, out) {
                Rendered::Shown(op) if is_undated => Rendered::Undated(op),
                other => other,
            },
        }
    }

    fn relation(&self, event: &Event<'_>, record: &Record<'_>) -> SnapshotRelation {
        let base = self.base.as_ref();
        base.map_or(SnapshotRelation::Newer, |base| {
            base.relation(event, &record.place)
        })
    }

    fn render_event(&self, record: &Record<'_>, event: &Event<'_>, out: &mut Vec<u8>) -> Rendered {
        self.paths.note(event);
        let output = self.view.event(record, event, out);
        let is_gap = event.kind == EventKind::RequeryRequired;
        self.paths
            .note_shown(output == EventOutput::Shown && !is_gap);
        match output {
            EventOutput::Hidden => Rendered::Hidden,
            _ if is_gap => Rendered::Gap(event.txn_id),
            EventOutput::Shown => Rendered::Shown(event.op()),
            EventOutput::Inexpressible(why) => Rendered::Inexpressible(why),
        }
    }

    /// The place of a record that a message will mention, with the first bytes of an unreadable one; else empty.
    pub(super) fn describe(&self, rendered: Rendered, record: &Record<'_>) -> String {
        match rendered {
            Rendered::Hidden | Rendered::AlreadyIncluded | Rendered::Shown(_) => String::new(),
            Rendered::Gap(_)
            | Rendered::GapResolved(_)
            | Rendered::Undated(_)
            | Rendered::Inexpressible(_) => format_place(record),
            Rendered::Unreadable(_) => self.describe_unreadable(record),
        }
    }

    /// The place of an unreadable record and its first bytes.
    pub(in crate::commands) fn describe_unreadable(&self, record: &Record<'_>) -> String {
        match &record.payload {
            // Paths cannot be found in an unreadable record, so all of it is redacted.
            Some(_) if !self.view.diff.redact.is_empty() => {
                format!("{}: (redacted)", format_place(record))
            }
            Some(payload) => format!("{}: {}", format_place(record), quote(payload)),
            None => format_place(record),
        }
    }

    /// The name of the base snapshot's folder; empty without one.
    pub(super) fn base_name(&self) -> &str {
        self.base.as_ref().map_or("", |base| &base.name)
    }
}

/// The transaction of a record.
pub(super) fn txn_of(record: &Record<'_>) -> Option<u64> {
    let txn = event::txn_id(record.payload.as_deref()?)?;
    Some(txn.0)
}

fn quote(payload: &[u8]) -> String {
    let length = payload.len().min(MAX_QUOTED_BYTES);
    let mut quoted = Vec::new();
    escape::push(&payload[..length], escape::EscapeStyle::Text, &mut quoted);
    if length < payload.len() {
        quoted.extend_from_slice("…".as_bytes());
    }
    String::from_utf8_lossy(&quoted).into_owned()
}
