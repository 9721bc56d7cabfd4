//! Patterns of collection names: `orders`, `order*`, `{a,b}`, `!archive`.

use std::fmt;

use globset::{Glob, GlobMatcher};

/// An invalid collection pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobError {
    /// The pattern as typed.
    pub glob: String,
    /// The error message.
    pub why: String,
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}': {}", self.glob, self.why)
    }
}

/// A pattern of collection names. A name without wildcards is compared directly, which is many times faster.
#[derive(Debug, Clone)]
pub enum CollectionPattern {
    /// A name.
    Name(String),
    /// A glob.
    Glob(GlobMatcher),
}

impl CollectionPattern {
    /// Parses a typed pattern; a `!` before it is not part of it.
    ///
    /// # Errors
    /// [`GlobError`] for an invalid glob.
    pub fn new(typed: &str) -> Result<Self, GlobError> {
        let glob = typed.strip_prefix('!').unwrap_or(typed);
        if !glob.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Ok(CollectionPattern::Name(glob.to_owned()));
        }
        match Glob::new(glob) {
            Ok(glob) => Ok(CollectionPattern::Glob(glob.compile_matcher())),
            Err(error) => Err(GlobError {
                glob: typed.to_owned(),
                why: error.kind().to_string(),
            }),
        }
    }

    /// The name, if it is not a glob.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            CollectionPattern::Name(name) => Some(name),
            CollectionPattern::Glob(_) => None,
        }
    }

    /// Whether it matches a collection's name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        match self {
            CollectionPattern::Name(wanted) => wanted == name,
            CollectionPattern::Glob(glob) => glob.is_match(name),
        }
    }
}
