//! Decodes an answer while it arrives: rows are handed on as soon as they are complete, and never all held.
//! Who sent it, and what its members mean, is left to `client` and `answer`.

use std::io::{self, Read};

use super::answer::{Answer, Rows};
use crate::json::{self, Arriving};

/// Where reading begins; a larger row makes it grow up to [`PART`].
const BUFFER: usize = 256 << 10;
/// A row larger than this is handed on in parts.
const PART: usize = 1 << 20;
/// No other member of an answer is so large.
const LARGEST_MEMBER: usize = 16 << 20;
/// How much of foreign bytes is quoted.
const QUOTED: usize = 4096;

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
pub(super) fn decode(reader: impl Read, rows: &mut dyn Rows) -> Result<Answer, Broken> {
    let mut decoder = Decoder {
        window: Window::new(reader),
        rows,
        answer: Answer::default(),
    };
    decoder.object()?;
    decoder.answer.bytes = decoder.window.read;
    Ok(decoder.answer)
}

struct Decoder<'r, R> {
    window: Window<R>,
    rows: &'r mut dyn Rows,
    answer: Answer,
}

impl<R: Read> Decoder<'_, R> {
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
            if looked.ended || at >= PART {
                let part = self.window.bytes().get(..at).unwrap_or_default();
                self.rows.part(part, looked.ended).map_err(Broken::Sink)?;
                self.window.pass(at);
                at = 0;
            }
            if looked.ended {
                return Ok(());
            }
            self.window.more()?;
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

/// A view of bytes that arrive.
struct Window<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    read: u64,
}

impl<R: Read> Window<R> {
    fn new(reader: R) -> Self {
        Window {
            reader,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            read: 0,
        }
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn pass(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// The next byte that is no blank, which is not passed.
    fn next(&mut self) -> Result<u8, Broken> {
        loop {
            let blanks = self
                .bytes()
                .iter()
                .take_while(|byte| is_blank(**byte))
                .count();
            self.pass(blanks);
            if let Some(byte) = self.bytes().first() {
                return Ok(*byte);
            }
            self.more()?;
        }
    }

    /// Waits for more bytes.
    fn more(&mut self) -> Result<(), Broken> {
        match self.fill()? {
            0 if self.read == 0 => Err(Broken::Foreign(Vec::new())),
            0 => Err(Broken::Cut("it ended in its middle".to_owned())),
            _ => Ok(()),
        }
    }

    fn nothing_more(&mut self) -> Result<(), Broken> {
        loop {
            if !self.bytes().iter().all(|byte| is_blank(*byte)) {
                return Err(self.foreign());
            }
            self.pass(self.end - self.start);
            if self.fill()? == 0 {
                return Ok(());
            }
        }
    }

    fn fill(&mut self) -> Result<usize, Broken> {
        if self.end == self.buffer.len() {
            self.make_room();
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        loop {
            match self.reader.read(room) {
                Ok(count) => {
                    self.end += count;
                    self.read += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(Broken::TimedOut),
                Err(error) => return Err(Broken::Cut(deepest(&error))),
            }
        }
    }

    fn make_room(&mut self) {
        let kept = self.end - self.start;
        if kept > self.buffer.len() / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, kept);
    }

    fn foreign(&self) -> Broken {
        let bytes = self.bytes();
        Broken::Foreign(
            bytes
                .get(..QUOTED.min(bytes.len()))
                .unwrap_or_default()
                .to_vec(),
        )
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Time-outs come wrapped in the HTTP library's own error.
fn is_timeout(error: &io::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> =
        error.get_ref().map(|inner| inner as _);
    while let Some(inner) = source {
        let http = inner.downcast_ref::<reqwest::Error>();
        let io = inner.downcast_ref::<io::Error>();
        if http.is_some_and(reqwest::Error::is_timeout)
            || io.is_some_and(|io| io.kind() == io::ErrorKind::TimedOut)
        {
            return true;
        }
        source = inner.source();
    }
    error.kind() == io::ErrorKind::TimedOut
}

/// The innermost reason, which is the one that says something.
pub(super) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
#[path = "tests/body.rs"]
mod tests;
