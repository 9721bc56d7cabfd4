//! Secret sources: passwords from a command, the system's key store or a terminal prompt.
//! They are read only when needed, and error messages never repeat the output of a command.

use std::io;
use std::process::{Command, Stdio};

use super::definitions::{Key, ValueForm, definition};
use super::files::{RawValue, text};
use super::key_store;
use super::{Origin, SettingsError};
use crate::util::secret::Secret;
use crate::util::text_file;

/// A secret that a profile refers to. `Debug` shows neither the command nor its output.
#[derive(Debug, Clone)]
pub struct SecretSource {
    pub(super) key: Key,
    provider: Provider,
    /// The line of the profile.
    pub origin: Origin,
    /// The sources that this one overrides.
    pub shadowed: Vec<Origin>,
    /// Whether only the user may write the profile.
    trusted: bool,
}

#[derive(Debug, Clone)]
enum Provider {
    /// A command line, which may contain a secret itself.
    Command(Secret),
    /// Name of an entry in the key store.
    KeyStore(String),
}

/// The secrets that a command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretScope {
    /// The passwords of both certificate files.
    Kafka,
    /// The passwords and the API key.
    All,
}

impl SecretSource {
    pub(super) fn new(
        key: Key,
        raw: RawValue,
        shadowed: Vec<Origin>,
        trusted: bool,
    ) -> Result<SecretSource, SettingsError> {
        let text = text(&raw)?;
        let provider = match raw.form {
            ValueForm::KeyStore => Provider::KeyStore(text),
            _ => Provider::Command(Secret::new(text)),
        };
        Ok(SecretSource {
            key,
            provider,
            origin: raw.origin,
            shadowed,
            trusted,
        })
    }

    /// The kind of source, for messages.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self.provider {
            Provider::Command(_) => "a command",
            Provider::KeyStore(_) => "the key store",
        }
    }

    pub(super) fn fetch(&self) -> Result<Secret, SettingsError> {
        let name = definition(self.key).map_or("secret", |definition| definition.name());
        let what = format!(
            "cannot get the {name} from {} ({})",
            self.description(),
            self.origin
        );
        match &self.provider {
            Provider::KeyStore(entry) => key_store::get(entry, &what),
            Provider::Command(_) if !self.trusted => Err(SettingsError {
                what: format!(
                    "{what}: other users may write the file, so they could change the command"
                ),
                fix: "chmod 600 the file".to_owned(),
                ..SettingsError::default()
            }),
            Provider::Command(command) => run(command, &what),
        }
    }
}

/// Runs a command line in a shell. The first line of output is the secret, as password managers print it; prompts of
/// the command reach the terminal.
fn run(command: &Secret, what: &str) -> Result<Secret, SettingsError> {
    let failed = |why: &str| {
        SettingsError {
        what: format!("{what}: {why}"),
        fix: "run the command by hand: it must print the secret on its first line and exit with status 0"
            .to_owned(), ..SettingsError::default() }
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
        .map_err(|error| failed(&format!("cannot start {shell}: {error}")))?;
    if !output.status.success() {
        return Err(failed(&format!(
            "the command failed with {}",
            output.status
        )));
    }
    let text = text_file::text(&output.stdout).map_err(|_| failed("it did not print UTF-8"))?;
    let line = text.lines().next().unwrap_or("");
    if line.is_empty() {
        return Err(failed("it printed nothing"));
    }
    Ok(Secret::new(line.to_owned()))
}

/// Prompts for a password without echo. Reads the terminal itself, so that standard input may be a pipe.
///
/// # Errors
/// I/O errors of the terminal: there is none, or the user pressed Ctrl-C or Ctrl-D.
pub fn prompt_password(label: &str) -> io::Result<Secret> {
    rpassword::prompt_password(format!("{label}: ")).map(Secret::new)
}
