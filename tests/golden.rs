//! Golden tests: each file in `tests/golden` contains a command, its output and its exit code.
//! `UPDATE_GOLDEN=1 cargo test --release --test golden` re-creates them; review the diff.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Splits a transcript into its command and its expectation.
fn command_of(transcript: &str) -> &str {
    let end = transcript.find("\n-- ").unwrap_or(transcript.len());
    transcript[..end].trim_end()
}

/// Runs the command of a transcript in the folder of the fixtures, in a fixed environment.
fn run(command: &str) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_ditto-cdc"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    Command::new("bash")
        .args(["-c", command])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"))
        .env_clear()
        .env("PATH", path)
        .env("TZ", "UTC")
        .env("HOME", "/nonexistent")
        .output()
        .unwrap()
}

fn transcript(command: &str, output: &Output) -> String {
    let mut text = format!("{command}\n");
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let shown = String::from_utf8_lossy(bytes);
        let _ = write!(text, "-- {name}\n{shown}");
        if !shown.is_empty() && !shown.ends_with('\n') {
            text.push_str("\n-- (no line end)\n");
        }
    }
    let status = output
        .status
        .code()
        .map_or_else(|| "killed".to_owned(), |code| code.to_string());
    let _ = writeln!(text, "-- status {status}");
    text
}

fn golden_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn the_program_says_what_its_transcripts_say() {
    let files = golden_files();
    assert!(files.len() > 10, "the transcripts are missing");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = 0;
    for file in files {
        let expected = fs::read_to_string(&file).unwrap();
        let command = command_of(&expected);
        let actual = transcript(command, &run(command));
        if update {
            fs::write(&file, actual).unwrap();
        } else if actual != expected {
            wrong += 1;
            eprintln!("--- {}\n{expected}+++ now\n{actual}", file.display());
        }
    }
    assert_eq!(wrong, 0, "transcripts differ");
}
