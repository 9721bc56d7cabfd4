//! What the world is: terminals, colour wishes, width, time. Looked at once, at the start.
//! Settings of the connection are read elsewhere; nothing here changes while the program runs.

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
    /// Columns of the terminal; `None` where there is none.
    pub width: Option<usize>,
    /// What `NO_COLOR`, `CLICOLOR_FORCE`, `CI` and `TERM` ask for.
    pub colour: ColourWish,
    /// When the program started, in the user's time zone.
    pub now: ZonedDateTime,
    /// The folder in which the program was started.
    pub cwd: PathBuf,
    /// Where typed relative paths start if not in the process's own folder: the demo runs commands in one of its own.
    pub base: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
}

/// What the environment says about colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourWish {
    /// Nothing: colour on a terminal.
    Unsaid,
    /// Never, unless a flag says otherwise.
    Never,
    /// Always, also into a pipe.
    Always,
}

/// When to colour, as `--color` says it.
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
    pub fn look() -> Env {
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
            (ColourWhen::Always, _) | (ColourWhen::Auto, ColourWish::Always) => true,
            (ColourWhen::Never, _) | (ColourWhen::Auto, ColourWish::Never) => false,
            (ColourWhen::Auto, ColourWish::Unsaid) => terminal,
        }
    }
}

/// A variable of the process environment.
#[must_use]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The width that a person sees; `COLUMNS` wins, as in other tools.
fn width(terminal: bool) -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok();
    let asked = columns.and_then(|columns| columns.parse().ok());
    let seen = || terminal.then(|| usize::from(console::Term::stdout().size().1));
    asked.or_else(seen).filter(|width| *width > 0)
}

fn colour_wish(var: &dyn Fn(&str) -> Option<OsString>) -> ColourWish {
    let set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
    let truthy = |name: &str| var(name).is_some_and(|value| !value.is_empty() && value != "0");
    if set("NO_COLOR") {
        ColourWish::Never
    } else if truthy("CLICOLOR_FORCE") {
        ColourWish::Always
    } else if set("CI") || var("TERM").is_some_and(|term| term == "dumb") {
        ColourWish::Never
    } else {
        ColourWish::Unsaid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_on_colour() {
        for (name, value, expected) in [
            ("X", "", ColourWish::Unsaid),
            ("NO_COLOR", "1", ColourWish::Never),
            ("NO_COLOR", "", ColourWish::Unsaid),
            ("CLICOLOR_FORCE", "1", ColourWish::Always),
            ("CLICOLOR_FORCE", "0", ColourWish::Unsaid),
            ("CI", "true", ColourWish::Never),
            ("TERM", "dumb", ColourWish::Never),
            ("TERM", "xterm", ColourWish::Unsaid),
        ] {
            let var = |asked: &str| (asked == name).then(|| OsString::from(value));
            assert_eq!(colour_wish(&var), expected, "{name}={value}");
        }
    }
}
