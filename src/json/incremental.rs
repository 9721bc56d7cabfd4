//! Incremental scanner for the end of an array or object whose bytes are still arriving. Validates nothing.

use fearless_simd::Simd;

use super::block::{BLOCK_BYTES, Block, padded, with_widest_simd};
use super::skip::Skipper;

/// Finds the end of one array or object, starting at its opening bracket.
#[derive(Default, Clone)]
pub struct IncrementalScanner {
    skipper: Skipper,
}

/// The result of [`IncrementalScanner::scan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanProgress {
    /// Number of bytes scanned; the next call starts after them.
    pub at: usize,
    /// Whether the value ends there.
    pub ended: bool,
}

impl IncrementalScanner {
    /// Scans the bytes after those of the previous call. Up to 63 bytes may be left for the next call.
    pub fn scan(&mut self, bytes: &[u8]) -> ScanProgress {
        with_widest_simd!(simd => self.scan_with(simd, bytes))
    }

    #[inline(always)]
    fn scan_with(&mut self, simd: impl Simd, bytes: &[u8]) -> ScanProgress {
        let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
        for (number, block) in blocks.iter().enumerate() {
            if let Some(end) = self.skipper.end_in(Block::load(simd, block)) {
                let at = number * BLOCK_BYTES + end;
                return ScanProgress { at, ended: true };
            }
        }
        let last = padded(rest, b' ');
        let at = blocks.len() * BLOCK_BYTES;
        // The following bytes are unknown, so the state stays before the rest unless the end is in it.
        match self.skipper.clone().end_in(Block::load(simd, &last)) {
            Some(end) if end <= rest.len() => ScanProgress {
                at: at + end,
                ended: true,
            },
            _ => ScanProgress { at, ended: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IncrementalScanner;
    use proptest::prelude::*;

    /// The end, with bytes arriving in pieces of these lengths, the last one repeated.
    fn end(json: &[u8], pieces: &[usize]) -> Option<usize> {
        let (mut scanner, mut consumed, mut received) = (IncrementalScanner::default(), 0, 0);
        let mut pieces = pieces.iter().copied();
        loop {
            let progress = scanner.scan(json.get(consumed..received).unwrap_or_default());
            consumed += progress.at;
            if progress.ended {
                return Some(consumed);
            }
            if received == json.len() {
                return None;
            }
            received = (received + pieces.next().unwrap_or(1).max(1)).min(json.len());
        }
    }

    proptest! {
        #[test]
        fn the_end_is_where_it_is_for_bytes_that_are_all_there(
            text in r#"[\[{]([\[\]{}"\\, a-z]|\\"|"[a-z\\]{60,70}"){0,60}"#,
            pieces in proptest::collection::vec(1_usize..100, 0..40),
        ) {
            let whole = crate::json::value_end(text.as_bytes(), 0);
            prop_assert_eq!(end(text.as_bytes(), &pieces), whole);
            prop_assert_eq!(end(text.as_bytes(), &[]), whole);
        }
    }
}
