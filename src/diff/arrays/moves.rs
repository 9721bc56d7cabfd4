//! Turns aligned elements into changes, and finds those that only moved.
//! A moved element is equal byte by byte, so that nothing is hidden in the move.

use std::collections::HashMap;

use super::matching::identity;
use super::{Comparing, Item, Lists, identity_fields};
use crate::diff::hash::{Hashed, Key};
use crate::diff::path::{PlaceId, Step};
use crate::diff::{Kind, Note};

/// Compares pairs and notes what came, went or moved.
pub(in crate::diff) fn push_items<'a>(
    by: &mut impl Comparing<'a>,
    items: &[Item],
    lists: &Lists<'_, 'a>,
    place: PlaceId,
) -> Option<()> {
    let moved = Moved::of(items, lists, by.key());
    let short_old = |at| short(lists.before.0 + at);
    let short_new = |at| short(lists.before.1 + at);
    for item in items {
        match *item {
            Item::Both { old, new } => push_both(by, (old, new), lists, place)?,
            Item::Old { old } => {
                let kind = if moved.went(old) {
                    Kind::MovedAway
                } else {
                    Kind::Removed
                };
                let place = by.diff().place(place, Step::Old { at: short_old(old) });
                let value = lists.raw_old(old);
                by.diff().push_one(kind, value, place, Note::None);
            }
            Item::New { new, before } => {
                let from = moved.from(new);
                let kind = from.map_or(Kind::Added, |from| Kind::Moved {
                    from: short_old(from),
                });
                let step = Step::New {
                    at: short_new(new),
                    before: short_old(before),
                };
                let place = by.diff().place(place, step);
                by.diff()
                    .push_one(kind, lists.raw_new(new), place, Note::None);
            }
        }
    }
    Some(())
}

/// Compares two versions of one element.
pub(in crate::diff) fn push_both<'a>(
    by: &mut impl Comparing<'a>,
    (old, new): (usize, usize),
    lists: &Lists<'_, 'a>,
    place: PlaceId,
) -> Option<()> {
    let (one, other) = (lists.olds.get(old)?, lists.news.get(new)?);
    if one.raw == other.raw {
        by.diff().unchanged += 1;
        return Some(());
    }
    let step = Step::Both {
        old: short(lists.before.0 + old),
        new: short(lists.before.1 + new),
    };
    let here = by.diff().place(place, step);
    if by.options().context {
        let fields = identity_fields(by, place);
        if let Some(found) = identity(other.raw, lists.depth, &fields) {
            by.diff().identities.push((here, found.key, found.value));
        }
    }
    by.versions(one, other, lists.depth, here)
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
    /// Which of the removed elements came back elsewhere.
    fn of(items: &[Item], lists: &Lists<'_, '_>, key: Key) -> Moved {
        let mut moved = Moved::default();
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
                let hash = key.bytes(lists.raw_old(old));
                gone.entry(hash).or_default().push(old);
            }
        }
        for item in items {
            if let Item::New { new, .. } = *item {
                let value = lists.raw_new(new);
                let equal = gone.get_mut(&key.bytes(value)).and_then(Vec::pop);
                let equal = equal.filter(|old| lists.raw_old(*old) == value);
                moved.here.extend(equal.map(|old| (new, old)));
                moved.away.extend(equal);
            }
        }
        moved.away.sort_unstable();
        moved
    }

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
