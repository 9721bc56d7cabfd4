//! `demo`: a guided tour of the program on an embedded broker and Big Peer, or both as running servers.

mod detach;
pub(crate) mod environment;

use std::ffi::OsString;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;

use self::environment::{DemoEnvironment, ServePlan, Setting, TOPIC};
use super::Context;
use crate::cli::{self, Cli, Print};
use crate::demo::replica::Difference;
use crate::demo::tour::{
    CLOSING, EVENTS_NOTE, INVITATION, MIRROR, OPENING, OTHERS, QUERY, STEPS, STOP_NOTE, THROW_AWAY,
    Then, TourCommand, TourStep,
};
use crate::output::{Hint, WriteEnd, stdout_is_pipe};
use crate::util::exit::Exit;
use crate::util::shell::{command_line, quoted};
use crate::util::time;
use crate::view::{Ink, Styles};

/// The servers write one event per second.
const MIN_GAP_INTERVAL: Duration = Duration::from_secs(1);

/// What to do after the servers have started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Run the guided tour and exit.
    Tour,
    /// Keep the servers running and print how to use them.
    Serve(ServePlan),
    /// Keep the servers running and print only the settings.
    ServeForEval(ServePlan),
}

/// The parts of the program that the demo uses.
trait Host {
    /// Prints to standard output, at once.
    fn print(&mut self, text: &str) -> io::Result<()>;
    /// Prints a message on standard error.
    fn note(&mut self, text: &str);
    /// Runs the program's own command line (the words after its name) in the environment's folder, with its settings only.
    fn command(
        &mut self,
        words: &[&str],
        environment: &DemoEnvironment,
    ) -> anyhow::Result<(Exit, Vec<Hint>)>;
    /// Set once the user presses Ctrl-C.
    fn interrupt(&self) -> &AtomicBool;
    /// The style of headings; empty without colour.
    fn heading(&self) -> Ink;
}

/// Runs a command of this program.
type Dispatch = fn(&cli::Command, &mut Context<'_>) -> Exit;

/// Runs `demo`.
pub fn run(typed: &cli::Demo, dispatch: Dispatch, context: &mut Context<'_>) -> Exit {
    let gap_interval = match typed.gap_every.as_deref().map(gap_interval).transpose() {
        Ok(interval) => interval,
        Err(why) => return context.usage_error("demo", &why),
    };
    let plan = ServePlan {
        gap_interval,
        idle_limit: detach::idle_limit(context.var),
    };
    let is_background = plan.idle_limit.is_some();
    let mode = match (typed.serve, typed.print) {
        (false, _) => Mode::Tour,
        (true, None) => Mode::Serve(plan),
        (true, Some(Print::Env)) => Mode::ServeForEval(plan),
    };
    let host = &mut Program { dispatch, context };
    let result = match mode {
        // A shell's `$(…)` ends with the last process that has the pipe open.
        Mode::ServeForEval(_) if !is_background && stdout_is_pipe() => {
            serve_in_background(typed, host)
        }
        mode => run_mode(mode, host),
    };
    result.unwrap_or_else(|error| {
        if is_closed_pipe(&error) {
            return Exit::Success;
        }
        context.out.warn(&format!("demo: {error:#}"));
        Exit::Failed
    })
}

/// Parses `--gap-every`.
fn gap_interval(text: &str) -> Result<Duration, String> {
    let interval = time::parse_duration("--gap-every", text, "30s or 1m")?;
    if interval < MIN_GAP_INTERVAL {
        return Err(format!(
            "--gap-every: '{text}' is shorter than 1s; write 30s or 1m"
        ));
    }
    Ok(interval)
}

/// Starts the servers in a process of their own and prints their settings.
fn serve_in_background(typed: &cli::Demo, host: &mut dyn Host) -> anyhow::Result<Exit> {
    let interval = typed
        .gap_every
        .iter()
        .flat_map(|text| ["--gap-every".to_owned(), text.clone()]);
    let background = detach::start(&interval.collect::<Vec<_>>())?;
    // Before the settings, because the servers also run if their reader has gone.
    host.note(&format!(
        "the servers run in the background: kill {} stops them and removes the files; they also end after an hour without a client",
        background.id
    ));
    host.print(&background.settings)?;
    Ok(Exit::Success)
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// The host of the real program.
struct Program<'p, 'c> {
    dispatch: Dispatch,
    context: &'p mut Context<'c>,
}

impl Host for Program<'_, '_> {
    fn print(&mut self, text: &str) -> io::Result<()> {
        self.context.out.buffer().extend_from_slice(text.as_bytes());
        self.context.out.flush().map_err(|ended| match ended {
            WriteEnd::Closed => io::ErrorKind::BrokenPipe.into(),
            WriteEnd::Failed(error) => error,
        })
    }

    fn note(&mut self, text: &str) {
        self.context.out.note(text);
    }

    fn command(
        &mut self,
        words: &[&str],
        environment: &DemoEnvironment,
    ) -> anyhow::Result<(Exit, Vec<Hint>)> {
        let typed = Cli::try_parse_from(std::iter::once(&"ditto-cdc").chain(words))?;
        // A pager would stop the tour.
        let var = |name: &str| match name {
            "PAGER" => Some(OsString::from("cat")),
            _ => environment.setting(name).map(OsString::from),
        };
        // The user's own `.env` must not affect the demo.
        let env = self.context.env.within(environment.folder.path());
        self.context.out.collect_hints();
        let mut context = Context {
            global: self.context.global,
            env: &env,
            var: &var,
            interrupt: self.context.interrupt,
            out: self.context.out,
        };
        let end = (self.dispatch)(&typed.command, &mut context);
        Ok((end, self.context.out.take_hints()))
    }

    fn interrupt(&self) -> &AtomicBool {
        self.context.interrupt
    }

    fn heading(&self) -> Ink {
        let env = self.context.env;
        let coloured = env.colours(self.context.global.color, env.stdout_terminal);
        Styles::new(coloured).collection
    }
}

/// Starts the servers, runs the mode, then stops them and removes all files.
fn run_mode(mode: Mode, host: &mut dyn Host) -> anyhow::Result<Exit> {
    let environment = DemoEnvironment::build()?;
    let end = match mode {
        Mode::Tour => run_tour(&environment, host)?,
        Mode::Serve(plan) => {
            let settings = settings_text(&environment.settings);
            let note = events_note(&plan);
            host.print(&format!(
                "{OPENING}\n\n{INVITATION}\n\n{settings}ditto-cdc tail\n\n{OTHERS}\n\n{note}\n"
            ))?;
            environment.produce_events(&plan, host.interrupt())?
        }
        Mode::ServeForEval(plan) => {
            let settings = settings_text(&environment.settings);
            if plan.idle_limit.is_some() {
                host.print(&(settings + &detach::id_line()))?;
            } else {
                host.print(&settings)?;
                host.note(&events_note(&plan));
            }
            environment.produce_events(&plan, host.interrupt())?
        }
    };
    environment.shut_down()?;
    Ok(end)
}

/// What the servers write, and how to stop them.
fn events_note(plan: &ServePlan) -> String {
    let gaps = plan.gap_interval.map_or(String::new(), |interval| {
        format!(" Every {interval:?}, some changes are left out, and a requeryRequired is written.")
    });
    format!("{EVENTS_NOTE}{gaps} {STOP_NOTE}")
}

fn run_tour(environment: &DemoEnvironment, host: &mut dyn Host) -> anyhow::Result<Exit> {
    let folder = environment.folder.path().display();
    let (broker, url) = (environment.broker.endpoint(), environment.server.url());
    host.print(&format!(
        "{OPENING}\n\n  Big Peer  {url}\n  broker    {broker}\n  topic     {TOPIC}\n  files     {folder}\n"
    ))?;
    let mut suggestion = SuggestedCommand::default();
    for (number, step) in (1..).zip(&STEPS) {
        host.print(&heading(host.heading(), number, step.heading))?;
        let end = run_step(step, environment, &mut suggestion, host)?;
        if end != Exit::Success {
            return Ok(end);
        }
    }
    let last = heading(host.heading(), STEPS.len() + 1, "Your own stream");
    host.print(&format!("{last}{CLOSING}\n"))?;
    Ok(Exit::Success)
}

fn heading(style: Ink, number: usize, text: &str) -> String {
    format!("\n{style}{number}. {text}{style:#}\n")
}

/// The command that the program itself suggested after the gap.
#[derive(Debug, Default)]
struct SuggestedCommand {
    /// The arguments after the program's name.
    words: Vec<String>,
}

impl SuggestedCommand {
    /// Finds the suggested command in the hints of a command.
    fn note(&mut self, hints: &[Hint]) {
        let found = hints.iter().find(|(label, _)| label == "try");
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

    fn words<'a>(&'a self, line: &TourCommand) -> Vec<&'a str> {
        match line {
            TourCommand::Words(words) => words.to_vec(),
            TourCommand::Suggested => self.words.iter().map(String::as_str).collect(),
            TourCommand::Resume(more) => {
                let from = ["tail", "--from", self.folder()];
                from.into_iter().chain(more.iter().copied()).collect()
            }
        }
    }
}

/// [`Exit::Success`] if the command ended as the tour expects.
fn run_step(
    step: &TourStep,
    environment: &DemoEnvironment,
    suggestion: &mut SuggestedCommand,
    host: &mut dyn Host,
) -> anyhow::Result<Exit> {
    let words = suggestion.words(&step.line);
    let line = command_line(&words);
    host.print(&format!("{}\n\n$ {line}\n", step.explanation))?;
    if host.interrupt().load(Ordering::SeqCst) {
        return Ok(Exit::Interrupted);
    }
    let (end, hints) = host.command(&words, environment)?;
    if end == Exit::Interrupted {
        return Ok(end);
    }
    if end != step.end {
        let (found, expected) = (end.code(), step.end.code());
        anyhow::bail!(
            "running `{line}` on the demo's own servers ended with status {found} instead of {expected}"
        );
    }
    for then in step.then {
        match then {
            Then::Loss => {
                let lost = environment.lost_in_gap()?;
                host.print(&format!("(status {})\n\n{}\n", end.code(), describe(lost)))?;
                suggestion.note(&hints);
            }
            Then::Afternoon => environment.continue_events()?,
            Then::Query => host.print(&answer(environment)?)?,
            Then::Evening => environment.continue_events_with_gap()?,
        }
    }
    Ok(Exit::Success)
}

/// The query of the mirror, and its answer.
fn answer(environment: &DemoEnvironment) -> anyhow::Result<String> {
    let rows = environment.query_mirror(MIRROR, QUERY)?;
    Ok(format!(
        "\n$ sqlite3 {MIRROR} \"{QUERY}\"\n{}\n",
        rows.join("\n")
    ))
}

/// What a replica without requery would miss.
fn describe(lost: Difference) -> String {
    format!(
        "A copy built from this stream alone would now be wrong: {} documents missing,\n{} outdated, and {} that the Big Peer has already removed.",
        lost.missing, lost.stale, lost.extra
    )
}

fn settings_text(settings: &[Setting]) -> String {
    let lines = settings
        .iter()
        .map(|(name, value)| format!("export {name}={}\n", quoted(value)));
    format!("{THROW_AWAY}\n{}", lines.collect::<String>())
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
