//! Old and new value in a limited number of columns, with a place at which they differ.

use std::borrow::Cow;

use super::escape;
use super::escape::EscapeStyle;
use super::line::{columns, truncate};
use super::styles::Styles;
use super::value::{Columns, is_short, push_coloured, push_complete, push_value, size};
use crate::json::{characters, common_prefix_len, compact, escaped_body, prefix, raw_body, suffix};

/// Columns of the longest character: two escapes such as `\udb40`, and a mark.
const MAX_CHARACTER_COLUMNS: usize = 13;
/// Columns of equal text that are shown before a difference.
const CONTEXT_COLUMNS: usize = 18;
/// Appends `old → new`.
pub(super) fn push_both(
    old: &[u8],
    new: &[u8],
    columns_left: Columns,
    styles: &Styles,
    out: &mut Vec<u8>,
) {
    let (one, other) = columns_left.split(old, new);
    if is_short(old, one) && is_short(new, other) {
        push_coloured(old, styles.remove, out);
        out.extend_from_slice(" → ".as_bytes());
        return push_coloured(new, styles.insert, out);
    }
    let (old, new) = texts((old, one), (new, other));
    push_coloured(&old, styles.remove, out);
    out.extend_from_slice(" → ".as_bytes());
    push_coloured(&new, styles.insert, out);
}

/// The texts of two values that differ. The texts differ, too, also if they are cut.
pub(super) fn texts(old: (&[u8], Columns), new: (&[u8], Columns)) -> (Vec<u8>, Vec<u8>) {
    let complete = |(raw, columns_left)| {
        let mut text = Vec::new();
        push_complete(raw, columns_left, &mut text).then_some(text)
    };
    let text = |(raw, columns_left), complete: Option<Vec<u8>>| {
        complete.unwrap_or_else(|| {
            let mut text = Vec::new();
            push_value(raw, columns_left, &mut text);
            text
        })
    };
    let is_one_type = ValueClass::of(old.0) == ValueClass::of(new.0);
    match (complete(old), complete(new)) {
        (Some(one), Some(other)) if one != other => (one, other),
        (one, other) if !is_one_type => (text(old, one), text(new, other)),
        (one, other) => {
            let pair = Pair::new(old.0, new.0);
            let window = pair.window(old.1, new.1, (one.is_some(), other.is_some()));
            let text =
                |complete: Option<Vec<u8>>, whole: &str, (raw, columns_left): (&[u8], Columns)| {
                    complete
                        .filter(|_| !pair.is_exact)
                        .unwrap_or_else(|| window.text(whole, raw.len(), columns_left))
                };
            (text(one, &pair.old, old), text(other, &pair.new, new))
        }
    }
}

/// What the first byte of a value shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueClass {
    String,
    Object,
    Array,
    Number,
    Word,
}

impl ValueClass {
    fn of(raw: &[u8]) -> ValueClass {
        match raw.first() {
            Some(b'"') => ValueClass::String,
            Some(b'{') => ValueClass::Object,
            Some(b'[') => ValueClass::Array,
            Some(b'-' | b'0'..=b'9') => ValueClass::Number,
            _ => ValueClass::Word,
        }
    }
}

/// Two values of one type as text, without quotes.
struct Pair<'a> {
    old: Cow<'a, str>,
    new: Cow<'a, str>,
    quote: &'static str,
    /// The values differ only in escapes or blanks, which are shown.
    is_exact: bool,
}

impl<'a> Pair<'a> {
    fn new(old: &'a [u8], new: &'a [u8]) -> Pair<'a> {
        let quote = if old.first() == Some(&b'"') { "\"" } else { "" };
        let (one, other) = (value_text(old), value_text(new));
        let is_exact =
            escape::text_in(&one, EscapeStyle::Json) == escape::text_in(&other, EscapeStyle::Json);
        let (old, new) = if is_exact {
            (exact_text(old), exact_text(new))
        } else {
            (one, other)
        };
        Pair {
            old,
            new,
            quote,
            is_exact,
        }
    }

    /// The window that shows the first difference.
    fn window(&self, old: Columns, new: Columns, are_complete: (bool, bool)) -> Window {
        let style = if self.is_exact {
            EscapeStyle::Text
        } else {
            EscapeStyle::Json
        };
        let mut window = Window {
            from: 0,
            quote: self.quote,
            style,
        };
        let equal = common_prefix_len(self.old.as_bytes(), self.new.as_bytes());
        let at = characters(&self.old)
            .map(|(at, _)| at)
            .chain([self.old.len()])
            .take_while(|at| *at <= equal)
            .last()
            .unwrap_or(0);
        let head = self.old.get(..at).unwrap_or_default();
        let room = |limit: Columns, is_complete: bool, text: &str| {
            if is_complete && !self.is_exact {
                usize::MAX
            } else {
                window.room(text.len(), limit)
            }
        };
        let room = room(old, are_complete.0, &self.old).min(room(new, are_complete.1, &self.new));
        let is_visible = head.len() <= room.saturating_mul(4)
            && columns_in(head, style).saturating_add(MAX_CHARACTER_COLUMNS) <= room;
        if !is_visible {
            window.from = at - context(head, room.saturating_sub(MAX_CHARACTER_COLUMNS), style);
        }
        window
    }
}

/// Number of columns of a text that is escaped.
fn columns_in(text: &str, style: EscapeStyle) -> usize {
    columns(escape::text_in(text, style).as_bytes())
}

/// Number of bytes of the end of a text that fit.
fn context(head: &str, room: usize, style: EscapeStyle) -> usize {
    let room = room.min(CONTEXT_COLUMNS);
    let mut count = room;
    loop {
        let context = suffix(head, count);
        if count == 0 || columns_in(context, style) <= room {
            return context.len();
        }
        count -= 1;
    }
}

/// The part of a text that is shown.
struct Window {
    /// The first byte.
    from: usize,
    quote: &'static str,
    style: EscapeStyle,
}

impl Window {
    /// Columns for text, next to quotes, a mark and the size.
    fn room(&self, bytes: usize, columns_left: Columns) -> usize {
        let around = 2 * self.quote.len() + size(bytes).len() + 4;
        let limit = columns_left.limit.unwrap_or(usize::MAX);
        limit.saturating_sub(around).max(MAX_CHARACTER_COLUMNS)
    }

    fn text(&self, whole: &str, raw_bytes: usize, columns_left: Columns) -> Vec<u8> {
        let rest = whole.get(self.from..).unwrap_or_default();
        let room = self.room(raw_bytes, columns_left);
        let begin = prefix(rest, room);
        let shown = escape::text_in(begin, self.style);
        let is_cut = begin.len() < rest.len() || columns(shown.as_bytes()) > room;
        let shown = if is_cut {
            Cow::Owned(truncate(&shown, room + 1, true))
        } else {
            shown
        };
        let (quote, before) = (self.quote, if self.from > 0 { "…" } else { "" });
        let mut text = format!("{quote}{before}{shown}{quote}").into_bytes();
        if is_cut || self.from > 0 {
            text.extend_from_slice(format!(" ({})", size(raw_bytes)).as_bytes());
        }
        text
    }
}

/// A value as it is compared: the canonical body of a string, others without blanks.
fn value_text(raw: &[u8]) -> Cow<'_, str> {
    match raw_body(raw) {
        Some(body) => escaped_body(body).unwrap_or_else(|| String::from_utf8_lossy(body)),
        None => match compact(raw, usize::MAX) {
            Cow::Borrowed(text) => String::from_utf8_lossy(text),
            Cow::Owned(text) => String::from_utf8_lossy(&text).into_owned().into(),
        },
    }
}

/// A value as it was received, without quotes.
fn exact_text(raw: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(raw_body(raw).unwrap_or(raw))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_values_are_shown_in_full_where_they_fit() {
        let check = |old: &str, new: &str, columns_left: usize, expected: &str| {
            let mut out = Vec::new();
            let (columns_left, styles) = (Columns::new(columns_left), Styles::default());
            push_both(
                old.as_bytes(),
                new.as_bytes(),
                columns_left,
                &styles,
                &mut out,
            );
            assert_eq!(String::from_utf8_lossy(&out), expected);
        };
        check("1", "20", 70, "1 → 20");
        check(
            "\"a\u{202e}d\"",
            "\"a\u{202e}e\"",
            70,
            r#""a\u202ed" → "a\u202ee""#,
        );
        check(
            "\"日本語日本語\"",
            "\"東京\"",
            25,
            "\"日本語日本語\" → \"東京\"",
        );
    }

    /// A text that shares most of its beginning with others.
    fn long_text() -> impl Strategy<Value = String> {
        let character = prop::sample::select(vec![
            "a",
            "b",
            "/",
            "=",
            "\\n",
            "\\\\",
            "\\\"",
            "é",
            "日",
            "\u{9b}",
            "\u{202e}",
            "\u{e0041}",
            r"\u0061",
        ]);
        let unit = proptest::collection::vec(character, 1..4).prop_map(|all| all.concat());
        (unit, 0..200_usize, "[a-c]{0,3}", 0..60_usize).prop_map(|(unit, head, middle, tail)| {
            format!("{}{middle}{}", unit.repeat(head), "z".repeat(tail))
        })
    }

    /// Strings, numbers, and containers that contain them.
    fn value() -> impl Strategy<Value = String> {
        let text = long_text().prop_map(|text| format!("\"{text}\""));
        let number = (0..120_usize, "[0-9]{1,3}", 0..40_usize).prop_map(|(head, middle, tail)| {
            format!("1{}{middle}{}", "0".repeat(head), "7".repeat(tail))
        });
        let leaf = prop_oneof![3 => text, 2 => number, 1 => Just("null".to_owned()), 1 => Just("1.0".to_owned())];
        leaf.prop_recursive(2, 6, 3, |inner| {
            let key = prop_oneof![Just("a".to_owned()), long_text()];
            let object = proptest::collection::vec((key, inner.clone()), 0..4).prop_map(|all| {
                let members: Vec<String> = all
                    .iter()
                    .map(|(key, value)| format!("\"{key}\": {value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            });
            let array = proptest::collection::vec(inner, 0..4)
                .prop_map(|all| format!("[{}]", all.join(", ")));
            prop_oneof![object, array]
        })
    }

    /// A value, and one that differs from it in one character near some place, if that is still JSON.
    fn near_pair() -> impl Strategy<Value = (String, String)> {
        (value(), any::<prop::sample::Index>(), "[a-z0-9]").prop_map(|(old, at, by)| {
            let at = at.index(old.chars().count());
            let mut new: Vec<char> = old.chars().collect();
            new.splice(at..=at, by.chars());
            let new: String = new.into_iter().collect();
            let is_json = serde_json::from_str::<&serde_json::value::RawValue>(&new).is_ok();
            let new = if is_json { new } else { old.clone() };
            (old, new)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn two_values_never_look_the_same(
            (old, new) in prop_oneof![(value(), value()), near_pair()],
            columns_left in 20..160_usize,
            kind in 0..3_u8,
        ) {
            prop_assume!(old != new);
            let columns_left = match kind {
                0 => Columns::new(columns_left),
                1 => Columns::with_json(columns_left),
                _ => Columns::unlimited(),
            };
            let mut out = Vec::new();
            push_both(old.as_bytes(), new.as_bytes(), columns_left, &Styles::default(), &mut out);
            let shown = String::from_utf8_lossy(&out).into_owned();
            let (one, other) = shown.split_once(" → ").unwrap();
            let without_size = |text: &str| text.rsplit_once(" (").map_or(text, |(text, _)| text).to_owned();
            prop_assert_ne!(without_size(one), without_size(other), "{} and {}", old, new);
        }
    }

    #[test]
    fn a_place_is_shown_where_long_values_differ() {
        let check = |old: &str, new: &str, columns_left: usize, expected: &str| {
            let mut out = Vec::new();
            let (columns_left, styles) = (Columns::new(columns_left), Styles::default());
            push_both(
                old.as_bytes(),
                new.as_bytes(),
                columns_left,
                &styles,
                &mut out,
            );
            assert_eq!(String::from_utf8_lossy(&out), expected);
        };
        let base64 = |middle: &str| {
            format!(
                "\"{}{middle}{}\"",
                "aGVsbG8g".repeat(6),
                "d29ybGQh".repeat(6)
            )
        };
        check(
            &base64("X"),
            &base64("Y"),
            70,
            r#""…8gaGVsbG8gXd29ybGQhd29y…" (99 B) → "…8gaGVsbG8gYd29ybGQhd29y…" (99 B)"#,
        );
        let number = |end: &str| format!("1{}{end}", "0".repeat(60));
        check(
            &number("1"),
            &number("2"),
            60,
            "…00000001 (62 B) → …00000002 (62 B)",
        );
        let object = |end: u8| format!(r#"{{"k":"{}","n":{end}}}"#, "v".repeat(80));
        check(
            &object(1),
            &object(2),
            60,
            r#"…v","n":1} (94 B) → …v","n":2} (94 B)"#,
        );
    }
}
