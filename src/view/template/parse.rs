//! Parser of templates.

use super::{Alignment, Column, ColumnValue, PROPERTIES, Part, Template, TemplateField};
use crate::path::Path;
use crate::util::parse_error::ParseError;

/// Limit of widths.
const MAX_WIDTH: usize = 1_000;

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// [`ParseError`] with the position and what is possible there.
    pub fn parse(text: &str) -> Result<Template, ParseError> {
        let mut parser = Parser {
            text,
            at: 0,
            parts: Vec::new(),
        };
        while let Some(c) = parser.next() {
            match c {
                '%' => parser.directive()?,
                '\\' => parser.escape()?,
                c => parser.push_text(c),
            }
        }
        // Each event is a line, whether or not the user wrote its end.
        if !matches!(parser.parts.last(), Some(Part::Text(text)) if text.ends_with('\n')) {
            parser.push_text('\n');
        }
        Ok(Template {
            parts: parser.parts,
        })
    }
}

struct Parser<'t> {
    text: &'t str,
    /// Number of bytes that were read.
    at: usize,
    parts: Vec<Part>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        self.at += if is_next { wanted.len_utf8() } else { 0 };
        is_next
    }

    fn push_text(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.parts.push(Part::Text(c.to_string())),
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<(), ParseError> {
        let start = self.at - 1;
        let c = match self.next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('\\') => '\\',
            _ => {
                let why = "a backslash stands before n (line end), t (tab) or another backslash";
                return Err(self.error(start, why.to_owned()));
            }
        };
        self.push_text(c);
        Ok(())
    }

    /// What follows a percent sign.
    fn directive(&mut self) -> Result<(), ParseError> {
        let start = self.at - 1;
        for (letter, c) in [('%', '%'), ('n', '\n')] {
            if self.take(letter) {
                self.push_text(c);
                return Ok(());
            }
        }
        let alignment = if self.take('-') {
            Alignment::Left
        } else {
            Alignment::Right
        };
        let min_width = self.width()?.unwrap_or(0);
        let max_width = if self.take('.') { self.width()? } else { None };
        let value = match self.next() {
            Some('{') => ColumnValue::Field(self.field()?),
            letter => {
                let known = PROPERTIES.iter().find(|(c, _, _)| letter == Some(*c));
                let known = known.map(|(_, property, _)| ColumnValue::Property(*property));
                known.ok_or_else(|| self.unknown(start))?
            }
        };
        self.parts.push(Part::Column(Column {
            value,
            min_width,
            max_width,
            alignment,
        }));
        Ok(())
    }

    /// A number of columns, if one comes next.
    fn width(&mut self) -> Result<Option<usize>, ParseError> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = self.text.get(start..self.at).unwrap_or_default();
        if digits.is_empty() {
            return Ok(None);
        }
        let width = digits.parse().ok().filter(|width| *width <= MAX_WIDTH);
        let why = || format!("a width is at most {MAX_WIDTH}");
        width.map(Some).ok_or_else(|| self.error(start, why()))
    }

    /// A path, up to its closing brace.
    fn field(&mut self) -> Result<TemplateField, ParseError> {
        let start = self.at;
        let length = closing_brace(self.rest()).ok_or_else(|| {
            let why = "a path in braces, such as %{status} or %{old.lines[0].qty}, has no '}'";
            self.error(start - 2, why.to_owned())
        })?;
        let typed = self.rest().get(..length).unwrap_or_default();
        self.at += length + 1;
        let path = Path::parse(typed).and_then(Path::one_in_side);
        let (side, steps) = path.map_err(|wrong| self.error(start, wrong.to_string()))?;
        Ok(TemplateField {
            typed: typed.to_owned(),
            side,
            steps,
        })
    }

    fn unknown(&self, start: usize) -> ParseError {
        let typed = self.text.get(start..self.at).unwrap_or_default();
        let all: Vec<String> = PROPERTIES
            .iter()
            .map(|(letter, _, meaning)| format!("%{letter} {meaning}"))
            .collect();
        let why = format!(
            "'{}' is not known; write {}, %{{PATH}} a field of the document, %n line end, or %% for a percent sign",
            typed.escape_debug(),
            all.join(", ")
        );
        self.error(start, why)
    }

    fn error(&self, at: usize, why: String) -> ParseError {
        ParseError::new(self.text, at, why)
    }
}

/// The offset of the brace after a path; names in quotes or backticks can contain braces.
fn closing_brace(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, '}') => return Some(at),
            (None, '"' | '\'' | '`') => quote = Some(c),
            (Some('"' | '\''), '\\') => {
                chars.next();
            }
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}
