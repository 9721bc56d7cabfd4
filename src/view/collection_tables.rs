//! Formats a summary: a table of fields for each collection, or a JSON object for each.

use std::fmt::Write as _;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::clock::WallClock;
use super::escape;
use super::escape::EscapeStyle;
use super::line::{columns, truncate};
use super::styles::{Ink, Styles};
use crate::summary::{CollectionSummary, Example, Field, Summary};
use crate::util::text::plural;

/// Width without a terminal.
const DEFAULT_COLUMNS: usize = 80;
/// Paths and types are padded to their widest one, up to these widths.
const MAX_PATH_COLUMNS: usize = 30;
const MAX_TYPE_COLUMNS: usize = 18;
/// Width of a share, such as `100 %`.
const SHARE_COLUMNS: usize = 5;
/// Examples are shown only if at least this many columns are left.
const MIN_EXAMPLE_COLUMNS: usize = 8;

/// The options of a summary.
#[derive(Debug, Clone)]
pub struct SummaryView {
    /// Styles by role.
    pub styles: Styles,
    /// Whether dangerous characters are escaped in JSON.
    pub terminal: bool,
    /// Width of the terminal in columns.
    pub width: Option<usize>,
    /// Formats times.
    pub clock: WallClock,
    /// Maximum number of fields of a collection in a table.
    pub max_fields: usize,
}

impl SummaryView {
    /// Appends a table for each collection.
    pub fn tables(&self, summary: &Summary, out: &mut Vec<u8>) {
        for (at, (name, collection)) in summary.collections.iter().enumerate() {
            if at > 0 {
                out.push(b'\n');
            }
            self.table(name, collection, out);
        }
    }

    /// Appends a JSON object for each collection, one per line.
    pub fn json(&self, summary: &Summary, out: &mut Vec<u8>) {
        for (name, collection) in &summary.collections {
            let line = self.json_object(name, collection).to_string();
            escape::push_json_line(line.as_bytes(), self.terminal, out);
        }
    }

    fn width(&self) -> usize {
        self.width.unwrap_or(DEFAULT_COLUMNS)
    }

    fn table(&self, name: &str, collection: &CollectionSummary, out: &mut Vec<u8>) {
        let ink = self.styles.collection;
        out.extend_from_slice(ink.on());
        escape::push_str(name, EscapeStyle::Text, out);
        out.extend_from_slice(ink.off());
        out.push(b'\n');
        let mut facts = vec![counts(collection)];
        facts.extend(
            collection
                .times
                .map(|(first, last)| self.times(first, last)),
        );
        for fact in facts {
            out.extend_from_slice(format!("  {fact}\n").as_bytes());
        }
        let fields = collection.fields.fields();
        if fields.is_empty() {
            return;
        }
        let shown = fields.get(..self.max_fields).unwrap_or(&fields);
        let types: Vec<String> = shown.iter().map(types).collect();
        let paths: Vec<String> = shown
            .iter()
            .map(|field| escape::text(&field.path))
            .collect();
        let layout = Layout {
            view: self,
            paths: widest(&paths, "field").min(MAX_PATH_COLUMNS),
            types: widest(&types, "types").min(MAX_TYPE_COLUMNS),
        };
        layout.row("field", "types", "in", "example", self.styles.dim, out);
        for ((field, path), types) in shown.iter().zip(&paths).zip(&types) {
            let share = share(field.documents, collection.fields.documents());
            let example = field.example.as_ref().map(example).unwrap_or_default();
            layout.row(path, types, &share, &example, Ink::default(), out);
        }
        let hidden = fields.len() - shown.len();
        if hidden > 0 {
            let more = format!("  … and {hidden} more fields (--max-fields)\n");
            out.extend_from_slice(more.as_bytes());
        }
        if collection.fields.has_more() {
            out.extend_from_slice(
                "  … and fields that are not listed: too many, or too deep\n".as_bytes(),
            );
        }
    }

    fn times(&self, first: i64, last: i64) -> String {
        let (from, until) = (
            self.clock.format_rfc3339(first),
            self.clock.format_rfc3339(last),
        );
        if first == last {
            from
        } else {
            format!("{from} to {until}")
        }
    }

    fn json_object(&self, name: &str, collection: &CollectionSummary) -> Value {
        let documents = collection.fields.documents();
        let fields: Vec<Value> = collection
            .fields
            .fields()
            .iter()
            .map(|field| json_field(field, documents))
            .collect();
        let time = |millis: i64| self.clock.format_rfc3339(millis);
        json!({
            "collection": name,
            "events": collection.events(),
            "inserts": collection.inserts,
            "updates": collection.updates,
            "removes": collection.removes,
            "others": collection.others,
            "snapshotDocuments": collection.snapshot_documents,
            "documents": collection.ids.count(),
            "documentsExact": collection.ids.is_exact(),
            "first": collection.times.map(|(first, _)| time(first)),
            "last": collection.times.map(|(_, last)| time(last)),
            "fields": fields,
            "fieldsComplete": !collection.fields.has_more(),
        })
    }
}

/// The widths of a table.
struct Layout<'v> {
    view: &'v SummaryView,
    paths: usize,
    types: usize,
}

impl Layout<'_> {
    /// A line; a path or type that is too long stands on a line of its own.
    fn row(
        &self,
        path: &str,
        types: &str,
        share: &str,
        example: &str,
        ink: Ink,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(ink.on());
        let mut at = 0;
        cell(path, self.paths, &mut at, 2, out);
        let last = self.view.width().saturating_sub(columns(types));
        let begin = (2 + self.paths + 2).min(last);
        if at > begin {
            out.push(b'\n');
            at = 0;
        }
        cell(types, self.types, &mut at, begin, out);
        let begin = 2 + self.paths + 2 + self.types + 2;
        pad(&mut at, begin, out);
        out.extend_from_slice(format!("{share:>SHARE_COLUMNS$}").as_bytes());
        at += SHARE_COLUMNS;
        let left = self.view.width().saturating_sub(at + 2);
        if !example.is_empty() && left >= MIN_EXAMPLE_COLUMNS {
            out.extend_from_slice(b"  ");
            out.extend_from_slice(truncate(example, left, false).as_bytes());
        }
        out.extend_from_slice(ink.off());
        out.push(b'\n');
    }
}

/// A left-aligned cell that begins at a column.
fn cell(text: &str, width: usize, at: &mut usize, begin: usize, out: &mut Vec<u8>) {
    pad(at, begin, out);
    out.extend_from_slice(text.as_bytes());
    *at += columns(text);
    if columns(text) > width {
        out.push(b'\n');
        *at = 0;
    }
}

fn pad(at: &mut usize, begin: usize, out: &mut Vec<u8>) {
    let blanks = begin.saturating_sub(*at);
    out.resize(out.len() + blanks, b' ');
    *at += blanks;
}

fn widest(texts: &[String], header: &str) -> usize {
    texts
        .iter()
        .map(columns)
        .max()
        .unwrap_or(0)
        .max(header.len())
}

/// The number of events and documents.
fn counts(collection: &CollectionSummary) -> String {
    let mut text = String::new();
    if collection.events() > 0 {
        let parts = [
            (collection.inserts, "insert"),
            (collection.updates, "update"),
            (collection.removes, "remove"),
            (collection.others, "other"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, noun)| plural(*count, noun)).collect();
        let _ = write!(
            text,
            "{}: {}; ",
            plural(collection.events(), "event"),
            parts.join(", ")
        );
    }
    if collection.snapshot_documents > 0 {
        let _ = write!(
            text,
            "{} of a snapshot; ",
            plural(collection.snapshot_documents, "document")
        );
    }
    let ids = plural(collection.ids.count(), "distinct id");
    let bound = if collection.ids.is_exact() {
        ""
    } else {
        "about "
    };
    let _ = write!(text, "{bound}{ids}");
    text
}

/// The types of a field, with the shares of none.
fn types(field: &Field) -> String {
    let names: Vec<&str> = field.types.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

/// A percentage: 100 only for all, and 0 only for none.
fn share(count: u64, all: u64) -> String {
    let percent = (u128::from(count) * 100)
        .checked_div(u128::from(all))
        .unwrap_or(0);
    if percent == 0 && count > 0 {
        "<1 %".to_owned()
    } else {
        format!("{percent} %")
    }
}

/// An example as text, with dangerous characters escaped.
fn example(example: &Example) -> String {
    let mut out = Vec::new();
    match example {
        Example::Whole(json) => escape::push(json, EscapeStyle::Json, &mut out),
        Example::Start(text) => {
            out.push(b'"');
            escape::push_str(text, EscapeStyle::Json, &mut out);
            out.extend_from_slice("…".as_bytes());
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn json_field(field: &Field, documents: u64) -> Value {
    let names: Vec<&str> = field.types.iter().map(|kind| kind.name()).collect();
    let example = field.example.as_ref().map(|example| match example {
        // With all digits.
        Example::Whole(json) => {
            let raw = String::from_utf8_lossy(json).into_owned();
            RawValue::from_string(raw)
                .ok()
                .and_then(|raw| serde_json::to_value(raw).ok())
                .unwrap_or_default()
        }
        Example::Start(text) => Value::from(format!("{text}…")),
    });
    json!({
        "path": field.path,
        "types": names,
        "documents": field.documents,
        "of": documents,
        "example": example,
    })
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_share_is_neither_all_nor_nothing_by_rounding() {
        for (count, all, expected) in [
            (0, 5, "0 %"),
            (1, 1000, "<1 %"),
            (1, 3, "33 %"),
            (999, 1000, "99 %"),
            (u64::MAX, u64::MAX, "100 %"),
            (0, 0, "0 %"),
        ] {
            assert_eq!(share(count, all), expected);
        }
    }
}
