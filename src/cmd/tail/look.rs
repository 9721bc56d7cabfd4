//! Records whose text is kept until it is known whether they are shown: `--last`, and `-100` of a capture.
//! Counting and showing them is left to `follow`.

use super::follow::Ending;
use super::plan::Plan;
use super::present::{Presented, present};
use super::window;
use crate::position::Position;
use crate::record::Record;
use crate::view::{View, safe};

/// How many bytes of an unreadable record are quoted.
const QUOTED: usize = 60;

/// A record's text that is kept until it is known to be among the last.
pub(super) struct Kept {
    pub presented: Presented,
    pub text: Vec<u8>,
    pub name: String,
}

/// A function that looks through a source backwards, given what to keep.
pub(super) type Keep<'k> = dyn FnMut(&Record<'_>) -> Option<Kept> + 'k;

/// What was found by looking backwards.
pub(super) struct Found {
    pub read: u64,
    pub kept: Result<Vec<Kept>, Ending>,
}

/// Lets `search` look through a source for records that are wanted, and counts what it looks at.
pub(super) fn look<E: Into<Ending>>(
    plan: &Plan,
    view: &View,
    search: impl FnOnce(&mut Keep<'_>) -> Result<Vec<Kept>, E>,
) -> Found {
    let mut read = 0;
    let kept = search(&mut |record| {
        read += 1;
        kept(plan, view, record)
    });
    Found {
        read,
        kept: kept.map_err(Into::into),
    }
}

/// What to keep of a record, if it is wanted.
pub(super) fn kept(plan: &Plan, view: &View, record: &Record<'_>) -> Option<Kept> {
    let mut text = Vec::new();
    let presented = match &plan.from {
        // `-100` of a capture counts before the filters; Kafka has resolved it to offsets already.
        Position::Back(_) if plan.last.is_none() => present(&plan.filter, view, record, &mut text),
        _ => match present(&plan.filter, view, record, &mut text) {
            Presented::Hidden => return None,
            presented => presented,
        },
    };
    Some(Kept {
        name: name(plan, presented, record),
        presented,
        text,
    })
}

/// How messages name a record, where there will be one: its place, and the first bytes of what cannot be read.
pub(super) fn name(plan: &Plan, presented: Presented, record: &Record<'_>) -> String {
    match presented {
        Presented::Hidden | Presented::Shown(_) => String::new(),
        Presented::Gap(_) => window::show_place(record),
        Presented::Unreadable(_) => match &record.payload {
            // What cannot be read cannot be searched for what nobody may see.
            Some(_) if !plan.diff.redact.is_empty() => {
                format!("{}: (redacted)", window::show_place(record))
            }
            Some(payload) => format!("{}: {}", window::show_place(record), quote(payload)),
            None => window::show_place(record),
        },
    }
}

fn quote(payload: &[u8]) -> String {
    let most = payload.len().min(QUOTED);
    let mut quoted = Vec::new();
    safe::push(&payload[..most], safe::Spelling::Text, &mut quoted);
    if most < payload.len() {
        quoted.extend_from_slice("…".as_bytes());
    }
    String::from_utf8_lossy(&quoted).into_owned()
}
