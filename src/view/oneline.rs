//! One line an event, for people: when, what happened to which document, where it stands.
//! What exactly changed in the document is not shown here.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use super::View;
use super::safe::{self, Spelling};
use crate::event::{Event, Kind, Op};
use crate::record::{Lost, Place, Record};

/// The width where there is no terminal to ask.
const WIDTH_ELSEWHERE: usize = 160;
/// A document's beginning is shown only if so many columns are left for it.
const LEAST_PREVIEW: usize = 16;

/// Appends an event's line.
pub(super) fn event(view: &View, record: &Record<'_>, event: &Event<'_>, out: &mut Vec<u8>) {
    let mut line = Line::new(view);
    line.time(record);
    match event.kind {
        Kind::RequeryRequired => requery(&mut line, event),
        _ => document(&mut line, event),
    }
    line.place(record);
    if let Some(document) = event.new.or(event.value).or(event.old) {
        line.preview(document);
    }
    line.end(out);
}

/// Appends the line for records that retention removed.
pub(super) fn lost(view: &View, lost: &Lost, out: &mut Vec<u8>) {
    let mut line = Line::new(view);
    let styles = view.styles;
    line.word("lost   ", styles.alarm);
    line.word(
        &format!(
            "{} p{}@{} to {}: the broker's retention removed these records, the stream has a gap",
            lost.topic,
            lost.partition,
            lost.wanted,
            lost.resumed - 1
        ),
        styles.alarm,
    );
    line.end(out);
}

fn requery(line: &mut Line<'_>, event: &Event<'_>) {
    let styles = line.view.styles;
    line.word("requery", styles.alarm);
    line.txn(event);
    line.word(
        "the stream has a gap: requery everything, then resume",
        styles.alarm,
    );
}

fn document(line: &mut Line<'_>, event: &Event<'_>) {
    let styles = line.view.styles;
    let (word, style) = match (event.op(), &event.kind) {
        (Op::Insert, _) => ("insert ".to_owned(), styles.insert),
        (Op::Update, _) => ("update ".to_owned(), styles.update),
        (Op::Remove, _) => ("remove ".to_owned(), styles.remove),
        (Op::Other, Kind::Other(kind)) => (kind.to_string(), styles.dim),
        (Op::Other, _) => (
            event.method.as_deref().unwrap_or("changed").to_owned(),
            styles.dim,
        ),
    };
    line.word(&word, style);
    if event.collection.is_some() || event.id().is_some() {
        line.identity(event);
    }
    line.txn(event);
}

/// A line in the making, with its width in columns.
struct Line<'v> {
    view: &'v View,
    text: String,
    columns: usize,
}

impl<'v> Line<'v> {
    fn new(view: &'v View) -> Self {
        Line {
            view,
            text: String::new(),
            columns: 0,
        }
    }

    /// A word in a style, two blanks before it unless it is the first.
    fn word(&mut self, word: &str, style: anstyle::Style) {
        let gap = if self.text.is_empty() { "" } else { "  " };
        let safe = safe::text(word);
        self.columns += gap.len() + columns(&safe);
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{gap}{style}{safe}{style:#}");
    }

    fn time(&mut self, record: &Record<'_>) {
        if let Some(time) = record.time {
            let time = self.view.clock.show(time.millis);
            self.word(&time, self.view.styles.dim);
        }
    }

    fn identity(&mut self, event: &Event<'_>) {
        let collection = event.collection.as_deref().unwrap_or("?");
        self.word(collection, self.view.styles.collection);
        let id = event.id().map_or_else(|| "?".to_owned(), bare);
        let safe = safe::text(&id);
        self.columns += 1 + columns(&safe);
        let _ = write!(self.text, "/{safe}");
    }

    fn txn(&mut self, event: &Event<'_>) {
        if let Some(txn) = event.txn_id {
            self.word(&format!("txn {}", txn.0), self.view.styles.dim);
        }
    }

    fn place(&mut self, record: &Record<'_>) {
        let place = match record.place {
            Place::Offset {
                partition, offset, ..
            } => format!("p{partition}@{offset}"),
            Place::Line { line, .. } => format!("line {line}"),
        };
        self.word(&place, self.view.styles.dim);
    }

    /// As much of the document as fits.
    fn preview(&mut self, document: &[u8]) {
        let width = self.view.width.unwrap_or(WIDTH_ELSEWHERE);
        let room = width.saturating_sub(self.columns + 2);
        if room < LEAST_PREVIEW {
            return;
        }
        // No character takes less than a byte, so this is enough of a large document.
        let most = document.len().min(room * 4 + 4);
        let mut safe = Vec::new();
        safe::push(&document[..most], Spelling::Json, &mut safe);
        let safe = String::from_utf8_lossy(&safe).into_owned();
        let clipped = clip(&safe, room, most < document.len());
        self.word(&clipped, anstyle::Style::new());
    }

    fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text.as_bytes());
        out.push(b'\n');
    }
}

/// A text id without its quotes, any other as JSON.
fn bare(id: &[u8]) -> String {
    crate::json::unquote(id).map_or_else(
        || String::from_utf8_lossy(id).into_owned(),
        std::borrow::Cow::into_owned,
    )
}

fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// Cuts a text to so many columns; a cut is marked with `…`.
fn clip(text: &str, room: usize, already_cut: bool) -> String {
    if !already_cut && columns(text) <= room {
        return text.to_owned();
    }
    let (mut clipped, mut used) = (String::new(), 0);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used >= room {
            break;
        }
        clipped.push(c);
    }
    clipped.push('…');
    clipped
}
