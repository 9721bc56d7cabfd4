//! JSON strings: whether an escape is one, and what a string says once its escapes are resolved.
//! Where strings begin and end, the walker finds.

use std::borrow::Cow;

use super::Flaw;
use super::bytes::common;

/// The text of a raw JSON string with its quotes; `None` where `raw` is no string or not UTF-8.
/// A lone surrogate escape, which no text can hold, stays as it was written: `\ud800`.
#[must_use]
pub fn unquote(raw: &[u8]) -> Option<Cow<'_, str>> {
    unescape(inside(raw)?)
}

/// What is between the quotes of a raw JSON string.
#[must_use]
pub fn inside(raw: &[u8]) -> Option<&[u8]> {
    raw.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// The text of what is inside a raw JSON string, or of a part that neither begins nor ends in an escape.
pub(super) fn unescape(inside: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(inside).ok()?;
    if memchr::memchr(b'\\', inside).is_none() {
        return Some(Cow::Borrowed(text));
    }
    resolve(text).map(Cow::Owned)
}

/// Whether a raw JSON string says `text`.
#[must_use]
#[inline]
pub fn says(raw: &[u8], text: &str) -> bool {
    match raw {
        [b'"', inner @ .., b'"'] if inner == text.as_bytes() && !text.contains('\\') => true,
        // Only an escape can say what is not there.
        [b'"', first, ..] if *first != b'\\' && text.as_bytes().first() != Some(first) => false,
        // An escape is never shorter than what it says.
        _ if raw.len() < text.len() + 2 => false,
        _ => memchr::memchr(b'\\', raw).is_some() && unquote(raw).is_some_and(|said| said == text),
    }
}

/// What a raw JSON string says, as bytes: UTF-8, and a lone surrogate escape as the three bytes that UTF-8 would have
/// for it. Two strings say the same exactly where these bytes are equal. What is no string is returned as it is.
#[must_use]
pub fn content(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = inside(raw) else {
        return Cow::Borrowed(raw);
    };
    if memchr::memchr(b'\\', inner).is_none() {
        return Cow::Borrowed(inner);
    }
    let said = std::str::from_utf8(inner).ok().and_then(bytes);
    said.map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// Whether two raw JSON strings say the same. Only what is spelled in two ways is unescaped.
#[must_use]
pub fn same_texts(one: &[u8], other: &[u8]) -> bool {
    let equal = common(one, other);
    let (Some(next), Some(other_next)) = (one.get(equal), other.get(equal)) else {
        return one.len() == other.len();
    };
    let begin = before_escape(one, equal);
    let near = one.get(begin..equal).unwrap_or_default();
    let escape = |byte: &u8| *byte == b'\\';
    // Where no escape begins here or reaches up to here, the next characters differ.
    if !(escape(next) || escape(other_next) || near.iter().any(escape)) {
        return false;
    }
    match (text_from(one, begin), text_from(other, begin)) {
        (Some(one), Some(other)) => characters(one).eq(characters(other)),
        _ => false,
    }
}

/// A place before which both strings say the same whatever follows `at`: as far before it as an escape can be long, and
/// neither behind a backslash nor in a character. In the digits of an escape it may be: these are the same in both.
fn before_escape(raw: &[u8], at: usize) -> usize {
    /// A pair of surrogates.
    const LONGEST: usize = 12;
    let mut begin = at.saturating_sub(LONGEST);
    let inside = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| raw.get(before));
        before == Some(&b'\\') || raw.get(at).is_some_and(|byte| byte & 0xc0 == 0x80)
    };
    while begin > 0 && inside(begin) {
        begin -= 1;
    }
    begin
}

fn text_from(raw: &[u8], at: usize) -> Option<&str> {
    std::str::from_utf8(raw.get(at..)?).ok()
}

/// What is spelled here, as code points; a lone surrogate is one, too.
fn characters(text: &str) -> impl Iterator<Item = u32> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut all = rest.chars();
        let next = all.next()?;
        let after = all.as_str();
        let escaped = (next == '\\').then(|| one(after)).flatten();
        let Some((said, length)) = escaped else {
            rest = after;
            return Some(u32::from(next));
        };
        rest = after.get(length..)?;
        said.map_or_else(|| unit(after), |said| Some(u32::from(said)))
    })
}

pub(super) fn utf8(bytes: &[u8]) -> Result<(), Flaw> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(Flaw::NotUtf8 {
            at: error.valid_up_to(),
        }),
    }
}

fn resolve(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = at_escape(rest) {
        out.push_str(before);
        let (said, length) = one(after)?;
        match said {
            Some(said) => out.push(said),
            None => out.extend(['\\'].into_iter().chain(after.get(..length)?.chars())),
        }
        rest = after.get(length..)?;
    }
    out.push_str(rest);
    Some(out)
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = at_escape(rest) {
        out.extend_from_slice(before.as_bytes());
        let (said, length) = one(after)?;
        match said {
            Some(said) => out.extend_from_slice(said.encode_utf8(&mut [0; 4]).as_bytes()),
            None => out.extend(surrogate(unit(after)?)),
        }
        rest = after.get(length..)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}

/// What stands before the next backslash and behind it.
fn at_escape(text: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b'\\', text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A surrogate as UTF-8 would spell it if it might.
fn surrogate(unit: u32) -> [u8; 3] {
    let low = |shift: u32| u8::try_from(unit >> shift & 0x3f).unwrap_or(0) | 0x80;
    [0xed, low(6), low(0)]
}

/// What the escape says whose backslash stands just before, `None` for a lone surrogate; and its length without
/// the backslash.
fn one(after: &str) -> Option<(Option<char>, usize)> {
    let said = match after.as_bytes().first()? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(after),
        &byte @ (b'"' | b'\\' | b'/') => char::from(byte),
        _ => return None,
    };
    Some((Some(said), 1))
}

fn unicode(after: &str) -> Option<(Option<char>, usize)> {
    let first = unit(after)?;
    let second = after
        .get(5..)
        .and_then(|rest| rest.strip_prefix('\\'))
        .and_then(unit);
    if let (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) = (first, second) {
        let said = 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00);
        return Some((char::from_u32(said), 11));
    }
    Some((char::from_u32(first), 5))
}

fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{content, same_texts, says, unquote};

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
            assert_eq!(content(raw.as_bytes()).as_ref(), expected, "{raw}");
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
            prop_assert_eq!(same_texts(one, other), content(one) == content(other));
        }
    }

    /// Characters that are often the same in other spellings.
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
            assert_eq!(says(raw.as_bytes(), text), expected, "{raw} {text}");
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
