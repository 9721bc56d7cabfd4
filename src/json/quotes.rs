//! Where strings begin and end, and whether their insides are allowed, a block at a time.
//! What a string says is told in `strings`; where one may stand, in `grammar`.

use fearless_simd::Simd;

use super::block::{Block, ones};

/// Every second bit.
const EVEN: u64 = 0x5555_5555_5555_5555;

/// What of strings goes on into the next block.
#[derive(Default)]
pub(super) struct Quotes {
    /// All ones inside a string.
    in_string: u64,
    /// 1 where the next byte is escaped.
    escaping: u64,
}

/// The strings of a block.
pub(super) struct Text {
    /// Quotes that begin or end a string.
    pub quote: u64,
    /// Strings with their opening quotes and without the closing ones.
    pub inside: u64,
    /// Bytes that no string may hold, and escapes that are none.
    pub flaws: u64,
}

impl Quotes {
    /// The strings of the block at `base`.
    #[inline(always)]
    pub fn block(&mut self, json: &[u8], base: usize, block: Block<impl Simd>) -> Text {
        let (backslash, control) = (block.backslash(), block.control());
        let mut escaped = 0;
        if backslash | self.escaping != 0 {
            escaped = self::escaped(backslash, &mut self.escaping);
        }
        let quote = block.quote() & !escaped;
        let inside = prefix_xor(quote) ^ self.in_string;
        self.in_string = 0u64.wrapping_sub(inside >> 63);
        let mut flaws = control & inside;
        let (escaped, control) = (escaped & inside, control & !inside);
        if escaped | control != 0 {
            flaws |= rare(json, base, escaped, control);
        }
        Text {
            quote,
            inside,
            flaws,
        }
    }

    /// Whether a string is open.
    pub fn is_open(&self) -> bool {
        self.in_string != 0
    }
}

/// Which bytes are escaped by a backslash before them: in a run of backslashes every second one escapes. Runs are
/// told apart by whether they begin at an even place, since adding to a run's first bit clears the run. `escaping`
/// is 1 where the block before ended with one that escapes, and is left so for the next block.
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

/// What is escaped must be one of eight, and four hexadecimal digits follow a `u`; of control characters three are
/// blanks outside strings.
#[inline(never)]
fn rare(json: &[u8], base: usize, escaped: u64, control: u64) -> u64 {
    let mut flaws = 0;
    for at in ones(escaped) {
        let sound = match json.get(base + at) {
            Some(b'u') => {
                let digits = json.get(base + at + 1..base + at + 5);
                digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            }
            Some(byte) => b"\"\\/bfnrt".contains(byte),
            None => false,
        };
        flaws |= u64::from(!sound) << at;
    }
    for at in ones(control) {
        let blank = matches!(json.get(base + at), Some(b'\t' | b'\n' | b'\r'));
        flaws |= u64::from(!blank) << at;
    }
    flaws
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
