//! A line in the making: words in styles, and what every view says of an event's identity and place.
//! Which words make a line is decided by the views.

use std::fmt::Write as _;

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::View;
use super::safe;
use crate::event::{Event, Kind, Op};
use crate::record::{Place, Record};

/// What a gap is called.
pub(super) const GAP: &str = "the stream has a gap: requery everything, then resume";

/// How many bytes most lines take.
const USUAL: usize = 160;

/// A line with its width in columns.
pub(super) struct Line<'v> {
    pub view: &'v View,
    pub text: String,
    pub columns: usize,
}

impl<'v> Line<'v> {
    pub fn new(view: &'v View) -> Self {
        Line {
            view,
            text: String::with_capacity(USUAL),
            columns: 0,
        }
    }

    /// A word in a style, two blanks before it unless it is the first.
    pub fn word(&mut self, word: &str, style: Style) {
        self.after("  ", word, style);
    }

    /// A word in a style, one blank before it unless it is the first.
    fn near(&mut self, word: &str, style: Style) {
        self.after(" ", word, style);
    }

    fn after(&mut self, gap: &str, word: &str, style: Style) {
        let gap = if self.text.is_empty() { "" } else { gap };
        self.text.push_str(gap);
        self.columns += gap.len();
        self.styled(word, style);
    }

    fn styled(&mut self, word: &str, style: Style) {
        if style == Style::new() {
            return self.plain(word);
        }
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{style}");
        self.plain(word);
        let _ = write!(self.text, "{style:#}");
    }

    fn plain(&mut self, word: &str) {
        let begin = self.text.len();
        safe::append(word, &mut self.text);
        self.columns += columns(self.text.get(begin..).unwrap_or_default());
    }

    pub fn time(&mut self, record: &Record<'_>) {
        if let Some(time) = record.time {
            let time = self.view.clock.show(time.millis);
            self.word(&time, self.view.styles.dim);
        }
    }

    /// The time one blank after what stands before it.
    pub fn near_time(&mut self, record: &Record<'_>) {
        if let Some(time) = record.time {
            let time = self.view.clock.show(time.millis);
            self.near(&time, self.view.styles.dim);
        }
    }

    /// What happened, padded so that the next column is straight.
    pub fn operation(&mut self, event: &Event<'_>, width: usize) {
        let styles = self.view.styles;
        let (word, style) = match (event.op(), &event.kind) {
            (_, Kind::RequeryRequired) => ("requery", styles.alarm),
            (Op::Insert, _) => ("insert", styles.insert),
            (Op::Update, _) => ("update", styles.update),
            (Op::Remove, _) => ("remove", styles.remove),
            (Op::Other, Kind::Other(kind)) => (kind.as_ref(), styles.dim),
            (Op::Other, Kind::DocumentChanged) => {
                (event.method.as_deref().unwrap_or("changed"), styles.dim)
            }
        };
        let known = event.op() != Op::Other;
        self.word(
            &if known {
                format!("{word:width$}")
            } else {
                word.to_owned()
            },
            style,
        );
    }

    /// Collection and id, as far as the event has them.
    pub fn identity(&mut self, event: &Event<'_>, gap: &str) {
        let id = event.id();
        if event.collection.is_none() && id.is_none() {
            return;
        }
        let collection = event.collection.as_deref().unwrap_or("?");
        self.after(gap, collection, self.view.styles.collection);
        self.plain("/");
        match id {
            Some(id) => self.plain(&bare(id)),
            None => self.plain("?"),
        }
    }

    pub fn txn(&mut self, event: &Event<'_>) {
        if let Some(txn) = event.txn_id {
            self.word(&format!("txn {}", txn.0), self.view.styles.dim);
        }
    }

    pub fn place(&mut self, record: &Record<'_>) {
        let place = match record.place {
            Place::Offset {
                partition, offset, ..
            } => format!("p{partition}@{offset}"),
            Place::Line { line, .. } => format!("line {line}"),
        };
        self.word(&place, self.view.styles.dim);
    }

    pub fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text.as_bytes());
        out.push(b'\n');
    }
}

/// A text id without its quotes, any other as JSON.
fn bare(id: &[u8]) -> std::borrow::Cow<'_, str> {
    crate::json::unquote(id).unwrap_or_else(|| String::from_utf8_lossy(id))
}

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    UnicodeWidthStr::width(text)
}

/// Cuts a text to so many columns; a cut is marked with `…`.
pub(super) fn clip(text: &str, room: usize, already_cut: bool) -> String {
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
