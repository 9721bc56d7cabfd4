//! Redaction: replaces values in the payload itself, before any view, so that no format can show them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::LazyLock;

use super::equality::{canonical_hash_of, same_values};
use super::hash::Key;
use super::path::Step;
use super::pattern::{Pattern, Relation, closest};
use super::tape::MAX_DEPTH;
use crate::event::Event;
use crate::json::{Item, eq_str, items, unescaped};

/// Replaces a value.
const REDACTED: &[u8] = b"\"(redacted)\"";
/// Replaces a new value that differs from the old one.
const REDACTED_CHANGED: &[u8] = b"\"(redacted, changed)\"";
/// Replaces a value in which nothing must be found.
const EMPTY: &[u8] = b"\"\"";

/// The event's payload with the values at these paths replaced by `"(redacted)"`, or by `"(redacted, changed)"` if a
/// new value differs from the old one at the same path. An id becomes a [`placeholder`], which is the same for equal ids.
///
/// The operation stays the same: a document stays an object, of which each field is redacted, and a null instead of a
/// document stays null. Documents that differ still differ, and equal ones are still equal.
///
/// Paths start at the document: an object in `oldValue`, `newValue` or `value` of a `change`. What else an event contains
/// has no documented form, so paths may start anywhere in it. Only the envelope's own scalars are never redacted: `type`,
/// `txnId`, `txnID`, `collection`, and `method` of a `change`. Below 128 levels, a value whose path might match is hidden
/// as a whole.
#[must_use]
pub fn payload(event: &Event<'_>, patterns: &[Pattern]) -> Vec<u8> {
    replaced(event, patterns, false)
}

/// Like [`payload`], with empty strings in place of the values: nothing is found in them.
#[must_use]
pub fn emptied(event: &Event<'_>, patterns: &[Pattern]) -> Vec<u8> {
    replaced(event, patterns, true)
}

fn replaced(event: &Event<'_>, patterns: &[Pattern], is_emptying: bool) -> Vec<u8> {
    let anywhere: Vec<Pattern> = patterns.iter().map(Pattern::anywhere).collect();
    let mut redact = Redact {
        json: event.raw,
        patterns,
        is_emptying,
        copied: 0,
        out: Vec::with_capacity(event.raw.len()),
    };
    redact.envelope(event, &anywhere);
    redact.copy_to(event.raw.len());
    redact.out
}

/// Whether a raw value is what redaction writes instead of a value.
#[must_use]
pub fn is_placeholder(value: &[u8]) -> bool {
    // An id is written with a number that identifies it.
    let is_id = value.starts_with(b"\"(redacted ") && value.ends_with(b")\"");
    is_id || [REDACTED, REDACTED_CHANGED].contains(&value)
}

/// Whether a document's id is redacted, so that a record's key must be hidden, too.
#[must_use]
pub fn redacts_id(patterns: &[Pattern]) -> bool {
    closest(patterns, &[Step::Key(b"\"_id\"")]) != Relation::Apart
}

/// Members of an event that are not redacted if they are scalars.
const ENVELOPE_SCALARS: &[&str] = &["type", "txnId", "txnID", "collection"];
/// Members of a `change` that are not redacted if they are scalars.
const CHANGE_SCALARS: &[&str] = &["method"];
/// Members of a `change` that are documents.
const DOCUMENTS: &[&str] = &["oldValue", "newValue", "value"];

/// The field of a document's id.
const ID: &str = "_id";

/// Replaces a value: the same text for equal values in this process, and different texts for others. The key of the hash is
/// random, so that hashes of guesses do not reveal the value.
#[must_use]
pub fn placeholder(value: impl Hash) -> String {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    format!("(redacted {:016x})", KEY.hash_one(value))
}

struct Redact<'a, 'p> {
    json: &'a [u8],
    patterns: &'p [Pattern],
    /// Whether empty strings replace the values.
    is_emptying: bool,
    /// Number of payload bytes that are in `out`.
    copied: usize,
    out: Vec<u8>,
}

impl<'a, 'p> Redact<'a, 'p> {
    fn envelope(&mut self, event: &Event<'a>, anywhere: &'p [Pattern]) {
        for item in items(self.json) {
            if is_one_of(&item, &["change"]) && is_object(item.value) {
                self.change(event, &item, anywhere);
            } else if !is_scalar_of(&item, ENVELOPE_SCALARS) {
                self.member(&item, None, Vec::new(), anywhere);
            }
        }
    }

    fn change(&mut self, event: &Event<'a>, change: &Item<'a>, anywhere: &'p [Pattern]) {
        for item in items(change.value) {
            let old = event.old.filter(|old| *old != b"null");
            let old = old.filter(|_| is_one_of(&item, &["newValue"]));
            if is_one_of(&item, DOCUMENTS) {
                self.document(&item, old, change, anywhere);
            } else if !is_scalar_of(&item, CHANGE_SCALARS) {
                self.member(&item, None, steps_of(change), anywhere);
            }
        }
    }

    /// Redacts a document. Null is no document, and decides the operation.
    fn document(
        &mut self,
        item: &Item<'a>,
        old: Option<&'a [u8]>,
        change: &Item<'a>,
        anywhere: &'p [Pattern],
    ) {
        if is_object(item.value) {
            let is_above = closest(self.patterns, &[]) >= Relation::Above;
            if is_above {
                self.inside(item.value, old, &mut Vec::new());
            }
        } else if item.value != b"null" {
            self.member(item, old, steps_of(change), anywhere);
        }
    }

    /// Redacts a member whose paths may start anywhere.
    fn member(
        &mut self,
        item: &Item<'a>,
        old: Option<&'a [u8]>,
        mut steps: Vec<Step<'a>>,
        anywhere: &'p [Pattern],
    ) {
        let anchored = std::mem::replace(&mut self.patterns, anywhere);
        steps.extend(item.key.map(Step::Key));
        self.value(item.value, old, &mut steps);
        self.patterns = anchored;
    }

    fn value(&mut self, value: &'a [u8], old: Option<&'a [u8]>, steps: &mut Vec<Step<'a>>) {
        let container = matches!(value.first(), Some(b'{' | b'['));
        match closest(self.patterns, steps) {
            Relation::Apart => {}
            Relation::Above if !container => {}
            Relation::Above if steps.len() < MAX_DEPTH => self.inside(value, old, steps),
            _ if steps.iter().any(is_id) => self.redact_id(value, steps.len()),
            _ => self.redact(value, old, steps.len()),
        }
    }

    fn inside(&mut self, value: &'a [u8], old: Option<&'a [u8]>, steps: &mut Vec<Step<'a>>) {
        let old = old.filter(|old| old.first() == value.first());
        let mut olds = OldItems::new(old.unwrap_or_default());
        for (at, item) in (0..).zip(items(value)) {
            let old = olds.take(&item);
            steps.push(item.key.map_or(Step::Both { old: at, new: at }, Step::Key));
            self.value(item.value, old, steps);
            steps.pop();
        }
    }

    fn redact(&mut self, value: &[u8], old: Option<&[u8]>, depth: usize) {
        let key = Key::per_process();
        let changed = old.is_some_and(|old| !same_values(old, value, depth, key));
        self.replace(value, if changed { REDACTED_CHANGED } else { REDACTED });
    }

    /// Redacts a value of an id, so that equal ids stay equal and others stay different.
    fn redact_id(&mut self, value: &[u8], depth: usize) {
        let hash = canonical_hash_of(value, depth, Key::per_process());
        self.replace(value, format!("\"{}\"", placeholder(hash)).as_bytes());
    }

    fn replace(&mut self, value: &[u8], by: &[u8]) {
        let start = value.as_ptr().addr() - self.json.as_ptr().addr();
        self.copy_to(start);
        self.copied = start + value.len();
        let by = if self.is_emptying { EMPTY } else { by };
        self.out.extend_from_slice(by);
    }

    fn copy_to(&mut self, end: usize) {
        let part = self.json.get(self.copied..end);
        self.out.extend_from_slice(part.unwrap_or_default());
        self.copied = end;
    }
}

/// The items of an old container, each given once: by index, or by key and, if a key occurs twice, by order.
enum OldItems<'a> {
    Elements(Vec<&'a [u8]>),
    Members(HashMap<Cow<'a, [u8]>, Vec<&'a [u8]>>),
}

impl<'a> OldItems<'a> {
    fn new(container: &'a [u8]) -> Self {
        let mut reversed: Vec<Item<'a>> = items(container).collect();
        reversed.reverse();
        if container.first() != Some(&b'{') {
            return OldItems::Elements(reversed.iter().map(|item| item.value).collect());
        }
        let mut members: HashMap<_, Vec<_>> = HashMap::with_capacity(reversed.len());
        for item in &reversed {
            if let Some(key) = item.key {
                members.entry(unescaped(key)).or_default().push(item.value);
            }
        }
        OldItems::Members(members)
    }

    /// The old value at the place of the next new item.
    fn take(&mut self, new: &Item<'a>) -> Option<&'a [u8]> {
        match (self, new.key) {
            (OldItems::Elements(elements), _) => elements.pop(),
            (OldItems::Members(members), Some(key)) => members.get_mut(&unescaped(key))?.pop(),
            (OldItems::Members(_), None) => None,
        }
    }
}

fn steps_of<'a>(item: &Item<'a>) -> Vec<Step<'a>> {
    item.key.map(Step::Key).into_iter().collect()
}

fn is_id(step: &Step<'_>) -> bool {
    matches!(step, Step::Key(key) if eq_str(key, ID))
}

fn is_one_of(item: &Item<'_>, names: &[&str]) -> bool {
    item.key
        .is_some_and(|key| names.iter().any(|name| eq_str(key, name)))
}

fn is_scalar_of(item: &Item<'_>, names: &[&str]) -> bool {
    !matches!(item.value.first(), Some(b'{' | b'[')) && is_one_of(item, names)
}

fn is_object(value: &[u8]) -> bool {
    value.first() == Some(&b'{')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn payloads() {
        let check = |event: &str, patterns: &[&str], expected: &str| {
            let patterns: Vec<Pattern> = patterns
                .iter()
                .flat_map(|text| Pattern::parse_hidden(text).unwrap())
                .collect();
            let event = crate::event::decode(Some(event.as_bytes())).unwrap();
            let out = payload(&event, &patterns);
            assert_eq!(String::from_utf8_lossy(&out), expected);
            assert!(crate::event::decode(Some(&out)).is_ok());
        };
        let event =
            |change: &str| format!(r#"{{"type":"documentChanged", "change":{{{change}}} }}"#);
        let update = event(
            r#""oldValue":{"a":"s","b":[{"c":1},{"c":2}]},"newValue":{"b":[{"c":1.0},{"c":3}],"a":"s"}"#,
        );
        check(
            &update,
            &["a", "b[*].c"],
            &event(
                r#""oldValue":{"a":"(redacted)","b":[{"c":"(redacted)"},{"c":"(redacted)"}]},"newValue":{"b":[{"c":"(redacted)"},{"c":"(redacted, changed)"}],"a":"(redacted)"}"#,
            ),
        );
        check(
            &update,
            &["b"],
            &event(
                r#""oldValue":{"a":"s","b":"(redacted)"},"newValue":{"b":"(redacted, changed)","a":"s"}"#,
            ),
        );
        check(&update, &["x", "a.b", "b[7].c"], &update);
        let hidden_c = event(
            r#""oldValue":{"a":"s","b":[{"c":"(redacted)"},{"c":"(redacted)"}]},"newValue":{"b":[{"c":"(redacted)"},{"c":"(redacted, changed)"}],"a":"s"}"#,
        );
        for path in [
            "b.c",
            "b[].c",
            "b.*.c",
            ".b[*].c",
            "$.b[*].c",
            "$['b'].c",
            "`b`.`c`",
            "[\"b\"].c",
            "old.b.c",
            "new.b[*].c",
            "/b/c",
            "change.newValue.b.c",
            "/change/oldValue/b/c",
            "value.change.value.b.c",
        ] {
            check(&update, &[path], &hidden_c);
        }
        check(
            &event(r#""value":{"a":1,"a":2},"value":{"\u0061":3}"#),
            &["a"],
            &event(
                r#""value":{"a":"(redacted)","a":"(redacted)"},"value":{"\u0061":"(redacted)"}"#,
            ),
        );
        check(
            &event(r#""oldValue":null,"newValue":{"a":1}},"change":{"value":{"a":1}"#),
            &["**.a"],
            &event(
                r#""oldValue":null,"newValue":{"a":"(redacted)"}},"change":{"value":{"a":"(redacted)"}"#,
            ),
        );
        // What is not a document has no known form: paths may start anywhere in it.
        for (shape, expected) in [
            (
                r#"{"type":"new","deep":[{"a":1}]}"#,
                r#"{"type":"new","deep":[{"a":"(redacted)"}]}"#,
            ),
            (
                r#"{"type":"requeryRequired","documents":[{"a":1}]}"#,
                r#"{"type":"requeryRequired","documents":[{"a":"(redacted)"}]}"#,
            ),
            (
                r#"{"type":"documentChanged","a":1,"change":[{"newValue":{"a":1}}]}"#,
                r#"{"type":"documentChanged","a":"(redacted)","change":[{"newValue":{"a":"(redacted)"}}]}"#,
            ),
            (
                r#"{"type":"documentChanged","change":{"a":1,"newValue":[{"a":1}],"more":{"x":{"a":1}}}}"#,
                r#"{"type":"documentChanged","change":{"a":"(redacted)","newValue":[{"a":"(redacted)"}],"more":{"x":{"a":"(redacted)"}}}}"#,
            ),
            (
                r#"{"type":"x","collection":{"a":1},"txnId":[{"a":1}],"change":{"method":{"a":1}}}"#,
                r#"{"type":"x","collection":{"a":"(redacted)"},"txnId":[{"a":"(redacted)"}],"change":{"method":{"a":"(redacted)"}}}"#,
            ),
        ] {
            check(shape, &["a"], expected);
        }
        let scalars =
            r#"{"txnId":1,"txnID":2,"type":"x","collection":"c","change":{"method":"m"}}"#;
        check(scalars, &["**", "type", "method"], scalars);
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let hidden = format!("{}\"(redacted)\"{}", "[".repeat(127), "]".repeat(127));
        check(
            &event(&format!(r#""value":{{"a":{deep}}}"#)),
            &["**.secret"],
            &event(&format!(r#""value":{{"a":{hidden}}}"#)),
        );
    }

    #[test]
    fn emptied_values_contain_nothing() {
        let event = r#"{"type":"documentChanged","change":{"oldValue":{"a":"s","b":{"c":1}},"newValue":{"a":7,"b":[],"d":1}}}"#;
        let event = crate::event::decode(Some(event.as_bytes())).unwrap();
        let patterns = [Pattern::parse("a").unwrap(), Pattern::parse("b").unwrap()];
        let expected = r#"{"type":"documentChanged","change":{"oldValue":{"a":"","b":""},"newValue":{"a":"","b":"","d":1}}}"#;
        assert_eq!(emptied(&event, &patterns), expected.as_bytes());
    }

    #[test]
    fn ids() {
        let hides = |text: &str| redacts_id(&Pattern::parse_hidden(text).unwrap());
        assert!(hides("_id") && hides("_id.a") && hides("**") && hides("*"));
        assert!(!hides("id") && !hides("a._id"));
    }
}
