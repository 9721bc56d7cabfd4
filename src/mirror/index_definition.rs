//! An index as typed: `orders(status, total.cents)`, and the columns that it needs.

use std::fmt;

use super::names::quoted;
use crate::json::string_end;
use crate::path::{Path, Segment, Step, backticked};
use crate::util::parse_error::ParseError;

/// Maximum number of fields of one index.
const MAX_FIELDS: usize = 50;
/// Maximum index of an array's element: `SQLite` counts with 32 bits.
const MAX_ELEMENT: usize = 1_000_000_000;

/// An index over fields of a collection's documents, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    collection: String,
    fields: Vec<IndexField>,
}

/// A field that has a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexField(pub Vec<Step>);

impl Index {
    /// Parses `COLLECTION(PATH, PATH …)`. A collection with other characters than letters, digits, `_`, `-`, `.` and `:` is
    /// written in backticks.
    ///
    /// # Errors
    /// [`ParseError`] with the position and what was expected there.
    pub fn parse(text: &str) -> Result<Index, ParseError> {
        let (collection, at) = collection(text)?;
        let (fields, end) = fields(text, at)?;
        let after = end + 1;
        let rest = text.get(after..).unwrap_or_default();
        if !rest.trim().is_empty() {
            let why = "nothing may follow the list of fields: give --index once for each index";
            return Err(ParseError::new(text, skip_blanks(text, after), why.into()));
        }
        Ok(Index { collection, fields })
    }

    /// Parses the fields of a collection as [`Index::fields_text`] prints them.
    pub(super) fn from_stored(collection: &str, fields_text: &str) -> Result<Index, ParseError> {
        let text = format!("{fields_text})");
        let (fields, end) = fields(&text, 0)?;
        if end != fields_text.len() {
            let why = "a list of fields ends here".to_owned();
            return Err(ParseError::new(fields_text, end, why));
        }
        Ok(Index {
            collection: collection.to_owned(),
            fields,
        })
    }

    /// The collection.
    #[must_use]
    pub fn collection(&self) -> &str {
        &self.collection
    }

    /// The fields in their order.
    pub(super) fn fields(&self) -> &[IndexField] {
        &self.fields
    }

    /// The fields as one text, the same for each spelling.
    pub(super) fn fields_text(&self) -> String {
        let fields: Vec<String> = self.fields.iter().map(ToString::to_string).collect();
        fields.join(", ")
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.collection;
        if !name.is_empty() && name.chars().all(is_plain) {
            return write!(f, "{name}({})", self.fields_text());
        }
        write!(f, "`{}`({})", name.replace('`', "``"), self.fields_text())
    }
}

impl IndexField {
    /// The definition of a column of this field. A document that `SQLite` cannot read, for example one that is nested too
    /// deeply, has null.
    pub fn column(&self, name: &str) -> String {
        let path = self.json_path().replace('\'', "''");
        format!(
            "{} AS (CASE WHEN json_valid(doc) THEN json_extract(doc, '{path}') END) VIRTUAL",
            quoted(name)
        )
    }

    /// The path in the language of `SQLite`. Its names in quotes have the escapes of JSON, because older versions compare
    /// them with the bytes of the document.
    fn json_path(&self) -> String {
        let mut path = "$".to_owned();
        for step in &self.0 {
            match step {
                Step::Key(key) | Step::Token(key, _) => {
                    let key = String::from_utf8_lossy(key);
                    let starts_well = key.starts_with(|c: char| c.is_ascii_alphabetic());
                    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    path.push('.');
                    if starts_well && key.chars().all(is_plain) {
                        path.push_str(&key);
                    } else {
                        path.push_str(&serde_json::Value::from(key).to_string());
                    }
                }
                Step::Index(index) => path.extend(["[", &index.to_string(), "]"]),
            }
        }
        path
    }
}

impl fmt::Display for IndexField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segments: Vec<Segment> = self.0.iter().cloned().map(Segment::One).collect();
        write!(f, "{}", crate::path::Printed(&segments))
    }
}

/// Characters of a collection's name that need no backticks.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
}

/// The collection, and the place after the opening bracket.
fn collection(text: &str) -> Result<(String, usize), ParseError> {
    let wrong = |at, why: &str| Err(ParseError::new(text, at, why.to_owned()));
    let start = skip_blanks(text, 0);
    let rest = text.get(start..).unwrap_or_default();
    let (name, end) = if rest.starts_with('`') {
        let Some((name, length)) = backticked(rest) else {
            return wrong(start, "a backtick is missing");
        };
        (name, start + length)
    } else {
        let length = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
        (
            rest.get(..length).unwrap_or_default().to_owned(),
            start + length,
        )
    };
    let at = skip_blanks(text, end);
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        _ if name.is_empty() && rest.starts_with('(') => wrong(
            start,
            "the collection is missing, such as orders(status, total.cents)",
        ),
        Some('(') => Ok((name, at + 1)),
        None => wrong(
            at,
            "the fields are missing, such as orders(status, total.cents)",
        ),
        Some('*' | '?' | '[' | '{' | '!') => wrong(
            at,
            "an index is for one collection: give --index once for each, or write a name with such characters in backticks",
        ),
        Some(_) => wrong(
            at,
            "expected a list of fields, such as orders(status, total.cents); a collection with other characters stands in backticks",
        ),
    }
}

/// The fields from the place after the opening bracket, and the place of the closing one.
fn fields(text: &str, mut at: usize) -> Result<(Vec<IndexField>, usize), ParseError> {
    let mut fields = Vec::new();
    loop {
        let start = skip_blanks(text, at);
        let end = field_end(text, start)?;
        let field = field(text, start, end)?;
        if fields.contains(&field) {
            let why = format!("{field} is in the list already");
            return Err(ParseError::new(text, start, why));
        }
        fields.push(field);
        if fields.len() > MAX_FIELDS {
            let why = format!("an index has at most {MAX_FIELDS} fields");
            return Err(ParseError::new(text, start, why));
        }
        if text.as_bytes().get(end) == Some(&b')') {
            return Ok((fields, end));
        }
        at = end + 1;
    }
}

/// The place of the comma or the bracket after a field.
fn field_end(text: &str, start: usize) -> Result<usize, ParseError> {
    let is_pointer = text.as_bytes().get(start) == Some(&b'/');
    let mut at = start;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let skipped = match rest.as_bytes() {
            [b',' | b')', ..] => return Ok(at),
            _ if is_pointer => Some(char_length(rest)),
            [b' ' | b'\t', ..] => Some(blanks_length(text, at)?),
            [b'`', ..] => backticked(rest).map(|(_, length)| length),
            [b'[', b'"', ..] => string_end(rest.as_bytes(), 1),
            [b'[', b'\'', ..] => single_quoted_end(rest),
            _ => Some(char_length(rest)),
        };
        let Some(skipped) = skipped else {
            return Err(ParseError::new(
                text,
                at,
                "a quote or backtick is missing".into(),
            ));
        };
        at += skipped;
    }
    Err(ParseError::new(text, text.len(), "a ) is missing".into()))
}

/// The length of blanks at the end of a field. Blanks in a name are refused, because they may be meant as SQL.
fn blanks_length(text: &str, at: usize) -> Result<usize, ParseError> {
    let end = skip_blanks(text, at);
    let rest = text.get(end..).unwrap_or_default();
    if rest.is_empty() || rest.starts_with([',', ')']) {
        return Ok(end - at);
    }
    let why = "a name with blanks stands in brackets, such as [\"user name\"]; an index has no ASC, DESC or COLLATE: it is read in both directions";
    Err(ParseError::new(text, at, why.to_owned()))
}

/// The length of a bracket with a name in single quotes, up to and including the second quote.
fn single_quoted_end(rest: &str) -> Option<usize> {
    let mut bytes = rest.bytes().enumerate().skip(2);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\'' => return Some(at + 1),
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

fn field(text: &str, start: usize, end: usize) -> Result<IndexField, ParseError> {
    let wrong = |at, why| ParseError::new(text, at, why);
    let typed = text.get(start..end).unwrap_or_default().trim_end();
    if typed.is_empty() {
        return Err(wrong(start, "a field is missing".to_owned()));
    }
    let path = Path::parse(typed).map_err(|error| wrong(start, error.why))?;
    let steps = path.one_in_document();
    let steps = steps.map_err(|error| wrong(start, error.why))?;
    match refusal(&steps) {
        Some(why) => Err(wrong(start, why)),
        None => Ok(IndexField(steps.into_iter().map(plain).collect())),
    }
}

/// A token of a JSON Pointer that can only be a field is one.
fn plain(step: Step) -> Step {
    match step {
        Step::Token(key, None) => Step::Key(key),
        other => other,
    }
}

/// Why steps have no column.
fn refusal(steps: &[Step]) -> Option<String> {
    if steps.is_empty() {
        return Some("a field is missing: the whole document has no index".to_owned());
    }
    steps.iter().find_map(|step| match step {
        Step::Key(key) | Step::Token(key, None) => match std::str::from_utf8(key) {
            Ok(_) => None,
            Err(_) => Some("a name with half of a surrogate pair has no index".to_owned()),
        },
        Step::Token(_, Some(index)) => Some(format!(
            "{index} can be an element or a field: write [{index}] or [\"{index}\"] instead of a JSON Pointer"
        )),
        Step::Index(index) if *index > MAX_ELEMENT => {
            Some(format!("the index {index} is too high for SQLite"))
        }
        Step::Index(_) => None,
    })
}

fn skip_blanks(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_start().len()
}

fn char_length(rest: &str) -> usize {
    rest.chars().next().map_or(1, char::len_utf8)
}
