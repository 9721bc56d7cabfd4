//! Streaming decoder of a response body: passes each row on when it is complete, so that memory stays constant.

use super::chunk_buffer::{BodyError, ChunkBuffer, Chunks};
use super::response::{QueryResponse, RowSink};
use crate::json::{self, IncrementalScanner};

/// A row larger than this is passed on in parts.
const ROW_PART_BYTES: usize = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Larger members other than the rows are rejected.
const MAX_MEMBER_BYTES: usize = 16 << 20;

/// Decodes a response to its end.
pub(super) fn decode(
    chunks: impl Chunks,
    rows: &mut dyn RowSink,
) -> Result<QueryResponse, BodyError> {
    let mut decoder = Decoder {
        buffer: ChunkBuffer::new(chunks),
        rows,
        response: QueryResponse::default(),
    };
    decoder.object()?;
    decoder.response.bytes = decoder.buffer.read;
    decoder.response.count_warnings();
    Ok(decoder.response)
}

struct Decoder<'r, P> {
    buffer: ChunkBuffer<P>,
    rows: &'r mut dyn RowSink,
    response: QueryResponse,
}

impl<P: Chunks> Decoder<'_, P> {
    fn object(&mut self) -> Result<(), BodyError> {
        self.byte_order_mark()?;
        if self.buffer.peek()? != b'{' {
            return Err(self.buffer.not_json());
        }
        self.buffer.consume(1);
        let mut first = true;
        loop {
            match (self.buffer.peek()?, first) {
                (b'}', _) => break,
                (b',', false) => self.buffer.consume(1),
                (_, true) => {}
                _ => return Err(self.buffer.not_json()),
            }
            first = false;
            self.member()?;
        }
        self.buffer.consume(1);
        self.buffer.expect_end()
    }

    /// Skips a UTF-8 byte order mark, which a parser may ignore (RFC 8259, 8.1).
    fn byte_order_mark(&mut self) -> Result<(), BodyError> {
        self.buffer.peek()?;
        while self.buffer.bytes().len() < BYTE_ORDER_MARK.len()
            && BYTE_ORDER_MARK.starts_with(self.buffer.bytes())
        {
            self.buffer.require_more()?;
        }
        if self.buffer.bytes().starts_with(BYTE_ORDER_MARK) {
            self.buffer.consume(BYTE_ORDER_MARK.len());
        }
        Ok(())
    }

    fn member(&mut self) -> Result<(), BodyError> {
        if self.buffer.peek()? != b'"' {
            return Err(self.buffer.not_json());
        }
        let key = self.value()?;
        if self.buffer.peek()? != b':' {
            return Err(self.buffer.not_json());
        }
        self.buffer.consume(1);
        let contains_rows = json::eq_str(&key, "items") || json::eq_str(&key, "documents");
        if contains_rows && self.buffer.peek()? == b'[' {
            // The rows of two arrays would be taken for those of one.
            if self.response.has_rows {
                return Err(self.buffer.not_json());
            }
            (self.response.is_dql, self.response.has_rows) = (true, true);
            return self.rows();
        }
        let value = self.value()?;
        self.response.read_member(&key, &value);
        Ok(())
    }

    fn rows(&mut self) -> Result<(), BodyError> {
        self.buffer.consume(1);
        let mut first = true;
        loop {
            match (self.buffer.peek()?, first) {
                (b']', _) => break,
                (b',', false) => {
                    self.buffer.consume(1);
                    self.buffer.peek()?;
                }
                (_, true) => {}
                _ => return Err(self.buffer.not_json()),
            }
            first = false;
            self.row()?;
            self.response.rows += 1;
        }
        self.buffer.consume(1);
        Ok(())
    }

    fn row(&mut self) -> Result<(), BodyError> {
        if !matches!(self.buffer.peek()?, b'{' | b'[') {
            let value = self.value()?;
            return self.rows.part(&value, true).map_err(BodyError::Sink);
        }
        let (mut scanner, mut at) = (IncrementalScanner::default(), 0);
        loop {
            let progress = scanner.scan(self.buffer.bytes().get(at..).unwrap_or_default());
            at += progress.at;
            if !progress.ended && at < ROW_PART_BYTES {
                self.buffer.require_more()?;
                continue;
            }
            let part = self.buffer.bytes().get(..at).unwrap_or_default();
            self.rows
                .part(part, progress.ended)
                .map_err(BodyError::Sink)?;
            // The view may now contain more of the chunk.
            self.buffer.consume(at);
            at = 0;
            if progress.ended {
                return Ok(());
            }
        }
    }

    /// Reads a value that is small enough for memory.
    fn value(&mut self) -> Result<Vec<u8>, BodyError> {
        self.buffer.peek()?;
        loop {
            let bytes = self.buffer.bytes();
            let end = json::value_end(bytes, 0);
            // A number may continue in the next bytes.
            if let Some(end) = end.filter(|end| *end > 0 && *end < bytes.len()) {
                let value = bytes.get(..end).unwrap_or_default().to_vec();
                self.buffer.consume(end);
                return Ok(value);
            }
            let is_misplaced = matches!(bytes.first(), Some(b'}' | b']' | b',' | b':'));
            if is_misplaced || bytes.len() > MAX_MEMBER_BYTES {
                return Err(self.buffer.not_json());
            }
            self.buffer.require_more()?;
        }
    }
}

#[cfg(test)]
#[path = "tests/body.rs"]
mod tests;
