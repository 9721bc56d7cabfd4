//! Matching of unequal elements: by an identity field, else by similarity at the same position. The order of both
//! arrays is kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::comparator::{Comparator, identity_fields};
use super::elements::visit_fields;
use super::model::{AlignedItem, Element, ElementLists};
use crate::diff::equality::{canonical_hash_of, same_values};
use crate::diff::hash::{IdentityBuildHasher, Key};
use crate::diff::path::PlaceId;
use crate::diff::tape::ValueType;
use crate::json::{eq_str, fields};

/// Matches the elements of two arrays.
pub(in crate::diff) struct Matching<'c, 'a, By> {
    pub comparator: &'c By,
    pub lists: &'c ElementLists<'c, 'a>,
    fields: Cow<'static, [Cow<'static, str>]>,
    key: Key,
}

/// The identity of an element.
#[derive(Debug, Clone, Copy)]
pub(in crate::diff) struct Identity<'a> {
    /// Index of the field in the list of identity fields.
    number: usize,
    /// The raw key and value.
    pub key: &'a [u8],
    pub value: &'a [u8],
}

impl Identity<'_> {
    /// `null` is not an identity.
    fn is_identity(&self) -> bool {
        ValueType::classify(self.value) != ValueType::Null
    }
}

impl<'c, 'a, 'o, By: Comparator<'a, 'o>> Matching<'c, 'a, By> {
    /// For the elements of the array at this place.
    pub fn new(comparator: &'c mut By, lists: &'c ElementLists<'c, 'a>, place: PlaceId) -> Self {
        Matching {
            fields: identity_fields(comparator, place),
            key: comparator.context().key,
            comparator,
            lists,
        }
    }

    /// Matches the elements between two equal ones.
    pub fn match_range(&self, old: Range<usize>, new: Range<usize>, items: &mut Vec<AlignedItem>) {
        let (mut old_at, mut new_at) = (old.start, new.start);
        for (one, other) in self.anchors(&old, &new) {
            self.by_position(old_at..one, new_at..other, items);
            items.push(AlignedItem::Both {
                old: one,
                new: other,
            });
            (old_at, new_at) = (one + 1, other + 1);
        }
        self.by_position(old_at..old.end, new_at..new.end, items);
    }

    /// Pairs elements at equal distance from the beginning if they are alike.
    fn by_position(&self, old: Range<usize>, new: Range<usize>, items: &mut Vec<AlignedItem>) {
        let equal_counts = old.len() == new.len();
        for (old, new) in old.clone().zip(new.clone()) {
            if self.are_versions(old, new, equal_counts) {
                items.push(AlignedItem::ByPosition { old, new });
            } else {
                items.push(AlignedItem::Old { old });
                items.push(AlignedItem::New {
                    new,
                    before: old + 1,
                });
            }
        }
        let paired = old.len().min(new.len());
        items.extend((old.start + paired..old.end).map(|old| AlignedItem::Old { old }));
        let before = old.end;
        items.extend((new.start + paired..new.end).map(|new| AlignedItem::New { new, before }));
    }

    /// The longest list of pairs with the same identity that keeps the order.
    fn anchors(&self, old: &Range<usize>, new: &Range<usize>) -> Vec<(usize, usize)> {
        if old.is_empty() || new.is_empty() || (old.len() == 1 && new.len() == 1) {
            return Vec::new();
        }
        let mut known: HashMap<u64, usize, IdentityBuildHasher> = HashMap::default();
        for at in old.clone() {
            if let Some(identity) = self.old_identity(at) {
                known.entry(self.hash(&identity)).or_insert(at);
            }
        }
        if known.is_empty() {
            return Vec::new();
        }
        let pairs = new.clone().filter_map(|new| {
            let identity = self.new_identity(new)?;
            let old = known.remove(&self.hash(&identity))?;
            let same = self.same_identity(&self.old_identity(old)?, &identity);
            same.then_some((old, new))
        });
        longest_increasing_subsequence(&pairs.collect::<Vec<_>>())
    }

    fn hash(&self, identity: &Identity<'a>) -> u64 {
        let hash = canonical_hash_of(identity.value, self.lists.depth + 1, self.key);
        self.key.then(hash, identity.number as u64)
    }

    fn same_identity(&self, old: &Identity<'a>, new: &Identity<'a>) -> bool {
        let depth = self.lists.depth + 1;
        old.number == new.number && same_values(old.value, new.value, depth, self.key)
    }

    fn old_identity(&self, at: usize) -> Option<Identity<'a>> {
        self.identity(self.lists.olds.get(at)?)
    }

    fn new_identity(&self, at: usize) -> Option<Identity<'a>> {
        self.identity(self.lists.news.get(at)?)
    }

    fn identity(&self, element: &Element<'a>) -> Option<Identity<'a>> {
        identity(element.raw, self.lists.depth, &self.fields)
    }

    /// Whether two elements are equal.
    pub fn are_the_same(&self, old: usize, new: usize) -> bool {
        let (old, new) = (self.lists.raw_old(old), self.lists.raw_new(new));
        same_values(old, new, self.lists.depth, self.key)
    }

    /// Whether two elements are versions of one element.
    pub fn are_versions(&self, old: usize, new: usize, equal_counts: bool) -> bool {
        let (Some(old), Some(new)) = (self.lists.olds.get(old), self.lists.news.get(new)) else {
            return false;
        };
        if old.raw == new.raw {
            return true;
        }
        let depth = self.lists.depth;
        match (
            ValueType::classify_at(depth, old.raw),
            ValueType::classify_at(depth, new.raw),
        ) {
            (ValueType::Object, ValueType::Object) => self.are_one_object(old, new, equal_counts),
            (ValueType::Array, ValueType::Array) => {
                equal_counts || self.comparator.half_agree(old, new, depth)
            }
            (ValueType::Opaque, ValueType::Opaque) => equal_counts,
            (ValueType::Object | ValueType::Array | ValueType::Opaque, _)
            | (_, ValueType::Object | ValueType::Array | ValueType::Opaque) => false,
            _ => equal_counts,
        }
    }

    fn are_one_object(&self, old: &Element<'a>, new: &Element<'a>, equal_counts: bool) -> bool {
        if let Some(are_one) = self.match_in_one_pass(old.raw, new.raw, equal_counts) {
            return are_one;
        }
        if let (Some(old), Some(new)) = (self.identity(old), self.identity(new)) {
            return self.same_identity(&old, &new);
        }
        self.comparator.half_agree(old, new, self.lists.depth)
    }

    /// Compares objects with the same keys in the same order, in one pass. `None` for others, and if the result depends
    /// on fields that are equal only with another spelling.
    fn match_in_one_pass(&self, old: &'a [u8], new: &'a [u8], equal_counts: bool) -> Option<bool> {
        let (mut identities, mut equal, mut all) = (None, 0, 0);
        visit_fields(old, new, |key, value, other| {
            equal += usize::from(value == other);
            all += 1;
            let known =
                identities.map_or(self.fields.len(), |(old, _): (Identity<'_>, _)| old.number);
            if let Some(number) = better_name(&self.fields, known, key) {
                let identity = |value| Identity { number, key, value };
                identities = Some((identity(value), identity(other)));
            }
        })?;
        match identities {
            Some((old, new)) if old.is_identity() && new.is_identity() => {
                Some(self.same_identity(&old, &new))
            }
            // An object of one field is like its value.
            _ => (equal * 2 >= all || (equal_counts && all == 1)).then_some(true),
        }
    }
}

/// The identity of an object, by the first of the fields that it has.
pub(in crate::diff) fn identity<'a>(
    element: &'a [u8],
    depth: usize,
    names: &[Cow<'static, str>],
) -> Option<Identity<'a>> {
    if ValueType::classify_at(depth, element) != ValueType::Object {
        return None;
    }
    let mut found: Option<Identity<'a>> = None;
    for (key, value) in fields(element) {
        let known = found.map_or(names.len(), |found| found.number);
        if let Some(number) = better_name(names, known, key) {
            found = Some(Identity { number, key, value });
        }
    }
    found.filter(Identity::is_identity)
}

/// The index of a key among the names before the known one.
fn better_name(names: &[Cow<'static, str>], known: usize, key: &[u8]) -> Option<usize> {
    let better = names.get(..known).unwrap_or_default();
    better.iter().position(|name| eq_str(key, name))
}

/// The longest selection of pairs in which both sides increase; the second side does already.
fn longest_increasing_subsequence(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length the pair with the smallest end, and for each pair the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    let old_of = |at: &usize| pairs.get(*at).map_or(0, |pair| pair.0);
    for (at, (old, _)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| old_of(end) < *old);
        before.push(length.checked_sub(1).and_then(|one| ends.get(one).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut chosen = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        chosen.extend(pairs.get(at));
        next = before.get(at).copied().flatten();
    }
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::longest_increasing_subsequence;

    #[test]
    fn longest_increasing_selections() {
        let check = |olds: &[usize], expected: &[usize]| {
            let pairs: Vec<_> = olds.iter().copied().zip(0..).collect();
            let chosen: Vec<_> = longest_increasing_subsequence(&pairs)
                .iter()
                .map(|pair| pair.0)
                .collect();
            assert_eq!(chosen, expected);
        };
        check(&[], &[]);
        check(&[3], &[3]);
        check(&[1, 0], &[0]);
        check(&[5, 1, 2, 9, 3], &[1, 2, 3]);
        check(&[2, 0, 1, 3], &[0, 1, 3]);
    }
}
