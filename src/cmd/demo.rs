//! `ditto-cdc demo`: an embedded broker and Big Peer with a story in them, a guided walk through it, or the servers alone.
//! What the story and the walk say is in `demo`, broker and files are in `demo_stage`; the walk's commands are the program's own.

use std::ffi::OsString;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::Style;
use clap::Parser;

use super::Context;
use super::demo_stage::{Setting, Stage, TOPIC};
use crate::cli::{self, Cli, Print};
use crate::demo::copy::Difference;
use crate::demo::walk::{
    CHANGES, CLOSING, INVITATION, Line, OPENING, OTHERS, STEPS, Step, THROW_AWAY, TRICKLE,
};
use crate::env::Env;
use crate::exit::Exit;
use crate::out::{Ended, Heard};
use crate::shell::{command_line, quoted};
use crate::view::Styles;

/// What to do once the broker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Walk through it and end.
    Walk,
    /// Keep it running and tell people how to use it.
    Serve,
    /// Keep it running and print nothing but settings.
    ServeForEval,
}

/// What the demo needs of the rest of the program.
trait Host {
    /// Prints to standard output, at once.
    fn print(&mut self, text: &str) -> io::Result<()>;
    /// Tells a person something that is no result.
    fn note(&mut self, text: &str);
    /// Runs the program's own command line (the words after its name) in the stage's folder, with its settings only.
    /// With `keep` its output is not shown, but handed back.
    fn command(
        &mut self,
        words: &[&str],
        stage: &Stage,
        keep: bool,
    ) -> anyhow::Result<(Exit, Heard)>;
    /// Set once the user presses Ctrl-C.
    fn interrupt(&self) -> &AtomicBool;
    /// How headings look; empty where there is no colour.
    fn heading(&self) -> Style;
}

/// Runs the command.
pub fn run(typed: &cli::Demo, context: &mut Context<'_>) -> Exit {
    let mode = match (typed.serve, typed.print) {
        (false, _) => Mode::Walk,
        (true, None) => Mode::Serve,
        (true, Some(Print::Env)) => Mode::ServeForEval,
    };
    let ended = stage(mode, &mut Program { context });
    ended.unwrap_or_else(|error| {
        if is_closed_pipe(&error) {
            return Exit::Fine;
        }
        context.out.warn(&format!("demo: {error:#}"));
        Exit::Failed
    })
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// The program itself as the demo's host.
struct Program<'p, 'c> {
    context: &'p mut Context<'c>,
}

impl Host for Program<'_, '_> {
    fn print(&mut self, text: &str) -> io::Result<()> {
        self.context.out.buffer().extend_from_slice(text.as_bytes());
        self.context.out.flush().map_err(|ended| match ended {
            Ended::Closed => io::ErrorKind::BrokenPipe.into(),
            Ended::Failed(error) => error,
        })
    }

    fn note(&mut self, text: &str) {
        self.context.out.note(text);
    }

    fn command(
        &mut self,
        words: &[&str],
        stage: &Stage,
        keep: bool,
    ) -> anyhow::Result<(Exit, Heard)> {
        let typed = Cli::try_parse_from(std::iter::once(&"ditto-cdc").chain(words))?;
        let var = |name: &str| {
            let setting = stage.settings.iter().find(|(known, _)| *known == name);
            setting.map(|(_, value)| OsString::from(value))
        };
        // The user's own `.env` has no say in the demo.
        let env = Env {
            cwd: stage.folder.path().to_owned(),
            stdout_terminal: self.context.env.stdout_terminal && !keep,
            ..self.context.env.clone()
        };
        self.context.out.listen(keep);
        let mut context = Context {
            global: self.context.global,
            env: &env,
            var: &var,
            interrupt: self.context.interrupt,
            out: self.context.out,
        };
        let end = super::dispatch(&typed.command, &mut context);
        Ok((end, self.context.out.heard()))
    }

    fn interrupt(&self) -> &AtomicBool {
        self.context.interrupt
    }

    fn heading(&self) -> Style {
        let env = self.context.env;
        let coloured = env.colours(self.context.global.color, env.stdout_terminal);
        Styles::new(coloured).collection
    }
}

/// Starts the broker, does as `mode` says, and removes everything again.
fn stage(mode: Mode, host: &mut dyn Host) -> anyhow::Result<Exit> {
    let stage = Stage::build()?;
    let end = match mode {
        Mode::Walk => walk(&stage, host)?,
        Mode::Serve => {
            let settings = settings_text(&stage.settings);
            host.print(&format!(
                "{OPENING}\n\n{INVITATION}\n\n{settings}ditto-cdc tail\n\n{OTHERS}\n\n{TRICKLE}\n"
            ))?;
            stage.trickle(host.interrupt())?
        }
        Mode::ServeForEval => {
            host.print(&settings_text(&stage.settings))?;
            host.note(TRICKLE);
            stage.trickle(host.interrupt())?
        }
    };
    stage.clear()?;
    Ok(end)
}

fn walk(stage: &Stage, host: &mut dyn Host) -> anyhow::Result<Exit> {
    let folder = stage.folder.path().display();
    let (broker, url) = (stage.broker.endpoint(), stage.server.url());
    host.print(&format!(
        "{OPENING}\n\n  Big Peer  {url}\n  broker    {broker}\n  topic     {TOPIC}\n  files     {folder}\n"
    ))?;
    let mut advice = Advice::default();
    for (number, step) in (1..).zip(&STEPS) {
        host.print(&heading(host.heading(), number, step.heading))?;
        let end = take_step(step, stage, &mut advice, host)?;
        if end != Exit::Fine {
            return Ok(end);
        }
    }
    let last = heading(host.heading(), STEPS.len() + 1, "Your own stream");
    host.print(&format!("{last}{CLOSING}\n"))?;
    Ok(Exit::Fine)
}

fn heading(style: Style, number: usize, text: &str) -> String {
    format!("\n{style}{number}. {text}{style:#}\n")
}

/// What the program itself has advised after the gap.
#[derive(Debug, Default)]
struct Advice {
    /// The words behind the program's name.
    words: Vec<String>,
}

impl Advice {
    /// Takes the advised command out of what a command has said.
    fn listen(&mut self, heard: &Heard) {
        let found = heard.hints.iter().find(|(label, _)| label == "try");
        let line = found.and_then(|(_, text)| text.strip_prefix("ditto-cdc "));
        if let Some(line) = line {
            // No settings were typed in the demo, so nothing in it is quoted.
            self.words = line.split(' ').map(str::to_owned).collect();
        }
    }

    fn folder(&self) -> &str {
        let output = self.words.iter().skip_while(|word| *word != "--output");
        output
            .skip(1)
            .map(String::as_str)
            .next()
            .unwrap_or_default()
    }

    fn words<'a>(&'a self, line: &Line) -> Vec<&'a str> {
        match line {
            Line::Words(words) => words.to_vec(),
            Line::Advised => self.words.iter().map(String::as_str).collect(),
            Line::Resume(more) | Line::Prove(more) => {
                let from = ["tail", "--from", self.folder()];
                from.into_iter().chain(more.iter().copied()).collect()
            }
        }
    }
}

/// [`Exit::Fine`] where the command ended as the walk says it does.
fn take_step(
    step: &Step,
    stage: &Stage,
    advice: &mut Advice,
    host: &mut dyn Host,
) -> anyhow::Result<Exit> {
    let words = advice.words(&step.line);
    let keep = matches!(step.line, Line::Prove(_));
    let line = command_line(&words);
    let behind = if keep {
        format!(" > {CHANGES}")
    } else {
        String::new()
    };
    host.print(&format!("{}\n\n$ {line}{behind}\n", step.explanation))?;
    if host.interrupt().load(Ordering::SeqCst) {
        return Ok(Exit::Interrupted);
    }
    let (end, heard) = host.command(&words, stage, keep)?;
    if end == Exit::Interrupted {
        return Ok(end);
    }
    if end != step.end {
        let (found, expected) = (end.code(), step.end.code());
        anyhow::bail!(
            "running `{line}` on the demo's own servers ended with status {found} in place of {expected}"
        );
    }
    match step.line {
        Line::Words(_) if end == Exit::Gap => {
            let lost = stage.lost_in_gap()?;
            host.print(&format!("(status {})\n\n{}\n", end.code(), told(lost)))?;
            advice.listen(&heard);
        }
        Line::Words(_) | Line::Resume(_) => {}
        Line::Advised => stage.live_on()?,
        Line::Prove(_) => return prove(stage, advice.folder(), &heard, host),
    }
    Ok(Exit::Fine)
}

/// What a copy without requery would be.
fn told(lost: Difference) -> String {
    format!(
        "A copy that knew only this stream would now be wrong: {} documents missing,\n{} outdated, and {} that the Big Peer has long removed.",
        lost.missing, lost.stale, lost.left_over
    )
}

fn prove(stage: &Stage, folder: &str, heard: &Heard, host: &mut dyn Host) -> anyhow::Result<Exit> {
    let events = String::from_utf8_lossy(&heard.kept);
    let (documents, events, found) = stage.judge(&stage.folder.path().join(folder), &events)?;
    anyhow::ensure!(
        found.is_none(),
        "the copy differs from the Big Peer: {} documents missing, {} outdated, {} left over",
        found.missing,
        found.stale,
        found.left_over
    );
    host.print(&format!(
        "Snapshot ({documents} documents) + stream ({events} events) = Big Peer: all {} documents\nare equal; none is missing, outdated or left over.\n",
        found.equal
    ))?;
    Ok(Exit::Fine)
}

fn settings_text(settings: &[Setting]) -> String {
    let lines = settings
        .iter()
        .map(|(name, value)| format!("export {name}={}\n", quoted(value)));
    format!("{THROW_AWAY}\n{}", lines.collect::<String>())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use serde_json::json;

    use super::*;
    use crate::snapshot::manifest::Manifest;

    /// A host that runs nothing and remembers everything: what was printed, and each command with the user
    /// certificate's path.
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
            stage: &Stage,
            keep: bool,
        ) -> anyhow::Result<(Exit, Heard)> {
            let value = |name| {
                stage
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
            let mut heard = Heard::default();
            let advised = "ditto-cdc requery --txn-id 7 --output requery-7";
            heard.hints.push(("try".to_owned(), advised.to_owned()));
            let end = (self.ends)(words);
            if keep {
                snapshot(
                    stage,
                    &stage.folder.path().join("requery-7"),
                    self.leaves_out,
                );
            }
            Ok((end, heard))
        }

        fn interrupt(&self) -> &AtomicBool {
            &self.interrupt
        }

        fn heading(&self) -> Style {
            Style::new()
        }
    }

    /// What was seen of one run.
    struct Seen {
        end: anyhow::Result<Exit>,
        out: String,
        commands: Vec<(String, PathBuf)>,
    }

    /// What requery would have written, but for some documents.
    fn snapshot(stage: &Stage, folder: &Path, leaves_out: usize) {
        let lines = stage.documents().split_off(leaves_out);
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

    fn see(mode: Mode, interrupted: bool, ends: impl Fn(&[&str]) -> Exit) -> Seen {
        see_without(0, mode, interrupted, ends)
    }

    fn see_without(
        leaves_out: usize,
        mode: Mode,
        interrupted: bool,
        ends: impl Fn(&[&str]) -> Exit,
    ) -> Seen {
        let mut host = Fake {
            ends: &ends,
            leaves_out,
            interrupt: AtomicBool::new(interrupted),
            out: String::new(),
            commands: Vec::new(),
        };
        let end = stage(mode, &mut host);
        Seen {
            end,
            out: host.out,
            commands: host.commands,
        }
    }

    fn as_told(words: &[&str]) -> Exit {
        let told = |step: &&Step| matches!(step.line, Line::Words(told) if told == words);
        STEPS.iter().find(told).map_or(Exit::Fine, |step| step.end)
    }

    #[test]
    fn the_walk_shows_and_runs_every_step_and_leaves_no_file() {
        let seen = see(Mode::Walk, false, as_told);
        assert_eq!(seen.end.unwrap(), Exit::Fine);
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
        let lost = Stage::build().unwrap().lost_in_gap().unwrap();
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
}
