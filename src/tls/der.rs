//! DER parser: elements of tag, length and content.

/// Bit of a tag; if set, the content is a list of elements.
pub(super) const CONSTRUCTED: u8 = 0x20;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// Tag, length and content together.
    pub(super) whole: &'a [u8],
}

/// The consecutive elements in these bytes, up to the first that is truncated or not valid DER.
pub(super) fn elements(bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (tag, header, length) = header(rest)?;
        let end = header.checked_add(length)?;
        let element = Element {
            tag,
            content: rest.get(header..end)?,
            whole: rest.get(..end)?,
        };
        rest = rest.get(end..)?;
        Some(element)
    })
}

/// The length of the first element with its header, as its header states it; the element may be truncated.
pub(super) fn claimed_bytes(bytes: &[u8]) -> Option<usize> {
    let (_, header, length) = header(bytes)?;
    header.checked_add(length)
}

/// The tag, the length of the header and the length of the content. Certificate files do not use multi-byte tags or
/// the indefinite lengths of BER.
fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return Some((tag, 2, usize::from(first)));
    }
    let digits = usize::from(first & 0x7f);
    let length = rest.get(..digits).filter(|_| (1..=4).contains(&digits))?;
    let length = length
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    Some((tag, 2 + digits, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_where_the_bytes_end() {
        let check = |bytes: &[u8], expected: &[(u8, &[u8])]| {
            let found: Vec<_> = elements(bytes).map(|e| (e.tag, e.content)).collect();
            assert_eq!(found, expected, "{bytes:x?}");
        };
        check(&[], &[]);
        check(&[2], &[]);
        check(&[2, 1, 7, 4, 0], &[(2, &[7]), (4, &[])]);
        check(&[2, 1, 7, 4, 1], &[(2, &[7])]);
        check(&[2, 0x81, 1, 7], &[(2, &[7])]);
        check(&[0x30, 0x80, 0, 0], &[]);
        check(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1], &[]);
        check(&[0x30, 0x89, 0xff, 0xff, 0xff, 0xff, 1], &[]);
    }

    #[test]
    fn a_stated_length_may_exceed_the_bytes() {
        let check = |bytes: &[u8], expected| assert_eq!(claimed_bytes(bytes), expected);
        check(&[0x30, 5, 1], Some(7));
        check(&[0x30, 0x82, 1, 0], Some(260));
        check(&[0x30], None);
    }
}
