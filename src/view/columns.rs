//! Prints an event as a template says.

use std::borrow::Cow;

use super::escape;
use super::escape::EscapeStyle;
use super::line::{columns, operation, truncate, without_quotes};
use super::model::{EventDiff, View};
use super::summary;
use super::template::{Alignment, Column, ColumnValue, Part, Property, Template, TemplateField};
use crate::event::{Event, EventKind};
use crate::json::{compact, unquote};
use crate::path::Side;
use crate::record::{Place, Record};

/// What is printed for a value that the event does not have.
const MISSING: &str = "-";

/// An event and its record.
#[derive(Clone, Copy)]
struct Source<'s, 'r, 'e, 'a> {
    view: &'s View,
    record: &'s Record<'r>,
    event_diff: &'s EventDiff<'e, 'a>,
}

/// Appends an event. A gap has no columns: it is reported on standard error, as for the formats of programs.
pub(super) fn event(
    template: &Template,
    view: &View,
    record: &Record<'_>,
    event_diff: &EventDiff<'_, '_>,
    out: &mut Vec<u8>,
) {
    if event_diff.event.kind == EventKind::RequeryRequired {
        return;
    }
    let source = Source {
        view,
        record,
        event_diff,
    };
    for part in &template.parts {
        match part {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Column(column) => source.push(column, out),
        }
    }
}

impl<'s> Source<'s, '_, '_, '_> {
    fn push(self, column: &Column, out: &mut Vec<u8>) {
        if column.min_width == 0 && column.max_width.is_none() {
            return self.push_value(&column.value, None, out);
        }
        let mut value = Vec::new();
        self.push_value(&column.value, column.max_width, &mut value);
        if let Some(max_width) = column.max_width.filter(|max| columns(&value) > *max) {
            let text = String::from_utf8_lossy(&value);
            value = truncate(&text, max_width, false).into_bytes();
        }
        let blanks = vec![b' '; column.min_width.saturating_sub(columns(&value))];
        let (first, last) = match column.alignment {
            Alignment::Left => (value, blanks),
            Alignment::Right => (blanks, value),
        };
        out.extend_from_slice(&first);
        out.extend_from_slice(&last);
    }

    fn push_value(self, value: &ColumnValue, max_width: Option<usize>, out: &mut Vec<u8>) {
        match value {
            ColumnValue::Property(Property::Summary) => self.push_summary(max_width, out),
            ColumnValue::Property(property) => {
                let value = self.property(*property);
                let value = value.as_deref().unwrap_or(MISSING.as_bytes());
                push_text(value, EscapeStyle::Text, self.view, out);
            }
            ColumnValue::Field(field) => self.push_field(field, out),
        }
    }

    /// A property as text, not yet escaped.
    fn property(self, property: Property) -> Option<Cow<'s, [u8]>> {
        let event: &'s Event<'_> = self.event_diff.event;
        let place = self.record.place;
        let number = |number: Option<String>| number.map(|text| Cow::Owned(text.into_bytes()));
        let text = |text: Option<&'s str>| text.map(|text| Cow::Borrowed(text.as_bytes()));
        let (partition, offset) = match place {
            Place::Offset {
                partition, offset, ..
            } => (Some(partition), Some(offset)),
            Place::Line {
                partition, offset, ..
            } => (partition, offset),
            Place::Unknown => (None, None),
        };
        match property {
            Property::Time => {
                let time = self.record.time.map(|time| time.millis);
                number(time.map(|millis| self.view.clock.format_rfc3339(millis)))
            }
            Property::Topic => match place {
                Place::Offset { topic, .. } => text(Some(topic)),
                Place::Line { .. } | Place::Unknown => None,
            },
            Property::Partition => number(partition.map(|partition| partition.to_string())),
            Property::Offset => number(offset.map(|offset| offset.to_string())),
            Property::Key => self.record.key.as_deref().map(Cow::Borrowed),
            Property::Collection => text(event.collection.as_deref()),
            Property::Id => event.id().map(|id| match without_quotes(id) {
                Cow::Borrowed(id) => Cow::Borrowed(id.as_bytes()),
                Cow::Owned(id) => Cow::Owned(id.into_bytes()),
            }),
            Property::Method => text(event.method.as_deref()),
            Property::Operation => text(Some(operation(event))),
            Property::Transaction => number(event.txn_id.map(|txn| txn.0.to_string())),
            Property::Summary => None,
        }
    }

    fn push_summary(self, max_width: Option<usize>, out: &mut Vec<u8>) {
        let begin = out.len();
        summary::push(self.view, self.event_diff, max_width, out);
        if out.len() == begin {
            out.extend_from_slice(MISSING.as_bytes());
        }
    }

    /// A field of the document: a string as its text, everything else as JSON.
    fn push_field(self, field: &TemplateField, out: &mut Vec<u8>) {
        let facts = self.event_diff.event.facts();
        let document = match field.side {
            None => facts.document(),
            Some(Side::Old) => facts.old,
            Some(Side::New) => facts.new,
        };
        let mut steps = field.steps.iter();
        let value = document.and_then(|json| steps.try_fold(json, |json, step| step.child(json)));
        let Some(value) = value else {
            return out.extend_from_slice(MISSING.as_bytes());
        };
        match unquote(value) {
            Some(text) => push_text(text.as_bytes(), EscapeStyle::Text, self.view, out),
            None => push_text(
                &compact(value, usize::MAX),
                EscapeStyle::Json,
                self.view,
                out,
            ),
        }
    }
}

/// Appends text on one line: control characters are escaped, so that a value is neither a line nor a column. On a terminal
/// so is what a terminal does not show.
fn push_text(text: &[u8], style: EscapeStyle, view: &View, out: &mut Vec<u8>) {
    if escape::is_safe(text) {
        return out.extend_from_slice(text);
    }
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c if c.is_control() || view.terminal => {
                    escape::push_str(c.encode_utf8(&mut [0; 4]), style, out);
                }
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        escape::push(chunk.invalid(), style, out);
    }
}
