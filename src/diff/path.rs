//! Paths in a document: steps from the root, formatted for jq or as a JSON Pointer (RFC 6901).

use crate::json::unescaped;
use crate::path::{push_index, push_key};

/// One step down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Into the field with this key, raw JSON with its quotes.
    Key(&'a [u8]),
    /// Into an element that both arrays have.
    Both {
        /// Its old index.
        old: u32,
        /// Its new index.
        new: u32,
    },
    /// Into an element that only the new array has.
    New {
        /// Its index.
        at: u32,
        /// The old index before which it was inserted.
        before: u32,
    },
    /// Into an element that only the old array has.
    Old {
        /// Its index.
        at: u32,
    },
}

/// A step with its parent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub parent: PlaceId,
    pub step: Step<'a>,
}

/// The index of a [`Place`] in its list, counted from 1; 0 is the root.
pub(super) type PlaceId = usize;

/// Appends a path as jq reads it: `lines[2].qty`, `history["2024-01-02"]`; the root is `.`.
pub fn push_jq(steps: &[Step<'_>], out: &mut Vec<u8>) {
    if steps.is_empty() {
        out.push(b'.');
    }
    for (at, step) in steps.iter().enumerate() {
        match *step {
            Step::Key(key) => push_key(key, at == 0, out),
            Step::Both { new: at, .. } | Step::New { at, .. } | Step::Old { at } => {
                push_index(at, out);
            }
        }
    }
}

/// Appends a path as a JSON Pointer inside a JSON string without its quotes, with the indices that hold while the
/// changes are applied from the last to the first.
pub fn push_pointer(steps: &[Step<'_>], out: &mut Vec<u8>) {
    for step in steps {
        out.push(b'/');
        match *step {
            Step::Key(key) => push_token(key, out),
            Step::Both { old: at, .. } | Step::New { before: at, .. } | Step::Old { at } => {
                push_number(at, out);
            }
        }
    }
}

fn push_token(key: &[u8], out: &mut Vec<u8>) {
    let inner = key.get(1..key.len().max(2) - 1).unwrap_or_default();
    if memchr::memchr3(b'\\', b'~', b'/', inner).is_none() {
        return out.extend_from_slice(inner);
    }
    let text = unescaped(key);
    let mut rest = text.as_ref();
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, rest) {
            (b'~', _) => out.extend_from_slice(b"~0"),
            (b'/', _) => out.extend_from_slice(b"~1"),
            (b'"' | b'\\', _) => out.extend_from_slice(&[b'\\', byte]),
            (0..=0x1f, _) => push_unit(u32::from(byte), out),
            // A lone surrogate has no other spelling.
            (0xed, [_, high @ 0xa0..=0xff, low, ..]) => {
                push_unit(
                    0xd000 | u32::from(high & 0x3f) << 6 | u32::from(low & 0x3f),
                    out,
                );
                rest = rest.get(3..).unwrap_or_default();
                continue;
            }
            _ => out.push(byte),
        }
        rest = after;
    }
}

fn push_unit(unit: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
}

fn push_number(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(number.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let check = |steps: &[Step<'_>], jq: &str, pointer: &str| {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            push_jq(steps, &mut one);
            push_pointer(steps, &mut other);
            assert_eq!(String::from_utf8_lossy(&one), jq);
            assert_eq!(String::from_utf8_lossy(&other), pointer);
        };
        let key = |key: &'static str| Step::Key(key.as_bytes());
        check(&[], ".", "");
        let qty = [
            key("\"lines\""),
            Step::Both { old: 1, new: 2 },
            key("\"qty\""),
        ];
        check(&qty, "lines[2].qty", "/lines/1/qty");
        check(
            &[key("\"tags\""), Step::New { at: 3, before: 2 }],
            "tags[3]",
            "/tags/2",
        );
        check(&[Step::Old { at: 4 }], "[4]", "/4");
        check(
            &[key("\"history\""), key("\"2024-01-02\"")],
            "history[\"2024-01-02\"]",
            "/history/2024-01-02",
        );
        check(
            &[key("\"old\""), key("\"method\"")],
            "[\"old\"].method",
            "/old/method",
        );
        check(&[key("\"\"")], "[\"\"]", "/");
        check(&[key("\"a/b~c\"")], "[\"a/b~c\"]", "/a~1b~0c");
        check(
            &[key(r#""a\/b\"\\\n\u00fc""#)],
            r#"["a\/b\"\\\n\u00fc"]"#,
            "/a~1b\\\"\\\\\\u000aü",
        );
        check(&[key(r#""\ud800~""#)], r#"["\ud800~"]"#, "/\\ud800~0");
    }
}
