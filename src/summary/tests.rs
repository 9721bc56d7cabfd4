//! Counts and fields of a few events, limits, and a plain model of the fields of random documents.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::fields::{MAX_DEPTH, MAX_EXAMPLE_CHARACTERS, MAX_FIELDS};
use super::*;
use crate::event::decode;

fn summary(events: &[Value]) -> Summary {
    let mut summary = Summary::default();
    for (at, event) in (0..).zip(events) {
        let payload = event.to_string();
        let event = decode(Some(payload.as_bytes())).unwrap();
        summary.add(&event, None, (at != 1).then_some(100 - at));
    }
    summary
}

fn upsert(old: &Value, new: &Value) -> Value {
    json!({"type":"documentChanged","collection":"orders","change":{"method":"upsert","oldValue":old,"newValue":new}})
}

#[test]
fn events_are_counted_by_collection() {
    let counted = summary(&[
        upsert(&json!(null), &json!({"_id":{"a":1,"b":2}})),
        upsert(
            &json!({"_id":{"a":1,"b":2}}),
            &json!({"_id":{"b":2,"a":1},"x":1}),
        ),
        json!({"type":"documentChanged","collection":"orders","change":{"method":"remove","value":{"_id":7}}}),
        json!({"type":"snapshotDocument","collection":"orders","change":{"method":"read","value":{"_id":8}}}),
        json!({"type":"strange","collection":"orders"}),
        json!({"type":"heartbeat"}),
        json!({"type":"requeryRequired","txnID":5}),
    ]);
    assert_eq!(
        (counted.gaps, counted.others, counted.collections.len()),
        (1, 1, 1)
    );
    let orders = &counted.collections["orders"];
    let counts = [
        orders.inserts,
        orders.updates,
        orders.removes,
        orders.snapshot_documents,
        orders.others,
    ];
    assert_eq!(counts, [1, 1, 1, 1, 1]);
    assert_eq!(
        (orders.events(), orders.ids.count(), orders.ids.is_exact()),
        (4, 3, true)
    );
    assert_eq!(orders.times, Some((96, 100)));
    assert_eq!(orders.fields.documents(), 4);
}

/// Path, types, documents and example of each field.
fn fields(documents: &[&str]) -> Vec<String> {
    let mut tree = FieldTree::default();
    for document in documents {
        tree.add(document.as_bytes());
    }
    let line = |field: &Field| {
        let types: Vec<&str> = field.types.iter().map(|kind| kind.name()).collect();
        let example = match &field.example {
            None => "-".to_owned(),
            Some(Example::Whole(json)) => String::from_utf8(json.clone()).unwrap(),
            Some(Example::Start(text)) => format!("{text}…"),
        };
        format!(
            "{} {} {} {example}",
            field.path,
            types.join("|"),
            field.documents
        )
    };
    tree.fields().iter().map(line).collect()
}

#[test]
fn fields_have_paths_types_and_an_example() {
    let found = fields(&[
        r#"{"_id":"a","n":null,"lines":[{"qty":1},{"qty":2.5,"sku":"x"}],"tags":[]}"#,
        r#"{"n":7,"_id":"b","lines":[{"sku":"\u0079"}],"geo":{"l\u0061t":1e2},"old":true}"#,
        r#"{"_id":3,"lines":[[1]],"odd key":{},"geo":{"lat":1}}"#,
    ]);
    let expected = [
        r#"_id integer|string 3 "a""#,
        "n null|integer 2 7",
        "lines array 3 -",
        "lines[*] array|object 3 -",
        "lines[*].qty integer|float 1 1",
        r#"lines[*].sku string 2 "x""#,
        "lines[*][*] integer 1 1",
        "tags array 1 []",
        "geo object 2 -",
        r#"geo["l\u0061t"] integer|float 2 1e2"#,
        r#"["old"] boolean 1 true"#,
        r#"["odd key"] object 1 {}"#,
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_long_example_is_cut() {
    let long = "é".repeat(MAX_EXAMPLE_CHARACTERS);
    let whole = format!("{{\"a\":\"{long}\"}}");
    let cut = format!("{{\"a\":\"{long}x\"}}");
    assert_eq!(fields(&[&whole]), [format!("a string 1 \"{long}\"")]);
    assert_eq!(fields(&[&cut]), [format!("a string 1 {long}…")]);
}

#[test]
fn the_number_and_the_depth_of_fields_are_limited() {
    let mut tree = FieldTree::default();
    for number in 0..=MAX_FIELDS {
        assert!(!tree.has_more());
        tree.add(format!("{{\"k{number}\":1}}").as_bytes());
    }
    assert!(tree.has_more());
    assert_eq!(tree.fields().len(), MAX_FIELDS);
    let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    for (depth, more) in [(MAX_DEPTH, false), (MAX_DEPTH + 1, true), (100_000, true)] {
        let mut tree = FieldTree::default();
        tree.add(nested(depth).as_bytes());
        assert_eq!(
            (tree.has_more(), tree.fields().len()),
            (more, MAX_DEPTH),
            "{depth}"
        );
    }
}

#[test]
fn more_ids_than_the_bound_are_estimated() {
    let mut ids = DistinctIds::default();
    for number in 0..distinct::MAX_EXACT {
        ids.add(number.to_string().as_bytes());
    }
    ids.add(b"7");
    assert!(ids.is_exact());
    assert_eq!(ids.count(), distinct::MAX_EXACT as u64);
    ids.add(b"\"another\"");
    assert!(!ids.is_exact());
    // Five standard errors.
    assert!(ids.count().abs_diff(distinct::MAX_EXACT as u64) < 7_500);
}

/// The paths of a value, with their types.
fn paths(value: &Value, path: &str, found: &mut BTreeSet<(String, &'static str)>) {
    let mut note = |path: String, value: &Value| {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        found.insert((path.clone(), kind));
        paths(value, &path, found);
    };
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                note(path, value);
            }
        }
        Value::Array(elements) => elements
            .iter()
            .for_each(|value| note(format!("{path}[*]"), value)),
        _ => {}
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn fields_are_those_of_a_plain_model(
        documents in prop::collection::vec(prop::collection::btree_map("[a-d]", value(), 0..4), 0..8)
    ) {
        let (mut tree, mut expected) = (FieldTree::default(), BTreeMap::<String, (BTreeSet<&str>, u64)>::new());
        for document in documents {
            let document = Value::from_iter(document);
            tree.add(document.to_string().as_bytes());
            let mut found = BTreeSet::new();
            paths(&document, "", &mut found);
            let names: BTreeSet<&String> = found.iter().map(|(path, _)| path).collect();
            for name in names {
                expected.entry(name.clone()).or_default().1 += 1;
            }
            for (path, kind) in found.clone() {
                expected.entry(path).or_default().0.insert(kind);
            }
        }
        let fields = tree.fields().into_iter().map(|field| {
            let types = field.types.iter().map(|kind| kind.name()).collect();
            (field.path, (types, field.documents))
        });
        prop_assert_eq!(fields.collect::<BTreeMap<_, _>>(), expected);
    }
}
