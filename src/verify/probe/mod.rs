//! Looks at every address of every broker as the client library would, one layer after the other: name, TCP, TLS, Kafka.
//! It reports what happened as data; what that means is decided in `check`, and nothing is read or changed.

mod address;
mod protocol;
mod resolve;
mod transport;

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::tls::handshake::Handshake;
use crate::tls::{Broken, Rules};
use crate::util::secret::Secret;

/// How many addresses of one name are looked at.
const ADDRESSES: usize = 8;
/// How many advertised brokers are looked at.
const NODES: usize = 64;

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

/// How to connect. Holds the key, therefore no `Debug`.
#[derive(Clone)]
pub struct Credentials {
    /// The rules of TLS; `None` where the settings ask for a connection without it.
    pub tls: Option<Rules>,
    /// Whether the settings ask for a login (SASL): then nothing is asked before it.
    pub login: bool,
    /// Which kinds of address the settings allow (`broker.address.family`).
    pub family: Family,
}

impl Credentials {
    /// From what the client library gets: PEM texts, then its properties, of which a later one wins.
    ///
    /// # Errors
    /// The sentence for a file that a property names and that cannot be read.
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
        let rules = Rules::new(ca_pem, certificate_pem, key_pem, properties)?;
        Ok(Credentials {
            tls: protocol.ends_with("ssl").then_some(rules),
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

/// How long each layer may take, and everything.
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

/// What was found about one broker.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which.
    pub target: Target,
    /// Its addresses were found, or why not.
    pub resolved: Result<(), Unresolved>,
    /// Each address; empty if the name does not resolve.
    pub addresses: Vec<Address>,
    /// How many addresses were left out, because there were so many.
    pub left_out: usize,
}

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// The resolver's words.
    Failed(String),
    /// The resolver said nothing within the limit.
    Silent(Duration),
    /// It has addresses, but none of the kind that the settings allow.
    OtherFamily,
}

/// What was found at one address.
#[derive(Debug, Clone)]
pub struct Address {
    /// Which.
    pub address: SocketAddr,
    /// Whether a connection could be opened.
    pub tcp: Tcp,
    /// The handshake; `None` without a connection or without TLS.
    pub handshake: Option<Handshake>,
    /// The handshake with our certificate that came before, where a second one without it had to follow.
    pub with_certificate: Option<Handshake>,
    /// Kafka's first answer; `None` if it was not asked.
    pub answer: Option<Result<Answer, Broken>>,
    /// What a look at an address without proper TLS or Kafka found.
    pub listener: Option<Listener>,
}

/// Whether a connection could be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tcp {
    /// It could, after so long.
    Open(Duration),
    /// The address refused.
    Refused(String),
    /// Nothing came back within the limit.
    Dropped(Duration),
    /// Something else was in the way, such as a missing route; the system's words.
    Failed(String),
}

/// What Kafka answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The brokers that it names; `None` if it was not asked, or in no version that it shares with us.
    pub nodes: Option<Vec<Node>>,
    /// How long it took from the first question to the last answer.
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

/// What listens where TLS and Kafka were expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listener {
    /// Kafka without TLS.
    PlainKafka,
    /// Something that speaks TLS, where the settings ask for none.
    Tls,
    /// Something else; its first bytes.
    Foreign(Vec<u8>),
    /// Kafka that wants a login, in one of these ways.
    Login(Vec<String>),
    /// It speaks this version of TLS, older than ours.
    OldTls(String),
    /// It accepts connections and says nothing, whatever it is asked.
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
    /// `host:port`, several separated by commas, as the settings have them. What is no such thing is passed over.
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

/// Looks at all targets side by side, and at the brokers that they name as soon as they name them, except those that
/// are targets themselves. The reports are in the order of the targets, then of the brokers' numbers.
#[must_use]
pub fn run(targets: &[Target], credentials: &Credentials, limits: &Limits) -> Vec<Report> {
    let end = Instant::now() + limits.whole;
    let look = |target: &Target| look(target, credentials, limits, end);
    let seen = Mutex::new(targets.to_vec());
    let follow = |target: &Target| {
        let report = look(target);
        let named = side_by_side(&unseen(&report, &seen), look);
        (report, named)
    };
    let (mut reports, named): (Vec<Report>, Vec<Vec<Report>>) =
        side_by_side(targets, follow).into_iter().unzip();
    let mut named: Vec<Report> = named.into_iter().flatten().collect();
    named.sort_by_key(|report| report.target.node);
    reports.extend(named);
    reports
}

fn side_by_side<T: Send>(targets: &[Target], look: impl Fn(&Target) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let look = &look;
        let threads: Vec<_> = targets
            .iter()
            .map(|target| scope.spawn(move || look(target)))
            .collect();
        let ends = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ends.filter_map(Result::ok).collect()
    })
}

/// The brokers that a report names and nobody looks at yet; from now on somebody does.
fn unseen(report: &Report, seen: &Mutex<Vec<Target>>) -> Vec<Target> {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = Vec::new();
    for target in report.nodes().map(Target::from) {
        let same = |other: &Target| (&other.host, other.port) == (&target.host, target.port);
        if !seen.iter().any(same) && found.len() < NODES {
            seen.push(target.clone());
            found.push(target);
        }
    }
    found
}

impl From<&Node> for Target {
    fn from(node: &Node) -> Target {
        let bare = node.host.contains(':') && !node.host.starts_with('[');
        Target {
            host: if bare {
                format!("[{}]", node.host)
            } else {
                node.host.clone()
            },
            port: node.port,
            node: Some(node.id),
        }
    }
}

fn look(target: &Target, credentials: &Credentials, limits: &Limits, end: Instant) -> Report {
    let limit = limits
        .resolve
        .min(end.saturating_duration_since(Instant::now()));
    let (resolved, mut addresses) = match resolve::addresses(target, credentials.family, limit) {
        Ok(addresses) => (Ok(()), addresses),
        Err(why) => (Err(why), Vec::new()),
    };
    let left_out = addresses.len().saturating_sub(ADDRESSES);
    addresses.truncate(ADDRESSES);
    let visitor = address::Visitor {
        host: &target.host,
        credentials,
        limits,
        end,
    };
    let addresses = thread::scope(|scope| {
        let visit = |address| {
            let visitor = &visitor;
            scope.spawn(move || visitor.visit(address))
        };
        let threads: Vec<_> = addresses.into_iter().map(visit).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    Report {
        target: target.clone(),
        resolved,
        addresses,
        left_out,
    }
}
