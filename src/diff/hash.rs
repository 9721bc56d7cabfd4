//! Keyed 64-bit hash for short strings. The key is random, so that crafted documents cannot cause collisions.

use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::LazyLock;

/// The random key of this process. Equal hashes do not prove equality.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    seed: u64,
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Key {
    pub fn per_process() -> Self {
        static KEY: LazyLock<Key> = LazyLock::new(|| Key {
            seed: RandomState::new().hash_one(ODD),
        });
        *KEY
    }

    /// The hash of bytes.
    #[inline]
    pub fn bytes(self, bytes: &[u8]) -> u64 {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut hash = self.seed ^ (bytes.len() as u64);
        for word in words {
            hash = fold(hash ^ u64::from_le_bytes(*word), ODD ^ self.seed);
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        fold(hash ^ u64::from_le_bytes(last), ODD)
    }

    /// Combines two hashes; the order matters.
    #[inline]
    pub fn then(self, hash: u64, next: u64) -> u64 {
        fold(hash.rotate_left(23) ^ next, ODD ^ self.seed)
    }
}

/// For maps whose keys are hashes.
pub(super) type IdentityBuildHasher = BuildHasherDefault<IdentityHasher>;

/// A hasher that returns its input.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = fold(self.0 ^ u64::from(*byte), ODD);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The two halves of the product, combined by exclusive or.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other | 1);
    let bytes = product.to_le_bytes();
    let (halves, _) = bytes.as_chunks::<8>();
    halves
        .iter()
        .fold(0, |hash, half| hash ^ u64::from_le_bytes(*half))
}
