//! Reads records by their place, in a capture or in a temporary file of copies, with a cache of blocks: the places of each
//! partition follow each other, and those of all partitions alternate.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::read::read_at;
use super::time_index::StoredAt;

/// Sizes of a block, in bytes.
const MIN_BLOCK_BYTES: usize = 4 << 10;
const MAX_BLOCK_BYTES: usize = 64 << 10;

/// Copies of records, in a temporary file that only its owner can read, without a name where the system allows it.
#[derive(Default)]
pub(super) struct Copies {
    file: Option<BufWriter<File>>,
    length: u64,
}

impl Copies {
    /// Appends a record's bytes.
    ///
    /// # Errors
    /// I/O errors of the temporary file.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<StoredAt> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(BufWriter::with_capacity(
                MAX_BLOCK_BYTES,
                tempfile::tempfile()?,
            )),
        };
        file.write_all(bytes)?;
        let at = StoredAt {
            copied: true,
            offset: self.length,
            length: bytes.len(),
        };
        self.length += bytes.len() as u64;
        Ok(at)
    }

    /// # Errors
    /// I/O errors of the temporary file.
    fn finish(self) -> io::Result<Option<File>> {
        let Some(file) = self.file else {
            return Ok(None);
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Some(file))
    }
}

/// The capture, its copies, and a cache of both.
pub(super) struct StoredRecords {
    capture: File,
    copies: Option<File>,
    block_bytes: usize,
    capacity: usize,
    /// Where each block is in `blocks`.
    places: HashMap<(bool, u64), usize>,
    blocks: Vec<Block>,
    /// The block that is looked at first if one is to be replaced.
    hand: usize,
}

struct Block {
    key: (bool, u64),
    bytes: Vec<u8>,
    is_used: bool,
}

impl StoredRecords {
    /// Caches at most `max_bytes`, or one block; the block's size depends on the number of partitions.
    ///
    /// # Errors
    /// I/O errors of the temporary file.
    pub fn new(
        capture: File,
        copies: Copies,
        partitions: usize,
        max_bytes: usize,
    ) -> io::Result<StoredRecords> {
        let share = max_bytes / (2 * partitions.max(1));
        let block_bytes = share.clamp(MIN_BLOCK_BYTES, MAX_BLOCK_BYTES);
        Ok(StoredRecords {
            capture,
            copies: copies.finish()?,
            block_bytes,
            capacity: (max_bytes / block_bytes).max(1),
            places: HashMap::new(),
            blocks: Vec::new(),
            hand: 0,
        })
    }

    /// Reads a record's bytes.
    ///
    /// # Errors
    /// I/O errors of the file, also if it has become shorter.
    pub fn read(&mut self, at: StoredAt, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        if at.length >= MAX_BLOCK_BYTES {
            into.resize(at.length, 0);
            let count = read_at(self.file(at.copied), into, at.offset)?;
            return complete(count, at.length);
        }
        while into.len() < at.length {
            let place = at.offset + into.len() as u64;
            let size = self.block_bytes as u64;
            let block = self.block((at.copied, place / size))?;
            let start = usize::try_from(place % size).unwrap_or_default();
            let rest = block.get(start..).unwrap_or_default();
            let wanted = rest.len().min(at.length - into.len());
            complete(wanted, 1)?;
            into.extend_from_slice(rest.get(..wanted).unwrap_or_default());
        }
        Ok(())
    }

    fn file(&self, is_copy: bool) -> &File {
        let file = self.copies.as_ref().filter(|_| is_copy);
        file.unwrap_or(&self.capture)
    }

    fn block(&mut self, key: (bool, u64)) -> io::Result<&[u8]> {
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => self.load(key)?,
        };
        let Some(block) = self.blocks.get_mut(place) else {
            return Ok(&[]);
        };
        block.is_used = true;
        Ok(&block.bytes)
    }

    /// Reads a block; its place.
    fn load(&mut self, key: (bool, u64)) -> io::Result<usize> {
        let place = self.free_place();
        let mut bytes = match self.blocks.get_mut(place) {
            Some(old) => {
                self.places.remove(&old.key);
                std::mem::take(&mut old.bytes)
            }
            None => Vec::with_capacity(self.block_bytes),
        };
        bytes.resize(self.block_bytes, 0);
        let offset = key.1 * self.block_bytes as u64;
        let count = read_at(self.file(key.0), &mut bytes, offset)?;
        bytes.truncate(count);
        let block = Block {
            key,
            bytes,
            is_used: true,
        };
        match self.blocks.get_mut(place) {
            Some(old) => *old = block,
            None => self.blocks.push(block),
        }
        self.places.insert(key, place);
        Ok(place)
    }

    /// A new place, or that of a block that was not used since it was last looked at.
    fn free_place(&mut self) -> usize {
        if self.blocks.len() < self.capacity {
            return self.blocks.len();
        }
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.blocks.len();
            match self.blocks.get_mut(place) {
                Some(block) if block.is_used => block.is_used = false,
                _ => return place,
            }
        }
    }
}

fn complete(count: usize, wanted: usize) -> io::Result<()> {
    if count < wanted {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
