//! DER parser: elements of tag, length and content; and BER, converted to DER.

/// Bit of a tag; if set, the content is a list of elements.
pub(super) const CONSTRUCTED: u8 = 0x20;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// Of BER: an octet string as a list of parts, a length that is not stated, and the mark at the end of such a content.
const OCTETS_IN_PARTS: u8 = OCTETS | CONSTRUCTED;
const INDEFINITE: u8 = 0x80;
const END_OF_CONTENTS: &[u8] = &[0, 0];

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

/// The first element with the definite lengths of DER, and with octet strings in one piece; also inside of octet strings
/// that wrap BER. `None` if it is truncated, not valid BER, or nested deeper than `levels`.
pub(super) fn from_ber(bytes: &[u8], levels: usize) -> Option<Vec<u8>> {
    ber_element(bytes, levels).map(|(der, _)| der)
}

/// The first element as DER, and its length in BER.
fn ber_element(bytes: &[u8], levels: usize) -> Option<(Vec<u8>, usize)> {
    let levels = levels.checked_sub(1)?;
    let tag = *bytes.first()?;
    let (content, end) = if bytes.get(1) == Some(&INDEFINITE) {
        let (children, length) = ber_children(bytes.get(2..)?, levels, true)?;
        (joined(tag, &children), 2 + length)
    } else {
        let (_, header, length) = header(bytes)?;
        let end = header.checked_add(length)?;
        let content = bytes.get(header..end)?;
        let content = if tag & CONSTRUCTED == 0 {
            content.to_vec()
        } else {
            joined(tag, &ber_children(content, levels, false)?.0)
        };
        (content, end)
    };
    let tag = if tag == OCTETS_IN_PARTS { OCTETS } else { tag };
    let wraps_ber = tag == OCTETS && content.starts_with(&[SEQUENCE, INDEFINITE]);
    let wrapped = wraps_ber.then(|| from_ber(&content, levels)).flatten();
    Some((encode(tag, &wrapped.unwrap_or(content)), end))
}

/// The elements up to the end of the bytes, or up to the mark of an indefinite length; and their length in BER.
fn ber_children(bytes: &[u8], levels: usize, has_end_mark: bool) -> Option<(Vec<Vec<u8>>, usize)> {
    let (mut children, mut at) = (Vec::new(), 0);
    loop {
        let rest = bytes.get(at..)?;
        if has_end_mark && rest.starts_with(END_OF_CONTENTS) {
            return Some((children, at + END_OF_CONTENTS.len()));
        }
        if !has_end_mark && rest.is_empty() {
            return Some((children, at));
        }
        let (child, length) = ber_element(rest, levels)?;
        children.push(child);
        at += length;
    }
}

/// The content of an element with these children; the contents of the parts of an octet string.
fn joined(tag: u8, children: &[Vec<u8>]) -> Vec<u8> {
    if tag != OCTETS_IN_PARTS {
        return children.concat();
    }
    let parts = children.iter().filter_map(|child| elements(child).next());
    parts.flat_map(|part| part.content).copied().collect()
}

/// Encodes an element: the tag, the length of the content, the content.
pub(super) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits = length.iter().position(|byte| *byte != 0);
    let digits = digits.and_then(|first| length.get(first..)).unwrap_or(&[0]);
    let mut out = vec![tag];
    match digits {
        [short @ ..0x80] => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            out.extend(long);
        }
    }
    out.extend(content);
    out
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
    use proptest::prelude::*;

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
    fn ber_becomes_der() {
        let check = |bytes: &[u8], expected: Option<&[u8]>| {
            assert_eq!(from_ber(bytes, 8).as_deref(), expected, "{bytes:x?}");
        };
        check(&[2, 1, 7], Some(&[2, 1, 7]));
        check(&[0x30, 3, 2, 1, 7, 9], Some(&[0x30, 3, 2, 1, 7]));
        check(&[0x30, 0x80, 2, 1, 7, 0, 0], Some(&[0x30, 3, 2, 1, 7]));
        check(&[0x30, 0x81, 3, 2, 1, 7], Some(&[0x30, 3, 2, 1, 7]));
        check(&[0x30, 0x80, 2, 1, 7, 0], None);
        check(&[0x30, 0x80, 2, 1, 7], None);
        check(
            &[0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0],
            Some(&[4, 3, 7, 8, 9]),
        );
        // The parts of an octet string, and an element of BER that they wrap.
        let parts = [0x24, 0x80, 4, 3, 0x30, 0x80, 2, 4, 4, 1, 7, 0, 0, 0, 0];
        check(&parts, Some(&[4, 5, 0x30, 3, 2, 1, 7]));
        check(&[0x30, 0x80].repeat(99), None);
        let long = [&[0x30, 0x80, 4, 0x81, 200], [7; 200].as_slice(), &[0, 0]].concat();
        let expected = [&[0x30, 0x81, 203, 4, 0x81, 200], [7; 200].as_slice()].concat();
        check(&long, Some(&expected));
    }

    #[test]
    fn stores_in_der_stay_as_they_are() {
        for store in [
            &include_bytes!("../../tests/fixtures/p12/ec.p12")[..],
            include_bytes!("../../tests/fixtures/p12/two-keys.p12"),
            include_bytes!("../../tests/fixtures/p12/openssl11.p12"),
        ] {
            assert_eq!(from_ber(store, 32).as_deref(), Some(store));
        }
    }

    proptest! {
        #[test]
        fn hostile_ber_is_survived(bytes: Vec<u8>, start in 0_usize..4) {
            let prefix = [0x30, 0x80, 0x24, 0x80].get(start..).unwrap_or_default();
            let all = [prefix, &bytes].concat();
            if let Some(der) = from_ber(&all, 16) {
                prop_assert_eq!(claimed_bytes(&der), Some(der.len()));
            }
        }
    }

    #[test]
    fn a_stated_length_may_exceed_the_bytes() {
        let check = |bytes: &[u8], expected| assert_eq!(claimed_bytes(bytes), expected);
        check(&[0x30, 5, 1], Some(7));
        check(&[0x30, 0x82, 1, 0], Some(260));
        check(&[0x30], None);
    }
}
