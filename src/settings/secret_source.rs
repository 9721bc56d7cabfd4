//! Secrets that a profile does not hold itself: printed by a command of the user's, or kept by the system.
//! They are asked for only where they are needed; what a command prints is never repeated.

use std::process::{Command, Stdio};

use super::definitions::{Form, Key, row};
use super::files::{Found, text};
use super::key_store;
use super::{Origin, Setting, Settings, SettingsError};
use crate::util::secret::Secret;

/// A secret that has to be asked for. `Debug` shows neither the command nor what it prints.
#[derive(Debug, Clone)]
pub struct Pending {
    pub(super) key: Key,
    how: How,
    /// Which line of the profile says so.
    pub origin: Origin,
    /// Where else a value was found.
    pub shadowed: Vec<Origin>,
    /// Whether nobody else may write the profile.
    trusted: bool,
}

#[derive(Debug, Clone)]
enum How {
    /// May hold a secret of its own.
    Command(Secret),
    /// The entry's name.
    KeyStore(String),
}

/// Which secrets are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Those of the two files.
    Kafka,
    /// These, and the API key.
    All,
}

impl Pending {
    pub(super) fn new(
        key: Key,
        found: Found,
        shadowed: Vec<Origin>,
        trusted: bool,
    ) -> Result<Pending, SettingsError> {
        let said = text(&found)?;
        let how = match found.form {
            Form::KeyStore => How::KeyStore(said),
            _ => How::Command(Secret::new(said)),
        };
        Ok(Pending {
            key,
            how,
            origin: found.origin,
            shadowed,
            trusted,
        })
    }

    /// Who will be asked, in words.
    #[must_use]
    pub fn from(&self) -> &'static str {
        match self.how {
            How::Command(_) => "a command",
            How::KeyStore(_) => "the key store",
        }
    }

    fn ask(&self) -> Result<Secret, SettingsError> {
        let name = row(self.key).map_or("secret", |row| row.name());
        let what = format!(
            "cannot get the {name} from {} ({})",
            self.from(),
            self.origin
        );
        match &self.how {
            How::KeyStore(entry) => key_store::get(entry, &what),
            How::Command(_) if !self.trusted => Err(SettingsError {
                what: format!("{what}: other users may write the file, and so choose the command"),
                fix: "chmod 600 the file".to_owned(),
            }),
            How::Command(command) => run(command, &what),
        }
    }
}

impl Settings {
    /// Asks for the secrets that are needed and not there yet.
    ///
    /// # Errors
    /// Where a command fails or the key store has no such entry.
    pub fn fetch(&mut self, need: Need) -> Result<(), SettingsError> {
        // A key that must not be sent is not asked for either.
        let with_key = need == Need::All && self.misdirected_key().is_none();
        let wanted = |pending: &Pending| with_key || pending.key != Key::ApiSecret;
        let (now, later) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(wanted);
        self.pending = later;
        let now: Vec<Pending> = now;
        for pending in now {
            let value = pending.ask()?;
            self.take_secret(pending, value);
        }
        Ok(())
    }

    fn take_secret(&mut self, pending: Pending, value: Secret) {
        let setting = |value| {
            Some(Setting {
                value,
                origin: pending.origin,
                shadowed: pending.shadowed,
            })
        };
        match pending.key {
            Key::ClusterCertPassword => self.cluster_cert_password = setting(value),
            Key::UserCertPassword => self.user_cert_password = setting(value),
            _ => self.api_key = setting(Secret::new(value.expose().trim().to_owned())),
        }
    }
}

/// Runs a command line in a shell. Its first line is the secret, as password managers have it; questions that it asks
/// reach the terminal.
fn run(command: &Secret, what: &str) -> Result<Secret, SettingsError> {
    let wrong = |why: &str| SettingsError {
        what: format!("{what}: {why}"),
        fix: "run the command by hand: its first line must be the secret, and its status 0"
            .to_owned(),
    };
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let mut child = Command::new(shell);
    child
        .args([flag, command.expose()])
        .stderr(Stdio::inherit())
        .stdin(Stdio::inherit());
    let output = child
        .output()
        .map_err(|error| wrong(&format!("{shell} does not start: {error}")))?;
    if !output.status.success() {
        return Err(wrong(&format!("the command ended with {}", output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| wrong("it did not print UTF-8"))?;
    let line = text.lines().next().unwrap_or("");
    if line.is_empty() {
        return Err(wrong("it printed nothing"));
    }
    Ok(Secret::new(line.to_owned()))
}
