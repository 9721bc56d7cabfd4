//! `ditto-cdc demo`: an embedded broker with a story in it, a guided walk through it, or the broker alone.
//! What the story and the walk say is in `demo`, broker and files are in `demo_stage`; the walk's commands are the program's own.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::Style;

use super::demo_stage::Stage;
pub use super::demo_stage::{FORBIDDEN_TOPIC, Setting, TOPIC};
use crate::demo::shell::{command_line, quoted};
use crate::demo::walk::{CLOSING, OPENING, STEPS, Step};
use crate::exit::Exit;

/// What to do once the broker runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Walk through it and end.
    Walk,
    /// Keep it running and tell people how to use it.
    Serve,
    /// Keep it running and print nothing but settings, for `eval`. A shell's `$(…)` waits for the
    /// end, so they go through a file: `ditto-cdc demo --serve --print env >demo.env &`.
    ServeForEval,
}

/// Runs the program's own command line (the words after its name) with these settings only,
/// results going to the writer.
pub type Program<'a> = dyn FnMut(&[&str], &[Setting], &mut dyn Write) -> anyhow::Result<Exit> + 'a;

/// What the demo needs of the rest of the program.
pub struct Tools<'a> {
    /// How the walk's commands are run.
    pub program: &'a mut Program<'a>,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub notes: &'a mut dyn Write,
    /// Set once the user presses Ctrl-C.
    pub interrupt: &'a AtomicBool,
    /// How headings look; empty where there is no colour.
    pub heading: Style,
}

/// Starts the broker, does as `mode` says, and removes everything again.
///
/// # Errors
/// Where the broker cannot start, a file or the output cannot be written, or a command of the walk fails.
pub fn run(mode: Mode, tools: &mut Tools<'_>) -> anyhow::Result<Exit> {
    let mut stage = Stage::build()?;
    let end = match mode {
        Mode::Walk => walk(&stage, tools)?,
        Mode::Serve => {
            invite(&stage, tools)?;
            stage.trickle(tools.interrupt)?
        }
        Mode::ServeForEval => {
            write_settings(&stage.settings, tools.out)?;
            let note = "ditto-cdc demo: a new change every second until Ctrl-C";
            writeln!(tools.notes, "{note}")?;
            stage.trickle(tools.interrupt)?
        }
    };
    stage.clear()?;
    Ok(end)
}

fn walk(stage: &Stage, tools: &mut Tools<'_>) -> anyhow::Result<Exit> {
    let folder = stage.folder.path().display();
    writeln!(
        tools.out,
        "{OPENING}\n\n  broker  {}",
        stage.broker.endpoint()
    )?;
    writeln!(tools.out, "  topic   {TOPIC}\n  files   {folder}")?;
    for (number, step) in (1..).zip(&STEPS) {
        say_heading(tools, number, step.heading)?;
        let end = take_step(step, &stage.settings, tools)?;
        if end != Exit::Fine {
            return Ok(end);
        }
    }
    say_heading(tools, STEPS.len() + 1, "Your own stream")?;
    writeln!(tools.out, "{CLOSING}")?;
    tools.out.flush()?;
    Ok(Exit::Fine)
}

/// [`Exit::Fine`] where the command ended as the walk says it does.
fn take_step(step: &Step, settings: &[Setting], tools: &mut Tools<'_>) -> anyhow::Result<Exit> {
    let line = command_line(step.arguments);
    writeln!(tools.out, "{}\n\n$ {line}", step.explanation)?;
    tools.out.flush()?;
    if tools.interrupt.load(Ordering::SeqCst) {
        return Ok(Exit::Interrupted);
    }
    let end = (tools.program)(step.arguments, settings, tools.out)?;
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
        writeln!(tools.out, "(status {})", end.code())?;
    }
    Ok(Exit::Fine)
}

fn say_heading(tools: &mut Tools<'_>, number: usize, text: &str) -> anyhow::Result<()> {
    let style = tools.heading;
    writeln!(tools.out, "\n{style}{number}. {text}{style:#}")?;
    Ok(())
}

fn invite(stage: &Stage, tools: &mut Tools<'_>) -> anyhow::Result<()> {
    writeln!(
        tools.out,
        "{OPENING}\n\nPaste this into a second terminal:\n"
    )?;
    write_settings(&stage.settings, tools.out)?;
    let rest = "ditto-cdc tail\n\nA new change comes every second. Ctrl-C ends it all and removes the files.";
    writeln!(tools.out, "{rest}")?;
    tools.out.flush()?;
    Ok(())
}

fn write_settings(settings: &[Setting], out: &mut dyn Write) -> anyhow::Result<()> {
    let comment = "# Passwords of a throw-away demo: they protect nothing, so they may be seen.";
    writeln!(out, "{comment}")?;
    for (name, value) in settings {
        writeln!(out, "export {name}={}", quoted(value))?;
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// What was seen of one run: its result, standard output, and each command with the user certificate's path.
    struct Seen {
        end: anyhow::Result<Exit>,
        out: String,
        commands: Vec<(String, PathBuf)>,
    }

    fn see(mode: Mode, interrupted: bool, ends: impl Fn(&[&str]) -> Exit) -> Seen {
        let (mut out, mut notes, mut commands) = (Vec::new(), Vec::new(), Vec::new());
        let interrupt = AtomicBool::new(interrupted);
        let mut program = |words: &[&str], settings: &[Setting], out: &mut dyn Write| {
            let value = |name| settings.iter().find(|s| s.0 == name).unwrap().1.clone();
            let file = PathBuf::from(value("DITTO_CDC_USER_CERT"));
            assert!(file.exists());
            commands.push((words.join(" "), file));
            writeln!(out, "ran")?;
            Ok(ends(words))
        };
        let mut tools = Tools {
            program: &mut program,
            out: &mut out,
            notes: &mut notes,
            interrupt: &interrupt,
            heading: Style::new(),
        };
        let end = run(mode, &mut tools);
        Seen {
            end,
            out: String::from_utf8(out).unwrap(),
            commands,
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
            assert!(seen.out.contains(&format!("\n$ ditto-cdc {words}\nran\n")));
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
