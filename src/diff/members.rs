//! The members of objects, matched by key. Keys are compared by their content.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::hash::Key;
use super::tape::{At, NodeRef, Tape};
use crate::json::{eq_unescaped, unescaped};

/// Whether two objects have the same keys in the same order, byte by byte, none of them twice. Needs no list of keys.
pub(super) fn same_key_order(old: NodeRef<'_, '_>, new: NodeRef<'_, '_>) -> bool {
    let mut keys = KeyFilter::default();
    let (mut olds, mut news) = (old.tape.members(old.at), new.tape.members(new.at));
    loop {
        match (olds.next(), news.next()) {
            (None, None) => return true,
            (Some((one, _)), Some((other, _))) => {
                let key = old.tape.raw(one);
                if key != new.tape.raw(other) || keys.first_occurrence(key).is_none() {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// The members of one object, keys and values in their order.
pub(super) struct Members<'t, 'a> {
    tape: &'t Tape<'a>,
    pub all: Vec<(At, At)>,
}

/// Which members of two objects have the same key, by index.
pub(super) struct KeyMatches {
    /// For each old member the new one with the same key.
    pub of_old: Vec<Option<usize>>,
    /// New members without an old one, in their order.
    pub only_new: Vec<usize>,
}

impl<'t, 'a> Members<'t, 'a> {
    pub fn new(object: NodeRef<'t, 'a>) -> Self {
        Members {
            tape: object.tape,
            all: object.tape.members(object.at).collect(),
        }
    }

    pub fn key(&self, index: usize) -> &'a [u8] {
        self.all
            .get(index)
            .map_or(b"", |(key, _)| self.tape.raw(*key))
    }

    /// Whether both have the same keys in the same order.
    pub fn has_key_order_of(&self, other: &Members<'_, '_>) -> bool {
        let same = |(one, two): (&(At, At), &(At, At))| {
            eq_unescaped(self.tape.raw(one.0), other.tape.raw(two.0))
        };
        self.all.len() == other.all.len() && self.all.iter().zip(&other.all).all(same)
    }

    /// Matches the members by key; `None` if a key occurs twice in one of the objects.
    pub fn match_keys(&self, new: &Members<'_, '_>, key: Key) -> Option<KeyMatches> {
        let olds = self.sorted(key)?;
        if self.has_key_order_of(new) {
            return Some(KeyMatches {
                of_old: (0..self.all.len()).map(Some).collect(),
                only_new: Vec::new(),
            });
        }
        let news = new.sorted(key)?;
        Some(self.joined(&olds, new, &news))
    }

    /// A member's unescaped key.
    fn unescaped_key(&self, member: &HashedKey) -> Cow<'a, [u8]> {
        unescaped(self.key(member.index))
    }

    /// The keys in the order of their hashes; `None` if one occurs twice.
    fn sorted(&self, key: Key) -> Option<Vec<HashedKey>> {
        let mut sorted: Vec<_> = (0..self.all.len())
            .map(|index| HashedKey {
                hash: key.bytes(&unescaped(self.key(index))),
                index,
            })
            .collect();
        sorted.sort_unstable_by(|one, other| self.order(one, self, other));
        let twice = sorted.windows(2).any(
            |two| matches!(two, [one, next] if self.order(one, self, next) == Ordering::Equal),
        );
        (!twice).then_some(sorted)
    }

    /// Contents are compared only if hashes are equal.
    fn order(&self, one: &HashedKey, others: &Members<'_, '_>, other: &HashedKey) -> Ordering {
        let keys = || self.unescaped_key(one).cmp(&others.unescaped_key(other));
        one.hash.cmp(&other.hash).then_with(keys)
    }

    /// Merges both sorted lists.
    fn joined(&self, olds: &[HashedKey], new: &Members<'_, '_>, news: &[HashedKey]) -> KeyMatches {
        let (mut of_old, mut only_new) = (vec![None; olds.len()], Vec::new());
        let mut olds = olds.iter().peekable();
        for one in news {
            let order = |old: &&HashedKey| self.order(old, new, one);
            while olds.next_if(|old| order(old) == Ordering::Less).is_some() {}
            match olds.next_if(|old| order(old) == Ordering::Equal) {
                Some(old) => {
                    if let Some(slot) = of_old.get_mut(old.index) {
                        *slot = Some(one.index);
                    }
                }
                None => only_new.push(one.index),
            }
        }
        only_new.sort_unstable();
        KeyMatches { of_old, only_new }
    }
}

/// The hash and index of a key.
struct HashedKey {
    hash: u64,
    index: usize,
}

/// A Bloom filter of the keys of an object: rarely, a new key is reported as one that may have occurred.
#[derive(Default)]
pub(super) struct KeyFilter([u64; 16]);

impl KeyFilter {
    /// The length of the key at the start of the bytes, with its quotes; `None` if it may have occurred, or has an
    /// escape.
    #[inline]
    pub fn first_occurrence(&mut self, json: &[u8]) -> Option<usize> {
        let mut hash = 0_u32;
        for (at, byte) in json.iter().enumerate().skip(1) {
            match byte {
                b'\\' => return None,
                b'"' => {
                    let bit = hash.wrapping_mul(0x9e37_79b1) >> 22;
                    let word = self.0.get_mut((bit >> 6) as usize)?;
                    let known = *word >> (bit & 63) & 1 == 1;
                    *word |= 1 << (bit & 63);
                    return (!known).then_some(at + 1);
                }
                byte => hash = hash.wrapping_mul(31).wrapping_add(u32::from(*byte)),
            }
        }
        None
    }
}
