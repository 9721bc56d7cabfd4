//! What stands on a terminal: the output and the messages of one run together.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};

/// Runs a shell command on a terminal of its own, in the folder of the fixtures, and returns what it shows.
fn shown_on_terminal(script: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_ditto-cdc"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("python3")
        .arg(format!("{root}/tests/config/dialogue.py"))
        .args(["sh", "-c", script])
        .current_dir(format!("{root}/tests/fixtures"))
        .env_clear()
        .env("PATH", path)
        .env("TERM", "dumb")
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What stands on the terminal is not repeated; what goes elsewhere is complete on its own.
#[test]
fn gaps_and_unreadable_records_stand_there_once() {
    let (gap, unreadable) = ("requeryRequired", "garbage here");
    for (command, gaps, places) in [
        ("ditto-cdc diff --no-pager mixed.ndjson", 0, 1),
        ("ditto-cdc tail --input mixed.ndjson", 0, 1),
        ("ditto-cdc tail --input mixed.ndjson --format oneline", 0, 1),
        ("ditto-cdc tail --input mixed.ndjson > /dev/null", 1, 1),
        ("ditto-cdc diff mixed.ndjson > /dev/null", 1, 1),
        (
            "ditto-cdc tail --input mixed.ndjson --format oneline > /dev/null",
            1,
            1,
        ),
        ("ditto-cdc diff --no-pager mixed.ndjson 2> /dev/null", 0, 1),
        (
            "ditto-cdc diff --no-pager mixed.ndjson > /dev/null 2>&1",
            0,
            0,
        ),
    ] {
        let shown = shown_on_terminal(command);
        assert_eq!(shown.matches(gap).count(), gaps, "{command}:\n{shown}");
        assert_eq!(
            shown.matches(unreadable).count(),
            places,
            "{command}:\n{shown}"
        );
        let in_output =
            usize::from(!command.contains("> /dev/null") || command.contains(" 2> /dev/null"));
        let line = shown.matches("the stream has a gap").count();
        assert_eq!(line, in_output, "{command}:\n{shown}");
    }
}

/// A pager of the user gets the settings of less, but for those that the user has set.
#[test]
fn less_gets_its_settings() {
    for (variables, expected) in [
        ("", "FRX utf-8"),
        ("LESS=S", "S utf-8"),
        ("LESSCHARSET=latin1", "FRX latin1"),
    ] {
        let command = format!(
            "{variables} PAGER='cat > /dev/null; echo pager: $LESS $LESSCHARSET' ditto-cdc diff mixed.ndjson"
        );
        let shown = shown_on_terminal(&command);
        let line = format!("pager: {expected}");
        assert!(shown.contains(&line), "{command}:\n{shown}");
    }
}
