//! State files: round trips, refusals, locking.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{Coverage, Gap, Owner, State, StateFile, serialize};
use crate::record::incarnation::{Incarnation, Witness};
use crate::record::{GapReason, OffsetGap};
use crate::snapshot::manifest::{Manifest, Scope};

fn parse(text: &[u8]) -> Result<State, String> {
    State::parse(text, Owner::Tail)
}

fn state() -> State {
    let mut gap = Gap::default();
    gap.note_requery(Some(9_007_199_254_740_993), Some((0, 11)));
    State {
        cluster: Some("c-1".into()),
        topic: "events".into(),
        incarnation: Incarnation {
            id: Some("yrK2xSVHTdOiZmzHjvNBgQ".into()),
            witnesses: BTreeMap::new(),
        },
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
    let mut covered = state();
    let gap = covered.gap.as_mut().unwrap();
    gap.note_requery(None, None);
    gap.covered = names(&["cars"]);
    gap.known = Some(names(&["cars", "people"]));
    let witness = Witness {
        offset: 11,
        timestamp: Some(1_769_860_800_000),
        sha256: "ba7816bf".into(),
    };
    let without_id = State {
        incarnation: Incarnation {
            id: None,
            witnesses: [(0, witness)].into(),
        },
        ..state()
    };
    for state in [state(), bare, covered, without_id] {
        let line = state.to_line(Owner::Relay);
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(
            State::parse(line.as_bytes(), Owner::Relay).as_ref(),
            Ok(&state)
        );
        assert!(parse(line.as_bytes()).is_err());
        assert_eq!(parse(serialize(&state).as_bytes()), Ok(state));
    }
}

#[test]
fn a_file_of_version_1_is_read() {
    let text = r#"{"ditto-cdc":"tail","version":1,"cluster":"c-1","topic":"events","partitions":3,
        "next":{"0":12,"2":0},"gap":{"announced":1,"lost":0,"txnID":9007199254740993,"behind":{"0":12}},
        "snapshot":"45@2026"}"#;
    let expected = State {
        incarnation: Incarnation::default(),
        ..state()
    };
    assert_eq!(parse(text.as_bytes()), Ok(expected));
}

#[test]
fn a_gap_in_a_topic_that_was_created_again_replaces_the_offsets_of_the_former_one() {
    let mut gap = Gap::default();
    gap.note_offset_gap(&lost(0, 400, 500));
    let mut later = Gap::default();
    later.note_offset_gap(&lost(0, 700, 0));
    gap.add(later);
    assert_eq!(gap.after, [(0, 0)].into());
    assert_eq!(gap.lost, 2);
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
            good.replace("\"version\": 2", "\"version\": 3"),
            "has version 3",
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
    for (ends, floor, resolved) in [
        (&[(0, 12), (1, 4), (2, 9)][..], Some(45), true),
        (&[(0, 99), (1, 99), (2, 99)], Some(99), true),
        (&[(0, 12), (1, 4), (2, 9)], Some(44), false),
        (&[(0, 12), (1, 4), (2, 9)], None, false),
        (&[(0, 11), (1, 4), (2, 9)], Some(45), false),
        (&[(0, 12), (1, 4), (2, 8)], Some(45), false),
        // The topic was re-created with fewer partitions.
        (&[(0, 12), (1, 4)], Some(45), true),
        // Nothing shows when it was taken.
        (&[], Some(45), false),
    ] {
        let whole = Coverage {
            whole_app: true,
            floor,
            ends: ends.iter().copied().collect(),
            ..Coverage::default()
        };
        assert_eq!(gap.clone().resolve(&whole), resolved, "{whole:?}");
        let narrow = Coverage {
            whole_app: false,
            ..whole
        };
        assert!(!gap.clone().resolve(&narrow), "{narrow:?}");
    }
    let mut only_lost = Gap::default();
    only_lost.note_offset_gap(&lost(0, 5, 9));
    let after = Coverage {
        whole_app: true,
        ends: [(0, 9)].into(),
        ..Coverage::default()
    };
    assert!(only_lost.resolve(&after));
}

#[test]
fn a_gap_without_a_transaction_needs_one_from_the_user() {
    let mut gap = Gap::default();
    gap.note_requery(None, Some((0, 11)));
    let mut whole = Coverage {
        whole_app: true,
        floor: Some(99),
        ends: [(0, 12)].into(),
        ..Coverage::default()
    };
    assert!(!gap.resolve(&whole));
    whole.has_typed_floor = true;
    assert!(gap.resolve(&whole));
}

#[test]
fn an_event_and_the_gap_that_it_makes_are_resolved_by_the_same_snapshots() {
    let at = Some((0, 11));
    for (end, is_before) in [(None, false), (Some(11), false), (Some(12), true)] {
        for (has_typed_floor, whole_app) in
            [(false, false), (false, true), (true, false), (true, true)]
        {
            let snapshot = Coverage {
                whole_app,
                floor: Some(45),
                has_typed_floor,
                ends: end.map(|end| (0, end)).into_iter().collect(),
                collections: names(&["cars"]),
                ..Coverage::default()
            };
            let expected = is_before && has_typed_floor && whole_app;
            assert_eq!(snapshot.resolves(None, at, None), expected, "{snapshot:?}");
            let mut gap = Gap::default();
            gap.note_requery(None, at);
            assert_eq!(gap.resolve(&snapshot), expected, "{snapshot:?}");
            assert!(!snapshot.resolves(None, None, None));
            for (txn, is_at_floor) in [(45, true), (46, false)] {
                let resolves = snapshot.resolves(Some(txn), at, None);
                assert_eq!(resolves, is_at_floor && whole_app, "{snapshot:?}");
                let cars = snapshot.resolves(Some(txn), at, Some(&names(&["cars"])));
                assert_eq!(cars, is_at_floor, "{snapshot:?}");
            }
        }
    }
}

/// A position that is held back is before offsets that were in the topic at the first request.
#[test]
fn a_partition_that_is_held_back_keeps_its_end() {
    let scope = Scope {
        whole_app: true,
        ..Scope::default()
    };
    let manifest = serde_json::json!({
        "format": 1, "writer": "", "server": "", "started": "", "ended": "", "complete": true, "floor": 45,
        "floorFrom": ["--txn-id 45"], "scope": scope, "collections": [],
        "positions": [{"topic": "t", "partition": 0, "nextOffset": 5}],
        "heldBack": [{"partition": 0, "endOffset": 12, "why": ""}],
    });
    let manifest: Manifest = serde_json::from_value(manifest).unwrap();
    let snapshot = Coverage::new(&manifest, "t");
    assert_eq!(snapshot.ends, [(0, 12)].into());
    assert!(snapshot.has_typed_floor);
    assert!(snapshot.resolves(None, Some((0, 11)), None));
    assert!(!snapshot.resolves(None, Some((0, 12)), None));
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A snapshot of some collections, taken after a gap of transaction 45 before offset 12.
fn of(collections: &[&str], known: Option<&[&str]>) -> Coverage {
    Coverage {
        collections: names(collections),
        known: known.map(names),
        floor: Some(45),
        ends: [(0, 12)].into(),
        ..Coverage::default()
    }
}

#[test]
fn several_snapshots_resolve_a_gap_together() {
    let gap = || {
        let mut gap = Gap::default();
        gap.note_requery(Some(45), Some((0, 11)));
        gap
    };
    let all: Option<&[&str]> = Some(&["cars", "people"]);
    for (snapshots, resolved, missing) in [
        (vec![of(&["cars"], all)], false, "still missing: people"),
        (
            vec![of(&["cars"], None)],
            false,
            "still missing: every other one",
        ),
        (vec![of(&["cars"], all), of(&["people"], all)], true, ""),
        (vec![of(&["cars"], None), of(&["people"], all)], true, ""),
        (vec![of(&["cars"], all), of(&["people"], None)], true, ""),
        (
            vec![of(&["cars"], None), of(&["people"], None)],
            false,
            "every other one",
        ),
        (vec![of(&["cars"], Some(&[]))], false, "still missing: "),
        (
            vec![
                of(&["cars"], all),
                of(&["people"], Some(&["cars", "people", "orders"])),
            ],
            false,
            "still missing: orders",
        ),
    ] {
        let mut gap = gap();
        let found = snapshots.iter().fold(false, |_, one| gap.resolve(one));
        assert_eq!(found, resolved, "{snapshots:?}");
        if !resolved {
            let text = gap.describe_missing().unwrap();
            assert!(text.contains(missing), "{text}");
        }
    }
    let mut gap = gap();
    assert_eq!(gap.describe_missing(), None);
    assert!(gap.concerns(Some(&names(&["cars"]))));
    gap.resolve(&of(&["cars"], all));
    assert!(!gap.concerns(Some(&names(&["cars"]))));
    assert!(gap.concerns(Some(&names(&["cars", "people"]))) && gap.concerns(None));
    // A later gap needs all of them again.
    gap.note_requery(Some(50), Some((0, 20)));
    assert!(gap.concerns(Some(&names(&["cars"]))));
    let later = Coverage {
        floor: Some(50),
        ends: [(0, 21)].into(),
        ..of(&["people"], all)
    };
    assert!(!gap.resolve(&later));
}

#[test]
fn a_narrow_snapshot_moves_no_position_beyond_unread_events() {
    let state = state();
    for (snapshot, contains_everything, expected) in [
        (
            &[(0, 20), (1, 5), (2, 7)][..],
            true,
            &[(0, 20), (1, 5), (2, 7)][..],
        ),
        // Partition 1 was not selected, and partition 3 is new: it is read from its first record.
        (
            &[(0, 20), (1, 5), (2, 7), (3, 9)],
            false,
            &[(0, 12), (1, 5), (2, 0)],
        ),
        (&[(0, 4), (1, 5)], false, &[(0, 4), (1, 5), (2, 0)]),
    ] {
        let offsets =
            |pairs: &[(i32, i64)]| -> BTreeMap<i32, i64> { pairs.iter().copied().collect() };
        let start = state.start_with(&offsets(snapshot), contains_everything);
        assert_eq!(start, offsets(expected), "{snapshot:?}");
    }
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
    let (mut file, found) = StateFile::open(&path, &mut |_| false).unwrap();
    assert_eq!(found, None);
    file.write(&state()).unwrap();
    let later = State {
        next: [(0, 13), (2, 1)].into(),
        ..state()
    };
    file.write(&later).unwrap();
    drop(file);
    assert_eq!(
        StateFile::open(&path, &mut |_| false).unwrap().1,
        Some(later)
    );
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
    let first = StateFile::open(&path, &mut |_| false).unwrap();
    let failure = StateFile::open(&path, &mut |_| false).unwrap_err();
    let id = std::process::id().to_string();
    assert!(failure.what.contains(&id), "{}", failure.what);
    assert!(failure.what.contains("s.json"), "{}", failure.what);
    drop(first);
    StateFile::open(&path, &mut |_| false).unwrap();
}

#[test]
fn a_failed_write_leaves_the_old_state() {
    let folder = tempfile::tempdir().unwrap();
    let (here, moved) = (folder.path().join("here"), folder.path().join("moved"));
    fs::create_dir(&here).unwrap();
    let path = here.join("s.json");
    let (mut file, _) = StateFile::open(&path, &mut |_| false).unwrap();
    file.write(&state()).unwrap();
    // Not even root can write into a folder that is not there.
    fs::rename(&here, &moved).unwrap();
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
    fs::rename(&moved, &here).unwrap();
    assert_eq!(
        StateFile::open(&path, &mut |_| false).unwrap().1,
        Some(state())
    );
}

#[cfg(unix)]
#[test]
fn files_of_the_user_beside_the_state_are_unchanged() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let mode = |name: &str| fs::metadata(place(name)).unwrap().permissions().mode() & 0o777;
    for name in ["s.json.new", "other.json.lock"] {
        fs::write(place(name), "theirs").unwrap();
    }
    std::os::unix::fs::symlink(place("s.json.new"), place("link.json.lock")).unwrap();
    StateFile::open(&place("s.json"), &mut |_| false)
        .unwrap()
        .0
        .write(&state())
        .unwrap();
    assert_eq!((mode("s.json"), mode("s.json.lock")), (0o600, 0o600));
    for name in ["other.json", "link.json"] {
        let failure = StateFile::open(&place(name), &mut |_| false).unwrap_err();
        assert!(
            failure.what.contains(".lock is not a lock file"),
            "{failure:?}"
        );
    }
    for name in ["s.json.new", "other.json.lock"] {
        assert_eq!(fs::read_to_string(place(name)).unwrap(), "theirs", "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_followed_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    StateFile::open(&real, &mut |_| false)
        .unwrap()
        .0
        .write(&state())
        .unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let (mut file, found) = StateFile::open(&link, &mut |_| false).unwrap();
    assert_eq!(found, Some(state()));
    let later = State {
        gap: None,
        ..state()
    };
    file.write(&later).unwrap();
    drop(file);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(
        StateFile::open(&real, &mut |_| false).unwrap().1,
        Some(later)
    );
}

#[test]
fn a_path_that_is_not_a_file_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    for (path, message) in [
        (folder.path().to_owned(), "it is a folder"),
        (folder.path().join("no/s.json"), "no such folder"),
    ] {
        let failure = StateFile::open(&path, &mut |_| false).unwrap_err();
        assert!(failure.what.contains(message), "{}", failure.what);
    }
}
