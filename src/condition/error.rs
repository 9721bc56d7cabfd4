//! A mistake in a condition: where it stands and what was expected, with a caret under the place.
//! Which flag the condition came from, the caller knows.

use std::fmt;

use unicode_width::UnicodeWidthStr;

/// Why a text is no condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    text: String,
    at: usize,
    why: String,
}

impl ParseError {
    /// A mistake at a byte of the text.
    pub(super) fn new(text: &str, at: usize, why: String) -> Self {
        ParseError {
            text: text.to_owned(),
            at,
            why,
        }
    }

    /// The column in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.before().chars().count() + 1
    }

    /// What is wrong there, without the place.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    fn before(&self) -> &str {
        self.text.get(..self.at).unwrap_or(&self.text)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = " ".repeat(shown(self.before()).width());
        writeln!(f, "column {}: {}", self.column(), self.why)?;
        writeln!(f, "  {}", shown(&self.text))?;
        write!(f, "  {indent}^")
    }
}

/// On one line, without what a terminal would obey.
fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
