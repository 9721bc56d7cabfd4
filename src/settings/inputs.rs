//! Inputs of the resolution: flags and the process environment, passed in so that tests do not depend on the process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::definitions;

/// The connection flags of the command line. Has no `Debug`, because `-X` may carry secrets.
#[derive(Clone, Default)]
pub struct Flags {
    /// `--brokers`
    pub brokers: Option<String>,
    /// `--topic`
    pub topic: Option<String>,
    /// `--group`
    pub group: Option<String>,
    /// `--cluster-cert`
    pub cluster_cert: Option<PathBuf>,
    /// `--cluster-cert-password-file`
    pub cluster_cert_password_file: Option<PathBuf>,
    /// `--user-cert`
    pub user_cert: Option<PathBuf>,
    /// `--user-cert-password-file`
    pub user_cert_password_file: Option<PathBuf>,
    /// `--url`
    pub url: Option<String>,
    /// `--api-key-file`
    pub api_key_file: Option<PathBuf>,
    /// `--profile`
    pub profile: Option<String>,
    /// `--properties`
    pub properties: Option<PathBuf>,
    /// `--env-file`
    pub env_file: Option<PathBuf>,
    /// Every `-X key=value`, unparsed.
    pub extra: Vec<String>,
}

/// The parts of the process environment that settings depend on.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// Looks up an environment variable.
    pub var: &'a dyn Fn(&str) -> Option<OsString>,
    /// The working folder, absolute.
    pub cwd: &'a Path,
    /// The user's home folder, if there is one.
    pub home: Option<&'a Path>,
}

impl Environment<'_> {
    /// Whether a variable of this name gives a setting or selects a profile.
    #[must_use]
    pub fn reads(name: &str) -> bool {
        definitions::variables().any(|known| known == name)
    }
}
