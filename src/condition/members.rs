//! The members of arrays and objects as raw JSON, one after the other, and the way along a path.
//! Meant for JSON that was checked; in anything else members may be missing, but nothing panics.

use super::tree::Step;
use crate::json::field;

/// The value at a path; `None` where there is none.
pub(super) fn find<'a>(document: &'a [u8], steps: &[Step]) -> Option<&'a [u8]> {
    steps.iter().try_fold(document, |value, step| match step {
        Step::Key(key) if value.first() == Some(&b'{') => field(value, key),
        Step::Index(index) if value.first() == Some(&b'[') => elements(value).nth(*index),
        _ => None,
    })
}

/// The elements of an array.
pub(super) fn elements(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut members = Members { raw: array, at: 1 };
    std::iter::from_fn(move || {
        members.separator();
        members.value()
    })
}

/// The fields of an object with their raw keys.
pub(super) fn fields(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut members = Members { raw: object, at: 1 };
    std::iter::from_fn(move || {
        members.separator();
        let key = members.value()?;
        members.separator();
        Some((key, members.value()?))
    })
}

struct Members<'a> {
    raw: &'a [u8],
    at: usize,
}

impl<'a> Members<'a> {
    /// Passes blanks, commas and colons.
    fn separator(&mut self) {
        let rest = self.raw.get(self.at..).unwrap_or_default();
        let passed = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':'));
        self.at += passed.count();
    }

    fn value(&mut self) -> Option<&'a [u8]> {
        let rest = self.raw.get(self.at..)?;
        let length = match rest.first()? {
            b'}' | b']' => return None,
            b'"' => string(rest),
            b'{' | b'[' => container(rest),
            _ => scalar(rest),
        };
        self.at += length;
        rest.get(..length)
    }
}

/// The length of the string that begins here.
fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(next) = rest
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        at += next;
        if rest.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    rest.len()
}

/// The length of the array or object that begins here.
fn container(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = rest.get(at) {
        match byte {
            b'"' => {
                at += string(rest.get(at..).unwrap_or_default());
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn scalar(rest: &[u8]) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
    rest.iter().position(ends).unwrap_or(rest.len())
}
