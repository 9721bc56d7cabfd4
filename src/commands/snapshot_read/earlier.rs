//! What is known from earlier runs.

use crate::snapshot::manifest::Manifest;
use crate::snapshot::write::journal::ResumeState;
use crate::util::exit::Exit;

/// Why a read was not prepared. It was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotPrepared {
    /// The interrupted run cannot be continued, whatever is tried; a new one can start.
    CannotContinue(Exit),
    /// Something else is wrong: the interrupted run may still be good.
    Stopped(Exit),
}

impl From<Exit> for NotPrepared {
    fn from(exit: Exit) -> NotPrepared {
        NotPrepared::Stopped(exit)
    }
}

impl From<NotPrepared> for Exit {
    fn from(reason: NotPrepared) -> Exit {
        match reason {
            NotPrepared::CannotContinue(exit) | NotPrepared::Stopped(exit) => exit,
        }
    }
}

/// What is known from before: the snapshot that is replaced, and the journal of an interrupted run.
pub struct Earlier<'e> {
    /// The snapshot that is replaced.
    pub snapshot: Option<&'e Manifest>,
    /// The interrupted run; empty if a new one starts.
    pub run: &'e ResumeState,
}
