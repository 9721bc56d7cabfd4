//! Lines, cut from chunks of bytes that are taken over whole; only what a chunk's end cuts in two is copied.
//! Where the bytes come from, and what a line means, is not known here.

use std::ops::Range;

/// Room before a chunk's bytes, for the beginning of a line that the chunk before holds.
const HEAD: usize = 64 << 10;
/// What is read at once: enough that handing over costs nothing, and little enough for the second-level cache.
const SIZE: usize = 256 << 10;

/// A buffer with room before its bytes.
pub(super) struct Chunk {
    buffer: Vec<u8>,
    filled: usize,
}

impl Default for Chunk {
    fn default() -> Self {
        Chunk {
            buffer: vec![0; HEAD + SIZE],
            filled: HEAD,
        }
    }
}

impl Chunk {
    /// Where to put bytes, to be followed by [`Chunk::holds`].
    pub fn room(&mut self) -> &mut [u8] {
        self.buffer.get_mut(HEAD..).unwrap_or_default()
    }

    /// So many bytes were put into the room.
    pub fn holds(&mut self, count: usize) {
        self.filled = (HEAD + count).min(self.buffer.len());
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(HEAD..self.filled).unwrap_or_default()
    }
}

/// The lines of the chunks added so far. Holds one chunk, or at most twice the longest line.
#[derive(Default)]
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

    /// The bytes of a line; valid until a chunk is added.
    pub fn get(&self, line: Range<usize>) -> &[u8] {
        self.buffer.get(line).unwrap_or_default()
    }

    /// Adds bytes; gives back a chunk that is free to be filled again, if there is one.
    pub fn add(&mut self, mut chunk: Chunk) -> Option<Chunk> {
        let kept = self.buffer.get(self.start..self.filled).unwrap_or_default();
        let Some(start) = HEAD.checked_sub(kept.len()) else {
            self.append(chunk.bytes());
            return Some(chunk);
        };
        if let Some(room) = chunk.buffer.get_mut(start..HEAD) {
            room.copy_from_slice(kept);
        }
        (self.start, self.searched, self.filled) = (start, HEAD, chunk.filled);
        let buffer = std::mem::replace(&mut self.buffer, chunk.buffer);
        // A buffer that grew with a long line goes: memory stays flat.
        (buffer.len() == HEAD + SIZE).then_some(Chunk {
            buffer,
            filled: HEAD,
        })
    }

    /// Makes a long line longer; the buffer doubles, so that a line's bytes are moved about once.
    fn append(&mut self, bytes: &[u8]) {
        self.buffer.truncate(self.filled);
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
        self.filled = self.buffer.len();
    }

    /// How many bytes were in lines that were taken.
    pub fn acknowledge(&self) -> u64 {
        self.delivered
    }

    /// How many bytes are held.
    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}
