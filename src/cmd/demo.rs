//! `ditto-cdc demo`: an embedded broker with a story in it, a guided walk through it, or the broker alone.
//! What the story and the walk say is in `demo`; the commands of the walk are the program's own.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anstyle::Style;
use anyhow::Context;
use tempfile::TempDir;

use crate::demo::walk::{CLOSING, OPENING, STEPS, Step};
use crate::demo::{Message, PARTITIONS, Shop, history};
use crate::exit::Exit;
use crate::source::kafka::embedded::{Embedded, Options, Outgoing};

/// The topic that holds the story.
pub const TOPIC: &str = "ditto.demo.cafe";
/// A topic that exists and that nobody may read.
pub const FORBIDDEN_TOPIC: &str = "ditto.demo.forbidden";

/// Fixed, so that everybody sees the same story and documents can quote it.
const SEED: u64 = 1;
const TRICKLE: Duration = Duration::from_secs(1);
/// How soon Ctrl-C is noticed.
const GLANCE: Duration = Duration::from_millis(50);

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

/// A setting's environment variable and its value. Holds passwords: not for printing elsewhere.
pub type Setting = (&'static str, String);

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

/// The running broker, its story and its files.
struct Stage {
    broker: Embedded,
    shop: Shop,
    folder: TempDir,
    settings: Vec<Setting>,
}

impl Stage {
    fn build() -> anyhow::Result<Stage> {
        let broker = Embedded::start(&Options {
            topics: vec![(TOPIC.to_owned(), PARTITIONS)],
            forbidden: vec![FORBIDDEN_TOPIC.to_owned()],
            ..Options::default()
        })?;
        let folder = tempfile::Builder::new().prefix("ditto-cdc-demo-").tempdir();
        let folder = folder.context("making a temporary folder for cluster.p12 and user.p12")?;
        let settings = settings(&broker, folder.path())?;
        let mut shop = Shop::new(SEED);
        produce(&broker, &history(&mut shop, now_millis()))?;
        Ok(Stage {
            broker,
            shop,
            folder,
            settings,
        })
    }

    /// A new change every second, until the user has seen enough.
    fn trickle(&mut self, interrupt: &AtomicBool) -> anyhow::Result<Exit> {
        while wait(interrupt, TRICKLE) {
            produce(&self.broker, &self.shop.round(now_millis()))?;
        }
        Ok(Exit::Interrupted)
    }

    fn clear(self) -> anyhow::Result<()> {
        let path = self.folder.path().display().to_string();
        let removed = self.folder.close();
        removed.with_context(|| format!("removing the temporary folder {path}"))
    }
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
    let rest = "ditto-cdc tail\n\nA new change comes every second. Ctrl-C ends the broker and removes the files.";
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

fn settings(broker: &Embedded, folder: &Path) -> anyhow::Result<Vec<Setting>> {
    let files = broker.write_files(folder)?;
    let issued = broker.certificates();
    let text = |path: &Path| path.display().to_string();
    let password = |secret: &crate::secret::Secret| secret.expose().to_owned();
    Ok(vec![
        ("DITTO_CDC_BROKERS", broker.endpoint().to_owned()),
        ("DITTO_CDC_TOPIC", TOPIC.to_owned()),
        ("DITTO_CDC_CLUSTER_CERT", text(&files.cluster)),
        (
            "DITTO_CDC_CLUSTER_CERT_PASSWORD",
            password(&issued.cluster_password),
        ),
        ("DITTO_CDC_USER_CERT", text(&files.user)),
        (
            "DITTO_CDC_USER_CERT_PASSWORD",
            password(&issued.user_password),
        ),
    ])
}

fn produce(broker: &Embedded, messages: &[Message]) -> anyhow::Result<()> {
    for message in messages {
        broker.produce(&Outgoing {
            topic: TOPIC,
            partition: Some(message.partition),
            key: message.key.as_deref().map(str::as_bytes),
            payload: Some(message.payload.as_bytes()),
            headers: &[],
            time_millis: Some(message.time_millis),
        })?;
    }
    broker.flush()
}

/// `false` as soon as the user interrupts.
fn wait(interrupt: &AtomicBool, time: Duration) -> bool {
    let glances = time.as_millis() / GLANCE.as_millis();
    for _ in 0..glances {
        if interrupt.load(Ordering::SeqCst) {
            return false;
        }
        thread::sleep(GLANCE);
    }
    true
}

/// The line that a person would type for these words.
fn command_line(arguments: &[&str]) -> String {
    let words = arguments.iter().map(|word| quoted(word));
    let words: Vec<String> = std::iter::once("ditto-cdc".to_owned())
        .chain(words)
        .collect();
    words.join(" ")
}

/// For a POSIX shell; plain words stay as they are.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@,=+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn now_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    i64::try_from(millis).unwrap_or(i64::MAX)
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

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        let check = |word: &str, expected: &str| assert_eq!(quoted(word), expected);
        check("--until", "--until");
        check("/tmp/a-1/user.p12", "/tmp/a-1/user.p12");
        check("", "''");
        check("two words", "'two words'");
        check("it's", r"'it'\''s'");
        check("$HOME", "'$HOME'");
    }
}
