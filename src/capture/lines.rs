//! Bytes of a capture that were read and not consumed yet, in one buffer, and their lines. Chunks are moved; only a line
//! that spans two chunks is copied.

use std::ops::Range;

/// Space before a chunk's bytes, for the start of a line from the previous chunk.
const LINE_START_BYTES: usize = 64 << 10;
/// Size of a read: large enough to hide the cost of the channel, small enough for the second-level cache.
const CHUNK_BYTES: usize = 256 << 10;

/// A buffer with space before its bytes.
pub(super) struct Chunk {
    buffer: Vec<u8>,
    filled: usize,
}

impl Default for Chunk {
    fn default() -> Self {
        Chunk {
            buffer: vec![0; LINE_START_BYTES + CHUNK_BYTES],
            filled: LINE_START_BYTES,
        }
    }
}

impl Chunk {
    /// Space for bytes, to be followed by [`Chunk::note_filled`].
    pub fn spare(&mut self) -> &mut [u8] {
        self.buffer.get_mut(LINE_START_BYTES..).unwrap_or_default()
    }

    /// Notes that `count` bytes were written to the space.
    pub fn note_filled(&mut self, count: usize) {
        self.filled = (LINE_START_BYTES + count).min(self.buffer.len());
    }

    fn bytes(&self) -> &[u8] {
        self.buffer
            .get(LINE_START_BYTES..self.filled)
            .unwrap_or_default()
    }
}

/// The bytes of the chunks added so far that are not consumed. Holds one chunk, or at most twice the longest line.
#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Start of the bytes that are not consumed.
    start: usize,
    /// The end of the next line or value was searched for up to here.
    searched: usize,
    /// End of the bytes.
    filled: usize,
    /// Number of bytes that were consumed.
    consumed: u64,
    /// Number of line ends that were consumed.
    line_ends: u64,
}

impl Lines {
    /// Consumes the next line; returns it with its line end; at the end of the input also one without.
    pub fn next(&mut self, ended: bool) -> Option<Range<usize>> {
        let rest = self.buffer.get(self.searched..self.filled)?;
        let end = match memchr::memchr(b'\n', rest) {
            Some(at) => self.searched + at + 1,
            None if ended && self.start < self.filled => self.filled,
            None => {
                self.searched = self.filled;
                return None;
            }
        };
        let line = self.start..end;
        self.consumed += line.len() as u64;
        self.line_ends += 1;
        (self.start, self.searched) = (end, end);
        Some(line)
    }

    /// The bytes that are not consumed.
    pub fn rest(&self) -> &[u8] {
        self.get(self.start..self.filled)
    }

    /// The end of what was searched, counted from the start of [`Lines::rest`].
    pub fn searched(&self) -> usize {
        self.searched.saturating_sub(self.start)
    }

    /// Notes the end of what was searched.
    pub fn set_searched(&mut self, length: usize) {
        self.searched = (self.start + length).min(self.filled);
    }

    /// Consumes bytes; returns them.
    pub fn take(&mut self, length: usize) -> Range<usize> {
        let end = (self.start + length).min(self.filled);
        let taken = self.start..end;
        self.consumed += taken.len() as u64;
        self.line_ends += memchr::memchr_iter(b'\n', self.get(taken.clone())).count() as u64;
        (self.start, self.searched) = (end, end);
        taken
    }

    /// Consumes bytes that contain this many line ends.
    pub fn skip(&mut self, length: usize, line_ends: u64) {
        self.start = (self.start + length).min(self.filled);
        self.searched = self.searched.max(self.start);
        self.consumed += length as u64;
        self.line_ends += line_ends;
    }

    /// The bytes of a line; valid until a chunk is added.
    pub fn get(&self, line: Range<usize>) -> &[u8] {
        self.buffer.get(line).unwrap_or_default()
    }

    /// Adds a chunk; returns one that can be filled again, if there is one.
    pub fn add(&mut self, mut chunk: Chunk) -> Option<Chunk> {
        let rest = self.buffer.get(self.start..self.filled).unwrap_or_default();
        let Some(start) = LINE_START_BYTES.checked_sub(rest.len()) else {
            self.append(chunk.bytes());
            return Some(chunk);
        };
        if let Some(spare) = chunk.buffer.get_mut(start..LINE_START_BYTES) {
            spare.copy_from_slice(rest);
        }
        let searched = start + self.searched();
        (self.start, self.searched, self.filled) = (start, searched, chunk.filled);
        let buffer = std::mem::replace(&mut self.buffer, chunk.buffer);
        // A buffer that grew for a long line is freed, to keep memory flat.
        (buffer.len() == LINE_START_BYTES + CHUNK_BYTES).then_some(Chunk {
            buffer,
            filled: LINE_START_BYTES,
        })
    }

    /// Extends a long line. The buffer doubles, so that each byte is moved about once.
    fn append(&mut self, bytes: &[u8]) {
        self.buffer.truncate(self.filled);
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
        self.filled = self.buffer.len();
    }

    /// Number of bytes that were consumed.
    pub fn consumed_bytes(&self) -> u64 {
        self.consumed
    }

    /// Where bytes that were just consumed are in the input.
    pub fn offset_of(&self, consumed: &Range<usize>) -> u64 {
        self.consumed - self.start.saturating_sub(consumed.start) as u64
    }

    /// Number of line ends that were consumed.
    pub fn line_ends(&self) -> u64 {
        self.line_ends
    }

    /// Capacity of the buffer in bytes.
    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}
