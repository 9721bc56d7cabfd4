//! Texts in the spelling that they have inside most JSON strings: a short escape where JSON wants one, any other character
//! as it is. So they can be cut and shown without being unescaped.

use std::borrow::Cow;

use super::bytes::occurs;
use super::strings::unescape;

/// What is inside a raw JSON string, or a part that neither begins nor ends in an escape, in this spelling; `None` where
/// that is no text.
#[must_use]
pub fn spelled(inside: &[u8]) -> Option<Cow<'_, str>> {
    let pairs = inside.iter().zip(inside.get(1..).unwrap_or_default());
    // As numbers, so that many bytes are looked at together.
    let unusual = |byte: u8, next: u8| {
        let short = br#""\nrt"#.iter().fold(0, |any, short| any | is(next, *short));
        is(byte, b'\\') & !short
    };
    if pairs.fold(0, |any, (byte, next)| any | unusual(*byte, *next)) == 0 {
        return std::str::from_utf8(inside).ok().map(Cow::Borrowed);
    }
    let text = unescape(inside)?;
    let mut spelled = String::with_capacity(inside.len());
    for c in text.chars() {
        match c {
            '"' => spelled.push_str("\\\""),
            '\\' => spelled.push_str("\\\\"),
            '\n' => spelled.push_str("\\n"),
            '\r' => spelled.push_str("\\r"),
            '\t' => spelled.push_str("\\t"),
            c => spelled.push(c),
        }
    }
    Some(Cow::Owned(spelled))
}

fn is(byte: u8, other: u8) -> u8 {
    u8::from(byte == other)
}

/// Where each character of such a text begins, and which it is.
pub fn characters(spelled: &str) -> impl Iterator<Item = (usize, char)> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let at = next;
        let (said, length) = match spelled.as_bytes().get(at..)? {
            [b'\\', escaped, ..] if escaped.is_ascii() => (unescaped(*escaped), 2),
            [byte, ..] if byte.is_ascii() => (char::from(*byte), 1),
            _ => {
                let said = spelled.get(at..)?.chars().next()?;
                (said, said.len_utf8())
            }
        };
        next += length;
        Some((at, said))
    })
}

fn unescaped(escaped: u8) -> char {
    match escaped {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        other => char::from(other),
    }
}

/// How many characters a text has.
#[must_use]
pub fn count(spelled: &str) -> usize {
    if are_single(spelled.as_bytes()) {
        spelled.len()
    } else {
        characters(spelled).count()
    }
}

/// Where so many characters end, or the text.
#[must_use]
pub fn first(spelled: &str, count: usize) -> &str {
    if spelled.as_bytes().get(..count).is_none_or(are_single) {
        return spelled.get(..count).unwrap_or(spelled);
    }
    let end = characters(spelled).nth(count);
    end.and_then(|(at, _)| spelled.get(..at)).unwrap_or(spelled)
}

/// The last so many characters, or all.
#[must_use]
pub fn last(spelled: &str, count: usize) -> &str {
    let begin = spelled.len().saturating_sub(count);
    // A backslash just before may escape the first of them.
    let near = spelled.as_bytes().get(begin.saturating_sub(1)..);
    if near.is_some_and(are_single) {
        return spelled.get(begin..).unwrap_or(spelled);
    }
    let before = first(
        spelled,
        super::escaped::count(spelled).saturating_sub(count),
    );
    spelled.get(before.len()..).unwrap_or(spelled)
}

/// Whether each byte is a character.
fn are_single(bytes: &[u8]) -> bool {
    !occurs(bytes, |byte| byte == b'\\' || !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        let check = |inside: &str, expected: Option<&str>, said: &str| {
            let found = spelled(inside.as_bytes());
            assert_eq!(found.as_deref(), expected, "{inside}");
            let found = found.unwrap_or_default();
            let characters: String = characters(&found).map(|(_, c)| c).collect();
            assert_eq!(characters, said);
        };
        check("", Some(""), "");
        check(r#"a\n\"b\" \\"#, Some(r#"a\n\"b\" \\"#), "a\n\"b\" \\");
        check(r"\\n\\u00e9", Some(r"\\n\\u00e9"), r"\n\u00e9");
        check(r"\u00e9\/\b\u000a", Some("é/\u{8}\\n"), "é/\u{8}\n");
        check(r"\ud83d\ude00 \ud800", Some(r"😀 \\ud800"), r"😀 \ud800");
        check(r"\x", None, "");
        assert_eq!(spelled(b"\xff"), None);
    }

    #[test]
    fn places() {
        let places: Vec<usize> = characters(r#"é\n\"b"#).map(|(at, _)| at).collect();
        assert_eq!(places, [0, 2, 4, 6]);
    }
}
