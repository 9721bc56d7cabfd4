//! Reports why a mirror stops.

use crate::commands::Context;
use crate::kafka::ReadStopped;
use crate::record::Failure;
use crate::util::exit::Exit;

/// Reports a failure; returns its exit code.
pub(super) fn report(failure: &Failure, context: &mut Context<'_>) -> Exit {
    context.out.failure(failure);
    failure.exit()
}

/// Reports why a topic is not read any more; returns the exit code.
pub(super) fn report_stopped(stopped: ReadStopped, context: &mut Context<'_>) -> Exit {
    match stopped {
        ReadStopped::Interrupted => Exit::Interrupted,
        ReadStopped::Failed(failure) => report(&failure, context),
    }
}
