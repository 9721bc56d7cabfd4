//! Compares two captures or snapshots: the documents that were added, removed and changed between them.

mod capture_side;
mod coverage;
mod differences;
mod document_key;
mod documents;
mod join;
mod side;
mod snapshot_side;
mod state_index;
mod tally;

use std::path::{Path, PathBuf};

use self::differences::Stop;
use self::join::Comparison;
use self::side::Side;
use self::tally::Tally;
use super::Context;
use super::tail;
use super::tail::Shown;
use super::tail::plan::Plan;
use super::unknown_collections;
use crate::cli::OnGap;
use crate::record::position::Position;
use crate::util::exit::Exit;

/// Why the options cannot be used for a comparison of these paths, as a sentence.
pub(super) fn conflict(paths: &[PathBuf], plan: &Plan) -> Option<String> {
    if plan.last.is_some() || matches!(plan.from, Position::Back(_)) {
        return Some(
            "--last and --from -N choose the newest changes, and the differences between two captures have no order in time; -n shows fewer of them, and diff A + B shows the changes in a row"
                .to_owned(),
        );
    }
    let is_limited = plan.from != Position::Beginning
        || plan.until.is_some()
        || plan.filter.has_transaction_limits();
    let folder = paths
        .iter()
        .find(|path| path.is_dir())
        .filter(|_| is_limited)?;
    Some(format!(
        "--from and --until choose events of a capture, and {} is a snapshot; leave them out",
        folder.display()
    ))
}

/// Compares two captures or snapshots; returns the exit code and what was shown.
pub(super) fn run(
    before: &Path,
    after: &Path,
    plan: &Plan,
    context: &mut Context<'_>,
) -> (Exit, Shown) {
    match compare(before, after, plan, context) {
        Ok((exit, shown)) => (exit, shown),
        Err(exit) => (exit, Shown::default()),
    }
}

fn compare(
    before: &Path,
    after: &Path,
    plan: &Plan,
    context: &mut Context<'_>,
) -> Result<(Exit, Shown), Exit> {
    for note in &plan.notes {
        context.out.note(note);
    }
    let before = read(before, plan, context)?;
    let after = read(after, plan, context)?;
    for side in [&before, &after] {
        tally::report_exceptions(side, context.out);
    }
    let unreadable = before.exceptions.unreadable + after.exceptions.unreadable;
    let gaps = before.exceptions.gaps + after.exceptions.gaps;
    if plan.on_gap == OnGap::Stop && gaps > 0 {
        context.out.warn(&format!(
            "stopped because of a gap ({})",
            plan.why_stop_at_gap()
        ));
        return Err(Exit::Gap);
    }
    let view = tail::view(plan, context);
    let mut comparison = Comparison::new(before, after, plan, &view, context);
    let stop = comparison.run();
    let (before, after, tally) = comparison.finish();
    let shown = Shown {
        events: tally.shown,
        gaps,
        unproven: tally.unproven_removed,
    };
    match stop {
        Ok(()) => {}
        Err(Stop::OutputClosed) => return Ok((Exit::Success, shown)),
        Err(Stop::Interrupted) => return Err(Exit::Interrupted),
        Err(Stop::Failed(why)) => {
            context.out.warn(&why);
            return Err(Exit::Failed);
        }
    }
    let hides_nothing = report(&tally, &before, &after, plan, context);
    let exit = if gaps > 0 && plan.format.has_changes_only() {
        Exit::Gap
    } else if unreadable + tally.inexpressible > 0 || hides_nothing {
        Exit::Failed
    } else {
        Exit::Success
    };
    Ok((exit, shown))
}

/// Reports the result; whether a path of `--redact` hides nothing.
fn report(
    tally: &Tally,
    before: &Side,
    after: &Side,
    plan: &Plan,
    context: &mut Context<'_>,
) -> bool {
    context.out.note(&tally.summary());
    let known = before.known.union(&after.known).cloned().collect();
    unknown_collections::report(&known, plan, context.out);
    tally.report_doubts(before, after, context.out);
    plan.paths.report(context.out)
}

fn read(path: &Path, plan: &Plan, context: &mut Context<'_>) -> Result<Side, Exit> {
    if path.is_dir() {
        snapshot_side::read(path, &plan.filter, context)
    } else {
        capture_side::read(path, plan, context)
    }
}
