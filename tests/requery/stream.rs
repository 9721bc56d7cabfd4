//! Positions and floor: what `requery` takes from Kafka before its first request, here from the embedded broker.
//! What `tail --from DIR` makes of them is tested with `tail`.

use serde_json::json;

use crate::documents::many;
use crate::scene::{LIMIT, Place, front};
use crate::support::program::run;
use crate::support::stage::Stage;

#[test]
fn positions_come_first_and_the_floor_covers_what_stands_before_them() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    let stage = Stage::new(2);
    stage.write(0, 90, "a", 1);
    stage.write(1, 101, "unlisted", 2);
    stage.write_raw(
        0,
        Some(br#"{"txnID":95,"type":"requeryRequired","documents":[]}"#),
        3,
    );
    let place = Place::new();
    let path = place.path().display().to_string();
    let mut env = stage.env();
    env.extend(front.env());
    let output = run(
        &env,
        &["requery", "--output", &path, "--txn-id", "45"],
        LIMIT,
    );
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let manifest = place.manifest();
    assert_eq!(manifest.floor, Some(101), "{:?}", manifest.floor_from);
    let positions: Vec<(i32, i64)> = manifest
        .positions
        .iter()
        .map(|one| (one.partition, one.next_offset))
        .collect();
    assert_eq!(positions, [(0, 2), (1, 1)]);
    assert!(manifest.cluster.is_some());
    assert!(
        manifest.collection("unlisted").is_some(),
        "seen in the stream"
    );
    assert_eq!(place.documents("a"), front.dump("a"));
    // From the old snapshot's positions on, another gap raises the floor, which the server has yet to reach.
    let later = front.txn() + 1;
    let gap = json!({"txnID": later, "type": "requeryRequired", "documents": []}).to_string();
    stage.write_raw(1, Some(gap.as_bytes()), 4);
    let output = run(
        &env,
        &["requery", "--output", &path, "--deadline", "2s"],
        LIMIT,
    );
    assert_eq!(output.status, Some(1), "{}", output.stderr);
    assert!(
        output.stderr.contains(&format!("transaction {later}")),
        "{}",
        output.stderr
    );
    assert_eq!(place.manifest().floor, Some(101), "the good one stays");
    front.insert("a", &[json!({"_id": "later"})]);
    let output = run(&env, &["requery", "--output", &path], LIMIT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(place.manifest().floor, Some(later));
}

/// A bridge that starts again repeats older events: the newest transaction then is not the last one.
#[test]
fn the_floor_is_the_highest_of_many_and_a_lost_position_is_said() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    let stage = Stage::new(1);
    stage.write(0, 101, "a", 1);
    stage.write_many(20..90, 1);
    stage.write_raw(0, Some(br#"{"type":"requeryRequired","documents":[]}"#), 3);
    stage.write_raw(0, Some(b"no JSON"), 4);
    let place = Place::new();
    let path = place.path().display().to_string();
    let mut env = stage.env();
    env.extend(front.env());
    let output = run(&env, &["requery", "--output", &path], LIMIT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(
        output
            .stderr
            .contains("requeryRequired at partition 0 offset 71 has no txnID"),
        "{}",
        output.stderr
    );
    let mut manifest = place.manifest();
    assert_eq!(manifest.floor, Some(101), "{:?}", manifest.floor_from);
    // The topic was made anew since the old snapshot: that is no reason to refuse a new one.
    for position in &mut manifest.positions {
        position.next_offset = 5000;
    }
    manifest.write(&place.path()).unwrap();
    let output = run(&env, &["requery", "--output", &path], LIMIT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.contains("ends before offset 5000"),
        "{}",
        output.stderr
    );
}
