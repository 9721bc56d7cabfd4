//! Truncation of text for display, and counted nouns.

use std::borrow::Cow;
use std::fmt::Display;

/// At most the first `max_chars` characters; a cut is marked with `…`.
#[must_use]
pub fn truncate(text: &str, max_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max_chars) {
        Some((at, _)) => Cow::Owned(format!("{}…", &text[..at])),
        None => Cow::Borrowed(text),
    }
}

/// A number and its noun: `1 event`, `2 events`.
#[must_use]
pub fn plural<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let s = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{s}")
}

#[cfg(test)]
mod tests {
    use super::{plural, truncate};

    #[test]
    fn only_one_is_singular() {
        let events = [0, 1, 2].map(|count: u64| plural(count, "event"));
        assert_eq!(events, ["0 events", "1 event", "2 events"]);
    }

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
