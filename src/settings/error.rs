//! The error of this module: a setting that is missing or cannot be used.

use std::fmt;

/// Why a setting cannot be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsError {
    /// The action, its object, and why it failed.
    pub what: String,
    /// Each missing setting, with the ways to set it.
    pub missing: Vec<String>,
    /// What to do next.
    pub fix: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for SettingsError {}
