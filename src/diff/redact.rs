//! Redaction: replaces values in the payload itself, before any view, so that no format can show them.

use std::collections::HashMap;

use super::equality::same_values;
use super::hash::Key;
use super::path::Step;
use super::pattern::{Pattern, Relation, closest};
use super::tape::MAX_DEPTH;
use crate::event::{Event, EventKind};
use crate::json::{Item, eq_str, items, unescaped};

/// Replaces a value.
const REDACTED: &[u8] = b"\"(redacted)\"";
/// Replaces a new value that differs from the old one.
const REDACTED_CHANGED: &[u8] = b"\"(redacted, changed)\"";

/// The event's payload with the values at these paths replaced by `"(redacted)"`, or by `"(redacted, changed)"` if a
/// new value differs from the old one at the same path.
///
/// Paths start at the document: `oldValue`, `newValue` or `value` of every `change`, also of a second `change` key
/// that is otherwise ignored. In events of unknown types, paths may start anywhere. Below 128 levels, a value whose path
/// might match is hidden as a whole.
#[must_use]
pub fn payload(event: &Event<'_>, patterns: &[Pattern]) -> Vec<u8> {
    let anywhere: Vec<Pattern>;
    let mut redact = Redact {
        json: event.raw,
        patterns,
        copied: 0,
        out: Vec::with_capacity(event.raw.len()),
    };
    if let EventKind::Other(_) = event.kind {
        anywhere = patterns.iter().map(Pattern::anywhere).collect();
        redact.patterns = &anywhere;
        redact.value(event.raw.trim_ascii(), None, &mut Vec::new());
    } else {
        redact.envelope(event);
    }
    redact.copy_to(event.raw.len());
    redact.out
}

/// Whether a document's id is redacted, so that a record's key must be hidden, too.
#[must_use]
pub fn redacts_id(patterns: &[Pattern]) -> bool {
    closest(patterns, &[Step::Key(b"\"_id\"")]) != Relation::Apart
}

struct Redact<'a, 'p> {
    json: &'a [u8],
    patterns: &'p [Pattern],
    /// Number of payload bytes that are in `out`.
    copied: usize,
    out: Vec<u8>,
}

impl<'a> Redact<'a, '_> {
    fn envelope(&mut self, event: &Event<'a>) {
        let is = |item: &Item<'_>, name: &str| item.key.is_some_and(|key| eq_str(key, name));
        for change in items(self.json).filter(|item| is(item, "change")) {
            for item in items(change.value) {
                if is(&item, "newValue") {
                    let old = event.old.filter(|old| *old != b"null");
                    self.value(item.value, old, &mut Vec::new());
                } else if is(&item, "oldValue") || is(&item, "value") {
                    self.value(item.value, None, &mut Vec::new());
                }
            }
        }
    }

    fn value(&mut self, value: &'a [u8], old: Option<&'a [u8]>, steps: &mut Vec<Step<'a>>) {
        let container = matches!(value.first(), Some(b'{' | b'['));
        match closest(self.patterns, steps) {
            Relation::Apart => {}
            Relation::Above if !container => {}
            Relation::Above if steps.len() < MAX_DEPTH => self.inside(value, old, steps),
            _ => self.redact(value, old),
        }
    }

    fn inside(&mut self, value: &'a [u8], old: Option<&'a [u8]>, steps: &mut Vec<Step<'a>>) {
        let object = value.first() == Some(&b'{');
        let old = old.filter(|old| old.first() == value.first());
        let olds: HashMap<_, _> = items(old.unwrap_or_default())
            .filter(|_| object)
            .filter_map(|item| Some((unescaped(item.key?), item.value)))
            .collect();
        let mut elements = items(old.unwrap_or_default()).filter(|_| !object);
        for (at, item) in (0..).zip(items(value)) {
            let (step, old) = match item.key {
                Some(key) => (Step::Key(key), olds.get(&unescaped(key)).copied()),
                None => (
                    Step::Both { old: at, new: at },
                    elements.next().map(|item| item.value),
                ),
            };
            steps.push(step);
            self.value(item.value, old, steps);
            steps.pop();
        }
    }

    fn redact(&mut self, value: &[u8], old: Option<&[u8]>) {
        let start = value.as_ptr().addr() - self.json.as_ptr().addr();
        self.copy_to(start);
        self.copied = start + value.len();
        let changed = old.is_some_and(|old| !same_values(old, value, 0, Key::per_process()));
        self.out
            .extend_from_slice(if changed { REDACTED_CHANGED } else { REDACTED });
    }

    fn copy_to(&mut self, end: usize) {
        let part = self.json.get(self.copied..end);
        self.out.extend_from_slice(part.unwrap_or_default());
        self.copied = end;
    }
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
                .map(|text| Pattern::parse(text).unwrap())
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
        check(&update, &["x", "a.b", "b.c"], &update);
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
        check(
            r#"{"type":"new","deep":[{"a":1}]}"#,
            &["a"],
            r#"{"type":"new","deep":[{"a":"(redacted)"}]}"#,
        );
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let hidden = format!("{}\"(redacted)\"{}", "[".repeat(127), "]".repeat(127));
        check(
            &event(&format!(r#""value":{{"a":{deep}}}"#)),
            &["**.secret"],
            &event(&format!(r#""value":{{"a":{hidden}}}"#)),
        );
    }

    #[test]
    fn ids() {
        let hides = |text: &str| redacts_id(&[Pattern::parse(text).unwrap()]);
        assert!(hides("_id") && hides("_id.a") && hides("**") && hides("*"));
        assert!(!hides("id") && !hides("a._id"));
    }
}
