//! The guided tour with a host that runs no commands: steps, exit codes, comparison, Ctrl-C.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::*;
use crate::mirror::{Change, Identity, MirrorFile};

/// A host that runs nothing: it records the output, and each command with the path of the user certificate.
struct RecordingHost<'e> {
    ends: &'e dyn Fn(&[&str]) -> Exit,
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
    ) -> anyhow::Result<(Exit, Vec<Hint>)> {
        let file = PathBuf::from(environment.setting("DITTO_CDC_USER_CERT").unwrap());
        assert!(file.exists());
        self.commands.push((command_line(words), file));
        self.out.push_str("ran\n");
        let suggested = "ditto-cdc requery --txn-id 7 --output requery-7";
        if words.contains(&"mirror") {
            mirror(&environment.folder.path().join(MIRROR));
        }
        let hints = vec![("try".to_owned(), suggested.to_owned())];
        Ok(((self.ends)(words), hints))
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

/// Writes a mirror of one order.
fn mirror(file: &Path) {
    let identity = Identity {
        server: String::new(),
        cluster: None,
        topic: TOPIC.to_owned(),
        patterns: Vec::new(),
    };
    let mut file = MirrorFile::open(file, &identity).unwrap();
    let change = Change {
        collection: "orders",
        key: "7",
        before: None,
        document: Some(br#"{"_id":7,"status":"paid","totalCents":250}"#),
        txn: 1,
        time_ms: None,
        partition: 0,
        offset: 0,
        op: "upsert",
    };
    file.apply(&change).unwrap();
    file.commit(&[]).unwrap();
}

fn run_tour_with(mode: Mode, interrupted: bool, ends: impl Fn(&[&str]) -> Exit) -> RecordedRun {
    let mut host = RecordingHost {
        ends: &ends,
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
        assert!(
            recorded.out.contains(&format!("\n$ {words}\nran\n")),
            "{words}"
        );
        assert!(!file.parent().unwrap().exists());
    }
    assert!(recorded.out.contains("(status 4)"));
    let answer = format!("\n$ sqlite3 {MIRROR} \"{QUERY}\"\npaid|1|250\n");
    assert_eq!(recorded.out.matches(&answer).count(), 2);
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
