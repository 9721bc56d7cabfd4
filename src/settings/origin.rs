//! Where a value came from, in the words that a person looks for.
//! What the value is and whether it is any good is somebody else's business.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where one value was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag such as `--topic`.
    Flag(&'static str),
    /// `-X NAME=…`; carries the name.
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
        /// Whether `--env-file` names the file; else it is what the working folder happens to hold.
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
    /// Typed at the terminal.
    Asked,
}

impl Origin {
    /// Whether the value lay in the working folder and was asked for by nobody.
    pub(super) fn is_of_folder(&self) -> bool {
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
            Origin::Asked => f.write_str("asked on the terminal"),
        }
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
