//! Strings in canonical escaped form: a short escape if JSON requires one, any other character as it is. They can be
//! cut and shown without unescaping.

use std::borrow::Cow;

use super::bytes::contains_byte;
use super::strings::unescape;

/// The body of a raw JSON string, or a part that does not split an escape, in this form; `None` if it is not UTF-8.
#[must_use]
pub fn escaped_body(raw_body: &[u8]) -> Option<Cow<'_, str>> {
    let pairs = raw_body.iter().zip(raw_body.get(1..).unwrap_or_default());
    // The tests yield numbers, so that the compiler vectorizes the loop.
    let unusual = |byte: u8, next: u8| {
        let short = br#""\nrt"#.iter().fold(0, |any, short| any | is(next, *short));
        is(byte, b'\\') & !short
    };
    if pairs.fold(0, |any, (byte, next)| any | unusual(*byte, *next)) == 0 {
        return std::str::from_utf8(raw_body).ok().map(Cow::Borrowed);
    }
    let text = unescape(raw_body)?;
    let mut out = String::with_capacity(raw_body.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    Some(Cow::Owned(out))
}

fn is(byte: u8, other: u8) -> u8 {
    u8::from(byte == other)
}

/// The characters of such a string with their offsets.
pub fn characters(escaped_body: &str) -> impl Iterator<Item = (usize, char)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let at = next;
        let (character, length) = match escaped_body.as_bytes().get(at..)? {
            [b'\\', escaped, ..] if escaped.is_ascii() => (unescape_char(*escaped), 2),
            [byte, ..] if byte.is_ascii() => (char::from(*byte), 1),
            _ => {
                let c = escaped_body.get(at..)?.chars().next()?;
                (c, c.len_utf8())
            }
        };
        next += length;
        Some((at, character))
    })
}

fn unescape_char(escaped: u8) -> char {
    match escaped {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        other => char::from(other),
    }
}

/// Number of characters.
#[must_use]
pub fn char_count(escaped_body: &str) -> usize {
    if are_single(escaped_body.as_bytes()) {
        escaped_body.len()
    } else {
        characters(escaped_body).count()
    }
}

/// The first `count` characters.
#[must_use]
pub fn prefix(escaped_body: &str, count: usize) -> &str {
    if escaped_body.as_bytes().get(..count).is_none_or(are_single) {
        return escaped_body.get(..count).unwrap_or(escaped_body);
    }
    let end = characters(escaped_body).nth(count);
    end.and_then(|(at, _)| escaped_body.get(..at))
        .unwrap_or(escaped_body)
}

/// The last `count` characters, or all.
#[must_use]
pub fn suffix(escaped_body: &str, count: usize) -> &str {
    let begin = escaped_body.len().saturating_sub(count);
    // A backslash just before may escape the first of them.
    let near = escaped_body.as_bytes().get(begin.saturating_sub(1)..);
    if near.is_some_and(are_single) {
        return escaped_body.get(begin..).unwrap_or(escaped_body);
    }
    let before = prefix(escaped_body, char_count(escaped_body).saturating_sub(count));
    escaped_body.get(before.len()..).unwrap_or(escaped_body)
}

/// Whether each byte is a character.
fn are_single(bytes: &[u8]) -> bool {
    !contains_byte(bytes, |byte| byte == b'\\' || !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let check = |raw_body: &str, expected: Option<&str>, unescaped: &str| {
            let found = escaped_body(raw_body.as_bytes());
            assert_eq!(found.as_deref(), expected, "{raw_body}");
            let found = found.unwrap_or_default();
            let characters: String = characters(&found).map(|(_, c)| c).collect();
            assert_eq!(characters, unescaped);
        };
        check("", Some(""), "");
        check(r#"a\n\"b\" \\"#, Some(r#"a\n\"b\" \\"#), "a\n\"b\" \\");
        check(r"\\n\\u00e9", Some(r"\\n\\u00e9"), r"\n\u00e9");
        check(r"\u00e9\/\b\u000a", Some("é/\u{8}\\n"), "é/\u{8}\n");
        check(r"\ud83d\ude00 \ud800", Some(r"😀 \\ud800"), r"😀 \ud800");
        check(r"\x", None, "");
        assert_eq!(escaped_body(b"\xff"), None);
    }

    #[test]
    fn places() {
        let places: Vec<usize> = characters(r#"é\n\"b"#).map(|(at, _)| at).collect();
        assert_eq!(places, [0, 2, 4, 6]);
    }
}
