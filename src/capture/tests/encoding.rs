//! Encoded captures: every encoding, in pieces of any size, cut off at any byte.

#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use proptest::prelude::*;

use super::{Encoding, EncodingError, UTF16_BIG, UTF16_LITTLE, decode, recognise};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap()
}

fn utf16(text: &str, big_endian: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    let units = mark.into_iter().chain(text.encode_utf16());
    let bytes = |unit: u16| {
        if big_endian {
            unit.to_be_bytes()
        } else {
            unit.to_le_bytes()
        }
    };
    units.flat_map(bytes).collect()
}

/// Delivers at most this many bytes at a time.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(into.len());
        self.0.read(&mut into[..length])
    }
}

/// The decoded bytes and the error after them.
fn decoded(bytes: &[u8], piece: usize) -> (Vec<u8>, Option<EncodingError>) {
    let reader = Box::new(Pieces(Cursor::new(bytes.to_vec()), piece));
    let mut all = Vec::new();
    let result = decode(reader, &Arc::default())
        .and_then(|mut decoded| decoded.reader.read_to_end(&mut all));
    let error = result
        .err()
        .map(|error| *error.into_inner().unwrap().downcast().unwrap());
    (all, error)
}

#[test]
fn encodings_are_told_by_their_first_bytes() {
    let check = |head: &[u8], ended: bool, expected: Option<Encoding>| {
        assert_eq!(recognise(head, ended), expected, "{head:?}");
    };
    check(b"{}", false, Some(Encoding::Plain));
    check(b"{", false, None);
    check(b"{", true, Some(Encoding::Plain));
    check(b"", true, Some(Encoding::Plain));
    check(b"\x1f", false, None);
    check(b"\x1f", true, Some(Encoding::Plain));
    check(b"\x1f\x8b", false, Some(Encoding::Gzip));
    check(b"\x28\xb5\x2f", false, None);
    check(b"(a", false, Some(Encoding::Plain));
    check(b"\x28\xb5\x2f\xfd", false, Some(Encoding::Zstd));
    check(b"\x5a\x2a\x4d", false, None);
    check(b"\x5a\x2a\x4d\x18", false, Some(Encoding::Zstd));
    check(b"Pa", false, Some(Encoding::Plain));
    check(b"Partition:0", false, Some(Encoding::Plain));
    check(b"PK", false, None);
    check(b"BZ", false, None);
    check(b"Bx", false, Some(Encoding::Plain));
    check(b"\xef\xbb\xbf{", false, Some(Encoding::Plain));
    check(b"\xff\xfe{", false, Some(UTF16_LITTLE));
    check(b"\xfe\xff\0", false, Some(UTF16_BIG));
    check(b"{\0", false, Some(UTF16_LITTLE));
    check(b"\0{", false, Some(UTF16_BIG));
    check(b"\0\0", false, Some(Encoding::Plain));
}

#[test]
fn formats_that_are_not_read_are_named() {
    for (head, name) in [
        (&b"BZh91AY&SY"[..], "bzip2"),
        (b"\xfd7zXZ\0\0\0", "xz"),
        (b"PK\x03\x04\x14\0", "zip"),
        (b"\x04\x22\x4d\x18\x64", "lz4"),
        (b"7z\xbc\xaf\x27\x1c\0", "7z"),
    ] {
        let (all, error) = decoded(head, 3);
        assert!(all.is_empty());
        assert_eq!(error.unwrap().to_string(), format!("it is a {name} file"));
    }
}

#[test]
fn a_file_of_several_members_or_frames_is_one() {
    let text = b"{\"a\":1}\n".repeat(1000);
    let check = |bytes: Vec<u8>| {
        for piece in [1, 7, 100_000] {
            let (all, error) = decoded(&bytes, piece);
            assert!(all == text.repeat(2) && error.is_none(), "{error:?}");
        }
    };
    check([gzip(&text), gzip(&text)].concat());
    check([zstd(&text), zstd(&text)].concat());
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    check([skippable.clone(), zstd(&text), skippable, zstd(&text)].concat());
    check(gzip(&zstd(&text.repeat(2))));
}

#[test]
fn a_file_that_was_cut_off_is_an_error() {
    let text: Vec<u8> = (0..2000)
        .flat_map(|n| format!("{{\"a\":{n}}}\n").into_bytes())
        .collect();
    for (name, bytes) in [
        ("gzip", gzip(&text)),
        ("gzip", [gzip(&text), gzip(&text)].concat()),
        ("zstd", zstd(&text)),
        ("zstd", [zstd(&text), zstd(&text)].concat()),
    ] {
        for cut in (4..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
            // Between two members the file is whole.
            if cut * 2 == bytes.len() {
                continue;
            }
            let (all, error) = decoded(&bytes[..cut], 1000);
            assert!(text.repeat(2).starts_with(&all));
            let expected = format!("the {name} data ends too early: the file is incomplete");
            assert_eq!(
                error.map(|error| error.to_string()),
                Some(expected),
                "{cut}"
            );
        }
    }
}

#[test]
fn damage_is_an_error() {
    for (name, mut bytes) in [
        ("gzip", gzip(&b"{}\n".repeat(5000))),
        ("zstd", zstd(&b"{}\n".repeat(5000))),
    ] {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        bytes.push(0);
        let error = decoded(&bytes, 100).1.unwrap();
        assert!(
            error
                .to_string()
                .starts_with(&format!("the {name} data is damaged (")),
            "{error}"
        );
    }
}

#[test]
fn memory_is_bounded() {
    let long = |log: u32| {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.long_distance_matching(true).unwrap();
        encoder.window_log(log).unwrap();
        encoder.write_all(b"{}\n").unwrap();
        encoder.finish().unwrap()
    };
    assert_eq!(decoded(&long(27), 10).0, b"{}\n");
    let error = decoded(&long(28), 10).1;
    assert!(
        matches!(error, Some(EncodingError::LargeWindow)),
        "{error:?}"
    );
}

#[test]
fn compressed_bytes_are_counted() {
    let count = Arc::default();
    let bytes = gzip(&b"{}\n".repeat(100_000));
    let length = bytes.len() as u64;
    let mut reader = decode(Box::new(Cursor::new(bytes)), &count).unwrap().reader;
    std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), length);
    let count = Arc::default();
    decode(Box::new(Cursor::new(b"{}\n")), &count).unwrap();
    assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[test]
fn half_units_and_lone_surrogates_stay_visible() {
    let check = |bytes: &[u8], expected: &[u8]| {
        for piece in [1, 2, 3, 100] {
            assert_eq!(decoded(bytes, piece).0, expected);
        }
    };
    check(
        b"\xff\xfea\0\0\xd8b\0\0\xdc",
        b"\xef\xbb\xbfa\xed\xa0\x80b\xed\xb0\x80",
    );
    check(b"\xff\xfea\0\0\xd8", b"\xef\xbb\xbfa\xed\xa0\x80");
    check(b"a\0b\0c", b"abc");
}

proptest! {
    #[test]
    fn text_survives(text in "[{][ -~]\\PC{0,200}", piece in 1..40_usize, big_endian in any::<bool>(), mark in any::<bool>()) {
        for bytes in [gzip(text.as_bytes()), zstd(text.as_bytes()), gzip(&utf16(&text, big_endian, false))] {
            prop_assert_eq!(decoded(&bytes, piece).0, text.as_bytes());
        }
        let mut expected = if mark { "\u{feff}".to_owned() } else { String::new() };
        expected.push_str(&text);
        prop_assert_eq!(decoded(&utf16(&text, big_endian, mark), piece).0, expected.as_bytes());
    }

    #[test]
    fn noise_never_panics(head in 0..9_usize, bytes in proptest::collection::vec(any::<u8>(), 0..300), piece in 1..40_usize) {
        let heads: [&[u8]; 9] = [b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xff\xfe", b"\xfe\xff", b"BZh", b"PK", b"\x50\x2a\x4d\x18", b"{\0"];
        decoded(&[heads[head], &bytes].concat(), piece);
    }
}
