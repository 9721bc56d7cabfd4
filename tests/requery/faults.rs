//! Documented and observed faults of the server, the network and the disk: `requery` recovers, or reports the fault.

use std::fs;

use serde_json::{Value, json};

use crate::documents::many;
use crate::scene::{Place, TIMEOUT, files, front};
use crate::support::engine::KEY;
use crate::support::program::run;

/// Temporary faults: the snapshot is complete after them.
#[test]
fn temporary_faults_are_retried() {
    let Some(front) = front() else { return };
    front.insert("a", &many(150));
    let status = |status: u16| json!({"kind": "status", "status": status, "times": 2});
    let with = |status: u16, header: &str, value: &str| json!({"kind": "status", "status": status, "headers": {header: value}});
    let matching = |mut fault: Value, text: &str| {
        fault["match"] = json!(text);
        fault
    };
    for (name, set) in [
        ("lag", json!({"lag": 4})),
        ("collected", json!({"collected": true})),
        ("408", json!({"faults": [status(408)]})),
        ("421", json!({"faults": [status(421)]})),
        ("425", json!({"faults": [status(425)]})),
        ("429", json!({"faults": [with(429, "Retry-After", "1")]})),
        (
            "429 with a message",
            json!({"faults": [{"kind": "status", "status": 429, "body": "Too many requests: the limit is exceeded", "times": 2}]}),
        ),
        ("500", json!({"faults": [status(500)]})),
        (
            "502",
            json!({"faults": [{"kind": "status", "status": 502, "body": "<html><title>Bad Gateway</title>"}]}),
        ),
        ("503", json!({"faults": [status(503)]})),
        (
            "cut",
            json!({"faults": [matching(json!({"kind": "cut", "times": 2}), "LIMIT")]}),
        ),
        (
            "reset",
            json!({"faults": [matching(json!({"kind": "reset", "times": 2}), "LIMIT")]}),
        ),
        (
            "slow",
            json!({"faults": [matching(json!({"kind": "slow", "seconds": 1}), "LIMIT")]}),
        ),
        ("413", json!({"cap_rows": 7})),
        ("too large as a message", json!({"cap_bytes": 9_000})),
        ("truncated without an error", json!({"cut_rows": 40})),
    ] {
        front.set(&json!({"lag": 0, "collected": false, "faults": [], "cap_rows": null, "cap_bytes": null, "cut_rows": null}));
        front.set(&set);
        let place = Place::new();
        let output = place.requery(&front, &["--txn-id", "100", "--deadline", "60s"]);
        assert_eq!(output.status, Some(0), "{name}: {}", output.stderr);
        assert!(place.manifest().complete, "{name}");
        assert_eq!(place.documents("a"), front.dump("a"), "{name}");
    }
}

/// Permanent faults end the run at once, with a reason, the right status and no manifest.
#[test]
fn permanent_faults_are_reported() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    let html = json!({"kind": "status", "status": 200, "body": "<html><title>Sign in</title>", "times": 99});
    let responses = |status: u16| json!({"faults": [{"kind": "status", "status": status, "headers": {"Location": "/here"}, "times": 99}]});
    for (set, args, status, part) in [
        (
            json!({"faults": [html]}),
            &[][..],
            3,
            "a proxy or sign-on page may have responded",
        ),
        (
            json!({"faults": [{"kind": "status", "status": 200, "body": "{\"error\":{\"description\":\"no such thing\"}}", "match": "LIMIT", "times": 99}]}),
            &[],
            1,
            "no such thing",
        ),
        (
            json!({"faults": [{"kind": "status", "status": 401, "body": "Unauthorized", "match": "LIMIT", "times": 9}]}),
            &[],
            3,
            "refused the API key",
        ),
        (
            json!({"faults": [{"kind": "status", "status": 503, "times": 999}]}),
            &[],
            1,
            "busy or failed",
        ),
        (
            json!({"faults": [{"kind": "status", "status": 302, "headers": {"Location": "https://elsewhere.example/"}, "times": 9}]}),
            &[],
            3,
            "elsewhere.example",
        ),
        (
            json!({}),
            &["--txn-id", "99999"],
            1,
            "has not reached the requested transaction",
        ),
        (json!({"legacy": true}), &[], 3, "check the url"),
        (responses(405), &[], 3, "does not have this interface"),
        (responses(410), &[], 3, "check the url"),
        (responses(501), &[], 3, "(HTTP 501)"),
        (responses(303), &[], 3, "redirects to another address"),
    ] {
        front.set(&json!({"faults": [], "legacy": false}));
        front.set(&set);
        let place = Place::new();
        let args: Vec<&str> = args.iter().copied().chain(["--deadline", "3s"]).collect();
        let output = place.requery(&front, &args);
        assert_eq!(output.status, Some(status), "{part}: {}", output.stderr);
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
        assert!(!output.stderr.contains(KEY));
        assert!(!place.path().join("manifest.json").exists(), "{part}");
    }
}

/// Redirects with 307 and 308, which keep the method and body, are followed on the same host only.
#[test]
fn redirects_never_send_the_key_to_another_host() {
    let Some(front) = front() else { return };
    front.insert("a", &many(50));
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let other_host = format!("http://{}/", elsewhere.local_addr().unwrap());
    let other_name = front.url().replace("127.0.0.1", "localhost");
    for status in [307, 308] {
        let to = |location: &str, times: u32| json!({"log": [], "faults": [{"kind": "status", "status": status, "headers": {"Location": location}, "times": times}]});
        front.set(&to("/moved/api/v5/store/execute", 1));
        let place = Place::new();
        let output = place.requery(&front, &[]);
        assert_eq!(output.status, Some(0), "{status}: {}", output.stderr);
        assert_eq!(place.documents("a"), front.dump("a"));
        let log = front.control("log", &json!(null));
        assert_eq!(log[1]["path"], "/moved/api/v5/store/execute");
        assert_eq!(
            log[0]["text"], log[1]["text"],
            "the statement is sent again"
        );
        for location in [other_host.as_str(), &other_name] {
            front.set(&to(location, 99));
            let output = place.requery(&front, &["--deadline", "3s"]);
            assert_eq!(output.status, Some(3), "{location}: {}", output.stderr);
            assert!(output.stderr.contains(location), "{}", output.stderr);
            let log = front.control("log", &json!(null));
            assert_eq!(log.as_array().unwrap().len(), 1, "{location}");
        }
        // A redirect loop ends.
        front.set(&to("/moved/api/v5/store/execute", 99));
        let output = place.requery(&front, &["--deadline", "3s"]);
        assert_eq!(output.status, Some(3), "{}", output.stderr);
    }
    assert!(
        elsewhere.accept().is_err(),
        "the request was sent to another host"
    );
}

/// A scope that cannot be proven is not called complete.
#[test]
fn missing_parts_are_named() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    front.insert("b", &many(20));
    for (set, args, part) in [
        (
            json!({"forbid": ["b"]}),
            &[][..],
            "b: the API key does not allow this",
        ),
        (
            json!({"listing": "empty"}),
            &[],
            "name them with --collection",
        ),
        (json!({"listing": "refuse"}), &[], "not for you"),
        (json!({"cap_bytes": 300}), &["-c", "a"], "too large"),
        (
            json!({"faults": [{"kind": "status", "status": 413, "match": "system:collections", "times": 9}]}),
            &[],
            "the result is too large for the server",
        ),
    ] {
        front.set(&json!({"forbid": [], "listing": null, "cap_bytes": null, "faults": []}));
        front.set(&set);
        let place = Place::new();
        let output = place.requery(&front, args);
        assert_eq!(output.status, Some(4), "{part}: {}", output.stderr);
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
        let manifest = place.manifest();
        assert!(
            !manifest.complete && manifest.why_not.iter().any(|why| why.contains(part)),
            "{:?}",
            manifest.why_not
        );
        let stream = run(
            &front.env(),
            &[&["requery", "--output", "-"], args].concat(),
            TIMEOUT,
        );
        assert_eq!(stream.status, Some(4), "{part}: {}", stream.stderr);
        assert!(
            stream
                .lines()
                .last()
                .unwrap()
                .contains(r#""complete":false"#)
        );
    }
    front.set(&json!({"forbid": ["b"], "listing": null, "cap_bytes": null, "faults": []}));
    let place = Place::new();
    assert_eq!(place.requery(&front, &[]).status, Some(4));
    assert_eq!(
        place.documents("a"),
        front.dump("a"),
        "the other collections are read nevertheless"
    );
}

/// A failed run never changes a complete snapshot.
#[test]
fn a_complete_snapshot_is_never_damaged() {
    let Some(front) = front() else { return };
    front.insert("a", &many(100));
    let place = Place::new();
    assert_eq!(place.requery(&front, &[]).status, Some(0));
    let good = files(&place.path());
    front.insert("a", &[json!({"_id": "later"})]);
    for set in [
        json!({"faults": [{"kind": "status", "status": 503, "times": 999}]}),
        json!({"faults": [{"kind": "status", "status": 503, "match": "integer", "times": 999}]}),
        json!({"faults": [{"kind": "cut", "match": "LIMIT", "times": 999}]}),
        json!({"faults": [], "listing": "empty"}),
        json!({"listing": null, "forbid": ["a"]}),
    ] {
        front.set(&set);
        let output = place.requery(&front, &["--deadline", "2s"]);
        assert_ne!(output.status, Some(0), "{set}");
        let now = files(&place.path());
        assert!(
            good.iter()
                .all(|(path, bytes)| now.get(path) == Some(bytes)),
            "{set}"
        );
    }
    front.set(&json!({"forbid": []}));
    assert_eq!(place.requery(&front, &[]).status, Some(0));
    assert_eq!(place.documents("a"), front.dump("a"));
}

/// Failures of the disk: full, not writable, a file instead of the folder.
#[cfg(target_os = "linux")]
#[test]
fn failures_of_the_disk_are_reported() {
    let Some(front) = front() else { return };
    front.insert("a", &many(2000));
    let place = Place::new();
    fs::write(place.path(), "").unwrap();
    let output = place.requery(&front, &[]);
    assert_eq!(output.status, Some(1), "{}", output.stderr);
    assert!(
        output.stderr.contains("file is in the way"),
        "{}",
        output.stderr
    );
    fs::remove_file(place.path()).unwrap();
    // Folders in which not even root can write.
    for folder in ["/sys/ditto-cdc-snapshot", "/proc/ditto-cdc-snapshot"] {
        let output = run(&front.env(), &["requery", "--output", folder], TIMEOUT);
        assert_eq!(output.status, Some(1), "{}", output.stderr);
        let message = format!("preparing the folder {folder}");
        assert!(output.stderr.contains(&message), "{}", output.stderr);
        assert!(
            front.statements().is_empty(),
            "no request before the folder is ready"
        );
    }
    // A limit on file sizes makes writes fail like a full disk.
    let limited = format!(
        "trap '' XFSZ; ulimit -f 200; exec {} requery --output {}",
        env!("CARGO_BIN_EXE_ditto-cdc"),
        place.path().display()
    );
    let mut shell = std::process::Command::new("bash");
    let output = shell
        .args(["-c", &limited])
        .envs(front.env())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("writing the collection a") && stderr.contains("--resume"),
        "{stderr}"
    );
    assert!(!place.path().join("manifest.json").exists());
    let resumed = place.requery(&front, &["--resume"]);
    assert_eq!(resumed.status, Some(0), "{}", resumed.stderr);
    assert_eq!(place.documents("a"), front.dump("a"));
}
