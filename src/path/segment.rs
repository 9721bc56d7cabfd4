//! The parts of a path.

use crate::json::{elements, eq_content, fields};

/// One step to a single value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The field with this key, unescaped.
    Key(Vec<u8>),
    /// The element at this index.
    Index(usize),
    /// A token of a JSON Pointer: a key, or the index that it spells.
    Token(Vec<u8>, Option<usize>),
}

impl Step {
    /// The value at this step in a raw JSON value.
    #[must_use]
    pub fn child<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        match (value.first(), self) {
            (Some(b'{'), Step::Key(key) | Step::Token(key, _)) => {
                let mut fields = fields(value);
                fields.find_map(|(name, value)| eq_content(name, key).then_some(value))
            }
            (Some(b'['), Step::Index(index) | Step::Token(_, Some(index))) => {
                elements(value).nth(*index)
            }
            _ => None,
        }
    }
}

/// One part of a path as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A step to a single value.
    One(Step),
    /// All keys that match `*` and `?`.
    Glob(Vec<char>),
    /// Any element.
    AnyIndex,
    /// Any one step.
    Any,
    /// Any number of steps.
    Deep,
}

/// Whether a glob of `*` and `?` matches all of a string.
#[must_use]
pub fn glob_matches(mut glob: &[char], mut text: &[char]) -> bool {
    // The glob after the last star, and the string that it did not match yet.
    let mut star: Option<(&[char], &[char])> = None;
    loop {
        match (glob.split_first(), text.split_first()) {
            (Some(('*', rest)), _) => {
                star = Some((rest, text));
                glob = rest;
            }
            (Some((wanted, rest)), Some((c, after))) if *wanted == '?' || wanted == c => {
                (glob, text) = (rest, after);
            }
            (None, None) => return true,
            _ => match star {
                Some((rest, [_, after @ ..])) => {
                    star = Some((rest, after));
                    (glob, text) = (rest, after);
                }
                _ => return false,
            },
        }
    }
}
