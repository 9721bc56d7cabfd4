//! From walks to a proof: reads the stream between the counts, and reads again what neither explains.
//! What counts prove is decided by `snapshot::prove`.

use std::sync::Arc;

use super::change_reader::Stream;
use super::workers::{Outcome, Work};
use crate::commands::Context;
use crate::snapshot::manifest::Collection;
use crate::snapshot::proof::{Ledger, Verdict};
use crate::snapshot::write::directory::Folder;
use crate::snapshot::write::journal::{Journal, Left};
use crate::util::exit::Exit;

/// How often a collection is read, hoping for a quiet moment, before it is called incomplete.
const ATTEMPTS: u32 = 3;

/// Reads everything into files; what cannot be proven is read again.
pub(super) fn into_folder(
    mut work: Work,
    folder: &Folder,
    journal: Journal,
    left: &Left,
    stream: Option<&Stream>,
    context: &mut Context<'_>,
) -> Result<Vec<Collection>, Exit> {
    let journal = Arc::new(journal);
    let mut proven: Vec<Collection> = Vec::new();
    for attempt in 1.. {
        // What an interrupted run has left counts for the first attempt only.
        let nothing = Left::default();
        let left = if attempt == 1 { left } else { &nothing };
        let outcome = work.to_folder(folder, &journal, left, context);
        let mut read = super::finished(outcome, true, context)?;
        let open = settle(&mut read, stream, context)?;
        let again = |name: &str| attempt < ATTEMPTS && open.iter().any(|open| open == name);
        work.targets.retain(|target| again(&target.collection));
        for one in read.iter().filter(|one| again(&one.name)) {
            context.out.note(&format!(
                "{}: {}; reading it again (attempt {} of {ATTEMPTS})",
                one.name,
                one.why_not.join("; "),
                attempt + 1
            ));
        }
        read.retain(|one| !again(&one.name));
        proven.extend(read);
        if work.targets.is_empty() {
            break;
        }
    }
    for one in &mut proven {
        advise(one, stream);
    }
    proven.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(proven)
}

/// Reads everything onto standard output, where nothing can be taken back: one attempt.
pub(super) fn into_stream(
    work: &Work,
    stream: Option<&Stream>,
    context: &mut Context<'_>,
) -> Result<Vec<Collection>, Exit> {
    let outcome: Outcome = work.to_stream(context);
    let mut read = super::finished(outcome, false, context)?;
    settle(&mut read, stream, context)?;
    for one in &mut read {
        advise(one, stream);
    }
    Ok(read)
}

/// Whether a collection was read and counted, and nothing is known yet about what that proves.
fn is_undecided(collection: &Collection) -> bool {
    !collection.complete && collection.why_not.is_empty()
}

/// Decides about every collection that was counted; the names of those that stay open.
fn settle(
    read: &mut [Collection],
    stream: Option<&Stream>,
    context: &mut Context<'_>,
) -> Result<Vec<String>, Exit> {
    let undecided = read.iter().filter(|one| is_undecided(one));
    let undecided: Vec<Collection> = undecided.cloned().collect();
    let mut ledger = Ledger::of(&undecided);
    match stream {
        Some(stream) if ledger.asks() => stream.read(&mut ledger, &undecided, context)?,
        Some(_) => {}
        None => ledger.fail(
            "it was not asked, since Kafka is not configured, or --no-kafka was given".to_owned(),
        ),
    }
    let mut open = Vec::new();
    for one in read.iter_mut().filter(|one| is_undecided(one)) {
        match ledger.judge(one) {
            Verdict::Proven(proof) => (one.complete, one.proof) = (true, Some(proof)),
            Verdict::Open(why) => {
                one.why_not = why;
                open.push(one.name.clone());
            }
        }
    }
    Ok(open)
}

/// What to do about a collection that was counted and not explained.
fn advise(collection: &mut Collection, stream: Option<&Stream>) {
    let counted = collection.census_before.is_some() && collection.census_after.is_some();
    if collection.complete || !counted {
        return;
    }
    let advice = if stream.is_some() {
        "repeat it at a quieter time"
    } else {
        "configure Kafka, whose events tell what changed meanwhile, or repeat it at a quieter time"
    };
    collection.why_not.push(advice.to_owned());
}
