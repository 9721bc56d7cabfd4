//! The elements of two arrays as `lockstep` finds them on the bytes, and what lies between the equal ends.
//! Which of them belong together is found out in `arrays`.

use std::ops::Range;

use super::arrays::{Element, same_ends};
use super::members::Seen;
use crate::json::{Split, fields};

/// An offset in each document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Both {
    pub old: usize,
    pub new: usize,
}

impl Both {
    pub fn forward(self, bytes: usize) -> Both {
        Both {
            old: self.old + bytes,
            new: self.new + bytes,
        }
    }

    /// How far the new offset is ahead.
    pub fn ahead(self) -> usize {
        self.new.wrapping_sub(self.old)
    }
}

/// Shows key, old value and new value of each field of two objects; `None` where they have not the same keys in one order,
/// each once.
pub(super) fn side_by_side<'a>(
    old: &'a [u8],
    new: &'a [u8],
    mut see: impl FnMut(&'a [u8], &'a [u8], &'a [u8]),
) -> Option<()> {
    let (mut olds, mut news, mut seen) = (fields(old), fields(new), Seen::default());
    loop {
        match (olds.next(), news.next()) {
            (None, None) => return Some(()),
            (Some((key, value)), Some((other_key, other))) if key == other_key => {
                seen.first_time(key)?;
                see(key, value, other);
            }
            _ => return None,
        }
    }
}

/// How many fields are the same, of how many, where both objects have the same keys in one order.
pub(super) fn agreeing_fields(
    old: &[u8],
    new: &[u8],
    same: impl Fn(&[u8], &[u8]) -> bool,
) -> Option<(usize, usize)> {
    let (mut agreeing, mut all) = (0, 0);
    side_by_side(old, new, |_, value, other| {
        agreeing += usize::from(same(value, other));
        all += 1;
    })?;
    Some((agreeing, all))
}

/// The elements from some place to the end of an array.
pub(super) struct Elements<'a> {
    pub all: Vec<Element<'a>>,
    /// Behind the bracket.
    pub end: usize,
}

impl<'a> Elements<'a> {
    pub fn of(json: &'a [u8], first: Option<Range<usize>>, mut split: Split<'_>) -> Option<Self> {
        let element = |range: Range<usize>| Element {
            at: range.start,
            raw: json.get(range).unwrap_or_default(),
        };
        let mut all = Vec::with_capacity(32);
        all.extend(first.map(element));
        all.extend(split.by_ref().map(element));
        Some(Elements {
            all,
            end: split.end()?,
        })
    }
}

/// What lies between the equal ends of two arrays.
pub(super) struct Middle<'a> {
    pub olds: Vec<Element<'a>>,
    pub news: Vec<Element<'a>>,
    /// The first that are not equal, be they in the middle or one of them in the equal end.
    pub first: Option<(Element<'a>, Element<'a>)>,
    /// How many more are equal at the beginning.
    pub before: usize,
    /// How many more are equal at both ends.
    pub equal: usize,
    /// Behind the arrays.
    pub end: Both,
}

impl<'a> Middle<'a> {
    /// Of arrays that differ in their first elements only.
    pub fn one(olds: &Elements<'a>, news: Elements<'a>) -> Option<Self> {
        let (old, new) = (*olds.all.first()?, *news.all.first()?);
        Some(Middle {
            olds: vec![old],
            news: news.all,
            first: Some((old, new)),
            before: 0,
            equal: olds.all.len() - 1,
            end: Both {
                old: olds.end,
                new: news.end,
            },
        })
    }

    pub fn of(olds: Elements<'a>, news: Elements<'a>) -> Self {
        let end = Both {
            old: olds.end,
            new: news.end,
        };
        let (mut olds, mut news) = (olds.all, news.all);
        let (before, tail) = same_ends(&olds, &news, |old, new| old.raw == new.raw);
        let first = olds.get(before).copied().zip(news.get(before).copied());
        olds.truncate(olds.len() - tail);
        news.truncate(news.len() - tail);
        olds.drain(..before);
        news.drain(..before);
        Middle {
            olds,
            news,
            first,
            before,
            equal: before + tail,
            end,
        }
    }
}

/// Elements that follow each other, with what stands between them.
pub(super) fn span<'a>(json: &'a [u8], elements: &[Element<'a>]) -> &'a [u8] {
    let ends = elements.first().zip(elements.last());
    let span = ends.and_then(|(first, last)| json.get(first.at..last.at + last.raw.len()));
    span.unwrap_or_default()
}
