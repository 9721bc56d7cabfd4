//! What is told of byte strings many bytes at a time: how much of two is equal at either end, and whether a kind of byte
//! occurs. What the bytes mean is not asked here.

/// How many bytes are compared together as long as they are equal.
const STEP: usize = 32;
/// How many where they are not.
const WORD: usize = 8;

/// How many bytes are the same at the beginning of both.
#[must_use]
#[inline]
pub fn common(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (one.as_chunks::<STEP>().0, other.as_chunks::<STEP>().0);
    let steps = ones.iter().zip(others);
    let mut same = STEP * steps.take_while(|(one, other)| one == other).count();
    let words = |bytes| from(bytes, same).as_chunks::<WORD>().0;
    for (one, other) in words(one).iter().zip(words(other)) {
        let differs = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differs != 0 {
            return same + differs.trailing_zeros() as usize / 8;
        }
        same += WORD;
    }
    let (ones, others) = (from(one, same), from(other, same));
    let rest = ones.iter().zip(others);
    same + rest.take_while(|(one, other)| one == other).count()
}

/// How many bytes are the same at the end of both.
#[must_use]
pub fn common_end(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (one.as_rchunks::<STEP>().1, other.as_rchunks::<STEP>().1);
    let steps = ones.iter().rev().zip(others.iter().rev());
    let mut same = STEP * steps.take_while(|(one, other)| one == other).count();
    let words = |bytes| before(bytes, same).as_rchunks::<WORD>().1;
    for (one, other) in words(one).iter().rev().zip(words(other).iter().rev()) {
        let differs = u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other);
        if differs != 0 {
            return same + differs.leading_zeros() as usize / 8;
        }
        same += WORD;
    }
    let (ones, others) = (before(one, same), before(other, same));
    let rest = ones.iter().rev().zip(others.iter().rev());
    same + rest.take_while(|(one, other)| one == other).count()
}

fn from(bytes: &[u8], begin: usize) -> &[u8] {
    bytes.get(begin..).unwrap_or_default()
}

/// What comes before so many bytes at the end.
fn before(bytes: &[u8], end: usize) -> &[u8] {
    let length = bytes.len().saturating_sub(end);
    bytes.get(..length).unwrap_or_default()
}

/// Whether such a byte occurs. Looks at all of them without stopping early, which is faster where most often none does.
#[must_use]
#[inline]
pub fn occurs(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |any, byte| any | is(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_occur() {
        let digit = |byte: u8| byte.is_ascii_digit();
        assert!(occurs(b"abc7", digit) && !occurs(b"abc", digit) && !occurs(b"", digit));
    }

    #[test]
    fn equal_ends_of_any_length() {
        for length in 0..100 {
            let same: Vec<u8> = (0..length).collect();
            assert_eq!(common(&same, &same), same.len());
            assert_eq!(common_end(&same, &same), same.len());
            for at in 0..same.len() {
                let mut other = same.clone();
                other[at] = 255;
                assert_eq!(common(&same, &other), at);
                assert_eq!(common_end(&same, &other), same.len() - at - 1);
                assert_eq!(common(&same, &same[..at]), at);
                assert_eq!(common_end(&same[at..], &same), same.len() - at);
            }
        }
    }
}
