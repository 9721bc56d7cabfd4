//! State of one `verify` command: the report so far, how to print it, and the time left.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::cli;
use crate::commands::Context;
use crate::state::State;
use crate::util::exit::Exit;
use crate::util::known_secrets::hide_assigned;
use crate::verify::check::redact;
use crate::verify::check::redact::NameKind;
use crate::verify::check::{Check, Report};
use crate::view::Styles;
use crate::view::checks::{CheckRenderer, json};

/// State of one `verify` command.
pub(super) struct VerifyRun<'r, 'c> {
    pub context: &'r mut Context<'c>,
    pub report: Report,
    /// Names that `--redact` replaces.
    pub names: Vec<(NameKind, String)>,
    /// The state file of `--state` as typed, with its content.
    pub state: Option<(String, State)>,
    renderer: CheckRenderer,
    mode: OutputMode,
    /// The type of the consumer group as its coordinator names it, if the group exists.
    pub group_type: Option<String>,
    /// When the first request was sent.
    pub started: Instant,
}

/// Limit for all requests together, without `--wait` and `--round-trip`.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(14);

/// How the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputMode {
    /// Prints each check when it is done.
    Lines,
    /// Prints all checks at the end, with names replaced.
    RedactedLines,
    /// Prints one JSON object at the end.
    Json {
        /// Whether names are replaced.
        redacted: bool,
    },
}

impl<'r, 'c> VerifyRun<'r, 'c> {
    pub fn new(typed: &cli::Verify, context: &'r mut Context<'c>) -> VerifyRun<'r, 'c> {
        let env = context.env;
        let coloured = env.colours(context.global.color, env.stdout_terminal);
        let renderer = CheckRenderer {
            styles: Styles::new(coloured),
            unicode: !env.stdout_terminal || is_utf8_locale(context),
            quiet: context.global.quiet,
            width: env.width.filter(|_| env.stdout_terminal),
        };
        let mode = match (typed.json, typed.redact) {
            (true, redacted) => OutputMode::Json { redacted },
            (false, true) => OutputMode::RedactedLines,
            (false, false) => OutputMode::Lines,
        };
        VerifyRun {
            group_type: None,
            context,
            report: Report::default(),
            names: super::settings::customer_folders(env),
            state: None,
            renderer,
            mode,
            started: Instant::now(),
        }
    }

    /// Time left for all requests together.
    pub fn remaining_time(&self) -> Duration {
        TOTAL_TIMEOUT.saturating_sub(self.started.elapsed())
    }

    pub fn add_all(&mut self, checks: impl IntoIterator<Item = Check>) {
        checks.into_iter().for_each(|check| self.add(check));
    }

    /// Adds a check to the report, and prints it at once in [`OutputMode::Lines`].
    pub fn add(&mut self, check: Check) {
        let secrets = self.context.out.known_secrets();
        let mut check = check.map_texts(&|text| secrets.hide(text).into_owned());
        check.raw = check.raw.map(|raw| hide_assigned(&raw).into_owned());
        if self.mode == OutputMode::Lines {
            let mut line = String::new();
            self.renderer.check(&check, &mut line);
            self.print(line.as_bytes());
        }
        self.report.checks.push(check);
    }

    fn print(&mut self, text: &[u8]) {
        // If the reader is gone, the exit code still shows the result.
        self.context.out.print_text(text);
    }

    pub fn interrupted(&self) -> Result<(), Exit> {
        if self.context.interrupt.load(Ordering::Relaxed) {
            return Err(Exit::Interrupted);
        }
        Ok(())
    }

    /// Prints what is not printed yet, and returns the exit code.
    pub fn finish(&mut self) -> Exit {
        let redacted = || redact::report(&self.report, &self.names);
        let text = match self.mode {
            OutputMode::Lines => {
                let mut text = String::new();
                self.renderer.summary(&self.report, &mut text);
                text.into_bytes()
            }
            OutputMode::RedactedLines => lines(&self.renderer, &redacted()),
            OutputMode::Json { redacted: true } => json(&redacted()),
            OutputMode::Json { redacted: false } => json(&self.report),
        };
        self.print(&text);
        self.report.exit()
    }
}

fn lines(renderer: &CheckRenderer, report: &Report) -> Vec<u8> {
    let mut text = String::new();
    for check in &report.checks {
        renderer.check(check, &mut text);
    }
    renderer.summary(report, &mut text);
    text.into_bytes()
}

/// Whether the locale of the terminal uses UTF-8.
fn is_utf8_locale(context: &Context<'_>) -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = names.iter().filter_map(|name| (context.var)(name));
    let first = set.into_iter().find(|value| !value.is_empty());
    let locale = first.unwrap_or_default().to_string_lossy().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
