//! Spans of the elements of an array, block by block. For valid JSON; the result for other bytes is undefined, but
//! never a panic.

use std::ops::Range;

use fearless_simd::Simd;

use super::block::{BLOCK_BYTES, Block, padded, with_widest_simd};
use super::quotes::{escaped, prefix_xor};

/// The elements of an array, one after the other, without the blanks around them.
#[derive(Debug, Clone)]
pub struct ElementSpans<'a> {
    json: &'a [u8],
    /// Offset of the current block.
    base: usize,
    /// The array's own commas in the current block that are not consumed yet.
    commas: u64,
    /// The array's closing bracket, if it is in the current block.
    bracket: u64,
    in_string: u64,
    escaping: u64,
    /// Number of containers open after the block, including the array.
    depth: u32,
    /// Start of the current element, or of the blanks before it.
    start: usize,
    /// The offset after the array, once it is known.
    end: Option<usize>,
}

impl<'a> ElementSpans<'a> {
    /// The elements from `start` to the end of the array; `start` is after the bracket or before an element.
    #[must_use]
    pub fn new(json: &'a [u8], start: usize) -> Self {
        let mut spans = ElementSpans {
            json,
            base: start,
            commas: 0,
            bracket: 0,
            in_string: 0,
            escaping: 0,
            depth: 1,
            start,
            end: None,
        };
        with_widest_simd!(simd => spans.load(simd));
        spans
    }

    /// The offset after the array's closing bracket; `None` until all elements are consumed.
    #[must_use]
    pub fn end(&self) -> Option<usize> {
        self.end
    }

    /// Skips the elements that end before `limit`, each with the comma or bracket after it; returns their number.
    pub fn skip_until(&mut self, limit: usize) -> usize {
        with_widest_simd!(simd => self.skip_until_with(simd, limit))
    }

    #[inline(always)]
    fn skip_until_with(&mut self, simd: impl Simd, limit: usize) -> usize {
        let mut count = 0;
        loop {
            let ahead = limit.saturating_sub(self.base);
            let near = if ahead < BLOCK_BYTES {
                (1 << ahead) - 1
            } else {
                u64::MAX
            };
            let skipped = self.commas & near;
            if skipped != 0 {
                count += skipped.count_ones() as usize;
                self.start = self.base + BLOCK_BYTES - skipped.leading_zeros() as usize;
                self.commas ^= skipped;
            }
            if self.commas == 0 && self.bracket & near != 0 {
                count += usize::from(self.next().is_some());
            }
            let here = self.commas | self.bracket != 0 || self.end.is_some();
            if here || ahead <= BLOCK_BYTES || self.next_block(simd).is_none() {
                return count;
            }
        }
    }

    /// Start of the next element, or of the blanks before it.
    #[must_use]
    pub fn at(&self) -> usize {
        self.start
    }

    #[inline(always)]
    fn next_block(&mut self, simd: impl Simd) -> Option<()> {
        let next = self.base + BLOCK_BYTES;
        if next >= self.json.len() {
            return None;
        }
        self.base = next;
        self.load(simd);
        Some(())
    }

    #[inline(always)]
    fn load(&mut self, simd: impl Simd) {
        let rest = self.json.get(self.base..).unwrap_or_default();
        if let Some(block) = rest.first_chunk::<BLOCK_BYTES>() {
            self.scan(Block::load(simd, block));
        } else {
            self.scan(Block::load(simd, &padded(rest, b' ')));
        }
    }

    #[inline(always)]
    fn scan(&mut self, block: Block<impl Simd>) {
        let quote = block.quote() & !escaped(block.backslash(), &mut self.escaping);
        let string_bytes = prefix_xor(quote) ^ self.in_string;
        self.in_string = 0u64.wrapping_sub(string_bytes >> 63);
        let (open, close) = (block.open() & !string_bytes, block.close() & !string_bytes);
        let commas = block.comma() & !string_bytes;
        // If no container is nested in an element, opening and closing brackets alternate.
        let nested = prefix_xor(open | close) ^ 0u64.wrapping_sub(u64::from(self.depth == 2));
        if self.depth <= 2 && open & !nested | close & nested == 0 {
            self.commas = commas & !nested;
            self.depth = 1 + (nested >> 63) as u32;
        } else if close.count_ones() + 1 < self.depth {
            // The block does not return to the level of the array, so it has none of its commas.
            self.commas = 0;
            self.depth = self.depth + open.count_ones() - close.count_ones();
        } else {
            self.one_by_one(open, close, commas);
        }
    }

    fn one_by_one(&mut self, open: u64, close: u64, commas: u64) {
        let (mut both, mut left) = (open | close, u64::MAX);
        self.commas = 0;
        while both != 0 {
            let bit = both & both.wrapping_neg();
            both ^= bit;
            if self.depth == 1 {
                self.commas |= commas & left & (bit - 1);
            }
            left = !(bit | (bit - 1));
            if open & bit != 0 {
                self.depth += 1;
                continue;
            }
            self.depth -= 1;
            if self.depth == 0 {
                self.bracket = bit;
                return;
            }
        }
        if self.depth == 1 {
            self.commas |= commas & left;
        }
    }

    /// The element that ends at `end`.
    fn element(&mut self, end: usize) -> Range<usize> {
        let raw = self.json.get(self.start..end).unwrap_or_default();
        let begin = raw.len() - raw.trim_ascii_start().len();
        let length = raw.trim_ascii().len();
        let begin = self.start + begin;
        self.start = end + 1;
        begin..begin + length
    }
}

impl Iterator for ElementSpans<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            if self.commas != 0 {
                let at = self.base + self.commas.trailing_zeros() as usize;
                self.commas &= self.commas - 1;
                return Some(self.element(at));
            }
            if self.bracket != 0 {
                let at = self.base + self.bracket.trailing_zeros() as usize;
                self.bracket = 0;
                self.end = Some(at + 1);
                let last = self.element(at);
                return (!last.is_empty()).then_some(last);
            }
            if self.end.is_some() {
                return None;
            }
            with_widest_simd!(simd => self.next_block(simd))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::elements;

    fn check(array: &str) {
        let array = array.as_bytes();
        let mut spans = ElementSpans::new(array, 1);
        let found: Vec<&[u8]> = spans.by_ref().map(|range| &array[range]).collect();
        assert_eq!(found, elements(array).collect::<Vec<_>>());
        assert_eq!(spans.end(), Some(array.len()));
        assert_eq!(spans.next(), None);
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
    fn elements_before_a_limit_are_passed() {
        let nested = r#"{"a":[1,{"b":",]"}],"c":2}"#;
        for element in ["1", "\"a,]\"", "{\"a\":1}", nested, "[[1],[2]]"] {
            for array in [
                format!("[{}]", [element; 9].join(",")),
                format!("[ {} ]", [element; 9].join(" , ")),
            ] {
                let array = array.as_bytes();
                let ends: Vec<usize> = ElementSpans::new(array, 1).map(|range| range.end).collect();
                for limit in 0..=array.len() {
                    let mut spans = ElementSpans::new(array, 1);
                    let passed = spans.skip_until(limit);
                    // Blanks may follow an element before its comma or bracket.
                    let ended = |end: &&usize| {
                        let after = array[**end..].iter().position(|byte| *byte != b' ');
                        after.is_some_and(|blanks| **end + blanks < limit)
                    };
                    assert_eq!(passed, ends.iter().filter(ended).count());
                    assert_eq!(spans.end().is_some(), limit == array.len());
                    assert_eq!(spans.count(), ends.len() - passed);
                }
            }
        }
    }

    #[test]
    fn noise_is_nonsense_or_less() {
        for noise in ["", "[", "[1", "[1,", "[\"", "[{]}]", "[}}}]]"] {
            let mut spans = ElementSpans::new(noise.as_bytes(), 1.min(noise.len()));
            assert!(spans.by_ref().count() < 8);
            let mut spans = ElementSpans::new(noise.as_bytes(), 1.min(noise.len()));
            assert!(spans.skip_until(noise.len() + 70) < 8);
        }
    }
}
