//! What is known from earlier runs.

use crate::snapshot::manifest::Manifest;
use crate::snapshot::write::journal::ResumeState;

/// What is known from before: the snapshot that is replaced, and the journal of an interrupted run.
pub struct Earlier<'e> {
    /// The snapshot that is replaced.
    pub snapshot: Option<&'e Manifest>,
    /// The interrupted run; empty if a new one starts.
    pub run: &'e ResumeState,
}
