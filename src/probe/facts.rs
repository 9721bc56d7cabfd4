//! Input and results of the network probe.

use std::net::SocketAddr;
use std::time::Duration;

use crate::tls::handshake::Handshake;
use crate::tls::{ClientConfig, HandshakeError};
use crate::util::secret::Secret;

/// A broker to probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Its node id, if a broker advertised it; `None` for a bootstrap server.
    pub node: Option<i32>,
}

/// The security settings of a connection. No `Debug`, because they contain the private key.
#[derive(Clone)]
pub struct Credentials {
    /// The TLS configuration; `None` for a connection without TLS.
    pub tls: Option<ClientConfig>,
    /// Whether a login (SASL) is configured. The probe does not log in, so it then sends only `ApiVersions`.
    pub login: bool,
    /// The address families that the settings allow (`broker.address.family`).
    pub family: AddressFamily,
    /// Whether to request the groups of each broker.
    pub list_groups: bool,
}

impl Credentials {
    /// From PEM strings and librdkafka properties; a later property overrides an earlier one.
    ///
    /// # Errors
    /// The message names a property and its file, if that file cannot be read.
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
                Some("v4") => AddressFamily::V4,
                Some("v6") => AddressFamily::V6,
                _ => AddressFamily::Any,
            },
            list_groups: false,
        })
    }
}

/// Address families.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AddressFamily {
    /// IPv4 and IPv6.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Timeouts of each layer, and of the whole probe.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Timeout of a name lookup.
    pub resolve: Duration,
    /// Timeout of connecting to one address.
    pub connect: Duration,
    /// Timeout of the TLS handshake.
    pub handshake: Duration,
    /// Timeout of Kafka's response to one request.
    pub response: Duration,
    /// Timeout of the whole probe, including the advertised brokers.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            resolve: Duration::from_secs(3),
            connect: Duration::from_secs(3),
            handshake: Duration::from_secs(3),
            response: Duration::from_secs(2),
            total: Duration::from_secs(9),
        }
    }
}

/// The results for one broker.
#[derive(Debug, Clone)]
pub struct Report {
    /// The broker.
    pub target: Target,
    /// Whether its name resolved.
    pub resolved: Result<(), ResolveError>,
    /// The probed addresses, at most eight; empty if the name does not resolve.
    pub addresses: Vec<AddressReport>,
}

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolveError {
    /// The resolver failed with this message.
    Failed(String),
    /// The resolver did not answer within the timeout.
    Timeout(Duration),
    /// None of its addresses belongs to an allowed address family.
    OtherFamily,
}

/// The results for one address.
#[derive(Debug, Clone)]
pub struct AddressReport {
    /// The address.
    pub address: SocketAddr,
    /// The result of connecting.
    pub tcp: TcpOutcome,
    /// The handshake; `None` without a connection or without TLS.
    pub handshake: Option<Handshake>,
    /// The handshake with the client certificate, if a second one without it followed.
    pub with_certificate: Option<Handshake>,
    /// Kafka's first responses; `None` if no request was sent.
    pub response: Option<Result<KafkaResponse, HandshakeError>>,
    /// What was detected at an address without valid TLS or Kafka.
    pub listener: Option<Listener>,
}

/// The result of connecting to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TcpOutcome {
    /// Connected after this time.
    Connected(Duration),
    /// The connection was refused; the system's message.
    Refused(String),
    /// No answer within this timeout.
    TimedOut(Duration),
    /// Another error, such as a missing route; the system's message.
    Failed(String),
}

/// Kafka's responses to the probe's requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaResponse {
    /// The advertised brokers; `None` if not requested, or if broker and probe have no version in common.
    pub nodes: Option<Vec<Node>>,
    /// The groups that this broker coordinates and that the user may see; `None` if not requested or not answered.
    pub groups: Option<Vec<Group>>,
    /// Time from the first request to the last response.
    pub took: Duration,
}

/// An advertised broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its node id.
    pub id: i32,
    /// Its advertised host name or address.
    pub host: String,
    /// Its advertised port.
    pub port: u16,
}

/// A group, with its type as the broker names it: `consumer`, `share`, `streams`, `connect`, or empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its protocol type.
    pub protocol_type: String,
}

/// What listens instead of TLS or Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listener {
    /// Kafka without TLS.
    PlainKafka,
    /// A TLS server, although no TLS is configured.
    Tls,
    /// Another protocol; the first received bytes.
    Foreign(Vec<u8>),
    /// Kafka that requires a login, with one of these mechanisms.
    Login(Vec<String>),
    /// A TLS server that supports only this old version, such as `TLS 1.0`.
    OldTls(String),
    /// Accepts connections and sends nothing.
    Silent,
    /// Closes connections and sends nothing.
    Closing,
    /// Answers a short client hello and repeatedly not a long one; both lengths in bytes.
    ShortHelloOnly {
        /// Length of the hello that gets no answer.
        long: usize,
        /// Length of the hello that gets one.
        short: usize,
    },
}

impl AddressReport {
    /// Whether the client library can use this address.
    #[must_use]
    pub fn works(&self) -> bool {
        matches!(&self.response, Some(Ok(_)))
    }
}

impl Report {
    /// Whether the client library can use one of the addresses; it tries them in turn.
    #[must_use]
    pub fn works(&self) -> bool {
        self.addresses.iter().any(AddressReport::works)
    }

    /// The brokers that it advertises.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.responses()
            .filter_map(|response| response.nodes.as_deref())
            .flatten()
    }

    /// The type of a group, if this broker coordinates it.
    #[must_use]
    pub fn group_type(&self, name: &str) -> Option<&str> {
        let groups = self.responses().filter_map(|one| one.groups.as_deref());
        let found = groups.flatten().find(|group| group.name == name);
        found.map(|group| group.protocol_type.as_str())
    }

    fn responses(&self) -> impl Iterator<Item = &KafkaResponse> {
        let responses = self
            .addresses
            .iter()
            .filter_map(|one| one.response.as_ref());
        responses.flatten()
    }
}

impl Target {
    /// Parses `bootstrap.servers`: `host:port,…`. Invalid entries are skipped.
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
