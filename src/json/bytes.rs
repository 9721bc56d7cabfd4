//! Byte string comparisons in a form that the compiler vectorizes: common prefix, common suffix, search for a class
//! of bytes.

/// Bytes compared at once while they are equal.
const STEP_BYTES: usize = 32;
/// Bytes compared at once near a difference.
const WORD_BYTES: usize = 8;

/// Length of the common prefix.
#[must_use]
#[inline]
pub fn common_prefix_len(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (
        one.as_chunks::<STEP_BYTES>().0,
        other.as_chunks::<STEP_BYTES>().0,
    );
    let steps = ones.iter().zip(others);
    let mut same = STEP_BYTES * steps.take_while(|(one, other)| one == other).count();
    let words = |bytes| from(bytes, same).as_chunks::<WORD_BYTES>().0;
    for (one, other) in words(one).iter().zip(words(other)) {
        let differs = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differs != 0 {
            return same + differs.trailing_zeros() as usize / 8;
        }
        same += WORD_BYTES;
    }
    let (ones, others) = (from(one, same), from(other, same));
    let rest = ones.iter().zip(others);
    same + rest.take_while(|(one, other)| one == other).count()
}

/// Length of the common suffix.
#[must_use]
pub fn common_suffix_len(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (
        one.as_rchunks::<STEP_BYTES>().1,
        other.as_rchunks::<STEP_BYTES>().1,
    );
    let steps = ones.iter().rev().zip(others.iter().rev());
    let mut same = STEP_BYTES * steps.take_while(|(one, other)| one == other).count();
    let words = |bytes| before(bytes, same).as_rchunks::<WORD_BYTES>().1;
    for (one, other) in words(one).iter().rev().zip(words(other).iter().rev()) {
        let differs = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differs != 0 {
            return same + differs.leading_zeros() as usize / 8;
        }
        same += WORD_BYTES;
    }
    let (ones, others) = (before(one, same), before(other, same));
    let rest = ones.iter().rev().zip(others.iter().rev());
    same + rest.take_while(|(one, other)| one == other).count()
}

fn from(bytes: &[u8], begin: usize) -> &[u8] {
    bytes.get(begin..).unwrap_or_default()
}

/// The bytes before the last `end` bytes.
fn before(bytes: &[u8], end: usize) -> &[u8] {
    let length = bytes.len().saturating_sub(end);
    bytes.get(..length).unwrap_or_default()
}

/// Whether a byte of a class occurs. Tests all bytes without stopping early, which is faster if most strings have
/// none.
#[must_use]
#[inline]
pub fn contains_byte(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |any, byte| any | is(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_occur() {
        let digit = |byte: u8| byte.is_ascii_digit();
        assert!(
            contains_byte(b"abc7", digit)
                && !contains_byte(b"abc", digit)
                && !contains_byte(b"", digit)
        );
    }

    #[test]
    fn equal_ends_of_any_length() {
        for length in 0..100 {
            let same: Vec<u8> = (0..length).collect();
            assert_eq!(common_prefix_len(&same, &same), same.len());
            assert_eq!(common_suffix_len(&same, &same), same.len());
            for at in 0..same.len() {
                let mut other = same.clone();
                other[at] = 255;
                assert_eq!(common_prefix_len(&same, &other), at);
                assert_eq!(common_suffix_len(&same, &other), same.len() - at - 1);
                assert_eq!(common_prefix_len(&same, &same[..at]), at);
                assert_eq!(common_suffix_len(&same[at..], &same), same.len() - at);
            }
        }
    }
}
