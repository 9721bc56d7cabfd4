//! Tables and properties of the JSON scanner, compared with `serde_json`.

#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{SyntaxError, check, field, unquote};

/// Pads with blanks so that every offset within a block of 64 bytes is tested.
fn everywhere(json: &[u8], mut test: impl FnMut(&[u8])) {
    for pad in 0..70 {
        let mut padded = vec![b' '; pad];
        padded.extend_from_slice(json);
        test(&padded);
    }
}

#[test]
fn validity() {
    let valid = |json: &str| {
        everywhere(json.as_bytes(), |json| {
            assert_eq!(check(json), Ok(()), "{}", text(json));
        });
    };
    let flawed = |json: &str| {
        everywhere(json.as_bytes(), |json| {
            assert!(check(json).is_err(), "{}", text(json));
        });
    };
    for json in [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1.5e+30",
        "1e400",
        "0.1E-2",
        r#""""#,
        "{}",
        "[]",
        " [ ] ",
        "\t{\r}\n",
        r#"{"a":[1,{"b":"c"},[]],"d":null}"#,
        r#""\ud800""#,
        r#""\\""#,
        r#""\\\"""#,
        r#""\u00e9é😀""#,
        "[[],[[]],{}]",
        r#"{"a":1,"a":2}"#,
        "\"\u{7f}\"",
        r#"{"":""}"#,
    ] {
        valid(json);
    }
    for json in [
        "",
        "nul",
        "nullx",
        "truefalse",
        "1 2",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "0x1",
        "NaN",
        "\"",
        "\"\\\"",
        r#""\x""#,
        r#""\u12g4""#,
        r#""\u123"#,
        "\"\n\"",
        "\"\0\"",
        "\"\u{1f}\"",
        "{",
        "}",
        "[",
        "]",
        "[1,]",
        "[,1]",
        "{,}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        "{1:2}",
        "{null:1}",
        "[1}",
        r#"{"a":1]"#,
        "[1 2]",
        r#""a""b""#,
        r#""a"b"#,
        r#"1"a""#,
        "[]]",
        "{}}",
        "1,",
        ":",
        "\u{feff}1",
        "\u{b}1",
        "\u{a0}1",
        "\u{0}",
        "1\u{0}",
        r#"[1,\"2\"]"#,
        "'a'",
        "[1]//",
        "\\",
    ] {
        flawed(json);
    }
}

fn text(json: &[u8]) -> String {
    String::from_utf8_lossy(json).into_owned()
}

#[test]
fn errors() {
    let check = |json: &[u8], expected: SyntaxError| {
        assert_eq!(check(json), Err(expected), "{}", text(json));
    };
    check(b"", SyntaxError::NotJson { at: 0 });
    check(b"[1", SyntaxError::NotJson { at: 2 });
    check(b"[1 2]", SyntaxError::NotJson { at: 3 });
    check(b"\"\xff\"", SyntaxError::NotUtf8 { at: 1 });
    check(b"\xc3\x28", SyntaxError::NotUtf8 { at: 0 });
    check(b"[1 2 \"\xed\xa0\x80\"]", SyntaxError::NotUtf8 { at: 6 });
}

#[test]
fn depth_and_length_have_no_limit() {
    for depth in [63, 64, 65, 127, 128, 129, 10_000, 1_000_000] {
        let nested = "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(check(nested.as_bytes()), Ok(()), "{depth}");
        assert!(check(&nested.as_bytes()[1..]).is_err(), "{depth}");
        assert!(
            check(&nested.as_bytes()[..nested.len() - 1]).is_err(),
            "{depth}"
        );
        let objects = r#"{"a":["#.repeat(depth) + &"]}".repeat(depth);
        assert_eq!(check(objects.as_bytes()), Ok(()), "{depth}");
        let crossed = r#"{"a":["#.repeat(depth) + "}]" + &"]}".repeat(depth - 1);
        assert!(check(crossed.as_bytes()).is_err(), "{depth}");
    }
    let long = format!(r#"["{}",{}]"#, "x".repeat(100 << 20), "9".repeat(1 << 20));
    assert_eq!(check(long.as_bytes()), Ok(()));
}

#[test]
fn fields() {
    let check = |json: &str, name: &str, expected: Option<&str>| {
        everywhere(json.as_bytes(), |json| {
            assert_eq!(
                field(json, name),
                expected.map(str::as_bytes),
                "{}",
                text(json)
            );
        });
    };
    check(r#"{"_id":"a","b":{"_id":7}}"#, "_id", Some(r#""a""#));
    check(
        r#"{"b":{"_id":7},"_id" : [ 1 , 2 ] }"#,
        "_id",
        Some("[ 1 , 2 ]"),
    );
    check(r#"{"b":{"_id":7}}"#, "_id", None);
    check(r#"{"\u005fid":1}"#, "_id", Some("1"));
    check(r#"{"a":1,"a":2}"#, "a", Some("1"));
    check(r#"{"a,\"":1,"a":2}"#, "a,\"", Some("1"));
    check(r#"[{"_id":7}]"#, "_id", None);
    check("{}", "_id", None);
    check("null", "_id", None);
}

/// Any JSON: nested, with blanks, escapes and unusual numbers.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let blank = prop_oneof![4 => Just(""), 1 => Just(" "), 1 => Just("\n\t"), 1 => Just("\r ")];
    let string = vec(
        prop_oneof![
            6 => "[a-zé😀 {}:,\\[\\]]{0,12}",
            1 => Just(r"\\".to_owned()), 1 => Just(r#"\""#.to_owned()), 1 => Just(r"\n".to_owned()),
            1 => Just(r"\u0041".to_owned()), 1 => Just(r"\ud83d\ude00".to_owned()),
        ],
        0..5,
    )
    .prop_map(|parts| format!("\"{}\"", parts.concat()));
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?",
        string.clone(),
    ];
    let leaf = (blank.clone(), scalar, blank.clone()).prop_map(|(a, b, c)| format!("{a}{b}{c}"));
    leaf.prop_recursive(5, 60, 8, move |inner| {
        let (blank, other) = (blank.clone(), blank.clone());
        let member =
            (string.clone(), inner.clone()).prop_map(|(key, value)| format!("{key}:{value}"));
        prop_oneof![
            (blank, vec(inner, 0..8))
                .prop_map(|(pad, all)| format!("{pad}[{}]{pad}", all.join(","))),
            (other, vec(member, 0..8))
                .prop_map(|(pad, all)| format!("{pad}{{{}}}{pad}", all.join(","))),
        ]
    })
}

/// JSON with a few bytes changed, removed or inserted.
pub(crate) fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => proptest::sample::select(br#"{}[]:,"\ 0-e.tnu"#.to_vec()),
        1 => any::<u8>(),
    ];
    (
        json(),
        vec((any::<proptest::sample::Index>(), byte, 0..3u8), 0..4),
    )
        .prop_map(|(json, changes)| {
            let mut bytes = json.into_bytes();
            for (index, byte, how) in changes {
                let at = index.index(bytes.len().max(1));
                match how {
                    0 => bytes.insert(at.min(bytes.len()), byte),
                    1 if at < bytes.len() => bytes[at] = byte,
                    _ if at < bytes.len() => drop(bytes.remove(at)),
                    _ => {}
                }
            }
            bytes
        })
}

fn is_valid(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn what_is_generated_is_valid(json in json()) {
        prop_assert_eq!(check(json.as_bytes()), Ok(()));
    }

    #[test]
    fn validity_agrees(bytes in mutated(), pad in 0..64usize) {
        let mut padded = vec![b' '; pad];
        padded.extend_from_slice(&bytes);
        prop_assert_eq!(check(&padded).is_ok(), is_valid(&padded), "{}", text(&padded));
    }

    #[test]
    fn noise_never_panics(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(check(&bytes).is_ok(), is_valid(&bytes));
        let _ = (field(&bytes, "a"), unquote(&bytes));
    }

    #[test]
    fn fields_agree(json in json()) {
        if let Ok(Value::Object(object)) = serde_json::from_str(&json) {
            for (key, value) in &object {
                let found: Value = serde_json::from_slice(field(json.as_bytes(), key).unwrap()).unwrap();
                // Of two fields with one name, `serde_json` keeps the last and this scanner the first.
                prop_assert!(found == *value || json.matches(&key.replace('"', "\\\"")).count() > 1 || key.contains(['\\', '"', 'A', '😀', '\n']));
            }
        }
    }

    #[test]
    fn strings_agree(json in json()) {
        if let Ok(Value::String(content)) = serde_json::from_str(&json) {
            let found = unquote(json.trim().as_bytes()).unwrap();
            prop_assert_eq!(found.as_ref(), content.as_str());
        }
    }
}

/// Runs of backslashes at every offset within a block, followed by a quote: odd runs escape it.
#[test]
fn runs_of_backslashes() {
    for run in 0..140 {
        let open = format!("\"{}\"", "\\".repeat(run));
        let expected = run % 2 == 0;
        everywhere(open.as_bytes(), |json| {
            assert_eq!(check(json).is_ok(), expected, "{run}");
        });
        everywhere(format!("{open}\"").as_bytes(), |json| {
            assert_eq!(check(json).is_ok(), !expected, "{run}");
        });
    }
}

/// Strings that fill whole blocks, with errors just before, inside and after them.
#[test]
fn long_strings() {
    let long = "é ".repeat(70);
    for (json, valid) in [
        (format!(r#"{{"{long}":"{long}","a":"{long}"}}"#), true),
        (format!(r#"["{long}" "{long}"]"#), false),
        (format!(r#"{{"a":1 "{long}":1}}"#), false),
        (format!(r#"{{"{long}","{long}"}}"#), false),
        (format!(r#"["{long}":"{long}"]"#), false),
        (format!(r#"[1"{long}"]"#), false),
        (format!("[\"{long}\n{long}\"]"), false),
        (format!(r#"["{long}\q{long}"]"#), false),
    ] {
        everywhere(json.as_bytes(), |json| {
            assert_eq!(check(json).is_ok(), valid, "{}", text(json));
        });
    }
}

/// Any depth, including more open containers than fit in one word, and brackets of the wrong kind.
#[test]
fn deep_nesting() {
    for depth in (1..300).step_by(7) {
        let (open, close) = ("[{\"a\":".repeat(depth), "}]".repeat(depth));
        assert_eq!(check(format!("{open}1{close}").as_bytes()), Ok(()));
        assert!(check(format!("{open}1{close}]").as_bytes()).is_err());
        assert!(check(format!("{open}1{}", &close[1..]).as_bytes()).is_err());
        for wrong in 0..close.len() {
            let mut close = close.clone().into_bytes();
            close[wrong] ^= b'}' ^ b']';
            let json = [open.as_bytes(), b"1", &close].concat();
            assert!(check(&json).is_err(), "{depth} {wrong}");
        }
    }
}
