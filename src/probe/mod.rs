//! Network probe of brokers, layer by layer: DNS, TCP, TLS, Kafka. It connects as the client library does, to each
//! address of a name, and changes nothing on the brokers.

mod accepted_keys;
mod address;
mod facts;
mod protocol;
mod resolve;
mod transport;
pub mod wire;

use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::util::mutex::lock;

pub use accepted_keys::accepted_keys;
pub use facts::{
    AddressFamily, AddressReport, Credentials, Group, KafkaResponse, Listener, Node, Report,
    ResolveError, Target, TcpOutcome, Timeouts,
};

/// Limit of addresses per name; further ones are not probed.
const MAX_ADDRESSES: usize = 8;
/// Limit of advertised brokers per target; further ones are not probed.
const MAX_NODES: usize = 64;

/// Probes all targets in parallel, and the brokers that they advertise, except those that are targets themselves. The
/// reports are in the order of the targets, then of the brokers' ids.
#[must_use]
pub fn run(targets: &[Target], credentials: &Credentials, timeouts: &Timeouts) -> Vec<Report> {
    let deadline = Instant::now() + timeouts.total;
    let probe_target = |target: &Target| probe_target(target, credentials, timeouts, deadline);
    let probed = Mutex::new(targets.to_vec());
    let probe_with_advertised = |target: &Target| {
        let report = probe_target(target);
        let advertised = in_parallel(&take_unprobed(&report, &probed), probe_target);
        (report, advertised)
    };
    let (mut reports, advertised): (Vec<Report>, Vec<Vec<Report>>) =
        in_parallel(targets, probe_with_advertised)
            .into_iter()
            .unzip();
    let mut advertised: Vec<Report> = advertised.into_iter().flatten().collect();
    advertised.sort_by_key(|report| report.target.node);
    reports.extend(advertised);
    reports
}

/// Probes the targets in parallel, but not the brokers that they advertise.
#[must_use]
pub fn run_alone(
    targets: &[Target],
    credentials: &Credentials,
    timeouts: &Timeouts,
) -> Vec<Report> {
    let deadline = Instant::now() + timeouts.total;
    in_parallel(targets, |target| {
        probe_target(target, credentials, timeouts, deadline)
    })
}

/// The addresses of a broker's name, as many as are probed; empty if it does not resolve within the timeout.
#[must_use]
pub fn addresses(target: &Target, family: AddressFamily, timeout: Duration) -> Vec<SocketAddr> {
    let mut addresses = resolve::resolve(target, family, timeout).unwrap_or_default();
    addresses.truncate(MAX_ADDRESSES);
    addresses
}

fn in_parallel<T: Send>(targets: &[Target], probe_target: impl Fn(&Target) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let probe_target = &probe_target;
        let threads: Vec<_> = targets
            .iter()
            .map(|target| scope.spawn(move || probe_target(target)))
            .collect();
        let results = threads.into_iter().map(thread::ScopedJoinHandle::join);
        results.filter_map(Result::ok).collect()
    })
}

/// The advertised brokers of a report that are not probed yet. They are added to `probed`.
fn take_unprobed(report: &Report, probed: &Mutex<Vec<Target>>) -> Vec<Target> {
    let mut probed = lock(probed);
    let mut unprobed = Vec::new();
    for target in report.nodes().map(Target::from) {
        let same = |other: &Target| (&other.host, other.port) == (&target.host, target.port);
        if !probed.iter().any(same) && unprobed.len() < MAX_NODES {
            probed.push(target.clone());
            unprobed.push(target);
        }
    }
    unprobed
}

impl From<&Node> for Target {
    fn from(node: &Node) -> Target {
        let needs_brackets = node.host.contains(':') && !node.host.starts_with('[');
        Target {
            host: if needs_brackets {
                format!("[{}]", node.host)
            } else {
                node.host.clone()
            },
            port: node.port,
            node: Some(node.id),
        }
    }
}

fn probe_target(
    target: &Target,
    credentials: &Credentials,
    timeouts: &Timeouts,
    deadline: Instant,
) -> Report {
    let timeout = timeouts
        .resolve
        .min(deadline.saturating_duration_since(Instant::now()));
    let (resolved, mut addresses) = match resolve::resolve(target, credentials.family, timeout) {
        Ok(addresses) => (Ok(()), addresses),
        Err(why) => (Err(why), Vec::new()),
    };
    addresses.truncate(MAX_ADDRESSES);
    let probe = address::AddressProbe {
        host: &target.host,
        credentials,
        timeouts,
        deadline,
    };
    let addresses = thread::scope(|scope| {
        let run = |address| {
            let probe = &probe;
            scope.spawn(move || probe.run(address))
        };
        let threads: Vec<_> = addresses.into_iter().map(run).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    });
    Report {
        target: target.clone(),
        resolved,
        addresses,
    }
}
