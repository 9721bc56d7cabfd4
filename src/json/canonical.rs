//! Test for canonical JSON: no blanks between tokens, no escapes, no number with another usual spelling. For valid
//! JSON; the result for other bytes is undefined.

use fearless_simd::Simd;

use super::block::{BLOCK_BYTES, Block, padded, with_widest_simd};
use super::quotes::prefix_xor;

/// Whether JSON is in canonical form: two such values that differ in a byte also differ in meaning, apart from the
/// order of keys. It has no blank outside strings, no backslash, no exponent, no trailing zero of a fraction and no
/// negative zero.
#[must_use]
pub fn is_canonical(json: &[u8]) -> bool {
    with_widest_simd!(simd => is_canonical_with(simd, json))
}

#[inline(always)]
fn is_canonical_with(simd: impl Simd, json: &[u8]) -> bool {
    let (blocks, rest) = json.as_chunks::<BLOCK_BYTES>();
    let mut state = CarriedBits::default();
    if !blocks
        .iter()
        .all(|block| state.is_canonical(Block::load(simd, block)))
    {
        return false;
    }
    // A value that ends with the bytes must also end before a comma.
    let last = padded(rest, b',');
    state.is_canonical(Block::load(simd, &last))
}

/// Bits carried into the next block; each is 1 or 0 and describes its first byte, except `in_string`.
#[derive(Default)]
struct CarriedBits {
    /// All ones inside a string.
    in_string: u64,
    /// The previous byte is a digit, a minus sign, a zero, or part of a fraction.
    digit: u64,
    minus: u64,
    zero: u64,
    fraction: u64,
}

impl CarriedBits {
    #[inline(always)]
    fn is_canonical(&mut self, block: Block<impl Simd>) -> bool {
        if block.backslash() != 0 {
            return false;
        }
        let quote = block.quote();
        let string_bytes = prefix_xor(quote) ^ self.in_string;
        self.in_string = 0u64.wrapping_sub(string_bytes >> 63);
        let outside = !(string_bytes | quote);
        let (blank, digit) = (block.blank() & outside, block.digit() & outside);
        let minus = block.minus() & outside;
        if digit | self.digit == 0 {
            (self.zero, self.fraction) = (0, 0);
            self.minus = minus >> 63;
            return blank == 0;
        }
        let zero = block.zero() & outside;
        let dot = block.dot() & outside;
        let exponent = block.exponent() & outside;
        let after_digit = digit << 1 | self.digit;
        let after_minus = minus << 1 | self.minus;
        let after_zero = zero << 1 | self.zero;
        // Adding to the first digit of a fraction carries to the bit after the last.
        let (sum, over) = digit.overflowing_add(dot << 1 | self.fraction);
        let after_fraction = sum & !digit;
        (self.digit, self.minus, self.zero) = (digit >> 63, minus >> 63, zero >> 63);
        self.fraction = dot >> 63 | u64::from(over);
        let odd =
            blank | (exponent & after_digit) | (zero & after_minus) | (after_fraction & after_zero);
        odd == 0
    }
}
