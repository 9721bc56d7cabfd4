//! Records whose text is kept until it is known whether they are shown: `--last`, and `-100` of a capture.
//! Counting and showing them is left to `follow`.

use super::plan::Plan;
use super::render::{Presented, Presenter};
use super::run_loop::Ending;
use crate::record::Record;
use crate::record::position::Position;

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
    presenter: &Presenter,
    search: impl FnOnce(&mut Keep<'_>) -> Result<Vec<Kept>, E>,
) -> Found {
    let mut read = 0;
    let kept = search(&mut |record| {
        read += 1;
        kept(plan, presenter, record)
    });
    Found {
        read,
        kept: kept.map_err(Into::into),
    }
}

/// What to keep of a record, if it is wanted.
pub(super) fn kept(plan: &Plan, presenter: &Presenter, record: &Record<'_>) -> Option<Kept> {
    let mut text = Vec::new();
    let became = presenter.present(record, &mut text);
    // `-100` of a capture counts before the filters; Kafka has resolved it to offsets already.
    let counts_all = matches!(plan.from, Position::Back(_)) && plan.last.is_none();
    if became == Presented::Hidden && !counts_all {
        return None;
    }
    Some(Kept {
        presented: became,
        text,
        name: presenter.name(became, record),
    })
}
