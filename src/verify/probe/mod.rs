//! Probes every address of every broker as the client library connects, layer by layer: name, TCP, TLS, Kafka.
//! Returns facts; reads and changes nothing.

mod address;
mod facts;
mod protocol;
mod resolve;
mod transport;

use crate::util::mutex::lock;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

pub use facts::{
    Address, Answer, Credentials, Family, Limits, Listener, Node, Report, ResolveError, Target, Tcp,
};

/// Largest number of addresses per name.
const MAX_ADDRESSES: usize = 8;
/// Largest number of advertised brokers.
const MAX_NODES: usize = 64;

/// Probes all targets in parallel, and the brokers that they advertise, except those that are targets themselves. The
/// reports are in the order of the targets, then of the brokers' ids.
#[must_use]
pub fn run(targets: &[Target], credentials: &Credentials, limits: &Limits) -> Vec<Report> {
    let end = Instant::now() + limits.whole;
    let probe_target = |target: &Target| probe_target(target, credentials, limits, end);
    let probed = Mutex::new(targets.to_vec());
    let follow = |target: &Target| {
        let report = probe_target(target);
        let named = in_parallel(&take_unprobed(&report, &probed), probe_target);
        (report, named)
    };
    let (mut reports, named): (Vec<Report>, Vec<Vec<Report>>) =
        in_parallel(targets, follow).into_iter().unzip();
    let mut named: Vec<Report> = named.into_iter().flatten().collect();
    named.sort_by_key(|report| report.target.node);
    reports.extend(named);
    reports
}

fn in_parallel<T: Send>(targets: &[Target], probe_target: impl Fn(&Target) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let probe_target = &probe_target;
        let threads: Vec<_> = targets
            .iter()
            .map(|target| scope.spawn(move || probe_target(target)))
            .collect();
        let ends = threads.into_iter().map(thread::ScopedJoinHandle::join);
        ends.filter_map(Result::ok).collect()
    })
}

/// The advertised brokers of a report that are not probed yet, marked as probed.
fn take_unprobed(report: &Report, probed: &Mutex<Vec<Target>>) -> Vec<Target> {
    let mut probed = lock(&probed);
    let mut found = Vec::new();
    for target in report.nodes().map(Target::from) {
        let same = |other: &Target| (&other.host, other.port) == (&target.host, target.port);
        if !probed.iter().any(same) && found.len() < MAX_NODES {
            probed.push(target.clone());
            found.push(target);
        }
    }
    found
}

impl From<&Node> for Target {
    fn from(node: &Node) -> Target {
        let without_brackets = node.host.contains(':') && !node.host.starts_with('[');
        Target {
            host: if without_brackets {
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
    limits: &Limits,
    end: Instant,
) -> Report {
    let limit = limits
        .resolve
        .min(end.saturating_duration_since(Instant::now()));
    let (resolved, mut addresses) = match resolve::addresses(target, credentials.family, limit) {
        Ok(addresses) => (Ok(()), addresses),
        Err(why) => (Err(why), Vec::new()),
    };
    let left_out = addresses.len().saturating_sub(MAX_ADDRESSES);
    addresses.truncate(MAX_ADDRESSES);
    let visitor = address::AddressProbe {
        host: &target.host,
        credentials,
        limits,
        end,
    };
    let addresses = thread::scope(|scope| {
        let run = |address| {
            let visitor = &visitor;
            scope.spawn(move || visitor.run(address))
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
        left_out,
    }
}
