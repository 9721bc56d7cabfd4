//! Strings in a block: where they start and end, and whether their content is valid.

use fearless_simd::Simd;

use super::block::{Block, set_bits};

/// Every second bit.
const EVEN: u64 = 0x5555_5555_5555_5555;

/// State carried into the next block.
#[derive(Default)]
pub(super) struct Quotes {
    /// All ones inside a string.
    in_string: u64,
    /// 1 if the next byte is escaped.
    escaping: u64,
}

/// The strings of a block.
pub(super) struct StringMasks {
    /// Quotes that begin or end a string.
    pub quote: u64,
    /// Bytes of strings with the opening quotes and without the closing ones.
    pub string_bytes: u64,
    /// Bytes that a string must not contain, and invalid escapes.
    pub errors: u64,
}

impl Quotes {
    /// The strings of the block at `base`.
    #[inline(always)]
    pub fn block(&mut self, json: &[u8], base: usize, block: Block<impl Simd>) -> StringMasks {
        let (backslash, control) = (block.backslash(), block.control());
        let mut escaped = 0;
        if backslash | self.escaping != 0 {
            escaped = self::escaped(backslash, &mut self.escaping);
        }
        let quote = block.quote() & !escaped;
        let string_bytes = prefix_xor(quote) ^ self.in_string;
        self.in_string = 0u64.wrapping_sub(string_bytes >> 63);
        let mut errors = control & string_bytes;
        let (escaped, control) = (escaped & string_bytes, control & !string_bytes);
        if escaped | control != 0 {
            errors |= check_escapes(json, base, escaped, control);
        }
        StringMasks {
            quote,
            string_bytes,
            errors,
        }
    }

    /// Whether a string is open.
    pub fn is_open(&self) -> bool {
        self.in_string != 0
    }
}

/// Bytes escaped by a backslash: in a run of backslashes every second one escapes. Runs are distinguished by whether
/// they start at an even position, since adding to a run's first bit clears the run. `escaping` is 1 if the previous
/// block ended with a backslash that escapes; it is updated for the next block.
#[inline]
pub(super) fn escaped(backslash: u64, escaping: &mut u64) -> u64 {
    let before = *escaping;
    let runs = backslash & !before;
    let even_starts = runs & !(runs << 1) & EVEN;
    let even = runs & !runs.wrapping_add(even_starts);
    let escapes = (even & EVEN) | (runs & !even & !EVEN);
    *escaping = escapes >> 63;
    escapes << 1 | before
}

/// Checks that an escape is one of nine characters, with four hexadecimal digits after `u`, and that a control
/// character outside strings is a tab or line end.
#[inline(never)]
fn check_escapes(json: &[u8], base: usize, escaped: u64, control: u64) -> u64 {
    let mut errors = 0;
    for at in set_bits(escaped) {
        let valid = match json.get(base + at) {
            Some(b'u') => {
                let digits = json.get(base + at + 1..base + at + 5);
                digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            }
            Some(byte) => b"\"\\/bfnrt".contains(byte),
            None => false,
        };
        errors |= u64::from(!valid) << at;
    }
    for at in set_bits(control) {
        let blank = matches!(json.get(base + at), Some(b'\t' | b'\n' | b'\r'));
        errors |= u64::from(!blank) << at;
    }
    errors
}

/// Bit `i` of the result is the parity of the bits `0..=i`.
#[inline]
pub(super) fn prefix_xor(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}
