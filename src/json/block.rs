//! Bit masks of 64 bytes of JSON: bit `i` classifies byte `i`.

use fearless_simd::prelude::*;
use fearless_simd::u8x64;

/// Bytes per block.
pub(super) const BLOCK_BYTES: usize = 64;

/// Evaluates an expression at the highest SIMD level of the machine. Inlined code is compiled for each level.
macro_rules! with_widest_simd {
    ($simd:ident => $run:expr) => {
        fearless_simd::dispatch!(fearless_simd::Level::new(), $simd => $run)
    };
}
pub(super) use with_widest_simd;

/// A block in registers. Each mask is computed on demand, since most blocks need few of them.
#[derive(Clone, Copy)]
pub(super) struct Block<S: Simd> {
    simd: S,
    bytes: u8x64<S>,
    /// The bytes with bit 0x20 set, by which square and curly brackets differ.
    folded: u8x64<S>,
}

impl<S: Simd> Block<S> {
    #[inline(always)]
    pub fn load(simd: S, block: &[u8; BLOCK_BYTES]) -> Self {
        let bytes: u8x64<S> = (*block).simd_into(simd);
        Block {
            simd,
            bytes,
            folded: bytes | u8x64::splat(simd, 0x20),
        }
    }

    #[inline(always)]
    fn is(self, byte: u8) -> u64 {
        let equal = self.bytes.simd_eq(u8x64::splat(self.simd, byte));
        equal.to_bitmask()
    }

    #[inline(always)]
    fn is_folded(self, byte: u8) -> u64 {
        let equal = self.folded.simd_eq(u8x64::splat(self.simd, byte));
        equal.to_bitmask()
    }

    #[inline(always)]
    fn is_up_to(self, byte: u8) -> u64 {
        let less = self.bytes.simd_le(u8x64::splat(self.simd, byte));
        less.to_bitmask()
    }

    /// `"`
    #[inline(always)]
    pub fn quote(self) -> u64 {
        self.is(b'"')
    }

    /// `\`
    #[inline(always)]
    pub fn backslash(self) -> u64 {
        self.is(b'\\')
    }

    /// `{` and `[`
    #[inline(always)]
    pub fn open(self) -> u64 {
        self.is_folded(b'{')
    }

    /// `}` and `]`
    #[inline(always)]
    pub fn close(self) -> u64 {
        self.is_folded(b'}')
    }

    /// `{` and `}`
    #[inline(always)]
    pub fn curly(self) -> u64 {
        self.is(b'{') | self.is(b'}')
    }

    /// `,`
    #[inline(always)]
    pub fn comma(self) -> u64 {
        self.is(b',')
    }

    /// `:`
    #[inline(always)]
    pub fn colon(self) -> u64 {
        self.is(b':')
    }

    /// Everything below the space, including line ends and tabs.
    #[inline(always)]
    pub fn control(self) -> u64 {
        self.is_up_to(b' ' - 1)
    }

    /// The space and everything below.
    #[inline(always)]
    pub fn blank(self) -> u64 {
        self.is_up_to(b' ')
    }

    /// `0` to `9`
    #[inline(always)]
    pub fn digit(self) -> u64 {
        let from_zero = self.bytes - u8x64::splat(self.simd, b'0');
        let digit = from_zero.simd_le(u8x64::splat(self.simd, 9));
        digit.to_bitmask()
    }

    /// `0`
    #[inline(always)]
    pub fn zero(self) -> u64 {
        self.is(b'0')
    }

    /// `-`
    #[inline(always)]
    pub fn minus(self) -> u64 {
        self.is(b'-')
    }

    /// `.`
    #[inline(always)]
    pub fn dot(self) -> u64 {
        self.is(b'.')
    }

    /// `e` and `E`
    #[inline(always)]
    pub fn exponent(self) -> u64 {
        self.is_folded(b'e')
    }

    /// Everything outside ASCII.
    #[inline(always)]
    pub fn beyond_ascii(self) -> u64 {
        !self.is_up_to(0x7f)
    }
}

/// A block of fewer than 64 bytes, filled up `with` a byte.
#[inline(always)]
pub(super) fn padded(rest: &[u8], with: u8) -> [u8; BLOCK_BYTES] {
    let mut block = [with; BLOCK_BYTES];
    if let Some(begin) = block.get_mut(..rest.len()) {
        begin.copy_from_slice(rest);
    }
    block
}

/// Positions of the set bits, the lowest first.
pub(super) fn set_bits(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        at
    })
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_BYTES, Block, Simd};
    use fearless_simd::{Level, dispatch};
    use proptest::prelude::*;

    type Masks = [u64; 15];

    fn masks<S: Simd>(simd: S, bytes: &[u8; BLOCK_BYTES]) -> Masks {
        let block = Block::load(simd, bytes);
        [
            block.quote(),
            block.backslash(),
            block.open(),
            block.close(),
            block.curly(),
            block.comma(),
            block.colon(),
            block.control(),
            block.blank(),
            block.digit(),
            block.zero(),
            block.minus(),
            block.dot(),
            block.exponent(),
            block.beyond_ascii(),
        ]
    }

    /// The masks computed byte by byte.
    fn expected_masks(block: &[u8; BLOCK_BYTES]) -> Masks {
        let tests: [fn(u8) -> bool; 15] = [
            |byte| byte == b'"',
            |byte| byte == b'\\',
            |byte| b"{[".contains(&byte),
            |byte| b"}]".contains(&byte),
            |byte| b"{}".contains(&byte),
            |byte| byte == b',',
            |byte| byte == b':',
            |byte| byte < b' ',
            |byte| byte <= b' ',
            |byte| byte.is_ascii_digit(),
            |byte| byte == b'0',
            |byte| byte == b'-',
            |byte| byte == b'.',
            |byte| b"eE".contains(&byte),
            |byte| !byte.is_ascii(),
        ];
        tests.map(|test| {
            let bit = |(at, &byte): (usize, &u8)| u64::from(test(byte)) << at;
            block.iter().enumerate().map(bit).fold(0, |a, b| a | b)
        })
    }

    /// Every SIMD level of this machine.
    fn levels() -> Vec<Level> {
        let mut levels = vec![Level::new(), Level::baseline()];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(Level::new().as_sse4_2().map(Simd::level));
            levels.extend(Level::new().as_avx2().map(Simd::level));
        }
        levels
    }

    fn check(block: &[u8; BLOCK_BYTES]) {
        for level in levels() {
            let found = dispatch!(level, simd => masks(simd, block));
            assert_eq!(found, expected_masks(block), "{level:?} {block:?}");
        }
    }

    #[test]
    fn every_byte_in_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK_BYTES {
                let mut block = [b'a'; BLOCK_BYTES];
                block[at] = byte;
                check(&block);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), BLOCK_BYTES)) {
            let mut block = [0; BLOCK_BYTES];
            block.copy_from_slice(&bytes);
            check(&block);
        }
    }
}
