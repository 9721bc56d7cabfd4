//! From events to text, for people and for programs. Pure: bytes go into a buffer, never to a terminal.
//! Which events are shown was decided before; writing the buffer is left to `out`.

pub mod checks;
mod clock;
mod diff;
pub mod escape;
mod line;
mod machine_formats;
mod oneline;
mod pretty;
pub mod styles;

pub use clock::WallClock;
pub use styles::{Ink, Styles};

use std::cell::OnceCell;

use self::escape::Spelling;
use self::machine_formats::Program;
use crate::capture::format;
use crate::diff::{Diff, Options, redact};
use crate::event::{Event, Op, Unreadable};
pub use crate::record::options::Format;
use crate::record::{OffsetGap, Record};

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

/// An event and what it changed, which is found out when it is first asked for, and once.
struct Compared<'e, 'a> {
    event: &'e Event<'a>,
    diff: OnceCell<Diff<'a>>,
}

impl<'e, 'a> Compared<'e, 'a> {
    fn new(event: &'e Event<'a>) -> Self {
        Compared {
            event,
            diff: OnceCell::new(),
        }
    }

    fn diff(&self, options: &Options) -> &Diff<'a> {
        self.diff
            .get_or_init(|| Diff::from_event(self.event, options))
    }
}

impl View {
    /// Appends an event; `false`, and nothing, where every change of it is one that nobody asked for.
    #[must_use]
    pub fn event(&self, record: &Record<'_>, event: &Event<'_>, out: &mut Vec<u8>) -> bool {
        let compared = Compared::new(event);
        let choosy = self.diff.hides_changes() && event.op() != Op::Other;
        if choosy && !self.diff.shows_any(compared.diff(&self.diff)) {
            return false;
        }
        if self.diff.redact.is_empty() {
            self.push(record, &compared, out);
            return true;
        }
        let payload = redact::payload(event, &self.diff.redact);
        let record = self.redacted(record, &payload);
        match crate::event::decode(Some(&payload)) {
            Ok(event) => self.push(&record, &Compared::new(&event), out),
            // Rewriting leaves an event an event; should it ever not, that is seen.
            Err(why) => self.push_unreadable(&record, why, out),
        }
        true
    }

    fn push(&self, record: &Record<'_>, compared: &Compared<'_, '_>, out: &mut Vec<u8>) {
        let event = compared.event;
        match self.format {
            Format::Diff => diff::event(self, record, compared, out),
            Format::Oneline => oneline::event(self, record, compared, out),
            Format::Json => {
                self.guarded(out, Spelling::Json, |out| push_on_one_line(event.raw, out));
            }
            Format::Pretty => pretty::push(event.raw, self.coloured, out),
            Format::Record => self.record(record, out),
            Format::Raw => self.raw(event.raw, out),
            Format::Patch => self.program(Program::Patch, compared, out),
            Format::Merge => self.program(Program::Merge, compared, out),
            Format::Changes => self.program(Program::Changes, compared, out),
        }
    }

    /// Appends a record that is no event, in the formats that can hold it. What could not be read cannot be searched
    /// for what nobody may see, so all of it is replaced if anything is to be.
    pub fn unreadable(&self, record: &Record<'_>, why: Unreadable, out: &mut Vec<u8>) {
        if self.diff.redact.is_empty() || record.payload.is_none() {
            self.push_unreadable(record, why, out);
        } else {
            self.push_unreadable(&self.redacted(record, b"(redacted)"), why, out);
        }
    }

    fn push_unreadable(&self, record: &Record<'_>, why: Unreadable, out: &mut Vec<u8>) {
        match (self.format, &record.payload) {
            (Format::Diff, _) => diff::unreadable(self, record, why, out),
            (Format::Record, _) => self.record(record, out),
            (Format::Raw, Some(payload)) => self.raw(payload, out),
            // A tombstone has no bytes: a line for it would be an empty payload.
            _ => {}
        }
    }

    /// The record with another payload, and without its key where that may tell the document's id.
    fn redacted<'r>(&self, record: &Record<'r>, payload: &'r [u8]) -> Record<'r> {
        let mut record = record.clone();
        record.payload = Some(payload.into());
        if redact::redacts_id(&self.diff.redact) && record.key.is_some() {
            record.key = Some(b"(redacted)".into());
        }
        record
    }

    fn program(&self, program: Program, compared: &Compared<'_, '_>, out: &mut Vec<u8>) {
        self.guarded(out, Spelling::Json, |out| {
            machine_formats::event(program, compared, &self.diff, out);
        });
    }

    /// Appends a line for records that are gone, in the formats for people.
    pub fn lost(&self, lost: &OffsetGap, out: &mut Vec<u8>) {
        match self.format {
            Format::Diff => diff::lost(self, lost, out),
            Format::Oneline => oneline::lost(self, lost, out),
            _ => {}
        }
    }

    fn record(&self, record: &Record<'_>, out: &mut Vec<u8>) {
        self.guarded(out, Spelling::Json, |out| {
            // Writing to memory cannot fail.
            let _ = format::write(record, out);
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
        escape::push(line.strip_suffix(b"\n").unwrap_or(&line), spelling, out);
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
mod hostile_tests;
#[cfg(test)]
mod tests;
