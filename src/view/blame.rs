//! The fields of a document, each with the version that last changed it.

use std::io::Write as _;

use super::clock;
use super::escape;
use super::escape::EscapeStyle;
use super::line::{DEFAULT_WIDTH, columns};
use super::model::View;
use super::value::{Columns, push_value};
use crate::diff::redact::redacts_id;
use crate::event::Event;
use crate::json::push_on_one_line;
use crate::record::{Place, Record};

/// Paths are padded to one width, up to this one.
const MAX_PATH_COLUMNS: usize = 32;
/// Smallest width of a value.
const MIN_VALUE_COLUMNS: usize = 20;
/// For fields that no event has changed.
const BEFORE_FIRST: &str = "before the first event";
/// Instead of a redacted value.
const REDACTED: &str = "(redacted)";

/// Where an event is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventPlace {
    /// Its transaction.
    pub txn: Option<u64>,
    /// Partition and offset.
    position: Option<(i32, i64)>,
    /// In a capture without offsets.
    line: Option<u64>,
    millis: Option<i64>,
}

impl EventPlace {
    /// The place of an event.
    #[must_use]
    pub fn new(record: &Record<'_>, event: &Event<'_>) -> EventPlace {
        let position = record.place.position();
        EventPlace {
            txn: event.txn_id.map(|txn| txn.0),
            position,
            line: match record.place {
                Place::Line { line, .. } if position.is_none() => Some(line),
                _ => None,
            },
            millis: record.time.map(|time| time.millis),
        }
    }
}

/// What last changed a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlameOrigin {
    /// Something before the first event.
    BeforeFirst,
    /// A change that is missing before this event.
    Missing(EventPlace),
    /// This event.
    Version(EventPlace),
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlameRow<'d> {
    /// What last changed it.
    pub origin: BlameOrigin,
    /// Its path as it is printed.
    pub path: Vec<u8>,
    /// Its raw value; `None` if it is redacted.
    pub value: Option<&'d [u8]>,
}

impl View {
    /// Appends a line for each field, as text, or as JSON if that is the format.
    pub fn blame(&self, collection: &str, id: &[u8], rows: &[BlameRow<'_>], out: &mut Vec<u8>) {
        if self.format.is_for_people() {
            self.blame_text(rows, out);
        } else {
            for row in rows {
                self.guarded(out, EscapeStyle::Json, |out| {
                    self.blame_json(collection, id, row, out);
                });
            }
        }
    }

    fn blame_text(&self, rows: &[BlameRow<'_>], out: &mut Vec<u8>) {
        let safe = |path: &[u8]| {
            let mut text = Vec::new();
            escape::push(path, EscapeStyle::Json, &mut text);
            text
        };
        let origins: Vec<String> = rows.iter().map(|row| self.origin(row.origin)).collect();
        let paths: Vec<Vec<u8>> = rows.iter().map(|row| safe(&row.path)).collect();
        let origin_columns = origins.iter().map(columns).max().unwrap_or(0);
        let path_columns = paths.iter().map(columns).max().unwrap_or(0);
        let path_columns = path_columns.min(MAX_PATH_COLUMNS);
        for ((row, origin), path) in rows.iter().zip(&origins).zip(&paths) {
            let ink = match row.origin {
                BlameOrigin::Missing(_) => self.styles.alarm,
                _ => self.styles.dim,
            };
            let _ = write!(out, "  {ink}{origin}{ink:#}");
            pad(origin_columns, columns(origin), out);
            out.extend_from_slice(path);
            pad(path_columns, columns(path), out);
            let used = 2 + origin_columns + 2 + path_columns.max(columns(path)) + 2;
            match row.value {
                Some(value) => push_value(value, self.value_columns(used), out),
                None => out.extend_from_slice(REDACTED.as_bytes()),
            }
            out.push(b'\n');
        }
    }

    fn value_columns(&self, used: usize) -> Columns {
        if self.diff.full {
            return Columns::unlimited();
        }
        let width = self.width.unwrap_or(DEFAULT_WIDTH);
        Columns::new(width.saturating_sub(used).max(MIN_VALUE_COLUMNS))
    }

    fn origin(&self, origin: BlameOrigin) -> String {
        match origin {
            BlameOrigin::BeforeFirst => BEFORE_FIRST.to_owned(),
            BlameOrigin::Missing(place) => format!("missing before {}", self.event_place(place)),
            BlameOrigin::Version(place) => self.event_place(place),
        }
    }

    fn event_place(&self, place: EventPlace) -> String {
        let txn = place.txn.map(|txn| format!("txn {txn}"));
        let position = match (place.position, place.line) {
            (Some((partition, offset)), _) => Some(format!("p{partition}@{offset}")),
            (None, line) => line.map(|line| format!("line {line}")),
        };
        let time = place.millis.map(|millis| {
            if self.terminal {
                self.clock.format_local(millis)
            } else {
                self.clock.format_rfc3339(millis)
            }
        });
        let parts: Vec<String> = [txn, position, time].into_iter().flatten().collect();
        parts.join("  ")
    }

    fn blame_json(&self, collection: &str, id: &[u8], row: &BlameRow<'_>, out: &mut Vec<u8>) {
        // Writing to memory cannot fail.
        out.extend_from_slice(b"{\"collection\":");
        let _ = serde_json::to_writer(&mut *out, collection);
        out.extend_from_slice(b",\"id\":");
        if redacts_id(&self.diff.redact) {
            let _ = write!(out, "\"{REDACTED}\"");
        } else {
            push_on_one_line(id.trim_ascii(), out);
        }
        out.extend_from_slice(b",\"path\":");
        let _ = serde_json::to_writer(&mut *out, &String::from_utf8_lossy(&row.path));
        out.extend_from_slice(b",\"value\":");
        match row.value {
            Some(value) => push_on_one_line(value, out),
            None => {
                let _ = write!(out, "\"{REDACTED}\"");
            }
        }
        let (word, place) = match row.origin {
            BlameOrigin::BeforeFirst => ("before", EventPlace::default()),
            BlameOrigin::Missing(place) => ("missing", place),
            BlameOrigin::Version(place) => ("event", place),
        };
        let _ = write!(out, ",\"origin\":\"{word}\"");
        if let Some(txn) = place.txn {
            let _ = write!(out, ",\"txnId\":{txn}");
        }
        if let Some(time) = place.millis.and_then(clock::format_utc) {
            let _ = write!(out, ",\"time\":\"{time}\"");
        }
        if let Some((partition, offset)) = place.position {
            let _ = write!(out, ",\"partition\":{partition},\"offset\":{offset}");
        }
        if let Some(line) = place.line {
            let _ = write!(out, ",\"line\":{line}");
        }
        out.extend_from_slice(b"}\n");
    }

    /// Appends a document as it stands in its event, and a line end.
    pub fn document(&self, document: &[u8], out: &mut Vec<u8>) {
        self.guarded(out, EscapeStyle::Json, |out| {
            out.extend_from_slice(document);
            out.push(b'\n');
        });
    }
}

/// Blanks after a text, up to a width, and two more.
fn pad(width: usize, used: usize, out: &mut Vec<u8>) {
    out.extend(std::iter::repeat_n(b' ', width.saturating_sub(used) + 2));
}
