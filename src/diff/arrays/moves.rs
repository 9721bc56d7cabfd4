//! Turns aligned elements into changes, and detects moves. A moved element is equal byte by byte, so that a move
//! hides no other change.

use std::collections::HashMap;

use super::comparator::{Comparator, identity_fields};
use super::matching::identity;
use super::model::{AlignedItem, ElementLists};
use crate::diff::hash::{IdentityBuildHasher, Key};
use crate::diff::model::{ChangeKind, Note};
use crate::diff::path::{PlaceId, Step};

/// Compares matched elements, and adds insertions, deletions and moves.
pub(in crate::diff) fn push_items<'a, 'o>(
    comparator: &mut impl Comparator<'a, 'o>,
    items: &[AlignedItem],
    lists: &ElementLists<'_, 'a>,
    place: PlaceId,
) -> Option<()> {
    let moved = Moves::new(items, lists, comparator.context().key);
    let short_old = |at| short(lists.before.0 + at);
    let short_new = |at| short(lists.before.1 + at);
    for item in items {
        match *item {
            AlignedItem::Both { old, new } => push_both(comparator, (old, new), lists, place)?,
            AlignedItem::Old { old } => {
                let kind = if moved.was_moved(old) {
                    ChangeKind::MovedAway
                } else {
                    ChangeKind::Removed
                };
                let place = comparator
                    .context()
                    .diff
                    .place(place, Step::Old { at: short_old(old) });
                let value = lists.raw_old(old);
                comparator
                    .context()
                    .diff
                    .push_one(kind, value, place, Note::None);
            }
            AlignedItem::New { new, before } => {
                let from = moved.from(new);
                let kind = from.map_or(ChangeKind::Added, |from| ChangeKind::Moved {
                    from: short_old(from),
                });
                let step = Step::New {
                    at: short_new(new),
                    before: short_old(before),
                };
                let place = comparator.context().diff.place(place, step);
                comparator
                    .context()
                    .diff
                    .push_one(kind, lists.raw_new(new), place, Note::None);
            }
        }
    }
    Some(())
}

/// Compares two versions of one element.
pub(in crate::diff) fn push_both<'a, 'o>(
    comparator: &mut impl Comparator<'a, 'o>,
    (old, new): (usize, usize),
    lists: &ElementLists<'_, 'a>,
    place: PlaceId,
) -> Option<()> {
    let (one, other) = (lists.olds.get(old)?, lists.news.get(new)?);
    if one.raw == other.raw {
        comparator.context().diff.unchanged += 1;
        return Some(());
    }
    let step = Step::Both {
        old: short(lists.before.0 + old),
        new: short(lists.before.1 + new),
    };
    let here = comparator.context().diff.place(place, step);
    if comparator.context().options.context {
        let fields = identity_fields(comparator, place);
        if let Some(found) = identity(other.raw, lists.depth, &fields) {
            comparator
                .context()
                .diff
                .identities
                .push((here, found.key, found.value));
        }
    }
    comparator.compare_versions(one, other, lists.depth, here)
}

/// Indices of elements that moved.
#[derive(Default)]
struct Moves {
    /// New and old indices, sorted by the new ones.
    here: Vec<(usize, usize)>,
    /// Old indices, sorted.
    away: Vec<usize>,
}

impl Moves {
    /// Pairs each deleted element with an equal inserted one.
    fn new(items: &[AlignedItem], lists: &ElementLists<'_, '_>, key: Key) -> Moves {
        let mut moved = Moves::default();
        let any = |test: fn(&AlignedItem) -> bool| items.iter().any(test);
        if !any(|item| matches!(item, AlignedItem::New { .. }))
            || !any(|item| matches!(item, AlignedItem::Old { .. }))
        {
            return moved;
        }
        let mut deleted: HashMap<u64, Vec<usize>, IdentityBuildHasher> = HashMap::default();
        // In reverse order, so that the first of equal elements is popped first.
        for item in items.iter().rev() {
            if let AlignedItem::Old { old } = *item {
                let hash = key.bytes(lists.raw_old(old));
                deleted.entry(hash).or_default().push(old);
            }
        }
        for item in items {
            if let AlignedItem::New { new, .. } = *item {
                let value = lists.raw_new(new);
                let equal = deleted.get_mut(&key.bytes(value)).and_then(Vec::pop);
                let equal = equal.filter(|old| lists.raw_old(*old) == value);
                moved.here.extend(equal.map(|old| (new, old)));
                moved.away.extend(equal);
            }
        }
        moved.away.sort_unstable();
        moved
    }

    /// The old index of a moved element.
    fn from(&self, new: usize) -> Option<usize> {
        let found = self.here.binary_search_by_key(&new, |(new, _)| *new);
        found
            .ok()
            .and_then(|at| self.here.get(at))
            .map(|(_, old)| *old)
    }

    fn was_moved(&self, old: usize) -> bool {
        self.away.binary_search(&old).is_ok()
    }
}

fn short(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
