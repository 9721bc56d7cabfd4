//! Arbitrary-precision decimal numbers: two spellings are equal exactly if they denote the same number. Nothing is
//! converted to binary, so no digit is lost.

use std::borrow::Cow;

/// A number in normal form: `±digits × 10^exponent`, the digits without zeros at either end. Zero and negative zero
/// have no digits.
#[derive(Debug, PartialEq, Eq)]
pub struct Decimal<'a> {
    /// Below zero.
    pub negative: bool,
    /// ASCII digits.
    pub digits: Cow<'a, [u8]>,
    /// The power of ten of the last digit.
    pub exponent: Exponent,
}

/// A power of ten in normal form.
#[derive(Debug, PartialEq, Eq)]
pub enum Exponent {
    /// At most 36 digits.
    Small(i128),
    /// More digits.
    Huge {
        /// Below zero.
        negative: bool,
        /// ASCII digits without leading zeros.
        digits: Vec<u8>,
    },
}

/// Digits of an exponent that fits an `i128` even after the length of a document is added.
const MAX_EXACT_DIGITS: usize = 36;
/// The smallest number with more digits.
const EXACT_LIMIT: u128 = 10_u128.pow(36);

/// Parses a JSON number; the result for other bytes is undefined.
#[must_use]
pub fn decimal(raw: &[u8]) -> Decimal<'_> {
    let (negative, unsigned) = match raw {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, raw),
    };
    let (mantissa, power) = split(unsigned, |byte| matches!(byte, b'e' | b'E'));
    let (whole, fraction) = split(mantissa, |byte| byte == b'.');
    let digits = if fraction.is_empty() {
        Cow::Borrowed(whole)
    } else {
        Cow::Owned([whole, fraction].concat())
    };
    let (digits, zeros) = trimmed(digits);
    if digits.is_empty() {
        return Decimal {
            negative: false,
            digits,
            exponent: Exponent::Small(0),
        };
    }
    let shift = length(zeros) - length(fraction.len());
    Decimal {
        negative,
        digits,
        exponent: exponent(power, shift),
    }
}

/// The bytes before and after the first byte of a class.
fn split(text: &[u8], is: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| is(*byte)) {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at + 1..).unwrap_or_default(),
        ),
        None => (text, b""),
    }
}

/// The digits without zeros at either end, and the number of zeros at the right.
fn trimmed(digits: Cow<'_, [u8]>) -> (Cow<'_, [u8]>, usize) {
    let significant_range = |digits: &[u8]| {
        let end = digits
            .iter()
            .rposition(|digit| *digit != b'0')
            .map_or(0, |at| at + 1);
        let start = digits
            .iter()
            .position(|digit| *digit != b'0')
            .unwrap_or(end);
        start.min(end)..end
    };
    let range = significant_range(&digits);
    let zeros = digits.len() - range.end;
    let significant = match digits {
        Cow::Borrowed(all) => Cow::Borrowed(all.get(range).unwrap_or_default()),
        Cow::Owned(mut all) => {
            all.truncate(range.end);
            all.drain(..range.start);
            Cow::Owned(all)
        }
    };
    (significant, zeros)
}

fn length(count: usize) -> i128 {
    i128::try_from(count).unwrap_or(i128::MAX >> 8)
}

/// The written exponent plus `shift`.
fn exponent(written: &[u8], shift: i128) -> Exponent {
    let (negative, digits) = match written {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, written),
    };
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = digits.get(zeros..).unwrap_or_default();
    let signed = |size: i128| if negative { -size } else { size };
    if let Some(size) = small(digits) {
        return from_size(signed(size) + shift);
    }
    let digits = shifted(digits, signed(shift));
    match small(&digits) {
        Some(size) => Exponent::Small(signed(size)),
        None => Exponent::Huge { negative, digits },
    }
}

/// The normal form of an exponent that may have more digits than [`MAX_EXACT_DIGITS`].
fn from_size(size: i128) -> Exponent {
    if size.unsigned_abs() < EXACT_LIMIT {
        return Exponent::Small(size);
    }
    Exponent::Huge {
        negative: size < 0,
        digits: size.unsigned_abs().to_string().into_bytes(),
    }
}

fn small(digits: &[u8]) -> Option<i128> {
    let value = |all: i128, digit: &u8| all * 10 + i128::from(digit.wrapping_sub(b'0'));
    (digits.len() <= MAX_EXACT_DIGITS).then(|| digits.iter().fold(0, value))
}

/// Digits of a number that is larger than `by`, with `by` added.
fn shifted(digits: &[u8], by: i128) -> Vec<u8> {
    let (mut carry, mut sum) = (by, Vec::with_capacity(digits.len() + 1));
    for digit in digits.iter().rev() {
        let here = i128::from(digit.wrapping_sub(b'0')) + carry;
        sum.push(b'0' + u8::try_from(here.rem_euclid(10)).unwrap_or(0));
        carry = here.div_euclid(10);
    }
    while carry > 0 {
        sum.push(b'0' + u8::try_from(carry % 10).unwrap_or(0));
        carry /= 10;
    }
    while sum.last() == Some(&b'0') {
        sum.pop();
    }
    sum.reverse();
    sum
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn numbers() {
        let check = |one: &str, other: &str, expected: bool| {
            let same = decimal(one.as_bytes()) == decimal(other.as_bytes());
            assert_eq!(same, expected, "{one} {other}");
        };
        check("1", "1.0", true);
        check("1", "1e0", true);
        check("10", "1E+1", true);
        check("0.1", "1e-1", true);
        check("-0", "0", true);
        check("0e5", "0.000", true);
        check("-1", "1", false);
        check("100", "1e2", true);
        check("1200.50", "12005e-1", true);
        check("9007199254740993", "9007199254740992", false);
        check("9007199254740993", "9007199254740993.0", true);
        check("0.30000000000000004", "0.3", false);
        check("1e400", "1e401", false);
        check("1e400", "10e399", true);
        check("1e0005", "100000", true);
        let (nines, ten) = ("9".repeat(50), format!("1{}", "0".repeat(50)));
        check(&format!("10e{nines}"), &format!("1e{ten}"), true);
        check(&format!("1e{nines}"), &format!("1e{ten}"), false);
        check(&format!("1e-{nines}"), &format!("0.1e-{}", &nines), false);
        check(&format!("0.1e-{nines}"), &format!("1e-{ten}"), true);
        let edge = format!("1{}", "0".repeat(36));
        check(
            &format!("0.1e{edge}"),
            &format!("1e{}", "9".repeat(36)),
            true,
        );
        check(
            &format!("10e{}", "9".repeat(36)),
            &format!("1e{edge}"),
            true,
        );
    }
}
