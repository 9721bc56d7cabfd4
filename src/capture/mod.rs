//! Captures as a source of records: files that `tail` wrote, or the output of the console consumer, from a file or a
//! pipe.

mod console;
pub mod format;
mod input;
mod lines;

use std::borrow::Cow;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use self::input::{FillResult, Input};
use self::lines::Lines;
use crate::json;
use crate::record::{Failure, FailureClass, Place, Progress, Record, Source, SourceItem};

/// A capture as a source of records, one per line.
///
/// A line is an event itself, a line of the capture format, or a line of the console consumer; any other line is
/// a payload. Blank lines, `\r` before a line end and a byte order mark are skipped, and the last line
/// needs no line end. Memory holds the longest line at most twice.
pub struct Capture {
    name: String,
    input: Input,
    lines: Lines,
    /// The number of the line delivered last, counted from 1.
    number: u64,
    total: Option<u64>,
    interrupt: Arc<AtomicBool>,
    /// Whether lines that begin like an event begin with a key; known from the first line.
    keyed: Option<bool>,
    ended: bool,
}

impl Capture {
    /// Opens a file, or standard input for `-`. A thread reads it, so that each line of a pipe is delivered at once.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be opened.
    pub fn open(path: &Path, interrupt: Arc<AtomicBool>) -> Result<Capture, Failure> {
        let name = path.to_string_lossy().into_owned();
        let (input, total) =
            Input::open(path).map_err(|error| io_failure("open", &name, &error))?;
        Ok(Capture::new(name, input, total, interrupt))
    }

    /// Reads from any reader, in a thread. `name` is the file's name in records and errors.
    ///
    /// # Errors
    /// A [`Failure`] if no thread can be started.
    pub fn from_reader(
        name: &str,
        reader: Box<dyn Read + Send>,
        interrupt: Arc<AtomicBool>,
    ) -> Result<Capture, Failure> {
        let input =
            Input::new(reader).map_err(|error| io_failure("start reading", name, &error))?;
        Ok(Capture::new(name.to_owned(), input, None, interrupt))
    }

    fn new(name: String, input: Input, total: Option<u64>, interrupt: Arc<AtomicBool>) -> Capture {
        let lines = Lines::default();
        Capture {
            name,
            input,
            lines,
            number: 0,
            total,
            interrupt,
            keyed: None,
            ended: false,
        }
    }

    /// The next line that is not blank, or why there is none.
    fn line(&mut self, wait: Duration) -> Result<Range<usize>, SourceItem<'static>> {
        // The clock is read only if the call has to wait.
        let mut deadline = None;
        loop {
            while let Some(line) = self.lines.next(self.ended) {
                self.number += 1;
                if let Some(line) = self.content(line) {
                    return Ok(line);
                }
            }
            if self.ended {
                return Err(SourceItem::End);
            }
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(SourceItem::Interrupted);
            }
            let until = *deadline.get_or_insert_with(|| Instant::now() + wait);
            let left = until.saturating_duration_since(Instant::now());
            match self.input.fill(&mut self.lines, left) {
                Ok(FillResult::Some) => {}
                Ok(FillResult::Nothing) => return Err(SourceItem::Idle),
                Ok(FillResult::End) => self.ended = true,
                Err(error) => {
                    return Err(SourceItem::Failed(io_failure("read", &self.name, &error)));
                }
            }
        }
    }

    /// The line without its line end and byte order mark; `None` if it is blank.
    fn content(&self, line: Range<usize>) -> Option<Range<usize>> {
        let bytes = self.lines.get(line.clone());
        let mark = if self.number == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let blank = bytes.get(mark..)?.trim_ascii_start().is_empty();
        (!blank).then(|| line.start + mark..line.start + bytes.len())
    }

    /// The record of a line. The common case, an event itself, is recognised by its first bytes.
    fn record(&mut self, line: Range<usize>) -> Record<'_> {
        let keyed = *self
            .keyed
            .get_or_insert_with(|| is_keyed(self.lines.get(line.clone())));
        let line = self.lines.get(line);
        let here = Place::Line {
            file: &self.name,
            line: self.number,
        };
        let text = line.trim_ascii_start();
        let positioned = has_positions(text)
            .then(|| format::read(text, here))
            .flatten();
        if let Some(record) = positioned {
            return record;
        }
        if keyed || text.first() != Some(&b'{') {
            return console::read(line, here);
        }
        let payload = Some(Cow::Borrowed(line));
        Record {
            place: here,
            time: None,
            key: None,
            headers: Vec::new(),
            payload,
        }
    }
}

impl Source for Capture {
    fn next(&mut self, wait: Duration) -> SourceItem<'_> {
        if self.interrupt.load(Ordering::Relaxed) {
            return SourceItem::Interrupted;
        }
        match self.line(wait) {
            Ok(line) => SourceItem::Record(self.record(line)),
            Err(item) => item,
        }
    }

    fn progress(&self) -> Progress {
        Progress {
            done: self.lines.consumed_bytes(),
            total: self.total,
        }
    }
}

/// Whether a line can be in the capture format: `{"topic"`, with or without blanks.
fn has_positions(text: &[u8]) -> bool {
    let name = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    name.is_some_and(|name| name.starts_with(b"\"topic\""))
}

/// Whether a line is two JSON values separated by a tab: the console consumer printed an object as the key.
fn is_keyed(line: &[u8]) -> bool {
    let two = line.starts_with(b"{") && memchr::memmem::find(line, b"}\t{").is_some();
    two && json::check(line).is_err()
}

fn io_failure(what: &str, name: &str, error: &std::io::Error) -> Failure {
    let shown = if name == "-" { "standard input" } else { name };
    Failure {
        class: FailureClass::Read,
        what: format!("cannot {what} the capture {shown}: {}", plain(error)),
        fix: (what == "open").then(|| "check the path; `-` reads standard input".to_owned()),
        raw: Some(error.to_string()),
    }
}

/// The system's message in plain words, if there is one.
fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "the permission is missing".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
