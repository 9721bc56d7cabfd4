//! Whether JSON is spelled as most is: no blanks between tokens, no escapes, no number that has other usual spellings.
//! For JSON that was checked before; of other bytes the answer means nothing.

use wide::u8x16;

use super::block::BLOCK;
use super::brackets::{bits, equal, lanes, mask};
use super::quotes::prefix_xor;

/// Whether two such values that differ in a byte differ in meaning, apart from the order of keys: there is no blank
/// outside strings, no backslash, no exponent, no zero at the end of a fraction and no zero with a sign.
#[must_use]
pub fn is_plain(json: &[u8]) -> bool {
    let (blocks, rest) = json.as_chunks::<BLOCK>();
    let mut look = Look::default();
    if !blocks.iter().all(|block| look.is_plain(block)) {
        return false;
    }
    // What ends with the bytes ends before a comma, too.
    let mut last = [b','; BLOCK];
    if let Some(begin) = last.get_mut(..rest.len()) {
        begin.copy_from_slice(rest);
    }
    look.is_plain(&last)
}

/// What of a block matters for the next one; each is 1 or 0, and speaks of its first byte, but for `in_string`.
#[derive(Default)]
struct Look {
    /// All ones inside a string.
    in_string: u64,
    /// The byte before is a digit, a sign, a zero, and the last digit of a fraction so far.
    digit: u64,
    minus: u64,
    zero: u64,
    fraction: u64,
}

impl Look {
    #[inline]
    fn is_plain(&mut self, block: &[u8; BLOCK]) -> bool {
        let lanes = lanes(block);
        let [a, b, c, d] = lanes.map(|lane| equal(lane, b'\\'));
        if bits(a | b | c | d) != 0 {
            return false;
        }
        let quote = mask(lanes, |lane| equal(lane, b'"'));
        let inside = prefix_xor(quote) ^ self.in_string;
        self.in_string = 0u64.wrapping_sub(inside >> 63);
        let outside = !(inside | quote);
        // The smaller one of a byte and a bound is the byte where that is not beyond the bound.
        let up_to = |lane: u8x16, bound: u8| lane.min(u8x16::splat(bound)).cmp_eq(lane);
        let blank = mask(lanes, |lane| up_to(lane, b' '));
        let digit = mask(lanes, |lane| up_to(lane - u8x16::splat(b'0'), 9)) & outside;
        if digit | self.digit == 0 {
            (self.zero, self.fraction) = (0, 0);
            self.minus = (mask(lanes, |lane| equal(lane, b'-')) & outside) >> 63;
            return blank & outside == 0;
        }
        let zero = mask(lanes, |lane| equal(lane, b'0')) & outside;
        let minus = mask(lanes, |lane| equal(lane, b'-')) & outside;
        let dot = mask(lanes, |lane| equal(lane, b'.')) & outside;
        let exponent = mask(lanes, |lane| equal(lane | u8x16::splat(0x20), b'e')) & outside;
        let after_digit = digit << 1 | self.digit;
        let after_minus = minus << 1 | self.minus;
        let after_zero = zero << 1 | self.zero;
        // Adding to the first digit of a fraction carries to behind the last.
        let (sum, over) = digit.overflowing_add(dot << 1 | self.fraction);
        let behind_fractions = sum & !digit;
        (self.digit, self.minus, self.zero) = (digit >> 63, minus >> 63, zero >> 63);
        self.fraction = dot >> 63 | u64::from(over);
        let odd = (blank & outside)
            | (exponent & after_digit)
            | (zero & after_minus)
            | (behind_fractions & after_zero);
        odd == 0
    }
}
