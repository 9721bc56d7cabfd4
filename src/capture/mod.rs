//! Captures as a source of records: files that `tail` wrote, or the output of the console consumer, kcat, rpk or kcl,
//! from a file or a pipe, compressed or not.

mod console;
mod encoding;
pub mod format;
mod input;
mod lines;
mod merged;
mod order_check;
mod ordered;
mod partition_keys;
mod read;
mod shape;
mod skip;
mod stored_records;
mod time_index;
mod tool_json;
mod utf16;
mod values;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub use merged::MergedCaptures;
pub use ordered::OrderedCapture;
pub use skip::LineSearch;

use self::console::Console;
use self::encoding::EncodingError;
use self::input::{FillResult, Input};
use self::lines::Lines;
use self::shape::Shape;
use self::skip::LineSkipper;
use self::values::Values;
use crate::record::{Failure, FailureClass, Notice, Place, Progress, Record, Source, SourceItem};
use crate::util::shell::quoted;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A capture as a source of records, one per line or JSON value.
///
/// A line is an event itself, a line of the capture format or of another tool; any other line is a payload. An array of
/// objects, indented objects and objects without line ends between them are recognised at the start. Blank lines, notices
/// of other tools, `\r` before a line end and a byte order mark are skipped, and the last line needs no line end. Memory
/// holds the longest record at most twice. gzip, zstd and UTF-16 are decoded.
pub struct Capture {
    name: String,
    input: Input,
    lines: Lines,
    splitter: Splitter,
    /// Skips lines that cannot matter.
    skipper: Option<LineSkipper>,
    /// The number of the first line of the record delivered last, counted from 1.
    number: u64,
    total: Option<u64>,
    interrupt: Arc<AtomicBool>,
    console: Console,
    /// The first line has an object as a key.
    keyed: bool,
    /// Number of doubts that became notices.
    doubts: usize,
    notices: VecDeque<String>,
    ended: bool,
}

/// Splits the input into records.
enum Splitter {
    /// The shape is not known yet; it is looked at again when this many bytes are there, or a line is complete.
    Unknown(usize),
    Lines,
    Values(Values),
}

/// Why there is no next record.
enum NoPart {
    Idle,
    Interrupted,
    End,
    Notice(String),
    Failed(Failure),
}

impl From<NoPart> for SourceItem<'_> {
    fn from(reason: NoPart) -> Self {
        match reason {
            NoPart::Idle => SourceItem::Idle,
            NoPart::Interrupted => SourceItem::Interrupted,
            NoPart::End => SourceItem::End,
            NoPart::Notice(message) => SourceItem::Notice(Notice::CaptureReading(message)),
            NoPart::Failed(failure) => SourceItem::Failed(failure),
        }
    }
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
        Capture {
            name,
            input,
            lines: Lines::default(),
            splitter: Splitter::Unknown(0),
            skipper: None,
            number: 0,
            total,
            interrupt,
            console: Console::default(),
            keyed: false,
            doubts: 0,
            notices: VecDeque::new(),
            ended: false,
        }
    }

    /// Leaves out lines in which a search finds nothing, if each is an object. The first line, and some others, are delivered
    /// in any case.
    pub fn skip_lines(&mut self, search: LineSearch) {
        self.skipper = Some(LineSkipper::new(search));
    }

    /// The bytes of the next record, or why there is none.
    fn part(&mut self, wait: Duration) -> Result<Range<usize>, NoPart> {
        // The clock is read only if the call has to wait.
        let mut deadline = None;
        loop {
            if let Some(part) = self.buffered_part() {
                return Ok(part);
            }
            if self.ended {
                return Err(NoPart::End);
            }
            if self.interrupt.load(Ordering::Relaxed) {
                return Err(NoPart::Interrupted);
            }
            let until = *deadline.get_or_insert_with(|| Instant::now() + wait);
            let left = until.saturating_duration_since(Instant::now());
            match self.input.fill(&mut self.lines, left) {
                Ok(FillResult::Some) => {}
                Ok(FillResult::Note(note)) => {
                    let shown = shown_name(&self.name);
                    return Err(NoPart::Notice(format!("the capture {shown} {note}")));
                }
                Ok(FillResult::Nothing) => return Err(NoPart::Idle),
                Ok(FillResult::End) => self.ended = true,
                Err(error) => {
                    return Err(NoPart::Failed(io_failure("read", &self.name, &error)));
                }
            }
        }
    }

    /// The bytes of the next record, if they are there.
    fn buffered_part(&mut self) -> Option<Range<usize>> {
        loop {
            match &mut self.splitter {
                Splitter::Lines => {
                    let is_first = self.number == 0;
                    if let Some(skipper) = &mut self.skipper
                        && !(is_first || self.keyed || self.console.has_keys())
                    {
                        skipper.skip(&mut self.lines);
                    }
                    let line = self.lines.next(self.ended)?;
                    self.number = self.lines.line_ends();
                    if let Some(line) = self.content(line) {
                        return Some(line);
                    }
                }
                Splitter::Values(values) => {
                    let (value, line) = values.next(&mut self.lines, self.ended)?;
                    self.number = line;
                    if let Some(value) = self.content(value) {
                        return Some(value);
                    }
                }
                Splitter::Unknown(_) => self.detect_shape()?,
            }
        }
    }

    /// Skips what is before the first record, and detects the shape; `None` if more bytes are needed.
    fn detect_shape(&mut self) -> Option<()> {
        self.skip_byte_order_mark()?;
        self.skip_blank_lines_and_notices();
        let line_end = memchr::memchr(b'\n', self.lines.rest());
        if line_end.is_none() && !self.ended && self.is_too_early() {
            return None;
        }
        let rest = self.lines.rest();
        let line = rest.get(..line_end.unwrap_or(rest.len()))?;
        let shape = shape::detect(rest.trim_ascii_start(), self.ended)?;
        self.keyed = shape::has_object_key(line.trim_ascii());
        self.splitter = match shape {
            Shape::Lines => Splitter::Lines,
            Shape::Values => Splitter::Values(Values::default()),
        };
        Some(())
    }

    fn skip_blank_lines_and_notices(&mut self) {
        while let Some(end) = memchr::memchr(b'\n', self.lines.rest()) {
            let line = self.lines.rest().get(..end).unwrap_or_default();
            if !line.trim_ascii().is_empty() && !is_notice(line) {
                return;
            }
            self.lines.take(end + 1);
        }
    }

    /// Whether the first line is not complete, and has not doubled in length since it was looked at.
    fn is_too_early(&mut self) -> bool {
        let length = self.lines.rest().len();
        match &mut self.splitter {
            Splitter::Unknown(next) if length >= *next && length > 0 => {
                *next = 2 * length;
                false
            }
            _ => true,
        }
    }

    fn skip_byte_order_mark(&mut self) -> Option<()> {
        if self.lines.consumed_bytes() > 0 {
            return Some(());
        }
        let rest = self.lines.rest();
        if rest.starts_with(BYTE_ORDER_MARK) {
            self.lines.take(BYTE_ORDER_MARK.len());
            return Some(());
        }
        (self.ended || !BYTE_ORDER_MARK.starts_with(rest)).then_some(())
    }

    /// A line or value without its line end; `None` if it is blank or a notice.
    fn content(&self, part: Range<usize>) -> Option<Range<usize>> {
        let bytes = content(self.lines.get(part.clone()))?;
        Some(part.start..part.start + bytes.len())
    }

    /// The record of a line or value. The common case, an event itself, is recognised by its first bytes.
    fn record(&mut self, part: Range<usize>) -> Record<'_> {
        let bytes = self.lines.get(part);
        let here = Place::line(&self.name, self.number);
        if let Some(record) = complete_record(bytes, here) {
            return record;
        }
        let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
        if !is_object || self.keyed || self.console.has_keys() {
            let record = self.console.read(bytes, self.lines.rest(), here);
            for doubt in self.console.doubts(self.doubts) {
                let shown = shown_name(&self.name);
                let message = doubt.message();
                self.notices
                    .push_back(format!("the capture {shown} {message}"));
                self.doubts += 1;
            }
            return record;
        }
        payload_only(bytes, here)
    }
}

/// A line or value without its line end; `None` if it is blank or a notice.
fn content(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let skipped = bytes.trim_ascii_start().is_empty() || is_notice(bytes);
    (!skipped).then_some(bytes)
}

/// A line or value that is a record of itself: the capture format, or JSON of another tool.
fn complete_record<'a>(bytes: &'a [u8], here: Place<'a>) -> Option<Record<'a>> {
    let text = bytes.trim_ascii_start();
    if !tool_json::can_be(text) {
        return None;
    }
    format::read(text, here).or_else(|| tool_json::read(text, here))
}

fn payload_only<'a>(bytes: &'a [u8], here: Place<'a>) -> Record<'a> {
    Record {
        place: here,
        time: None,
        leader_epoch: None,
        key: None,
        headers: Vec::new(),
        payload: Some(Cow::Borrowed(bytes)),
    }
}

impl Source for Capture {
    fn next(&mut self, wait: Duration) -> SourceItem<'_> {
        if self.interrupt.load(Ordering::Relaxed) {
            return SourceItem::Interrupted;
        }
        if let Some(message) = self.notices.pop_front() {
            return NoPart::Notice(message).into();
        }
        match self.part(wait) {
            Ok(part) => SourceItem::Record(self.record(part)),
            Err(reason) => reason.into(),
        }
    }

    /// In bytes; of a compressed file, in compressed bytes.
    fn progress(&self) -> Progress {
        let consumed = || self.lines.consumed_bytes();
        Progress {
            done: self.input.compressed_bytes().unwrap_or_else(consumed),
            total: self.total,
        }
    }
}

/// Whether a line is a message that the console consumer or kcat mix with records, if both outputs are in one file.
fn is_notice(line: &[u8]) -> bool {
    let text = |prefix: &[u8]| line.starts_with(prefix);
    match line.first() {
        Some(b'O') => {
            text(b"Option --")
                && memchr::memmem::find(
                    line,
                    b" is deprecated and will be removed in a future version",
                )
                .is_some()
        }
        Some(b'P') => {
            text(b"Processed a total of ") && line.trim_ascii_end().ends_with(b" messages")
        }
        Some(b'%') => text(b"% Reached end of topic ") || text(b"% Auto-selecting "),
        _ => false,
    }
}

fn shown_name(name: &str) -> &str {
    if name == "-" { "standard input" } else { name }
}

fn io_failure(what: &str, name: &str, error: &std::io::Error) -> Failure {
    let shown = shown_name(name);
    let encoding = error.get_ref().and_then(|inner| inner.downcast_ref());
    Failure {
        class: FailureClass::Read,
        what: format!("cannot {what} the capture {shown}: {}", plain(error)),
        fix: match encoding {
            Some(encoding) => decoding_fix(encoding, name),
            None => (what == "open").then(|| "check the path; `-` reads standard input".to_owned()),
        },
        raw: encoding.is_none().then(|| error.to_string()),
    }
}

/// The command that helps with an encoding.
fn decoding_fix(error: &EncodingError, name: &str) -> Option<String> {
    let command = match error {
        EncodingError::Unsupported { command, .. } => command,
        EncodingError::Database => {
            let file = if name == "-" {
                "FILE.db".to_owned()
            } else {
                quoted(name)
            };
            return Some(format!(
                "a mirror is read by history, stats and audit, and by every SQLite client: sqlite3 {file}"
            ));
        }
        EncodingError::LargeWindow => "zstd -dc --long=31",
        EncodingError::Incomplete(_) | EncodingError::Damaged(..) => return None,
    };
    let file = if name == "-" {
        String::new()
    } else {
        format!(" {}", quoted(name))
    };
    Some(format!(
        "decompress it first: {command}{file} | ditto-cdc diff -"
    ))
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
