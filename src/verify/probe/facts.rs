//! Input and results of a probe.

use std::net::SocketAddr;
use std::time::Duration;

use crate::tls::handshake::Handshake;
use crate::tls::{ClientConfig, HandshakeError};
use crate::util::secret::Secret;

/// A broker to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The brokers' number for it, if it was named by one of them and not by the settings.
    pub node: Option<i32>,
}

/// The connection's security settings. Hold the key, therefore no `Debug`.
#[derive(Clone)]
pub struct Credentials {
    /// The TLS configuration; `None` for a connection without TLS.
    pub tls: Option<ClientConfig>,
    /// Whether a login (SASL) is configured: then no request is sent before it.
    pub login: bool,
    /// Which kinds of address the settings allow (`broker.address.family`).
    pub family: Family,
}

impl Credentials {
    /// From PEM texts and librdkafka properties; a later property overrides an earlier one.
    ///
    /// # Errors
    /// A message for a file of a property that cannot be read.
    pub fn new(
        ca_pem: Option<String>,
        certificate_pem: Option<String>,
        key_pem: Option<Secret>,
        properties: &[(String, String)],
    ) -> Result<Credentials, String> {
        let value = |name: &str| {
            let found = properties.iter().rfind(|property| property.0 == name);
            found.map(|property| property.1.trim().to_ascii_lowercase())
        };
        let protocol = value("security.protocol").unwrap_or_else(|| "ssl".to_owned());
        let config = ClientConfig::new(ca_pem, certificate_pem, key_pem, properties)?;
        Ok(Credentials {
            tls: protocol.ends_with("ssl").then_some(config),
            login: protocol.starts_with("sasl"),
            family: match value("broker.address.family").as_deref() {
                Some("v4") => Family::V4,
                Some("v6") => Family::V6,
                _ => Family::Any,
            },
        })
    }
}

/// Kinds of address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Family {
    /// Both.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Timeouts of each layer, and of the whole probe.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Looking up a name.
    pub resolve: Duration,
    /// Opening a connection to an address.
    pub connect: Duration,
    /// The TLS handshake.
    pub handshake: Duration,
    /// Kafka's answer to one question.
    pub answer: Duration,
    /// All of it, the advertised brokers included.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            resolve: Duration::from_secs(3),
            connect: Duration::from_secs(3),
            handshake: Duration::from_secs(3),
            answer: Duration::from_secs(2),
            whole: Duration::from_secs(9),
        }
    }
}

/// The results for one broker.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which.
    pub target: Target,
    /// Its addresses were found, or why not.
    pub resolved: Result<(), ResolveError>,
    /// Each address; empty if the name does not resolve.
    pub addresses: Vec<Address>,
    /// Number of addresses that were not probed, beyond the limit.
    pub left_out: usize,
}

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolveError {
    /// The resolver's words.
    Failed(String),
    /// The resolver did not answer within the timeout.
    Timeout(Duration),
    /// It has addresses, but none of the kind that the settings allow.
    OtherFamily,
}

/// The results for one address.
#[derive(Debug, Clone)]
pub struct Address {
    /// Which.
    pub address: SocketAddr,
    /// Whether a connection could be opened.
    pub tcp: Tcp,
    /// The handshake; `None` without a connection or without TLS.
    pub handshake: Option<Handshake>,
    /// The first handshake, with our certificate, if a second one without it followed.
    pub with_certificate: Option<Handshake>,
    /// Kafka's first responses; `None` if no request was sent.
    pub answer: Option<Result<Answer, HandshakeError>>,
    /// The result of the fallback probe of an address without valid TLS or Kafka.
    pub listener: Option<Listener>,
}

/// Whether a connection could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tcp {
    /// Connected, after this time.
    Open(Duration),
    /// The address refused.
    Refused(String),
    /// No answer within the timeout.
    Dropped(Duration),
    /// Something else was in the way, such as a missing route; the system's words.
    Failed(String),
}

/// Kafka's responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The advertised brokers; `None` if not requested, or without a common version.
    pub nodes: Option<Vec<Node>>,
    /// Time from the first request to the last response.
    pub took: Duration,
}

/// A broker as brokers name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its number.
    pub id: i32,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// What listens instead of TLS or Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listener {
    /// Kafka without TLS.
    PlainKafka,
    /// A TLS server, although no TLS is configured.
    Tls,
    /// Something else; its first bytes.
    Foreign(Vec<u8>),
    /// Kafka that requires a login, with one of these mechanisms.
    Login(Vec<String>),
    /// It speaks this version of TLS, older than ours.
    OldTls(String),
    /// Accepts connections and answers nothing.
    Silent,
    /// It closes connections without a word.
    Closing,
}

impl Address {
    /// Whether the client library could work with it.
    #[must_use]
    pub fn works(&self) -> bool {
        matches!(&self.answer, Some(Ok(_)))
    }
}

impl Report {
    /// Whether the client library could work with one of the addresses; it tries one after the other.
    #[must_use]
    pub fn works(&self) -> bool {
        self.addresses.iter().any(Address::works)
    }

    /// The brokers that it names.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        let answers = self
            .addresses
            .iter()
            .filter_map(|address| address.answer.as_ref());
        answers
            .flatten()
            .filter_map(|answer| answer.nodes.as_deref())
            .flatten()
    }
}

impl Target {
    /// Parses `host:port,…` of the settings. Invalid entries are skipped.
    #[must_use]
    pub fn list(brokers: &str) -> Vec<Target> {
        let entries = brokers
            .split(',')
            .filter_map(|entry| entry.trim().rsplit_once(':'));
        let target = |(host, port): (&str, &str)| {
            Some(Target {
                host: host.to_owned(),
                port: port.parse().ok()?,
                node: None,
            })
        };
        entries.filter_map(target).collect()
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
