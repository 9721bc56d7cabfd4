//! `stats` of a topic of the embedded broker: once, and live.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::program::{Output, Running, run};
use crate::support::stage::{ALL, GAP, Stage, TIMEOUT, event};

fn stats(stage: &Stage, args: &[&str]) -> Output {
    run(&stage.env(), &[&["stats"], args].concat(), TIMEOUT)
}

fn object(text: impl AsRef<[u8]>) -> Value {
    serde_json::from_slice(text.as_ref()).unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_topic_and_its_capture_have_the_same_statistics() {
    let stage = Stage::new(3);
    stage.write_many(1..500, 3);
    stage.write(1, 600, "orders", 1_769_860_800_000);
    stage.write_raw(2, Some(GAP.as_bytes()), 1_769_860_800_000);
    let capture = stage.tail(&[&ALL[..], &["--format", "record"]].concat());
    let file = stage.file("capture.ndjson", &text(&capture));
    let of_topic = stats(&stage, &["--json"]);
    assert_eq!(of_topic.status, Some(0), "{}", of_topic.stderr);
    let (mut topic, mut capture) = (
        object(&of_topic.stdout),
        object(&stats(&stage, &["--json", &file]).stdout),
    );
    assert_eq!(topic["events"], 500);
    for at in 0..3 {
        let partition = topic["partitions"][at].take();
        assert_eq!(
            (&partition["start"], &partition["end"]),
            (&0.into(), &167.into())
        );
        assert_eq!(partition["records"], 167);
        assert_eq!(partition["lag"], Value::Null);
    }
    topic["partitions"].take();
    capture["partitions"].take();
    assert_eq!(topic, capture);
}

#[test]
fn the_lag_is_that_of_the_state_file() {
    let stage = Stage::new(2);
    stage.write_many(0..40, 2);
    let reader = stage.path("reader.state");
    let read = ["--state", &reader, "--from", "beginning", "--until", "end"];
    assert_eq!(stage.tail(&read).status, Some(0));
    stage.write_many(40..47, 2);
    let output = stats(&stage, &["--json", "--state", &reader]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let partitions = object(&output.stdout)["partitions"].clone();
    assert_eq!(
        (&partitions[0]["position"], &partitions[0]["lag"]),
        (&20.into(), &4.into())
    );
    assert_eq!(
        (&partitions[1]["position"], &partitions[1]["lag"]),
        (&20.into(), &3.into())
    );
    // The embedded broker has no configuration of topics.
    assert!(
        output
            .stderr
            .contains("how long records are kept is unknown"),
        "{}",
        output.stderr
    );
    let table = stats(&stage, &["--state", &reader]);
    assert!(text(&table).contains("lag"), "{}", text(&table));
    let foreign = fs::read_to_string(&reader)
        .unwrap()
        .replace("\"events\"", "\"others\"");
    let foreign = stage.file("foreign.state", &foreign);
    let output = stats(&stage, &["--state", &foreign]);
    assert_eq!(output.status, Some(3));
    assert!(
        output.stderr.contains("has positions of the topic others"),
        "{}",
        output.stderr
    );
}

/// Each redraw moves the cursor up and clears what it replaces.
#[test]
fn watch_draws_in_place_on_a_terminal() {
    let stage = Stage::new(1);
    stage.write_many(0..5, 1);
    let dialogue = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/config/dialogue.py");
    let program = env!("CARGO_BIN_EXE_ditto-cdc");
    let script = format!(
        "stty rows 60 cols 100; exec timeout -s INT 6 {program} stats --watch 1 --color never"
    );
    let output = Command::new("python3")
        .args([dialogue, "sh", "-c", &script])
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", stage.folder.path())
        .envs(stage.env())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let frames: Vec<&str> = shown.split("\u{1b}[J").collect();
    assert!(frames.len() > 2, "{shown}");
    for pair in frames.windows(2) {
        let (drawn, up) = pair[0].rsplit_once("\u{1b}[").unwrap();
        let lines = drawn[drawn.find("5 events").unwrap()..]
            .matches('\n')
            .count();
        assert_eq!(up, format!("{lines}A"), "{shown}");
    }
    assert!(shown.trim_end().ends_with("is counted"), "{shown}");
}

#[test]
fn watch_goes_on_and_ctrl_c_shows_what_was_counted() {
    let stage = Stage::new(1);
    stage.write_many(0..5, 1);
    let args = ["stats", "--watch", "1", "--json"];
    let mut live = Running::start(&stage.env(), &args);
    live.wait_for_words_on_stdout("\"events\":5,", TIMEOUT);
    stage.write_many(5..8, 1);
    live.wait_for_words_on_stdout("\"events\":8,", TIMEOUT);
    let output = live.interrupt();
    assert_eq!(output.status, Some(130), "{}", output.stderr);
    let last = object(output.lines().last().unwrap());
    assert_eq!(
        (&last["events"], &last["partitions"][0]["end"]),
        (&8.into(), &8.into())
    );
    assert!(
        output
            .stderr
            .contains("interrupted: only what was read so far is counted"),
        "{}",
        output.stderr
    );

    let mut tables = Running::start(&stage.env(), &["stats", "--watch", "1"]);
    tables.wait_for_words_on_stdout("events/s: ", TIMEOUT);
    tables.wait_for_words_on_stdout("8 events", TIMEOUT);
    assert_eq!(tables.interrupt().status, Some(130));
    // The reader of a pipe has seen enough.
    let closed = Running::start_reading(&stage.env(), &args, 10);
    stage.write_raw(0, Some(event(9, "people").as_bytes()), 0);
    assert_eq!(closed.wait(Duration::from_secs(20)).status, Some(0));
}
