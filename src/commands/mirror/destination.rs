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
        // Only pages in the order of ids can be continued.
        let can_continue =
            resume.done.is_some() || resume.pages.iter().all(|page| page.kind.is_some());
        if !can_continue || resume.pages.is_empty() && resume.done.is_none() {
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
        // A failed collection is read again by a run that continues; each run proves the counts itself.
        if collection.why_not.is_empty() {
            self.0.add(&Entry::Done(Box::new(collection.clone())))?;
        }
        Ok(())
    }
}
