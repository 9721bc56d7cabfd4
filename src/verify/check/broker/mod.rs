//! From what the probe saw to findings: name, TCP, TLS, user certificate, Kafka's first answer, advertised brokers.
//! Pure: the sentences about certificates stand in `trust` and `user`, and nothing here looks at the world.

mod advertised;
mod format;
mod network;
mod trust;
mod user;

use super::{Check, Status};
use crate::tls::{Anchor, Keystore, Served, Truststore};
use crate::verify::probe::{Address, Report, Tcp};

/// What is known without asking a broker.
#[derive(Debug, Clone)]
pub struct Known {
    /// This machine's clock, in seconds since 1970.
    pub now: i64,
    /// The certificates of `cluster.p12`; none where the settings bring others.
    pub anchors: Vec<Anchor>,
    /// The certificates of `user.p12`, the user's own first; none where there is no such file.
    pub user: Vec<Served>,
    /// Whether the user's certificate may be used by a client.
    pub user_may_be_a_clients: bool,
    /// How the cluster certificate is called in sentences: its path; empty where there is none.
    pub cluster_file: String,
    /// How the user certificate is called in sentences: its path; empty where there is none.
    pub user_file: String,
}

impl Known {
    /// What the two files say.
    #[must_use]
    pub fn new(now: i64, cluster: Option<&Truststore>, user: Option<&Keystore>) -> Known {
        Known {
            now,
            anchors: cluster
                .map(|store| store.anchors().to_vec())
                .unwrap_or_default(),
            user: user.map(|store| store.chain().to_vec()).unwrap_or_default(),
            user_may_be_a_clients: user.is_none_or(Keystore::may_be_a_clients),
            cluster_file: String::new(),
            user_file: String::new(),
        }
    }

    fn cluster(&self) -> &str {
        named(&self.cluster_file, "the cluster certificate")
    }

    fn own(&self) -> &str {
        named(&self.user_file, "the user certificate")
    }
}

fn named<'a>(path: &'a str, word: &'static str) -> &'a str {
    if path.is_empty() { word } else { path }
}

/// The layers that every broker of the settings goes through, in their order.
const LAYERS: [(&str, Judge); 5] = [
    ("dns", network::dns),
    ("tcp", network::tcp),
    ("tls", trust::tls),
    ("client-certificate", user::client_certificate),
    ("kafka", network::kafka),
];

/// Judges one layer of one broker. No finding means that the layer was not reached.
type Judge = fn(&Subject<'_>) -> Vec<Check>;

/// A broker under judgement.
struct Subject<'a> {
    report: &'a Report,
    known: &'a Known,
    all: &'a [Report],
}

impl<'a> Subject<'a> {
    /// The address that got furthest; what is said about a broker is said about this one.
    fn address(&self) -> Option<&'a Address> {
        // The first of several that got equally far is the one that the library tries first.
        self.report
            .addresses
            .iter()
            .rev()
            .max_by_key(|address| reached(address))
    }
}

fn reached(address: &Address) -> u8 {
    let finished = address
        .handshake
        .as_ref()
        .is_some_and(|made| made.broken.is_none());
    match (&address.tcp, address.works()) {
        (_, true) => 4,
        (Tcp::Open(_), _) if finished || address.answer.is_some() => 3,
        (Tcp::Open(_), _) => 2,
        _ => 1,
    }
}

/// The findings about all brokers, in the order of the layers. Brokers of the settings stand for each other: where one
/// works, the faults of the others are warnings.
#[must_use]
pub fn checks(reports: &[Report], known: &Known) -> Vec<Check> {
    let (named, typed): (Vec<&Report>, Vec<&Report>) = reports
        .iter()
        .partition(|report| report.target.node.is_some());
    let subject = |report| Subject {
        report,
        known,
        all: reports,
    };
    let typed: Vec<Subject<'_>> = typed.into_iter().map(subject).collect();
    let named: Vec<Subject<'_>> = named.into_iter().map(subject).collect();
    let works = typed.iter().any(|subject| subject.report.works());
    let mut checks = Vec::new();
    for (name, judge) in LAYERS {
        let found = typed.iter().flat_map(|subject| {
            let about = |check: Check| check.about(subject.report.target.to_string());
            judge(subject).into_iter().map(about)
        });
        checks.extend(layer(name, found.collect(), works));
    }
    checks.push(advertised::summary(&typed, &named, works));
    checks.extend(named.iter().flat_map(advertised::faults));
    checks
}

/// One layer's findings: what passed in one line, what did not each on its own.
fn layer(name: &'static str, found: Vec<Check>, works: bool) -> Vec<Check> {
    let (passed, mut rest): (Vec<Check>, Vec<Check>) = found
        .into_iter()
        .partition(|check| check.status == Status::Pass);
    if works {
        rest.iter_mut().for_each(lessen);
    }
    let mut all = together(passed);
    all.extend(rest);
    if all.is_empty() {
        all.push(Check::skip(name, "an earlier check of the brokers failed"));
    }
    all
}

/// Another broker of the settings works, and the client library goes on with that one.
fn lessen(check: &mut Check) {
    if check.status == Status::Fail {
        check.status = Status::Warn;
    }
}

fn together(mut passed: Vec<Check>) -> Vec<Check> {
    let more = passed.len().saturating_sub(1);
    passed.truncate(1);
    for check in passed.iter_mut().filter(|_| more > 0) {
        let brokers = if more == 1 { "broker" } else { "brokers" };
        check.message = format!("{}; {more} more {brokers} alike", check.message);
    }
    passed
}
