//! Which elements of two short arrays stay: the longest part that both have, found with a bit for each element.
//! Longer arrays are left to a library, and what becomes of the others to `pairs`.

use super::Element;
use crate::diff::equality::weight;

/// So many elements each array may have here.
pub(in crate::diff) const MOST: usize = 16;

/// The equal pairs of two short arrays, and what can be kept of them.
pub(in crate::diff) struct Few {
    olds: usize,
    news: usize,
    rows: [Row; MOST],
}

/// What is known of an old element and those behind it. The last new element has the lowest bit.
#[derive(Default, Clone, Copy)]
struct Row {
    /// The new elements that are equal to this one.
    equal: u32,
    /// 1 at each new element with which one more can stay than without it, given it and those behind it.
    gains: u32,
}

impl Few {
    /// Compares each element with each, byte by byte; `None` where two may be the same in other bytes although all are
    /// spelled in the usual way: as objects of another order.
    pub fn by_bytes(olds: &[Element<'_>], news: &[Element<'_>]) -> Option<Self> {
        let weigh = |elements: &[Element<'_>]| {
            let mut weights = [0; MOST];
            for (weight_of, element) in weights.iter_mut().zip(elements) {
                *weight_of = weight(element.raw);
            }
            weights
        };
        let weights = (weigh(olds), weigh(news));
        let mut unsure = false;
        let few = Few::of((olds.len(), news.len()), |one, other| {
            let (Some(old), Some(new)) = (olds.get(one), news.get(other)) else {
                return false;
            };
            if weights.0.get(one) != weights.1.get(other) {
                return false;
            }
            let equal = old.raw == new.raw;
            unsure |= !equal && matches!(old.raw.first(), Some(b'{' | b'['));
            equal
        });
        (!unsure).then_some(few)
    }

    /// Compares each element with each, by their places; of no more than [`MOST`].
    pub fn of((olds, news): (usize, usize), mut equal: impl FnMut(usize, usize) -> bool) -> Self {
        let mut few = Few {
            olds,
            news,
            rows: [Row::default(); MOST],
        };
        let mut gains = 0_u32;
        for (old, row) in few.rows.iter_mut().enumerate().take(olds).rev() {
            let bits = (0..news).map(|new| u32::from(equal(old, new)) << (news - new - 1));
            let equal = bits.fold(0, |bits, bit| bits | bit);
            // Bit-parallel as Hyyrö has it: of each run of places without a gain the lowest equal one becomes one.
            let free = !gains;
            gains = !(free.wrapping_add(free & equal) | (free & !equal));
            *row = Row { equal, gains };
        }
        few
    }

    /// Shows where equal elements begin that stay, and how many follow each other. Of two ways to keep as many, new
    /// elements go before old ones.
    pub fn kept(&self, mut keep: impl FnMut(usize, usize, usize)) {
        let (mut old, mut new) = (0, 0);
        while old < self.olds && new < self.news {
            let length = self.run(old, new);
            if length > 0 {
                keep(old, new, length);
                (old, new) = (old + length, new + length);
            } else if self.most(old, new + 1) >= self.most(old + 1, new) {
                new += 1;
            } else {
                old += 1;
            }
        }
    }

    /// Nothing behind the last element.
    fn row(&self, old: usize) -> Row {
        self.rows.get(old).copied().unwrap_or_default()
    }

    /// How many elements are equal from here on.
    fn run(&self, old: usize, new: usize) -> usize {
        let most = (self.olds - old).min(self.news - new);
        let equal = |by: &usize| self.row(old + by).equal >> (self.news - new - by - 1) & 1 == 1;
        (0..most).take_while(equal).count()
    }

    /// How many elements can stay from here on.
    fn most(&self, old: usize, new: usize) -> u32 {
        let behind = (1_u32 << (self.news - new)) - 1;
        (self.row(old).gains & behind).count_ones()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Few, MOST};

    /// The definition, without any thrift.
    fn longest(olds: &[u8], news: &[u8]) -> usize {
        match (olds, news) {
            ([old, olds @ ..], [new, rest @ ..]) if old == new => 1 + longest(olds, rest),
            ([_, fewer @ ..], [_, rest @ ..]) => longest(fewer, news).max(longest(olds, rest)),
            _ => 0,
        }
    }

    fn kept(olds: &[u8], news: &[u8]) -> Vec<(usize, usize)> {
        let few = Few::of((olds.len(), news.len()), |old, new| olds[old] == news[new]);
        let mut all = Vec::new();
        few.kept(|old, new, count| all.extend((0..count).map(|at| (old + at, new + at))));
        all
    }

    #[test]
    fn new_elements_go_before_old_ones() {
        assert_eq!(kept(b"ab", b"ba"), [(0, 1)]);
        assert_eq!(kept(b"abc", b"xabd"), [(0, 1), (1, 2)]);
        assert_eq!(kept(&[7; MOST], &[7; MOST]).len(), MOST);
        assert_eq!(kept(b"", b"a"), []);
    }

    proptest! {
        #[test]
        fn as_many_as_possible_are_kept_in_their_order(
            olds in proptest::collection::vec(0..4_u8, 0..9),
            news in proptest::collection::vec(0..4_u8, 0..9),
        ) {
            let kept = kept(&olds, &news);
            prop_assert!(kept.iter().all(|(old, new)| olds[*old] == news[*new]));
            prop_assert!(kept.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1));
            prop_assert_eq!(kept.len(), longest(&olds, &news));
        }
    }
}
