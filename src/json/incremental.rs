//! Where an array or object ends whose bytes are still arriving: the state is kept between two looks.
//! Nothing is checked and nothing is kept but that state; whole values are passed over by `skip`.

use fearless_simd::Simd;

use super::block::{BLOCK, Block, padded, widest};
use super::skip::Skipper;

/// Looks for the end of one array or object, from its opening bracket on.
#[derive(Default, Clone)]
pub struct Arriving {
    skipper: Skipper,
}

/// How far [`Arriving::look`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// How many of the bytes need not be shown again.
    pub at: usize,
    /// Whether the value ends there.
    pub ended: bool,
}

impl Arriving {
    /// Looks at the bytes behind those that were looked at before. Fewer than 64 may be left for the next look.
    pub fn look(&mut self, bytes: &[u8]) -> Looked {
        widest!(simd => self.look_with(simd, bytes))
    }

    #[inline(always)]
    fn look_with(&mut self, simd: impl Simd, bytes: &[u8]) -> Looked {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for (number, block) in blocks.iter().enumerate() {
            if let Some(end) = self.skipper.end_in(Block::load(simd, block)) {
                let at = number * BLOCK + end;
                return Looked { at, ended: true };
            }
        }
        let last = padded(rest, b' ');
        let at = blocks.len() * BLOCK;
        // What follows is not known yet, so the state stays before the rest unless the end lies in it.
        match self.skipper.clone().end_in(Block::load(simd, &last)) {
            Some(end) if end <= rest.len() => Looked {
                at: at + end,
                ended: true,
            },
            _ => Looked { at, ended: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arriving;
    use proptest::prelude::*;

    /// The end, with bytes arriving in pieces of these lengths, the last one repeated.
    fn end(json: &[u8], pieces: &[usize]) -> Option<usize> {
        let (mut arriving, mut looked, mut there) = (Arriving::default(), 0, 0);
        let mut pieces = pieces.iter().copied();
        loop {
            let answer = arriving.look(json.get(looked..there).unwrap_or_default());
            looked += answer.at;
            if answer.ended {
                return Some(looked);
            }
            if there == json.len() {
                return None;
            }
            there = (there + pieces.next().unwrap_or(1).max(1)).min(json.len());
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
