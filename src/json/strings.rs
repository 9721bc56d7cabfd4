//! JSON strings: escapes, unescaped content, comparison.

use std::borrow::Cow;

use super::SyntaxError;
use super::bytes::common_prefix_len;

/// The content of a raw JSON string with its quotes; `None` if `raw` is not a string or not UTF-8. A lone surrogate
/// escape, which no Rust string can hold, stays as it is: `\ud800`.
#[must_use]
pub fn unquote(raw: &[u8]) -> Option<Cow<'_, str>> {
    unescape(raw_body(raw)?)
}

/// The bytes between the quotes of a raw JSON string.
#[must_use]
pub fn raw_body(raw: &[u8]) -> Option<&[u8]> {
    raw.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// The content of the body of a raw JSON string, or of a part that does not split an escape.
pub(super) fn unescape(raw_body: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(raw_body).ok()?;
    if memchr::memchr(b'\\', raw_body).is_none() {
        return Some(Cow::Borrowed(text));
    }
    unescape_all(text).map(Cow::Owned)
}

/// Whether the content of a raw JSON string equals `text`.
#[must_use]
#[inline]
pub fn eq_str(raw: &[u8], text: &str) -> bool {
    eq_content(raw, text.as_bytes())
}

/// Whether the content of a raw JSON string, as [`unescaped`] gives it, equals `content`.
#[must_use]
#[inline]
pub fn eq_content(raw: &[u8], content: &[u8]) -> bool {
    match raw {
        [b'"', inner @ .., b'"'] if inner == content && !content.contains(&b'\\') => true,
        // Only an escape can stand for another first character.
        [b'"', first, ..] if *first != b'\\' && content.first() != Some(first) => false,
        // An escape is never shorter than its character.
        _ if raw.len() < content.len() + 2 => false,
        _ => memchr::memchr(b'\\', raw).is_some() && unescaped(raw).as_ref() == content,
    }
}

/// The content of a raw JSON string as bytes: UTF-8, with a lone surrogate escape as three bytes in the encoding of
/// UTF-8 (WTF-8). Two strings are equal exactly if these bytes are. Bytes that are not a string are returned unchanged.
#[must_use]
pub fn unescaped(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = raw_body(raw) else {
        return Cow::Borrowed(raw);
    };
    if memchr::memchr(b'\\', inner).is_none() {
        return Cow::Borrowed(inner);
    }
    let content = std::str::from_utf8(inner).ok().and_then(unescape_to_bytes);
    content.map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// Whether two raw JSON strings have the same content. Unescapes only after the common prefix.
#[must_use]
pub fn eq_unescaped(one: &[u8], other: &[u8]) -> bool {
    let equal = common_prefix_len(one, other);
    let (Some(next), Some(other_next)) = (one.get(equal), other.get(equal)) else {
        return one.len() == other.len();
    };
    let begin = common_restart(one, equal);
    let near = one.get(begin..equal).unwrap_or_default();
    let escape = |byte: &u8| *byte == b'\\';
    // If no escape starts here or reaches here, the next characters differ.
    if !(escape(next) || escape(other_next) || near.iter().any(escape)) {
        return false;
    }
    match (str_from(one, begin), str_from(other, begin)) {
        (Some(one), Some(other)) => characters(one).eq(characters(other)),
        _ => false,
    }
}

/// An offset before which both strings have the same content whatever follows `at`: before it by the longest escape,
/// and neither after a backslash nor inside a character. It may be among the digits of an escape, because these are
/// equal in both.
fn common_restart(raw: &[u8], at: usize) -> usize {
    /// A pair of surrogates.
    const MAX_ESCAPE_BYTES: usize = 12;
    let mut begin = at.saturating_sub(MAX_ESCAPE_BYTES);
    let is_inside = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| raw.get(before));
        before == Some(&b'\\') || raw.get(at).is_some_and(|byte| byte & 0xc0 == 0x80)
    };
    while begin > 0 && is_inside(begin) {
        begin -= 1;
    }
    begin
}

fn str_from(raw: &[u8], at: usize) -> Option<&str> {
    std::str::from_utf8(raw.get(at..)?).ok()
}

/// The content as code points, including lone surrogates.
fn characters(text: &str) -> impl Iterator<Item = u32> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut all = rest.chars();
        let next = all.next()?;
        let after = all.as_str();
        let escaped = (next == '\\').then(|| decode_escape(after)).flatten();
        let Some((character, length)) = escaped else {
            rest = after;
            return Some(u32::from(next));
        };
        rest = after.get(length..)?;
        character.map_or_else(|| code_unit(after), |c| Some(u32::from(c)))
    })
}

pub(super) fn utf8(bytes: &[u8]) -> Result<(), SyntaxError> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(SyntaxError::NotUtf8 {
            at: error.valid_up_to(),
        }),
    }
}

fn unescape_all(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = split_at_escape(rest) {
        out.push_str(before);
        let (character, length) = decode_escape(after)?;
        match character {
            Some(c) => out.push(c),
            None => out.extend(['\\'].into_iter().chain(after.get(..length)?.chars())),
        }
        rest = after.get(length..)?;
    }
    out.push_str(rest);
    Some(out)
}

fn unescape_to_bytes(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = split_at_escape(rest) {
        out.extend_from_slice(before.as_bytes());
        let (character, length) = decode_escape(after)?;
        match character {
            Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => out.extend(surrogate(code_unit(after)?)),
        }
        rest = after.get(length..)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}

/// The strings before and after the next backslash.
fn split_at_escape(text: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b'\\', text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A surrogate in the encoding of UTF-8, which does not allow surrogates (WTF-8).
fn surrogate(code_unit: u32) -> [u8; 3] {
    let low = |shift: u32| u8::try_from(code_unit >> shift & 0x3f).unwrap_or(0) | 0x80;
    [0xed, low(6), low(0)]
}

/// The character of the escape after a backslash, `None` for a lone surrogate; and its length without the backslash.
fn decode_escape(after: &str) -> Option<(Option<char>, usize)> {
    let character = match after.as_bytes().first()? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(after),
        &byte @ (b'"' | b'\\' | b'/') => char::from(byte),
        _ => return None,
    };
    Some((Some(character), 1))
}

fn unicode(after: &str) -> Option<(Option<char>, usize)> {
    let first = code_unit(after)?;
    let second = after
        .get(5..)
        .and_then(|rest| rest.strip_prefix('\\'))
        .and_then(code_unit);
    if let (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) = (first, second) {
        let code_point = 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00);
        return Some((char::from_u32(code_point), 11));
    }
    Some((char::from_u32(first), 5))
}

fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{eq_str, eq_unescaped, unescaped, unquote};

    #[test]
    fn texts() {
        let check = |raw: &str, expected: Option<&str>| {
            assert_eq!(unquote(raw.as_bytes()).as_deref(), expected, "{raw}");
        };
        check(r#""""#, Some(""));
        check(r#""Zürich""#, Some("Zürich"));
        check(r#""a\"\\\/\b\f\n\r\tb""#, Some("a\"\\/\u{8}\u{c}\n\r\tb"));
        check(r#""colle\u0063tion""#, Some("collection"));
        check(r#""\ud83d\ude00!""#, Some("😀!"));
        check(r#""\ud800""#, Some("\\ud800"));
        check(r#""\ud800\ud83d\ude00""#, Some("\\ud800😀"));
        check(r#""\udc00\u0041""#, Some("\\udc00A"));
        check(r#""\u+041""#, None);
        check(r#""\x""#, None);
        check("7", None);
        check("\"", None);
    }

    #[test]
    fn contents() {
        let check = |raw: &str, expected: &[u8]| {
            assert_eq!(unescaped(raw.as_bytes()).as_ref(), expected, "{raw}");
        };
        check(r#""""#, b"");
        check(r#""Z\u00fcrich\n""#, "Zürich\n".as_bytes());
        check(r#""\ud800""#, b"\xed\xa0\x80");
        check(r#""\udfff!""#, b"\xed\xbf\xbf!");
        check(r#""\\ud800""#, b"\\ud800");
        check(r#""\ud83d\ude00""#, "😀".as_bytes());
        check("7", b"7");
    }

    proptest! {
        #[test]
        fn same_texts_are_those_of_one_content(one in spellings(), other in spellings(), ends in spellings()) {
            let (one, other) = (format!("\"{ends}{one}{ends}\""), format!("\"{ends}{other}{ends}\""));
            let (one, other) = (one.as_bytes(), other.as_bytes());
            prop_assert_eq!(eq_unescaped(one, other), unescaped(one) == unescaped(other));
        }
    }

    /// Strings of characters that have several spellings.
    fn spellings() -> impl Strategy<Value = String> {
        let one = proptest::sample::select(vec![
            "a",
            r"\u0061",
            "é",
            r"\u00e9",
            r"\u00E9",
            "😀",
            r"\ud83d\ude00",
            r"\uD83D\uDE00",
            r"\ud83d",
            r"\ude00",
            r"\\",
            r"\u005c",
            r#"\""#,
            r"\u0022",
            "/",
            r"\/",
            r"\n",
            r"\u000a",
            "u0061",
        ]);
        proptest::collection::vec(one, 0..5).prop_map(|all| all.concat())
    }

    #[test]
    fn keys() {
        let check = |raw: &str, text: &str, expected: bool| {
            assert_eq!(eq_str(raw.as_bytes(), text), expected, "{raw} {text}");
        };
        check(r#""type""#, "type", true);
        check(r#""t\u0079pe""#, "type", true);
        check(r#""types""#, "type", false);
        check(r#""a\\b""#, "a\\b", true);
        check(r#""a\nb""#, "a\\nb", false);
        check("type", "type", false);
        check(r#""""#, "", true);
        check(r#""a""#, "", false);
        check(r#""""#, "a", false);
        check(r#""\u0061""#, "a", true);
        check(r#""\"""#, "\"", true);
        check(r#""ab""#, "ac", false);
    }
}
