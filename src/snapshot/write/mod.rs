//! Page stores: where the rows of a collection go while it is read.

mod aligned_block;
pub mod directory;
mod file;
pub mod file_name;
pub mod file_store;
pub mod journal;
pub mod keyed_page;
mod ownership;
pub mod page_buffer;
mod threads;

use std::io;

use self::journal::{CommitPoint, PageEntry};
use super::manifest::Census;

/// A store of rows, one per line. Rows after the last committed page can be rolled back.
pub trait PageStore: Send {
    /// Page size in bytes that is enough if requests are cheap.
    fn target_page_bytes(&self) -> u64;

    /// Appends bytes of the page.
    ///
    /// # Errors
    /// I/O errors of the store, including those of earlier bytes.
    fn add(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Rolls back to the last committed page.
    ///
    /// # Errors
    /// I/O errors of the store.
    fn rollback(&mut self) -> io::Result<()>;

    /// Records the server's count before the read, if the store has a journal.
    ///
    /// # Errors
    /// I/O errors of the store.
    fn record_count(&mut self, _: &Census) -> io::Result<()> {
        Ok(())
    }

    /// Commits what was appended as one page.
    ///
    /// # Errors
    /// I/O errors of the store or the output.
    fn commit_page(&mut self, page: PageEntry) -> io::Result<()>;

    /// Discards all pages; `false` if committed ones cannot be discarded.
    ///
    /// # Errors
    /// I/O errors of the store.
    fn restart(&mut self) -> io::Result<bool>;

    /// Flushes the store; returns the size and hash of a file.
    ///
    /// # Errors
    /// I/O errors of the store, including those of earlier pages.
    fn finish(&mut self) -> io::Result<CommitPoint>;
}
