//! The documents of a mirror, and the changes that it keeps.

use std::path::Path;

use super::counter::Counter;
use crate::commands::Context;
use crate::commands::mirror_source::{self, MirrorChanges};
use crate::commands::read_source::{read_to_end, report};
use crate::commands::tail::plan::Plan;
use crate::mirror::MirrorReader;
use crate::record::Failure;
use crate::summary::{CopiedCollection, CopySummary};
use crate::util::exit::Exit;
use crate::util::time::parse_rfc3339;

/// Counts the changes of a mirror, and returns what it contains.
///
/// # Errors
/// The exit code of a reported failure, or of Ctrl-C.
pub(super) fn read(
    path: &Path,
    plan: &Plan,
    counter: &mut Counter<'_>,
    context: &mut Context<'_>,
) -> Result<CopySummary, Exit> {
    let mirror = mirror_source::open(path).map_err(|failure| report(&failure, context))?;
    let copy = summary(&mirror, plan, counter).map_err(|failure| report(&failure, context))?;
    if !copy.has_history {
        context
            .out
            .note("the mirror keeps no history (mirror --history): there are no changes to count");
        return Ok(copy);
    }
    let length = mirror.history_length();
    let length = length.map_err(|failure| report(&failure, context))?;
    let changes = MirrorChanges::new(&mirror, [mirror.changes()], Some(length), context.interrupt);
    let mut changes = changes.map_err(|failure| report(&failure, context))?;
    counter.scan_positions();
    read_to_end(&mut changes, counter, false, context)?;
    context.out.note(
        "sizes of changes are those of events built from the mirror's history, not of the records",
    );
    Ok(copy)
}

fn summary(
    mirror: &MirrorReader,
    plan: &Plan,
    counter: &mut Counter<'_>,
) -> Result<CopySummary, Failure> {
    let mut collections = Vec::new();
    for name in mirror.collection_names()? {
        if plan.filter.matches_collection(Some(&name)) {
            let size = mirror.size_of(&name)?;
            collections.push(CopiedCollection {
                name,
                documents: size.documents,
                bytes: size.bytes,
                largest: size.largest,
                changed_at: size.changed_at,
            });
        } else {
            counter.rejected.insert(name);
        }
    }
    let state = mirror.state()?;
    let offsets = mirror.positions()?.into_iter();
    let gap = mirror.open_gap()?;
    Ok(CopySummary {
        server: mirror.meta("server")?,
        topic: mirror.meta("topic")?,
        state: state.map(|since| (since.state.words().to_owned(), since.since_ms)),
        snapshot: mirror
            .manifest()?
            .and_then(|manifest| parse_rfc3339(&manifest.ended)),
        gaps: (
            gap.map_or(0, |gap| gap.announced + gap.lost),
            mirror.resolved_gaps()?.0,
        ),
        skipped: mirror.open_problems()?,
        offsets: offsets
            .map(|one| (one.partition, one.next_offset))
            .collect(),
        collections,
        has_history: mirror.history_end()?.is_some(),
    })
}
