//! Unvalidated skipping of values. On bytes that are not JSON the result is an offset or none, never a panic.

use std::ops::ControlFlow;

use fearless_simd::Simd;

use super::block::{BLOCK_BYTES, Block, padded, with_widest_simd};
use super::fields::Visitor;
use super::quotes::{escaped, prefix_xor};

/// Reports the same fields as [`super::visit`] on valid JSON, many times faster, because nothing is validated; `None`
/// if the bytes do not look like an object.
pub fn visit_unchecked<'a>(
    json: &'a [u8],
    visitor: &mut impl Visitor<'a>,
) -> Option<ControlFlow<()>> {
    let start = blanks(json, 0);
    let mut at = start + usize::from(json.get(start) == Some(&b'{'));
    if at == start {
        return None;
    }
    while let Next::Field(key, value) = next_field(json, &mut at)? {
        let entered = value.first() == Some(&b'{') && visitor.enter(key);
        if entered && inner(value, visitor)?.is_break() {
            return Some(ControlFlow::Break(()));
        }
        if visitor.field(key, value).is_break() {
            return Some(ControlFlow::Break(()));
        }
    }
    (blanks(json, at) == json.len()).then_some(ControlFlow::Continue(()))
}

fn inner<'a>(object: &'a [u8], visitor: &mut impl Visitor<'a>) -> Option<ControlFlow<()>> {
    let mut at = 1;
    while let Next::Field(key, value) = next_field(object, &mut at)? {
        if visitor.inner(key, value).is_break() {
            return Some(ControlFlow::Break(()));
        }
    }
    Some(ControlFlow::Continue(()))
}

/// The next field or the end of an object.
enum Next<'a> {
    Field(&'a [u8], &'a [u8]),
    End,
}

/// Reads the next field or the end at `at`; `None` if there is neither.
fn next_field<'a>(json: &'a [u8], at: &mut usize) -> Option<Next<'a>> {
    *at = separators(json, *at);
    if json.get(*at) == Some(&b'}') {
        *at += 1;
        return Some(Next::End);
    }
    let key_end = string_end(json, *at).filter(|_| json.get(*at) == Some(&b'"'))?;
    let key = json.get(*at..key_end)?;
    let start = separators(json, key_end);
    let end = value_end(json, start)?;
    *at = end;
    Some(Next::Field(key, json.get(start..end)?))
}

fn blanks(json: &[u8], at: usize) -> usize {
    let rest = json.get(at..).unwrap_or_default();
    at + rest.len() - rest.trim_ascii_start().len()
}

/// The offset after the blanks, commas and colons at `at`.
#[must_use]
#[inline]
pub fn separators(json: &[u8], at: usize) -> usize {
    let rest = json.get(at..).unwrap_or_default();
    let between = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b':');
    at + rest.iter().take_while(between).count()
}

/// The offset after the value at `at`; `None` if no value can start there.
#[must_use]
#[inline]
pub fn value_end(json: &[u8], at: usize) -> Option<usize> {
    match json.get(at)? {
        b'"' => string_end(json, at),
        b'{' | b'[' => container_end(json, at),
        b'}' | b']' | b',' | b':' => None,
        _ => Some(scalar_end(json, at)),
    }
}

/// The offset after the number or literal at `at`; at least one byte further.
#[inline]
pub(crate) fn scalar_end(json: &[u8], at: usize) -> usize {
    let rest = json.get(at..).unwrap_or_default();
    let is_end = |byte: &u8| {
        matches!(
            byte,
            b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':' | b'"' | b'{' | b'['
        )
    };
    at + rest.iter().position(is_end).unwrap_or(rest.len()).max(1)
}

/// The offset after the string whose opening quote is at `at`.
#[inline]
pub(crate) fn string_end(json: &[u8], at: usize) -> Option<usize> {
    string(json, at).map(|(end, _)| end)
}

/// The offset after the string whose opening quote is at `at`, and whether the string has an escape.
#[inline]
pub(crate) fn string(json: &[u8], at: usize) -> Option<(usize, bool)> {
    let (mut at, mut escaped) = (at + 1, false);
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json.get(at) == Some(&b'"') {
            return Some((at + 1, escaped));
        }
        escaped = true;
        at += 2;
    }
}

/// The offset after the array or object whose opening bracket is at `at`.
#[inline]
pub(crate) fn container_end(json: &[u8], at: usize) -> Option<usize> {
    container_end_before(json, at, json.len())
}

/// The offset after the array or object at `at`; `None` if that is after `limit`. Reads at most one block beyond
/// `limit`.
pub(crate) fn container_end_before(json: &[u8], at: usize, limit: usize) -> Option<usize> {
    with_widest_simd!(simd => container_end_with(simd, json, at, limit))
}

#[inline(always)]
fn container_end_with(simd: impl Simd, json: &[u8], at: usize, limit: usize) -> Option<usize> {
    let (blocks, rest) = json.get(at..)?.as_chunks::<BLOCK_BYTES>();
    let mut skipper = Skipper::default();
    let near = limit.saturating_sub(at).div_ceil(BLOCK_BYTES);
    for (number, block) in blocks.iter().take(near).enumerate() {
        if let Some(end) = skipper.end_in(Block::load(simd, block)) {
            let end = at + number * BLOCK_BYTES + end;
            return (end <= limit).then_some(end);
        }
    }
    if near <= blocks.len() {
        return None;
    }
    let last = padded(rest, b' ');
    let end = at + blocks.len() * BLOCK_BYTES + skipper.end_in(Block::load(simd, &last))?;
    (end <= limit).then_some(end)
}

/// State of skipping one array or object, carried from block to block.
#[derive(Default, Clone)]
pub(super) struct Skipper {
    depth: u32,
    /// All ones if a string continues in the next block.
    in_string: u64,
    /// 1 if the last byte of the previous block is a backslash that escapes.
    escaping: u64,
}

impl Skipper {
    /// The offset after the outermost container, if it ends in this block.
    #[inline(always)]
    pub(super) fn end_in(&mut self, block: Block<impl Simd>) -> Option<usize> {
        let (quote, backslash) = (block.quote(), block.backslash());
        // Inside a long string the state does not change.
        if self.in_string != 0 && quote | backslash | self.escaping == 0 {
            return None;
        }
        let quote = quote & !escaped(backslash, &mut self.escaping);
        let string_bytes = prefix_xor(quote) ^ self.in_string;
        self.in_string = 0u64.wrapping_sub(string_bytes >> 63);
        let (open, close) = (block.open() & !string_bytes, block.close() & !string_bytes);
        if close.count_ones() < self.depth {
            self.depth = self.depth - close.count_ones() + open.count_ones();
            return None;
        }
        let mut both = open | close;
        while both != 0 {
            let bit = both & both.wrapping_neg();
            both ^= bit;
            if open & bit != 0 {
                self.depth += 1;
            } else {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Some(bit.trailing_zeros() as usize + 1);
                }
            }
        }
        None
    }
}
