//! What the loop of `--exec` keeps of a record and of a gap.

use super::exec::ExecEvent;
use super::render::Rendered;
use crate::record::{GapReason, OffsetGap};

/// A record that was filtered and rendered for a command.
pub(super) struct RecordForCommand {
    pub rendered: Rendered,
    /// From `Renderer::describe`.
    pub description: String,
    pub place: Option<(i32, i64)>,
    /// `None` if no command is run.
    pub event: Option<ExecEvent>,
}

/// A gap that was read, and whose turn comes when the commands of the events before it have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PendingGap {
    /// At this partition and offset, before which positions have to stay.
    At(i32, i64),
    /// In a topic that was created again, whose positions do not belong to the events before: none can be saved.
    Unplaced,
}

impl PendingGap {
    pub(super) fn of(lost: &OffsetGap) -> PendingGap {
        match lost.why {
            GapReason::Retention | GapReason::Rewound => {
                PendingGap::At(lost.partition, lost.wanted)
            }
            _ => PendingGap::Unplaced,
        }
    }
}
