//! Elements of two arrays, and their alignment.

/// An aligned element; indices count from the beginning of the arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diff) enum AlignedItem {
    /// In both arrays, equal or not.
    Both { old: usize, new: usize },
    /// In both arrays and unequal, matched only because of their positions.
    ByPosition { old: usize, new: usize },
    /// Deleted.
    Old { old: usize },
    /// Inserted, before this old one.
    New { new: usize, before: usize },
}

/// An element of an array.
#[derive(Debug, Clone, Copy)]
pub(in crate::diff) struct Element<'a> {
    pub raw: &'a [u8],
    /// Its position, as the comparator numbers it.
    pub at: usize,
}

/// The elements of two arrays that are compared.
pub(in crate::diff) struct ElementLists<'l, 'a> {
    pub olds: &'l [Element<'a>],
    pub news: &'l [Element<'a>],
    /// Number of elements before these, in the old array and in the new one.
    pub before: (usize, usize),
    /// Number of containers around the elements.
    pub depth: usize,
}

impl<'a> ElementLists<'_, 'a> {
    /// An old element's bytes.
    pub fn raw_old(&self, at: usize) -> &'a [u8] {
        self.olds.get(at).map_or(b"", |element| element.raw)
    }

    /// A new element's bytes.
    pub fn raw_new(&self, at: usize) -> &'a [u8] {
        self.news.get(at).map_or(b"", |element| element.raw)
    }
}

/// Lengths of the common prefix, and of the common suffix of the rest.
pub(in crate::diff) fn common_ends<T>(
    olds: &[T],
    news: &[T],
    same: impl Fn(&T, &T) -> bool,
) -> (usize, usize) {
    let same = |(old, new): &(&T, &T)| same(old, new);
    let head = olds.iter().zip(news).take_while(same).count();
    let rest = olds.len().min(news.len()) - head;
    let pairs = olds.iter().rev().zip(news.iter().rev()).take(rest);
    (head, pairs.take_while(same).count())
}
