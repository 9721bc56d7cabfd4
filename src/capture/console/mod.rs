//! Lines of `kafka-console-consumer.sh`, plain or with the columns of its `print.…` properties, and of kcat with a key
//! delimiter or the columns `%T %p %o %k %s`.
//!
//! Columns as in Kafka 2.7 and later: time, partition, offset, delivery, epoch, headers, key, value. The separator is
//! inferred from the first lines, and what remains ambiguous is a [`Doubt`].

mod headers;
mod labels;
mod layout;

use std::borrow::Cow;

use self::headers::{NO_HEADERS, ends_of_parts, headers_separator};
use self::layout::{Layout, Parts};
use super::format::with_position;
use crate::record::{Header, Place, Record};

pub(super) use self::layout::{is_separator, value_start};

/// Words for a null value besides `null.literal`'s default, as far as no event can look like them.
const NULL_LITERALS: &[&[u8]] = &[b"NULL", b"<null>", b"(null)", b"nil", b"None", b"\\N"];

/// Something that a capture does not say, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Text before each event is the key, and this follows it.
    KeySeparator(Vec<u8>),
    /// The only column looks like headers, and is read as the key.
    KeyOrHeaders,
    /// The headers are separated by this.
    HeadersSeparator(&'static [u8]),
    /// This word is read as null.
    NullLiteral(&'static [u8]),
    /// The columns are those of kcat.
    KcatColumns,
}

impl Doubt {
    /// What is assumed, after the name of the capture.
    pub fn message(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match self {
            Doubt::KeySeparator(separator) => format!(
                "does not say what is before each event: it is read as the key, with '{}' as the separator",
                text(separator)
            ),
            Doubt::KeyOrHeaders => "does not say whether the column before each event is the key or headers: it is read as the key".to_owned(),
            Doubt::HeadersSeparator(separator) => format!(
                "does not say what separates headers: they are read with '{}' as the separator",
                text(separator)
            ),
            Doubt::NullLiteral(word) => format!(
                "does not say what a null value is: '{}' is read as null",
                text(word)
            ),
            Doubt::KcatColumns => "does not name its columns: they are read as time, partition, offset, key and value of kcat -f '%T %p %o %k %s\\n'".to_owned(),
        }
    }
}

/// Parses the lines of one capture.
#[derive(Debug, Default)]
pub(super) struct Console {
    layout: Option<Layout>,
    /// A line was read.
    is_begun: bool,
    /// A word that stood for a null value.
    null_literal: Option<&'static [u8]>,
    /// Doubts so far, in their order; each once.
    doubts: Vec<Doubt>,
}

impl Console {
    /// Parses a line; without columns it is a payload. `following` are lines after it, from which the layout is
    /// inferred. Without a topic, the record's place is `here`, with as much of the position as there is.
    pub fn read<'a>(&mut self, line: &'a [u8], following: &[u8], here: Place<'a>) -> Record<'a> {
        let known = self.layout.take();
        let known = known.and_then(|layout| Some((layout.split(line)?, layout)));
        let (parts, layout) = known.unwrap_or_else(|| {
            // Only once per capture, a layout is inferred from many lines.
            let following = if self.is_begun { b"" } else { following };
            let layout = Layout::infer(line, following);
            let parts = layout.split(line).unwrap_or(Parts::value(line));
            (parts, layout)
        });
        self.is_begun = true;
        let record = self.record(&parts, &layout, here);
        self.layout = Some(layout);
        record
    }

    /// Takes the doubts from `from` on.
    pub fn doubts(&self, from: usize) -> &[Doubt] {
        self.doubts.get(from..).unwrap_or_default()
    }

    /// Whether lines that begin like an event may begin with a key.
    pub fn has_keys(&self) -> bool {
        matches!(self.layout, Some(Layout::Console { columns: 1.., .. }))
    }

    fn doubt(&mut self, doubt: Doubt) {
        let same_kind =
            |other: &Doubt| std::mem::discriminant(other) == std::mem::discriminant(&doubt);
        if !self.doubts.iter().any(same_kind) {
            self.doubts.push(doubt);
        }
    }

    fn record<'a>(&mut self, parts: &Parts<'a>, layout: &Layout, here: Place<'a>) -> Record<'a> {
        let labels = parts.labels;
        let mut headers = Vec::new();
        let mut key = None;
        if matches!(layout, Layout::Kcat(_)) {
            self.doubt(Doubt::KcatColumns);
            key = parts.columns.map(Cow::Borrowed);
        } else if let Some(columns) = parts.columns {
            let found = layout.split_columns(columns);
            if let Some(column) = found.headers {
                headers = self.headers(column);
            }
            key = found.key.and_then(|key| self.key(key, labels.any()));
            self.note_guesses(layout, found.is_doubtful);
        }
        Record {
            place: with_position(here, labels.partition, labels.offset),
            time: labels.time,
            leader_epoch: labels.epoch,
            key,
            headers,
            payload: parts.value.and_then(|value| self.value(value)),
        }
    }

    fn note_guesses(&mut self, layout: &Layout, is_doubtful: bool) {
        if is_doubtful {
            self.doubt(Doubt::KeyOrHeaders);
        }
        if let Layout::Console {
            separator,
            is_guess: true,
            ..
        } = layout
        {
            self.doubt(Doubt::KeySeparator(separator.clone()));
        }
    }

    /// A key; an empty one is null without other columns, because kcat prints nothing for null.
    fn key<'a>(&self, key: &'a [u8], has_labels: bool) -> Option<Cow<'a, [u8]>> {
        if key.is_empty() && !has_labels {
            return None;
        }
        self.text(key)
    }

    fn text<'a>(&self, text: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let is_null = text == b"null" || self.null_literal.is_some_and(|word| word == text);
        (!is_null).then_some(Cow::Borrowed(text))
    }

    fn value<'a>(&mut self, value: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        if let Some(word) = NULL_LITERALS.iter().find(|word| **word == value) {
            self.null_literal = Some(word);
            self.doubt(Doubt::NullLiteral(word));
        }
        self.text(value)
    }

    fn headers<'a>(&mut self, column: &'a [u8]) -> Vec<Header<'a>> {
        if column == NO_HEADERS {
            return Vec::new();
        }
        let separator = headers_separator(column);
        if separator != b"," {
            self.doubt(Doubt::HeadersSeparator(separator));
        }
        let mut headers = Vec::new();
        // A part without a colon belongs to the value before it: the tool prints a colon after each name.
        let mut start = 0;
        for end in ends_of_parts(column, separator) {
            headers.push(self.header(column.get(start..end).unwrap_or_default()));
            start = end + separator.len();
        }
        headers
    }

    fn header<'a>(&self, text: &'a [u8]) -> Header<'a> {
        let colon = memchr::memchr(b':', text).unwrap_or(text.len());
        let (name, value) = text.split_at_checked(colon).unwrap_or((text, b""));
        Header {
            name: String::from_utf8_lossy(name),
            value: self.text(value.strip_prefix(b":").unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests;
