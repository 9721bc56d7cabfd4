//! A record that was rendered when it was read, and is written once the end is known (`--last N`, `--from -N` of a
//! capture).

use super::exec::ExecEvent;
use super::exec_record::RecordForCommand;
use super::plan::Plan;
use super::render::{Rendered, Renderer};
use crate::event::filter_stats::FilterStats;
use crate::record::Record;
use crate::record::last_n::Kept;
use crate::record::position::Position;

/// A rendered record that may turn out to be among the last N.
pub(super) struct BufferedRecord {
    pub rendered: Rendered,
    pub text: Vec<u8>,
    /// From [`Renderer::describe`].
    pub description: String,
    /// The event for its command, with `--exec`.
    event: Option<ExecEvent>,
}

impl BufferedRecord {
    /// Filters and renders a record; `None` if it is not among the last, however many follow.
    pub(super) fn render(
        plan: &Plan,
        renderer: &Renderer,
        record: &Record<'_>,
        stats: Option<&mut FilterStats>,
    ) -> Option<(Kept, BufferedRecord)> {
        let mut text = Vec::new();
        let outcome = renderer.render(record, &mut text, stats);
        // `--from -100` of a capture counts records, before the filters; for a topic it is resolved to offsets.
        let counts_records = matches!(plan.from, Position::Back(_)) && plan.last.is_none();
        let kept = match outcome {
            _ if counts_records => Kept::Counted,
            Rendered::Hidden => return None,
            _ if outcome.is_event() => Kept::Counted,
            _ => Kept::Addition,
        };
        let is_for_command = plan.exec.is_some() && outcome.is_event();
        let line = |text: &mut Vec<u8>| ExecEvent::new(record, std::mem::take(text));
        let buffered = BufferedRecord {
            rendered: outcome,
            event: is_for_command.then(|| line(&mut text)),
            text,
            description: renderer.describe(outcome, record),
        };
        Some((kept, buffered))
    }

    /// The record for its command.
    pub(super) fn into_command(self) -> RecordForCommand {
        RecordForCommand {
            rendered: self.rendered,
            description: self.description,
            place: None,
            event: self.event,
        }
    }
}
