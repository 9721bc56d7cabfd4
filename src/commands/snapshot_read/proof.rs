//! Proof of each collection: reconciles the counts with the stream, and reads unproven collections again.

use std::sync::Arc;

use super::destination::Destination;
use super::outcome::into_collections;
use super::proof_events::LedgerReader;
use super::stdout_page::StdoutFormat;
use super::workers::CollectionWorkers;
use crate::commands::Context;
use crate::snapshot::manifest::Collection;
use crate::snapshot::proof::{ChangeLedger, Verdict};
use crate::snapshot::write::journal::ResumeState;
use crate::util::exit::Exit;

/// How often a collection is read before it counts as incomplete.
const MAX_ATTEMPTS: u32 = 3;

/// Reads all collections into a destination; collections that are not proven are read again.
pub(super) fn read_until_proven(
    mut workers: CollectionWorkers,
    destination: &Arc<dyn Destination>,
    resume_state: &ResumeState,
    stream: Option<&LedgerReader>,
    context: &mut Context<'_>,
) -> Result<Vec<Collection>, Exit> {
    let mut proven: Vec<Collection> = Vec::new();
    for attempt in 1.. {
        // An interrupted run counts for the first attempt only.
        let nothing = ResumeState::default();
        let resume_state = if attempt == 1 { resume_state } else { &nothing };
        let outcome = workers.read(destination, resume_state, context);
        let mut read = into_collections(outcome, destination.resume_hint(), context)?;
        let open = undecided(&mut read, stream, context)?;
        let again = |name: &str| attempt < MAX_ATTEMPTS && open.iter().any(|open| open == name);
        workers.targets.retain(|target| again(&target.collection));
        for one in read.iter().filter(|one| again(&one.name)) {
            context.out.note(&format!(
                "{}: {}; reading it again (attempt {} of {MAX_ATTEMPTS})",
                one.name,
                one.why_not.join("; "),
                attempt + 1
            ));
        }
        read.retain(|one| !again(&one.name));
        proven.extend(read);
        if workers.targets.is_empty() {
            break;
        }
    }
    for one in &mut proven {
        add_advice(one, stream);
    }
    proven.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(proven)
}

/// Reads all collections to standard output, in one attempt, because output cannot be rolled back.
pub(super) fn into_stream(
    workers: &CollectionWorkers,
    stream: Option<&LedgerReader>,
    format: &StdoutFormat,
    context: &mut Context<'_>,
) -> Result<Vec<Collection>, Exit> {
    let outcome = workers.to_stream(format, context);
    let mut read = into_collections(outcome, "", context)?;
    undecided(&mut read, stream, context)?;
    for one in &mut read {
        add_advice(one, stream);
    }
    Ok(read)
}

/// Whether a collection was read and counted, and has no verdict yet.
fn is_undecided(collection: &Collection) -> bool {
    !collection.complete && collection.why_not.is_empty()
}

/// Decides about each counted collection; returns the names of unproven ones that are worth another read.
fn undecided(
    read: &mut [Collection],
    stream: Option<&LedgerReader>,
    context: &mut Context<'_>,
) -> Result<Vec<String>, Exit> {
    let undecided = read.iter().filter(|one| is_undecided(one));
    let undecided: Vec<Collection> = undecided.cloned().collect();
    let mut ledger = ChangeLedger::new(&undecided);
    match stream {
        Some(stream) if ledger.needs_events() => stream.read(&mut ledger, context)?,
        Some(_) => {}
        None => ledger.note_failure(
            "it was not read, because Kafka is not configured or --no-kafka was given".to_owned(),
        ),
    }
    let mut open = Vec::new();
    for one in read.iter_mut().filter(|one| is_undecided(one)) {
        match ledger.verdict(one) {
            Verdict::Proven(proof) => (one.complete, one.proof) = (true, Some(proof)),
            Verdict::Unproven(why) => {
                one.why_not = why;
                if ledger.may_improve(one) {
                    open.push(one.name.clone());
                }
            }
        }
    }
    Ok(open)
}

/// Adds advice to a collection whose counts are not explained.
fn add_advice(collection: &mut Collection, stream: Option<&LedgerReader>) {
    let counted = collection.census_before.is_some() && collection.census_after.is_some();
    if collection.complete || !counted {
        return;
    }
    let advice = if !collection.has_transactions() {
        "the server sends no transaction id with some responses: this cannot be proven"
    } else if stream.is_some() {
        "run requery again when fewer documents change"
    } else {
        "configure Kafka, whose events show the changes in between, or run requery again when nothing changes"
    };
    collection.why_not.push(advice.to_owned());
}
