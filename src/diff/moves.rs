//! Turns aligned elements into changes, and finds those that only moved.
//! A moved element is equal byte by byte, so that nothing is hidden in the move.

use std::collections::HashMap;

use super::Kind;
use super::Note;
use super::arrays::{Item, Lists};
use super::compare::Compare;
use super::pairs::identity;
use super::path::{PlaceId, Step};

impl Compare<'_, '_, '_> {
    /// Compares pairs and notes what came, went or moved.
    pub(super) fn push_items(&mut self, items: &[Item], lists: &Lists, place: PlaceId) {
        let moved = self.moved(items, lists);
        let (olds, news, short) = (&lists.olds, &lists.news, |at| short(lists.before + at));
        for item in items {
            match *item {
                Item::Both { old, new } => self.both(old, new, lists, place),
                Item::Old { old } => {
                    let kind = if moved.away.contains_key(&old) {
                        Kind::MovedAway
                    } else {
                        Kind::Removed
                    };
                    let place = self.diff.place(place, Step::Old { at: short(old) });
                    let value = olds.get(old).map_or(&b""[..], |at| self.old.raw(*at));
                    self.diff.push_one(kind, value, place, Note::None);
                }
                Item::New { new, before } => {
                    let from = moved.here.get(&new);
                    let kind = from.map_or(Kind::Added, |from| Kind::Moved { from: short(*from) });
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
        let (olds, news) = (&lists.olds, &lists.news);
        let mut gone: HashMap<&[u8], Vec<usize>> = HashMap::new();
        let any = |test: fn(&Item) -> bool| items.iter().any(test);
        if !any(|item| matches!(item, Item::New { .. }))
            || !any(|item| matches!(item, Item::Old { .. }))
        {
            return moved;
        }
        // Backwards, so that the first of equal elements is taken first.
        for item in items.iter().rev() {
            if let Item::Old { old } = *item
                && let Some(at) = olds.get(old)
            {
                gone.entry(self.old.raw(*at)).or_default().push(old);
            }
        }
        for item in items {
            if let Item::New { new, .. } = *item
                && let Some(at) = news.get(new)
                && let Some(old) = gone.get_mut(self.new.raw(*at)).and_then(Vec::pop)
            {
                moved.here.insert(new, old);
                moved.away.insert(old, new);
            }
        }
        moved
    }
}

/// Indices of elements that moved.
#[derive(Default)]
struct Moved {
    /// Old by new.
    here: HashMap<usize, usize>,
    /// New by old.
    away: HashMap<usize, usize>,
}

fn short(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
