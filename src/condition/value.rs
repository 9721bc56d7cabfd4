//! Values and their comparison in Ditto's engine: only within a type; null and missing compare with nothing.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::number::Number;
use crate::json::{elements, sorted_fields, unquote};

/// Values nested deeper than this are compared byte by byte.
pub(super) const MAX_DEPTH: usize = 128;

/// A literal.
#[derive(Debug, Clone)]
pub(super) enum Constant {
    Missing,
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    /// An array or an object, as JSON.
    Json(Vec<u8>),
}

/// An operand of a test.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Missing,
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Array(&'a [u8]),
    Object(&'a [u8]),
    /// The result of a test of a value of the wrong type. It propagates.
    Error,
}

/// The result of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ComparisonResult {
    Known(Ordering),
    /// One of them is null.
    Null,
    /// One of them is missing, or they have different types.
    Missing,
    /// One of them is an error.
    Error,
}

impl<'a> Value<'a> {
    /// A value of a document, as raw JSON.
    pub fn read(raw: &'a [u8]) -> Self {
        let known = match raw.first() {
            Some(b'"') => unquote(raw).map(Value::Text),
            Some(b'{') => Some(Value::Object(raw)),
            Some(b'[') => Some(Value::Array(raw)),
            Some(b't') => Some(Value::Bool(true)),
            Some(b'f') => Some(Value::Bool(false)),
            Some(b'n') => Some(Value::Null),
            _ => Number::parse(raw).map(Value::Number),
        };
        known.unwrap_or(Value::Missing)
    }

    pub fn constant(constant: &'a Constant) -> Self {
        match constant {
            Constant::Missing => Value::Missing,
            Constant::Null => Value::Null,
            Constant::Bool(yes) => Value::Bool(*yes),
            Constant::Number(number) => Value::Number(*number),
            Constant::String(text) => Value::Text(Cow::Borrowed(text)),
            Constant::Json(json) => Value::read(json),
        }
    }

    /// The result of `type()`; `None` for an error.
    pub fn kind(&self) -> Option<&'static str> {
        Some(match self {
            Value::Error => return None,
            Value::Missing => "missing",
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(Number::Whole(_)) => "integer",
            Value::Number(Number::Float(_)) => "float",
            Value::Text(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        })
    }

    pub fn compare(&self, other: &Value<'_>) -> ComparisonResult {
        compare(self, other, MAX_DEPTH)
    }
}

fn compare(one: &Value<'_>, two: &Value<'_>, depth: usize) -> ComparisonResult {
    match (one, two) {
        (Value::Error, _) | (_, Value::Error) => ComparisonResult::Error,
        (Value::Missing, _) | (_, Value::Missing) => ComparisonResult::Missing,
        (Value::Null, _) | (_, Value::Null) => ComparisonResult::Null,
        (Value::Bool(one), Value::Bool(two)) => ComparisonResult::Known(one.cmp(two)),
        (Value::Number(one), Value::Number(two)) => ComparisonResult::Known(one.compare(*two)),
        (Value::Text(one), Value::Text(two)) => ComparisonResult::Known(one.cmp(two)),
        (Value::Array(one), Value::Array(two)) if depth > 0 => arrays(one, two, depth - 1),
        (Value::Object(one), Value::Object(two)) if depth > 0 => objects(one, two, depth - 1),
        (Value::Array(one), Value::Array(two)) | (Value::Object(one), Value::Object(two))
            if one == two =>
        {
            ComparisonResult::Known(Ordering::Equal)
        }
        _ => ComparisonResult::Missing,
    }
}

/// The first different elements decide, then the lengths.
fn arrays(one: &[u8], two: &[u8], depth: usize) -> ComparisonResult {
    let (mut ones, mut twos) = (elements(one), elements(two));
    loop {
        match (ones.next(), twos.next()) {
            (Some(one), Some(two)) => {
                let compared = compare(&Value::read(one), &Value::read(two), depth);
                if compared != ComparisonResult::Known(Ordering::Equal) {
                    return compared;
                }
            }
            (one, two) => return ComparisonResult::Known(one.is_some().cmp(&two.is_some())),
        }
    }
}

/// The first key in alphabetical order that only one of them has, or whose values differ, decides: a missing value is
/// less than any value.
fn objects(one: &[u8], two: &[u8], depth: usize) -> ComparisonResult {
    let (ones, twos) = (sorted_fields(one), sorted_fields(two));
    let (mut ones, mut twos) = (ones.iter().peekable(), twos.iter().peekable());
    loop {
        let order = match (ones.peek(), twos.peek()) {
            (Some(one), Some(two)) => one.0.cmp(&two.0),
            (one, two) => return ComparisonResult::Known(one.is_some().cmp(&two.is_some())),
        };
        if order != Ordering::Equal {
            return ComparisonResult::Known(order.reverse());
        }
        if let (Some(one), Some(two)) = (ones.next(), twos.next()) {
            let compared = compare(&Value::read(one.1), &Value::read(two.1), depth);
            if compared != ComparisonResult::Known(Ordering::Equal) {
                return compared;
            }
        }
    }
}
