//! Property tests: patches of generated documents, applied by another implementation, give exactly the new document.
//! `DITTO_CDC_CASES=300000` runs more cases.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::diff::hash::Key;
use crate::diff::tape::Tape;
use crate::diff::{Diff, Options, by_tape, json_patch, merge_patch, on_demand};

fn cases() -> ProptestConfig {
    let setting = std::env::var("DITTO_CDC_CASES").ok();
    let cases = setting.and_then(|text| text.parse().ok()).unwrap_or(10_000);
    ProptestConfig::with_cases(cases)
}

/// Few keys and values, so that documents often share parts.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null"),
        Just("true"),
        Just("1"),
        Just("1.0"),
        Just("10e-1"),
        Just("9007199254740993"),
        Just("1e400"),
        Just(r#""a""#),
        Just(r#""\u0061""#),
        Just(r#""b/c~d""#),
        Just(r#""é\n\"😀""#),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 40, 6, |inner| {
        let array = proptest::collection::vec(inner.clone(), 0..7);
        let keys = proptest::sample::subsequence(
            vec![
                r#""a""#,
                r#""b""#,
                r#""id""#,
                r#""x/y~z""#,
                r#""\"ü""#,
                r#""""#,
            ],
            0..5,
        )
        .prop_shuffle();
        let values = proptest::collection::vec(inner, 5);
        let object = (keys, values).prop_map(|(keys, values)| {
            let members = keys.iter().zip(values);
            let members: Vec<_> = members
                .map(|(key, value)| format!("{key}:{value}"))
                .collect();
            format!("{{{}}}", members.join(", "))
        });
        prop_oneof![array.prop_map(|all| format!("[{}]", all.join(","))), object]
    })
}

/// Arrays of few different elements, so that all kinds of alignments occur.
fn list() -> impl Strategy<Value = String> {
    let element = prop_oneof![
        4 => (0..9_u8).prop_map(|n| n.to_string()),
        1 => (0..3_u8).prop_map(|n| format!("{n}.0")),
        4 => (0..9_u8, 0..3_u8, 0..2_u8).prop_map(|(id, a, b)| format!(r#"{{"id":{id},"a":{a},"b":{b}}}"#)),
        2 => (0..3_u8, 0..2_u8).prop_map(|(a, b)| format!(r#"{{"b":{b}, "a":{a},"c":[{a},{b},1]}}"#)),
        1 => (0..3_u8, 0..3_u8).prop_map(|(a, b)| format!("[{a},[{b}]]")),
    ];
    proptest::collection::vec(element, 0..40).prop_map(|all| format!("[{}]", all.join(",")))
}

/// Documents in which keys may occur twice.
fn twice() -> impl Strategy<Value = String> {
    let leaf = (0..3_u8).prop_map(|n| n.to_string());
    leaf.prop_recursive(3, 20, 4, |inner| {
        let member =
            (0..3_u8, inner.clone()).prop_map(|(key, value)| format!(r#""{key}":{value}"#));
        let object = proptest::collection::vec(member, 0..4);
        let array = proptest::collection::vec(inner, 0..4);
        prop_oneof![
            object.prop_map(|all| format!("{{{}}}", all.join(","))),
            array.prop_map(|all| format!("[{}]", all.join(","))),
        ]
    })
}

/// A document with its next version: another one, or the same with some values replaced.
fn pair() -> impl Strategy<Value = (String, String)> {
    let edits = proptest::collection::vec((any::<Index>(), value(), 0..4_u8), 1..5);
    prop_oneof![
        1 => (value(), value()),
        6 => (value(), edits).prop_map(|(old, edits)| {
            let mut new: Value = serde_json::from_str(&old).unwrap();
            for (index, value, how) in edits {
                edit(&mut new, index, &serde_json::from_str(&value).unwrap(), how);
            }
            (old, new.to_string())
        }),
    ]
}

/// Changes one value somewhere in a document.
fn edit(document: &mut Value, index: Index, value: &Value, how: u8) {
    let mut all = 0;
    count(document, &mut all);
    let mut at = index.index(all);
    visit(document, &mut at, &mut |found| {
        change(found, value, index, how);
    });
}

fn change(found: &mut Value, value: &Value, index: Index, how: u8) {
    match found {
        Value::Array(all) if how == 0 => all.insert(index.index(all.len() + 1), value.clone()),
        Value::Array(all) if how == 1 && !all.is_empty() => {
            all.remove(index.index(all.len()));
        }
        Value::Array(all) if how == 2 && !all.is_empty() => {
            let by = index.index(all.len());
            all.rotate_left(by);
        }
        Value::Object(all) if how == 0 => {
            all.insert("new".into(), value.clone());
        }
        Value::Object(all) if how == 1 => {
            all.shift_remove("a");
        }
        _ => *found = value.clone(),
    }
}

fn count(value: &Value, all: &mut usize) {
    *all += 1;
    match value {
        Value::Array(values) => values.iter().for_each(|value| count(value, all)),
        Value::Object(values) => values.values().for_each(|value| count(value, all)),
        _ => {}
    }
}

fn visit(value: &mut Value, at: &mut usize, then: &mut dyn FnMut(&mut Value)) {
    if *at == 0 {
        then(value);
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| visit(value, at, then)),
        Value::Object(values) => values.values_mut().for_each(|value| visit(value, at, then)),
        _ => {}
    }
}

/// Whether two documents are equal to the last digit; `serde_json` compares numbers as they are spelled.
fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap()
}

/// Two arrays of the same documents, the second with other blanks and some numbers spelled differently.
fn twin() -> impl Strategy<Value = (String, String)> {
    let documents = proptest::collection::vec(prop_oneof![value(), list(), twice()], 1..4);
    (documents, any::<u64>()).prop_map(|(documents, mut dice)| {
        let old = format!("[{}]", documents.join(","));
        let mut new = String::new();
        for c in old.chars() {
            dice = dice.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            match (c, dice >> 60) {
                // Outside strings: no generated string has these characters.
                (',' | ':' | '[' | '{', 0) => new.extend([c, ' ']),
                (',', 1) => new.push_str(", \n"),
                ('3'..='8', 2) => new.extend([c, '.', '0']),
                ('3'..='8', 3) => new.push('9'),
                _ => new.push(c),
            }
        }
        (old, new)
    })
}

fn check_both_ways(old: &str, new: &str) {
    let (options, key) = (Options::default(), Key::per_process());
    let (one, other) = (old.as_bytes(), new.as_bytes());
    let by_tape = by_tape::by_tape(one, other, key, &options);
    if let Some(streamed) = on_demand::documents(one, other, key, &options) {
        assert_eq!(
            format!("{streamed:?}"),
            format!("{by_tape:?}"),
            "{old} {new}"
        );
    }
}

pub(in crate::diff) fn check_patch(old: &str, new: &str) {
    let diff = Diff::between(old.as_bytes(), new.as_bytes(), &Options::default());
    let mut out = Vec::new();
    json_patch::push(&diff, &mut out);
    let mut document = parsed(old.as_bytes());
    let patch: ::json_patch::Patch = serde_json::from_slice(&out).unwrap();
    ::json_patch::patch(&mut document, &patch).unwrap();
    let patch = String::from_utf8_lossy(&out);
    assert_eq!(document, parsed(new.as_bytes()), "{old} {new} {patch}");
}

fn check_merge(old: &str, new: &str) {
    let mut out = Vec::new();
    let exact = merge_patch::push(old.as_bytes(), new.as_bytes(), &mut out);
    let mut document = parsed(old.as_bytes());
    ::json_patch::merge(&mut document, &parsed(&out));
    let merge = String::from_utf8_lossy(&out);
    assert_eq!(
        document == parsed(new.as_bytes()),
        exact,
        "{old} {new} {merge}"
    );
}

#[test]
fn both_ways_find_the_same_in_earlier_failures() {
    // Regressions: a blank outside of the difference; an element at the end with another spelling.
    check_both_ways("[[3,3,0,0,3,0,0,0]]", "[[9,3,0,0,9,0,0, 0]]");
    check_both_ways(r#"["\u0061"]"#, r#"[[true,"a"],[1e400],"a","a"]"#);
    check_both_ways("[[0],2]", "[[1,2],0]");
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_patch_makes_the_new_document((old, new) in pair()) {
        check_patch(&old, &new);
    }

    #[test]
    fn a_merge_patch_makes_the_new_document_or_says_that_it_cannot((old, new) in pair()) {
        check_merge(&old, &new);
    }

    #[test]
    fn a_patch_makes_the_new_array(old in list(), new in list()) {
        check_patch(&old, &new);
    }

    /// Of two fields with one name, `serde_json` takes the last and this program the first: a patch is right for both.
    #[test]
    fn a_patch_is_right_for_keys_that_occur_twice(old in twice(), new in twice()) {
        check_patch(&old, &new);
        let mut out = Vec::new();
        if merge_patch::push(old.as_bytes(), new.as_bytes(), &mut out) {
            let mut document = parsed(old.as_bytes());
            ::json_patch::merge(&mut document, &parsed(&out));
            prop_assert_eq!(document, parsed(new.as_bytes()));
        }
    }

    #[test]
    fn no_change_exactly_where_the_documents_are_equal((old, new) in pair()) {
        let diff = Diff::between(old.as_bytes(), new.as_bytes(), &Options::default());
        let numbers = |text: &str| text.replace("10e-1", "1").replace("1.0", "1");
        let equal = parsed(numbers(&old).as_bytes()) == parsed(numbers(&new).as_bytes());
        prop_assert_eq!(diff.changes.len() == diff.respelled(), equal, "{} {}", old, new);
    }

    /// The streaming comparison finds the same as the tapes.
    #[test]
    fn both_ways_find_the_same(
        (old, new) in prop_oneof![pair(), (list(), list()), (twice(), twice()), twin()],
    ) {
        check_both_ways(&old, &new);
    }

    /// Both ways find the same in arrays with one inserted or deleted element.
    #[test]
    fn both_ways_find_the_same_in_shifted_arrays(old in list(), at in any::<Index>(), edit in any::<Index>(), delete: bool) {
        let mut elements: Vec<Value> = serde_json::from_str(&old).unwrap();
        let place = at.index(elements.len() + 1);
        if delete && place < elements.len() {
            elements.remove(place);
        } else {
            elements.insert(place, Value::from(edit.index(9)));
        }
        check_both_ways(&old, &Value::from(elements.clone()).to_string());
        if !elements.is_empty() {
            let place = edit.index(elements.len());
            elements[place] = Value::from("other");
        }
        let new = Value::from(elements).to_string();
        check_both_ways(&old, &new);
        check_patch(&old, &new);
    }

    /// Bytes and tapes agree about canonical form.
    #[test]
    fn bytes_and_tapes_agree_about_canonical_form((old, new) in prop_oneof![pair(), (list(), list()), twin()], blanks in "[a0.]{0,70}") {
        for json in [old, new] {
            for json in [format!("[\"{blanks}\",{json}]"), json.replace(", ", ",")] {
                let json = json.as_bytes();
                prop_assert_eq!(crate::json::is_canonical(json), Tape::new(json).is_canonical());
            }
        }
    }

    #[test]
    fn noise_never_panics(old in crate::json::tests::mutated(), new in crate::json::tests::mutated()) {
        let diff = Diff::between(&old, &new, &Options::default());
        let mut out = Vec::new();
        json_patch::push(&diff, &mut out);
        merge_patch::push(&old, &new, &mut out);
    }
}
