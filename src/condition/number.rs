//! Numbers as in Ditto's engine: 64-bit integers, signed or unsigned, else 64-bit floats. Compared exactly, so that
//! 2^53 and 2^53 + 1 differ even if one of them is a float.

use std::cmp::Ordering;

/// A number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    /// From -2^63 to 2^64 - 1.
    Whole(i128),
    /// Never NaN; infinite beyond the range of a float.
    Float(f64),
}

impl Number {
    /// Parses a JSON number.
    pub fn parse(raw: &[u8]) -> Option<Self> {
        if let Some(number) = small(raw) {
            return Some(Number::Whole(number.into()));
        }
        let text = std::str::from_utf8(raw).ok()?;
        if let Some(whole) = text.parse().ok().and_then(whole) {
            return Some(whole);
        }
        text.parse()
            .ok()
            .filter(|float: &f64| !float.is_nan())
            .map(Number::Float)
    }

    /// Parses a number of a condition, given without its sign. It may be hexadecimal, `.5` or `5.`.
    pub fn parse_literal(text: &str, negative: bool) -> Option<Self> {
        let sign = if negative { "-" } else { "" };
        let Some(digits) = text.strip_prefix("0x") else {
            return Number::parse(format!("{sign}{text}").as_bytes());
        };
        let value = i128::from_str_radix(&format!("{sign}{digits}"), 16).ok()?;
        // The nearest float: what Ditto's engine stores for integers of more than 64 bits.
        #[allow(clippy::cast_precision_loss)]
        whole(value).or(Some(Number::Float(value as f64)))
    }

    /// The number as JSON.
    pub fn json(self) -> String {
        match self {
            Number::Whole(whole) => whole.to_string(),
            Number::Float(float) if float == f64::INFINITY => "1e999".to_owned(),
            Number::Float(float) if float == f64::NEG_INFINITY => "-1e999".to_owned(),
            Number::Float(float) => format!("{float:?}"),
        }
    }

    /// Compares the exact values.
    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Number::Whole(one), Number::Whole(two)) => one.cmp(&two),
            // Neither is NaN.
            (Number::Float(one), Number::Float(two)) => {
                one.partial_cmp(&two).unwrap_or(Ordering::Equal)
            }
            (Number::Whole(one), Number::Float(two)) => against_float(one, two),
            (Number::Float(one), Number::Whole(two)) => against_float(two, one).reverse(),
        }
    }
}

/// Fast path: an integer of at most 18 digits.
fn small(raw: &[u8]) -> Option<i64> {
    let (negative, digits) = match raw {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut value = 0_i64;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    // The integer 0 equals the float -0.0.
    Some(if negative { -value } else { value })
}

fn whole(value: i128) -> Option<Number> {
    let fits = i128::from(i64::MIN) <= value && value <= i128::from(u64::MAX);
    fits.then_some(Number::Whole(value))
}

fn against_float(whole: i128, float: f64) -> Ordering {
    // The cast saturates at the ends of i128, which are far beyond any `Whole`.
    #[allow(clippy::cast_possible_truncation)]
    let floor = float.floor() as i128;
    let fraction = float > float.floor();
    match whole.cmp(&floor) {
        Ordering::Equal if fraction => Ordering::Less,
        order => order,
    }
}
