//! The parts of a path.

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
