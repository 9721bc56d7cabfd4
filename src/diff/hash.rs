//! A keyed hash of 64 bits, made for short texts; foreign documents cannot aim at its collisions.
//! Equal hashes prove nothing: whoever finds them compares.

use std::hash::{BuildHasher as _, RandomState};

/// The secret of one comparison.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    seed: u64,
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Key {
    pub fn random() -> Self {
        Key {
            seed: RandomState::new().hash_one(ODD),
        }
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

    /// The hash of one thing after another: the order counts.
    #[inline]
    pub fn then(self, hash: u64, next: u64) -> u64 {
        fold(hash.rotate_left(23) ^ next, ODD ^ self.seed)
    }
}

/// Both halves of the product.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other | 1);
    let bytes = product.to_le_bytes();
    let (halves, _) = bytes.as_chunks::<8>();
    halves
        .iter()
        .fold(0, |hash, half| hash ^ u64::from_le_bytes(*half))
}
