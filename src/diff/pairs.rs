//! Which elements between two equal ones are versions of one another: by identity, else by likeness at one position.
//! Everything here keeps the order of both arrays.

use std::collections::HashMap;
use std::ops::Range;

use super::arrays::Item;
use super::compare::Compare;
use super::hash::Hashed;
use super::members::{Members, in_step};
use super::same::{Spot, meaning};
use super::tape::{At, Kind};
use crate::json::says;

/// The elements of two arrays, and the fields that tell them apart.
pub(super) struct Pairs<'c, 't, 'a, 'o> {
    pub compare: &'c Compare<'t, 'a, 'o>,
    pub fields: &'c [&'o str],
    pub olds: &'c [At],
    pub news: &'c [At],
}

impl<'t, 'a> Pairs<'_, 't, 'a, '_> {
    /// Pairs what lies between two equal elements.
    pub fn hunk(&self, old: Range<usize>, new: Range<usize>, items: &mut Vec<Item>) {
        let (mut old_at, mut new_at) = (old.start, new.start);
        for (one, other) in self.anchors(&old, &new) {
            self.by_position(old_at..one, new_at..other, items);
            items.push(Item::Both {
                old: one,
                new: other,
            });
            (old_at, new_at) = (one + 1, other + 1);
        }
        self.by_position(old_at..old.end, new_at..new.end, items);
    }

    /// Pairs elements at equal distance from the beginning if they are alike.
    fn by_position(&self, old: Range<usize>, new: Range<usize>, items: &mut Vec<Item>) {
        let equal_counts = old.len() == new.len();
        for (old, new) in old.clone().zip(new.clone()) {
            if self.are_versions(old, new, equal_counts) {
                items.push(Item::Both { old, new });
            } else {
                items.push(Item::Old { old });
                items.push(Item::New {
                    new,
                    before: old + 1,
                });
            }
        }
        let paired = old.len().min(new.len());
        items.extend((old.start + paired..old.end).map(|old| Item::Old { old }));
        let before = old.end;
        items.extend((new.start + paired..new.end).map(|new| Item::New { new, before }));
    }

    /// Pairs of one identity, as many as keep the order.
    fn anchors(&self, old: &Range<usize>, new: &Range<usize>) -> Vec<(usize, usize)> {
        if old.is_empty() || new.is_empty() || (old.len() == 1 && new.len() == 1) {
            return Vec::new();
        }
        let mut known: HashMap<u64, usize, Hashed> = HashMap::default();
        for at in old.clone() {
            if let Some(identity) = self.old_identity(at) {
                known.entry(self.hash(identity)).or_insert(at);
            }
        }
        if known.is_empty() {
            return Vec::new();
        }
        let pairs = new.clone().filter_map(|new| {
            let identity = self.new_identity(new)?;
            let old = known.remove(&self.hash(identity))?;
            let truly = self.is_identity(self.old_identity(old)?, identity);
            truly.then_some((old, new))
        });
        increasing(&pairs.collect::<Vec<_>>())
    }

    fn hash(&self, (field, value): (usize, Spot<'_, '_>)) -> u64 {
        let key = self.compare.key;
        key.then(meaning(value, key), field as u64)
    }

    fn is_identity(
        &self,
        (field, old): (usize, Spot<'_, '_>),
        (other, new): (usize, Spot<'_, '_>),
    ) -> bool {
        field == other && self.compare.same(old.at, new.at)
    }

    fn old_identity(&self, at: usize) -> Option<(usize, Spot<'t, 'a>)> {
        self.identity(self.compare.old_spot(*self.olds.get(at)?))
    }

    fn new_identity(&self, at: usize) -> Option<(usize, Spot<'t, 'a>)> {
        self.identity(self.compare.new_spot(*self.news.get(at)?))
    }

    /// Which of the fields tells an element apart, and its value.
    fn identity(&self, element: Spot<'t, 'a>) -> Option<(usize, Spot<'t, 'a>)> {
        identity(element, self.fields).map(|(field, _, value)| (field, value))
    }

    fn are_versions(&self, old: usize, new: usize, equal_counts: bool) -> bool {
        let identities = (self.old_identity(old), self.new_identity(new));
        if let (Some(old), Some(new)) = identities {
            return self.is_identity(old, new);
        }
        let (Some(old), Some(new)) = (self.olds.get(old), self.news.get(new)) else {
            return false;
        };
        let (old, new) = (self.compare.old_spot(*old), self.compare.new_spot(*new));
        if old.raw() == new.raw() {
            return true;
        }
        match (old.kind(), new.kind()) {
            (Kind::Object, Kind::Object) => self.half_of_fields_agree(old, new),
            (Kind::Whole, Kind::Whole) => equal_counts,
            (Kind::Array, Kind::Array) => equal_counts || self.half_of_elements_agree(old, new),
            (Kind::Object | Kind::Array | Kind::Whole, _)
            | (_, Kind::Object | Kind::Array | Kind::Whole) => false,
            _ => equal_counts,
        }
    }

    fn half_of_elements_agree(&self, old: Spot<'_, '_>, new: Spot<'_, '_>) -> bool {
        let most = old.elements().count().max(new.elements().count());
        let pairs = old.elements().zip(new.elements());
        let agree = pairs.filter(|(old, new)| self.compare.same(old.at, new.at));
        agree.count() * 2 >= most
    }

    fn half_of_fields_agree(&self, old: Spot<'_, '_>, new: Spot<'_, '_>) -> bool {
        if in_step(old, new) {
            let pairs = old.tape.members(old.at).zip(new.tape.members(new.at));
            let agree = |((_, old), (_, new))| self.compare.same(old, new);
            let (all, agreeing) = pairs.map(agree).fold((0, 0), |(all, agreeing), agrees| {
                (all + 1, agreeing + usize::from(agrees))
            });
            return agreeing * 2 >= all;
        }
        let (olds, news) = (Members::of(old), Members::of(new));
        let Some(partners) = olds.partners(&news, self.compare.key) else {
            return false;
        };
        let pairs = olds.all.iter().zip(&partners.of_old);
        let agree = pairs.filter(|((_, old), partner)| {
            let new = partner.and_then(|at| news.all.get(at));
            new.is_some_and(|(_, new)| self.compare.same(*old, *new))
        });
        agree.count() * 2 >= olds.all.len().max(news.all.len())
    }
}

/// Which of the fields an object has first: its number, its raw key and its value. `null` tells nothing apart.
pub(super) fn identity<'t, 'a>(
    element: Spot<'t, 'a>,
    fields: &[&str],
) -> Option<(usize, &'a [u8], Spot<'t, 'a>)> {
    if element.kind() != Kind::Object {
        return None;
    }
    let tape = element.tape;
    let mut found: Option<(usize, At, At)> = None;
    for (key, value) in tape.members(element.at) {
        let known = found.map_or(fields.len(), |(number, _, _)| number);
        let better = fields.get(..known).unwrap_or_default();
        let number = better.iter().position(|field| says(tape.raw(key), field));
        found = number.map(|number| (number, key, value)).or(found);
    }
    let (number, key, value) = found?;
    let value = Spot::new(tape, value);
    (value.kind() != Kind::Null).then(|| (number, tape.raw(key), value))
}

/// The longest selection of pairs in which both sides increase; the second side does already.
fn increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
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
    use super::increasing;

    #[test]
    fn longest_increasing_selections() {
        let check = |olds: &[usize], expected: &[usize]| {
            let pairs: Vec<_> = olds.iter().copied().zip(0..).collect();
            let chosen: Vec<_> = increasing(&pairs).iter().map(|pair| pair.0).collect();
            assert_eq!(chosen, expected);
        };
        check(&[], &[]);
        check(&[3], &[3]);
        check(&[1, 0], &[0]);
        check(&[5, 1, 2, 9, 3], &[1, 2, 3]);
        check(&[2, 0, 1, 3], &[0, 1, 3]);
    }
}
