//! Validation: the settings that Kafka and the HTTP API require. Reports all missing settings at once.

use std::path::Path;

use super::definitions::{Key, definition};
use super::display::quoted;
use super::{LibrdkafkaProperties, Setting, Settings, SettingsError};
use crate::util::secret::Secret;
use crate::util::shell;
use crate::util::url::TypedUrl;

/// The settings of a Kafka connection.
#[derive(Debug, Clone, Copy)]
pub struct Kafka<'a> {
    /// Comma-separated `host:port`.
    pub brokers: &'a str,
    /// The topic to read.
    pub topic: &'a str,
    /// The consumer group to join, if any.
    pub group: Option<&'a str>,
    /// The security protocol.
    pub protocol: Protocol,
    /// The truststore; `None` without TLS, or if `extra` sets certificates.
    pub cluster: Option<StoreFile<'a>>,
    /// The keystore; `None` without TLS, or if `extra` sets a certificate.
    pub user: Option<StoreFile<'a>>,
    /// Further librdkafka properties; later ones take precedence.
    pub extra: &'a LibrdkafkaProperties,
}

/// The settings of the HTTP API.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a> {
    /// The URL, unparsed.
    pub url: &'a TypedUrl,
    /// The key.
    pub key: &'a Secret,
}

/// A certificate file and its password.
#[derive(Debug, Clone, Copy)]
pub struct StoreFile<'a> {
    /// The file, absolute.
    pub path: &'a Path,
    /// `None` if none is set, as for a PEM file.
    pub password: Option<&'a Secret>,
}

/// Kafka's `security.protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TLS with a client certificate, as Ditto requires.
    Ssl,
    /// TLS with a SASL login instead of a client certificate.
    SaslSsl,
    /// No TLS.
    Plaintext,
    /// A SASL login without TLS.
    SaslPlaintext,
}

impl Protocol {
    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(self) -> bool {
        matches!(self, Protocol::Ssl | Protocol::SaslSsl)
    }

    /// Parses `security.protocol`; the default is SSL.
    ///
    /// # Errors
    /// [`SettingsError`] if the value is not one of Kafka's four.
    pub(super) fn from_properties(extra: &LibrdkafkaProperties) -> Result<Protocol, SettingsError> {
        let property = extra.find("security.protocol");
        let named = property.map_or("ssl", |property| property.value.trim());
        let shown = property.map_or(String::new(), |property| quoted(named, &property.origin));
        match named.to_ascii_lowercase().as_str() {
            "ssl" => Ok(Protocol::Ssl),
            "sasl_ssl" => Ok(Protocol::SaslSsl),
            "plaintext" => Ok(Protocol::Plaintext),
            "sasl_plaintext" => Ok(Protocol::SaslPlaintext),
            _ => Err(SettingsError {
                what: format!("{shown} is not a valid security.protocol"),
                fix: "for Ditto, leave it out (the default is ssl); other values are sasl_ssl, plaintext and sasl_plaintext"
                    .to_owned(), ..SettingsError::default() }),
        }
    }
}

/// Properties that replace the truststore.
const TRUST_PROPERTIES: &[&str] = &["ssl.ca.pem", "ssl.ca.location", "ssl.ca.certificate.stores"];
/// Properties that replace the keystore.
const CERTIFICATE_PROPERTIES: &[&str] = &["ssl.certificate.pem", "ssl.certificate.location"];

impl Settings {
    /// The settings of a Kafka connection.
    ///
    /// # Errors
    /// [`SettingsError`] that lists all missing settings, each with the ways to set it.
    pub fn require_kafka(&self) -> Result<Kafka<'_>, SettingsError> {
        let protocol = Protocol::from_properties(&self.extra)?;
        let missing = self.missing(protocol);
        let (cluster, user) = self.stores(protocol);
        if let (Some(brokers), Some(topic), true) = (&self.brokers, &self.topic, missing.is_empty())
        {
            return Ok(Kafka {
                brokers: &brokers.value,
                topic: &topic.value,
                group: self.group.as_ref().map(|group| group.value.as_str()),
                protocol,
                cluster,
                user,
                extra: &self.extra,
            });
        }
        Err(SettingsError {
            what: "cannot connect to Kafka:".to_owned(),
            missing,
            fix: self.profile_hint().unwrap_or_else(|| "the Ditto portal shows endpoint, topic and both certificates; `ditto-cdc config init` asks for them and saves them; `ditto-cdc demo` needs none".to_owned()), })
    }

    /// How to select a profile, if none is selected and there are some.
    #[must_use]
    pub fn profile_hint(&self) -> Option<String> {
        let (first, others) = self.unused_profiles.split_first()?;
        let first = shell::quoted(first);
        let others: Vec<_> = others.iter().map(|name| shell::quoted(name)).collect();
        let others = match others.as_slice() {
            [] => String::new(),
            others => format!("; others are {}", others.join(", ")),
        };
        Some(format!(
            "use --profile {first} (no profile is selected{others})"
        ))
    }

    /// The settings of the HTTP API.
    ///
    /// # Errors
    /// [`SettingsError`] that lists all missing settings, or of [`Settings::key_to_untrusted_url`].
    pub fn require_api(&self) -> Result<Api<'_>, SettingsError> {
        if let Some(error) = self.key_to_untrusted_url() {
            return Err(error);
        }
        if let (Some(url), Some(key)) = (&self.url, &self.api_key) {
            return Ok(Api {
                url: &url.value,
                key: &key.value,
            });
        }
        let url = (Key::Url, "url is not set", self.url.is_some());
        let key = (Key::ApiSecret, "API key is not set", self.api_key.is_some());
        let missing = missing_messages([url, key]);
        Err(SettingsError {
            what: "cannot use the HTTP API:".to_owned(),
            missing,
            fix: self.profile_hint().unwrap_or_else(|| {
                "the Ditto portal shows the Cloud URL Endpoint and creates API keys".to_owned()
            }),
        })
    }

    /// Removes an empty `sasl.mechanism`, which Java's clients refuse only for a SASL protocol.
    ///
    /// # Errors
    /// [`SettingsError`] if the protocol needs a mechanism or is not one of Kafka's four.
    pub(super) fn check_mechanism(&mut self) -> Result<(), SettingsError> {
        const NAMES: [&str; 2] = ["sasl.mechanisms", "sasl.mechanism"];
        let is_sasl = matches!(
            self.protocol()?,
            Protocol::SaslSsl | Protocol::SaslPlaintext
        );
        for name in NAMES {
            let empty = self.extra.find(name);
            let Some(property) = empty.filter(|one| one.value.trim().is_empty()) else {
                continue;
            };
            if is_sasl {
                let fix = "set it to the mechanism of the broker, such as PLAIN or SCRAM-SHA-512";
                let why = "it is empty, but security.protocol requires a SASL login";
                return Err(SettingsError::unusable(
                    "sasl.mechanism",
                    &property.origin,
                    why,
                    fix,
                ));
            }
            self.extra.remove(name);
        }
        Ok(())
    }

    /// The security protocol.
    ///
    /// # Errors
    /// [`SettingsError`] if `security.protocol` is not one of Kafka's four.
    pub fn protocol(&self) -> Result<Protocol, SettingsError> {
        Protocol::from_properties(&self.extra)
    }

    /// The cluster and the user certificate, if they are set and the protocol uses TLS.
    #[must_use]
    pub fn stores(&self, protocol: Protocol) -> (Option<StoreFile<'_>>, Option<StoreFile<'_>>) {
        (
            store(
                self.cluster_cert.as_ref(),
                self.cluster_cert_password.as_ref(),
                protocol,
            ),
            store(
                self.user_cert.as_ref(),
                self.user_cert_password.as_ref(),
                protocol,
            ),
        )
    }

    /// A message for each missing setting of a Kafka connection.
    #[must_use]
    pub fn missing(&self, protocol: Protocol) -> Vec<String> {
        let trust = self.cluster_cert.is_some() || self.extra.has_any(TRUST_PROPERTIES);
        let user = self.user_cert.is_some() || self.extra.has_any(CERTIFICATE_PROPERTIES);
        missing_messages([
            (Key::Brokers, "brokers is not set", self.brokers.is_some()),
            (Key::Topic, "topic is not set", self.topic.is_some()),
            (
                Key::ClusterCert,
                "cluster certificate (cluster.p12) is not set",
                trust || !protocol.is_tls(),
            ),
            (
                Key::UserCert,
                "user certificate (user.p12) is not set",
                user || protocol != Protocol::Ssl,
            ),
        ])
    }
}

/// A message for each missing setting.
fn missing_messages<const N: usize>(settings: [(Key, &str, bool); N]) -> Vec<String> {
    let missing = settings.into_iter().filter(|(_, _, is_set)| !is_set);
    missing
        .map(|(key, message, _)| missing_message(key, message))
        .collect()
}

fn missing_message(key: Key, message: &str) -> String {
    let ways = definition(key)
        .map(super::definitions::Definition::ways)
        .unwrap_or_default();
    format!("{message}: use {ways}")
}

fn store<'a>(
    file: Option<&'a Setting<std::path::PathBuf>>,
    password: Option<&'a Setting<Secret>>,
    protocol: Protocol,
) -> Option<StoreFile<'a>> {
    let file = file.filter(|_| protocol.is_tls())?;
    Some(StoreFile {
        path: &file.value,
        password: password.map(|setting| &setting.value),
    })
}
