//! Numbers and literals: whether one begins here and ends where it should.
//! Values are not computed; a number may have any length and any exponent.

/// Checks the number or literal that begins at `at`.
#[inline]
pub(super) fn check(json: &[u8], at: usize) -> Option<()> {
    let rest = json.get(at..)?;
    let rest = match rest.first()? {
        b't' => rest.strip_prefix(b"true")?,
        b'f' => rest.strip_prefix(b"false")?,
        b'n' => rest.strip_prefix(b"null")?,
        _ => number(rest)?,
    };
    match rest.first() {
        None
        | Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':' | b'"' | b'{' | b'[') => {
            Some(())
        }
        Some(_) => None,
    }
}

/// What comes after the number.
#[inline]
fn number(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let text = match text.strip_prefix(b"0") {
        Some(rest) => rest,
        None => digits(text)?,
    };
    match text {
        [b'.', rest @ ..] => exponent(digits(rest)?),
        _ => exponent(text),
    }
}

#[inline]
fn exponent(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => digits(rest),
        _ => Some(text),
    }
}

#[inline]
fn digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { None } else { text.get(count..) }
}
