//! Arrays, indented objects and objects without line ends, complete and cut off.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::super::lines::{Chunk, Lines};
use super::Values;

/// Line numbers and values, with bytes arriving in pieces of this length.
fn split(text: &str, piece: usize) -> Vec<(u64, String)> {
    let (mut lines, mut values, mut found) = (Lines::default(), Values::default(), Vec::new());
    let mut pieces = text.as_bytes().chunks(piece);
    loop {
        let next = pieces.next();
        if let Some(bytes) = next {
            let mut chunk = Chunk::default();
            chunk.spare()[..bytes.len()].copy_from_slice(bytes);
            chunk.note_filled(bytes.len());
            lines.add(chunk);
        }
        while let Some((range, line)) = values.next(&mut lines, next.is_none()) {
            let value = lines.get(range).trim_ascii_end();
            found.push((line, String::from_utf8(value.to_vec()).unwrap()));
        }
        if next.is_none() {
            assert_eq!(lines.consumed_bytes(), text.len() as u64);
            return found;
        }
    }
}

#[test]
fn values_of_all_shapes() {
    let check = |text: &str, expected: &[(u64, &str)]| {
        for piece in [1, 3, 1000] {
            let found = split(text, piece);
            let found: Vec<_> = found
                .iter()
                .map(|(line, value)| (*line, value.as_str()))
                .collect();
            assert_eq!(found, expected, "{text:?} {piece}");
        }
    };
    check("", &[]);
    check("[]", &[]);
    check("[\n]\n", &[]);
    check("[{}]", &[(1, "{}")]);
    check(
        "[\n{\"a\":1},\n{\"a\":2}\n]\n",
        &[(2, "{\"a\":1}"), (3, "{\"a\":2}")],
    );
    check(
        "[{\"a\":[{}]} , {\"a\":\"]}\"}]",
        &[(1, "{\"a\":[{}]}"), (1, "{\"a\":\"]}\"}")],
    );
    check("[{}][{}]", &[(1, "{}"), (1, "{}")]);
    check("{}{}{}", &[(1, "{}"), (1, "{}"), (1, "{}")]);
    check("{} {}\r\n{}", &[(1, "{}"), (1, "{}"), (2, "{}")]);
    check(
        "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n",
        &[(1, "{\n  \"a\": 1\n}"), (4, "{\n  \"a\": 2\n}")],
    );
    check("\u{1e}{}\n\u{1e}{}\n", &[(1, "{}"), (2, "{}")]);
    // An array whose start is missing.
    check(
        "{\"a\":1},\n{\"a\":2}\n]\n",
        &[(1, "{\"a\":1}"), (2, "{\"a\":2}"), (3, "]")],
    );
    // Elements that are no objects are values of their own.
    check(
        "[{}, 7, null,\n\"x\", [1], {}]",
        &[
            (1, "{}"),
            (1, "7"),
            (1, "null"),
            (2, "\"x\""),
            (2, "[1"),
            (2, "{}"),
            (2, "]"),
        ],
    );
    check(
        "{}\nnonsense {}\n{}",
        &[(1, "{}"), (2, "nonsense {}"), (3, "{}")],
    );
    // Cut off: the object ends before the next line that begins with one.
    check(
        "{\n  \"a\": 1,\n{\n  \"a\": 2\n}\n",
        &[(1, "{\n  \"a\": 1,"), (3, "{\n  \"a\": 2\n}")],
    );
    check(
        "[\n{\"a\":\"x\n{\"a\":2},\n{\"a\":3}]",
        &[(2, "{\"a\":\"x"), (3, "{\"a\":2}"), (4, "{\"a\":3}")],
    );
    check("{\n  \"a\": 1", &[(1, "{\n  \"a\": 1")]);
    // Without indentation, objects in arrays begin a line too.
    check(
        "{\n\"a\": [\n{\n\"b\": 1\n}\n]\n}\n{}",
        &[(1, "{\n\"a\": [\n{\n\"b\": 1\n}\n]\n}"), (8, "{}")],
    );
}

#[test]
fn many_objects_that_are_cut_off_take_linear_time() {
    let text = "{\n \"a\"\n".repeat(100_000);
    let started = std::time::Instant::now();
    assert!(split(&text, 100_000).len() >= 100_000);
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
}

proptest! {
    #[test]
    fn every_object_arrives_byte_for_byte(
        objects in proptest::collection::vec(crate::json::tests::json(), 0..8),
        separator in proptest::sample::select(vec!["", "\n", " ", ",", ",\n", "\r\n\r\n", " , "]),
        in_array in any::<bool>(),
        piece in 1..90_usize,
    ) {
        let objects: Vec<String> = objects.iter().map(|json| format!("{{\"a\":{json}}}")).collect();
        let mut text = objects.join(separator);
        if in_array {
            text = format!("[{text}]");
        }
        let found: Vec<String> = split(&text, piece).into_iter().map(|(_, value)| value).collect();
        prop_assert_eq!(found, objects);
    }

    #[test]
    fn no_byte_is_dropped_but_blanks_commas_and_brackets(
        text in r#"([\[\]{}, \n"\\]|"a"|[a-z]){0,60}"#,
        piece in 1..20_usize,
    ) {
        let found: String = split(&text, piece).into_iter().map(|(_, value)| value).collect();
        let rest = |text: &str| text.replace(|c: char| c.is_whitespace() || ",[]".contains(c), "");
        prop_assert_eq!(rest(&found), rest(&text));
    }
}
