//! `ditto-cdc demo`: an embedded broker with a story in it, a guided walk through it, or the broker alone.
//! What the story and the walk say is in `demo`, broker and files are in `demo_stage`; the walk's commands are the program's own.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::Style;
use clap::Parser;

use super::Context;
use super::demo_stage::{Setting, Stage, TOPIC};
use crate::cli::{self, Cli, Print};
use crate::demo::walk::{CLOSING, INVITATION, OPENING, STEPS, Step, THROW_AWAY, TRICKLE};
use crate::env::Env;
use crate::exit::Exit;
use crate::out::Ended;
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
    /// Runs the program's own command line (the words after its name) in a folder, with these settings only.
    fn command(&mut self, words: &[&str], settings: &[Setting], cwd: &Path)
    -> anyhow::Result<Exit>;
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
        settings: &[Setting],
        cwd: &Path,
    ) -> anyhow::Result<Exit> {
        let typed = Cli::try_parse_from(std::iter::once(&"ditto-cdc").chain(words))?;
        let var = |name: &str| {
            let setting = settings.iter().find(|(known, _)| *known == name);
            setting.map(|(_, value)| OsString::from(value))
        };
        // The user's own `.env` has no say in the demo.
        let env = Env {
            cwd: cwd.to_owned(),
            ..self.context.env.clone()
        };
        let mut context = Context {
            global: self.context.global,
            env: &env,
            var: &var,
            interrupt: self.context.interrupt,
            out: self.context.out,
        };
        Ok(super::dispatch(&typed.command, &mut context))
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
    let mut stage = Stage::build()?;
    let end = match mode {
        Mode::Walk => walk(&stage, host)?,
        Mode::Serve => {
            let settings = settings_text(&stage.settings);
            host.print(&format!(
                "{OPENING}\n\n{INVITATION}\n\n{settings}ditto-cdc tail\n\n{TRICKLE}\n"
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
    let broker = stage.broker.endpoint();
    host.print(&format!(
        "{OPENING}\n\n  broker  {broker}\n  topic   {TOPIC}\n  files   {folder}\n"
    ))?;
    for (number, step) in (1..).zip(&STEPS) {
        host.print(&heading(host.heading(), number, step.heading))?;
        let end = take_step(step, stage, host)?;
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

/// [`Exit::Fine`] where the command ended as the walk says it does.
fn take_step(step: &Step, stage: &Stage, host: &mut dyn Host) -> anyhow::Result<Exit> {
    let line = command_line(step.arguments);
    host.print(&format!("{}\n\n$ {line}\n", step.explanation))?;
    if host.interrupt().load(Ordering::SeqCst) {
        return Ok(Exit::Interrupted);
    }
    let end = host.command(step.arguments, &stage.settings, stage.folder.path())?;
    if end == Exit::Interrupted {
        return Ok(end);
    }
    if end != step.end {
        let (found, expected) = (end.code(), step.end.code());
        anyhow::bail!(
            "running `{line}` on the demo's own broker ended with status {found} in place of {expected}"
        );
    }
    if end != Exit::Fine {
        host.print(&format!("(status {})\n", end.code()))?;
    }
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
    use std::path::PathBuf;

    use super::*;

    /// A host that runs nothing and remembers everything: what was printed, and each command with the user
    /// certificate's path.
    struct Fake<'e> {
        ends: &'e dyn Fn(&[&str]) -> Exit,
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
            settings: &[Setting],
            cwd: &Path,
        ) -> anyhow::Result<Exit> {
            assert!(cwd.exists());
            let value = |name| settings.iter().find(|s| s.0 == name).unwrap().1.clone();
            let file = PathBuf::from(value("DITTO_CDC_USER_CERT"));
            assert!(file.exists());
            self.commands.push((command_line(words), file));
            self.out.push_str("ran\n");
            Ok((self.ends)(words))
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

    fn see(mode: Mode, interrupted: bool, ends: impl Fn(&[&str]) -> Exit) -> Seen {
        let mut host = Fake {
            ends: &ends,
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
        let step = STEPS.iter().find(|step| step.arguments == words);
        step.unwrap().end
    }

    #[test]
    fn the_walk_shows_and_runs_every_step_and_leaves_no_file() {
        let seen = see(Mode::Walk, false, as_told);
        assert_eq!(seen.end.unwrap(), Exit::Fine);
        assert_eq!(seen.commands.len(), STEPS.len());
        for (words, file) in &seen.commands {
            assert!(seen.out.contains(&format!("\n$ {words}\nran\n")));
            assert!(!file.parent().unwrap().exists());
        }
        assert!(seen.out.contains("(status 4)"));
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
        assert_eq!(lines.len(), 6);
        assert!(
            lines
                .iter()
                .all(|line| line.starts_with("export DITTO_CDC_"))
        );
    }
}
