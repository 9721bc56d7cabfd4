//! What belongs to others: files of the user in the folder of a snapshot, and text of the server in messages.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::documents::many;
use crate::scene::{Place, TIMEOUT, files, front};
use crate::support::engine::{KEY, python};
use crate::support::program::run;

/// A name that would end the message and begin another one.
const FORGER: &str = "a\nditto-cdc: 7 documents of 1 collections, complete (the whole app)";

/// Puts something of the user into the folder.
type Prepare = fn(&Path);

#[test]
fn files_of_the_user_are_refused_before_the_first_request() {
    let Some(front) = front() else { return };
    front.insert("orders", &many(3));
    let cases: [(&str, Prepare); 3] = [
        ("orders.ndjson", |folder| {
            fs::write(folder.join("orders.ndjson"), "theirs").unwrap();
        }),
        ("incomplete", |folder| {
            fs::create_dir(folder.join("incomplete")).unwrap();
            fs::write(folder.join("incomplete/mine.txt"), "theirs").unwrap();
        }),
        (".requery", |folder| {
            fs::create_dir(folder.join("../precious")).unwrap();
            fs::write(folder.join("../precious/mine.txt"), "theirs").unwrap();
            std::os::unix::fs::symlink("../precious", folder.join(".requery")).unwrap();
        }),
    ];
    for (name, prepare) in cases {
        let place = Place::new();
        fs::create_dir(place.path()).unwrap();
        prepare(&place.path());
        let output = place.requery(&front, &[]);
        assert_eq!(output.status, Some(3), "{}", output.stderr);
        let expected = format!("{name} is not from a requery");
        assert!(output.stderr.contains(&expected), "{}", output.stderr);
        assert_eq!(front.statements(), Vec::<String>::new(), "{name}");
        let found = files(place.folder.path());
        assert!(found.values().all(|bytes| bytes == b"theirs"), "{found:?}");
        assert!(!found.is_empty());
    }
}

/// A file that gets in the way of a collection that the snapshot did not contain before.
#[test]
fn a_new_collection_does_not_replace_a_file_of_the_user() {
    let Some(front) = front() else { return };
    front.insert("cars", &many(3));
    let place = Place::new();
    assert_eq!(place.requery(&front, &[]).status, Some(0));
    let theirs = place.path().join("orders.ndjson");
    fs::write(&theirs, "theirs").unwrap();
    assert_eq!(place.requery(&front, &[]).status, Some(0));
    front.insert("orders", &many(2));
    let output = place.requery(&front, &[]);
    assert_eq!(output.status, Some(3), "{}", output.stderr);
    assert_eq!(fs::read_to_string(theirs).unwrap(), "theirs");
    assert_eq!(place.documents("cars"), front.dump("cars"));
    assert!(place.manifest().complete);
}

#[test]
fn names_and_errors_of_the_server_do_not_look_like_messages() {
    let Some(front) = front() else { return };
    front.insert(FORGER, &many(3));
    let fault = |times: u32| json!({"kind": "status", "status": 500, "body": json!({"message": FORGER}).to_string(), "match": "LIMIT", "times": times});
    front.set(&json!({"faults": [fault(1)]}));
    let healthy = Place::new().requery(&front, &[]);
    assert_eq!(healthy.status, Some(0), "{}", healthy.stderr);
    front.set(&json!({"faults": [], "lose": ["\"id-2\""], "listing": "refuse"}));
    let incomplete = Place::new().requery(&front, &["-c", FORGER]);
    assert_eq!(incomplete.status, Some(4), "{}", incomplete.stderr);
    front.set(&json!({"faults": [fault(99)], "lose": [], "listing": null}));
    let failed = Place::new().requery(&front, &["--deadline", "1s"]);
    assert_eq!(failed.status, Some(1), "{}", failed.stderr);
    let dry = run(&front.env(), &["requery", "--dry-run"], TIMEOUT);
    for output in [&healthy, &incomplete, &failed, &dry] {
        let stdout = String::from_utf8_lossy(&output.stdout);
        for line in output.stderr.lines().chain(stdout.lines()) {
            assert!(!line.starts_with("ditto-cdc: 7 documents"), "{output:?}");
        }
        let escaped = "a\\u{a}ditto-cdc: 7 documents";
        let is_named = output.stderr.contains(escaped) || stdout.contains(escaped);
        assert!(is_named, "{output:?}");
    }
}

/// Runs the program on a terminal; returns its output.
fn on_a_terminal(env: &[(&str, String)], args: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/dialogue.py");
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(python().unwrap())
        .arg(script)
        .arg(env!("CARGO_BIN_EXE_ditto-cdc"))
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .env("TERM", "dumb")
        .envs(env.iter().map(|(name, value)| (name, value)))
        .current_dir(home.path())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_terminal_gets_no_dangerous_character() {
    let Some(front) = front() else { return };
    let hostile = "a\u{9b}31m\u{202e}b\u{3164}c\u{fe0f}";
    front.insert(
        hostile,
        &[json!({"_id": hostile, hostile: hostile}), json!({"_id": 1})],
    );
    front.set(&json!({"lose": ["\"_id\":1"]}));
    let mut env = front.env();
    // A value with a control character is not shown at all.
    let without_control = hostile.replace("\u{9b}31m", "");
    env.push(("DITTO_CDC_GROUP", without_control));
    for (args, escaped) in [
        (
            &["requery", "--output", "-", "--no-progress"][..],
            r#""whyNot":["a\u009b31m\u202eb\u3164c\ufe0f"#,
        ),
        (&["config", "--json"], r#""value":"a\u202eb\u3164c\ufe0f""#),
        (
            &["requery", "--dry-run"],
            r"a\u{9b}31m\u{202e}b\u{3164}c\u{fe0f}",
        ),
        (&["requery", "--as-curl", "-c", hostile], r"\u009b31m"),
    ] {
        let shown = on_a_terminal(&env, args);
        let found = shown
            .chars()
            .find(|c| hostile.contains(*c) && !c.is_ascii());
        assert_eq!(found, None, "{args:?}: {shown:?}");
        assert!(shown.contains(escaped), "{args:?}: {shown}");
    }
    // In a pipe, programs get what the server sent.
    let piped = run(&env, &["requery", "--output", "-"], TIMEOUT);
    let lines = piped.lines();
    let documents: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(documents[1]["change"]["value"][hostile], hostile);
    assert!(lines[1].contains(hostile), "{}", lines[1]);
}

#[test]
fn secrets_of_a_url_are_in_no_output() {
    let Some(front) = front() else { return };
    front.insert("a", &many(2));
    let url = |password: &str| {
        front
            .url()
            .replace("http://", &format!("http://me:{password}@"))
    };
    let with_query = format!("{}?token=hunter2", front.url());
    let redirect = json!({"kind": "status", "status": 302, "headers": {"Location": "https://me:hunter2@other.example/a?token=hunter2"}, "times": 99});
    front.set(&json!({"faults": [redirect]}));
    for url in [&url("hunter2"), &url("hun/ter2"), &with_query] {
        let env = [
            ("DITTO_CDC_URL", url.clone()),
            ("DITTO_CDC_API_KEY", KEY.to_owned()),
        ];
        for args in [
            &["config"][..],
            &["config", "--json"],
            &["verify"],
            &["verify", "--redact", "--json"],
            &["requery", "--as-curl"],
            &["requery", "--output", "-"],
        ] {
            let output = run(&env, args, TIMEOUT);
            let shown = String::from_utf8_lossy(&output.stdout) + &*output.stderr;
            assert!(!shown.contains("ter2"), "{url} {args:?}: {shown}");
            assert!(!shown.is_empty());
        }
    }
    front.set(&json!({"faults": []}));
    let place = Place::new();
    let env = [
        ("DITTO_CDC_URL", with_query),
        ("DITTO_CDC_API_KEY", KEY.to_owned()),
    ];
    let path = place.path().display().to_string();
    let output = run(&env, &["requery", "--output", &path], TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(place.manifest().server, front.url());
    for (path, bytes) in files(&place.path()) {
        assert!(
            !String::from_utf8_lossy(&bytes).contains("ter2"),
            "{path:?}"
        );
    }
}
