//! Long texts of which some words changed: `demo [-next-]{+on+} Friday`, with what is the same cut short.
//! Which words changed is told in `diff::words`.

use super::value::size;
use crate::diff::words::{Part, compare};
use crate::json::{occurs, unquote};
use crate::view::View;
use crate::view::safe::{self, Spelling};
use crate::view::styles::Ink;

/// Texts longer than this, in bytes, are compared word by word.
const LONG: usize = 60;
/// What is the same is cut to so many characters at each change.
const KEPT: usize = 18;
/// The most characters of one text.
const MOST: usize = 400;

/// Appends two long texts as one; `false`, and nothing, where they are not texts, not long, or have little in common.
pub(super) fn push(old: &[u8], new: &[u8], view: &View, out: &mut Vec<u8>) -> bool {
    if old.len().max(new.len()) <= LONG + 2 {
        return false;
    }
    let (Some(old_text), Some(new_text)) = (unquote(old), unquote(new)) else {
        return false;
    };
    let Some(parts) = compare(&old_text, &new_text) else {
        return false;
    };
    let mut writer = Writer {
        view,
        left: if view.diff.full { usize::MAX } else { MOST },
        out,
    };
    writer.out.push(b'"');
    let last = parts.len().saturating_sub(1);
    let complete = parts
        .iter()
        .enumerate()
        .all(|(at, part)| writer.part(part, at == 0, at == last));
    out.push(b'"');
    if !complete {
        let sizes = format!(" ({} → {})", size(old.len()), size(new.len()));
        out.extend_from_slice(sizes.as_bytes());
    }
    true
}

struct Writer<'w> {
    view: &'w View,
    /// How many characters may still be written.
    left: usize,
    out: &'w mut Vec<u8>,
}

impl Writer<'_> {
    /// `false` where the room is used up.
    fn part(&mut self, part: &Part<'_>, first: bool, last: bool) -> bool {
        let styles = self.view.styles;
        match *part {
            Part::Both(text) => self.both(text, first, last),
            Part::Old(text) => self.marked("[-", text, "-]", styles.remove),
            Part::New(text) => self.marked("{+", text, "+}", styles.insert),
        }
        self.left > 0
    }

    fn both(&mut self, text: &str, first: bool, last: bool) {
        if self.view.diff.full || text.chars().nth(2 * KEPT).is_none() {
            return self.write(text);
        }
        if !first {
            self.write(text.get(..place(text, KEPT)).unwrap_or_default());
        }
        self.out.extend_from_slice("…".as_bytes());
        if !last {
            self.write(end_of(text, KEPT));
        }
    }

    fn marked(&mut self, open: &str, text: &str, close: &str, ink: Ink) {
        self.out.extend_from_slice(ink.on());
        self.out.extend_from_slice(open.as_bytes());
        self.write(text);
        self.out.extend_from_slice(close.as_bytes());
        self.out.extend_from_slice(ink.off());
    }

    /// Writes a text as a JSON string would hold it, as far as there is room.
    fn write(&mut self, text: &str) {
        let end = place(text, self.left);
        let mut rest = text.get(..end).unwrap_or_default();
        if !occurs(rest.as_bytes(), is_escaped) {
            safe::push_str(rest, Spelling::Json, self.out);
            rest = "";
        }
        while let Some(at) = rest.bytes().position(is_escaped) {
            let (before, after) = rest.split_at(at);
            safe::push_str(before, Spelling::Json, self.out);
            self.out.extend_from_slice(match after.as_bytes().first() {
                Some(b'"') => b"\\\"",
                Some(b'\n') => b"\\n",
                Some(b'\r') => b"\\r",
                Some(b'\t') => b"\\t",
                _ => b"\\\\",
            });
            rest = after.get(1..).unwrap_or_default();
        }
        safe::push_str(rest, Spelling::Json, self.out);
        if end < text.len() {
            self.out.extend_from_slice("…".as_bytes());
        }
        self.left = self.left.saturating_sub(text.chars().count());
    }
}

/// Whether JSON has a short escape for a byte.
fn is_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t')
}

/// The last characters of a longer text.
fn end_of(text: &str, characters: usize) -> &str {
    let begin = text.char_indices().rev().nth(characters - 1);
    begin.map_or(text, |(at, _)| text.get(at..).unwrap_or_default())
}

/// Where so many characters end.
fn place(text: &str, characters: usize) -> usize {
    if text.len() <= characters {
        return text.len();
    }
    let found = text.char_indices().nth(characters);
    found.map_or(text.len(), |(at, _)| at)
}
