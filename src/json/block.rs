//! What 64 bytes of JSON look like, as bit masks: bit `i` speaks of byte `i`.
//! Only bytes are classified here; what is inside a string, and what is allowed where, others know.

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
    /// `{` and `[`
    pub open: u64,
    /// `}` and `]`
    pub close: u64,
    /// Tells the curly ones among the brackets; says nothing of other bytes.
    pub curly: u64,
    /// `,`
    pub comma: u64,
    /// `:`
    pub colon: u64,
    /// The space alone.
    pub space: u64,
    /// Everything below the space, line ends and tabs too.
    pub control: u64,
    /// `0` to `9`
    pub digit: u64,
    /// `0`
    pub zero: u64,
    /// `-`
    pub minus: u64,
    /// `.`
    pub dot: u64,
    /// What may be escaped by a backslash, `u` too.
    pub escapable: u64,
    /// `u`, of what is escapable; says nothing of other bytes.
    pub unicode: u64,
    /// Everything outside ASCII.
    pub beyond_ascii: u64,
}

/// The masks of a block.
///
/// The block is turned on its side first: a plane holds one bit of each byte. Then every class is a handful of
/// operations on 64 bytes, while comparing with each of a dozen characters would cost as many as that again each.
#[inline]
pub(super) fn masks(block: &[u8; BLOCK]) -> Masks {
    let [b7, b6, b5, b4, b3, b2, b1, b0] = planes(block);
    let high_2 = !(b7 | b6 | b4) & b5;
    let high_3 = !(b7 | b6) & b5 & b4;
    let high_5_or_7 = !b7 & b6 & b4;
    let (low_0_to_3, low_8_to_b, low_c_to_f) = (!(b3 | b2), b3 & !b2, b3 & b2);
    let low_4_to_7 = b2 & !b3;
    let (ends_0, ends_1, ends_2, ends_3) = (!(b1 | b0), b0 & !b1, b1 & !b0, b1 & b0);
    let quote = high_2 & low_0_to_3 & ends_2;
    let backslash = high_5_or_7 & !b5 & low_c_to_f & ends_0;
    let slash = high_2 & low_c_to_f & ends_3;
    let b_f_n = b6 & b5 & !(b7 | b4) & ends_2 & !low_8_to_b;
    let r_t_u = high_5_or_7 & b5 & ((low_0_to_3 & ends_2) | (low_4_to_7 & !b1));
    Masks {
        quote,
        backslash,
        open: high_5_or_7 & low_8_to_b & ends_3,
        close: high_5_or_7 & low_c_to_f & ends_1,
        curly: b5,
        comma: high_2 & low_c_to_f & ends_0,
        colon: high_3 & low_8_to_b & ends_2,
        space: high_2 & low_0_to_3 & ends_0,
        control: !(b7 | b6 | b5),
        digit: high_3 & (!b3 | (low_8_to_b & !b1)),
        zero: high_3 & low_0_to_3 & ends_0,
        minus: high_2 & low_c_to_f & ends_1,
        dot: high_2 & low_c_to_f & ends_2,
        escapable: quote | backslash | slash | b_f_n | r_t_u,
        unicode: b6 & b0,
        beyond_ascii: b7,
    }
}

/// The eight bits of each byte, the highest first.
#[inline]
fn planes(block: &[u8; BLOCK]) -> [u64; 8] {
    let mut lanes = lanes(block);
    let mut planes = [0; 8];
    for plane in &mut planes {
        let [a, b, c, d] = lanes;
        *plane = highest(a) | highest(b) << 16 | highest(c) << 32 | highest(d) << 48;
        // Adding a byte to itself moves its next bit to the top.
        lanes = [a + a, b + b, c + c, d + d];
    }
    planes
}

/// The four vectors of a block; four plain loads.
#[inline]
fn lanes(block: &[u8; BLOCK]) -> [u8x16; 4] {
    let (quarters, _) = block.as_chunks::<16>();
    // A block has four; no path of the machine code leads to the other arm.
    match *quarters {
        [a, b, c, d] => [u8x16::new(a), u8x16::new(b), u8x16::new(c), u8x16::new(d)],
        _ => [u8x16::default(); 4],
    }
}

/// The highest bit of each byte.
#[inline]
fn highest(lane: u8x16) -> u64 {
    u64::from(lane.move_mask().cast_unsigned())
}

/// Where the set bits are, the lowest first.
pub(super) fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (bits != 0).then(|| bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        at
    })
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
            open: mask(|byte| b"{[".contains(&byte)),
            close: mask(|byte| b"}]".contains(&byte)),
            curly: mask(|byte| byte & 0x20 != 0),
            comma: mask(|byte| byte == b','),
            colon: mask(|byte| byte == b':'),
            space: mask(|byte| byte == b' '),
            control: mask(|byte| byte < b' '),
            digit: mask(|byte| byte.is_ascii_digit()),
            zero: mask(|byte| byte == b'0'),
            minus: mask(|byte| byte == b'-'),
            dot: mask(|byte| byte == b'.'),
            escapable: mask(|byte| b"\"\\/bfnrtu".contains(&byte)),
            unicode: mask(|byte| byte & 0x41 == 0x41),
            beyond_ascii: mask(|byte| !byte.is_ascii()),
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
