//! Which elements of two arrays belong together: equal ends, then Myers' algorithm, then identity and likeness.
//! Every limit is a number, never a time, so that the same event always gives the same diff.

pub(crate) mod bit_lcs;
pub(crate) mod elements;
pub(crate) mod interning;
pub(crate) mod matching;
pub(crate) mod moves;
pub(crate) mod single_edit;

use std::borrow::Cow;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use self::bit_lcs::Few;
use self::interning::Ids;
use self::matching::Pairs;
use self::moves::{push_both, push_items};
use self::single_edit::Shift;
use super::hash::Key;
use super::path::PlaceId;
use super::pattern::Relation;
use super::{Diff, Kind, Note, Options};

/// So many elements of both arrays together are aligned, not counting equal ends, nor equal ones behind one that came or
/// went. Beyond, arrays of one length are compared by position, and those that differ in length, or in more elements
/// than this, are one value.
pub const MOST_ALIGNED: usize = 100_000;

/// What becomes of elements; indices count from the beginning of the arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// An element of both, the same or not.
    Both { old: usize, new: usize },
    /// Gone.
    Old { old: usize },
    /// New, before this old one.
    New { new: usize, before: usize },
}

/// An element of an array.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub raw: &'a [u8],
    /// Its place, in terms of whoever compares it.
    pub at: usize,
}

/// The elements of two arrays, as far as they are compared.
pub(super) struct Lists<'l, 'a> {
    pub olds: &'l [Element<'a>],
    pub news: &'l [Element<'a>],
    /// So many elements come before those, in the old array and in the new one.
    pub before: (usize, usize),
    /// In how many containers the elements lie.
    pub depth: usize,
}

impl<'a> Lists<'_, 'a> {
    /// An old element's bytes.
    pub fn raw_old(&self, at: usize) -> &'a [u8] {
        self.olds.get(at).map_or(b"", |element| element.raw)
    }

    /// A new element's bytes.
    pub fn raw_new(&self, at: usize) -> &'a [u8] {
        self.news.get(at).map_or(b"", |element| element.raw)
    }
}

/// Who compares elements: `compare` by the tapes of both documents, `lockstep` by their bytes. Both find the same.
pub(super) trait Comparing<'a> {
    fn diff(&mut self) -> &mut Diff<'a>;
    fn options(&self) -> &Options;
    fn key(&self) -> Key;
    /// Compares each of few elements with each, if those can be told apart by their bytes.
    fn few(&self, olds: &[Element<'a>], news: &[Element<'a>]) -> Option<Few>;
    /// Numbers that are equal exactly for elements that are the same.
    fn ids(&self, olds: &[Element<'a>], news: &[Element<'a>], depth: usize) -> Ids;
    /// Whether at least half of the fields of two objects agree, or of the elements of two arrays.
    fn half_agree(&self, old: &Element<'a>, new: &Element<'a>, depth: usize) -> bool;
    /// Notes what differs in two versions of an element; `None` to give up.
    fn versions(
        &mut self,
        old: &Element<'a>,
        new: &Element<'a>,
        depth: usize,
        place: PlaceId,
    ) -> Option<()>;
}

/// How many elements are the same at the beginning of both, and how many of the others at the end.
pub(super) fn same_ends<T>(
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

/// Compares two arrays in which so many elements are the same at either end.
pub(super) fn compare<'a>(
    by: &mut impl Comparing<'a>,
    lists: &Lists<'_, 'a>,
    (head, tail): (usize, usize),
    whole: (&'a [u8], &'a [u8]),
    place: PlaceId,
) -> Option<()> {
    let (old_end, new_end) = (lists.olds.len() - tail, lists.news.len() - tail);
    let mut items = Vec::with_capacity(lists.olds.len().max(lists.news.len()) + 1);
    items.extend(both(0, 0, head));
    let (old, new) = shifted(lists, (head..old_end, head..new_end), &mut items);
    if old.len() + new.len() > MOST_ALIGNED && !old.is_empty() && !new.is_empty() {
        return long_arrays(by, lists, whole, place);
    }
    between(by, lists, (old, new), place, &mut items);
    items.extend(both(old_end, new_end, tail));
    push_items(by, &items, lists, place)
}

/// Passes over one element that came or went and those behind it that are equal, if the first of these is: what happens
/// to most arrays needs no more. What is left.
fn shifted(
    lists: &Lists<'_, '_>,
    (mut old, mut new): (Range<usize>, Range<usize>),
    items: &mut Vec<Item>,
) -> (Range<usize>, Range<usize>) {
    let equal = |old: usize, new: usize| lists.raw_old(old) == lists.raw_new(new);
    if old.is_empty() || new.is_empty() {
        return (old, new);
    }
    if new.len() > 1 && equal(old.start, new.start + 1) {
        items.push(Item::New {
            new: new.start,
            before: old.start,
        });
        new.start += 1;
    } else if old.len() > 1 && equal(old.start + 1, new.start) {
        items.push(Item::Old { old: old.start });
        old.start += 1;
    } else {
        return (old, new);
    }
    let pairs = old.clone().zip(new.clone());
    let run = pairs.take_while(|(old, new)| equal(*old, *new)).count();
    items.extend(both(old.start, new.start, run));
    (old.start + run..old.end, new.start + run..new.end)
}

/// Notes an element that came or went before so many others.
pub(super) fn push_shift<'a>(
    by: &mut impl Comparing<'a>,
    shift: Shift,
    (old, new): (Element<'a>, Element<'a>),
    at: usize,
    place: PlaceId,
) {
    let none = Lists {
        olds: &[old],
        news: &[new],
        before: (at, at),
        depth: 0,
    };
    let item = match shift {
        Shift::Nothing => return,
        Shift::Came => Item::New { new: 0, before: 0 },
        Shift::Went => Item::Old { old: 0 },
    };
    // Nothing is compared, so nothing is given up.
    let _done = push_items(by, &[item], &none, place);
}

/// Notes what became of the only two elements of these lists, if there are any.
pub(super) fn push_pair<'a>(
    by: &mut impl Comparing<'a>,
    one: bool,
    lists: &Lists<'_, 'a>,
    place: PlaceId,
) -> Option<()> {
    if lists.olds.is_empty() {
        return Some(());
    }
    if one {
        return push_both(by, (0, 0), lists, place);
    }
    let items = [Item::Old { old: 0 }, Item::New { new: 0, before: 1 }];
    push_items(by, &items, lists, place)
}

/// Whether the only two elements of these lists are versions of one.
pub(super) fn are_one<'a>(
    by: &mut impl Comparing<'a>,
    lists: &Lists<'_, 'a>,
    place: PlaceId,
) -> bool {
    let fields = identity_fields(by, place);
    let pairs = Pairs {
        by: &*by,
        fields: &fields,
        lists,
    };
    pairs.are_versions(0, 0, true) || pairs.are_the_same(0, 0)
}

/// Compares arrays of one length element by element; others, and those that differ in too many, are one value.
fn long_arrays<'a>(
    by: &mut impl Comparing<'a>,
    lists: &Lists<'_, 'a>,
    whole: (&'a [u8], &'a [u8]),
    place: PlaceId,
) -> Option<()> {
    let before = by.diff().mark();
    let mut few = lists.olds.len() == lists.news.len();
    let pairs = (0..lists.olds.len()).map(|at| Item::Both { old: at, new: at });
    for pair in pairs {
        if !few {
            by.diff().return_to(before);
            by.diff()
                .push_both(Kind::Changed, whole, place, Note::TooLong);
            return Some(());
        }
        push_items(by, &[pair], lists, place)?;
        few = by.diff().changes.len() - before.changes <= MOST_ALIGNED;
    }
    by.diff().by_position += 1;
    Some(())
}

/// Aligns what lies between equal ends.
fn between<'a>(
    by: &mut impl Comparing<'a>,
    lists: &Lists<'_, 'a>,
    (old, new): (Range<usize>, Range<usize>),
    place: PlaceId,
    items: &mut Vec<Item>,
) {
    if old.is_empty() || new.is_empty() {
        items.extend(old.clone().map(|old| Item::Old { old }));
        items.extend(new.map(|new| Item::New {
            new,
            before: old.end,
        }));
        return;
    }
    let fields = identity_fields(by, place);
    let pairs = Pairs {
        by: &*by,
        fields: &fields,
        lists,
    };
    if old.len() == 1 && new.len() == 1 {
        return pairs.hunk(old, new, items);
    }
    align(&pairs, old, new, items);
}

/// Finds the equal elements; what lies between them is paired otherwise.
fn align<'a, By: Comparing<'a>>(
    pairs: &Pairs<'_, 'a, By>,
    old: Range<usize>,
    new: Range<usize>,
    items: &mut Vec<Item>,
) {
    let lists = pairs.lists;
    let olds = lists.olds.get(old.clone()).unwrap_or_default();
    let news = lists.news.get(new.clone()).unwrap_or_default();
    let (mut old_at, mut new_at) = (old.start, new.start);
    let mut equal = |one: usize, other: usize, length: usize| {
        let (old_from, new_from) = (old.start + one, new.start + other);
        pairs.hunk(old_at..old_from, new_at..new_from, items);
        items.extend(both(old_from, new_from, length));
        (old_at, new_at) = (old_from + length, new_from + length);
    };
    let ids = || pairs.by.ids(olds, news, lists.depth);
    if olds.len().max(news.len()) > bit_lcs::MOST {
        by_ids(&ids(), &mut equal);
    } else {
        let few = pairs.by.few(olds, news);
        few.unwrap_or_else(|| ids().few()).kept(&mut equal);
    }
    pairs.hunk(old_at..old.end, new_at..new.end, items);
}

/// Shows which elements of equal numbers Myers' algorithm keeps: where they begin, and how many they are.
fn by_ids(ids: &Ids, mut equal: impl FnMut(usize, usize, usize)) {
    for op in capture_diff_slices(Algorithm::Myers, &ids.olds, &ids.news) {
        if let DiffOp::Equal {
            old_index,
            new_index,
            len,
        } = op
        {
            equal(old_index, new_index, len);
        }
    }
}

/// The fields that may tell apart the elements of the array at this place; the first that an element has counts.
pub(super) fn identity_fields<'a>(
    by: &mut impl Comparing<'a>,
    place: PlaceId,
) -> Cow<'static, [Cow<'static, str>]> {
    const USUAL: &[Cow<'static, str>] = &[
        Cow::Borrowed("_id"),
        Cow::Borrowed("id"),
        Cow::Borrowed("key"),
        Cow::Borrowed("uuid"),
    ];
    if by.options().array_keys.is_empty() {
        return Cow::Borrowed(USUAL);
    }
    let mut steps = Vec::new();
    by.diff().steps(place, &mut steps);
    let keys = by.options().array_keys.iter();
    let keys = keys.filter(|key| key.path.relation(&steps) == Relation::Exact);
    let named: Vec<_> = keys.map(|key| Cow::Owned(key.field.clone())).collect();
    if named.is_empty() {
        Cow::Borrowed(USUAL)
    } else {
        Cow::Owned(named)
    }
}

/// So many elements of both arrays from here on.
fn both(old: usize, new: usize, count: usize) -> impl Iterator<Item = Item> {
    (0..count).map(move |at| Item::Both {
        old: old + at,
        new: new + at,
    })
}
