//! Where quotes and brackets stand in 64 bytes: all that it takes to pass over a value.
//! What it takes to check one is in `block`.

use wide::u8x16;

use super::block::BLOCK;

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
    /// `,`
    pub comma: u64,
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
        comma: mask(lanes, |lane| equal(lane, b',')),
    }
}

/// Neither a quote nor a backslash: nothing that a string ends with. Costs a third of [`brackets`].
#[inline]
pub(super) fn is_plain(block: &[u8; BLOCK]) -> bool {
    let [a, b, c, d] = lanes(block).map(|lane| equal(lane, b'"') | equal(lane, b'\\'));
    bits(a | b | c | d) == 0
}

/// The four vectors of a block; four plain loads.
#[inline]
pub(super) fn lanes(block: &[u8; BLOCK]) -> [u8x16; 4] {
    let (lanes, _) = block.as_chunks::<16>();
    [0, 1, 2, 3].map(|at| u8x16::new(lanes.get(at).copied().unwrap_or_default()))
}

#[inline]
pub(super) fn mask(lanes: [u8x16; 4], test: impl Fn(u8x16) -> u8x16) -> u64 {
    let [a, b, c, d] = lanes.map(|lane| bits(test(lane)));
    a | b << 16 | c << 32 | d << 48
}

/// The highest bit of each byte.
#[inline]
pub(super) fn bits(lane: u8x16) -> u64 {
    u64::from(lane.move_mask().cast_unsigned())
}

#[inline]
pub(super) fn equal(lane: u8x16, byte: u8) -> u8x16 {
    lane.cmp_eq(u8x16::splat(byte))
}
