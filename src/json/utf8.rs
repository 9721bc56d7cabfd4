//! UTF-8 validation with the masks of a block, for blocks that are in registers anyway.

use fearless_simd::Simd;

use super::SyntaxError;
use super::block::Block;

/// State carried into the next block; default at the first byte of a text.
#[derive(Default)]
pub(super) struct Utf8 {
    /// Bytes at the start of the block that must continue a character, one bit each.
    continued: u64,
    /// Whether the last byte of the previous block limits the second byte of its character.
    limits: Limits,
    is_invalid: bool,
}

/// First bytes whose second byte has a limit, because a shorter form exists, or because the character would be a
/// surrogate or beyond U+10FFFF.
#[derive(Default)]
struct Limits {
    /// `E0`: from `A0`.
    shorter_in_two: u64,
    /// `ED`: up to `9F`.
    surrogate: u64,
    /// `F0`: from `90`.
    shorter_in_three: u64,
    /// `F4`: up to `8F`.
    too_large: u64,
}

impl Utf8 {
    /// Processes a block with these bytes outside ASCII. A text must end with a byte that is ASCII.
    #[inline(always)]
    pub fn block(&mut self, block: Block<impl Simd>, beyond_ascii: u64) {
        if beyond_ascii | self.continued != 0 {
            self.is_invalid |= self.errors(block, beyond_ascii) != 0;
        }
    }

    /// Whether all blocks so far are UTF-8.
    pub fn is_valid(&self) -> bool {
        !self.is_invalid
    }

    #[inline(always)]
    fn errors(&mut self, block: Block<impl Simd>, beyond_ascii: u64) -> u64 {
        let continuing = block.is_up_to(0xbf) & beyond_ascii;
        let first = beyond_ascii ^ continuing;
        let first_of_three = !block.is_up_to(0xdf);
        // `C0` and `C1` would begin a character of one byte.
        let mut errors = first & block.is_up_to(0xc1);
        let mut expected = self.continued | first << 1 | first_of_three << 2;
        let mut continued = first >> 63 | first_of_three >> 62;
        if first_of_three | self.continued != 0 {
            let first_of_four = !block.is_up_to(0xef);
            expected |= first_of_four << 3;
            continued |= first_of_four >> 61;
            errors |= !block.is_up_to(0xf4) | self.limits.errors(block);
        }
        self.continued = continued;
        errors | (expected ^ continuing)
    }
}

impl Limits {
    #[inline(always)]
    fn errors(&mut self, block: Block<impl Simd>) -> u64 {
        let (up_to_8f, up_to_9f) = (block.is_up_to(0x8f), block.is_up_to(0x9f));
        let shorter_in_two = after(&mut self.shorter_in_two, block.is(0xe0)) & up_to_9f;
        let surrogate = after(&mut self.surrogate, block.is(0xed)) & !up_to_9f;
        let shorter_in_three = after(&mut self.shorter_in_three, block.is(0xf0)) & up_to_8f;
        let too_large = after(&mut self.too_large, block.is(0xf4)) & !up_to_8f;
        shorter_in_two | surrogate | shorter_in_three | too_large
    }
}

/// The exact place of the first invalid byte, as an error.
pub(super) fn check(text: &[u8]) -> Result<(), SyntaxError> {
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(SyntaxError::NotUtf8 {
            at: error.valid_up_to(),
        }),
    }
}

/// The bytes after these, also of the previous block.
#[inline]
fn after(carry: &mut u64, bytes: u64) -> u64 {
    let after = bytes << 1 | *carry;
    *carry = bytes >> 63;
    after
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::{Block, Simd, Utf8};
    use crate::json::block::tests::levels;
    use crate::json::block::{BLOCK_BYTES, padded};

    fn is_valid(simd: impl Simd, text: &[u8]) -> bool {
        let mut utf8 = Utf8::default();
        let (blocks, rest) = text.as_chunks::<BLOCK_BYTES>();
        let last = padded(rest, b' ');
        for block in blocks.iter().chain([&last]) {
            let block = Block::load(simd, block);
            utf8.block(block, block.beyond_ascii());
        }
        utf8.is_valid()
    }

    fn check(text: &[u8]) {
        let expected = std::str::from_utf8(text).is_ok();
        for level in levels() {
            let found = fearless_simd::dispatch!(level, simd => is_valid(simd, text));
            assert_eq!(found, expected, "{level:?} {text:02x?}");
        }
    }

    /// The ends of all classes of bytes that UTF-8 has.
    const BYTES: [u8; 26] = [
        0x00, 0x22, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
        0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff,
    ];

    /// Every sequence of three such bytes, with a fourth and without, in the middle of a block, across two blocks and
    /// at the end.
    #[test]
    fn every_sequence_of_classes() {
        for at in [8, 60, 61, 62, 63, 64] {
            for code in 0..BYTES.len().pow(3) {
                let byte = |place: u32| BYTES[code / BYTES.len().pow(place) % BYTES.len()];
                let three = [byte(0), byte(1), byte(2)];
                for end in [&b""[..], b"\x80", b"\x80\x80", b"a"] {
                    check(&[&vec![b'a'; at], &three[..], end].concat());
                }
            }
        }
    }

    /// Every character, one after the other.
    #[test]
    fn every_character() {
        let all: String = ('\0'..=char::MAX).collect();
        for shift in 0..4 {
            check(&[&b"aaaa"[..shift], all.as_bytes()].concat());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn any_bytes(text in vec(select(BYTES.to_vec()), 0..150)) {
            check(&text);
        }

        #[test]
        fn one_flaw_in_a_text(text in "[aé日😀]{1,90}", at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = text.into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            check(&text);
            check(&text[..at]);
        }
    }
}
