//! Numbers and literals: validation without computing a value. A number may have any length and any exponent.

use fearless_simd::Simd;

use super::block::Block;

/// State carried into the next block: each is 1 or 0 and describes its first byte.
#[derive(Default)]
pub(super) struct Scalars {
    /// The previous byte belongs to a number or literal.
    in_scalar: u64,
    /// The previous byte is a sign or dot, so this one must be a digit.
    needs_digit: u64,
    /// Only digits precede this byte since the last dot.
    fraction: u64,
}

/// The numbers and literals of a block.
pub(super) struct Spans {
    /// Their first bytes.
    pub starts: u64,
    /// The bytes just after them.
    pub ends: u64,
    /// Errors, at or just after them.
    pub errors: u64,
}

impl Scalars {
    /// Validates the `scalar` bytes of the block at `base`: neither in strings nor blanks nor operators.
    ///
    /// Plain numbers are validated all at once; literals, exponents and errors one by one.
    #[inline(always)]
    pub fn block(
        &mut self,
        json: &[u8],
        base: usize,
        block: Block<impl Simd>,
        scalar: u64,
    ) -> Spans {
        let follows = scalar << 1 | self.in_scalar;
        self.in_scalar = scalar >> 63;
        let starts = scalar & !follows;
        let (digit, dot) = (scalar & block.digit(), scalar & block.dot());
        let sign = starts & block.minus();
        // If only the next block shows whether a digit follows, the number is validated by itself.
        let zero = block.zero() & (starts | sign << 1);
        let cut = (zero | sign) & 1 << 63;
        let odd = scalar & !(digit | dot | sign) | cut;
        let mut errors = self.fractions(digit, dot, sign) | (zero << 1 & digit) | (dot & starts);
        if odd != 0 {
            errors |= one_by_one(json, base, scalar, odd);
        }
        Spans {
            starts,
            ends: follows & !scalar,
            errors,
        }
    }

    /// Signs and dots precede digits; no other dot follows the digits after a dot.
    #[inline(always)]
    fn fractions(&mut self, digit: u64, dot: u64, sign: u64) -> u64 {
        let needs_digit = (dot | sign) << 1 | self.needs_digit;
        self.needs_digit = (dot | sign) >> 63;
        // Adding to the first of a run of digits carries to the bit after the last.
        let (sum, over) = digit.overflowing_add(dot << 1 | self.fraction);
        self.fraction = dot >> 63 | u64::from(over);
        (needs_digit & !digit) | (sum & dot)
    }
}

/// Validates each number and literal of a block that contains an `odd` byte.
#[inline(never)]
fn one_by_one(json: &[u8], base: usize, scalar: u64, mut odd: u64) -> u64 {
    let mut errors = 0;
    while odd != 0 {
        let at = odd.trailing_zeros();
        let valid = check(json, scalar_start(json, base + at as usize)).is_some();
        errors |= u64::from(!valid) << at;
        // Adding to a bit of a run clears the run from there on.
        odd &= scalar.wrapping_add(1 << at);
    }
    errors
}

/// Start of the number or literal that contains the byte at `at`.
fn scalar_start(json: &[u8], at: usize) -> usize {
    let before = json.get(..at).unwrap_or_default();
    let outside = before.iter().rposition(|&byte| ends(byte));
    outside.map_or(0, |last| last + 1)
}

/// Whether a number or literal cannot hold this byte.
fn ends(byte: u8) -> bool {
    matches!(
        byte,
        b',' | b'}' | b']' | b':' | b'"' | b'{' | b'[' | ..=b' '
    )
}

/// Validates the number or literal that starts at `at`.
fn check(json: &[u8], at: usize) -> Option<()> {
    let rest = json.get(at..)?;
    let rest = match rest.first()? {
        b't' => rest.strip_prefix(b"true")?,
        b'f' => rest.strip_prefix(b"false")?,
        b'n' => rest.strip_prefix(b"null")?,
        _ => number(rest)?,
    };
    rest.first().is_none_or(|&byte| ends(byte)).then_some(())
}

/// The bytes after the number.
fn number(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let text = match text.strip_prefix(b"0") {
        Some(rest) => rest,
        None => digits(text)?,
    };
    match text {
        [b'.', rest @ ..] => exponent(digits(rest)?),
        _ => exponent(text),
    }
}

fn exponent(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => digits(rest),
        _ => Some(text),
    }
}

fn digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { None } else { text.get(count..) }
}
