//! Older servers: without DQL functions, with an older path, or without DQL.

use serde_json::json;

use crate::documents::many;
use crate::scene::{Place, front};

#[test]
fn a_server_without_functions_is_read_whole_or_by_offset() {
    let Some(front) = front() else { return };
    front.insert("a", &many(900));
    for (set, way) in [
        (json!({"unknown": ["type("]}), "one query without a limit"),
        (json!({"unknown": ["CAST("]}), "one query without a limit"),
        (
            json!({"unknown": ["GROUP BY"]}),
            "one query without a limit",
        ),
        (json!({"unknown": ["type("], "cap_rows": 500}), "by offset"),
        (json!({"unknown": ["type("], "cut_rows": 500}), "by offset"),
    ] {
        front.set(&json!({"unknown": [], "cap_rows": null, "cut_rows": null}));
        front.set(&set);
        let place = Place::new();
        let output = place.requery(&front, &[]);
        assert_eq!(output.status, Some(0), "{set}: {}", output.stderr);
        let manifest = place.manifest();
        assert!(
            manifest.collections[0].way.starts_with(way),
            "{set}: {}",
            manifest.collections[0].way
        );
        assert_eq!(place.documents("a"), front.dump("a"), "{set}");
    }
}

#[test]
fn documents_that_move_between_pages_by_offset_are_detected() {
    let Some(front) = front() else { return };
    front.insert("a", &many(900));
    let step = |after: usize| json!({"after": after, "statements": [format!("DELETE FROM a WHERE _id = {}", 1000 + 31 * after)]});
    let script: Vec<_> = (5..9).map(step).collect();
    front.set(&json!({"unknown": ["type("], "cap_rows": 500, "script": script}));
    let place = Place::new();
    let output = place.requery(&front, &[]);
    let text = format!("{:?} {}", output.status, output.stderr);
    let expected = front.dump("a");
    match output.status {
        Some(0) => assert_eq!(place.documents("a"), expected),
        Some(4) => assert!(!place.manifest().complete, "{text}"),
        _ => panic!("{text}"),
    }
}

#[test]
fn version_4_and_the_interface_before_dql() {
    let Some(front) = front() else { return };
    front.insert("a", &many(900));
    let place = Place::new();
    let output = place.requery(&front, &["--api-version", "v4"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(place.documents("a"), front.dump("a"));
    let log = front.control("log", &json!(null));
    assert!(log.as_array().unwrap().iter().all(|one| {
        one["path"]
            .as_str()
            .unwrap()
            .contains("/api/v4/store/execute")
    }));
    front.set(&json!({"legacy": true, "cap_rows": 500, "log": []}));
    let place = Place::new();
    let output = place.requery(&front, &["-c", "a"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(place.documents("a"), front.dump("a"));
    assert!(
        place.manifest().collections[0]
            .way
            .starts_with("find by offset")
    );
}
