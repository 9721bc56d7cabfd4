//! Everything that was documented or seen to go wrong between the server and the disk: healed, or said and status 4 or 3.
//! Interruptions are in `interrupted`.

use std::fs;

use serde_json::{Value, json};

use crate::documents::many;
use crate::scene::{LIMIT, Place, files, front};
use crate::support::engine::KEY;
use crate::support::program::run;

/// Faults that pass: after them everything is there.
#[test]
fn what_passes_is_waited_for() {
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
        ("429", json!({"faults": [with(429, "Retry-After", "1")]})),
        (
            "429 in words",
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
        ("too large in words", json!({"cap_bytes": 9_000})),
        ("cut without a word", json!({"cut_rows": 40})),
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

/// Faults that end the run: at once, with a reason and the right status, and nothing that looks like a snapshot.
#[test]
fn what_does_not_pass_is_said() {
    let Some(front) = front() else { return };
    front.insert("a", &many(20));
    let html = json!({"kind": "status", "status": 200, "body": "<html><title>Sign in</title>", "times": 99});
    let answers = |status: u16| json!({"faults": [{"kind": "status", "status": status, "headers": {"Location": "/here"}, "times": 99}]});
    for (set, args, status, part) in [
        (
            json!({"faults": [html]}),
            &[][..],
            3,
            "a proxy or sign-on page may have answered",
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
        (answers(405), &[], 3, "does not have this interface"),
        (answers(410), &[], 3, "check the url"),
        (answers(501), &[], 3, "(HTTP 501)"),
        (answers(303), &[], 3, "redirects to another address"),
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

/// 307 and 308 keep the request as it is: they are followed on the same host, and nowhere else.
#[test]
fn the_key_follows_redirects_on_its_own_host_only() {
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
        assert_eq!(log[0]["text"], log[1]["text"], "the statement goes along");
        for location in [other_host.as_str(), &other_name] {
            front.set(&to(location, 99));
            let output = place.requery(&front, &["--deadline", "3s"]);
            assert_eq!(output.status, Some(3), "{location}: {}", output.stderr);
            assert!(output.stderr.contains(location), "{}", output.stderr);
            let log = front.control("log", &json!(null));
            assert_eq!(log.as_array().unwrap().len(), 1, "{location}");
        }
        // A ring ends.
        front.set(&to("/moved/api/v5/store/execute", 99));
        let output = place.requery(&front, &["--deadline", "3s"]);
        assert_eq!(output.status, Some(3), "{}", output.stderr);
    }
    assert!(elsewhere.accept().is_err(), "somebody was sent there");
}

/// A scope that cannot be proven is not called complete.
#[test]
fn what_is_missing_is_named() {
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
            LIMIT,
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
        "the others are read all the same"
    );
}

/// A good snapshot outlives every failure.
#[test]
fn a_good_snapshot_is_never_damaged() {
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

/// The disk: full, not writable, a file in the way.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_takes_no_more_is_named() {
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
    // Where not even root may write.
    for folder in ["/sys/ditto-cdc-snapshot", "/proc/ditto-cdc-snapshot"] {
        let output = run(&front.env(), &["requery", "--output", folder], LIMIT);
        assert_eq!(output.status, Some(1), "{}", output.stderr);
        let said = format!("preparing the folder {folder}");
        assert!(output.stderr.contains(&said), "{}", output.stderr);
        assert!(
            front.statements().is_empty(),
            "nothing was asked for nothing"
        );
    }
    // A limit on the size of files ends writes as a full disk does.
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("writing the collection a") && said.contains("--resume"),
        "{said}"
    );
    assert!(!place.path().join("manifest.json").exists());
    let resumed = place.requery(&front, &["--resume"]);
    assert_eq!(resumed.status, Some(0), "{}", resumed.stderr);
    assert_eq!(place.documents("a"), front.dump("a"));
}
