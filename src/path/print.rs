//! Printing of paths as jq reads them: `lines[2].qty`, `history["2024-01-02"]`.

use std::fmt;

use super::segment::{Segment, Step};

/// Words that mean something else at the beginning of a path in a condition.
const RESERVED: [&str; 19] = [
    "old",
    "new",
    "collection",
    "method",
    "op",
    "txnId",
    "and",
    "or",
    "not",
    "in",
    "between",
    "like",
    "ilike",
    "escape",
    "is",
    "null",
    "missing",
    "true",
    "false",
];

/// Appends a step into a field; `key` is raw JSON with its quotes. A key that is not a plain name, or that a condition
/// would read as another word, is quoted.
pub fn push_key(key: &[u8], first: bool, out: &mut Vec<u8>) {
    let inner = key.get(1..key.len().max(2) - 1).unwrap_or_default();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let starts_well = inner.first().is_some_and(|byte| !byte.is_ascii_digit());
    if starts_well && inner.iter().all(plain) && !(first && is_reserved(inner)) {
        if !first {
            out.push(b'.');
        }
        out.extend_from_slice(inner);
    } else {
        out.push(b'[');
        out.extend_from_slice(key);
        out.push(b']');
    }
}

fn is_reserved(name: &[u8]) -> bool {
    // The envelope's names are case-sensitive, the keywords are not.
    let (names, keywords) = RESERVED.split_at(6);
    names.iter().any(|word| word.as_bytes() == name)
        || keywords
            .iter()
            .any(|word| word.as_bytes().eq_ignore_ascii_case(name))
}

/// Appends a step into an element.
pub fn push_index(index: impl fmt::Display, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("[{index}]").as_bytes());
}

/// Appends a step. A token of a JSON Pointer that can be an index is printed as one.
pub fn push_step(step: &Step, first: bool, out: &mut Vec<u8>) {
    match step {
        Step::Key(key) | Step::Token(key, None) => {
            // A lone surrogate cannot be printed.
            let key = serde_json::Value::from(String::from_utf8_lossy(key));
            push_key(key.to_string().as_bytes(), first, out);
        }
        Step::Index(index) | Step::Token(_, Some(index)) => push_index(index, out),
    }
}

/// Formats segments as a path that means the same.
pub struct Printed<'s>(pub &'s [Segment]);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(".");
        }
        let mut out = Vec::new();
        for (at, segment) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            match segment {
                Segment::One(step) => push_step(step, at == 0, &mut out),
                Segment::AnyIndex => out.extend_from_slice(b"[*]"),
                Segment::Any => out.extend_from_slice(format!("{dot}*").as_bytes()),
                Segment::Deep => out.extend_from_slice(format!("{dot}**").as_bytes()),
                Segment::Glob(glob) => {
                    out.extend_from_slice(dot.as_bytes());
                    out.extend_from_slice(glob.iter().collect::<String>().as_bytes());
                }
            }
        }
        f.write_str(&String::from_utf8_lossy(&out))
    }
}
