//! The source of a value, as shown in messages.

use std::fmt;
use std::path::{Path, PathBuf};

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag such as `--topic`.
    Flag(&'static str),
    /// `-X NAME=…`, with the name.
    Option(String),
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

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => write!(f, "flag {flag}"),
            Origin::Option(name) => write!(f, "flag -X {name}"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::EnvFile {
                path, line, name, ..
            } => {
                write!(f, "{}: {name} ({}:{line})", file_name(path), path.display())
            }
            Origin::Properties { path, name } => {
                write!(f, "{}: {name} ({})", file_name(path), path.display())
            }
            Origin::Profile {
                path,
                line,
                profile,
                name,
            } => write!(f, "profile {profile}: {name} ({}:{line})", path.display()),
            Origin::Prompt => f.write_str("typed at the terminal"),
        }
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
