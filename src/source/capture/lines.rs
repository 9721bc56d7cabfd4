//! A buffer that yields lines: filled at its end, read from its start, as large as the longest line needs.
//! Where the bytes come from, and what a line means, is not known here.

use std::ops::Range;

/// Fits the second-level cache, so that bytes are still there when they are looked at.
const SIZE: usize = 256 << 10;

/// The buffer. Holds at most twice the longest line, or its first size.
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Where the next line starts.
    start: usize,
    /// Up to where no line end was found.
    searched: usize,
    /// Up to where there are bytes.
    filled: usize,
    /// How many bytes were in lines that were taken.
    delivered: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Lines {
            buffer: vec![0; SIZE],
            start: 0,
            searched: 0,
            filled: 0,
            delivered: 0,
        }
    }
}

impl Lines {
    /// The next line with its line end; at the end of the input also what has none.
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
        self.delivered += line.len() as u64;
        (self.start, self.searched) = (end, end);
        Some(line)
    }

    /// The bytes of a line; valid until bytes are added.
    pub fn get(&self, line: Range<usize>) -> &[u8] {
        self.buffer.get(line).unwrap_or_default()
    }

    /// Room for at least one more byte at the end, to be followed by [`Lines::added`].
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.searched -= self.start;
            self.start = 0;
        }
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.filled * 2, 0);
        }
        self.buffer.get_mut(self.filled..).unwrap_or_default()
    }

    /// So many bytes were put into the room.
    pub fn added(&mut self, count: usize) {
        self.filled = (self.filled + count).min(self.buffer.len());
    }

    /// How many bytes were in lines that were taken.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }
}
