//! Semantic equality of valid JSON: ignores the order of keys and the spelling of numbers and strings.

use std::borrow::Cow;

use super::{contains_byte, decimal, elements, eq_unescaped, fields, unquote};

/// How two numbers are compared: by all digits ([`eq_numbers`]), or by the rule of a caller.
pub type NumberRule = fn(&[u8], &[u8]) -> bool;

/// Whether two values are equal. Containers nested deeper than `max_depth` are equal only byte by byte, as recursion must
/// end; so are strings that are not UTF-8.
#[must_use]
pub fn eq_values(one: &[u8], two: &[u8], numbers: NumberRule, max_depth: usize) -> bool {
    if one == two {
        return true;
    }
    match (one.first(), two.first()) {
        (Some(b'"'), Some(b'"')) => eq_unescaped(one, two),
        (Some(b'['), Some(b'[')) if max_depth > 0 => {
            let (mut ones, mut twos) = (elements(one), elements(two));
            loop {
                match (ones.next(), twos.next()) {
                    (None, None) => return true,
                    (Some(one), Some(two)) if eq_values(one, two, numbers, max_depth - 1) => {}
                    _ => return false,
                }
            }
        }
        (Some(b'{'), Some(b'{')) if max_depth > 0 => {
            let (ones, twos) = (sorted_fields(one), sorted_fields(two));
            let mut pairs = ones.iter().zip(&twos);
            ones.len() == twos.len()
                && pairs.all(|((key, one), (other, two))| {
                    key == other && eq_values(one, two, numbers, max_depth - 1)
                })
        }
        (Some(b'-' | b'0'..=b'9'), Some(b'-' | b'0'..=b'9')) => numbers(one, two),
        _ => false,
    }
}

/// Whether two numbers are equal in all digits.
#[must_use]
pub fn eq_numbers(one: &[u8], two: &[u8]) -> bool {
    one == two
        || (!(is_canonical_scalar(one) && is_canonical_scalar(two)) && decimal(one) == decimal(two))
}

/// Whether a number is canonical: without an exponent, trailing zeros of a fraction or a negative zero. Two canonical
/// numbers are equal only byte by byte. Literals are canonical.
#[must_use]
pub fn is_canonical_scalar(scalar: &[u8]) -> bool {
    match scalar.first() {
        Some(b'0'..=b'9' | b'-') => {}
        _ => return true,
    }
    let exponent = contains_byte(scalar, |byte| matches!(byte, b'e' | b'E'));
    let zeros = scalar.ends_with(b"0") && scalar.contains(&b'.');
    !(exponent || zeros || scalar.starts_with(b"-0"))
}

/// The fields of an object in the order of their unescaped keys; of equal keys the first.
#[must_use]
pub fn sorted_fields(object: &[u8]) -> Vec<(Cow<'_, str>, &[u8])> {
    let mut all: Vec<_> = fields(object)
        .filter_map(|(key, value)| Some((unquote(key)?, value)))
        .collect();
    all.sort_by(|one, two| one.0.cmp(&two.0));
    all.dedup_by(|later, first| later.0 == first.0);
    all
}
