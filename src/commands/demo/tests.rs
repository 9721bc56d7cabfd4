//! The walk with a host that runs nothing: steps, statuses, the comparison, Ctrl-C.
//! The commands themselves are run by `tests/demo.rs`.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;
use crate::snapshot::manifest::Manifest;

/// A host that records what was printed, and each command with the user certificate's path, and runs nothing.
struct Fake<'e> {
    ends: &'e dyn Fn(&[&str]) -> Exit,
    leaves_out: usize,
    interrupt: AtomicBool,
    out: String,
    commands: Vec<(String, PathBuf)>,
}

impl Host for Fake<'_> {
    fn print(&mut self, text: &str) -> io::Result<()> {
        self.out.push_str(text);
        Ok(())
    }

    fn note(&mut self, _text: &str) {}

    fn command(
        &mut self,
        words: &[&str],
        environment: &DemoEnvironment,
        keep: bool,
    ) -> anyhow::Result<(Exit, Captured)> {
        let value = |name| {
            environment
                .settings
                .iter()
                .find(|s| s.0 == name)
                .unwrap()
                .1
                .clone()
        };
        let file = PathBuf::from(value("DITTO_CDC_USER_CERT"));
        assert!(file.exists());
        self.commands.push((command_line(words), file));
        self.out.push_str("ran\n");
        let mut captured = Captured::default();
        let advised = "ditto-cdc requery --txn-id 7 --output requery-7";
        captured.hints.push(("try".to_owned(), advised.to_owned()));
        let end = (self.ends)(words);
        if keep {
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

/// The record of one run.
struct RecordedRun {
    end: anyhow::Result<Exit>,
    out: String,
    commands: Vec<(String, PathBuf)>,
}

/// The snapshot that requery would have written, without some documents.
fn snapshot(environment: &DemoEnvironment, folder: &Path, leaves_out: usize) {
    let lines = environment.documents().split_off(leaves_out);
    fs::create_dir(folder).unwrap();
    let mut manifest = Manifest::new(String::new(), String::new());
    manifest.complete = true;
    for (number, (name, line)) in lines.into_iter().enumerate() {
        let file = format!("{number}.ndjson");
        fs::write(folder.join(&file), line).unwrap();
        let collection = json!({"name": name, "file": file, "complete": true, "documents": 1, "byType": {}, "pages": 1, "way": "", "bytes": 0, "sha256": "", "places": []});
        manifest
            .collections
            .push(serde_json::from_value(collection).unwrap());
    }
    manifest.write(folder).unwrap();
}

fn see(mode: Mode, interrupted: bool, ends: impl Fn(&[&str]) -> Exit) -> RecordedRun {
    see_without(0, mode, interrupted, ends)
}

fn see_without(
    leaves_out: usize,
    mode: Mode,
    interrupted: bool,
    ends: impl Fn(&[&str]) -> Exit,
) -> RecordedRun {
    let mut host = Fake {
        ends: &ends,
        leaves_out,
        interrupt: AtomicBool::new(interrupted),
        out: String::new(),
        commands: Vec::new(),
    };
    let end = environment(mode, &mut host);
    RecordedRun {
        end,
        out: host.out,
        commands: host.commands,
    }
}

fn as_told(words: &[&str]) -> Exit {
    let describe =
        |step: &&TourStep| matches!(step.line, TourCommand::Words(describe) if describe == words);
    STEPS
        .iter()
        .find(describe)
        .map_or(Exit::Success, |step| step.end)
}

#[test]
fn the_walk_shows_and_runs_every_step_and_leaves_no_file() {
    let seen = see(Mode::Walk, false, as_told);
    assert_eq!(seen.end.unwrap(), Exit::Success);
    assert_eq!(seen.commands.len(), STEPS.len());
    for (words, file) in &seen.commands {
        let shown = [
            format!("\n$ {words}\nran\n"),
            format!("\n$ {words} > {CHANGES}\nran\n"),
        ];
        assert!(
            shown.iter().any(|shown| seen.out.contains(shown)),
            "{words}"
        );
        assert!(!file.parent().unwrap().exists());
    }
    assert!(seen.out.contains("(status 4)"));
    assert!(seen.out.contains("are equal; none is missing"));
}

#[test]
fn a_copy_that_lacks_a_document_ends_the_walk() {
    let seen = see_without(1, Mode::Walk, false, as_told);
    let words = seen.end.unwrap_err().to_string();
    assert!(words.contains("1 documents missing, 0 outdated"), "{words}");
}

#[test]
fn the_gap_hides_an_insert_an_update_and_a_delete() {
    let lost = DemoEnvironment::build().unwrap().lost_in_gap().unwrap();
    assert!(
        lost.missing > 0 && lost.stale > 0 && lost.left_over > 0,
        "{lost:?}"
    );
}

#[test]
fn a_step_that_ends_otherwise_ends_the_walk() {
    let seen = see(Mode::Walk, false, |_| Exit::Failed);
    let words = seen.end.unwrap_err().to_string();
    assert!(
        words.contains("ended with status 1 in place of 0"),
        "{words}"
    );
    assert_eq!(seen.commands.len(), 1);
    assert!(!seen.commands[0].1.exists());
}

#[test]
fn ctrl_c_ends_the_walk_between_and_inside_the_steps() {
    let before = see(Mode::Walk, true, as_told);
    assert_eq!(
        (before.end.unwrap(), before.commands.len()),
        (Exit::Interrupted, 0)
    );
    let inside = see(Mode::Walk, false, |_| Exit::Interrupted);
    assert_eq!(
        (inside.end.unwrap(), inside.commands.len()),
        (Exit::Interrupted, 1)
    );
}

#[test]
fn for_eval_only_settings_are_printed() {
    let seen = see(Mode::ServeForEval, true, as_told);
    assert_eq!(seen.end.unwrap(), Exit::Interrupted);
    let mut lines = seen.out.lines();
    assert!(lines.next().unwrap().starts_with('#'));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 8);
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("export DITTO_CDC_"))
    );
}
