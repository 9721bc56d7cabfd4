//! Numbers for the elements of two arrays, equal exactly for those that are the same, as Myers' algorithm wants them.
//! By bytes where only those can tell elements apart; else by what they mean, which needs their tapes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Element;
use super::bit_lcs::Few;
use crate::diff::equality::{Spelling, Spot, meaning, same, weight};
use crate::diff::hash::{Hashed, Key};
use crate::diff::tape::Tape;

/// So many different values of one hash are told apart; more are taken for unequal, which is never wrong.
const MOST_COLLISIONS: u64 = 8;

/// The numbers of the old elements, and of the new ones.
#[derive(Debug)]
pub(in crate::diff) struct Ids {
    pub olds: Vec<u32>,
    pub news: Vec<u32>,
}

impl Ids {
    /// Compares each of few elements with each.
    pub fn few(&self) -> Few {
        let counts = (self.olds.len(), self.news.len());
        Few::of(counts, |old, new| self.olds.get(old) == self.news.get(new))
    }
}

/// An element with its hash and its number in both lists together.
struct Entered<'a> {
    hash: u64,
    number: usize,
    raw: &'a [u8],
}

/// Numbers by bytes.
pub(in crate::diff) struct ByBytes<'a> {
    pub ids: Ids,
    /// One container of each number, with its weight.
    containers: Vec<(u32, &'a [u8])>,
    /// Two elements have one hash and are not equal, so that equal ones may have different numbers.
    collided: bool,
}

impl<'a> ByBytes<'a> {
    pub fn of(olds: &[Element<'a>], news: &[Element<'a>], key: Key) -> Self {
        let elements = olds.iter().chain(news).zip(0_usize..);
        let entered = elements.map(|(element, number)| Entered {
            hash: key.bytes(element.raw),
            number,
            raw: element.raw,
        });
        let mut entered: Vec<_> = entered.collect();
        entered.sort_unstable_by_key(|one| (one.hash, one.number));
        let (mut ids, mut next, mut containers) = (vec![0; entered.len()], 0, Vec::new());
        let mut collided = false;
        for equal in entered.chunk_by(|one, other| one.hash == other.hash) {
            let first = equal.first().map_or(&b""[..], |one| one.raw);
            if matches!(first.first(), Some(b'{' | b'[')) {
                containers.push((weight(first), first));
            }
            let usual = next;
            for one in equal {
                // Collisions are rare: each of these gets a number of its own, which is never wrong.
                let other = one.raw != first;
                collided |= other;
                next += u32::from(other);
                if let Some(id) = ids.get_mut(one.number) {
                    *id = if other { next } else { usual };
                }
            }
            next += 1;
        }
        let news = ids.split_off(olds.len());
        let ids = Ids { olds: ids, news };
        ByBytes {
            ids,
            containers,
            collided,
        }
    }

    /// Whether elements of different bytes differ for sure, given that all are spelled in the usual way: then they can
    /// be the same only as objects of other orders of keys, which are of the same parts. Those that weigh the same are
    /// looked at more closely.
    pub fn all_differ(&mut self, depth: usize, key: Key) -> bool {
        let closely = |(_, raw): &(u32, &[u8])| Tape::below(depth, raw).weight(Tape::ROOT, key);
        self.containers.sort_unstable_by_key(|(weight, _)| *weight);
        let mut alike = self.containers.chunk_by(|one, other| one.0 == other.0);
        let differ = |equal: &[(u32, &[u8])]| {
            if equal.len() == 1 {
                return true;
            }
            let mut weights: Vec<u64> = equal.iter().map(closely).collect();
            weights.sort_unstable();
            weights.is_sorted_by(|one, other| one < other)
        };
        !self.collided && alike.all(differ)
    }
}

/// Numbers by meaning.
pub(in crate::diff) fn by_meaning<'t, 'a: 't>(
    olds: impl Iterator<Item = Spot<'t, 'a>>,
    news: impl Iterator<Item = Spot<'t, 'a>>,
    key: Key,
) -> Ids {
    let mut seen: HashMap<u64, (Spot<'_, '_>, u32), Hashed> = HashMap::default();
    let mut next = 0;
    let mut id = |spot: Spot<'t, 'a>| {
        spot.tape.keep_hashes();
        let hash = meaning(spot, key);
        for collision in 0..MOST_COLLISIONS {
            match seen.entry(hash.wrapping_add(collision)) {
                Entry::Vacant(entry) => {
                    next += 1;
                    entry.insert((spot, next));
                    return next;
                }
                Entry::Occupied(entry) => {
                    let (known, id) = *entry.get();
                    if same(known, spot, Spelling::Any, key) {
                        return id;
                    }
                }
            }
        }
        next += 1;
        next
    };
    Ids {
        olds: olds.map(&mut id).collect(),
        news: news.map(&mut id).collect(),
    }
}
