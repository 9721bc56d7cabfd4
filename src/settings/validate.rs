//! Whether the settings suffice to talk to Kafka, and what is missing: everything at once.
//! Whether the values are right is found out by `tls` and by the connection itself.

use std::path::Path;

use super::definitions::{Key, row};
use super::{Extra, Setting, Settings, SettingsError};
use crate::util::secret::Secret;

/// What a connection to Kafka needs.
#[derive(Debug, Clone, Copy)]
pub struct Kafka<'a> {
    /// Comma-separated `host:port`.
    pub brokers: &'a str,
    /// The topic to read.
    pub topic: &'a str,
    /// The consumer group, where one is wanted.
    pub group: Option<&'a str>,
    /// How to talk to the brokers.
    pub protocol: Protocol,
    /// The truststore; `None` without TLS, or where `extra` brings certificates of its own.
    pub cluster: Option<StoreFile<'a>>,
    /// The keystore; `None` without TLS, or where `extra` brings a certificate of its own.
    pub user: Option<StoreFile<'a>>,
    /// Further properties for the Kafka library; a later one wins.
    pub extra: &'a Extra,
}

/// What the HTTP API needs.
#[derive(Debug, Clone, Copy)]
pub struct Api<'a> {
    /// Where it is, as it was given.
    pub url: &'a str,
    /// The key.
    pub key: &'a Secret,
}

/// One of the two downloaded files and its password.
#[derive(Debug, Clone, Copy)]
pub struct StoreFile<'a> {
    /// The file, absolute.
    pub path: &'a Path,
    /// `None` where none is set, which suits a PEM file.
    pub password: Option<&'a Secret>,
}

/// `security.protocol`, in Kafka's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TLS, with a user's certificate: what Ditto has.
    Ssl,
    /// TLS, with a login instead of a user's certificate.
    SaslSsl,
    /// No TLS.
    Plaintext,
    /// No TLS, and a login.
    SaslPlaintext,
}

impl Protocol {
    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_tls(self) -> bool {
        matches!(self, Protocol::Ssl | Protocol::SaslSsl)
    }

    /// Reads `security.protocol`; without one it is SSL.
    ///
    /// # Errors
    /// Where the value is none of Kafka's four.
    pub(super) fn of(extra: &Extra) -> Result<Protocol, SettingsError> {
        let named = extra.get("security.protocol").unwrap_or("ssl").trim();
        match named.to_ascii_lowercase().as_str() {
            "ssl" => Ok(Protocol::Ssl),
            "sasl_ssl" => Ok(Protocol::SaslSsl),
            "plaintext" => Ok(Protocol::Plaintext),
            "sasl_plaintext" => Ok(Protocol::SaslPlaintext),
            _ => Err(SettingsError {
                what: format!("cannot use security.protocol: Kafka knows no `{named}`"),
                fix: "leave it out for Ditto, which means ssl; the others are sasl_ssl, plaintext and sasl_plaintext"
                    .to_owned(),
            }),
        }
    }
}

/// Properties that bring the brokers' certificates without our truststore.
const OWN_TRUST: &[&str] = &["ssl.ca.pem", "ssl.ca.location", "ssl.ca.certificate.stores"];
/// Properties that bring the user's certificate without our keystore.
const OWN_CERTIFICATE: &[&str] = &["ssl.certificate.pem", "ssl.certificate.location"];

impl Settings {
    /// Everything that a connection to Kafka needs.
    ///
    /// # Errors
    /// Where something is missing: all of it at once, each with the ways to give it.
    pub fn require_kafka(&self) -> Result<Kafka<'_>, SettingsError> {
        let protocol = Protocol::of(&self.extra)?;
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
            what: format!("cannot connect to Kafka:\n  {}", missing.join("\n  ")),
            fix: "the Ditto portal shows endpoint, topic and both certificates: `ditto-cdc config init` asks for them and keeps them; `ditto-cdc demo` needs none".to_owned(),
        })
    }

    /// Everything that the HTTP API needs.
    ///
    /// # Errors
    /// Where something is missing: all of it at once, each with the ways to give it; or where the key would go astray.
    pub fn require_api(&self) -> Result<Api<'_>, SettingsError> {
        if let Some(wrong) = self.misdirected_key() {
            return Err(wrong);
        }
        if let (Some(url), Some(key)) = (&self.url, &self.api_key) {
            return Ok(Api {
                url: &url.value,
                key: &key.value,
            });
        }
        let url = (Key::Url, "url is not set", self.url.is_some());
        let key = (Key::ApiSecret, "API key is not set", self.api_key.is_some());
        let missing = sentences([url, key]);
        Err(SettingsError {
            what: format!("cannot use the HTTP API:\n  {}", missing.join("\n  ")),
            fix: "the Ditto portal shows the Cloud URL Endpoint and makes API keys".to_owned(),
        })
    }

    /// How to talk to the brokers.
    ///
    /// # Errors
    /// Where `security.protocol` is none of Kafka's four.
    pub fn protocol(&self) -> Result<Protocol, SettingsError> {
        Protocol::of(&self.extra)
    }

    /// The cluster and the user certificate, as far as they are set and the protocol has a use for them.
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

    /// A sentence for each setting that a connection to Kafka needs and that is not there.
    #[must_use]
    pub fn missing(&self, protocol: Protocol) -> Vec<String> {
        let trust = self.cluster_cert.is_some() || self.extra.has_any(OWN_TRUST);
        let user = self.user_cert.is_some() || self.extra.has_any(OWN_CERTIFICATE);
        sentences([
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

/// A sentence for each setting that is not there.
fn sentences<const N: usize>(settings: [(Key, &str, bool); N]) -> Vec<String> {
    let missing = settings.into_iter().filter(|(_, _, there)| !there);
    missing.map(|(key, said, _)| sentence(key, said)).collect()
}

fn sentence(key: Key, said: &str) -> String {
    let ways = row(key)
        .map(super::definitions::Row::ways)
        .unwrap_or_default();
    format!("{said}: give {ways}")
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
