//! JSON strings: whether an escape is one, and what a string says once its escapes are resolved.
//! Where strings begin and end, the walker finds.

use std::borrow::Cow;

use super::Flaw;

/// The text of a raw JSON string with its quotes; `None` where `raw` is no string or not UTF-8.
/// A lone surrogate escape, which no text can hold, stays as it was written: `\ud800`.
#[must_use]
pub fn unquote(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let text = std::str::from_utf8(inner).ok()?;
    if memchr::memchr(b'\\', inner).is_none() {
        return Some(Cow::Borrowed(text));
    }
    resolve(text).map(Cow::Owned)
}

/// Whether a raw JSON string says `text`.
#[must_use]
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
    let inner = raw
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    let Some(inner) = inner else {
        return Cow::Borrowed(raw);
    };
    if memchr::memchr(b'\\', inner).is_none() {
        return Cow::Borrowed(inner);
    }
    let said = std::str::from_utf8(inner).ok().and_then(bytes);
    said.map_or(Cow::Borrowed(inner), Cow::Owned)
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
    use super::{content, says, unquote};

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
