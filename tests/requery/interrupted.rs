//! `--resume` after SIGKILL, after Ctrl-C and with damaged files.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::documents::many;
use crate::scene::{Place, TIMEOUT, front};
use crate::support::engine::Front;
use crate::support::program::Running;

/// Starts a run and waits until the server has received this number of requests.
fn begin(place: &Place, front: &Front, requests: usize, more: &[&str]) -> Running {
    let path = place.path().display().to_string();
    let args: Vec<&str> = ["requery", "--output", &path]
        .iter()
        .chain(more)
        .copied()
        .collect();
    let running = Running::start(&front.env(), &args);
    let started = std::time::Instant::now();
    while front.statements().len() < requests {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{}",
            running.stderr()
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    running
}

#[test]
fn a_killed_run_continues_after_its_last_page() {
    let Some(front) = front() else { return };
    front.insert("a", &many(1000));
    front.insert("b", &many(100));
    for requests in [1, 3, 5, 9, 14, 20] {
        front.set(&json!({"cap_rows": 200, "log": [], "faults": [{"kind": "slow", "seconds": 0.02, "times": 999}]}));
        let place = Place::new();
        begin(&place, &front, requests, &["--txn-id", "100"]).kill();
        let before = front.statements().len();
        let output = place.requery(&front, &["--resume", "--txn-id", "100"]);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        for name in ["a", "b"] {
            assert_eq!(place.documents(name), front.dump(name), "{requests}");
        }
        let after = front.statements().len() - before;
        let fresh = {
            front.set(&json!({"log": []}));
            Place::new().requery(&front, &[]);
            front.statements().len()
        };
        assert!(
            requests < 9 || after < fresh,
            "{after} requests to continue, {fresh} to start again"
        );
    }
}

#[test]
fn damaged_files_are_read_again() {
    let Some(front) = front() else { return };
    front.insert("a", &many(1000));
    front.set(
        &json!({"cap_rows": 200, "faults": [{"kind": "slow", "seconds": 0.02, "times": 999}]}),
    );
    let place = Place::new();
    begin(&place, &front, 12, &[]).kill();
    let file = place.path().join(".requery/a.ndjson");
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.len() / 3;
    bytes[at] ^= 1;
    fs::write(&file, bytes).unwrap();
    let output = place.requery(&front, &["--resume"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(place.documents("a"), front.dump("a"));
}

#[test]
fn ctrl_c_hints_at_resume_and_another_scope_is_rejected() {
    let Some(front) = front() else { return };
    front.insert("a", &many(1000));
    front
        .set(&json!({"cap_rows": 200, "faults": [{"kind": "slow", "seconds": 0.1, "times": 999}]}));
    let place = Place::new();
    let output = begin(&place, &front, 6, &["--txn-id", "50"]).interrupt();
    assert_eq!(output.status, Some(130), "{}", output.stderr);
    assert!(
        output.stderr.contains("--resume continues"),
        "{}",
        output.stderr
    );
    front.set(&json!({"faults": []}));
    for (args, part) in [
        (&["--txn-id", "60"][..], "its minimum transaction is 50"),
        (&["-c", "a"], "collections"),
        (&["--where", "n = 1"], "--where"),
        (&["--api-version", "v4"], "API version"),
        (&["--url", "http://localhost:1/other"], "server"),
    ] {
        let args: Vec<&str> = args.iter().copied().chain(["--resume"]).collect();
        let output = place.requery(&front, &args);
        assert_eq!(output.status, Some(3), "{part}: {}", output.stderr);
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
    let output = place.requery(&front, &["--resume"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(place.manifest().floor, Some(50));
    assert_eq!(place.documents("a"), front.dump("a"));
}

#[test]
fn two_runs_cannot_use_one_folder() {
    let Some(front) = front() else { return };
    front.insert("a", &many(1000));
    front
        .set(&json!({"cap_rows": 200, "faults": [{"kind": "slow", "seconds": 0.2, "times": 999}]}));
    let place = Place::new();
    let first = begin(&place, &front, 4, &[]);
    let second = place.requery(&front, &[]);
    assert_eq!(second.status, Some(3), "{}", second.stderr);
    assert!(
        second.stderr.contains("another requery"),
        "{}",
        second.stderr
    );
    front.set(&json!({"faults": []}));
    assert_eq!(first.wait(TIMEOUT).status, Some(0));
    assert_eq!(place.documents("a"), front.dump("a"));
}
