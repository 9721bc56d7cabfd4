//! Splits JSON values that are not one per line: arrays of objects, indented objects, objects without line ends.

use std::ops::Range;

use super::lines::Lines;
use crate::json::{self, IncrementalScanner};

/// An object that was cut off could reach to the end of the file. After this many bytes it ends before the next line
/// that begins with an object.
const MAX_CUT_OFF_BYTES: usize = 64 << 20;
/// After this many objects that were cut off, each line is a record.
const MAX_CUT_OFF: u32 = 100;
/// Where the object after one that was cut off begins.
const NEXT_OBJECT: &[u8] = b"\n{";

/// The state between two values.
#[derive(Default)]
pub(super) struct Values {
    /// The scanner of the current object.
    scanner: Option<IncrementalScanner>,
    /// Offset in the current object of the first line that begins with an object.
    next_object: Option<usize>,
    /// The values are elements of an array.
    in_array: bool,
    /// Number of objects that were cut off.
    cut_off: u32,
}

impl Values {
    /// Consumes the next value; returns it with the number of its first line. Anything that is not an object is one
    /// value up to the end of the line or element.
    pub fn next(&mut self, lines: &mut Lines, ended: bool) -> Option<(Range<usize>, u64)> {
        while self.scanner.is_none() {
            if self.cut_off > MAX_CUT_OFF {
                return Some((lines.next(ended)?, lines.line_ends()));
            }
            let blanks = lines.rest().iter().take_while(|byte| is_between(**byte));
            lines.take(blanks.count());
            let rest = lines.rest();
            match (rest.first()?, self.in_array) {
                (b'{', _) => self.scanner = Some(IncrementalScanner::default()),
                (b']', true) => {
                    lines.take(1);
                    self.in_array = false;
                }
                (b'[', false) => match first_element(rest) {
                    None if !ended => return None,
                    Some(b'{' | b']') => {
                        lines.take(1);
                        self.in_array = true;
                    }
                    _ => return self.other(lines, ended),
                },
                _ => return self.other(lines, ended),
            }
        }
        let length = self.scan(lines, ended)?;
        (self.scanner, self.next_object) = (None, None);
        Some(take(lines, length))
    }

    /// The length of the current object, once it is known.
    fn scan(&mut self, lines: &mut Lines, ended: bool) -> Option<usize> {
        let (rest, before) = (lines.rest(), lines.searched());
        let progress = self.scanner.as_mut()?.scan(rest.get(before..)?);
        let searched = before + progress.at;
        self.find_next_object(rest.get(..searched)?, before);
        if progress.ended {
            return Some(self.without_next_objects(rest.get(..searched)?));
        }
        let is_long = rest.len() >= MAX_CUT_OFF_BYTES;
        let length = if ended {
            self.find_next_object(rest, before);
            Some(self.next_object.unwrap_or(rest.len()))
        } else {
            self.next_object.filter(|_| is_long)
        };
        if length.is_some() {
            self.cut_off += 1;
        }
        lines.set_searched(searched);
        length
    }

    fn find_next_object(&mut self, object: &[u8], searched: usize) {
        if self.next_object.is_none() {
            let from = searched.saturating_sub(1);
            let found = memchr::memmem::find(object.get(from..).unwrap_or_default(), NEXT_OBJECT);
            self.next_object = found.map(|at| from + at + 1);
        }
    }

    /// The length of an object; if it is no JSON because it was cut off, the length before the next one.
    fn without_next_objects(&mut self, object: &[u8]) -> usize {
        match self.next_object {
            Some(at) if json::check(object).is_err() => {
                self.cut_off += 1;
                at
            }
            _ => object.len(),
        }
    }

    fn other(&self, lines: &mut Lines, ended: bool) -> Option<(Range<usize>, u64)> {
        let rest = lines.rest();
        let from = lines.searched().max(1);
        let unsearched = rest.get(from..).unwrap_or_default();
        let end = if self.in_array {
            memchr::memchr3(b',', b']', b'\n', unsearched)
        } else {
            memchr::memchr(b'\n', unsearched)
        };
        match end {
            Some(end) => Some(take(lines, from + end)),
            None if ended => Some(take(lines, rest.len())),
            None => {
                lines.set_searched(rest.len());
                None
            }
        }
    }
}

fn take(lines: &mut Lines, length: usize) -> (Range<usize>, u64) {
    let line = lines.line_ends() + 1;
    (lines.take(length), line)
}

/// Whether a byte is between values: a blank, a comma, or the record separator of RFC 7464.
fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | 0x1e)
}

/// The first byte after the opening bracket.
fn first_element(array: &[u8]) -> Option<u8> {
    array.get(1..)?.trim_ascii_start().first().copied()
}

#[cfg(test)]
#[path = "tests/values.rs"]
mod tests;
