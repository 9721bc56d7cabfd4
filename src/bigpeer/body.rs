//! Streaming decoder of a response body: rows are passed on when they are complete, so that memory stays flat.

use super::answer::{Answer, Rows};
use super::chunk_buffer::{BodyError, ChunkBuffer, Chunks};
use crate::json::{self, IncrementalScanner};

/// A row larger than this is handed on in parts.
const ROW_PART_BYTES: usize = 1 << 20;
/// No other member of an answer is so large.
const MAX_MEMBER_BYTES: usize = 16 << 20;

/// Decodes a response to its end.
pub(super) fn decode(pieces: impl Chunks, rows: &mut dyn Rows) -> Result<Answer, BodyError> {
    let mut decoder = Decoder {
        window: ChunkBuffer::new(pieces),
        rows,
        answer: Answer::default(),
    };
    decoder.object()?;
    decoder.answer.bytes = decoder.window.read;
    Ok(decoder.answer)
}

struct Decoder<'r, P> {
    window: ChunkBuffer<P>,
    rows: &'r mut dyn Rows,
    answer: Answer,
}

impl<P: Chunks> Decoder<'_, P> {
    fn object(&mut self) -> Result<(), BodyError> {
        if self.window.next()? != b'{' {
            return Err(self.window.not_json());
        }
        self.window.pass(1);
        let mut first = true;
        loop {
            match (self.window.next()?, first) {
                (b'}', _) => break,
                (b',', false) => self.window.pass(1),
                (_, true) => {}
                _ => return Err(self.window.not_json()),
            }
            first = false;
            self.member()?;
        }
        self.window.pass(1);
        self.window.expect_end()
    }

    fn member(&mut self) -> Result<(), BodyError> {
        if self.window.next()? != b'"' {
            return Err(self.window.not_json());
        }
        let key = self.value()?;
        if self.window.next()? != b':' {
            return Err(self.window.not_json());
        }
        self.window.pass(1);
        let holds_rows = json::eq_str(&key, "items") || json::eq_str(&key, "documents");
        if holds_rows && self.window.next()? == b'[' {
            self.answer.is_dql = true;
            return self.rows();
        }
        let value = self.value()?;
        self.answer.take(&key, &value);
        Ok(())
    }

    fn rows(&mut self) -> Result<(), BodyError> {
        self.window.pass(1);
        let mut first = true;
        loop {
            match (self.window.next()?, first) {
                (b']', _) => break,
                (b',', false) => {
                    self.window.pass(1);
                    self.window.next()?;
                }
                (_, true) => {}
                _ => return Err(self.window.not_json()),
            }
            first = false;
            self.row()?;
            self.answer.rows += 1;
        }
        self.window.pass(1);
        Ok(())
    }

    fn row(&mut self) -> Result<(), BodyError> {
        if !matches!(self.window.next()?, b'{' | b'[') {
            let value = self.value()?;
            return self.rows.part(&value, true).map_err(BodyError::Sink);
        }
        let (mut arriving, mut at) = (IncrementalScanner::default(), 0);
        loop {
            let looked = arriving.scan(self.window.bytes().get(at..).unwrap_or_default());
            at += looked.at;
            if !looked.ended && at < ROW_PART_BYTES {
                self.window.more()?;
                continue;
            }
            let part = self.window.bytes().get(..at).unwrap_or_default();
            self.rows
                .part(part, looked.ended)
                .map_err(BodyError::Sink)?;
            // More of the piece may be in view now than was before.
            self.window.pass(at);
            at = 0;
            if looked.ended {
                return Ok(());
            }
        }
    }

    /// Takes a value that is small enough to be held whole.
    fn value(&mut self) -> Result<Vec<u8>, BodyError> {
        self.window.next()?;
        loop {
            let bytes = self.window.bytes();
            let end = json::value_end(bytes, 0);
            // A number may go on in the next bytes.
            if let Some(end) = end.filter(|end| *end > 0 && *end < bytes.len()) {
                let value = bytes.get(..end).unwrap_or_default().to_vec();
                self.window.pass(end);
                return Ok(value);
            }
            let stuck = matches!(bytes.first(), Some(b'}' | b']' | b',' | b':'));
            if stuck || bytes.len() > MAX_MEMBER_BYTES {
                return Err(self.window.not_json());
            }
            self.window.more()?;
        }
    }
}

#[cfg(test)]
#[path = "tests/body.rs"]
mod tests;
