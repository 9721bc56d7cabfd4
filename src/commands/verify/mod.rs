//! `verify`: checks the connection layer by layer, from the settings to the HTTP API.

mod files;
mod http;
mod kafka;
mod network;
mod round_trip;
mod run;
mod samples;
mod settings;
mod wait;

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Context, connect};
use crate::cli;
use crate::settings::{Protocol, Settings};
use crate::state;
use crate::util::exit::Exit;
use crate::verify::check::Check;
use crate::verify::check::redact::NameKind;
use run::VerifyRun;

/// Runs the command.
pub fn run(typed: &cli::Verify, context: &mut Context<'_>) -> Exit {
    let wait = match typed.wait.as_deref().map(wait::parse_duration).transpose() {
        Ok(wait) => wait,
        Err(why) => return context.usage_error("verify", &why),
    };
    let mut state = VerifyRun::new(typed, context);
    match state.run_checks(typed, wait) {
        Ok(()) => state.finish(),
        Err(exit) => {
            state.finish();
            exit
        }
    }
}

impl VerifyRun<'_, '_> {
    /// Runs all checks, one layer after the other.
    fn run_checks(&mut self, typed: &cli::Verify, wait: Option<Duration>) -> Result<(), Exit> {
        let resolved = connect::resolve(&typed.connection, Some(&typed.api), self.context);
        let mut settings = match resolved {
            Ok(settings) => settings,
            Err(wrong) => {
                self.add(Check::fail_unnumbered("settings", wrong.what).fix(wrong.fix));
                self.skip_after_settings();
                return Ok(());
            }
        };
        self.context.out.hide(&settings.known_secrets);
        let protocol = self.settings(&settings);
        connect::prompt_for_passwords(&mut settings, self.context)?;
        // Time spent typing passwords does not count.
        self.started = Instant::now();
        let api = http::PendingRequest::start(&settings);
        self.read_state(typed.state.as_deref());
        let files = self.files(&settings, protocol);
        let reachability = self.network(&settings, protocol, &files)?;
        let inspection = self.kafka(&settings, &files, reachability)?;
        let client = self.http(api, inspection.as_ref())?;
        if let Some(limit) = wait {
            self.wait(limit, inspection.as_ref());
        }
        if let Some(collection) = &typed.round_trip {
            self.round_trip(collection, client, inspection.as_ref())?;
        }
        self.interrupted()
    }

    fn settings(&mut self, settings: &Settings) -> Protocol {
        self.names.extend(settings::customer_names(settings));
        self.add_all(settings::checks(settings));
        let protocol = settings.protocol().unwrap_or(Protocol::Ssl);
        self.add_all(settings::missing(settings, protocol));
        protocol
    }

    /// Reads the state file of `--state`; the positions in it are checked with the topic.
    fn read_state(&mut self, path: Option<&Path>) {
        let Some(path) = path else {
            return;
        };
        let name = path.display().to_string();
        let folder = path.parent().map(|folder| folder.display().to_string());
        let folder = folder.filter(|folder| !folder.is_empty());
        self.names
            .extend(folder.map(|folder| (NameKind::Folder, folder)));
        match state::read(path) {
            Ok(state) => self.state = Some((name, state)),
            Err(failure) => {
                let check = Check::fail_unnumbered("state", failure.what);
                self.add(check.fix(failure.fix.unwrap_or_default()));
            }
        }
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
}
