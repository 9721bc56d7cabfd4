//! Which elements of two arrays belong together: equal ends, then Myers' algorithm, then identity and likeness.
//! Every limit is a number, never a time, so that the same event always gives the same diff.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::compare::Compare;
use super::hash::Hashed;
use super::pairs::Pairs;
use super::path::PlaceId;
use super::same::{Spelling, Spot, meaning, same};
use super::tape::At;
use super::{Kind, Note};

/// So many elements of both arrays together are aligned, not counting equal ends. Beyond, arrays of one length are
/// compared by position, and those that differ in length, or in more elements than this, are one value.
pub const MOST_ALIGNED: usize = 100_000;
/// So many different values of one hash are told apart; more are taken for unequal, which is never wrong.
const MOST_COLLISIONS: u64 = 8;

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

/// The elements of two arrays, as far as they are compared: behind so many equal ones in both.
pub(super) struct Lists {
    pub olds: Vec<At>,
    pub news: Vec<At>,
    pub before: usize,
}

impl Lists {
    pub fn of(compare: &Compare<'_, '_, '_>, old: At, new: At, before: usize) -> Lists {
        Lists {
            olds: compare.old.elements(old).collect(),
            news: compare.new.elements(new).collect(),
            before,
        }
    }
}

impl<'a> Compare<'_, 'a, '_> {
    pub(super) fn arrays(&mut self, old: At, new: At, place: PlaceId) {
        let whole = (self.old.raw(old), self.new.raw(new));
        self.middle(&Lists::of(self, old, new, 0), whole, place);
    }

    /// Compares what lies between elements that are known to be equal.
    pub(super) fn middle(&mut self, lists: &Lists, whole: (&'a [u8], &'a [u8]), place: PlaceId) {
        let (olds, news) = (&lists.olds, &lists.news);
        let same = |(old, new): &(&At, &At)| self.same(**old, **new);
        let head = olds.iter().zip(news).take_while(same).count();
        let rest = olds.len().min(news.len()) - head;
        let pairs = olds.iter().rev().zip(news.iter().rev());
        let tail = pairs.take(rest).take_while(same).count();
        let (old_end, new_end) = (olds.len() - tail, news.len() - tail);
        if old_end + new_end - 2 * head > MOST_ALIGNED && old_end > head && new_end > head {
            return self.long_arrays(lists, whole, place);
        }
        let mut items: Vec<Item> = Vec::with_capacity(olds.len().max(news.len()) + 1);
        items.extend(both(0, 0, head));
        self.between(
            (olds, head..old_end),
            (news, head..new_end),
            place,
            &mut items,
        );
        items.extend(both(old_end, new_end, tail));
        self.push_items(&items, lists, place);
    }

    /// Compares arrays of one length element by element; others, and those that differ in too many, are one value.
    fn long_arrays(&mut self, lists: &Lists, whole: (&'a [u8], &'a [u8]), place: PlaceId) {
        let before = self.diff.mark();
        let mut few = lists.olds.len() == lists.news.len();
        for at in 0..lists.olds.len() {
            if !few {
                self.diff.return_to(before);
                return self
                    .diff
                    .push_both(Kind::Changed, whole, place, Note::TooLong);
            }
            self.both(at, at, lists, place);
            few = self.diff.changes.len() - before.changes <= MOST_ALIGNED;
        }
        self.diff.by_position += 1;
    }

    /// Aligns what lies between equal ends.
    fn between(
        &self,
        (olds, old): (&[At], Range<usize>),
        (news, new): (&[At], Range<usize>),
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
        let fields = self.identity_fields(place);
        let pairs = Pairs {
            compare: self,
            fields: &fields,
            olds,
            news,
        };
        if old.len() == 1 && new.len() == 1 {
            return pairs.hunk(old, new, items);
        }
        self.align(&pairs, old, new, items);
    }

    /// Finds the equal elements; what lies between them is paired otherwise.
    fn align(
        &self,
        pairs: &Pairs<'_, '_, '_, '_>,
        old: Range<usize>,
        new: Range<usize>,
        items: &mut Vec<Item>,
    ) {
        let ids = self.ids(slice(pairs.olds, &old), slice(pairs.news, &new));
        let (mut old_at, mut new_at) = (old.start, new.start);
        for op in capture_diff_slices(Algorithm::Myers, &ids.0, &ids.1) {
            if let DiffOp::Equal {
                old_index,
                new_index,
                len,
            } = op
            {
                let (old_from, new_from) = (old.start + old_index, new.start + new_index);
                pairs.hunk(old_at..old_from, new_at..new_from, items);
                items.extend(both(old_from, new_from, len));
                (old_at, new_at) = (old_from + len, new_from + len);
            }
        }
        pairs.hunk(old_at..old.end, new_at..new.end, items);
    }

    /// Numbers that are equal exactly for elements that are the same.
    fn ids(&self, olds: &[At], news: &[At]) -> (Vec<u32>, Vec<u32>) {
        self.ids_by_bytes(olds, news)
            .unwrap_or_else(|| self.ids_by_meaning(olds, news))
    }

    /// The same, where only elements that are equal byte by byte can be the same: everything is spelled in the usual way,
    /// and no two elements are of the same parts in another order, as other orders of keys would be.
    fn ids_by_bytes(&self, olds: &[At], news: &[At]) -> Option<(Vec<u32>, Vec<u32>)> {
        if !(self.old.is_plain() && self.new.is_plain()) {
            return None;
        }
        let olds_first = olds.iter().map(|at| self.old_spot(*at));
        let elements = olds_first.chain(news.iter().map(|at| self.new_spot(*at)));
        let hashed = elements.zip(0_usize..);
        let hashed =
            hashed.map(|(element, number)| (self.key.bytes(element.raw()), number, element));
        let mut hashed: Vec<_> = hashed.collect();
        hashed.sort_unstable_by_key(|(hash, number, _)| (*hash, *number));
        let (mut ids, mut weights) = (vec![0; hashed.len()], Vec::with_capacity(hashed.len()));
        for equal in hashed.chunk_by(|(one, ..), (other, ..)| one == other) {
            let (_, _, first) = equal.first()?;
            let id = u32::try_from(weights.len()).ok()?;
            weights.push(first.tape.weight(first.at, self.key));
            for (_, number, element) in equal {
                if element.raw() != first.raw() {
                    return None;
                }
                *ids.get_mut(*number)? = id;
            }
        }
        weights.sort_unstable();
        let news = ids.split_off(olds.len());
        weights
            .is_sorted_by(|one, other| one < other)
            .then_some((ids, news))
    }

    fn ids_by_meaning(&self, olds: &[At], news: &[At]) -> (Vec<u32>, Vec<u32>) {
        self.old.keep_hashes();
        self.new.keep_hashes();
        let mut seen: HashMap<u64, (Spot<'_, '_>, u32), Hashed> =
            HashMap::with_capacity_and_hasher(olds.len() + news.len(), Hashed::default());
        let mut next = 0;
        let mut id = |spot| {
            let hash = meaning(spot, self.key);
            for collision in 0..MOST_COLLISIONS {
                match seen.entry(hash.wrapping_add(collision)) {
                    Entry::Vacant(entry) => {
                        next += 1;
                        entry.insert((spot, next));
                        return next;
                    }
                    Entry::Occupied(entry) => {
                        let (known, id) = *entry.get();
                        if same(known, spot, Spelling::Any, self.key) {
                            return id;
                        }
                    }
                }
            }
            next += 1;
            next
        };
        let old = olds.iter().map(|at| id(self.old_spot(*at))).collect();
        let new = news.iter().map(|at| id(self.new_spot(*at))).collect();
        (old, new)
    }
}

/// So many elements of both arrays from here on.
fn both(old: usize, new: usize, count: usize) -> impl Iterator<Item = Item> {
    (0..count).map(move |at| Item::Both {
        old: old + at,
        new: new + at,
    })
}

fn slice<'s>(all: &'s [At], range: &Range<usize>) -> &'s [At] {
    all.get(range.clone()).unwrap_or_default()
}
