//! Decodes an answer while it arrives: rows are handed on as soon as they are complete, and never all held.
//! Who sent it, and what its members mean, is left to `client` and `answer`.

use std::io;

use super::answer::{Answer, Rows};
use super::chunk_buffer::{Pieces, Window};
use crate::json::{self, Arriving};

/// A row larger than this is handed on in parts.
const PART: usize = 1 << 20;
/// No other member of an answer is so large.
const LARGEST_MEMBER: usize = 16 << 20;

/// Why a body is no answer.
#[derive(Debug)]
pub(super) enum Broken {
    /// It ended too early, or reading it failed.
    Cut(String),
    /// Nothing more came in time.
    TimedOut,
    /// It is no JSON object; its first bytes.
    Foreign(Vec<u8>),
    /// The rows could not be kept.
    Sink(io::Error),
}

/// Reads an answer to its end.
pub(super) fn decode(pieces: impl Pieces, rows: &mut dyn Rows) -> Result<Answer, Broken> {
    let mut decoder = Decoder {
        window: Window::new(pieces),
        rows,
        answer: Answer::default(),
    };
    decoder.object()?;
    decoder.answer.bytes = decoder.window.read;
    Ok(decoder.answer)
}

struct Decoder<'r, P> {
    window: Window<P>,
    rows: &'r mut dyn Rows,
    answer: Answer,
}

impl<P: Pieces> Decoder<'_, P> {
    fn object(&mut self) -> Result<(), Broken> {
        if self.window.next()? != b'{' {
            return Err(self.window.foreign());
        }
        self.window.pass(1);
        let mut first = true;
        loop {
            match (self.window.next()?, first) {
                (b'}', _) => break,
                (b',', false) => self.window.pass(1),
                (_, true) => {}
                _ => return Err(self.window.foreign()),
            }
            first = false;
            self.member()?;
        }
        self.window.pass(1);
        self.window.nothing_more()
    }

    fn member(&mut self) -> Result<(), Broken> {
        if self.window.next()? != b'"' {
            return Err(self.window.foreign());
        }
        let key = self.value()?;
        if self.window.next()? != b':' {
            return Err(self.window.foreign());
        }
        self.window.pass(1);
        let holds_rows = json::says(&key, "items") || json::says(&key, "documents");
        if holds_rows && self.window.next()? == b'[' {
            self.answer.is_dql = true;
            return self.rows();
        }
        let value = self.value()?;
        self.answer.take(&key, &value);
        Ok(())
    }

    fn rows(&mut self) -> Result<(), Broken> {
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
                _ => return Err(self.window.foreign()),
            }
            first = false;
            self.row()?;
            self.answer.rows += 1;
        }
        self.window.pass(1);
        Ok(())
    }

    fn row(&mut self) -> Result<(), Broken> {
        if !matches!(self.window.next()?, b'{' | b'[') {
            let value = self.value()?;
            return self.rows.part(&value, true).map_err(Broken::Sink);
        }
        let (mut arriving, mut at) = (Arriving::default(), 0);
        loop {
            let looked = arriving.look(self.window.bytes().get(at..).unwrap_or_default());
            at += looked.at;
            if !looked.ended && at < PART {
                self.window.more()?;
                continue;
            }
            let part = self.window.bytes().get(..at).unwrap_or_default();
            self.rows.part(part, looked.ended).map_err(Broken::Sink)?;
            // More of the piece may be in view now than was before.
            self.window.pass(at);
            at = 0;
            if looked.ended {
                return Ok(());
            }
        }
    }

    /// Takes a value that is small enough to be held whole.
    fn value(&mut self) -> Result<Vec<u8>, Broken> {
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
            if stuck || bytes.len() > LARGEST_MEMBER {
                return Err(self.window.foreign());
            }
            self.window.more()?;
        }
    }
}

#[cfg(test)]
#[path = "tests/body.rs"]
mod tests;
