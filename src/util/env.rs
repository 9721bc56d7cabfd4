//! The process environment: terminals, colour preferences, width, time. Detected once, at the start.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use jiff::ZonedDateTime;

/// The environment of one run.
#[derive(Debug, Clone)]
pub struct Env {
    /// Standard input is a terminal.
    pub stdin_terminal: bool,
    /// Standard output is a terminal.
    pub stdout_terminal: bool,
    /// Standard error is a terminal.
    pub stderr_terminal: bool,
    /// Columns of the terminal; `None` without one.
    pub width: Option<usize>,
    /// The preference from `NO_COLOR`, `CLICOLOR_FORCE`, `CI` and `TERM`.
    pub colour: ColourPreference,
    /// When the program started, in the user's time zone.
    pub now: ZonedDateTime,
    /// The folder in which the program was started.
    pub cwd: PathBuf,
    /// The base of relative paths, if it is not the working folder of the process (the demo sets one).
    pub base: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
}

/// The environment's colour preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourPreference {
    /// No preference: colour on a terminal.
    Unset,
    /// Never, unless a flag overrides it.
    Never,
    /// Always, also into a pipe.
    Always,
}

/// When to colour: the values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColourWhen {
    /// On a terminal, unless an environment variable overrides it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Env {
    /// Detects the environment of this process.
    #[must_use]
    pub fn detect() -> Env {
        let stdout_terminal = std::io::stdout().is_terminal();
        let stderr_terminal = std::io::stderr().is_terminal();
        Env {
            stdin_terminal: std::io::stdin().is_terminal(),
            stdout_terminal,
            stderr_terminal,
            width: width(stdout_terminal || stderr_terminal),
            colour: colour_preference(&variable),
            now: ZonedDateTime::now(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            base: None,
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
        }
    }

    /// The same environment with another working folder.
    #[must_use]
    pub fn within(&self, folder: &Path) -> Env {
        Env {
            cwd: folder.to_owned(),
            base: Some(folder.to_owned()),
            ..self.clone()
        }
    }

    /// A path as typed, below [`Env::base`] if there is one.
    #[must_use]
    pub fn path(&self, typed: &Path) -> PathBuf {
        let base = self.base.as_ref();
        base.map_or_else(|| typed.to_owned(), |base| base.join(typed))
    }

    /// Whether to colour a stream that is or is not a terminal.
    #[must_use]
    pub fn colours(&self, when: ColourWhen, terminal: bool) -> bool {
        match (when, self.colour) {
            (ColourWhen::Always, _) | (ColourWhen::Auto, ColourPreference::Always) => true,
            (ColourWhen::Never, _) | (ColourWhen::Auto, ColourPreference::Never) => false,
            (ColourWhen::Auto, ColourPreference::Unset) => terminal,
        }
    }
}

/// A variable of the process environment.
#[must_use]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The width of the terminal; `COLUMNS` overrides it, as in other tools.
fn width(terminal: bool) -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok();
    let set = columns.and_then(|columns| columns.parse().ok());
    let detected = || terminal.then(|| usize::from(console::Term::stdout().size().1));
    set.or_else(detected).filter(|width| *width > 0)
}

fn colour_preference(var: &dyn Fn(&str) -> Option<OsString>) -> ColourPreference {
    let set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
    let truthy = |name: &str| var(name).is_some_and(|value| !value.is_empty() && value != "0");
    if set("NO_COLOR") {
        ColourPreference::Never
    } else if truthy("CLICOLOR_FORCE") {
        ColourPreference::Always
    } else if set("CI") || var("TERM").is_some_and(|term| term == "dumb") {
        ColourPreference::Never
    } else {
        ColourPreference::Unset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_preference_of_the_environment() {
        for (name, value, expected) in [
            ("X", "", ColourPreference::Unset),
            ("NO_COLOR", "1", ColourPreference::Never),
            ("NO_COLOR", "", ColourPreference::Unset),
            ("CLICOLOR_FORCE", "1", ColourPreference::Always),
            ("CLICOLOR_FORCE", "0", ColourPreference::Unset),
            ("CI", "true", ColourPreference::Never),
            ("TERM", "dumb", ColourPreference::Never),
            ("TERM", "xterm", ColourPreference::Unset),
        ] {
            let var = |variable: &str| (variable == name).then(|| OsString::from(value));
            assert_eq!(colour_preference(&var), expected, "{name}={value}");
        }
    }
}
