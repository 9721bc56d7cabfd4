//! Turns aligned elements into changes, and detects moves. A moved element is equal byte by byte, so that a move
//! hides no other change.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

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
    let key = comparator.context().key;
    let items = &*split_moved_pairs(items, lists, key);
    let moved = Moves::new(items, lists, key);
    let short_old = |at| short(lists.before.0 + at);
    let short_new = |at| short(lists.before.1 + at);
    for item in items {
        match *item {
            AlignedItem::Both { old, new } | AlignedItem::ByPosition { old, new } => {
                push_both(comparator, (old, new), lists, place)?;
            }
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

/// Splits pairs of elements that only their positions matched and that are at another index on the other side, so that
/// swapped elements are moves. Only where this gives no more changes.
fn split_moved_pairs<'i>(
    items: &'i [AlignedItem],
    lists: &ElementLists<'_, '_>,
    key: Key,
) -> Cow<'i, [AlignedItem]> {
    let is_pair = |item: &AlignedItem| matches!(item, AlignedItem::ByPosition { .. });
    if !items.iter().any(is_pair) {
        return Cow::Borrowed(items);
    }
    let destinations = destinations(items, lists, key);
    if destinations.is_empty() {
        return Cow::Borrowed(items);
    }
    let mut split = Vec::with_capacity(items.len() + destinations.len());
    let moved = pairs_to_split(items, &destinations);
    for (at, item) in items.iter().enumerate() {
        match *item {
            AlignedItem::ByPosition { old, new } if moved.contains(&at) => {
                split.push(AlignedItem::Old { old });
                split.push(AlignedItem::New {
                    new,
                    before: old + 1,
                });
            }
            item => split.push(item),
        }
    }
    Cow::Owned(split)
}

/// For each item whose old element is equal to the new one of another item, this other item; each is used once.
fn destinations(
    items: &[AlignedItem],
    lists: &ElementLists<'_, '_>,
    key: Key,
) -> HashMap<usize, usize> {
    let (mut olds, mut news) = (Vec::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        let (old, new) = match *item {
            AlignedItem::Both { .. } => continue,
            AlignedItem::ByPosition { old, new } if lists.raw_old(old) == lists.raw_new(new) => {
                continue;
            }
            AlignedItem::ByPosition { old, new } => (Some(old), Some(new)),
            AlignedItem::Old { old } => (Some(old), None),
            AlignedItem::New { new, .. } => (None, Some(new)),
        };
        olds.extend(old.map(|old| (key.bytes(lists.raw_old(old)), at, lists.raw_old(old))));
        news.extend(new.map(|new| (key.bytes(lists.raw_new(new)), at, lists.raw_new(new))));
    }
    let mut found = HashMap::new();
    // One pair alone has no other item.
    if olds.len() + news.len() < 3 {
        return found;
    }
    olds.sort_unstable();
    news.sort_unstable();
    let (mut olds, mut news) = (olds.iter().peekable(), news.iter().peekable());
    while let (Some((old_hash, from, old)), Some((new_hash, to, new))) = (olds.peek(), news.peek())
    {
        match old_hash.cmp(new_hash) {
            Ordering::Less => _ = olds.next(),
            Ordering::Greater => _ = news.next(),
            Ordering::Equal => {
                if old == new {
                    found.insert(*from, *to);
                }
                (_, _) = (olds.next(), news.next());
            }
        }
    }
    found
}

/// The pairs in cycles, and in chains that begin with a deletion or end with an insertion.
fn pairs_to_split(items: &[AlignedItem], destinations: &HashMap<usize, usize>) -> HashSet<usize> {
    let is_pair = |at: usize| matches!(items.get(at), Some(AlignedItem::ByPosition { .. }));
    let arrivals: HashSet<usize> = destinations.values().copied().collect();
    let (mut done, mut split) = (HashSet::new(), HashSet::new());
    let starts = destinations.keys().filter(|at| !arrivals.contains(at));
    // What no start reaches is a cycle.
    for start in starts.chain(destinations.keys()) {
        let mut chain = vec![*start];
        let mut last = *start;
        while done.insert(last) {
            match destinations.get(&last) {
                Some(next) if next != start => {
                    chain.push(*next);
                    last = *next;
                }
                _ => break,
            }
        }
        let is_cycle = destinations.get(&last) == Some(start);
        if is_cycle || !(is_pair(*start) && is_pair(last)) {
            split.extend(chain.into_iter().filter(|at| is_pair(*at)));
        }
    }
    split
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
