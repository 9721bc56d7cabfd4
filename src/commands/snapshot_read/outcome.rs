//! Messages and exit codes of runs that stop early.

use super::workers::Outcome;
use crate::bigpeer::{ApiError, ApiErrorKind};
use crate::commands::Context;
use crate::commands::read_source::report;
use crate::record::{Failure, FailureClass};
use crate::snapshot::manifest::Collection;
use crate::snapshot::read::retrying_client::StopReason;
use crate::snapshot::write::directory::disk_failure;
use crate::util::exit::Exit;

/// The collections, or the exit code of a run that stopped early.
pub(super) fn into_collections(
    outcome: Outcome,
    resume_hint: &str,
    context: &mut Context<'_>,
) -> Result<Vec<Collection>, Exit> {
    let (exit, documents, can_continue) = match outcome {
        Outcome::Complete(collections) => return Ok(collections),
        Outcome::OutputClosed => return Err(Exit::Success),
        Outcome::OutputFailed(error) => {
            context
                .out
                .warn(&format!("writing to standard output: {error}"));
            return Err(Exit::Failed);
        }
        Outcome::Interrupted(documents) => (Exit::Interrupted, documents, true),
        Outcome::Stopped(stop, documents) => {
            let can_continue = !is_permanent(&stop);
            (report_stop(&stop, context), documents, can_continue)
        }
    };
    let hint = if can_continue { resume_hint } else { "" };
    context
        .out
        .note(&format!("stopped after {documents} documents{hint}"));
    Err(exit)
}

/// Whether the same requests would fail again, so that nothing can be continued.
fn is_permanent(stop: &StopReason) -> bool {
    match stop {
        StopReason::Api(_, error) => matches!(
            error.kind,
            ApiErrorKind::BadQuery | ApiErrorKind::NoInterface | ApiErrorKind::NotDql
        ),
        StopReason::Interrupted | StopReason::Disk(..) => false,
    }
}

/// Reports why the run cannot continue.
pub fn report_stop(stop: &StopReason, context: &mut Context<'_>) -> Exit {
    match stop {
        StopReason::Interrupted => Exit::Interrupted,
        StopReason::Disk(doing, error) => report(&disk_failure(doing, error), context),
        StopReason::Api(doing, error) => {
            let failure = Failure {
                class: class(error),
                what: format!("{doing}: {}", error.summary()),
                fix: error.fix().map(str::to_owned),
                raw: Some(error.message.clone()).filter(|message| !message.is_empty()),
            };
            report(&failure, context)
        }
    }
}

fn class(error: &ApiError) -> FailureClass {
    match error.kind {
        ApiErrorKind::RefusedKey
        | ApiErrorKind::Forbidden
        | ApiErrorKind::Unreachable
        | ApiErrorKind::Tls
        | ApiErrorKind::Redirected
        | ApiErrorKind::NotFound
        | ApiErrorKind::NoInterface
        | ApiErrorKind::Proxy(_)
        | ApiErrorKind::NotDql
        | ApiErrorKind::Empty
        | ApiErrorKind::Encoded(_) => FailureClass::Setup,
        _ => FailureClass::Read,
    }
}
