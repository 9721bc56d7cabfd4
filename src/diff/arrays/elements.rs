//! Elements of two raw arrays between their equal ends, and fields of two raw objects in one pass.

use std::ops::Range;

use super::model::{Element, common_ends};
use crate::diff::cursor_pair::{CursorPair, Next, NextValue, Offsets};
use crate::diff::members::KeyFilter;
use crate::json::ElementSpans;

/// Visits key, old value and new value of each field of two objects. `None` if they do not have the same keys in the
/// same order, or if a key occurs twice.
pub(in crate::diff) fn visit_fields<'a>(
    old: &'a [u8],
    new: &'a [u8],
    mut visit: impl FnMut(&'a [u8], &'a [u8], &'a [u8]),
) -> Option<()> {
    let (mut walk, mut keys) = (CursorPair::new(old, new), KeyFilter::default());
    walk.at = walk.at.forward(1);
    loop {
        let key = match walk.next_field(&mut keys)? {
            Next::Value(key) => key,
            Next::KeysDiffer => return None,
            Next::End => return Some(()),
        };
        let end = match walk.next_value()? {
            NextValue::Equal(end) => walk.at.forward(end - walk.at.old),
            NextValue::Differs => walk.ends()?,
        };
        let (value, other) = walk.spans(walk.at, end)?;
        visit(key, value, other);
        walk.seek_and_match(end);
    }
}

/// Number of equal fields and of all fields, if both objects have the same keys in the same order.
pub(in crate::diff) fn agreeing_fields(
    old: &[u8],
    new: &[u8],
    same: impl Fn(&[u8], &[u8]) -> bool,
) -> Option<(usize, usize)> {
    let (mut agreeing, mut all) = (0, 0);
    visit_fields(old, new, |_, value, other| {
        agreeing += usize::from(same(value, other));
        all += 1;
    })?;
    Some((agreeing, all))
}

/// The elements from an offset to the end of an array.
pub(in crate::diff) struct Elements<'a> {
    pub all: Vec<Element<'a>>,
    /// Offset after the closing bracket.
    pub end: usize,
}

impl<'a> Elements<'a> {
    pub fn new(json: &'a [u8], mut split: ElementSpans<'_>) -> Option<Self> {
        let element = |range: Range<usize>| Element {
            at: range.start,
            raw: json.get(range).unwrap_or_default(),
        };
        let mut all = Vec::with_capacity(32);
        all.extend(split.by_ref().map(element));
        Some(Elements {
            all,
            end: split.end()?,
        })
    }
}

/// The elements between the equal ends of two arrays.
pub(in crate::diff) struct UnequalMiddle<'a> {
    pub olds: Vec<Element<'a>>,
    pub news: Vec<Element<'a>>,
    /// The first unequal elements; one of them may be part of the equal suffix.
    pub first: Option<(Element<'a>, Element<'a>)>,
    /// Number of equal elements that were removed at the beginning.
    pub before: usize,
    /// Number of equal elements that were removed at both ends.
    pub equal: usize,
    /// Offsets after the arrays.
    pub end: Offsets,
}

impl<'a> UnequalMiddle<'a> {
    pub fn new(olds: Elements<'a>, news: Elements<'a>) -> Self {
        let end = Offsets {
            old: olds.end,
            new: news.end,
        };
        let (mut olds, mut news) = (olds.all, news.all);
        let (before, tail) = common_ends(&olds, &news, |old, new| old.raw == new.raw);
        let first = olds.get(before).copied().zip(news.get(before).copied());
        olds.truncate(olds.len() - tail);
        news.truncate(news.len() - tail);
        olds.drain(..before);
        news.drain(..before);
        UnequalMiddle {
            olds,
            news,
            first,
            before,
            equal: before + tail,
            end,
        }
    }
}

/// The bytes of consecutive elements, including separators.
pub(in crate::diff) fn span<'a>(json: &'a [u8], elements: &[Element<'a>]) -> &'a [u8] {
    let ends = elements.first().zip(elements.last());
    let span = ends.and_then(|(first, last)| json.get(first.at..last.at + last.raw.len()));
    span.unwrap_or_default()
}
