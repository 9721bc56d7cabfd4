//! Page store in a file of its own, with each committed page in the journal of the run.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::PageStore;
use super::file::CollectionFile;
use super::journal::{CollectionResume, CommitPoint, Entry, Journal, PageEntry};
use crate::snapshot::manifest::{Census, Collection};

/// Page size: larger pages are not faster, and cost more if they fail.
pub(in crate::snapshot) const PAGE_BYTES: u64 = 64 << 20;

/// The file of one collection.
pub struct FileStore {
    file: CollectionFile,
    journal: Arc<Journal>,
    collection: String,
}

impl FileStore {
    /// Creates the file, or continues that of an interrupted run; returns the pages of that run that the file matches.
    ///
    /// # Errors
    /// I/O errors of the file and the journal.
    pub fn open(
        path: &Path,
        journal: &Arc<Journal>,
        collection: &str,
        resume: &CollectionResume,
    ) -> io::Result<(FileStore, CollectionResume)> {
        let store = |file| FileStore {
            file,
            journal: Arc::clone(journal),
            collection: collection.to_owned(),
        };
        if resume.can_continue() {
            let points = commit_points(resume);
            let (file, matching) = CollectionFile::resume(path, &points)?;
            if matching == points.len() {
                return Ok((store(file), resume.clone()));
            }
            // A power loss has removed more of the file than of the journal.
        }
        journal.add(&Entry::Again(collection.to_owned()))?;
        let file = CollectionFile::create(path)?;
        Ok((store(file), CollectionResume::default()))
    }
}

/// The commit points of a file that can be continued.
fn commit_points(resume: &CollectionResume) -> Vec<CommitPoint> {
    let whole = |done: &Collection| CommitPoint {
        length: done.bytes,
        sum: done.sha256.clone(),
    };
    match &resume.done {
        Some(done) => vec![whole(done)],
        None => resume.pages.iter().map(|page| page.mark.clone()).collect(),
    }
}

impl PageStore for FileStore {
    fn target_page_bytes(&self) -> u64 {
        PAGE_BYTES
    }

    #[inline]
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.add(bytes)
    }

    fn rollback(&mut self) -> io::Result<()> {
        self.file.rollback()
    }

    fn record_count(&mut self, count: &Census) -> io::Result<()> {
        let entry = Entry::Census(self.collection.clone(), count.clone());
        self.journal.add(&entry)
    }

    fn commit_page(&mut self, mut page: PageEntry) -> io::Result<()> {
        page.mark = self.file.commit()?;
        let entry = Entry::Page(self.collection.clone(), page);
        self.journal.add(&entry)
    }

    fn restart(&mut self) -> io::Result<bool> {
        self.journal.add(&Entry::Again(self.collection.clone()))?;
        self.file.clear()?;
        Ok(true)
    }

    fn finish(&mut self) -> io::Result<CommitPoint> {
        self.file.finish()
    }
}
