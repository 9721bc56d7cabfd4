//! One record through filter and view: what it is, and its text.
//! Counting it and what it means for the run are left to `follow`.

use crate::event::filter::{Filter, Verdict};
use crate::event::{Kind, Op, TxnId, Unreadable};
use crate::record::Record;
use crate::view::View;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presented {
    /// The filter does not want it.
    Hidden,
    /// An event was shown.
    Shown(Op),
    /// A `requeryRequired` was shown.
    Gap(Option<TxnId>),
    /// It is no event; shown if the format can.
    Unreadable(Unreadable),
}

/// Decides on a record and appends its text.
pub(super) fn present(
    filter: &Filter,
    view: &View,
    record: &Record<'_>,
    out: &mut Vec<u8>,
) -> Presented {
    match filter.judge(record.payload.as_deref()) {
        Verdict::Hidden => Presented::Hidden,
        Verdict::Unreadable(why) => {
            view.unreadable(record, why, out);
            Presented::Unreadable(why)
        }
        Verdict::Shown(event) => {
            let shown = view.event(record, &event, out);
            match event.kind {
                _ if !shown => Presented::Hidden,
                Kind::RequeryRequired => Presented::Gap(event.txn_id),
                _ => Presented::Shown(event.op()),
            }
        }
    }
}
