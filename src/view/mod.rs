//! Event rendering: formats for people and for programs, into a buffer.

pub mod audit;
mod blame;
pub mod checks;
mod clock;
pub mod collection_tables;
mod columns;
pub mod debezium;
mod diff;
mod document_history;
pub mod escape;
mod line;
mod machine_formats;
mod model;
mod oneline;
mod pretty;
pub mod stats;
pub mod styles;
mod summary;
mod table;
mod template;
mod value;
mod value_pair;

pub use blame::{BlameOrigin, BlameRow, EventPlace};
pub use clock::WallClock;
pub use line::without_quotes as id_text;
pub use model::{EventOutput, OutputFormat, View};
pub use styles::{Ink, Styles};
pub use template::{Template, TemplateField};

use self::debezium::{Envelope, Origin};
use self::escape::EscapeStyle;
use self::machine_formats::MachineFormat;
use self::model::EventDiff;
use self::model::OutputFormat::Named;
use crate::capture::format;
use crate::diff::redact;
use crate::event::{Event, Op, Unreadable};
use crate::json::push_on_one_line;
pub use crate::record::options::Format;
use crate::record::{OffsetGap, Record};

impl View {
    /// Appends an event, if it is shown and the format can express it.
    pub fn event(&self, record: &Record<'_>, event: &Event<'_>, out: &mut Vec<u8>) -> EventOutput {
        let event_diff = EventDiff::new(event);
        let hides_changes = self.diff.hides_changes() && event.op() != Op::Other;
        if hides_changes && !self.diff.shows_any(event_diff.diff(&self.diff)) {
            return EventOutput::Hidden;
        }
        if self.diff.redact.is_empty() {
            return self.push(record, &event_diff, out);
        }
        let payload = redact::payload(event, &self.diff.redact);
        let record = self.redacted(record, &payload);
        match crate::event::decode(Some(&payload)) {
            Ok(event) => self.push(&record, &EventDiff::new(&event), out),
            // Redaction keeps an event readable. If it ever does not, the record is shown as unreadable.
            Err(why) => {
                self.push_unreadable(&record, why, out);
                EventOutput::Shown
            }
        }
    }

    fn push(
        &self,
        record: &Record<'_>,
        event_diff: &EventDiff<'_, '_>,
        out: &mut Vec<u8>,
    ) -> EventOutput {
        let event = event_diff.event;
        let format = match &self.format {
            OutputFormat::Named(format) => format,
            OutputFormat::Template(template) => {
                columns::event(template, self, record, event_diff, out);
                return EventOutput::Shown;
            }
        };
        match format {
            Format::Diff => diff::event(self, record, event_diff, out),
            Format::Oneline => oneline::event(self, record, event_diff, out),
            Format::Json => {
                self.guarded(out, EscapeStyle::Json, |out| {
                    push_on_one_line(event.raw.trim_ascii(), out);
                    out.push(b'\n');
                });
            }
            Format::Pretty => pretty::push(event.raw, self.coloured, out),
            Format::Record => self.record(record, out),
            Format::Raw => self.raw(event.raw, out),
            Format::Patch => {
                self.push_machine_format(MachineFormat::Patch, record, event_diff, out);
            }
            Format::Merge => {
                self.push_machine_format(MachineFormat::Merge, record, event_diff, out);
            }
            Format::Changes => {
                self.push_machine_format(MachineFormat::Changes, record, event_diff, out);
            }
            Format::Debezium => return self.envelope(Envelope::WithSchema, record, event, out),
            Format::DebeziumPlain => return self.envelope(Envelope::Plain, record, event, out),
        }
        EventOutput::Shown
    }

    fn envelope(
        &self,
        envelope: Envelope,
        record: &Record<'_>,
        event: &Event<'_>,
        out: &mut Vec<u8>,
    ) -> EventOutput {
        let mut pushed = Ok(());
        self.guarded(out, EscapeStyle::Json, |out| {
            pushed = debezium::push_event(envelope, &Origin::of(record), event, out);
        });
        pushed.map_or_else(EventOutput::Inexpressible, |()| EventOutput::Shown)
    }

    /// Appends an unreadable record, in the formats that can represent it. Paths cannot be found in it, so with
    /// `--redact` all of it is redacted.
    pub fn unreadable(&self, record: &Record<'_>, why: Unreadable, out: &mut Vec<u8>) {
        if self.diff.redact.is_empty() || record.payload.is_none() {
            self.push_unreadable(record, why, out);
        } else {
            self.push_unreadable(&self.redacted(record, b"(redacted)"), why, out);
        }
    }

    fn push_unreadable(&self, record: &Record<'_>, why: Unreadable, out: &mut Vec<u8>) {
        match (&self.format, &record.payload) {
            (Named(Format::Diff), _) => diff::unreadable(self, record, why, out),
            (Named(Format::Oneline), _) => oneline::unreadable(self, record, why, out),
            (Named(Format::Record), _) => self.record(record, out),
            (Named(Format::Raw), Some(payload)) => self.raw(payload, out),
            // A tombstone has no bytes: a line for it would be an empty payload.
            _ => {}
        }
    }

    /// The record with another payload, without its headers' values, which have no paths, and without its key if that
    /// may contain a redacted id.
    fn redacted<'r>(&self, record: &Record<'r>, payload: &'r [u8]) -> Record<'r> {
        let mut record = record.clone();
        record.payload = Some(payload.into());
        if redact::redacts_id(&self.diff.redact)
            && let Some(key) = record.key.as_mut()
        {
            *key = redact::placeholder(&*key).into_bytes().into();
        }
        for value in record
            .headers
            .iter_mut()
            .filter_map(|one| one.value.as_mut())
        {
            *value = b"(redacted)".into();
        }
        record
    }

    fn push_machine_format(
        &self,
        format: MachineFormat,
        record: &Record<'_>,
        event_diff: &EventDiff<'_, '_>,
        out: &mut Vec<u8>,
    ) {
        self.guarded(out, EscapeStyle::Json, |out| {
            machine_formats::event(format, record, event_diff, &self.diff, out);
        });
    }

    /// Appends a line for records that are gone, in the formats for people.
    pub fn offset_gap(&self, offset_gap: &OffsetGap, out: &mut Vec<u8>) {
        match self.format {
            Named(Format::Diff) => diff::offset_gap(self, offset_gap, out),
            Named(Format::Oneline) => oneline::offset_gap(self, offset_gap, out),
            _ => {}
        }
    }

    /// The time zone of the times in the output; `None` if each time has its own offset, or if the format has none.
    #[must_use]
    pub fn unnamed_zone(&self) -> Option<String> {
        let shows_local_times = self.terminal && self.format.is_for_people();
        shows_local_times.then(|| self.clock.zone())
    }

    /// A record's time: without the zone on a terminal, and with the offset from UTC elsewhere.
    fn format_time(&self, record: &Record<'_>) -> Option<String> {
        let millis = record.time?.millis;
        Some(if self.terminal {
            self.clock.format_local(millis)
        } else {
            self.clock.format_rfc3339(millis)
        })
    }

    fn record(&self, record: &Record<'_>, out: &mut Vec<u8>) {
        self.guarded(out, EscapeStyle::Json, |out| {
            // Writing to memory cannot fail.
            let _ = format::write(record, out);
        });
    }

    fn raw(&self, payload: &[u8], out: &mut Vec<u8>) {
        self.guarded(out, EscapeStyle::Text, |out| {
            out.extend_from_slice(payload);
            out.push(b'\n');
        });
    }

    /// Lets `write` append one line or nothing; on a terminal, dangerous characters are escaped.
    fn guarded(&self, out: &mut Vec<u8>, style: EscapeStyle, write: impl FnOnce(&mut Vec<u8>)) {
        if !self.terminal {
            return write(out);
        }
        let mut line = Vec::new();
        write(&mut line);
        if line.is_empty() {
            return;
        }
        escape::push(line.strip_suffix(b"\n").unwrap_or(&line), style, out);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod debezium_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod redact_tests;
#[cfg(test)]
mod template_tests;
#[cfg(test)]
mod tests;
