//! From events to text, for people and for programs. Pure: bytes go into a buffer, never to a terminal.
//! Which events are shown was decided before; writing the buffer is left to `out`.

mod clock;
mod diff;
mod line;
mod oneline;
mod pretty;
pub mod safe;
pub mod styles;

pub use clock::WallClock;
pub use styles::Styles;

use self::safe::Spelling;
use crate::capture_format;
use crate::diff::Options;
use crate::event::Event;
use crate::record::{Lost, Record};

/// How to print events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// What changed, for people.
    Diff,
    /// One line for people.
    Oneline,
    /// The event as it was received, one a line.
    Json,
    /// The event indented and coloured.
    Pretty,
    /// The whole record; loses nothing.
    Record,
    /// The payload's bytes and a line end.
    Raw,
}

impl Format {
    /// Whether the format tells of gaps itself, in lines of its own.
    #[must_use]
    pub fn is_for_people(self) -> bool {
        matches!(self, Format::Diff | Format::Oneline)
    }
}

/// A way of printing, with what it needs to know about its reader.
#[derive(Debug, Clone)]
pub struct View {
    /// How to print.
    pub format: Format,
    /// Colours, or none.
    pub styles: Styles,
    /// Whether `pretty` is coloured: its colours are not ours.
    pub coloured: bool,
    /// The output is a terminal: nothing dangerous may reach it, also in formats for programs.
    pub terminal: bool,
    /// Columns of the terminal.
    pub width: Option<usize>,
    /// How times are shown.
    pub clock: WallClock,
    /// Which changes to show, and how much of them.
    pub diff: Options,
}

impl View {
    /// Appends an event.
    pub fn event(&self, record: &Record<'_>, event: &Event<'_>, out: &mut Vec<u8>) {
        match self.format {
            Format::Diff => diff::event(self, record, event, out),
            Format::Oneline => oneline::event(self, record, event, out),
            Format::Json => {
                self.guarded(out, Spelling::Json, |out| push_on_one_line(event.raw, out));
            }
            Format::Pretty => pretty::push(event.raw, self.coloured, out),
            Format::Record => self.record(record, out),
            Format::Raw => self.raw(event.raw, out),
        }
    }

    /// Appends a record that is no event, in the formats that can hold it.
    pub fn unreadable(&self, record: &Record<'_>, out: &mut Vec<u8>) {
        match self.format {
            Format::Diff => diff::unreadable(self, record, out),
            Format::Oneline | Format::Json | Format::Pretty => {}
            Format::Record => self.record(record, out),
            // A tombstone has no bytes: a line for it would be an empty payload.
            Format::Raw => {
                if let Some(payload) = &record.payload {
                    self.raw(payload, out);
                }
            }
        }
    }

    /// Appends a line for records that are gone, in the formats for people.
    pub fn lost(&self, lost: &Lost, out: &mut Vec<u8>) {
        match self.format {
            Format::Diff => diff::lost(self, lost, out),
            Format::Oneline => oneline::lost(self, lost, out),
            _ => {}
        }
    }

    fn record(&self, record: &Record<'_>, out: &mut Vec<u8>) {
        self.guarded(out, Spelling::Json, |out| {
            // Writing to memory cannot fail.
            let _ = capture_format::write(record, out);
        });
    }

    fn raw(&self, payload: &[u8], out: &mut Vec<u8>) {
        self.guarded(out, Spelling::Text, |out| {
            out.extend_from_slice(payload);
            out.push(b'\n');
        });
    }

    /// Lets `write` append one line; on a terminal with everything dangerous spelled out.
    fn guarded(&self, out: &mut Vec<u8>, spelling: Spelling, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.terminal {
            return write(out);
        }
        let mut line = Vec::new();
        write(&mut line);
        safe::push(line.strip_suffix(b"\n").unwrap_or(&line), spelling, out);
        out.push(b'\n');
    }
}

/// Valid JSON holds line ends only between its tokens, where they mean nothing.
fn push_on_one_line(json: &[u8], out: &mut Vec<u8>) {
    let json = json.trim_ascii();
    if memchr::memchr2(b'\n', b'\r', json).is_none() {
        out.extend_from_slice(json);
    } else {
        out.extend(json.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    }
    out.push(b'\n');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::record::{Clock, Place, Timestamp};

    const UPDATE: &str = "{\"txnId\":553361,\"type\":\"documentChanged\",\"collection\":\"people\",\
        \"change\":{\"method\":\"upsert\",\"oldValue\":{\"_id\":\"a\u{1b}[2J\"},\"newValue\":{\"_id\":\"a\u{9b}1\",\"n\":1.0}}}";

    fn show(format: Format, terminal: bool, payload: &str) -> String {
        let view = View {
            format,
            styles: Styles::new(false),
            coloured: false,
            terminal,
            width: Some(100),
            clock: WallClock::new("2026-01-31T12:00:00Z[UTC]".parse().unwrap()),
            diff: Options::default(),
        };
        let record = Record {
            place: Place::Offset {
                topic: "t",
                partition: 3,
                offset: 18234,
            },
            time: Some(Timestamp {
                millis: 1_769_860_921_220,
                clock: Clock::Create,
            }),
            key: None,
            headers: Vec::new(),
            payload: Some(Cow::Borrowed(payload.as_bytes())),
        };
        let mut out = Vec::new();
        match crate::event::decode(record.payload.as_deref()) {
            Ok(event) => view.event(&record, &event, &mut out),
            Err(_) => view.unreadable(&record, &mut out),
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn formats_for_programs_are_exact_in_a_pipe_and_safe_on_a_terminal() {
        // JSON strings hold no raw control characters, but they may hold C1 controls.
        let update = &UPDATE.replace('\u{1b}', "");
        let line = format!("{update}\n");
        for (format, terminal, payload, expected) in [
            (Format::Json, false, update.as_str(), line.clone()),
            (
                Format::Json,
                true,
                update,
                line.replace('\u{9b}', "\\u009b"),
            ),
            (Format::Raw, false, "\u{1b}[2J", "\u{1b}[2J\n".into()),
            (Format::Raw, true, "\u{1b}[2J", "\\u{1b}[2J\n".into()),
            (
                Format::Json,
                false,
                "{\n \"type\":\r\n\"x\"}\n",
                "{ \"type\":\"x\"}\n".into(),
            ),
            (Format::Json, false, "no event", String::new()),
            (Format::Oneline, false, "no event", String::new()),
        ] {
            assert_eq!(
                show(format, terminal, payload),
                expected,
                "{format:?} {terminal}"
            );
        }
    }

    #[test]
    fn one_line_says_what_happened_to_which_document() {
        let update = UPDATE
            .replace('\u{1b}', "")
            .replace("\"n\":1.0", "\"notes\":\"Zürich, Zürich, Zürich, Zürich\"");
        for (payload, expected) in [
            (
                update.as_str(),
                "12:02:01.220  update   people/a\\u{9b}1  txn 553361  p3@18234  ~_id, +notes\n",
            ),
            (
                r#"{"txnId":"7","type":"documentChanged","collection":"c","change":{"method":"remove","value":{"_id":{"a":1}}}}"#,
                "12:02:01.220  remove   c/{\"a\":1}  txn 7  p3@18234  {\"_id\":{\"a\":1}}\n",
            ),
            (
                r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#,
                "12:02:01.220  requery  txn 45  the stream has a gap: requery everything, then resume  p3@18234\n",
            ),
            (
                r#"{"type":"heartbeat"}"#,
                "12:02:01.220  heartbeat  p3@18234\n",
            ),
        ] {
            assert_eq!(show(Format::Oneline, true, payload), expected);
        }
    }
}
