//! When two values are one and the same: the order of keys and the spelling of numbers and texts do not matter.
//! Unlike in comparisons, null is the same as null, and every two values are either the same or not.

use super::members::elements;
use super::value::{DEPTH, Value, sorted};

/// Whether two raw values say the same, digit by digit.
pub(super) fn same(one: &[u8], two: &[u8]) -> bool {
    one == two || raw(one, two, Digits::All, DEPTH)
}

/// Whether two values are the same to Ditto's engine, whose numbers have 64 bits.
pub(super) fn same_to_engine(one: &Value<'_>, two: &Value<'_>) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => one.compare(*two).is_eq(),
        _ => values(one, two, Digits::Engine, DEPTH),
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
            let (ones, twos) = (sorted(one), sorted(two));
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

/// A number in the one form that each value has: sign, digits without zeros at either end, and the power of ten of
/// the last digit. Zero has none of them.
fn decimal(raw: &[u8]) -> (bool, Vec<u8>, i128) {
    let (negative, unsigned) = match raw {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, raw),
    };
    let mantissa = unsigned.split(|byte| matches!(byte, b'e' | b'E')).next();
    let mantissa = mantissa.unwrap_or_default();
    let mut exponent = power(unsigned.get(mantissa.len() + 1..).unwrap_or_default());
    let behind_point = mantissa.rsplit(|byte| *byte == b'.').next();
    if let Some(behind) = behind_point.filter(|behind| behind.len() < mantissa.len()) {
        exponent = exponent.saturating_sub(i128::try_from(behind.len()).unwrap_or(i128::MAX));
    }
    let mut digits: Vec<u8> = mantissa
        .iter()
        .copied()
        .filter(u8::is_ascii_digit)
        .collect();
    while digits.pop_if(|last| *last == b'0').is_some() {
        exponent = exponent.saturating_add(1);
    }
    let leading = digits.iter().take_while(|byte| **byte == b'0').count();
    digits.drain(..leading);
    if digits.is_empty() {
        return (false, digits, 0);
    }
    (negative, digits, exponent)
}

/// An exponent of more than 38 digits ends at the largest one that there is.
fn power(exponent: &[u8]) -> i128 {
    let text = std::str::from_utf8(exponent).unwrap_or_default();
    match text.strip_prefix('+').unwrap_or(text) {
        "" => 0,
        text if text.starts_with('-') => text.parse().unwrap_or(i128::MIN),
        text => text.parse().unwrap_or(i128::MAX),
    }
}
