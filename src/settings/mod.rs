//! Where each connection value comes from: flags, environment, `.env`, a profile, a Java properties file.
//! It reads those files and password files; the stores themselves are read by `tls`, and what was typed is parsed by `cli`.

mod brokers;
mod definitions;
mod dotenv;
mod env_file_guard;
mod files;
mod java;
mod java_names;
pub mod key_store;
mod librdkafka_properties;
mod list;
mod origin;
mod paths;
pub mod profile;
mod profile_select;
pub mod profile_write;
pub mod prompt;
mod resolve;
mod secret_source;
mod validate;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

pub use librdkafka_properties::{Extra, Property, is_secret as is_secret_property};
pub use list::{Shown, Value};
pub use origin::Origin;
pub use paths::expand;
pub use resolve::resolve;
pub use secret_source::{Need, Pending};
pub use validate::{Api, Kafka, Protocol, StoreFile};

use crate::util::secret::Secret;

/// What was typed as flags. Has no `Debug`: `-X` may carry secrets.
#[derive(Clone, Default)]
pub struct Typed {
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
    /// Every `-X key=value`, as typed.
    pub extra: Vec<String>,
}

/// What settings depend on beside flags; taken once by the caller, so that tests need no process environment.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Looks up a variable of the environment.
    pub var: &'a dyn Fn(&str) -> Option<OsString>,
    /// The working folder, absolute.
    pub cwd: &'a Path,
    /// The user's home folder, if there is one.
    pub home: Option<&'a Path>,
}

/// One value, where it was found, and where else a value was found that lost to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it was found.
    pub origin: Origin,
    /// Where others were found, in the order of their rank.
    pub shadowed: Vec<Origin>,
}

/// Every setting with its origin. `Debug` shows no secret.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Comma-separated `host:port`, already mended.
    pub brokers: Option<Setting<String>>,
    /// The topic to read.
    pub topic: Option<Setting<String>>,
    /// The consumer group, where one is wanted.
    pub group: Option<Setting<String>>,
    /// The truststore (`cluster.p12`), absolute.
    pub cluster_cert: Option<Setting<PathBuf>>,
    /// The truststore's password; may be empty.
    pub cluster_cert_password: Option<Setting<Secret>>,
    /// The keystore (`user.p12`), absolute.
    pub user_cert: Option<Setting<PathBuf>>,
    /// The keystore's password; may be empty.
    pub user_cert_password: Option<Setting<Secret>>,
    /// Where the HTTP API is, as it was given.
    pub url: Option<Setting<String>>,
    /// The HTTP API's key, without blanks around it; never empty.
    pub api_key: Option<Setting<Secret>>,
    /// What the portal calls the consumer group prefix, where a profile names it.
    pub group_prefix: Option<Setting<String>>,
    /// Secrets that a profile leaves to a command or to the system's key store, until [`Settings::fetch`] asks.
    pub pending: Vec<Pending>,
    /// Properties for the Kafka library: from the properties file, the profile, then from `-X`.
    pub extra: Extra,
    /// What a person should hear.
    pub warnings: Vec<String>,
    /// What a person may want to know when asking for details.
    pub notes: Vec<String>,
}

/// One of the two downloaded files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// `cluster.p12`, the truststore.
    Cluster,
    /// `user.p12`, the keystore.
    User,
}

/// Why a setting cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// What was being done, to what, and why it failed.
    pub what: String,
    /// What to do next.
    pub fix: String,
}

impl World<'_> {
    /// Whether a variable of this name gives a setting or names a profile.
    #[must_use]
    pub fn reads(name: &str) -> bool {
        definitions::variables().any(|known| known == name)
    }
}

/// A list of brokers as it will be used, or why it cannot be.
///
/// # Errors
/// Where an entry cannot be a broker's address.
pub fn mend_brokers(text: &str) -> Result<String, SettingsError> {
    brokers::parse(text, true).map(|mended| mended.list)
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// The stores that are set while their password is not: those to [`prompt::ask`] for on a terminal.
    #[must_use]
    pub fn missing_passwords(&self) -> Vec<Store> {
        let none = |password: &Option<Setting<Secret>>, key| {
            password.is_none() && !self.pending.iter().any(|pending| pending.key == key)
        };
        let cluster = self.cluster_cert.is_some()
            && none(
                &self.cluster_cert_password,
                definitions::Key::ClusterCertPassword,
            );
        let user = self.user_cert.is_some()
            && none(&self.user_cert_password, definitions::Key::UserCertPassword);
        let both = [(cluster, Store::Cluster), (user, Store::User)];
        let missing = both.into_iter().filter(|(missing, _)| *missing);
        missing.map(|(_, store)| store).collect()
    }

    /// A group that the portal would not have given is refused by the brokers.
    fn about_group_prefix(&self) -> Option<String> {
        let (group, prefix) = (self.group.as_ref()?, self.group_prefix.as_ref()?);
        (!group.value.starts_with(&prefix.value)).then(|| {
            format!(
                "group {} ({}) does not start with the prefix {} ({}): the brokers will probably refuse it",
                group.value, group.origin, prefix.value, prefix.origin
            )
        })
    }

    /// Takes the answer to [`prompt::ask`] for the API key.
    pub fn answer_api_key(&mut self, key: &Secret) {
        let value = Secret::new(key.expose().trim().to_owned());
        self.api_key = (!value.expose().is_empty()).then_some(Setting {
            value,
            origin: Origin::Asked,
            shadowed: Vec::new(),
        });
    }

    /// Takes the answer to [`prompt::ask`].
    pub fn answer(&mut self, store: Store, password: Secret) {
        let setting = Some(Setting {
            value: password,
            origin: Origin::Asked,
            shadowed: Vec::new(),
        });
        match store {
            Store::Cluster => self.cluster_cert_password = setting,
            Store::User => self.user_cert_password = setting,
        }
    }
}

#[cfg(test)]
mod tests;
