//! Where the rows of a collection go while it is read: into its file, or page by page to standard output.
//! How each of them works is in `file` and `held`; which pages stay is decided by the walk.

pub(crate) mod aligned_block;
pub mod directory;
pub(crate) mod file;
pub mod file_name;
pub(crate) mod hasher;
pub mod journal;
pub mod page_buffer;
pub(crate) mod writer;

use std::io;
use std::path::Path;

use self::file::InFile;
use self::journal::Mark;
use self::page_buffer::Held;
use super::read::page_size;

/// Takes rows, one a line. What was added since the last mark can be taken back.
pub enum Store {
    /// A file that stays.
    InFile(Box<InFile>),
    /// Pages that others print.
    Held(Held),
}

impl Store {
    /// A new file, or an old one from its beginning.
    ///
    /// # Errors
    /// What the disk says.
    pub fn create(path: &Path) -> io::Result<Store> {
        Ok(Store::InFile(Box::new(InFile::create(path)?)))
    }

    /// Goes on with a file behind the last of these marks that the file still agrees with; how many marks that are.
    ///
    /// # Errors
    /// What the disk says.
    pub fn resume(path: &Path, marks: &[Mark]) -> io::Result<(Store, usize)> {
        let (file, agreed) = InFile::resume(path, marks)?;
        Ok((Store::InFile(Box::new(file)), agreed))
    }

    /// How many bytes are enough for a page where asking costs little.
    pub(super) fn enough(&self) -> u64 {
        match self {
            Store::InFile(_) => page_size::ENOUGH,
            Store::Held(_) => page_size::ENOUGH_IN_MEMORY,
        }
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// What the disk says; of bytes that were added before, too.
    #[inline]
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Store::InFile(file) => file.add(bytes),
            Store::Held(held) => held.add(bytes),
        }
    }

    /// What was added since the last mark stays. Pages that are held have no mark.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&mut self) -> io::Result<Mark> {
        match self {
            Store::InFile(file) => file.keep(),
            Store::Held(_) => Ok(Mark::default()),
        }
    }

    /// Forgets what was added since the last mark.
    ///
    /// # Errors
    /// What the disk says.
    pub fn take_back(&mut self) -> io::Result<()> {
        match self {
            Store::InFile(file) => file.take_back(),
            Store::Held(held) => {
                held.clear();
                Ok(())
            }
        }
    }

    /// Forgets everything. What was printed cannot be forgotten.
    ///
    /// # Errors
    /// What the disk says.
    pub fn clear(&mut self) -> io::Result<()> {
        match self {
            Store::InFile(file) => file.clear(),
            Store::Held(_) => self.take_back(),
        }
    }

    /// Flushes a file to the disk; its size and sum.
    ///
    /// # Errors
    /// What the disk says.
    pub fn finish(&mut self) -> io::Result<Mark> {
        match self {
            Store::InFile(file) => file.finish(),
            Store::Held(_) => Ok(Mark::default()),
        }
    }
}
