//! Number of distinct ids: exact up to a bound, a lower bound beyond it.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::snapshot::document_id::DocumentId;

/// Number of ids that are counted exactly.
pub const MAX_EXACT: usize = 1 << 20;

/// The ids of a collection, as hashes of 64 bits: two of a million ids have the same one with a probability of 1 to 30 million.
#[derive(Debug, Default)]
pub struct DistinctIds {
    hashes: HashSet<u64>,
    hasher: RandomState,
    /// Further ids were not added.
    is_full: bool,
}

impl DistinctIds {
    /// Adds an id, raw JSON. Two spellings of one id count once.
    pub fn add(&mut self, raw: &[u8]) {
        let hash = match DocumentId::parse(raw) {
            Some(id) => self.hasher.hash_one(id),
            None => self.hasher.hash_one(raw),
        };
        if self.hashes.len() < MAX_EXACT {
            self.hashes.insert(hash);
        } else {
            self.is_full |= !self.hashes.contains(&hash);
        }
    }

    /// The number of ids.
    #[must_use]
    pub fn count(&self) -> usize {
        self.hashes.len()
    }

    /// Whether the number is exact, and not a lower bound.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.is_full
    }
}
