//! Line builder: styled words with their width in columns, and the event header that all views share.

use std::fmt;
use std::io::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::escape;
use super::escape::EscapeStyle;
use super::model::View;
use super::styles::Ink;
use crate::event::{Event, EventKind, Op};
use crate::record::{Place, Record};
use crate::util::decimal;

/// Width of the output without a terminal.
pub(super) const DEFAULT_WIDTH: usize = 160;
/// The text of a gap.
pub(super) const GAP: &str = "the stream has a gap: requery everything, then resume";
/// Of a cut id, at least as much is shown.
const MIN_ID_COLUMNS: usize = 8;
/// Columns of the end of a cut id.
const ID_END_COLUMNS: usize = 5;

/// A line with its width in columns, at the end of a buffer.
pub(super) struct Line<'v, 'o> {
    pub view: &'v View,
    pub columns: usize,
    out: &'o mut Vec<u8>,
    begin: usize,
}

impl<'v, 'o> Line<'v, 'o> {
    pub fn new(view: &'v View, out: &'o mut Vec<u8>) -> Self {
        Line {
            view,
            columns: 0,
            begin: out.len(),
            out,
        }
    }

    /// A word in a style, two blanks before it unless it is the first.
    pub fn word(&mut self, word: &str, ink: Ink) {
        self.after("  ", word, ink);
    }

    /// A word in a style, one blank before it unless it is the first.
    fn word_after_blank(&mut self, word: &str, ink: Ink) {
        self.after(" ", word, ink);
    }

    fn after(&mut self, gap: &str, word: &str, ink: Ink) {
        self.gap(gap);
        self.out.extend_from_slice(ink.on());
        self.plain(word);
        self.out.extend_from_slice(ink.off());
    }

    fn gap(&mut self, gap: &str) {
        if self.out.len() > self.begin {
            self.out.extend_from_slice(gap.as_bytes());
            self.columns += gap.len();
        }
    }

    /// A word of printable ASCII, without escaping; two blanks before it unless it is the first.
    fn numbers(&mut self, numbers: fmt::Arguments<'_>, ink: Ink) {
        self.gap("  ");
        self.out.extend_from_slice(ink.on());
        let begin = self.out.len();
        // Writing to a buffer cannot fail.
        let _ = self.out.write_fmt(numbers);
        self.columns += self.out.len() - begin;
        self.out.extend_from_slice(ink.off());
    }

    /// A word of printable ASCII and a number; two blanks before it unless it is the first.
    fn number(&mut self, word: &str, number: u64, ink: Ink) {
        self.gap("  ");
        self.out.extend_from_slice(ink.on());
        let begin = self.out.len();
        self.out.extend_from_slice(word.as_bytes());
        decimal::push(number, self.out);
        self.columns += self.out.len() - begin;
        self.out.extend_from_slice(ink.off());
    }

    fn plain(&mut self, word: &str) {
        let begin = self.out.len();
        escape::push_str(word, EscapeStyle::Text, self.out);
        self.columns += columns(self.out.get(begin..).unwrap_or_default());
    }

    pub fn time(&mut self, record: &Record<'_>) {
        if let Some(time) = self.view.format_time(record) {
            self.word(&time, self.view.styles.dim);
        }
    }

    /// The time, one blank after the previous word.
    pub fn time_after_blank(&mut self, record: &Record<'_>) {
        if let Some(time) = self.view.format_time(record) {
            self.word_after_blank(&time, self.view.styles.dim);
        }
    }

    /// The operation, padded to a width.
    pub fn operation(&mut self, event: &Event<'_>, width: usize) {
        let styles = self.view.styles;
        let word = operation(event);
        let style = match (event.op(), &event.kind) {
            (_, EventKind::RequeryRequired) => styles.alarm,
            (Op::Insert, _) => styles.insert,
            (Op::Update, _) => styles.update,
            (Op::Remove, _) => styles.remove,
            (Op::Other, _) => styles.dim,
        };
        if event.op() == Op::Other || width == 0 {
            return self.word(word, style);
        }
        self.numbers(format_args!("{word:width$}"), style);
    }

    /// Operation, identity and transaction of an event; for a gap, [`GAP`] instead of the identity.
    pub fn event_header(&mut self, event: &Event<'_>) {
        self.operation(event, 0);
        if event.kind == EventKind::RequeryRequired {
            self.txn(event);
            self.word(GAP, self.view.styles.alarm);
        } else {
            self.identity(event, " ", None);
            self.txn(event);
        }
    }

    /// Collection and id, if the event has them; the id is cut to a number of columns.
    pub fn identity(&mut self, event: &Event<'_>, gap: &str, max_columns: Option<usize>) {
        let id = event.id();
        if event.collection.is_none() && id.is_none() {
            return;
        }
        let begin = self.columns + gap.len();
        let collection = event.collection.as_deref().unwrap_or("?");
        self.after(gap, collection, self.view.styles.collection);
        self.plain("/");
        let id = id.map_or("?".into(), without_quotes);
        match max_columns {
            Some(max) => {
                let columns_left = max.saturating_sub(self.columns - begin);
                self.plain(&cut_middle(
                    &escape::text(&id),
                    columns_left.max(MIN_ID_COLUMNS),
                ));
            }
            None => self.plain(&id),
        }
    }

    /// Blanks up to a column.
    pub fn pad_to(&mut self, column: usize) {
        let missing = column.saturating_sub(self.columns);
        self.out.extend(std::iter::repeat_n(b' ', missing));
        self.columns += missing;
    }

    /// A text that is safe to print, after two blanks.
    pub fn safe_text(&mut self, push: impl FnOnce(&mut Vec<u8>, usize)) {
        let before = self.out.len();
        self.gap("  ");
        let begin = self.out.len();
        push(self.out, self.columns);
        if self.out.len() == begin {
            self.out.truncate(before);
        }
    }

    pub fn txn(&mut self, event: &Event<'_>) {
        if let Some(txn) = event.txn_id {
            self.number("txn ", txn.0, self.view.styles.dim);
        }
    }

    pub fn place(&mut self, record: &Record<'_>) {
        match (record.place.position(), record.place) {
            (Some((partition, offset)), _) => self.position(partition, offset),
            (None, Place::Line { line, .. }) => {
                self.number("line ", line, self.view.styles.dim);
            }
            (None, Place::Offset { .. } | Place::Unknown) => {}
        }
    }

    pub fn position(&mut self, partition: i32, offset: i64) {
        self.numbers(format_args!("p{partition}@{offset}"), self.view.styles.dim);
    }

    /// Ends the line; blanks at its end are dropped.
    pub fn end(self) {
        while self.out.len() > self.begin && self.out.last() == Some(&b' ') {
            self.out.pop();
        }
        self.out.push(b'\n');
    }
}

/// What happened, in one word.
pub(super) fn operation<'e>(event: &'e Event<'_>) -> &'e str {
    match &event.kind {
        EventKind::RequeryRequired => "requery",
        EventKind::Other(kind) => kind,
        EventKind::DocumentChanged => match (event.op().word(), event.method.as_deref()) {
            (Some(word), _) => word,
            (None, method) => method.unwrap_or("changed"),
        },
    }
}

/// A string id without its quotes, any other as JSON.
#[must_use]
pub fn without_quotes(id: &[u8]) -> std::borrow::Cow<'_, str> {
    crate::json::unquote(id).unwrap_or_else(|| String::from_utf8_lossy(id))
}

/// Cuts a string in the middle, so that its beginning and its end are shown.
fn cut_middle(text: &str, columns_left: usize) -> String {
    if columns(text) <= columns_left {
        return text.to_owned();
    }
    let is_end = |at: &usize| {
        text.get(*at..)
            .is_some_and(|end| columns(end) <= ID_END_COLUMNS)
    };
    let end = (0..=text.len()).find(is_end).unwrap_or(text.len());
    let begin = truncate(text, columns_left.saturating_sub(ID_END_COLUMNS), true);
    format!("{begin}{}", text.get(end..).unwrap_or_default())
}

/// Number of columns of a string.
pub(super) fn columns(text: impl AsRef<[u8]>) -> usize {
    let text = text.as_ref();
    if text.is_ascii() {
        return text.len();
    }
    UnicodeWidthStr::width(String::from_utf8_lossy(text).as_ref())
}

/// Cuts a string to a number of columns; a cut is marked with `…`.
pub(super) fn truncate(text: &str, columns_left: usize, already_cut: bool) -> String {
    if !already_cut && columns(text) <= columns_left {
        return text.to_owned();
    }
    let columns_before_mark = columns_left.saturating_sub(1);
    let ascii = text
        .get(..columns_before_mark)
        .filter(|begin| begin.is_ascii());
    if let Some(begin) = ascii {
        return format!("{begin}…");
    }
    let (mut clipped, mut used) = (String::new(), 0);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used >= columns_left {
            break;
        }
        clipped.push(c);
    }
    clipped.push('…');
    clipped
}
