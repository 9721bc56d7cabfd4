//! Bytes of text files as editors and shells write them: byte-order marks, UTF-16 of Windows, three kinds of line ends.

use std::borrow::Cow;

/// UTF-8 bytes without a byte-order mark. UTF-16 with a mark, as PowerShell's `>` writes it, is converted; the bytes of
/// other files are not checked.
///
/// # Errors
/// Why the UTF-16 cannot be converted.
pub fn to_utf8(bytes: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            return Ok(Cow::Borrowed(bytes));
        }
    };
    let (pairs, rest) = bytes[2..].as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match (text, rest) {
        (Ok(text), []) => Ok(Cow::Owned(text.into_bytes())),
        _ => Err("it is UTF-16, but it is damaged"),
    }
}

/// Whether a file begins with a byte-order mark of UTF-16.
#[must_use]
pub fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
}

/// The lines; each ends in LF, CR LF or CR.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let Some(end) = end else {
            rest = None;
            return Some(bytes);
        };
        let length = if bytes[end..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = Some(&bytes[end + length..]);
        Some(&bytes[..end])
    })
}

/// The only line of a file that holds one value. One line end after it, which editors and `echo` add, is not part of it.
///
/// # Errors
/// Why the file does not hold one line of text.
pub fn only_line(bytes: &[u8]) -> Result<String, &'static str> {
    let bytes = to_utf8(bytes)?;
    let mut lines = lines(&bytes);
    let line = lines.next().unwrap_or_default();
    if lines.any(|line| !line.is_empty()) || self::lines(&bytes).count() > 2 {
        return Err("it has several lines");
    }
    if line.contains(&0) {
        return Err("it contains a NUL byte, as UTF-16 without a byte-order mark does");
    }
    let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8")?;
    Ok(line.to_owned())
}

/// The text of a file with LF as the only line end.
///
/// # Errors
/// Why it cannot be decoded.
pub fn text(bytes: &[u8]) -> Result<String, &'static str> {
    let bytes = to_utf8(bytes)?;
    let lines: Vec<&[u8]> = lines(&bytes).collect();
    String::from_utf8(lines.join(&b'\n')).map_err(|_| "it is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let units = format!("\u{feff}{text}");
        let units = units.encode_utf16();
        units
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect()
    }

    #[test]
    fn one_line() {
        let check = |bytes: &[u8], expected: Result<&str, &str>| {
            let got = only_line(bytes);
            match (&got, expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{bytes:?}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{bytes:?}: {why}"),
                _ => panic!("{bytes:?}: {got:?}"),
            }
        };
        for content in [
            "pw",
            "pw\n",
            "pw\r\n",
            "pw\r",
            "\u{feff}pw",
            "\u{feff}pw\r\n",
        ] {
            check(content.as_bytes(), Ok("pw"));
            check(
                &utf16(content.trim_start_matches('\u{feff}'), false),
                Ok("pw"),
            );
            check(
                &utf16(content.trim_start_matches('\u{feff}'), true),
                Ok("pw"),
            );
        }
        check("ü€🏔\n".as_bytes(), Ok("ü€🏔"));
        check(&utf16("ü€🏔\r\n", false), Ok("ü€🏔"));
        check(b" p w \n", Ok(" p w "));
        check(b"", Ok(""));
        check(b"\n", Ok(""));
        check(b"\xef\xbb\xbf\r\n", Ok(""));
        for several in ["pw\n\n", "pw\rpw", "pw\n\r", "\npw", "\n\n", "pw\r\npw\r\n"] {
            check(several.as_bytes(), Err("several lines"));
            check(&utf16(several, false), Err("several lines"));
        }
        check(b"p\0w\0", Err("UTF-16"));
        check(b"\xff\xfep", Err("damaged"));
        check(b"\xff\xfe\x00\xd8", Err("damaged"));
        check(b"pw\xff", Err("UTF-8"));
    }

    #[test]
    fn line_ends() {
        for (bytes, expected) in [
            ("a\nb\r\nc\rd", "a\nb\nc\nd"),
            ("\u{feff}a\r\r\n", "a\n\n"),
            ("", ""),
        ] {
            assert_eq!(text(bytes.as_bytes()).as_deref(), Ok(expected));
        }
        assert!(is_utf16(&utf16("", true)) && !is_utf16(b"a"));
    }
}
