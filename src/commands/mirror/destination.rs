//! The tables that a snapshot is read into, beside those that readers see.

use std::io;

use crate::commands::snapshot_read::destination::Destination;
use crate::mirror::Staging;
use crate::snapshot::manifest::Collection;
use crate::snapshot::read::evidence_marks::EvidenceMarks;
use crate::snapshot::write::PageStore;
use crate::snapshot::write::journal::{CollectionResume, Entry};

/// The tables of a load.
pub(super) struct TableDestination(pub Staging);

impl Destination for TableDestination {
    fn open(
        &self,
        collection: &str,
        resume: &CollectionResume,
        marks: &mut EvidenceMarks,
    ) -> io::Result<(Box<dyn PageStore>, CollectionResume)> {
        let mut store = self.0.store(collection)?;
        if !resume.can_continue() {
            store.restart()?;
            return Ok((Box::new(store), CollectionResume::default()));
        }
        marks.scan_ids(|take| store.for_each_key(take))?;
        Ok((Box::new(store), resume.clone()))
    }

    fn resume_hint(&self) -> &'static str {
        "; the next run continues from there"
    }

    fn finish(&self, collection: &mut Collection) -> io::Result<()> {
        Entry::done(collection).map_or(Ok(()), |done| self.0.add(&done))
    }
}
