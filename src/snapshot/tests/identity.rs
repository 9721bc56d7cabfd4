//! The order of snapshots, whatever their clocks say.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::snapshot::manifest::Position;

fn snapshot(started: &str, floor: Option<u64>, positions: &[(i32, i64)]) -> SnapshotIdentity {
    let mut manifest = Manifest::new("http://localhost".to_owned(), started.to_owned());
    manifest.floor = floor;
    for &(partition, next_offset) in positions {
        manifest.positions.push(Position {
            topic: "t".to_owned(),
            partition,
            next_offset,
            ..Position::default()
        });
    }
    SnapshotIdentity::new(&manifest)
}

#[test]
fn the_stream_orders_snapshots_and_not_the_clock() {
    let known = snapshot("2026-01-31T12:00:00Z", Some(45), &[(0, 12), (1, 4)]).text();
    for (floor, positions, older) in [
        (Some(45), &[(0, 12), (1, 3)][..], true),
        (Some(44), &[(0, 11), (1, 4)], true),
        (None, &[(0, 1), (1, 1)], true),
        // A partition was added after this one.
        (Some(45), &[(0, 12)], true),
        (Some(45), &[(0, 12), (1, 4)], false),
        (Some(44), &[(0, 12), (1, 4)], false),
        (Some(45), &[(0, 13), (1, 4)], false),
        (Some(44), &[(0, 13), (1, 3)], false),
        // The topic was re-created.
        (Some(46), &[(0, 1), (1, 1)], false),
        (Some(45), &[], false),
        (Some(45), &[(0, 12), (1, 4), (2, 0)], false),
    ] {
        for started in ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"] {
            let one = snapshot(started, floor, positions);
            assert_eq!(one.is_older_than(&known), older, "{one:?}");
        }
    }
}

#[test]
fn offsets_of_two_topics_have_no_order() {
    let in_topic = |id: Option<&str>, offset: i64| {
        let one = snapshot("2026-01-31T12:00:00Z", None, &[(0, offset)]);
        SnapshotIdentity {
            topic: id.map(str::to_owned),
            ..one
        }
    };
    for (one, other, older) in [
        (Some("a"), Some("a"), true),
        (None, None, true),
        (Some("a"), Some("b"), false),
        (None, Some("b"), false),
    ] {
        let known = in_topic(other, 12).text();
        assert_eq!(in_topic(one, 3).is_older_than(&known), older, "{one:?}");
    }
}

#[test]
fn a_text_means_one_snapshot() {
    let one = snapshot("2026-01-31T12:00:00Z", None, &[(0, 12), (1, 4)]);
    assert!(one.is(&one.text()));
    assert_eq!(parse(&one.text()).as_ref(), Some(&one));
    assert!(!one.is(&snapshot("2026-01-31T12:00:01Z", None, &[(0, 12), (1, 4)]).text()));
    // As written by earlier versions.
    assert!(one.is("2026-01-31T12:00:00Z 2026-01-31T12:00:00Z"));
    let in_topic = SnapshotIdentity {
        topic: Some("a@b".to_owned()),
        ..one.clone()
    };
    assert_eq!(parse(&in_topic.text()).as_ref(), Some(&in_topic));
    for text in ["", "45", "45@x", "x@0:1", "2026-01-31T12:00:00Z x"] {
        assert!(!one.is_older_than(text), "{text}");
    }
}
