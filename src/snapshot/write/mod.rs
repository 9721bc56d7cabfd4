//! Page stores: the file of a collection, or a buffer for standard output. Uncommitted rows can be rolled back.

mod aligned_block;
pub mod directory;
mod file;
pub mod file_name;
pub mod journal;
mod ownership;
pub mod page_buffer;
mod threads;

use std::io;
use std::path::Path;

use self::file::CollectionFile;
use self::journal::CommitPoint;
use self::page_buffer::PageBuffer;

/// Page size for files: larger pages are not faster, and cost more if they fail.
pub(super) const FILE_PAGE_BYTES: u64 = 64 << 20;
/// Page size for standard output, if requests are cheap: two buffered pages fit in memory.
pub(super) const BUFFERED_PAGE_BYTES: u64 = 10 << 20;
/// A store of rows, one per line. Rows after the last commit point can be rolled back.
pub enum PageStore {
    /// The file of a collection.
    File(Box<CollectionFile>),
    /// A buffer for one page, which is printed when it is complete.
    Buffered(PageBuffer),
}

impl PageStore {
    /// Creates or truncates a file.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn create(path: &Path) -> io::Result<PageStore> {
        Ok(PageStore::File(Box::new(CollectionFile::create(path)?)))
    }

    /// Continues a file after the last commit point that its content matches; returns the number of matching points.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn resume(path: &Path, commit_points: &[CommitPoint]) -> io::Result<(PageStore, usize)> {
        let (file, agreed) = CollectionFile::resume(path, commit_points)?;
        Ok((PageStore::File(Box::new(file)), agreed))
    }

    /// Page size in bytes that is enough if requests are cheap.
    pub(super) fn target_page_bytes(&self) -> u64 {
        match self {
            PageStore::File(_) => FILE_PAGE_BYTES,
            PageStore::Buffered(_) => BUFFERED_PAGE_BYTES,
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// I/O errors of the store, including those of earlier bytes.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            PageStore::File(file) => file.add(bytes),
            PageStore::Buffered(buffer) => buffer.add(bytes),
        }
    }

    /// Commits what was appended. Buffered pages have no commit point.
    ///
    /// # Errors
    /// I/O errors of the store.
    pub fn commit(&mut self) -> io::Result<CommitPoint> {
        match self {
            PageStore::File(file) => file.commit(),
            PageStore::Buffered(_) => Ok(CommitPoint::default()),
        }
    }

    /// Rolls back to the last commit point.
    ///
    /// # Errors
    /// I/O errors of the store.
    pub fn rollback(&mut self) -> io::Result<()> {
        match self {
            PageStore::File(file) => file.rollback(),
            PageStore::Buffered(buffer) => {
                buffer.clear();
                Ok(())
            }
        }
    }

    /// Discards everything. Printed pages cannot be discarded.
    ///
    /// # Errors
    /// I/O errors of the store.
    pub fn clear(&mut self) -> io::Result<()> {
        match self {
            PageStore::File(file) => file.clear(),
            PageStore::Buffered(_) => self.rollback(),
        }
    }

    /// Flushes a file; returns its size and hash.
    ///
    /// # Errors
    /// I/O errors of the file.
    pub fn finish(&mut self) -> io::Result<CommitPoint> {
        match self {
            PageStore::File(file) => file.finish(),
            PageStore::Buffered(_) => Ok(CommitPoint::default()),
        }
    }
}
