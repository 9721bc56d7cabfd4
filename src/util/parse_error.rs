//! Syntax error in a text that a user typed: position, message, and a caret under the position.

use std::fmt;

use unicode_width::UnicodeWidthStr;

/// Why a string cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    text: String,
    at: usize,
    why: String,
}

impl ParseError {
    /// An error at a byte of the string.
    #[must_use]
    pub fn new(text: &str, at: usize, why: String) -> Self {
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

    /// Whether the string ends too early: nothing that it contains is wrong.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.at >= self.text.trim_end().len()
    }

    /// The message without the position.
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
        let indent = " ".repeat(single_line(self.before()).width());
        writeln!(f, "column {}: {}", self.column(), self.why)?;
        writeln!(f, "  {}", single_line(&self.text))?;
        write!(f, "  {indent}^")
    }
}

/// The string with control characters replaced by blanks, so that it fits on one line.
fn single_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
