//! Parser of paths. Spellings of other languages are understood if they can mean only one thing, else refused with the
//! right one.

use std::fmt;

use super::error::PathError;
use super::print::Printed;
use super::segment::{Segment, Step};
use crate::json::{check, string_end, unescaped};

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    typed: String,
    /// The steps from the root of the document; empty for the document itself.
    segments: Vec<Segment>,
    spelling: Spelling,
    /// Number of leading names without quotes: only these can be meant as a part of the event.
    unquoted: usize,
}

/// A document of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The document before the change.
    Old,
    /// The document after the change.
    New,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Old => "old",
            Side::New => "new",
        })
    }
}

/// The language of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// This program's, which is jq's with DQL's backticks.
    Plain,
    /// `JSONPath` (RFC 9535): `$.name`.
    JsonPath,
    /// JSON Pointer (RFC 6901): `/name`.
    Pointer,
}

impl Path {
    /// Parses a path: `address.city`, `lines[2].qty`, `lines[*].qty`, `**.password`, `["odd.key"]`.
    ///
    /// # Errors
    /// [`PathError`] with the reason.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        let wrong = |why| PathError {
            path: text.to_owned(),
            why,
        };
        let path = |segments, spelling, unquoted| Path {
            typed: text.to_owned(),
            segments,
            spelling,
            unquoted,
        };
        if let Some(tokens) = text.strip_prefix('/') {
            let tokens: Result<Vec<_>, _> = tokens.split('/').map(token).collect();
            let tokens = tokens.map_err(wrong)?;
            let count = tokens.len();
            return Ok(path(tokens, Spelling::Pointer, count));
        }
        let (spelling, rest) = match text.strip_prefix('$') {
            Some(rest) if rest.is_empty() || rest.starts_with(['.', '[']) => {
                (Spelling::JsonPath, rest)
            }
            _ => (Spelling::Plain, text),
        };
        if text.is_empty() {
            return Err(wrong(expected("it is empty")));
        }
        let is_root = rest.is_empty() || (rest == "." && spelling == Spelling::Plain);
        let mut parser = Parser::new(if is_root { "" } else { rest });
        parser.all().map_err(wrong)?;
        Ok(path(parser.segments, spelling, parser.unquoted))
    }

    /// The segments of a path that is read in both documents of a change.
    ///
    /// # Errors
    /// [`PathError`] if it chooses one of them with `old` or `new`.
    pub fn in_both(self) -> Result<Vec<Segment>, PathError> {
        let Some(side) = self.side() else {
            return Ok(self.segments);
        };
        let rest = self.segments.get(1..).unwrap_or_default();
        let field = Printed(&self.segments);
        let why = if rest.is_empty() {
            format!(
                "{side} is a whole document: write . for the document, {field} for a field of that name"
            )
        } else {
            format!(
                "{side}. chooses one document, and this path is read in both: write {}; for a field {side}, write {field}",
                Printed(rest)
            )
        };
        Err(self.wrong(why))
    }

    /// The steps of a path to a single value that is read in both documents of a change.
    ///
    /// # Errors
    /// [`PathError`] if it names several values, or chooses a document.
    pub fn one_in_both(self) -> Result<Vec<Step>, PathError> {
        let typed = self.typed.clone();
        let instead = format!(", or --only '{typed}'");
        one_value(self.in_both()?, &typed, &instead)
    }

    /// The document that the path chooses with `old` or `new`, and the steps of a path to a single value in it.
    ///
    /// # Errors
    /// [`PathError`] if it names several values.
    pub fn one_in_side(self) -> Result<(Option<Side>, Vec<Step>), PathError> {
        let side = self.side();
        let skipped = usize::from(side.is_some());
        let segments = self.segments.into_iter().skip(skipped).collect();
        Ok((side, one_value(segments, &self.typed, "")?))
    }

    /// The steps of a path to a single value of a stored document.
    ///
    /// # Errors
    /// [`PathError`] if it names several values, or chooses a document of a change.
    pub fn one_in_document(self) -> Result<Vec<Step>, PathError> {
        if let Some(side) = self.side() {
            let field = Printed(&self.segments);
            let why = format!(
                "{side} is a document of a change, and here is only one document; for a field {side}, write {field}"
            );
            return Err(self.wrong(why));
        }
        one_value(self.segments, &self.typed, "")
    }

    /// All values that the path can mean, for hiding them. `old.name` and `new.name` mean `name` in both documents and a
    /// field `old` or `new`; the same holds for the names of an event around its documents, such as `change.newValue`.
    ///
    /// # Errors
    /// [`PathError`] if it is only `old` or `new`.
    pub fn readings(self) -> Result<Vec<Vec<Segment>>, PathError> {
        if self.side().is_some() && self.segments.len() == 1 {
            return self.in_both().map(|segments| vec![segments]);
        }
        let mut readings = vec![self.segments.clone()];
        let inside = self.after_envelope();
        readings.extend(inside.map(<[Segment]>::to_vec));
        let literal = |key: &str| Segment::One(Step::Key(key.as_bytes().to_vec()));
        match self.spelling {
            Spelling::Plain => {}
            Spelling::JsonPath => {
                readings.push([&[literal("$")], &*self.segments].concat());
            }
            Spelling::Pointer => readings.push(vec![literal(&self.typed)]),
        }
        Ok(readings)
    }

    /// The side that the first name chooses. A JSON Pointer cannot choose one.
    fn side(&self) -> Option<Side> {
        if self.spelling == Spelling::Pointer {
            return None;
        }
        match self.unquoted_name(0)? {
            "old" => Some(Side::Old),
            "new" => Some(Side::New),
            _ => None,
        }
    }

    /// The segments after the names that an event has around a document.
    fn after_envelope(&self) -> Option<&[Segment]> {
        let name = |at| self.unquoted_name(at).unwrap_or_default();
        let after = match (name(0), name(1), name(2)) {
            ("value", "change", "newValue" | "oldValue" | "value") => 3,
            ("change", "newValue" | "oldValue" | "value", _) => 2,
            ("newValue" | "oldValue" | "old" | "new", _, _) if self.segments.len() > 1 => 1,
            _ => return None,
        };
        self.segments.get(after..)
    }

    fn unquoted_name(&self, at: usize) -> Option<&str> {
        let segment = self.segments.get(..self.unquoted)?.get(at)?;
        match segment {
            Segment::One(Step::Key(key) | Step::Token(key, _)) => std::str::from_utf8(key).ok(),
            _ => None,
        }
    }

    fn wrong(self, why: String) -> PathError {
        PathError {
            path: self.typed,
            why,
        }
    }
}

/// The steps of a path to a single value; `instead` tells what takes several.
fn one_value(segments: Vec<Segment>, typed: &str, instead: &str) -> Result<Vec<Step>, PathError> {
    let one = |segment| match segment {
        Segment::One(step) => Ok(step),
        _ => Err(PathError {
            why: format!(
                "* names several values, and here a path names one: use an index such as [0]{instead}"
            ),
            path: typed.to_owned(),
        }),
    };
    segments.into_iter().map(one).collect()
}

fn expected(why: &str) -> String {
    format!(
        "{why}; expected such as address.city, lines[2].qty, lines[*].qty, **.password or [\"odd.key\"]"
    )
}

/// The content of a name in backticks at the beginning of a text, and its length in bytes; a doubled backtick stands for
/// one. `None` if it does not end.
#[must_use]
pub fn backticked(text: &str) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '`' {
            name.push(c);
        } else if chars.next_if(|(_, next)| *next == '`').is_some() {
            name.push('`');
        } else {
            return Some((name, at + 1));
        }
    }
    None
}

/// A token of a JSON Pointer.
fn token(token: &str) -> Result<Segment, String> {
    let mut key = String::new();
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        key.push(match (c, c == '~') {
            (_, false) => c,
            _ => match chars.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err("in a JSON Pointer, write ~ as ~0 and / as ~1".into()),
            },
        });
    }
    let is_index = key == "0" || (!key.starts_with('0') && key.bytes().all(|b| b.is_ascii_digit()));
    let index = key.parse().ok().filter(|_| is_index);
    Ok(Segment::One(Step::Token(key.into_bytes(), index)))
}

struct Parser<'t> {
    rest: &'t str,
    segments: Vec<Segment>,
    unquoted: usize,
}

impl<'t> Parser<'t> {
    fn new(rest: &'t str) -> Self {
        Parser {
            rest,
            segments: Vec::new(),
            unquoted: 0,
        }
    }

    fn all(&mut self) -> Result<(), String> {
        if self.take('.') && self.rest.is_empty() {
            return named("").map(drop);
        }
        while !self.rest.is_empty() {
            let segment = self.segment()?;
            self.segments.push(segment);
            if self.take('.') {
                if self.rest.is_empty() {
                    return Err(expected("it ends with a dot"));
                }
            } else if !self.rest.is_empty() && !self.rest.starts_with('[') {
                return Err(expected("a dot is missing after the bracket or backtick"));
            }
        }
        Ok(())
    }

    fn take(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn segment(&mut self) -> Result<Segment, String> {
        match self.rest.chars().next() {
            Some('[') => {
                self.take('[');
                self.bracket()
            }
            Some('`') => {
                let (name, length) = backticked(self.rest).ok_or("a backtick is missing")?;
                self.rest = self.rest.get(length..).unwrap_or_default();
                Ok(key(name.as_bytes()))
            }
            _ => {
                let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
                let (name, rest) = self.rest.split_at(end);
                self.rest = rest;
                let segment = named(name)?;
                if self.unquoted == self.segments.len() {
                    self.unquoted += 1;
                }
                Ok(segment)
            }
        }
    }

    /// After an opening bracket.
    fn bracket(&mut self) -> Result<Segment, String> {
        if let Some(quote @ ('"' | '\'')) = self.rest.chars().next() {
            let name = self.quoted(quote)?;
            if !self.take(']') {
                return Err("a bracket is not closed".into());
            }
            return Ok(key(&name));
        }
        let (inside, rest) = self.rest.split_once(']').ok_or("a bracket is not closed")?;
        self.rest = rest;
        match inside {
            "" | "*" => Ok(Segment::AnyIndex),
            _ if inside.starts_with('-') => {
                Err("an index counts from the beginning of the array: [0], [1], …".into())
            }
            _ => match inside.parse() {
                Ok(index) => Ok(Segment::One(Step::Index(index))),
                Err(_) => Err(format!(
                    "the index is not a number; write the name of a field as {}",
                    bracketed(inside)
                )),
            },
        }
    }

    /// A name in quotes, with the escapes of JSON; in single quotes also `\'`.
    fn quoted(&mut self, quote: char) -> Result<Vec<u8>, String> {
        let json = if quote == '"' {
            let end = string_end(self.rest.as_bytes(), 0).ok_or("a quote is missing")?;
            let (json, rest) = self.rest.split_at(end);
            self.rest = rest;
            json.to_owned()
        } else {
            self.single_quoted().ok_or("a quote is missing")?
        };
        if check(json.as_bytes()).is_err() {
            return Err(format!(
                "{json} is not a valid JSON string: write \\ as \\\\"
            ));
        }
        Ok(unescaped(json.as_bytes()).into_owned())
    }

    /// The JSON string of a name in single quotes.
    fn single_quoted(&mut self) -> Option<String> {
        let mut json = String::from('"');
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    json.push('"');
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(json);
                }
                '\\' => match chars.next()?.1 {
                    '\'' => json.push('\''),
                    escaped => json.extend(['\\', escaped]),
                },
                '"' => json.push_str("\\\""),
                _ => json.push(c),
            }
        }
        None
    }
}

fn key(name: &[u8]) -> Segment {
    Segment::One(Step::Key(name.to_vec()))
}

/// A name without quotes.
fn named(name: &str) -> Result<Segment, String> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    Ok(match name {
        "" => return Err(expected("a name is missing (any depth is **.name)")),
        "*" => Segment::Any,
        "**" => Segment::Deep,
        _ if is_number => {
            return Err(format!(
                "{name} is not a plain name: write [{name}] for an element of an array, {} for a field",
                bracketed(name)
            ));
        }
        _ => match refused(name) {
            Some(why) => return Err(why),
            None if name.contains(['*', '?']) => Segment::Glob(name.chars().collect()),
            None => key(name.as_bytes()),
        },
    })
}

/// Why a name needs quotes, if it does.
fn refused(name: &str) -> Option<String> {
    let unquoted = name.trim_matches(['"', '\'']);
    if unquoted != name {
        let plain = bracketed(unquoted);
        return Some(format!(
            "a name in quotes stands in brackets: write {plain}"
        ));
    }
    let field = bracketed(name);
    if name.contains(',') {
        return Some(format!(
            "a comma does not separate paths: give the option once for each path, or write {field} for a field of that name"
        ));
    }
    if name.contains('/') {
        return Some(format!(
            "a slash does not separate names: write {}, or {field} for a field of that name",
            name.replace('/', ".")
        ));
    }
    let odd = name.contains(['\\', '"', '\'', '`', ']']) || name.contains(char::is_control);
    (odd || name.trim() != name).then(|| format!("this name needs quotes: write {field}"))
}

/// A field as a quoted step.
fn bracketed(name: &str) -> String {
    format!("[{}]", serde_json::Value::from(name))
}
