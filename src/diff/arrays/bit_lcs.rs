//! Bit-parallel longest common subsequence (after Hyyrö) of arrays of at most 16 elements.

use super::model::Element;
use crate::diff::equality::unordered_checksum;

/// Largest number of elements of each array.
pub(in crate::diff) const MAX_ELEMENTS: usize = 16;

/// The equality matrix of two short arrays, and their LCS lengths.
pub(in crate::diff) struct BitLcs {
    olds: usize,
    news: usize,
    rows: [MatrixRow; MAX_ELEMENTS],
}

/// The row of an old element, for it and those after it. The last new element has the lowest bit.
#[derive(Default, Clone, Copy)]
struct MatrixRow {
    /// The new elements that are equal to this one.
    equal: u32,
    /// 1 at each new element that increases the LCS length, for it and those after it.
    increments: u32,
}

impl BitLcs {
    /// Compares all pairs byte by byte; `None` if two elements may be equal in other bytes although all are
    /// canonical: as objects with another order of keys.
    pub fn by_bytes(olds: &[Element<'_>], news: &[Element<'_>]) -> Option<Self> {
        let all = |elements: &[Element<'_>]| {
            let mut checksums = [0; MAX_ELEMENTS];
            for (checksum, element) in checksums.iter_mut().zip(elements) {
                *checksum = unordered_checksum(element.raw);
            }
            checksums
        };
        let checksums = (all(olds), all(news));
        let mut uncertain = false;
        let bit_lcs = BitLcs::new((olds.len(), news.len()), |one, other| {
            let (Some(old), Some(new)) = (olds.get(one), news.get(other)) else {
                return false;
            };
            if checksums.0.get(one) != checksums.1.get(other) {
                return false;
            }
            let equal = old.raw == new.raw;
            uncertain |= !equal && matches!(old.raw.first(), Some(b'{' | b'['));
            equal
        });
        (!uncertain).then_some(bit_lcs)
    }

    /// Compares all pairs, by their indices; at most [`MAX_ELEMENTS`] of each.
    pub fn new((olds, news): (usize, usize), mut equal: impl FnMut(usize, usize) -> bool) -> Self {
        let mut bit_lcs = BitLcs {
            olds,
            news,
            rows: [MatrixRow::default(); MAX_ELEMENTS],
        };
        let mut increments = 0_u32;
        for (old, row) in bit_lcs.rows.iter_mut().enumerate().take(olds).rev() {
            let bits = (0..news).map(|new| u32::from(equal(old, new)) << (news - new - 1));
            let equal = bits.fold(0, |bits, bit| bits | bit);
            // Hyyrö's step: in each run of bits without an increment, the lowest equal one becomes an increment.
            let free = !increments;
            increments = !(free.wrapping_add(free & equal) | (free & !equal));
            *row = MatrixRow { equal, increments };
        }
        bit_lcs
    }

    /// Visits the starts and lengths of the common runs. Of two subsequences of equal length, new elements go before
    /// old ones.
    pub fn for_each_run(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let (mut old, mut new) = (0, 0);
        while old < self.olds && new < self.news {
            let length = self.run_len(old, new);
            if length > 0 {
                visit(old, new, length);
                (old, new) = (old + length, new + length);
            } else if self.lcs_len(old, new + 1) >= self.lcs_len(old + 1, new) {
                new += 1;
            } else {
                old += 1;
            }
        }
    }

    /// The row of an old element; empty after the last one.
    fn row(&self, old: usize) -> MatrixRow {
        self.rows.get(old).copied().unwrap_or_default()
    }

    /// Length of the common run from here on.
    fn run_len(&self, old: usize, new: usize) -> usize {
        let max = (self.olds - old).min(self.news - new);
        let equal = |by: &usize| self.row(old + by).equal >> (self.news - new - by - 1) & 1 == 1;
        (0..max).take_while(equal).count()
    }

    /// Length of the LCS from here on.
    fn lcs_len(&self, old: usize, new: usize) -> u32 {
        let mask = (1_u32 << (self.news - new)) - 1;
        (self.row(old).increments & mask).count_ones()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BitLcs, MAX_ELEMENTS};

    /// Length of the LCS by its definition.
    fn longest(olds: &[u8], news: &[u8]) -> usize {
        match (olds, news) {
            ([old, olds @ ..], [new, rest @ ..]) if old == new => 1 + longest(olds, rest),
            ([_, fewer @ ..], [_, rest @ ..]) => longest(fewer, news).max(longest(olds, rest)),
            _ => 0,
        }
    }

    fn common(olds: &[u8], news: &[u8]) -> Vec<(usize, usize)> {
        let bit_lcs = BitLcs::new((olds.len(), news.len()), |old, new| olds[old] == news[new]);
        let mut all = Vec::new();
        bit_lcs
            .for_each_run(|old, new, count| all.extend((0..count).map(|at| (old + at, new + at))));
        all
    }

    #[test]
    fn new_elements_go_before_old_ones() {
        assert_eq!(common(b"ab", b"ba"), [(0, 1)]);
        assert_eq!(common(b"abc", b"xabd"), [(0, 1), (1, 2)]);
        assert_eq!(
            common(&[7; MAX_ELEMENTS], &[7; MAX_ELEMENTS]).len(),
            MAX_ELEMENTS
        );
        assert_eq!(common(b"", b"a"), []);
    }

    proptest! {
        #[test]
        fn as_many_as_possible_are_kept_in_their_order(
            olds in proptest::collection::vec(0..4_u8, 0..9),
            news in proptest::collection::vec(0..4_u8, 0..9),
        ) {
            let common = common(&olds, &news);
            prop_assert!(common.iter().all(|(old, new)| olds[*old] == news[*new]));
            prop_assert!(common.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1));
            prop_assert_eq!(common.len(), longest(&olds, &news));
        }
    }
}
