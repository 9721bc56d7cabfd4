//! Why a text is not a path.

use std::fmt;

/// A path that cannot be parsed, or that an option does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    /// The path as typed.
    pub path: String,
    /// The reason, with the right spelling if it is known.
    pub why: String,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}': {}", self.path, self.why)
    }
}

impl std::error::Error for PathError {}
