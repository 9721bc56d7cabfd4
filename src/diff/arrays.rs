//! Which elements of two arrays belong together: equal ends, then Myers' algorithm, then identity and likeness.
//! Every limit is a number, never a time, so that the same event always gives the same diff.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::compare::Compare;
use super::pairs::Pairs;
use super::path::PlaceId;
use super::same::{Spelling, Spot, meaning, same};
use super::tape::At;

/// So many elements of both arrays together are aligned, not counting equal ends; beyond, they are compared by position.
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

impl Compare<'_, '_, '_> {
    pub(super) fn arrays(&mut self, old: At, new: At, place: PlaceId) {
        let olds: Vec<At> = self.old.elements(old).collect();
        let news: Vec<At> = self.new.elements(new).collect();
        let same = |(old, new): &(&At, &At)| self.same(**old, **new);
        let head = olds.iter().zip(&news).take_while(same).count();
        let rest = olds.len().min(news.len()) - head;
        let pairs = olds.iter().rev().zip(news.iter().rev());
        let tail = pairs.take(rest).take_while(same).count();
        let (old_end, new_end) = (olds.len() - tail, news.len() - tail);
        let mut items: Vec<Item> = Vec::new();
        let ends = |from: usize, other: usize, count: usize| {
            (0..count).map(move |at| Item::Both {
                old: from + at,
                new: other + at,
            })
        };
        items.extend(ends(0, 0, head));
        self.middle(
            &olds,
            &news,
            head..old_end,
            head..new_end,
            place,
            &mut items,
        );
        items.extend(ends(old_end, new_end, tail));
        self.push_items(&items, &olds, &news, place);
    }

    fn middle(
        &mut self,
        olds: &[At],
        news: &[At],
        old: Range<usize>,
        new: Range<usize>,
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
        if old.len() + new.len() > MOST_ALIGNED {
            pairs.by_position(old, new, items);
            self.diff.by_position += 1;
            return;
        }
        let ids = self.ids(slice(olds, &old), slice(news, &new));
        let ops = capture_diff_slices(Algorithm::Myers, &ids.0, &ids.1);
        let (mut old_at, mut new_at) = (old.start, new.start);
        for op in ops {
            let DiffOp::Equal {
                old_index,
                new_index,
                len,
            } = op
            else {
                continue;
            };
            let (old_from, new_from) = (old.start + old_index, new.start + new_index);
            pairs.hunk(old_at..old_from, new_at..new_from, items);
            items.extend((0..len).map(|at| Item::Both {
                old: old_from + at,
                new: new_from + at,
            }));
            (old_at, new_at) = (old_from + len, new_from + len);
        }
        pairs.hunk(old_at..old.end, new_at..new.end, items);
    }

    /// Numbers that are equal exactly for elements that are the same.
    fn ids(&self, olds: &[At], news: &[At]) -> (Vec<u32>, Vec<u32>) {
        self.old.keep_hashes();
        self.new.keep_hashes();
        let mut seen: HashMap<u64, (Spot<'_, '_>, u32)> =
            HashMap::with_capacity(olds.len() + news.len());
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

fn slice<'s>(all: &'s [At], range: &Range<usize>) -> &'s [At] {
    all.get(range.clone()).unwrap_or_default()
}
