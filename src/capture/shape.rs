//! The shape of a capture, told by its first bytes: one record per line, or JSON values over any number of lines.

use super::console::{is_separator, value_start};
use crate::json;

/// How records are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Each line is a record.
    Lines,
    /// Objects follow each other, in an array or not, with or without line ends in and between them.
    Values,
}

/// The shape of a capture that begins with these bytes, of which the first is not blank; `None` if more are needed.
pub(super) fn detect(head: &[u8], ended: bool) -> Option<Shape> {
    let line_end = memchr::memchr(b'\n', head);
    let line = head.get(..line_end.unwrap_or(head.len()))?;
    let is_whole = line_end.is_some() || ended;
    match head.first()? {
        b'[' => array(head, ended),
        b'{' => match json::value_end(line, 0) {
            Some(end) => after_object(line.split_at_checked(end)?, is_whole),
            None if line_end.is_some() => open_object(head.get(line.len() + 1..)?, ended),
            None => ended.then_some(Shape::Lines),
        },
        _ => Some(Shape::Lines),
    }
}

/// An array of objects is a list of records; any other is a payload or a key.
fn array(head: &[u8], ended: bool) -> Option<Shape> {
    match head.get(1..)?.trim_ascii_start().first() {
        Some(b'{' | b']') => Some(Shape::Values),
        Some(_) => Some(Shape::Lines),
        None => ended.then_some(Shape::Lines),
    }
}

/// An object that does not end on its line is indented if the next line is; else it is cut off.
fn open_object(next_line: &[u8], ended: bool) -> Option<Shape> {
    match next_line.first() {
        Some(b' ' | b'\t' | b'"' | b'}' | b']') => Some(Shape::Values),
        Some(_) => Some(Shape::Lines),
        None => ended.then_some(Shape::Lines),
    }
}

/// Another object after the first one on the same line is the next record, or the value after a key.
fn after_object((object, rest): (&[u8], &[u8]), is_whole: bool) -> Option<Shape> {
    let next = memchr::memchr(b'{', rest);
    let gap = rest.get(..next.unwrap_or(rest.len()))?.trim_ascii();
    let is_list = gap.is_empty() || gap == b",";
    match next {
        Some(_) if is_list && is_record(object) => Some(Shape::Values),
        None if !is_whole => None,
        None if gap == b"," => Some(Shape::Values),
        Some(_) | None => Some(Shape::Lines),
    }
}

/// Whether an object is a record and not a key: it has fields of an event, or a position.
fn is_record(object: &[u8]) -> bool {
    let has = |name: &&str| json::field(object, name).is_some();
    let event = ["type", "change", "txnId", "txnID"];
    event.iter().any(&has) || ["topic", "offset"].iter().all(has)
}

/// Whether a line is an object as a key, a separator, and a value.
pub(super) fn has_object_key(line: &[u8]) -> bool {
    let Some(rest) = json::value_end(line, 0).and_then(|end| line.get(end..)) else {
        return false;
    };
    let value = value_start(rest).or_else(|| Some(rest.strip_suffix(b"null")?.len()));
    let separator = value.and_then(|at| rest.get(..at));
    line.starts_with(b"{") && separator.is_some_and(is_separator)
}

#[cfg(test)]
#[path = "tests/shape.rs"]
mod tests;
