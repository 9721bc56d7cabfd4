//! Turns aligned elements into changes, and finds those that only moved.
//! A moved element is equal byte by byte, so that nothing is hidden in the move.

use std::collections::HashMap;

use super::Kind;
use super::Note;
use super::arrays::{Item, Lists};
use super::compare::Compare;
use super::hash::Hashed;
use super::pairs::identity;
use super::path::{PlaceId, Step};
use super::tape::{At, Tape};

impl<'a> Compare<'_, 'a, '_> {
    /// Compares pairs and notes what came, went or moved.
    pub(super) fn push_items(&mut self, items: &[Item], lists: &Lists, place: PlaceId) {
        let moved = self.moved(items, lists);
        let (olds, news, short) = (&lists.olds, &lists.news, |at| short(lists.before + at));
        for item in items {
            match *item {
                Item::Both { old, new } => self.both(old, new, lists, place),
                Item::Old { old } => {
                    let kind = if moved.went(old) {
                        Kind::MovedAway
                    } else {
                        Kind::Removed
                    };
                    let place = self.diff.place(place, Step::Old { at: short(old) });
                    let value = olds.get(old).map_or(&b""[..], |at| self.old.raw(*at));
                    self.diff.push_one(kind, value, place, Note::None);
                }
                Item::New { new, before } => {
                    let from = moved.from(new);
                    let kind = from.map_or(Kind::Added, |from| Kind::Moved { from: short(from) });
                    let step = Step::New {
                        at: short(new),
                        before: short(before),
                    };
                    let place = self.diff.place(place, step);
                    let value = news.get(new).map_or(&b""[..], |at| self.new.raw(*at));
                    self.diff.push_one(kind, value, place, Note::None);
                }
            }
        }
    }

    /// Compares two versions of one element.
    pub(super) fn both(&mut self, old: usize, new: usize, lists: &Lists, place: PlaceId) {
        let (Some(&one), Some(&other)) = (lists.olds.get(old), lists.news.get(new)) else {
            return;
        };
        if self.old.raw(one) == self.new.raw(other) {
            self.diff.unchanged += 1;
            return;
        }
        let step = Step::Both {
            old: short(lists.before + old),
            new: short(lists.before + new),
        };
        let here = self.diff.place(place, step);
        if self.options.context {
            let fields = self.identity_fields(place);
            if let Some((_, field, value)) = identity(self.new_spot(other), &fields) {
                self.diff.identities.push((here, field, value.raw()));
            }
        }
        self.values(one, other, here);
    }

    /// Which of the removed elements came back elsewhere.
    fn moved(&self, items: &[Item], lists: &Lists) -> Moved {
        let mut moved = Moved::default();
        let raw = |tape: &Tape<'a>, all: &[At], at: usize| {
            all.get(at).map_or(&b""[..], |at| tape.raw(*at))
        };
        let any = |test: fn(&Item) -> bool| items.iter().any(test);
        if !any(|item| matches!(item, Item::New { .. }))
            || !any(|item| matches!(item, Item::Old { .. }))
        {
            return moved;
        }
        let mut gone: HashMap<u64, Vec<usize>, Hashed> = HashMap::default();
        // Backwards, so that the first of equal elements is taken first.
        for item in items.iter().rev() {
            if let Item::Old { old } = *item {
                let hash = self.key.bytes(raw(self.old, &lists.olds, old));
                gone.entry(hash).or_default().push(old);
            }
        }
        for item in items {
            if let Item::New { new, .. } = *item {
                let value = raw(self.new, &lists.news, new);
                let equal = gone.get_mut(&self.key.bytes(value)).and_then(Vec::pop);
                let equal = equal.filter(|old| raw(self.old, &lists.olds, *old) == value);
                moved.here.extend(equal.map(|old| (new, old)));
                moved.away.extend(equal);
            }
        }
        moved.away.sort_unstable();
        moved
    }
}

/// Indices of elements that moved.
#[derive(Default)]
struct Moved {
    /// New and old ones, by the new.
    here: Vec<(usize, usize)>,
    /// Old ones, in their order.
    away: Vec<usize>,
}

impl Moved {
    /// From where an element came.
    fn from(&self, new: usize) -> Option<usize> {
        let found = self.here.binary_search_by_key(&new, |(new, _)| *new);
        found
            .ok()
            .and_then(|at| self.here.get(at))
            .map(|(_, old)| *old)
    }

    fn went(&self, old: usize) -> bool {
        self.away.binary_search(&old).is_ok()
    }
}

fn short(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
