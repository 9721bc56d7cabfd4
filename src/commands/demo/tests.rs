//! The guided tour with a host that runs no commands: steps, exit codes, comparison, Ctrl-C.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;
use crate::snapshot::manifest::Manifest;
use crate::tls::Sha256;

/// A host that runs nothing: it records the output, and each command with the path of the user certificate.
struct RecordingHost<'e> {
    ends: &'e dyn Fn(&[&str]) -> Exit,
    leaves_out: usize,
    interrupt: AtomicBool,
    out: String,
    commands: Vec<(String, PathBuf)>,
}

impl Host for RecordingHost<'_> {
    fn print(&mut self, text: &str) -> io::Result<()> {
        self.out.push_str(text);
        Ok(())
    }

    fn note(&mut self, _text: &str) {}

    fn command(
        &mut self,
        words: &[&str],
        environment: &DemoEnvironment,
        capture_stdout: bool,
    ) -> anyhow::Result<(Exit, Captured)> {
        let file = PathBuf::from(environment.setting("DITTO_CDC_USER_CERT").unwrap());
        assert!(file.exists());
        self.commands.push((command_line(words), file));
        self.out.push_str("ran\n");
        let mut captured = Captured::default();
        let suggested = "ditto-cdc requery --txn-id 7 --output requery-7";
        captured
            .hints
            .push(("try".to_owned(), suggested.to_owned()));
        let end = (self.ends)(words);
        if capture_stdout {
            snapshot(
                environment,
                &environment.folder.path().join("requery-7"),
                self.leaves_out,
            );
        }
        Ok((end, captured))
    }

    fn interrupt(&self) -> &AtomicBool {
        &self.interrupt
    }

    fn heading(&self) -> Ink {
        Ink::default()
    }
}

/// Result and output of one run.
struct RecordedRun {
    end: anyhow::Result<Exit>,
    out: String,
    commands: Vec<(String, PathBuf)>,
}

/// Writes the snapshot that `requery` would write, without the first `leaves_out` documents.
fn snapshot(environment: &DemoEnvironment, folder: &Path, leaves_out: usize) {
    let lines = environment.documents().split_off(leaves_out);
    fs::create_dir(folder).unwrap();
    let mut manifest = Manifest::new(String::new(), String::new());
    manifest.complete = true;
    for (number, (name, line)) in lines.into_iter().enumerate() {
        let file = format!("{number}.ndjson");
        let text = format!("{}\n", line.trim_end());
        let mut sum = Sha256::default();
        sum.add(text.as_bytes());
        fs::write(folder.join(&file), &text).unwrap();
        let collection = json!({"name": name, "file": file, "complete": true, "documents": 1, "byType": {}, "pages": 1, "way": "", "bytes": text.len(), "sha256": sum.digits(), "places": []});
        manifest
            .collections
            .push(serde_json::from_value(collection).unwrap());
    }
    manifest.write(folder).unwrap();
}

fn run_tour_with(mode: Mode, interrupted: bool, ends: impl Fn(&[&str]) -> Exit) -> RecordedRun {
    run_without(0, mode, interrupted, ends)
}

fn run_without(
    leaves_out: usize,
    mode: Mode,
    interrupted: bool,
    ends: impl Fn(&[&str]) -> Exit,
) -> RecordedRun {
    let mut host = RecordingHost {
        ends: &ends,
        leaves_out,
        interrupt: AtomicBool::new(interrupted),
        out: String::new(),
        commands: Vec::new(),
    };
    let end = run_mode(mode, &mut host);
    RecordedRun {
        end,
        out: host.out,
        commands: host.commands,
    }
}

fn as_expected(words: &[&str]) -> Exit {
    let is_step =
        |step: &&TourStep| matches!(step.line, TourCommand::Words(expected) if expected == words);
    STEPS
        .iter()
        .find(is_step)
        .map_or(Exit::Success, |step| step.end)
}

#[test]
fn the_tour_shows_and_runs_every_step_and_leaves_no_file() {
    let recorded = run_tour_with(Mode::Tour, false, as_expected);
    assert_eq!(recorded.end.unwrap(), Exit::Success);
    assert_eq!(recorded.commands.len(), STEPS.len());
    for (words, file) in &recorded.commands {
        let shown = [
            format!("\n$ {words}\nran\n"),
            format!("\n$ {words} > {CHANGES}\nran\n"),
        ];
        assert!(
            shown.iter().any(|shown| recorded.out.contains(shown)),
            "{words}"
        );
        assert!(!file.parent().unwrap().exists());
    }
    assert!(recorded.out.contains("(status 4)"));
    assert!(recorded.out.contains("are equal; none is missing"));
}

#[test]
fn a_copy_that_lacks_a_document_ends_the_tour() {
    let recorded = run_without(1, Mode::Tour, false, as_expected);
    let words = recorded.end.unwrap_err().to_string();
    assert!(words.contains("1 documents missing, 0 outdated"), "{words}");
}

#[test]
fn the_gap_hides_an_insert_an_update_and_a_delete() {
    let lost = DemoEnvironment::build().unwrap().lost_in_gap().unwrap();
    assert!(
        lost.missing > 0 && lost.stale > 0 && lost.extra > 0,
        "{lost:?}"
    );
}

#[test]
fn a_step_that_ends_otherwise_ends_the_tour() {
    let recorded = run_tour_with(Mode::Tour, false, |_| Exit::Failed);
    let words = recorded.end.unwrap_err().to_string();
    assert!(
        words.contains("ended with status 1 instead of 0"),
        "{words}"
    );
    assert_eq!(recorded.commands.len(), 1);
    assert!(!recorded.commands[0].1.exists());
}

#[test]
fn ctrl_c_ends_the_tour_between_and_inside_the_steps() {
    let before = run_tour_with(Mode::Tour, true, as_expected);
    assert_eq!(
        (before.end.unwrap(), before.commands.len()),
        (Exit::Interrupted, 0)
    );
    let inside = run_tour_with(Mode::Tour, false, |_| Exit::Interrupted);
    assert_eq!(
        (inside.end.unwrap(), inside.commands.len()),
        (Exit::Interrupted, 1)
    );
}

#[test]
fn for_eval_only_settings_are_printed() {
    let recorded = run_tour_with(Mode::ServeForEval(ServePlan::default()), true, as_expected);
    assert_eq!(recorded.end.unwrap(), Exit::Interrupted);
    let mut lines = recorded.out.lines();
    assert!(lines.next().unwrap().starts_with('#'));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 8);
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("export DITTO_CDC_"))
    );
}
