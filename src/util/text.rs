//! Truncation of text for display.

use std::borrow::Cow;

/// At most the first `max_chars` characters; a cut is marked with `…`.
#[must_use]
pub fn truncate(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        Some((at, _)) => Cow::Owned(format!("{}…", &text[..at])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::truncate;

    #[test]
    fn a_cut_falls_between_characters() {
        for (text, max_chars, expected) in [
            ("", 0, ""),
            ("äö", 2, "äö"),
            ("äöü", 2, "äö…"),
            ("a", 0, "…"),
        ] {
            assert_eq!(truncate(text, max_chars), expected);
        }
    }
}
