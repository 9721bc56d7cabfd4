//! The manifest: scopes, id ranges, round trips and damaged files.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_scope_names_what_a_wider_one_contains() {
    let scope = |whole_app, condition: Option<&str>| Scope {
        whole_app,
        condition: condition.map(str::to_owned),
        ..Scope::default()
    };
    let few = Some("n = 1");
    for (old, existing, new, names, misses) in [
        (
            scope(true, None),
            &["a", "b"][..],
            scope(true, None),
            &["b"][..],
            None,
        ),
        (
            scope(true, None),
            &["a"],
            scope(false, None),
            &["a"],
            Some("the whole app"),
        ),
        (scope(false, None), &["a"], scope(true, None), &["b"], None),
        (
            scope(false, None),
            &["a"],
            scope(false, None),
            &["a", "b"],
            None,
        ),
        (
            scope(false, None),
            &["a", "b"],
            scope(false, None),
            &["a"],
            Some("the collection b"),
        ),
        (scope(false, few), &["a"], scope(false, few), &["a"], None),
        (scope(false, few), &["a"], scope(false, None), &["a"], None),
        (
            scope(false, None),
            &["a"],
            scope(false, few),
            &["a"],
            Some("--where"),
        ),
        (
            scope(false, Some("n = 2")),
            &["a"],
            scope(false, few),
            &["a"],
            Some("--where"),
        ),
    ] {
        let mut manifest = Manifest::new(String::new(), String::new());
        manifest.scope = old;
        for name in existing {
            let name = (*name).to_owned();
            manifest.collections.push(Collection {
                name,
                ..collection(Vec::new())
            });
        }
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let found = new.misses(&names, &manifest);
        let fits = match (&found, misses) {
            (Some(found), Some(part)) => found.contains(part),
            (found, part) => found.is_none() && part.is_none(),
        };
        assert!(fits, "{new:?}: {found:?}");
    }
}

fn collection(places: Vec<ReadRange>) -> Collection {
    Collection {
        name: "cars".to_owned(),
        complete: true,
        why_not: Vec::new(),
        proof: None,
        documents: 0,
        by_type: BTreeMap::new(),
        pages: 0,
        lowest_transaction_id: None,
        highest_transaction_id: None,
        way: String::new(),
        file: Some("cars.ndjson".to_owned()),
        bytes: 0,
        sha256: String::new(),
        census_before: None,
        census_after: None,
        places,
    }
}

fn key(raw: &str) -> DocumentId {
    DocumentId::parse(raw.as_bytes()).unwrap()
}

#[test]
fn an_event_is_compared_with_the_page_that_read_its_id() {
    let mut places = Vec::new();
    add_range(
        &mut places,
        Some(IdType::Integer),
        Some(&key("10")),
        Some(5),
    );
    add_range(
        &mut places,
        Some(IdType::Integer),
        Some(&key("20")),
        Some(5),
    );
    add_range(
        &mut places,
        Some(IdType::Integer),
        Some(&key("30")),
        Some(7),
    );
    add_range(&mut places, Some(IdType::Integer), None, Some(9));
    add_range(
        &mut places,
        Some(IdType::Object),
        Some(&key(r#"{"a":2}"#)),
        None,
    );
    add_range(&mut places, Some(IdType::Object), None, Some(9));
    add_range(&mut places, None, None, Some(3));
    assert_eq!(
        places.len(),
        6,
        "adjacent pages of one transaction are one range"
    );
    let cars = collection(places);
    for (id, read_at) in [
        ("-1", Some(5)),
        ("10", Some(5)),
        ("20", Some(5)),
        ("21", Some(7)),
        ("30", Some(7)),
        ("31", Some(9)),
        (r#"{"a":1}"#, None),
        (r#"{ "a" : 2 }"#, None),
        (r#"{"b":1}"#, Some(9)),
        (r#""text""#, Some(3)),
        ("[1]", Some(3)),
        ("1.5", None),
        ("null", None),
    ] {
        assert_eq!(cars.read_at(id.as_bytes()), read_at, "{id}");
        assert!(!cars.contains(id.as_bytes(), 10), "{id}");
        assert_eq!(cars.contains(id.as_bytes(), 3), read_at.is_some(), "{id}");
    }
}

#[test]
fn nothing_is_proven_beyond_the_last_page() {
    let mut places = Vec::new();
    add_range(
        &mut places,
        Some(IdType::String),
        Some(&key("\"m\"")),
        Some(5),
    );
    let cars = collection(places);
    assert!(cars.contains(b"\"a\"", 5));
    assert!(!cars.contains(b"\"z\"", 5));
    assert!(!cars.contains(b"7", 5));
}

#[test]
fn a_manifest_survives_a_round_trip() {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = Manifest::new("https://x/a".to_owned(), "2026-01-31T12:00:00Z".to_owned());
    let mut places = Vec::new();
    add_range(
        &mut places,
        Some(IdType::Object),
        Some(&key(r#"{"b":9007199254740993,"a":1}"#)),
        Some(u64::MAX),
    );
    manifest.collections.push(collection(places));
    manifest.positions.push(Position {
        topic: "t".to_owned(),
        partition: 3,
        next_offset: 17,
        ..Position::default()
    });
    manifest.write(folder.path()).unwrap();
    let text = fs::read_to_string(folder.path().join(NAME)).unwrap();
    let back = Manifest::read(folder.path()).unwrap();
    assert_eq!(
        serde_json::to_string(&back).unwrap(),
        serde_json::to_string(&manifest).unwrap()
    );
    assert!(
        text.contains(r#"{"a":1,"b":9007199254740993}"#) && text.contains(r#""nextOffset": 17"#),
        "{text}"
    );
    assert_eq!(
        back.collection("cars").unwrap().read_at(br#"{"a":0}"#),
        Some(u64::MAX)
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_invalid_snapshot_is_rejected_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let check = |path: &Path, part: &str| {
        let failure = Manifest::read(path).unwrap_err();
        assert!(failure.what.contains(part), "{}", failure.what);
        assert!(failure.fix.is_some());
    };
    check(&folder.path().join("nothing"), "no such folder");
    check(folder.path(), "no requery has been finished");
    let path = folder.path().join(NAME);
    for (text, part) in [
        ("", "is damaged"),
        ("{\"format\":1}", "is damaged"),
        ("{\"format\":2}", "has the format 2"),
        ("{\"format\":1,\"x\":", "is damaged"),
    ] {
        fs::write(&path, text).unwrap();
        check(folder.path(), part);
    }
    check(&path, "it is a file");
    let mut manifest = Manifest::new(String::new(), String::new());
    manifest.collections.push(Collection {
        file: Some("../x".to_owned()),
        ..collection(Vec::new())
    });
    manifest.write(folder.path()).unwrap();
    check(folder.path(), "is outside the folder");
}
