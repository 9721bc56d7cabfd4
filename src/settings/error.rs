//! The error of this module: a setting that is missing or cannot be used.

use std::fmt;

use super::Origin;
use crate::util::known_secrets::KnownSecrets;

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

impl SettingsError {
    /// The error of a value that cannot be used. `why` does not quote a value that may contain a secret.
    pub(super) fn unusable(setting: &str, origin: &Origin, why: &str, fix: &str) -> SettingsError {
        SettingsError {
            what: format!("cannot use the {setting} from {origin}: {why}"),
            fix: origin
                .advice_about_lines()
                .unwrap_or_else(|| fix.to_owned()),
            ..SettingsError::default()
        }
    }

    /// The error with each secret replaced.
    #[must_use]
    pub fn without(self, secrets: &KnownSecrets) -> SettingsError {
        let hide = |text: String| secrets.hide(&text).into_owned();
        SettingsError {
            what: hide(self.what),
            missing: self.missing.into_iter().map(hide).collect(),
            fix: hide(self.fix),
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for SettingsError {}
