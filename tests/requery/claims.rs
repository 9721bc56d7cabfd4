//! Answers that are no answers, lists that are not complete, and what is peculiar to Ditto's own engine.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::documents::many;
use crate::scene::{Place, front};
use crate::support::program::Output;

/// A fault that edits the response to matching statements.
fn edit(text: &str, old: &str, new: &str) -> Value {
    json!({"kind": "edit", "match": text, "old": old, "new": new, "times": 99})
}

fn has(output: &Output, status: i32, part: &str) {
    assert_eq!(output.status, Some(status), "{part}: {}", output.stderr);
    assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
}

#[test]
fn an_answer_without_items_is_no_answer() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    for statement in ["system:collections", "GROUP BY", "LIMIT"] {
        for new in [r#""rows":["#, r#""items":null,"rows":["#] {
            front.set(&json!({"faults": [edit(statement, r#""items":["#, new)]}));
            let place = Place::new();
            let output = place.requery(&front, &["--deadline", "3s"]);
            has(&output, 1, "which is not a valid response");
            assert!(!place.path().join("manifest.json").exists());
        }
    }
}

#[test]
fn an_inconsistent_count_is_refused() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    for (row, why) in [
        (r#"{"t":"string","n":1},"#, "names a type of id twice"),
        (r#"{"n":3},"#, "a number for no type"),
        (r#"{"t":"binary","n":"3"},"#, "is not a number of documents"),
    ] {
        let new = format!(r#""items":[{row}"#);
        front.set(&json!({"faults": [edit("GROUP BY", r#""items":["#, &new)]}));
        let place = Place::new();
        let output = place.requery(&front, &[]);
        has(&output, 4, why);
        assert!(!place.manifest().complete);
        assert_eq!(place.documents("a"), front.dump("a"), "read nevertheless");
    }
}

#[test]
fn a_list_with_a_row_that_is_not_understood_is_incomplete() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    let odd = edit(
        "system:collections",
        r#""items":["#,
        r#""items":[{"_id":"default:vans"},"#,
    );
    front.set(&json!({"faults": [odd]}));
    let place = Place::new();
    let output = place.requery(&front, &[]);
    has(&output, 4, "a row of it is not understood");
    let manifest = place.manifest();
    assert!(!manifest.complete && !manifest.scope.whole_app);
    assert_eq!(place.documents("a"), front.dump("a"));
    // Named collections do not depend on the list.
    assert_eq!(place.requery(&front, &["-c", "a"]).status, Some(0));
}

#[test]
fn collections_of_the_replaced_snapshot_are_read_again() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    front.insert("b", &[json!({"_id": 1}), json!({"_id": 2})]);
    let place = Place::new();
    assert_eq!(place.requery(&front, &[]).status, Some(0));
    // The list omits a collection that has documents.
    front.set(&json!({"unlisted": ["b"]}));
    let output = place.requery(&front, &[]);
    has(&output, 0, "it does not name 'b'");
    let manifest = place.manifest();
    assert!(!manifest.scope.whole_app, "{:?}", manifest.scope);
    assert_eq!(place.documents("b"), front.dump("b"));
    // The collection is gone.
    front.control("execute", &json!({"statement": "EVICT FROM b"}));
    let output = place.requery(&front, &[]);
    has(&output, 0, "the collection b is gone");
    let manifest = place.manifest();
    assert!(manifest.scope.whole_app && manifest.collection("b").unwrap().documents == 0);
}

#[test]
fn warnings_of_the_server_are_shown_and_prevent_completeness() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    let (none, one) = (r#""warnings":[]"#, r#""warnings":["the index is stale"]"#);
    let uncounted = r#""totalWarningsCount":12"#;
    for (statement, old, new, why) in [
        (
            "LIMIT",
            none,
            one,
            "about a page of documents: the index is stale",
        ),
        ("GROUP BY", none, one, "about its count: the index is stale"),
        (
            "system:collections",
            none,
            one,
            "the server warned about it: the index is stale",
        ),
        (
            "LIMIT",
            r#""totalWarningsCount":0"#,
            uncounted,
            "12 warnings without a text",
        ),
    ] {
        front.set(&json!({"faults": [edit(statement, old, new)]}));
        let place = Place::new();
        let output = place.requery(&front, &[]);
        has(&output, 4, why);
        assert!(
            output.stderr.contains("the server warns: "),
            "{}",
            output.stderr
        );
        let manifest = place.manifest();
        assert!(!manifest.complete);
        assert!(
            manifest.why_not.iter().any(|reason| reason.contains(why)),
            "{:?}",
            manifest.why_not
        );
    }
}

/// Without an alias, the word `status` is the whole document in the collection `status`.
#[test]
fn a_condition_on_a_field_that_is_called_like_its_collection() {
    let Some(front) = front() else { return };
    let documents = [
        json!({"_id": "1", "status": "open", "doc1": 1}),
        json!({"_id": "2", "status": "open"}),
        json!({"_id": "3", "status": "paid"}),
    ];
    for collection in ["status", "doc1", "Status", "_id", "type"] {
        front.insert(collection, &documents);
        for (condition, count) in [
            ("status = 'open'", 2),
            ("`status` = 'open' -- a comment", 2),
            ("doc1 = 1", 1),
            ("type(status) = 'string'", 3),
            ("_id = '3' OR doc1 = 1", 2),
        ] {
            let place = Place::new();
            let output = place.requery(&front, &["-c", collection, "--where", condition]);
            assert_eq!(output.status, Some(0), "{}", output.stderr);
            let found = place.manifest().collections[0].documents;
            assert_eq!(found, count, "{collection}: {condition}");
        }
        let place = Place::new();
        assert_eq!(place.requery(&front, &["-c", collection]).status, Some(0));
        assert_eq!(place.documents(collection).len(), 3, "{collection}");
    }
}

#[test]
fn a_server_without_aliases_is_asked_without() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    front.insert("status", &[json!({"_id": "1", "status": "open"})]);
    front.set(&json!({"unknown": [" AS doc", " AS c"]}));
    let place = Place::new();
    let output = place.requery(&front, &[]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(place.documents("a"), front.dump("a"));
    // Without an alias, this condition would not mean the field.
    let condition = ["-c", "status", "--where", "status = 'open'"];
    let output = Place::new().requery(&front, &condition);
    assert_eq!(output.status, Some(1), "{}", output.stderr);
}

#[test]
fn ids_of_bytes_are_documents_of_their_own() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    front.insert(
        "a",
        &[
            json!({"_id": [97, 98], "n": 1}),
            json!({"_id": "YWI=", "n": 2}),
        ],
    );
    let ids = ('A'..='P').map(|last| format!("AAA{last}"));
    let ids: Vec<String> = ["YWI=", "", "BQ==", "Yv8A"]
        .map(str::to_owned)
        .into_iter()
        .chain(ids)
        .collect();
    front.control("insert-bytes", &json!({"collection": "a", "ids": ids}));
    for cap in [Value::Null, json!(7)] {
        front.set(&json!({"cap_rows": cap}));
        let place = Place::new();
        let output = place.requery(&front, &[]);
        has(
            &output,
            0,
            "20 ids are bytes, which JSON prints like arrays of numbers",
        );
        assert_eq!(place.documents("a"), front.dump("a"));
        let manifest = place.manifest();
        assert_eq!(manifest.collection("a").unwrap().by_type["binary"], 20);
    }
    // Two ids of one type with the same JSON cannot be told apart.
    front.control(
        "insert-bytes",
        &json!({"collection": "a", "ids": [{"k": "YWI="}]}),
    );
    front.insert("a", &[json!({"_id": {"k": [97, 98]}})]);
    let output = Place::new().requery(&front, &[]);
    has(&output, 4, "or one id contains bytes");
}

#[test]
fn the_list_of_collections_is_asked_for_in_new_words_each_time() {
    let Some(front) = front() else { return };
    front.insert("a", &many(5));
    front.set(&json!({"faults": [{"kind": "status", "status": 503, "match": "system:collections", "times": 2}]}));
    for _ in 0..3 {
        let place = Place::new();
        let output = place.requery(&front, &[]);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        assert!(place.manifest().scope.whole_app);
    }
    let statements = front.statements();
    let lists: Vec<&String> = statements
        .iter()
        .filter(|text| text.contains("system:collections"))
        .collect();
    let different: BTreeSet<&&String> = lists.iter().collect();
    assert_eq!((lists.len(), different.len()), (5, 5), "{lists:?}");
}

#[test]
fn a_float_is_no_id_and_the_engines_words_are_shown() {
    let Some(front) = front() else { return };
    front.insert(
        "a",
        &[json!({"_id": 1, "n": 1}), json!({"_id": 2, "n": 1.0})],
    );
    let output = Place::new().requery(&front, &["-c", "a", "--where", "_id = 1.0"]);
    has(&output, 1, "Floats are not supported in document IDs");
    let place = Place::new();
    assert_eq!(
        place
            .requery(&front, &["-c", "a", "--where", "n = 1"])
            .status,
        Some(0)
    );
    assert_eq!(place.documents("a").len(), 2, "1 and 1.0 are one value");
}
