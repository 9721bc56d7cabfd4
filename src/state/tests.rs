//! State files: round trips, refusals, locking.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;

use super::text::{read, write};
use super::{Gap, State, StateFile};
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
fn a_state_comes_back_as_it_was() {
    let bare = State {
        cluster: None,
        gap: None,
        snapshot: None,
        ..state()
    };
    for state in [state(), bare] {
        assert_eq!(read(write(&state).as_bytes()), Ok(state));
    }
}

#[test]
fn what_is_no_state_is_refused_with_the_reason() {
    let good = write(&state());
    let half = &good[..good.len() / 2];
    for (text, words) in [
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
        let why = read(text.as_bytes()).unwrap_err();
        assert!(why.contains(words), "{text}: {why}");
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
fn a_gap_is_answered_by_a_requery_that_came_after_all_of_it() {
    let mut gap = Gap::default();
    gap.note_requery(Some(45), Some((0, 11)));
    gap.note_requery(Some(40), Some((1, 3)));
    gap.note_offset_gap(&lost(2, 5, 9));
    for (positions, floor, answered) in [
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
        let found = gap.is_resolved_by(&positions, floor);
        assert_eq!(found, answered, "{positions:?} {floor:?}");
    }
    let mut only_lost = Gap::default();
    only_lost.note_offset_gap(&lost(0, 5, 9));
    assert!(only_lost.is_resolved_by(&[(0, 9)].into(), None));
}

#[test]
fn a_gap_is_told_in_a_few_words() {
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
    for (told, expected) in [
        (gap(&[Some(45)], 0), "a requeryRequired, txnID 45"),
        (gap(&[None], 0), "a requeryRequired without a txnID"),
        (
            gap(&[Some(5), Some(45), None], 0),
            "3 requeryRequired, txnID up to 45",
        ),
        (gap(&[], 1), "a lost position"),
        (
            gap(&[Some(5)], 2),
            "a requeryRequired, txnID 5 and 2 lost positions",
        ),
    ] {
        assert_eq!(told, expected);
    }
}

#[test]
fn a_file_keeps_the_last_state_and_nothing_else() {
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
fn a_second_user_is_told_who_has_the_file() {
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
fn a_link_stays_a_link() {
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
fn places_that_are_no_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (path, words) in [
        (folder.path().to_owned(), "it is a folder"),
        (folder.path().join("no/s.json"), "no such folder"),
    ] {
        let failure = StateFile::open(&path).unwrap_err();
        assert!(failure.what.contains(words), "{}", failure.what);
    }
}
