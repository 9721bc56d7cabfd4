//! Keys that were seen lately, in bounded memory.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use crate::summary::sample::Hashed;

/// The hashes of the keys of at least the last `generation` distinct keys.
#[derive(Debug, Clone)]
pub struct RecentKeys {
    generation: usize,
    newer: HashSet<u64, BuildHasherDefault<Hashed>>,
    older: HashSet<u64, BuildHasherDefault<Hashed>>,
    has_forgotten: bool,
}

impl RecentKeys {
    /// Remembers between one and two generations of this many keys.
    #[must_use]
    pub fn new(generation: usize) -> RecentKeys {
        RecentKeys {
            generation,
            newer: HashSet::default(),
            older: HashSet::default(),
            has_forgotten: false,
        }
    }

    /// Adds a key by its hash; whether it was seen before.
    pub fn is_repeated(&mut self, hash: u64) -> bool {
        if self.older.contains(&hash) || !self.newer.insert(hash) {
            return true;
        }
        if self.newer.len() >= self.generation {
            self.has_forgotten |= !self.older.is_empty();
            self.older.clear();
            std::mem::swap(&mut self.newer, &mut self.older);
        }
        false
    }

    /// Whether all keys are remembered.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.has_forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::RecentKeys;

    #[test]
    fn what_was_seen_lately_is_repeated() {
        let mut recent = RecentKeys::new(10);
        for key in 0..25 {
            assert!(!recent.is_repeated(key));
            assert!(recent.is_repeated(key));
            // A generation back is always remembered.
            assert!(recent.is_repeated(key.saturating_sub(9)));
            assert_eq!(recent.is_exact(), key < 19, "{key}");
        }
        assert!(!recent.is_repeated(3));
    }
}
