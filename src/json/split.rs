//! Where the elements of an array stand, found block by block, for JSON that was checked before.
//! Other bytes give nonsense or less, never a panic; what the elements are is not looked at.

use std::ops::Range;

use fearless_simd::Simd;

use super::block::{BLOCK, Block, padded, widest};
use super::quotes::{escaped, prefix_xor};

/// The elements of an array, one after the other, without the blanks around them.
pub struct Split<'a> {
    json: &'a [u8],
    /// Where the current block begins.
    base: usize,
    /// Brackets and commas of the current block that are still to be looked at.
    open: u64,
    close: u64,
    comma: u64,
    in_string: u64,
    escaping: u64,
    /// How many containers are open, the array itself too.
    depth: u32,
    /// Where the current element begins, or the blanks before it.
    start: usize,
    /// Behind the array, once that is known.
    end: Option<usize>,
}

impl<'a> Split<'a> {
    /// The elements from here to the end of the array in which this is the place behind a bracket, or before an element.
    #[must_use]
    pub fn new(json: &'a [u8], at: usize) -> Self {
        let mut split = Split {
            json,
            base: at,
            open: 0,
            close: 0,
            comma: 0,
            in_string: 0,
            escaping: 0,
            depth: 1,
            start: at,
            end: None,
        };
        split.load();
        split
    }

    /// Behind the array's bracket, when all elements were told; `None` where there is no such bracket.
    #[must_use]
    pub fn end(&self) -> Option<usize> {
        self.end
    }

    fn load(&mut self) {
        let rest = self.json.get(self.base..).unwrap_or_default();
        if let Some(block) = rest.first_chunk::<BLOCK>() {
            widest!(simd => self.take(Block::load(simd, block)));
        } else {
            let last = padded(rest, b' ');
            widest!(simd => self.take(Block::load(simd, &last)));
        }
    }

    #[inline(always)]
    fn take(&mut self, block: Block<impl Simd>) {
        let quote = block.quote() & !escaped(block.backslash(), &mut self.escaping);
        let inside = prefix_xor(quote) ^ self.in_string;
        self.in_string = 0u64.wrapping_sub(inside >> 63);
        self.open = block.open() & !inside;
        self.close = block.close() & !inside;
        self.comma = block.comma() & !inside;
        // A block that does not come back to the array itself has nothing to tell.
        if self.close.count_ones() + 1 < self.depth {
            self.depth = self.depth + self.open.count_ones() - self.close.count_ones();
            (self.open, self.close, self.comma) = (0, 0, 0);
        }
    }

    /// The element that ends here.
    fn element(&mut self, end: usize) -> Range<usize> {
        let raw = self.json.get(self.start..end).unwrap_or_default();
        let begin = raw.len() - raw.trim_ascii_start().len();
        let length = raw.trim_ascii().len();
        let begin = self.start + begin;
        self.start = end + 1;
        begin..begin + length
    }
}

impl Iterator for Split<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.end.is_some() {
            return None;
        }
        loop {
            // What of the block was not looked at yet.
            let mut left = u64::MAX;
            loop {
                // Inside an element only brackets matter.
                let comma = if self.depth == 1 { self.comma } else { 0 };
                let all = (self.open | self.close | comma) & left;
                if all == 0 {
                    break;
                }
                let bit = all & all.wrapping_neg();
                left = !(bit | (bit - 1));
                if comma & bit != 0 {
                    self.open &= left;
                    self.close &= left;
                    self.comma &= left;
                    return Some(self.element(self.base + bit.trailing_zeros() as usize));
                }
                if self.open & bit != 0 {
                    self.depth += 1;
                    continue;
                }
                self.depth -= 1;
                if self.depth == 0 {
                    let at = self.base + bit.trailing_zeros() as usize;
                    self.end = Some(at + 1);
                    let last = self.element(at);
                    return (!last.is_empty()).then_some(last);
                }
            }
            self.base += BLOCK;
            if self.base >= self.json.len() {
                self.base = self.json.len();
                return None;
            }
            self.load();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::elements;

    fn check(array: &str) {
        let array = array.as_bytes();
        let mut split = Split::new(array, 1);
        let found: Vec<&[u8]> = split.by_ref().map(|range| &array[range]).collect();
        assert_eq!(found, elements(array).collect::<Vec<_>>());
        assert_eq!(split.end(), Some(array.len()));
        assert_eq!(split.next(), None);
    }

    #[test]
    fn elements_are_those_of_the_level() {
        for array in [
            "[]",
            "[ ]",
            "[1]",
            "[ 1 , 2 ]",
            r#"["a,]\"",[2,{"b":[3,4]}],{},null]"#,
        ] {
            check(array);
        }
        for length in 0..200 {
            let element = format!(
                r#"{{"k":[1,"{}"],"x":{{"y":[2,3]}}}}"#,
                "\\\\a".repeat(length)
            );
            check(&format!(
                "[{}]",
                [element.as_str(), "7", &element].join(", ")
            ));
        }
    }

    #[test]
    fn noise_is_nonsense_or_less() {
        for noise in ["", "[", "[1", "[1,", "[\"", "[{]}]", "[}}}]]"] {
            let mut split = Split::new(noise.as_bytes(), 1.min(noise.len()));
            assert!(split.by_ref().count() < 8);
        }
    }
}
