//! The members of arrays and objects as raw JSON, one after the other, and the way along a path.
//! Meant for JSON that was checked; in anything else members may be missing, but nothing panics.

use super::tree::Step;
use crate::json::{says, separators, value_end};

/// The value at a path; `None` where there is none.
pub(super) fn find<'a>(document: &'a [u8], steps: &[Step]) -> Option<&'a [u8]> {
    steps.iter().try_fold(document, |value, step| match step {
        Step::Key(key) if value.first() == Some(&b'{') => {
            let mut fields = fields(value);
            fields.find_map(|(name, value)| says(name, key).then_some(value))
        }
        Step::Index(index) if value.first() == Some(&b'[') => elements(value).nth(*index),
        _ => None,
    })
}

/// The elements of an array.
pub(super) fn elements(array: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut members = Members { raw: array, at: 1 };
    std::iter::from_fn(move || members.next())
}

/// The fields of an object with their raw keys.
pub(super) fn fields(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut members = Members { raw: object, at: 1 };
    std::iter::from_fn(move || Some((members.next()?, members.next()?)))
}

struct Members<'a> {
    raw: &'a [u8],
    at: usize,
}

impl<'a> Members<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let start = separators(self.raw, self.at);
        self.at = value_end(self.raw, start)?;
        self.raw.get(start..self.at)
    }
}
