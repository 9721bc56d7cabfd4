//! What is told of byte strings many bytes at a time: how much of two is equal at either end, and whether a kind of byte
//! occurs. What the bytes mean is not asked here.

/// How many bytes are compared together.
const STEP: usize = 32;

/// How many bytes are the same at the beginning of both.
#[must_use]
#[inline]
pub fn common(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (one.as_chunks::<STEP>().0, other.as_chunks::<STEP>().0);
    let steps = ones.iter().zip(others);
    let begin = STEP * steps.take_while(|(one, other)| one == other).count();
    let rest = one.iter().zip(other).skip(begin);
    begin + rest.take_while(|(one, other)| one == other).count()
}

/// How many bytes are the same at the end of both.
#[must_use]
pub fn common_end(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (one.as_rchunks::<STEP>().1, other.as_rchunks::<STEP>().1);
    let steps = ones.iter().rev().zip(others.iter().rev());
    let end = STEP * steps.take_while(|(one, other)| one == other).count();
    let rest = one.iter().rev().zip(other.iter().rev()).skip(end);
    end + rest.take_while(|(one, other)| one == other).count()
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
