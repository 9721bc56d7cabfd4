//! One record through filter and view: what it is, and its text.
//! Counting it and what it means for the run are left to `follow`.

use super::base_snapshot::{Base, Relation};
use super::range::show_place;
use crate::event::filter::{Filter, Verdict};
use crate::event::{Kind, Op, TxnId, Unreadable};
use crate::record::Record;
use crate::view::{View, escape};

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presented {
    /// The filter does not want it.
    Hidden,
    /// An event was shown.
    Shown(Op),
    /// A `requeryRequired` was shown.
    Gap(Option<TxnId>),
    /// The snapshot that the run started from contains it already.
    Contained,
    /// A `requeryRequired` that this snapshot answers.
    Answered(Option<TxnId>),
    /// It is no event; shown if the format can.
    Unreadable(Unreadable),
}

/// Filter and view together: all that one record needs, whatever came before it.
#[derive(Debug)]
pub(super) struct Presenter {
    pub filter: Filter,
    pub view: View,
    /// The snapshot that the stream goes on from.
    pub base: Option<Base>,
}

/// How many bytes of an unreadable record are quoted.
const QUOTED: usize = 60;

impl Presenter {
    /// Decides on a record and appends its text.
    pub(super) fn present(&self, record: &Record<'_>, out: &mut Vec<u8>) -> Presented {
        match self.filter.judge(record.payload.as_deref()) {
            Verdict::Hidden => Presented::Hidden,
            Verdict::Unreadable(why) => {
                self.view.unreadable(record, why, out);
                Presented::Unreadable(why)
            }
            Verdict::Shown(event) => {
                let base = self.base.as_ref();
                match base.map_or(Relation::Behind, |base| base.relation(&event)) {
                    Relation::Behind => {}
                    Relation::Contained => return Presented::Contained,
                    Relation::Answered => return Presented::Answered(event.txn_id),
                }
                let shown = self.view.event(record, &event, out);
                match event.kind {
                    _ if !shown => Presented::Hidden,
                    Kind::RequeryRequired => Presented::Gap(event.txn_id),
                    _ => Presented::Shown(event.op()),
                }
            }
        }
    }

    /// How messages name a record, where there will be one: its place, and the first bytes of what cannot be read.
    pub(super) fn name(&self, presented: Presented, record: &Record<'_>) -> String {
        match presented {
            Presented::Hidden | Presented::Contained | Presented::Shown(_) => String::new(),
            Presented::Gap(_) | Presented::Answered(_) => show_place(record),
            Presented::Unreadable(_) => match &record.payload {
                // What cannot be read cannot be searched for what nobody may see.
                Some(_) if !self.view.diff.redact.is_empty() => {
                    format!("{}: (redacted)", show_place(record))
                }
                Some(payload) => format!("{}: {}", show_place(record), quote(payload)),
                None => show_place(record),
            },
        }
    }
}

fn quote(payload: &[u8]) -> String {
    let most = payload.len().min(QUOTED);
    let mut quoted = Vec::new();
    escape::push(&payload[..most], escape::Spelling::Text, &mut quoted);
    if most < payload.len() {
        quoted.extend_from_slice("…".as_bytes());
    }
    String::from_utf8_lossy(&quoted).into_owned()
}
