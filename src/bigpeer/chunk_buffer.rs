//! A contiguous view over body chunks that copies only where two chunks meet.

use std::io;

use bytes::Bytes;

/// Bytes of a chunk that are appended to the end of the previous one; doubled each time that is not enough.
const JOIN_BYTES: usize = 4096;
/// Bytes that are quoted of a body that is not JSON.
const MAX_QUOTED_BYTES: usize = 4096;

/// Why a body cannot be decoded.
#[derive(Debug)]
pub(super) enum BodyError {
    /// The body ended too early, or reading it failed.
    Truncated(String),
    /// The timeout has elapsed.
    TimedOut,
    /// Not a JSON object; its first bytes.
    NotJson(Vec<u8>),
    /// The rows could not be stored.
    Sink(io::Error),
}

/// A source of body chunks.
pub(super) trait Chunks {
    /// Waits for the next chunk; empty at the end.
    ///
    /// # Errors
    /// I/O errors and timeouts.
    fn next(&mut self) -> io::Result<Bytes>;
}

/// The part of a body that is not consumed yet.
pub(super) struct ChunkBuffer<P> {
    chunks: P,
    chunk: Bytes,
    /// Start of the view in the chunk, if nothing is joined.
    at: usize,
    /// The end of the previous chunks; from `joined_from` on, the current chunk. Empty if the view is in one chunk.
    joined: Vec<u8>,
    joined_from: usize,
    /// Start of the view in `joined`.
    start: usize,
    /// Bytes received.
    pub read: u64,
}

impl<P: Chunks> ChunkBuffer<P> {
    pub fn new(chunks: P) -> Self {
        ChunkBuffer {
            chunks,
            chunk: Bytes::new(),
            at: 0,
            joined: Vec::new(),
            joined_from: 0,
            start: 0,
            read: 0,
        }
    }

    /// The bytes in view.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        let view = if self.joined.is_empty() {
            self.chunk.get(self.at..)
        } else {
            self.joined.get(self.start..)
        };
        view.unwrap_or_default()
    }

    /// Consumes bytes of the view.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        if self.joined.is_empty() {
            self.at += count;
            return;
        }
        self.start += count;
        if self.start >= self.joined_from {
            self.at = self.start - self.joined_from;
            self.joined.clear();
        }
    }

    /// The next byte that is not blank, without consuming it.
    #[inline]
    pub fn peek(&mut self) -> Result<u8, BodyError> {
        match self.bytes().first() {
            Some(byte) if !is_blank(*byte) => Ok(*byte),
            _ => self.skip_blanks(),
        }
    }

    fn skip_blanks(&mut self) -> Result<u8, BodyError> {
        loop {
            let bytes = self.bytes();
            let blanks = bytes.iter().take_while(|byte| is_blank(**byte)).count();
            self.consume(blanks);
            if let Some(byte) = self.bytes().first() {
                return Ok(*byte);
            }
            self.require_more()?;
        }
    }

    /// Extends the view; an error at the end of the body.
    pub fn require_more(&mut self) -> Result<(), BodyError> {
        if self.extend_view()? {
            return Ok(());
        }
        Err(match self.read {
            0 => BodyError::NotJson(Vec::new()),
            _ => BodyError::Truncated("it ended in the middle".to_owned()),
        })
    }

    /// Consumes the rest of the body, which must be blank.
    pub fn expect_end(&mut self) -> Result<(), BodyError> {
        loop {
            let bytes = self.bytes();
            if !bytes.iter().all(|byte| is_blank(*byte)) {
                return Err(self.not_json());
            }
            let count = bytes.len();
            self.consume(count);
            if !self.extend_view()? {
                return Ok(());
            }
        }
    }

    /// Extends the view; `false` at the end of the body.
    fn extend_view(&mut self) -> Result<bool, BodyError> {
        let mut from = self.joined.len().saturating_sub(self.joined_from);
        if self.joined.is_empty() || from == self.chunk.len() {
            let rest = self.chunk.get(self.at..).unwrap_or_default();
            if self.joined.is_empty() {
                self.start = 0;
                self.joined.extend_from_slice(rest);
            } else {
                self.joined.drain(..self.start);
                self.start = 0;
            }
            self.joined_from = self.joined.len();
            (self.chunk, self.at, from) = (self.next_chunk()?, 0, 0);
            if self.joined.is_empty() || self.chunk.is_empty() {
                return Ok(!self.chunk.is_empty());
            }
        }
        let to = self.chunk.len().min((from * 2).max(JOIN_BYTES));
        let more = self.chunk.get(from..to).unwrap_or_default();
        self.joined.extend_from_slice(more);
        Ok(true)
    }

    fn next_chunk(&mut self) -> Result<Bytes, BodyError> {
        // Frees the chunk, so that the HTTP library can reuse its memory.
        self.chunk = Bytes::new();
        match self.chunks.next() {
            Ok(chunk) => {
                self.read += chunk.len() as u64;
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(BodyError::TimedOut),
            Err(error) => Err(BodyError::Truncated(error.to_string())),
        }
    }

    /// The error for a body that is not JSON, with the bytes in view.
    pub fn not_json(&self) -> BodyError {
        let bytes = self.bytes();
        let quoted = bytes.get(..MAX_QUOTED_BYTES.min(bytes.len()));
        BodyError::NotJson(quoted.unwrap_or_default().to_vec())
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
