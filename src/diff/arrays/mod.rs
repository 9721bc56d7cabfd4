//! Alignment of arrays: equal ends, then a bit-parallel LCS or Myers' algorithm, then identity and similarity. Every
//! limit is a number, never a time, so that the same event always gives the same diff.

pub(super) mod bit_lcs;
pub(super) mod comparator;
pub(super) mod elements;
pub(super) mod interning;
pub(super) mod matching;
pub(super) mod model;
pub(super) mod moves;
pub(super) mod single_edit;

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use self::comparator::Comparator;
use self::interning::Interned;
use self::matching::Matching;
use self::model::{AlignedItem, Element, ElementLists};
use self::moves::{push_both, push_items};
use self::single_edit::Edit;
use super::model::{ChangeKind, Note};
use super::path::PlaceId;

/// Largest number of elements of both arrays that are aligned, not counting equal ends, nor equal elements after a
/// single insertion or deletion. Longer arrays of equal length are compared by position; if they differ in length, or
/// in more elements than this, they are one value.
pub const MAX_ALIGNED: usize = 100_000;

/// Compares two arrays with this number of equal elements at either end; `None` to give up.
pub(super) fn compare<'a, 'o>(
    comparator: &mut impl Comparator<'a, 'o>,
    lists: &ElementLists<'_, 'a>,
    (head, tail): (usize, usize),
    whole: (&'a [u8], &'a [u8]),
    place: PlaceId,
) -> Option<()> {
    let (old_end, new_end) = (lists.olds.len() - tail, lists.news.len() - tail);
    let mut items = Vec::with_capacity(lists.olds.len().max(lists.news.len()) + 1);
    items.extend(both(0, 0, head));
    let (old, new) = skip_single_edit(lists, (head..old_end, head..new_end), &mut items);
    if old.len() + new.len() > MAX_ALIGNED && !old.is_empty() && !new.is_empty() {
        return long_arrays(comparator, lists, whole, place);
    }
    align_middle(comparator, lists, (old, new), place, &mut items);
    items.extend(both(old_end, new_end, tail));
    push_items(comparator, &items, lists, place)
}

/// Fast path, enough for most arrays: skips one inserted or deleted element and the equal ones after it. Returns the
/// rest.
fn skip_single_edit(
    lists: &ElementLists<'_, '_>,
    (mut old, mut new): (Range<usize>, Range<usize>),
    items: &mut Vec<AlignedItem>,
) -> (Range<usize>, Range<usize>) {
    let equal = |old: usize, new: usize| lists.raw_old(old) == lists.raw_new(new);
    if old.is_empty() || new.is_empty() {
        return (old, new);
    }
    if new.len() > 1 && equal(old.start, new.start + 1) {
        items.push(AlignedItem::New {
            new: new.start,
            before: old.start,
        });
        new.start += 1;
    } else if old.len() > 1 && equal(old.start + 1, new.start) {
        items.push(AlignedItem::Old { old: old.start });
        old.start += 1;
    } else {
        return (old, new);
    }
    let pairs = old.clone().zip(new.clone());
    let run_len = pairs.take_while(|(old, new)| equal(*old, *new)).count();
    items.extend(both(old.start, new.start, run_len));
    (old.start + run_len..old.end, new.start + run_len..new.end)
}

/// Adds the change of an element that was inserted or deleted at `at`.
pub(super) fn push_edit<'a, 'o>(
    comparator: &mut impl Comparator<'a, 'o>,
    edit: Edit,
    (old, new): (Element<'a>, Element<'a>),
    at: usize,
    place: PlaceId,
) {
    let none = ElementLists {
        olds: &[old],
        news: &[new],
        before: (at, at),
        depth: 0,
    };
    let item = match edit {
        Edit::None => return,
        Edit::Insert => AlignedItem::New { new: 0, before: 0 },
        Edit::Delete => AlignedItem::Old { old: 0 },
    };
    // Never `None`, because nothing is compared.
    let _done = push_items(comparator, &[item], &none, place);
}

/// Adds the changes of the only two elements of these lists, if there are any.
pub(super) fn push_pair<'a, 'o>(
    comparator: &mut impl Comparator<'a, 'o>,
    are_versions: bool,
    lists: &ElementLists<'_, 'a>,
    place: PlaceId,
) -> Option<()> {
    if lists.olds.is_empty() {
        return Some(());
    }
    if are_versions {
        return push_both(comparator, (0, 0), lists, place);
    }
    let items = [
        AlignedItem::Old { old: 0 },
        AlignedItem::New { new: 0, before: 1 },
    ];
    push_items(comparator, &items, lists, place)
}

/// Whether the only two elements of these lists are versions of one.
pub(super) fn same_identity<'a, 'o>(
    comparator: &mut impl Comparator<'a, 'o>,
    lists: &ElementLists<'_, 'a>,
    place: PlaceId,
) -> bool {
    let matching = Matching::new(comparator, lists, place);
    matching.are_versions(0, 0, true) || matching.are_the_same(0, 0)
}

/// Compares arrays of equal length by position; others, and those with too many changes, are one value.
fn long_arrays<'a, 'o>(
    comparator: &mut impl Comparator<'a, 'o>,
    lists: &ElementLists<'_, 'a>,
    whole: (&'a [u8], &'a [u8]),
    place: PlaceId,
) -> Option<()> {
    let before = comparator.context().diff.length();
    let mut in_limit = lists.olds.len() == lists.news.len();
    let pairs = (0..lists.olds.len()).map(|at| AlignedItem::Both { old: at, new: at });
    for pair in pairs {
        if !in_limit {
            comparator.context().diff.truncate_to(before);
            comparator
                .context()
                .diff
                .push_both(ChangeKind::Changed, whole, place, Note::TooLong);
            return Some(());
        }
        push_items(comparator, &[pair], lists, place)?;
        in_limit = comparator.context().diff.changes.len() - before.changes <= MAX_ALIGNED;
    }
    comparator.context().diff.by_position += 1;
    Some(())
}

/// Aligns the elements between equal ends.
fn align_middle<'a, 'o>(
    comparator: &mut impl Comparator<'a, 'o>,
    lists: &ElementLists<'_, 'a>,
    (old, new): (Range<usize>, Range<usize>),
    place: PlaceId,
    items: &mut Vec<AlignedItem>,
) {
    if old.is_empty() || new.is_empty() {
        items.extend(old.clone().map(|old| AlignedItem::Old { old }));
        items.extend(new.map(|new| AlignedItem::New {
            new,
            before: old.end,
        }));
        return;
    }
    let matching = Matching::new(comparator, lists, place);
    if old.len() == 1 && new.len() == 1 {
        return matching.match_range(old, new, items);
    }
    align(&matching, old, new, items);
}

/// Aligns the equal elements; the elements between them are matched.
fn align<'a, 'o, By: Comparator<'a, 'o>>(
    matching: &Matching<'_, 'a, By>,
    old: Range<usize>,
    new: Range<usize>,
    items: &mut Vec<AlignedItem>,
) {
    let lists = matching.lists;
    let olds = lists.olds.get(old.clone()).unwrap_or_default();
    let news = lists.news.get(new.clone()).unwrap_or_default();
    let (mut old_at, mut new_at) = (old.start, new.start);
    let mut visit = |one: usize, other: usize, length: usize| {
        let (old_from, new_from) = (old.start + one, new.start + other);
        matching.match_range(old_at..old_from, new_at..new_from, items);
        items.extend(both(old_from, new_from, length));
        (old_at, new_at) = (old_from + length, new_from + length);
    };
    let ids = || matching.comparator.ids(olds, news, lists.depth);
    if olds.len().max(news.len()) > bit_lcs::MAX_ELEMENTS {
        myers(&ids(), &mut visit);
    } else {
        let bit_lcs = matching.comparator.bit_lcs(olds, news);
        bit_lcs
            .unwrap_or_else(|| ids().bit_lcs())
            .for_each_run(&mut visit);
    }
    matching.match_range(old_at..old.end, new_at..new.end, items);
}

/// Visits the common runs that Myers' algorithm finds: starts and length.
fn myers(ids: &Interned, mut visit: impl FnMut(usize, usize, usize)) {
    for op in capture_diff_slices(Algorithm::Myers, &ids.olds, &ids.news) {
        if let DiffOp::Equal {
            old_index,
            new_index,
            len,
        } = op
        {
            visit(old_index, new_index, len);
        }
    }
}

/// `count` matched elements from these indices on.
fn both(old: usize, new: usize, count: usize) -> impl Iterator<Item = AlignedItem> {
    (0..count).map(move |at| AlignedItem::Both {
        old: old + at,
        new: new + at,
    })
}
