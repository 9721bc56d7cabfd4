//! State files: round trips, refusals, locking.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;

use super::{Gap, State, StateFile, parse, serialize};
use crate::record::{GapReason, OffsetGap};

fn state() -> State {
    let mut gap = Gap::default();
    gap.note_requery(Some(9_007_199_254_740_993), Some((0, 11)));
    State {
        cluster: Some("c-1".into()),
        topic: "events".into(),
        partitions: 3,
        next: [(0, 12), (2, 0)].into(),
        gap: Some(gap),
        snapshot: Some("45@2026".into()),
    }
}

#[test]
fn a_state_survives_a_round_trip() {
    let bare = State {
        cluster: None,
        gap: None,
        snapshot: None,
        ..state()
    };
    for state in [state(), bare] {
        assert_eq!(parse(serialize(&state).as_bytes()), Ok(state));
    }
}

#[test]
fn an_invalid_state_is_rejected_with_the_reason() {
    let good = serialize(&state());
    let half = &good[..good.len() / 2];
    for (text, message) in [
        (String::new(), "it is empty"),
        ("\n".to_owned(), "it is empty"),
        ("0:5,1:7".to_owned(), "not what --state writes"),
        ("{}".to_owned(), "not what --state writes"),
        (half.to_owned(), "not what --state writes"),
        (
            good.replace("\"tail\"", "\"requery\""),
            "belongs to `requery`",
        ),
        (
            good.replace("\"version\": 1", "\"version\": 2"),
            "has version 2",
        ),
        (good.replace("\"topic\"", "\"tropic\""), "damaged"),
        (good.replace("12", "-1"), "below 0"),
        (good.replace("\"0\"", "\"x\""), "damaged"),
    ] {
        let why = parse(text.as_bytes()).unwrap_err();
        assert!(why.contains(message), "{text}: {why}");
    }
}

fn lost(partition: i32, wanted: i64, resumed: i64) -> OffsetGap {
    OffsetGap {
        topic: "events".into(),
        partition,
        wanted,
        resumed,
        why: GapReason::Retention,
    }
}

#[test]
fn a_gap_is_resolved_by_a_requery_after_all_of_it() {
    let mut gap = Gap::default();
    gap.note_requery(Some(45), Some((0, 11)));
    gap.note_requery(Some(40), Some((1, 3)));
    gap.note_offset_gap(&lost(2, 5, 9));
    for (positions, min_txn, resolved) in [
        (&[(0, 12), (1, 4), (2, 9)][..], Some(45), true),
        (&[(0, 99), (1, 99), (2, 99)], Some(99), true),
        (&[(0, 12), (1, 4), (2, 9)], Some(44), false),
        (&[(0, 12), (1, 4), (2, 9)], None, false),
        (&[(0, 11), (1, 4), (2, 9)], Some(45), false),
        (&[(0, 12), (1, 4), (2, 8)], Some(45), false),
        // The topic was re-created with fewer partitions.
        (&[(0, 12), (1, 4)], Some(45), true),
    ] {
        let positions: BTreeMap<i32, i64> = positions.iter().copied().collect();
        let found = gap.is_resolved_by(&positions, min_txn);
        assert_eq!(found, resolved, "{positions:?} {min_txn:?}");
    }
    let mut only_lost = Gap::default();
    only_lost.note_offset_gap(&lost(0, 5, 9));
    assert!(only_lost.is_resolved_by(&[(0, 9)].into(), None));
}

#[test]
fn a_gap_is_described_in_a_phrase() {
    let gap = |announced: &[Option<u64>], losses: u64| {
        let mut gap = Gap::default();
        for txn in announced {
            gap.note_requery(*txn, None);
        }
        for _ in 0..losses {
            gap.note_offset_gap(&lost(0, 0, 1));
        }
        gap.describe()
    };
    for (description, expected) in [
        (gap(&[Some(45)], 0), "a requeryRequired, txnID 45"),
        (gap(&[None], 0), "a requeryRequired without a txnID"),
        (
            gap(&[Some(5), Some(45), None], 0),
            "3 requeryRequired, txnID up to 45",
        ),
        (gap(&[], 1), "an offset gap"),
        (
            gap(&[Some(5)], 2),
            "a requeryRequired, txnID 5 and 2 offset gaps",
        ),
    ] {
        assert_eq!(description, expected);
    }
}

#[test]
fn a_file_stores_the_last_state_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.json");
    let (mut file, found) = StateFile::open(&path).unwrap();
    assert_eq!(found, None);
    file.write(&state()).unwrap();
    let later = State {
        next: [(0, 13), (2, 1)].into(),
        ..state()
    };
    file.write(&later).unwrap();
    drop(file);
    assert_eq!(StateFile::open(&path).unwrap().1, Some(later));
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["s.json", "s.json.lock"]);
}

#[test]
fn the_process_that_uses_the_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.json");
    let first = StateFile::open(&path).unwrap();
    let failure = StateFile::open(&path).unwrap_err();
    let id = std::process::id().to_string();
    assert!(failure.what.contains(&id), "{}", failure.what);
    assert!(failure.what.contains("s.json"), "{}", failure.what);
    drop(first);
    StateFile::open(&path).unwrap();
}

#[test]
fn a_failed_write_leaves_the_old_state() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.json");
    let (mut file, _) = StateFile::open(&path).unwrap();
    file.write(&state()).unwrap();
    // A folder at the path of the new file: not even root can write there.
    fs::create_dir(folder.path().join("s.json.new")).unwrap();
    let later = State {
        gap: None,
        ..state()
    };
    let failure = file.write(&later).unwrap_err();
    assert!(
        failure.what.contains("cannot write the state file"),
        "{}",
        failure.what
    );
    drop(file);
    assert_eq!(StateFile::open(&path).unwrap().1, Some(state()));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_followed_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    StateFile::open(&real).unwrap().0.write(&state()).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let (mut file, found) = StateFile::open(&link).unwrap();
    assert_eq!(found, Some(state()));
    let later = State {
        gap: None,
        ..state()
    };
    file.write(&later).unwrap();
    drop(file);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(StateFile::open(&real).unwrap().1, Some(later));
}

#[test]
fn a_path_that_is_not_a_file_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    for (path, message) in [
        (folder.path().to_owned(), "it is a folder"),
        (folder.path().join("no/s.json"), "no such folder"),
    ] {
        let failure = StateFile::open(&path).unwrap_err();
        assert!(failure.what.contains(message), "{}", failure.what);
    }
}
