//! The elements of two arrays as `lockstep` finds them on the bytes, and what lies between the equal ends.
//! Which of them belong together is found out in `arrays`.

use std::ops::Range;

use super::{Element, same_ends};
use crate::diff::cursor_pair::{Abreast, Both, Look, Next};
use crate::diff::members::Seen;
use crate::json::Split;

/// Shows key, old value and new value of each field of two objects; `None` where they have not the same keys in one order,
/// each once.
pub(in crate::diff) fn side_by_side<'a>(
    old: &'a [u8],
    new: &'a [u8],
    mut see: impl FnMut(&'a [u8], &'a [u8], &'a [u8]),
) -> Option<()> {
    let (mut walk, mut seen) = (Abreast::new(old, new), Seen::default());
    walk.at = walk.at.forward(1);
    loop {
        let key = match walk.next_field(&mut seen)? {
            Next::Value(key) => key,
            Next::OutOfStep => return None,
            Next::End => return Some(()),
        };
        let end = match walk.look()? {
            Look::Equal(end) => walk.at.forward(end - walk.at.old),
            Look::Differs => walk.ends()?,
        };
        let (value, other) = walk.spans(walk.at, end)?;
        see(key, value, other);
        walk.align_at(end);
    }
}

/// How many fields are the same, of how many, where both objects have the same keys in one order.
pub(in crate::diff) fn agreeing_fields(
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
pub(in crate::diff) struct Elements<'a> {
    pub all: Vec<Element<'a>>,
    /// Behind the bracket.
    pub end: usize,
}

impl<'a> Elements<'a> {
    pub fn of(json: &'a [u8], mut split: Split<'_>) -> Option<Self> {
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

/// What lies between the equal ends of two arrays.
pub(in crate::diff) struct Middle<'a> {
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
pub(in crate::diff) fn span<'a>(json: &'a [u8], elements: &[Element<'a>]) -> &'a [u8] {
    let ends = elements.first().zip(elements.last());
    let span = ends.and_then(|(first, last)| json.get(first.at..last.at + last.raw.len()));
    span.unwrap_or_default()
}
