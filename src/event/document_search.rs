//! Finds bytes that an event of one document must contain, without parsing anything: most of a capture is skipped.
//!
//! The text of an id stands in its event as it is, or with escapes. So a line matters if it has the longest part of the id
//! that needs no escape, or any escape that could stand for one of its characters.

use memchr::memmem::Finder;
use serde_json::Value;

use super::id::IdFilter;

/// In the type of each gap, in both spellings.
const GAP: &[u8] = b"equeryRequired";
/// The start of an escape of an ASCII character, before a digit up to 7; it may itself be escaped in a string.
const ASCII_ESCAPE: &[u8] = b"\\u00";
/// The start of any escape with a number.
const ESCAPE: &[u8] = b"\\u";

/// Finds where an event of a document, or a gap, can be. `false` is certain, `true` is not.
#[derive(Debug, Clone)]
pub struct DocumentSearch {
    /// Parts of the id, of which an event has at least one if it has no escape; empty if there is none.
    parts: Vec<Finder<'static>>,
    gap: Finder<'static>,
    escape: Finder<'static>,
    /// Only escapes of ASCII characters can belong to the id.
    is_ascii: bool,
}

impl DocumentSearch {
    /// For the documents with this id.
    #[must_use]
    pub fn new(id: &IdFilter) -> DocumentSearch {
        let text = id.text.as_deref();
        let mut parts: Vec<&str> = Vec::new();
        let mut is_selective = true;
        for part in [
            text.map(unescaped_part),
            id.value.as_ref().map(part_of_value),
        ] {
            match part {
                Some(Some(part)) => parts.push(part),
                Some(None) => is_selective = false,
                None => {}
            }
        }
        if !is_selective {
            parts.clear();
        }
        parts.sort_by_key(|part| part.len());
        // What contains a shorter part is found with it.
        let is_contained = |at: usize| parts[..at].iter().any(|short| parts[at].contains(short));
        let chosen = (0..parts.len()).filter(|at| !is_contained(*at));
        let chosen: Vec<_> = chosen.map(|at| parts[at]).collect();
        let is_ascii = text.is_none_or(str::is_ascii)
            && id
                .value
                .as_ref()
                .is_none_or(|value| value.to_string().is_ascii());
        DocumentSearch {
            parts: chosen
                .into_iter()
                .map(|part| Finder::new(part.as_bytes()).into_owned())
                .collect(),
            gap: Finder::new(GAP),
            escape: Finder::new(if is_ascii { ASCII_ESCAPE } else { ESCAPE }),
            is_ascii,
        }
    }

    /// Whether there are events that cannot be of the document.
    #[must_use]
    pub fn is_selective(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Whether bytes can contain an event of the document.
    #[must_use]
    pub fn may_be_in(&self, bytes: &[u8]) -> bool {
        let mut parts = self.parts.iter();
        !self.is_selective()
            || parts.any(|part| part.find(bytes).is_some())
            || self.has_escape(bytes)
    }

    /// Whether bytes can contain an event of the document, or a gap.
    #[must_use]
    pub fn may_matter(&self, bytes: &[u8]) -> bool {
        self.may_be_in(bytes) || self.gap.find(bytes).is_some()
    }

    /// Appends an offset in each line of a block that [may matter](DocumentSearch::may_matter), in no order; a line may have
    /// several.
    pub fn find_lines(&self, block: &[u8], found: &mut Vec<usize>) {
        for finder in self.parts.iter().chain([&self.gap]) {
            in_each_line(finder, block, |_| true, found);
        }
        in_each_line(&self.escape, block, |at| self.is_escape(block, at), found);
    }

    fn has_escape(&self, bytes: &[u8]) -> bool {
        let mut escapes = self.escape.find_iter(bytes);
        escapes.any(|at| self.is_escape(bytes, at))
    }

    /// Whether an escape can stand for a character of the id.
    fn is_escape(&self, bytes: &[u8], at: usize) -> bool {
        let digit = bytes.get(at + ASCII_ESCAPE.len());
        !self.is_ascii || digit.is_none_or(|digit| matches!(digit, b'0'..=b'7'))
    }
}

/// Appends the first place in each line.
fn in_each_line(
    finder: &Finder<'_>,
    block: &[u8],
    is_found: impl Fn(usize) -> bool,
    found: &mut Vec<usize>,
) {
    let mut from = 0;
    while let Some(rest) = block.get(from..)
        && let Some(at) = finder.find(rest)
    {
        from += at;
        if is_found(from) {
            found.push(from);
            let rest = block.get(from..).unwrap_or_default();
            from += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        }
        from += 1;
    }
}

/// The longest part of a string without characters that JSON escapes, also with a short escape; `None` if there is none.
fn unescaped_part(text: &str) -> Option<&str> {
    let parts = text.split(|c: char| matches!(c, '"' | '\\' | '/') || c.is_control());
    parts
        .max_by_key(|part| part.len())
        .filter(|part| !part.is_empty())
}

/// The longest part of a value's scalars and names.
fn part_of_value(value: &Value) -> Option<&str> {
    let mut longest = None;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        let part = match value {
            Value::Null => Some("null"),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            // Another spelling of an exponent is the same number.
            Value::Number(number) => {
                let digits = number.as_str().split(|c: char| !c.is_ascii_digit());
                digits.max_by_key(|digits| digits.len())
            }
            Value::String(text) => unescaped_part(text),
            Value::Array(values) => {
                open.extend(values);
                None
            }
            Value::Object(fields) => {
                open.extend(fields.values());
                let names = fields.keys().filter_map(|name| unescaped_part(name));
                names.max_by_key(|name| name.len())
            }
        };
        longest = [longest, part]
            .into_iter()
            .flatten()
            .max_by_key(|part: &&str| part.len());
    }
    longest.filter(|part| !part.is_empty())
}
