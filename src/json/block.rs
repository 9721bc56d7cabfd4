//! What 64 bytes of JSON look like, as bit masks: bit `i` speaks of byte `i`.
//! Only bytes are classified here; what is inside a string, and what is allowed where, the walker knows.

use wide::u8x16;

/// How many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

/// The masks of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Masks {
    /// `"`
    pub quote: u64,
    /// `\`
    pub backslash: u64,
    /// `{`, `}`, `[`, `]`, `,` and `:`
    pub operator: u64,
    /// The space alone.
    pub space: u64,
    /// Everything below the space, line ends and tabs too.
    pub control: u64,
    /// Whether any byte is outside ASCII.
    pub beyond_ascii: bool,
}

/// The masks of a block.
#[inline]
pub(super) fn masks(block: &[u8; BLOCK]) -> Masks {
    let lanes = lanes(block);
    let space = mask(lanes, |lane| equal(lane, b' '));
    let [a, b, c, d] = lanes;
    Masks {
        quote: mask(lanes, |lane| equal(lane, b'"')),
        backslash: mask(lanes, |lane| equal(lane, b'\\')),
        operator: mask(lanes, operator),
        space,
        control: mask(lanes, at_most_space) & !space,
        beyond_ascii: bits(a | b | c | d) != 0,
    }
}

/// What of a block tells where containers begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Brackets {
    /// `"`
    pub quote: u64,
    /// `\`
    pub backslash: u64,
    /// `{` and `[`
    pub open: u64,
    /// `}` and `]`
    pub close: u64,
}

/// The brackets and quotes of a block.
#[inline]
pub(super) fn brackets(block: &[u8; BLOCK]) -> Brackets {
    let lanes = lanes(block);
    // Square and curly brackets differ by the bit 0x20 alone.
    let folded = lanes.map(|lane| lane | u8x16::splat(0x20));
    Brackets {
        quote: mask(lanes, |lane| equal(lane, b'"')),
        backslash: mask(lanes, |lane| equal(lane, b'\\')),
        open: mask(folded, |lane| equal(lane, b'{')),
        close: mask(folded, |lane| equal(lane, b'}')),
    }
}

/// The four vectors of a block; four plain loads.
#[inline]
fn lanes(block: &[u8; BLOCK]) -> [u8x16; 4] {
    let (lanes, _) = block.as_chunks::<16>();
    [0, 1, 2, 3].map(|at| u8x16::new(lanes.get(at).copied().unwrap_or_default()))
}

#[inline]
fn mask(lanes: [u8x16; 4], test: impl Fn(u8x16) -> u8x16) -> u64 {
    let [a, b, c, d] = lanes.map(|lane| bits(test(lane)));
    a | b << 16 | c << 32 | d << 48
}

/// The highest bit of each byte.
#[inline]
fn bits(lane: u8x16) -> u64 {
    u64::from(lane.move_mask().cast_unsigned())
}

#[inline]
fn equal(lane: u8x16, byte: u8) -> u8x16 {
    lane.cmp_eq(u8x16::splat(byte))
}

/// Square and curly brackets differ by the bit 0x20 alone.
#[inline]
fn operator(lane: u8x16) -> u8x16 {
    let folded = lane | u8x16::splat(0x20);
    equal(folded, b'{') | equal(folded, b'}') | equal(lane, b',') | equal(lane, b':')
}

#[inline]
fn at_most_space(lane: u8x16) -> u8x16 {
    lane.min(u8x16::splat(b' ')).cmp_eq(lane)
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Masks, masks};
    use proptest::prelude::*;

    /// The definition, one byte after the other.
    fn plainly(block: &[u8; BLOCK]) -> Masks {
        let mask = |test: fn(u8) -> bool| {
            let bit = |(at, &byte): (usize, &u8)| u64::from(test(byte)) << at;
            block.iter().enumerate().map(bit).fold(0, |a, b| a | b)
        };
        Masks {
            quote: mask(|byte| byte == b'"'),
            backslash: mask(|byte| byte == b'\\'),
            operator: mask(|byte| b"{}[],:".contains(&byte)),
            space: mask(|byte| byte == b' '),
            control: mask(|byte| byte < b' '),
            beyond_ascii: !block.is_ascii(),
        }
    }

    #[test]
    fn every_byte_in_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[at] = byte;
                assert_eq!(masks(&block), plainly(&block), "{byte} at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), BLOCK)) {
            let mut block = [0; BLOCK];
            block.copy_from_slice(&bytes);
            prop_assert_eq!(masks(&block), plainly(&block));
        }
    }
}
