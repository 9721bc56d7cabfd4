//! Resolved settings, each with the sources that gave a value.

use std::path::PathBuf;

use super::definitions::Key;
use super::secret_source::{SecretScope, SecretSource};
use super::{LibrdkafkaProperties, Origin, SettingsError};
use crate::util::known_secrets::KnownSecrets;
use crate::util::secret::Secret;
use crate::util::url::TypedUrl;

/// A value with its source, and the sources that it overrides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// The source of the value.
    pub origin: Origin,
    /// Overridden sources, by descending precedence.
    pub shadowed: Vec<Origin>,
}

/// Every setting with its source. `Debug` shows no secret.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Comma-separated `host:port`, normalized.
    pub brokers: Option<Setting<String>>,
    /// The topic to read.
    pub topic: Option<Setting<String>>,
    /// The consumer group to join, if any.
    pub group: Option<Setting<String>>,
    /// The truststore (`cluster.p12`), absolute.
    pub cluster_cert: Option<Setting<PathBuf>>,
    /// The truststore's password; may be empty.
    pub cluster_cert_password: Option<Setting<Secret>>,
    /// The keystore (`user.p12`), absolute.
    pub user_cert: Option<Setting<PathBuf>>,
    /// The keystore's password; may be empty.
    pub user_cert_password: Option<Setting<Secret>>,
    /// URL of the HTTP API, unparsed.
    pub url: Option<Setting<TypedUrl>>,
    /// The HTTP API's key, trimmed; never empty.
    pub api_key: Option<Setting<Secret>>,
    /// The profiles of the file, if none is selected.
    pub unused_profiles: Vec<String>,
    /// The portal's consumer group prefix, if a profile sets it.
    pub group_prefix: Option<Setting<String>>,
    /// Secrets from commands or the key store that [`Settings::fetch_secrets`] has not read yet.
    pub secret_sources: Vec<SecretSource>,
    /// Properties for the Kafka library: from the properties file, the profile, then from `-X`.
    pub extra: LibrdkafkaProperties,
    /// Every secret of the sources, also of those that are overridden, and every value that may contain one.
    pub known_secrets: KnownSecrets,
    /// Warnings for the user.
    pub warnings: Vec<String>,
    /// Details for `--verbose`.
    pub notes: Vec<String>,
}

/// One of the two certificate files from the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// `cluster.p12`, the truststore.
    Cluster,
    /// `user.p12`, the keystore.
    User,
}

impl Settings {
    /// The stores that are set without a password.
    #[must_use]
    pub fn missing_passwords(&self) -> Vec<Store> {
        let none = |password: &Option<Setting<Secret>>, key| {
            password.is_none() && !self.secret_sources.iter().any(|source| source.key == key)
        };
        let cluster = self.cluster_cert.is_some()
            && none(&self.cluster_cert_password, Key::ClusterCertPassword);
        let user =
            self.user_cert.is_some() && none(&self.user_cert_password, Key::UserCertPassword);
        let both = [(cluster, Store::Cluster), (user, Store::User)];
        let missing = both.into_iter().filter(|(missing, _)| *missing);
        missing.map(|(_, store)| store).collect()
    }

    /// A warning about a group without the portal's prefix, which the brokers refuse.
    pub(super) fn group_prefix_warning(&self) -> Option<String> {
        let (group, prefix) = (self.group.as_ref()?, self.group_prefix.as_ref()?);
        (!group.value.starts_with(&prefix.value)).then(|| {
            format!(
                "group {} ({}) does not start with the prefix {} ({}): the brokers will probably refuse it",
                self.displayed(group),
                group.origin,
                self.displayed(prefix),
                prefix.origin
            )
        })
    }

    /// Sets the API key that the user typed at a prompt.
    pub fn set_api_key(&mut self, key: &Secret) {
        self.known_secrets.add_secret(key);
        let value = Secret::new(key.expose().trim().to_owned());
        self.api_key = (!value.expose().is_empty()).then_some(Setting {
            value,
            origin: Origin::Prompt,
            shadowed: Vec::new(),
        });
    }

    /// Sets the password that the user typed at a prompt.
    pub fn set_password(&mut self, store: Store, password: Secret) {
        self.known_secrets.add_secret(&password);
        let setting = Some(Setting {
            value: password,
            origin: Origin::Prompt,
            shadowed: Vec::new(),
        });
        match store {
            Store::Cluster => self.cluster_cert_password = setting,
            Store::User => self.user_cert_password = setting,
        }
    }

    /// Reads the secrets of this scope from their commands and key store entries.
    ///
    /// # Errors
    /// [`SettingsError`] if a command fails or the key store has no such entry.
    pub fn fetch_secrets(&mut self, need: SecretScope) -> Result<(), SettingsError> {
        // A key that must not be sent is not read either.
        let with_key = need == SecretScope::All && self.key_to_untrusted_url().is_none();
        let wanted = |source: &SecretSource| with_key || source.key != Key::ApiSecret;
        let (now, later) = std::mem::take(&mut self.secret_sources)
            .into_iter()
            .partition(wanted);
        self.secret_sources = later;
        let now: Vec<SecretSource> = now;
        for source in now {
            let value = source.fetch()?;
            self.set_secret(source, value);
        }
        Ok(())
    }

    fn set_secret(&mut self, source: SecretSource, value: Secret) {
        self.known_secrets.add_secret(&value);
        let setting = |value| {
            Some(Setting {
                value,
                origin: source.origin,
                shadowed: source.shadowed,
            })
        };
        match source.key {
            Key::ClusterCertPassword => self.cluster_cert_password = setting(value),
            Key::UserCertPassword => self.user_cert_password = setting(value),
            _ => self.api_key = setting(Secret::new(value.expose().trim().to_owned())),
        }
    }
}
