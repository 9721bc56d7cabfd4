//! Where the documents of a requery go: the files of a folder, or standard output.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::stdout_page::StdoutPage;
use crate::snapshot::manifest::Collection;
use crate::snapshot::read::evidence_marks::EvidenceMarks;
use crate::snapshot::write::PageStore;
use crate::snapshot::write::file_name::file_name;
use crate::snapshot::write::file_store::FileStore;
use crate::snapshot::write::journal::{CollectionResume, CommitPoint, Entry, Journal, PageEntry};
use crate::snapshot::write::page_buffer::{BUFFERED_PAGE_BYTES, PageBuffer};

/// Opens a store for each collection. Shared by all threads.
pub trait Destination: Send + Sync {
    /// A collection's store, and the pages of an interrupted run that it still has. `marks` learns their documents.
    fn open(
        &self,
        collection: &str,
        resume: &CollectionResume,
        marks: &mut EvidenceMarks,
    ) -> io::Result<(Box<dyn PageStore>, CollectionResume)>;

    /// How a run that was interrupted can be continued; empty if it cannot.
    fn resume_hint(&self) -> &'static str {
        ""
    }

    /// Records that a collection was read to its end; one that failed is read again by a resumed run.
    fn finish(&self, _: &mut Collection) -> io::Result<()> {
        Ok(())
    }
}

/// The files of a folder, with a journal.
pub struct FolderDestination {
    /// The folder in which they are written.
    pub folder: PathBuf,
    /// The journal of the run.
    pub journal: Arc<Journal>,
}

impl Destination for FolderDestination {
    fn open(
        &self,
        collection: &str,
        resume: &CollectionResume,
        marks: &mut EvidenceMarks,
    ) -> io::Result<(Box<dyn PageStore>, CollectionResume)> {
        let path = self.folder.join(file_name(collection));
        let (store, resume) = FileStore::open(&path, &self.journal, collection, resume)?;
        let page = resume.pages.last().map(|page| page.mark.length);
        let length = resume.done.as_ref().map(|done| done.bytes).or(page);
        if let Some(length) = length {
            marks.scan_file(&path, length)?;
        }
        Ok((Box::new(store), resume))
    }

    fn resume_hint(&self) -> &'static str {
        "; --resume continues from there"
    }

    fn finish(&self, collection: &mut Collection) -> io::Result<()> {
        collection.file = Some(file_name(&collection.name));
        Entry::done(collection).map_or(Ok(()), |done| self.journal.add(&done))
    }
}

/// Takes a complete page for the main thread, which prints it.
type PrintPage = Arc<dyn Fn(StdoutPage) -> io::Result<()> + Send + Sync>;

/// Standard output: the main thread prints each complete page.
pub(super) struct StdoutDestination {
    pub print: PrintPage,
    /// Memory for buffered pages of each thread.
    pub buffer_bytes: usize,
}

impl Destination for StdoutDestination {
    fn open(
        &self,
        collection: &str,
        _: &CollectionResume,
        _: &mut EvidenceMarks,
    ) -> io::Result<(Box<dyn PageStore>, CollectionResume)> {
        let store = StdoutStore {
            buffer: PageBuffer::new(self.buffer_bytes),
            print: Arc::clone(&self.print),
            collection: collection.to_owned(),
        };
        Ok((Box::new(store), CollectionResume::default()))
    }
}

/// Buffers one page, which is sent to the main thread when it is complete.
struct StdoutStore {
    buffer: PageBuffer,
    print: PrintPage,
    collection: String,
}

impl PageStore for StdoutStore {
    fn target_page_bytes(&self) -> u64 {
        BUFFERED_PAGE_BYTES
    }

    #[inline]
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.add(bytes)
    }

    fn rollback(&mut self) -> io::Result<()> {
        self.buffer.clear();
        Ok(())
    }

    fn commit_page(&mut self, page: PageEntry) -> io::Result<()> {
        let page = StdoutPage {
            collection: self.collection.clone(),
            txn_id: page.transaction_id,
            rows: self.buffer.finish_page()?,
        };
        (self.print)(page)
    }

    fn restart(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        Ok(false)
    }

    fn finish(&mut self) -> io::Result<CommitPoint> {
        Ok(CommitPoint::default())
    }
}
