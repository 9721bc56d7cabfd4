//! The source of a value, as shown in messages.

use std::fmt;
use std::path::{Path, PathBuf};

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag such as `--topic`.
    Flag(&'static str),
    /// `-X NAME=…`
    Option {
        /// Which `-X` it is, counted from 1.
        number: usize,
        /// The name.
        name: String,
    },
    /// A variable of the process environment.
    Environment(String),
    /// A line of `.env` or of the file that `--env-file` names.
    EnvFile {
        /// The file, absolute.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The name that the line sets.
        name: String,
        /// Whether `--env-file` names the file; else it is `.env` in the working folder.
        chosen: bool,
    },
    /// A line of the file that `--properties` names.
    Properties {
        /// The file, absolute.
        path: PathBuf,
        /// The first line, counted from 1.
        line: usize,
        /// The last line: another one if a line ends with a backslash.
        last_line: usize,
        /// The line of the value that looks like a property of its own.
        swallowed: Option<usize>,
        /// The property's name.
        name: String,
    },
    /// A line of the user's `ditto-cdc.toml`.
    Profile {
        /// The file, absolute.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The profile.
        profile: String,
        /// The name that the line sets.
        name: String,
    },
    /// Typed at a terminal prompt.
    Prompt,
}

impl Origin {
    /// Whether the value comes from the working folder's `.env`, which the user did not name.
    pub(super) fn is_implicit_env_file(&self) -> bool {
        matches!(self, Origin::EnvFile { chosen: false, .. })
    }
}

impl Origin {
    /// Whether lines of a properties file were joined to this value.
    pub(super) fn spans_lines(&self) -> bool {
        matches!(self, Origin::Properties { line, last_line, .. } if line != last_line)
    }

    /// What to do about lines that were joined to this value.
    pub(super) fn advice_about_lines(&self) -> Option<String> {
        let Origin::Properties {
            line,
            last_line,
            swallowed,
            ..
        } = self
        else {
            return None;
        };
        let next = swallowed.unwrap_or(line + 1);
        (line != last_line).then(|| {
            format!(
                "line {} ends with a backslash, so Java joins it with line {next}; remove the backslash",
                next - 1
            )
        })
    }
}

/// Whether a name that a file or flag sets can only be a name: it may be shown, although it is not known.
pub(super) fn is_plain_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name.chars().all(is_plain)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => write!(f, "flag {flag}"),
            Origin::Option { name, .. } if is_plain_name(name) => write!(f, "flag -X {name}"),
            Origin::Option { number, .. } => write!(f, "flag -X number {number}"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::EnvFile {
                path, line, name, ..
            } => {
                write!(f, "{}: {name} ({}:{line})", file_name(path), path.display())
            }
            Origin::Properties {
                path,
                line,
                last_line,
                name,
                ..
            } => {
                let file = file_name(path);
                write!(f, "{file}: {name} ({}:{line}", path.display())?;
                if line != last_line {
                    write!(f, "-{last_line}")?;
                }
                f.write_str(")")
            }
            Origin::Profile {
                path,
                line,
                profile,
                name,
            } => {
                let name = if is_plain_name(name) {
                    name
                } else {
                    "a property"
                };
                write!(f, "profile {profile}: {name} ({}:{line})", path.display())
            }
            Origin::Prompt => f.write_str("typed at the terminal"),
        }
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
