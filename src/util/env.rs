//! The process environment: terminals, colour preferences, width, time. Detected once, at the start.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use jiff::ZonedDateTime;

/// The surroundings of one run.
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
    /// The base of relative paths, if not the process's working folder: the demo runs commands in a folder of its
    /// own.
    pub base: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
}

/// The environment's colour preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourPreference {
    /// Nothing: colour on a terminal.
    Unsaid,
    /// Never, unless a flag overrides it.
    Never,
    /// Always, also into a pipe.
    Always,
}

/// When to colour: the values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColourWhen {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Env {
    /// Looks at the real world.
    #[must_use]
    pub fn detect() -> Env {
        let stdout_terminal = std::io::stdout().is_terminal();
        let stderr_terminal = std::io::stderr().is_terminal();
        Env {
            stdin_terminal: std::io::stdin().is_terminal(),
            stdout_terminal,
            stderr_terminal,
            width: width(stdout_terminal || stderr_terminal),
            colour: colour_wish(&variable),
            now: ZonedDateTime::now(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            base: None,
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
        }
    }

    /// The same surroundings in another folder.
    #[must_use]
    pub fn within(&self, folder: &Path) -> Env {
        Env {
            cwd: folder.to_owned(),
            base: Some(folder.to_owned()),
            ..self.clone()
        }
    }

    /// A typed path as the process can open it; it stays as it was typed wherever that does.
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
            (ColourWhen::Auto, ColourPreference::Unsaid) => terminal,
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
    let asked = columns.and_then(|columns| columns.parse().ok());
    let seen = || terminal.then(|| usize::from(console::Term::stdout().size().1));
    asked.or_else(seen).filter(|width| *width > 0)
}

fn colour_wish(var: &dyn Fn(&str) -> Option<OsString>) -> ColourPreference {
    let set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
    let truthy = |name: &str| var(name).is_some_and(|value| !value.is_empty() && value != "0");
    if set("NO_COLOR") {
        ColourPreference::Never
    } else if truthy("CLICOLOR_FORCE") {
        ColourPreference::Always
    } else if set("CI") || var("TERM").is_some_and(|term| term == "dumb") {
        ColourPreference::Never
    } else {
        ColourPreference::Unsaid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_on_colour() {
        for (name, value, expected) in [
            ("X", "", ColourPreference::Unsaid),
            ("NO_COLOR", "1", ColourPreference::Never),
            ("NO_COLOR", "", ColourPreference::Unsaid),
            ("CLICOLOR_FORCE", "1", ColourPreference::Always),
            ("CLICOLOR_FORCE", "0", ColourPreference::Unsaid),
            ("CI", "true", ColourPreference::Never),
            ("TERM", "dumb", ColourPreference::Never),
            ("TERM", "xterm", ColourPreference::Unsaid),
        ] {
            let var = |asked: &str| (asked == name).then(|| OsString::from(value));
            assert_eq!(colour_wish(&var), expected, "{name}={value}");
        }
    }
}
