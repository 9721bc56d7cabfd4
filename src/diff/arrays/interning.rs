//! Interns array elements: equal elements get the same integer, as Myers' algorithm needs. Compares raw bytes if that
//! is exact, else by value (needs a tape).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::bit_lcs::BitLcs;
use super::model::Element;
use crate::diff::equality::{Spelling, canonical_hash, same, unordered_checksum};
use crate::diff::hash::{IdentityBuildHasher, Key};
use crate::diff::tape::{NodeRef, Tape};

/// Number of different values with one hash that are distinguished. More count as unequal, which is never wrong.
const MAX_COLLISIONS: u64 = 8;

/// The numbers of the elements of both lists.
#[derive(Debug)]
pub(in crate::diff) struct Interned {
    pub olds: Vec<u32>,
    pub news: Vec<u32>,
}

impl Interned {
    /// The LCS of short lists.
    pub fn bit_lcs(&self) -> BitLcs {
        let counts = (self.olds.len(), self.news.len());
        BitLcs::new(counts, |old, new| self.olds.get(old) == self.news.get(new))
    }
}

/// An element with its hash and its index in the concatenated lists.
struct HashedElement<'a> {
    hash: u64,
    index: usize,
    raw: &'a [u8],
}

/// Numbers of elements by their bytes.
pub(in crate::diff) struct InternByBytes<'a> {
    pub ids: Interned,
    /// One container of each number, with its checksum.
    containers: Vec<(u32, &'a [u8])>,
    /// Whether different elements have the same hash, so that equal ones may have different numbers.
    collided: bool,
}

impl<'a> InternByBytes<'a> {
    pub fn new(olds: &[Element<'a>], news: &[Element<'a>], key: Key) -> Self {
        let elements = olds.iter().chain(news).zip(0_usize..);
        let hashed = elements.map(|(element, index)| HashedElement {
            hash: key.bytes(element.raw),
            index,
            raw: element.raw,
        });
        let mut hashed: Vec<_> = hashed.collect();
        hashed.sort_unstable_by_key(|one| (one.hash, one.index));
        let (mut ids, mut next, mut containers) = (vec![0; hashed.len()], 0, Vec::new());
        let mut collided = false;
        for equal in hashed.chunk_by(|one, other| one.hash == other.hash) {
            let first = equal.first().map_or(&b""[..], |one| one.raw);
            if matches!(first.first(), Some(b'{' | b'[')) {
                containers.push((unordered_checksum(first), first));
            }
            let usual = next;
            for one in equal {
                // On a collision each element gets its own number, which is never wrong.
                let other = one.raw != first;
                collided |= other;
                next += u32::from(other);
                if let Some(id) = ids.get_mut(one.index) {
                    *id = if other { next } else { usual };
                }
            }
            next += 1;
        }
        let news = ids.split_off(olds.len());
        let ids = Interned { olds: ids, news };
        InternByBytes {
            ids,
            containers,
            collided,
        }
    }

    /// Whether elements with different bytes are different, given that all are canonical: then they can be equal only
    /// as objects with another order of keys, which have the same checksum. Those with equal checksums are
    /// compared by a keyed checksum.
    pub fn are_distinct(&mut self, depth: usize, key: Key) -> bool {
        let checksum = |(_, raw): &(u32, &[u8])| {
            Tape::at_depth(depth, raw).unordered_checksum(Tape::ROOT, key)
        };
        self.containers.sort_unstable_by_key(|(sum, _)| *sum);
        let mut alike = self.containers.chunk_by(|one, other| one.0 == other.0);
        let differ = |equal: &[(u32, &[u8])]| {
            if equal.len() == 1 {
                return true;
            }
            let mut checksums: Vec<u64> = equal.iter().map(checksum).collect();
            checksums.sort_unstable();
            checksums.is_sorted_by(|one, other| one < other)
        };
        !self.collided && alike.all(differ)
    }
}

/// Interns elements by value.
pub(in crate::diff) fn intern_by_value<'t, 'a: 't>(
    olds: impl Iterator<Item = NodeRef<'t, 'a>>,
    news: impl Iterator<Item = NodeRef<'t, 'a>>,
    key: Key,
) -> Interned {
    let mut known: HashMap<u64, (NodeRef<'_, '_>, u32), IdentityBuildHasher> = HashMap::default();
    let mut next = 0;
    let mut id = |node: NodeRef<'t, 'a>| {
        node.tape.cache_hashes();
        let hash = canonical_hash(node, key);
        for collision in 0..MAX_COLLISIONS {
            match known.entry(hash.wrapping_add(collision)) {
                Entry::Vacant(entry) => {
                    next += 1;
                    entry.insert((node, next));
                    return next;
                }
                Entry::Occupied(entry) => {
                    let (other, id) = *entry.get();
                    if same(other, node, Spelling::Any, key) {
                        return id;
                    }
                }
            }
        }
        next += 1;
        next
    };
    Interned {
        olds: olds.map(&mut id).collect(),
        news: news.map(&mut id).collect(),
    }
}
