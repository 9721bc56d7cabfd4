//! A snapshot in a folder of its own, with a journal.

use std::path::PathBuf;
use std::sync::Arc;

use super::destination::{Destination, FolderDestination};
use super::{Earlier, SnapshotRead};
use crate::commands::Context;
use crate::commands::read_source::report;
use crate::snapshot::manifest::Manifest;
use crate::snapshot::write::directory::{SnapshotDirectory, disk_failure};
use crate::snapshot::write::journal::{Journal, ResumeState};
use crate::util::exit::Exit;

impl SnapshotRead {
    /// Reads into a folder, whose earlier snapshot it replaces. Returns the manifest and where the snapshot is.
    ///
    /// # Errors
    /// The exit code of a reported error, or of Ctrl-C.
    pub fn read_into_folder(
        self,
        folder: SnapshotDirectory,
        earlier: &Earlier<'_>,
        context: &mut Context<'_>,
    ) -> Result<(Manifest, PathBuf), Exit> {
        let journal = begin(&folder, earlier.run, &self, context)?;
        let destination: Arc<dyn Destination> = Arc::new(FolderDestination {
            folder: folder.staging().to_owned(),
            journal: Arc::new(journal),
        });
        let manifest = self.read(&destination, earlier, context)?;
        let place = folder.commit(&manifest);
        let place = place.map_err(|failure| report(&failure, context))?;
        Ok((manifest, place))
    }
}

/// Starts the journal, or continues that of the interrupted run.
fn begin(
    folder: &SnapshotDirectory,
    resume_state: &ResumeState,
    read: &SnapshotRead,
    context: &mut Context<'_>,
) -> Result<Journal, Exit> {
    let journal = folder
        .journal(resume_state.valid)
        .map_err(|failure| report(&failure, context))?;
    if resume_state.valid > 0 {
        return Ok(journal);
    }
    let start = read.journal_start();
    let begun = start.iter().try_for_each(|entry| journal.add(entry));
    begun.map_err(|error| report(&disk_failure("writing the journal", &error), context))?;
    Ok(journal)
}
