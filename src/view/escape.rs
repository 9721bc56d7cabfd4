//! Terminal escaping: characters that could move the cursor, reorder or hide text are written as escapes.

use std::borrow::Cow;

use crate::json::contains_byte;

/// Whether a terminal may interpret a character, or not show it: controls, line and paragraph separators, interlinear
/// annotations, and Unicode's `Default_Ignorable_Code_Point`, which contains variation selectors.
#[must_use]
pub fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}'
            | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// How a dangerous character is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscapeStyle {
    /// A JSON escape, which keeps the value of the JSON: `\u001b`.
    Json,
    /// For free text that is not parsed: `\u{1b}`, and `\xff` for a byte that is not UTF-8.
    Text,
}

/// Appends bytes with dangerous characters escaped. Bytes that are not UTF-8 become `\xff`.
pub fn push(bytes: &[u8], style: EscapeStyle, out: &mut Vec<u8>) {
    if is_safe(bytes) {
        return out.extend_from_slice(bytes);
    }
    for chunk in bytes.utf8_chunks() {
        push_str(chunk.valid(), style, out);
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
}

/// Appends a string with dangerous characters escaped.
pub fn push_str(text: &str, style: EscapeStyle, out: &mut Vec<u8>) {
    if is_safe(text.as_bytes()) {
        return out.extend_from_slice(text.as_bytes());
    }
    let mut plain = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| is_dangerous(*c)) {
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        push_escape(c, style, out);
        plain = at + c.len_utf8();
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
}

/// Whether all bytes are printable ASCII.
#[must_use]
pub fn is_safe(bytes: &[u8]) -> bool {
    !contains_byte(bytes, |byte| !matches!(byte, b' '..=b'~'))
}

fn push_escape(c: char, style: EscapeStyle, out: &mut Vec<u8>) {
    match style {
        EscapeStyle::Text => out.extend_from_slice(c.escape_unicode().to_string().as_bytes()),
        EscapeStyle::Json => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
}

/// Appends one line of JSON with its line end; on a terminal, dangerous characters are escaped.
pub fn push_json_line(json: &[u8], terminal: bool, out: &mut Vec<u8>) {
    if terminal {
        push(json, EscapeStyle::Json, out);
    } else {
        out.extend_from_slice(json);
    }
    out.push(b'\n');
}

/// A string that is safe to print, on one line.
#[must_use]
pub fn text(text: &str) -> String {
    text_in(text, EscapeStyle::Text).into_owned()
}

/// A string that is safe to print, in a style.
#[must_use]
pub fn text_in(text: &str, style: EscapeStyle) -> Cow<'_, str> {
    if is_safe(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    push_str(text, style, &mut out);
    String::from_utf8_lossy(&out).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ends of each range, and what is beside it and has a glyph.
    #[test]
    fn every_ignorable_character_is_dangerous() {
        let dangerous = "\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{180e}\u{180f}\u{200b}\u{200f}\
            \u{202a}\u{202e}\u{2060}\u{206f}\u{3164}\u{fe00}\u{fe0f}\u{feff}\u{ffa0}\u{fff0}\u{fff8}\u{fffb}\u{1bca0}\u{1bca3}\
            \u{1d173}\u{1d17a}\u{e0000}\u{e0100}\u{e01ef}\u{e0fff}";
        let shown: String = dangerous.chars().filter(|c| !is_dangerous(*c)).collect();
        assert_eq!(shown, "");
        let harmless = "a\u{34e}\u{350}\u{115e}\u{1161}\u{17b3}\u{180a}\u{3163}\u{3165}\u{fe10}\u{ffa1}\u{fffc}\u{1d172}é🏔";
        let hidden: String = harmless.chars().filter(|c| is_dangerous(*c)).collect();
        assert_eq!(hidden, "");
    }

    #[test]
    fn dangerous_characters_are_spelled_out() {
        for (bytes, json, text) in [
            (&b"plain \"text\""[..], "plain \"text\"", "plain \"text\""),
            ("Zürich 🏔".as_bytes(), "Zürich 🏔", "Zürich 🏔"),
            (b"\x1b[2J", "\\u001b[2J", "\\u{1b}[2J"),
            (
                b"a\r\nb\tc",
                "a\\u000d\\u000ab\\u0009c",
                "a\\u{d}\\u{a}b\\u{9}c",
            ),
            ("\u{9b}31m".as_bytes(), "\\u009b31m", "\\u{9b}31m"),
            ("a\u{202e}b".as_bytes(), "a\\u202eb", "a\\u{202e}b"),
            (
                "a\u{200d}b\u{feff}".as_bytes(),
                "a\\u200db\\ufeff",
                "a\\u{200d}b\\u{feff}",
            ),
            ("\u{e0041}".as_bytes(), "\\udb40\\udc41", "\\u{e0041}"),
            (
                "\u{3164}\u{fe0f}x".as_bytes(),
                "\\u3164\\ufe0fx",
                "\\u{3164}\\u{fe0f}x",
            ),
            (b"a\xff\xfeb", "a\\xff\\xfeb", "a\\xff\\xfeb"),
        ] {
            for (style, expected) in [(EscapeStyle::Json, json), (EscapeStyle::Text, text)] {
                let mut out = Vec::new();
                push(bytes, style, &mut out);
                assert_eq!(String::from_utf8_lossy(&out), expected);
            }
        }
    }
}
