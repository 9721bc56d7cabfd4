//! `verify`: looks at every layer of the connection in turn, and says what is wrong and what to do.
//! What findings mean is decided in `check`; here they are asked for, in order and within limits.

mod files;
mod http;
mod kafka;
mod network;
mod round_trip;
mod settings;
mod wait;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Context, connect, tail};
use crate::cli;
use crate::settings::{Protocol, Settings};
use crate::util::exit::Exit;
use crate::verify::check::redact;
use crate::verify::check::redact::Name;
use crate::verify::check::{Check, Report};
use crate::view::Styles;
use crate::view::checks::{Sheet, json};

/// Runs the command.
pub fn run(typed: &cli::Verify, context: &mut Context<'_>) -> Exit {
    let wait = match typed.wait.as_deref().map(wait::duration).transpose() {
        Ok(wait) => wait,
        Err(why) => return tail::usage(context, "verify", &why),
    };
    let mut run = Run::new(typed, context);
    match run.all(typed, wait) {
        Ok(()) => run.finish(),
        Err(exit) => {
            run.finish();
            exit
        }
    }
}

/// A run of all checks.
struct Run<'r, 'c> {
    context: &'r mut Context<'c>,
    report: Report,
    /// Names that `--redact` replaces.
    names: Vec<(Name, String)>,
    sheet: Sheet,
    show: Show,
    /// When the first question was sent.
    started: Instant,
}

/// Everything that is asked together, waiting and round trip not counted.
const WHOLE: Duration = Duration::from_secs(14);

/// How the report is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    /// Each check as it comes.
    Lines,
    /// Lines at the end, with names replaced.
    RedactedLines,
    /// One object at the end.
    Json {
        /// With names replaced.
        redacted: bool,
    },
}

impl<'r, 'c> Run<'r, 'c> {
    fn new(typed: &cli::Verify, context: &'r mut Context<'c>) -> Run<'r, 'c> {
        let env = context.env;
        let coloured = env.colours(context.global.color, env.stdout_terminal);
        let sheet = Sheet {
            styles: Styles::new(coloured),
            unicode: !env.stdout_terminal || speaks_utf8(context),
            quiet: context.global.quiet,
            width: env.width.filter(|_| env.stdout_terminal),
        };
        let show = match (typed.json, typed.redact) {
            (true, redacted) => Show::Json { redacted },
            (false, true) => Show::RedactedLines,
            (false, false) => Show::Lines,
        };
        Run {
            context,
            report: Report::default(),
            names: settings::folders(env),
            sheet,
            show,
            started: Instant::now(),
        }
    }

    /// How much of the time for all questions is left.
    fn left(&self) -> Duration {
        WHOLE.saturating_sub(self.started.elapsed())
    }

    /// All checks, one layer after the other.
    fn all(&mut self, typed: &cli::Verify, wait: Option<Duration>) -> Result<(), Exit> {
        let resolved = connect::resolve(&typed.connection, Some(&typed.api), self.context);
        let mut settings = match resolved {
            Ok(settings) => settings,
            Err(wrong) => {
                self.add(Check::fail_unnumbered("settings", wrong.what).fix(wrong.fix));
                self.skip_after_settings();
                return Ok(());
            }
        };
        let protocol = self.settings(&settings);
        connect::ask_for_passwords(&mut settings, self.context)?;
        // A person may have typed passwords until now.
        self.started = Instant::now();
        let api = http::Asked::start(&settings);
        let material = self.files(&settings, protocol);
        let found = self.network(&settings, protocol, &material)?;
        let asked = self.kafka(&settings, &material, found)?;
        let client = self.http(api, asked.as_ref())?;
        if let Some(limit) = wait {
            self.wait(limit, asked.as_ref());
        }
        if let Some(collection) = &typed.round_trip {
            self.round_trip(collection, client, asked.as_ref())?;
        }
        self.interrupted()
    }

    fn settings(&mut self, settings: &Settings) -> Protocol {
        self.names.extend(settings::names(settings));
        self.add_all(settings::checks(settings));
        let protocol = settings.protocol().unwrap_or(Protocol::Ssl);
        self.add_all(settings::missing(settings, protocol));
        protocol
    }

    fn skip_after_settings(&mut self) {
        for name in [
            "cluster-certificate",
            "user-certificate",
            "dns",
            "topic",
            "http-api",
        ] {
            self.add(Check::skip(name, "the settings could not be read"));
        }
    }

    fn add_all(&mut self, checks: impl IntoIterator<Item = Check>) {
        checks.into_iter().for_each(|check| self.add(check));
    }

    /// Takes a check, and shows it where lines are shown as they come.
    fn add(&mut self, check: Check) {
        if self.show == Show::Lines {
            let mut line = String::new();
            self.sheet.check(&check, &mut line);
            self.print(line.as_bytes());
        }
        self.report.checks.push(check);
    }

    fn print(&mut self, text: &[u8]) {
        // Where nobody reads any more, the status still tells.
        self.context.out.print_text(text);
    }

    fn interrupted(&self) -> Result<(), Exit> {
        if self.context.interrupt.load(Ordering::Relaxed) {
            return Err(Exit::Interrupted);
        }
        Ok(())
    }

    /// Shows what has not been shown yet.
    fn finish(&mut self) -> Exit {
        let redacted = || redact::report(&self.report, &self.names);
        let text = match self.show {
            Show::Lines => {
                let mut text = String::new();
                self.sheet.summary(&self.report, &mut text);
                text.into_bytes()
            }
            Show::RedactedLines => lines(&self.sheet, &redacted()),
            Show::Json { redacted: true } => json(&redacted()),
            Show::Json { redacted: false } => json(&self.report),
        };
        self.print(&text);
        self.report.exit()
    }
}

fn lines(sheet: &Sheet, report: &Report) -> Vec<u8> {
    let mut text = String::new();
    for check in &report.checks {
        sheet.check(check, &mut text);
    }
    sheet.summary(report, &mut text);
    text.into_bytes()
}

/// What the locale says of the terminal.
fn speaks_utf8(context: &Context<'_>) -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = names.iter().filter_map(|name| (context.var)(name));
    let first = set.into_iter().find(|value| !value.is_empty());
    let locale = first.unwrap_or_default().to_string_lossy().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
