//! Semantic equality of values: ignores the order of keys and the spelling of numbers and strings. Unlike in
//! comparisons, null equals null.

use super::value::{MAX_DEPTH, Value, sorted_fields};
use crate::json::{decimal, elements};

/// Whether two raw values are equal, with all digits of numbers.
pub(super) fn same(one: &[u8], two: &[u8]) -> bool {
    one == two || raw(one, two, Digits::All, MAX_DEPTH)
}

/// Whether two values are the same to Ditto's engine, whose numbers have 64 bits.
pub(super) fn same_to_engine(one: &Value<'_>, two: &Value<'_>) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => one.compare(*two).is_eq(),
        _ => values(one, two, Digits::Engine, MAX_DEPTH),
    }
}

/// When two numbers are the same.
#[derive(Debug, Clone, Copy)]
enum Digits {
    All,
    Engine,
}

fn raw(one: &[u8], two: &[u8], digits: Digits, depth: usize) -> bool {
    if one == two {
        return true;
    }
    match (Value::read(one), Value::read(two)) {
        (Value::Number(first), Value::Number(second)) => match digits {
            Digits::All => decimal(one) == decimal(two),
            Digits::Engine => first.compare(second).is_eq(),
        },
        (one, two) => values(&one, &two, digits, depth),
    }
}

fn values(one: &Value<'_>, two: &Value<'_>, digits: Digits, depth: usize) -> bool {
    match (one, two) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(one), Value::Bool(two)) => one == two,
        (Value::Text(one), Value::Text(two)) => one == two,
        (Value::Array(one), Value::Array(two)) if depth > 0 => arrays(one, two, digits, depth - 1),
        (Value::Object(one), Value::Object(two)) if depth > 0 => {
            let (ones, twos) = (sorted_fields(one), sorted_fields(two));
            let pair = |((key, one), (other, two)): (&Field<'_>, &Field<'_>)| {
                key == other && raw(one, two, digits, depth - 1)
            };
            ones.len() == twos.len() && ones.iter().zip(&twos).all(pair)
        }
        _ => false,
    }
}

type Field<'a> = (std::borrow::Cow<'a, str>, &'a [u8]);

fn arrays(one: &[u8], two: &[u8], digits: Digits, depth: usize) -> bool {
    let (mut ones, mut twos) = (elements(one), elements(two));
    loop {
        match (ones.next(), twos.next()) {
            (None, None) => return true,
            (Some(one), Some(two)) if raw(one, two, digits, depth) => {}
            _ => return false,
        }
    }
}
