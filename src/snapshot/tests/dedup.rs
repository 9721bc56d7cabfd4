//! The index agrees with a linear search of the manifest.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::snapshot::manifest::add_range;

fn key(raw: &str) -> DocumentId {
    DocumentId::parse(raw.as_bytes()).unwrap()
}

fn collection(name: &str, complete: bool, places: Vec<ReadRange>) -> Collection {
    let text = format!(
        r#"{{"name":"{name}","complete":{complete},"documents":0,"byType":{{}},"pages":0,"way":"","bytes":0,"sha256":"","places":[]}}"#
    );
    Collection {
        places,
        ..serde_json::from_str(&text).unwrap()
    }
}

fn places() -> Vec<ReadRange> {
    let mut places = Vec::new();
    for (kind, up_to, read_at) in [
        (IdType::Integer, Some("10"), Some(5)),
        (IdType::Integer, Some("20"), None),
        (IdType::Integer, Some("30"), Some(9)),
        (IdType::String, Some(r#""m""#), Some(7)),
        (IdType::String, None, Some(6)),
        (IdType::Object, Some(r#"{"a":2}"#), Some(8)),
        (IdType::Array, None, Some(8)),
        (IdType::Binary, Some("[5]"), Some(3)),
        (IdType::Binary, None, Some(10)),
    ] {
        let up_to = up_to.map(key);
        add_range(&mut places, Some(kind), up_to.as_ref(), read_at);
    }
    places
}

#[test]
fn the_index_agrees_with_the_manifest() {
    let mut with_others = places();
    add_range(&mut with_others, None, None, Some(4));
    for places in [Vec::new(), places(), with_others] {
        let cars = collection("cars", true, places);
        let mut manifest = Manifest::new(String::new(), String::new());
        manifest.collections.push(cars.clone());
        let index = SnapshotIndex::new(&manifest);
        for id in [
            "-5",
            "10",
            "11",
            "20",
            "21",
            "30",
            "31",
            r#""""#,
            r#""m""#,
            r#""n""#,
            "true",
            r#"{"a":1}"#,
            r#"{ "a":2 }"#,
            r#"{"b":0}"#,
            "[1]",
            "[6]",
            "[256]",
            r#"["a"]"#,
            r#""YWI=""#,
            r#""YWI""#,
            "1.5",
            "null",
            "nonsense",
        ] {
            for txn in 0..12 {
                assert_eq!(
                    index.contains("cars", id.as_bytes(), txn),
                    cars.contains(id.as_bytes(), txn),
                    "{id} {txn}"
                );
            }
            assert!(!index.contains("CARS", id.as_bytes(), 0));
        }
    }
}

#[test]
fn an_id_that_may_be_bytes_is_contained_only_if_it_is_contained_as_both() {
    let mut manifest = Manifest::new(String::new(), String::new());
    manifest.collections.push(collection("a", true, places()));
    let index = SnapshotIndex::new(&manifest);
    for (id, read_at) in [
        // As an array 8, as bytes 3 or 10.
        ("[1]", 3),
        ("[6]", 8),
        ("[256]", 8),
        (r#"["a"]"#, 8),
        // As a string 6 or 7, as bytes of unknown order at least 3.
        (r#""YWI=""#, 3),
        (r#""YWI""#, 7),
    ] {
        assert!(index.contains("a", id.as_bytes(), read_at), "{id}");
        assert!(!index.contains("a", id.as_bytes(), read_at + 1), "{id}");
    }
}

#[test]
fn an_incomplete_collection_and_unsorted_ranges_prove_nothing() {
    let mut manifest = Manifest::new(String::new(), String::new());
    manifest.collections.push(collection("a", false, places()));
    let mut turned = places();
    turned.swap(0, 2);
    manifest.collections.push(collection("b", true, turned));
    let index = SnapshotIndex::new(&manifest);
    assert!(!index.contains("a", b"1", 1));
    assert!(!index.contains("b", b"1", 1));
    assert!(index.contains("b", b"\"a\"", 7));
}

/// A document that matches at one time and not at another: the snapshot has a row of it or not, and applying the events
/// that are left in their order, on top of the snapshot, leads to the right document in both cases.
#[test]
fn with_a_condition_every_event_is_left() {
    let mut manifest = Manifest::new(String::new(), String::new());
    manifest.collections.push(collection("a", true, places()));
    assert!(SnapshotIndex::new(&manifest).contains("a", b"1", 1));
    manifest.scope.condition = Some("n > 5".to_owned());
    let index = SnapshotIndex::new(&manifest);
    for txn in 0..12 {
        assert!(!index.contains("a", b"1", txn), "{txn}");
    }
}
