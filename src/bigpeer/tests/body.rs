//! The streaming decoder on bodies that arrive whole, byte by byte, or truncated: rows must be unchanged, and invalid
//! bodies must be rejected.
#![allow(clippy::unwrap_used)]

use std::io;

use bytes::Bytes;
use proptest::prelude::*;

use super::{BodyError, Chunks, decode};
use crate::bigpeer::response::{CollectedRows, QueryResponse};

/// Returns chunks of the given lengths, then the rest.
struct Cut<'a> {
    bytes: &'a [u8],
    lengths: Vec<usize>,
}

impl Chunks for Cut<'_> {
    fn next(&mut self) -> io::Result<Bytes> {
        let length = self.lengths.pop().unwrap_or(usize::MAX).max(1);
        let (now, later) = self.bytes.split_at(length.min(self.bytes.len()));
        self.bytes = later;
        Ok(Bytes::copy_from_slice(now))
    }
}

fn read(bytes: &[u8], lengths: Vec<usize>) -> Result<(QueryResponse, Vec<String>), BodyError> {
    let mut rows = CollectedRows::default();
    let response = decode(Cut { bytes, lengths }, &mut rows)?;
    let text = |row: &Vec<u8>| String::from_utf8_lossy(row).into_owned();
    Ok((response, rows.rows.iter().map(text).collect()))
}

const BODY: &str = r#" {"transactionId" : 12345678901234567890,"queryType":"select", "items":[{"_id":"a\"]}\\","n":1.0},
  {"_id":{"b":[{}]}, "x" : "ü😀\u0000"}  ,{}],"mutatedDocumentIds":[1,2],"error":{},"warnings":["w"],"totalWarningsCount":1}
"#;

#[test]
fn every_split_gives_the_same_rows() {
    let rows = [
        r#"{"_id":"a\"]}\\","n":1.0}"#,
        "{\"_id\":{\"b\":[{}]}, \"x\" : \"ü😀\\u0000\"}",
        "{}",
    ];
    for at in 0..BODY.len() {
        let (response, found) = read(BODY.as_bytes(), vec![at]).unwrap();
        assert_eq!(found, rows, "{at}");
        assert_eq!(response.transaction_id, Some(12_345_678_901_234_567_890));
        assert_eq!(
            (response.rows, response.mutated, response.bytes),
            (3, 2, BODY.len() as u64)
        );
        assert_eq!(response.warnings, ["w"]);
    }
    assert_eq!(read(BODY.as_bytes(), vec![1; 10_000]).unwrap().1, rows);
}

#[test]
fn a_truncated_body_is_rejected() {
    let body = BODY.trim_end().as_bytes();
    for at in 0..body.len() {
        let cut = read(&body[..at], vec![7; 100]);
        assert!(
            matches!(cut, Err(BodyError::Truncated(_) | BodyError::NotJson(_))),
            "{at}"
        );
    }
}

#[test]
fn errors_and_foreign_bodies() {
    let error = |body: &str| {
        read(body.as_bytes(), Vec::new()).map(|(response, _)| (response.is_dql, response.error))
    };
    for (body, expected) in [
        (r#"{"items":[],"error":{}}"#, (true, "")),
        (r#"{"items":null,"error":null}"#, (true, "")),
        (r#"{"transactionId":1}"#, (true, "")),
        (r#"{"items":[],"error":{"description":"no"}}"#, (true, "no")),
        (r#"{"error":{"code":1,"message":"no"}}"#, (true, "no")),
        (r#"{"message":"hello"}"#, (false, "hello")),
        ("{}", (false, "")),
        (r#"{"txnId":"7","documents":[]}"#, (true, "")),
    ] {
        let (is_dql, message) = error(body).unwrap();
        assert_eq!((is_dql, message.as_str()), expected, "{body}");
    }
    for body in [
        "<html>",
        "[]",
        "null",
        "",
        "{\"items\":[{}{}]}",
        "{\"items\":[{}],}x",
        "{} {}",
        "{\"a\" 1}",
        "{\"items\":[,]}",
        "{\"items\":[],\"items\":[]}",
        "Bad Gateway",
    ] {
        assert!(
            matches!(
                error(body),
                Err(BodyError::NotJson(_) | BodyError::Truncated(_))
            ),
            "{body}"
        );
    }
}

#[test]
fn missing_rows_are_not_an_empty_result() {
    for (body, has_rows) in [
        (r#"{"items":[]}"#, true),
        (r#"{"documents":[]}"#, true),
        (r#"{"items":null}"#, false),
        (r#"{"items":{}}"#, false),
        (r#"{"items":"[]"}"#, false),
        (r#"{"transactionId":1,"queryType":"select"}"#, false),
    ] {
        let (response, _) = read(body.as_bytes(), Vec::new()).unwrap();
        assert_eq!(response.has_rows, has_rows, "{body}");
    }
}

#[test]
fn warnings_without_a_text_are_counted() {
    for (body, expected) in [
        (r#"{"warnings":["a"],"totalWarningsCount":1}"#, &["a"][..]),
        (
            r#"{"totalWarningsCount":13,"warnings":["a","b"]}"#,
            &["a", "b", "11 warnings without a text"],
        ),
        (
            r#"{"totalWarningsCount":2}"#,
            &["2 warnings without a text"],
        ),
        (r#"{"warnings":[]}"#, &[]),
    ] {
        let (response, _) = read(body.as_bytes(), Vec::new()).unwrap();
        assert_eq!(response.warnings, expected, "{body}");
    }
}

#[test]
fn a_row_of_many_megabytes_is_passed_on_in_parts() {
    struct Parts(Vec<(usize, bool)>);
    impl super::super::response::RowSink for Parts {
        fn part(&mut self, bytes: &[u8], last: bool) -> io::Result<()> {
            self.0.push((bytes.len(), last));
            Ok(())
        }
    }
    let row = format!("{{\"_id\":1,\"x\":\"{}\"}}", "\\\"]}".repeat(2_000_000));
    let body = format!("{{\"items\":[{row},{{}}]}}");
    let mut parts = Parts(Vec::new());
    let bytes = body.as_bytes();
    let lengths = vec![300_000; 100];
    decode(Cut { bytes, lengths }, &mut parts).unwrap();
    let (last, large) = parts.0.split_last().unwrap();
    assert_eq!(*last, (2, true));
    assert_eq!(large.iter().map(|part| part.0).sum::<usize>(), row.len());
    assert!(large.iter().all(|part| part.0 < 4 << 20) && large.len() > 2);
    assert_eq!(large.iter().filter(|part| part.1).count(), 1);
}

proptest! {
    #[test]
    fn any_bytes_in_any_chunks(bytes in proptest::collection::vec(any::<u8>(), 0..200), lengths in proptest::collection::vec(1_usize..20, 0..50)) {
        let whole = read(&bytes, Vec::new()).ok();
        prop_assert_eq!(read(&bytes, lengths).ok(), whole);
    }

    #[test]
    fn documents_are_unchanged(
        documents in proptest::collection::vec(r#"\{("[a-z\]}\\]{0,9}":(\[\[1, 2\],\{\}\]|"(\\"|[ a-z\]}])*"|-1.50e3)(,"b":null)?)?\}"#, 0..20),
        lengths in proptest::collection::vec(1_usize..80, 0..50),
        blank in "[ \n\t]{0,3}",
    ) {
        let documents: Vec<String> = documents.into_iter().filter(|text| serde_json::from_str::<serde_json::Value>(text).is_ok()).collect();
        let body = format!("{{\"items\":[{blank}{}{blank}]{blank},\"transactionId\":7}}", documents.join(&format!("{blank},{blank}")));
        let (response, rows) = read(body.as_bytes(), lengths).unwrap();
        prop_assert_eq!(response.transaction_id, Some(7));
        prop_assert_eq!(rows, documents);
    }
}

/// The end of a large row may be anywhere in a chunk, with the end of the body right after it.
#[test]
fn a_large_row_ends_anywhere_in_a_chunk() {
    for length in (1_100_000..1_100_200).chain([4_000_000]) {
        let row = format!("{{\"_id\":1,\"x\":\"{}\"}}", "y".repeat(length));
        let body = format!("{{\"items\":[{row}],\"error\":{{}}}}");
        for cut in [
            1_usize, 15, 16, 17, 40, 63, 64, 65, 100, 4_095, 4_096, 5_000,
        ] {
            for first in [1_usize << 14, 300_001, 1 << 20] {
                let at = body.len() - cut;
                let lengths = vec![at - first, first];
                let mut rows = CollectedRows::default();
                let bytes = body.as_bytes();
                let response = decode(Cut { bytes, lengths }, &mut rows);
                assert!(response.is_ok(), "{length} {cut} {first} {response:?}");
            }
        }
    }
}
