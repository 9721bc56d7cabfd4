//! Conditions as tables: which match an event, error messages, and no panic on any input.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{Condition, Facts};

const OLD: &str =
    r#"{"_id":"a","qty":1,"gone":null,"o":{"b":2.50,"a":[1,{"x":1}]},"s":"a\u0062c","m":7}"#;
const NEW: &str = r#"{"_id":"a","qty":5,"name":"Zürich","o":{"a":[1.0,{"x":1}],"b":2.5},"s":"abc","m":null,
    "big":9007199254740993,"collection":"mine","old":{"qty":3},"\u0071ty2":9,"qty":6,"huge":1e400}"#;

fn update() -> Facts<'static> {
    Facts {
        collection: Some("people"),
        method: Some("upsert"),
        op: Some("update"),
        txn_id: Some(u64::MAX),
        old: Some(OLD.as_bytes()),
        new: Some(NEW.as_bytes()),
    }
}

fn check(facts: &Facts<'_>, text: &str, expected: bool) {
    let condition = Condition::parse(text).unwrap();
    assert_eq!(condition.holds(facts), expected, "{text}");
}

#[test]
fn sides_and_envelope() {
    let check = |text: &str, expected: bool| check(&update(), text, expected);
    check("qty = 5 AND new.qty = 5 AND old.qty = 1", true);
    check("old.qty < new.qty", true);
    check("collection = 'people'", true);
    check("`collection` = 'mine' AND new.collection = 'mine'", true);
    check("`old`.qty = 3 AND new.old.qty = 3", true);
    check("op = 'update' && method != 'update'", true);
    check("txnId = 18446744073709551615", true);
    check("!(qty = 5) || name ILIKE 'zÜ%'", true);
    check("qty2 = 9", true);
    check("huge > 1e300", true);
    check("big = 9007199254740993 and big != 9007199254740992.0", true);
    check("type(old) = 'object' AND old IS NOT MISSING", true);
    check("name", false);
    check("true", true);
}

#[test]
fn deltas() {
    let check = |text: &str, expected: bool| check(&update(), text, expected);
    check("changed(qty)", true);
    check("changed(o)", false);
    check("changed(o.a[1].x)", false);
    check("changed(s)", false);
    check("changed(m)", true);
    check("changed(name) AND added(name) AND NOT removed(name)", true);
    check("changed(gone) AND removed(gone) AND NOT added(gone)", true);
    check(
        "changed(nothing) OR added(nothing) OR removed(nothing)",
        false,
    );
    check("added(qty) OR removed(qty)", false);
    check("changed(`old`.qty)", true);
    for (path, expected) in [
        ("qty", true),
        ("o.a", false),
        ("`name`", true),
        ("o.a[5]", false),
    ] {
        let condition = Condition::changed(path).unwrap();
        assert_eq!(condition.holds(&update()), expected, "{path}");
    }
}

#[test]
fn a_printed_name_is_a_field_and_other_lists_are_arrays() {
    let facts = Facts {
        new: Some(br#"{"a.b": 1, "l": [["x"]]}"#),
        ..Facts::default()
    };
    for (condition, expected) in [
        (r#"["a.b"] = 1"#, true),
        (r#"["x"] IS MISSING"#, true),
        (r"['x'] IS MISSING", false),
        (r"['x'] IN l", true),
        (r#"l[0] = ["x"]"#, true),
        (r#"["x", "y"] IS MISSING"#, false),
    ] {
        check(&facts, condition, expected);
    }
}

#[test]
fn inserts_and_removals() {
    let insert = Facts {
        old: None,
        op: Some("insert"),
        ..update()
    };
    check(
        &insert,
        "qty = 5 AND old IS MISSING AND added(qty) AND changed(qty)",
        true,
    );
    let remove = Facts {
        new: None,
        op: Some("remove"),
        ..update()
    };
    check(
        &remove,
        "qty = 1 AND old.qty = 1 AND new IS MISSING AND removed(qty)",
        true,
    );
    check(
        &Facts::default(),
        "collection IS MISSING AND qty IS MISSING AND NOT changed(qty)",
        true,
    );
}

#[test]
fn numbers_are_the_same_by_their_digits() {
    let check = |old: &str, new: &str, changed: bool| {
        let facts = Facts {
            old: Some(old.as_bytes()),
            new: Some(new.as_bytes()),
            ..Facts::default()
        };
        let condition = Condition::changed("n").unwrap();
        assert_eq!(condition.holds(&facts), changed, "{old} {new}");
    };
    check(r#"{"n":1}"#, r#"{"n":1.0}"#, false);
    check(r#"{"n":100}"#, r#"{"n":1E+2}"#, false);
    check(r#"{"n":0.001}"#, r#"{"n":10e-4}"#, false);
    check(r#"{"n":-0}"#, r#"{"n":0.0e7}"#, false);
    check(r#"{"n":-1}"#, r#"{"n":1}"#, true);
    check(
        r#"{"n":9007199254740993}"#,
        r#"{"n":9007199254740992}"#,
        true,
    );
    check(r#"{"n":0.10000000000000000001}"#, r#"{"n":0.1}"#, true);
    check(r#"{"n":1e400}"#, r#"{"n":1e401}"#, true);
    check(
        r#"{"n":[{"a":1,"b":2}]}"#,
        r#"{"n":[{"b":2.0,"a":1}]}"#,
        false,
    );
    check(r#"{"n":[1,2]}"#, r#"{"n":[2,1]}"#, true);
    check(r#"{"n":{"a":1}}"#, r#"{"n":{"a":1,"b":1}}"#, true);
}

#[test]
fn mistakes() {
    let check = |text: &str, column: usize, why: &str| {
        let mistake = Condition::parse(text).unwrap_err();
        assert_eq!((mistake.column(), mistake.why()), (column, why), "{text}");
    };
    check("", 1, "a condition such as qty > 5 is missing");
    check(
        "qty >",
        6,
        "expected a field, a value or '(', found the end",
    );
    check(
        "qty = AND",
        7,
        "expected a field, a value or '(', found 'AND'",
    );
    check("(qty = 1", 9, "expected AND, OR or ')', found the end");
    check(
        "qty = 1 x",
        9,
        "expected AND, OR or the end of the condition, found 'x'",
    );
    check(
        "qty BETWEEN 1 OR 2",
        15,
        "expected AND and the upper bound of BETWEEN, found 'OR'",
    );
    check("qty IS 1", 8, "expected NULL, MISSING or NOT, found '1'");
    check(
        "x = NULL",
        3,
        "a comparison with NULL is never true: write IS NULL",
    );
    let value_exists = "a comparison with NULL is never true: write a.b IS NOT NULL AND a.b IS NOT MISSING; IS NOT NULL alone also matches documents without the field";
    check("a.b != NULL", 5, value_exists);
    check("NULL <> a.b", 6, value_exists);
    check(
        "a != MISSING",
        3,
        "a comparison with MISSING is never true: write IS NOT MISSING",
    );
    check(
        "a = b = c",
        7,
        "two tests in a row need parentheses: (a = b) = c",
    );
    check("name = 'Zürich", 8, "this string has no closing '");
    check(
        "ü = 1",
        1,
        "'ü' is not allowed in a bare name: put the name in backticks",
    );
    check(
        "a[*] = 1",
        3,
        "a condition reads one value: write an index such as [0]",
    );
    check(
        "a.0 = 1",
        3,
        "expected the name of a field, found '0'; put a name that starts with a digit in backticks, and an index in brackets: [0]",
    );
    check(
        "/a/b = 1",
        1,
        "'/' is not allowed here: write a path as address.city",
    );
    check("type(a, b) = 'x'", 1, "type takes one value");
    check(
        "changed(old.a)",
        9,
        "this path is read in both documents: leave out old. and new., or put the field's name in backticks",
    );
    check("x IN [a.b, 1", 13, "expected ',' or ']', found the end");
}

#[test]
fn the_caret_stands_under_the_mistake() {
    let message = Condition::parse("'日本' = qty)").unwrap_err().to_string();
    assert_eq!(
        message,
        "column 11: expected AND, OR or the end of the condition, found ')'\n  '日本' = qty)\n              ^"
    );
}

#[test]
fn an_envelope_refutes_early() {
    let check = |text: &str, expected: bool| {
        let known = Facts {
            collection: Some("people"),
            ..Facts::default()
        };
        assert_eq!(
            Condition::parse(text).unwrap().fails_early(&known),
            expected,
            "{text}"
        );
    };
    check("collection = 'orders'", true);
    check("collection = 'orders' AND qty > 5", true);
    check("qty > 5 AND collection LIKE 'o%'", true);
    check("collection = 'people' AND qty > 5", false);
    check("collection = 'orders' OR qty > 5", false);
    check(
        "collection = 'orders' OR (collection = 'cars' AND qty > 5)",
        true,
    );
    check("collection = 'orders' OR method = 'remove'", false);
    check("NOT collection IN ('people', 'cars')", true);
    check("NOT (collection = 'people' OR qty > 5)", false);
    check("op = 'remove'", false);
}

#[test]
fn depth_has_a_limit_and_no_price() {
    let nested = |count: usize| format!("{}a{}", "(".repeat(count), ")".repeat(count));
    assert!(Condition::parse(&nested(60)).is_ok());
    assert!(Condition::parse(&nested(100_000)).is_err());
    assert!(Condition::parse(&"NOT ".repeat(100_000)).is_err());
    assert!(Condition::parse(&"[".repeat(100_000)).is_err());
    assert!(Condition::parse(&"a IN (".repeat(100_000)).is_err());
    let deep = |last: &str| {
        format!(
            "{{\"n\":{}{last}{}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        )
    };
    let (old, new) = (deep("1"), deep("2"));
    let facts = Facts {
        old: Some(old.as_bytes()),
        new: Some(new.as_bytes()),
        ..Facts::default()
    };
    check(&facts, "changed(n) AND NOT old.n = new.n", false);
    check(&facts, "changed(n) AND old.n = old.n", true);
}

/// Pieces of conditions.
fn text() -> impl Strategy<Value = String> {
    let words = [
        "a",
        "old.",
        "new",
        "collection",
        "`x y`",
        "b[0]",
        ".c",
        "=",
        "!=",
        "<",
        ">=",
        "AND",
        "OR",
        "NOT",
        "!",
        "IN",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "'t'",
        "\"u\"",
        "1",
        "-2.5",
        "0x1F",
        "BETWEEN",
        "LIKE",
        "ESCAPE",
        "'!'",
        "IS",
        "NULL",
        "MISSING",
        "true",
        "type(",
        "contains(",
        "array_contains(",
        "changed(",
        "ü",
        "\\",
        "'",
        "`",
        "%_",
    ];
    let word = prop_oneof![9 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,3}"];
    proptest::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn nothing_panics(text in prop_oneof![text(), ".*"], old: Vec<u8>, new in "[\\[\\]{}\",:0-9a-e\\\\ .-]{0,60}") {
        let known = Facts { collection: Some("people"), ..Facts::default() };
        let facts = Facts { old: Some(&old), new: Some(new.as_bytes()), ..known };
        match Condition::parse(&text) {
            Ok(condition) => prop_assert!(!(condition.fails_early(&known) && condition.holds(&facts))),
            Err(mistake) => prop_assert!(mistake.column() <= text.chars().count() + 1),
        }
        if let Ok(condition) = Condition::changed(&text) {
            prop_assert!(!(condition.fails_early(&known) && condition.holds(&facts)));
        }
    }

    #[test]
    fn members_are_what_a_parser_finds(json in json()) {
        let raw = serde_json::to_string(&json).unwrap();
        let facts = Facts { new: Some(raw.as_bytes()), ..Facts::default() };
        let object = json.as_object().unwrap();
        for key in ["a", "b", "c"] {
            let there = object.get(key).is_some_and(|value| !value.is_null());
            let condition = Condition::parse(&format!("{key} IS NOT NULL AND {key} IS NOT MISSING")).unwrap();
            prop_assert_eq!(condition.holds(&facts), there);
            let second = object.get(key).and_then(|value| value.get(1)).is_some();
            prop_assert_eq!(Condition::parse(&format!("{key}[1] IS NOT MISSING")).unwrap().holds(&facts), second);
        }
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i64>().prop_map(Into::into),
        "[\"\\\\\\[\\]{}a,: ]{0,8}".prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::vec(("[a-d]", inner), 0..4)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    });
    proptest::collection::vec(("[a-d]", value), 0..5)
        .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect()))
}
