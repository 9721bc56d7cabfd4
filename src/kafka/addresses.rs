//! What the addresses of a broker's name answer: an error of one address is final only if no other address works,
//! because the client library tries them in turn.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::config::Connection;
use super::failure::peer;
use crate::probe::{self, AddressReport, Credentials, Report, Target, TcpOutcome, Timeouts};
use crate::util::mutex::lock;

/// How long a verdict about the same brokers is used again.
const VALIDITY: Duration = Duration::from_secs(10);
/// Short: reading waits meanwhile. An address that needs more time counts as one that does not work.
const TIMEOUTS: Timeouts = Timeouts {
    resolve: Duration::from_secs(1),
    connect: Duration::from_secs(2),
    handshake: Duration::from_secs(2),
    response: Duration::from_secs(2),
    total: Duration::from_secs(3),
};

/// What the addresses answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is only one address, which was not tried again.
    OnlyAddress,
    /// At least one address works. The text names those that do not, with their faults; empty if all work.
    Works(String),
    /// No address works; the text names each with its fault.
    NoneWorks(String),
}

/// The latest verdict, and the messages that were reported.
#[derive(Default)]
pub(super) struct AddressChecks(Mutex<State>);

#[derive(Default)]
struct State {
    latest: Option<(Vec<Target>, Instant, Verdict)>,
    reported: Vec<String>,
}

impl AddressChecks {
    /// Tries each address of the broker of an error, or of all bootstrap brokers if the error is about one of them.
    pub(super) fn judge(&self, connection: &Connection, reason: &str) -> Verdict {
        let targets = targets(connection, reason);
        let mut state = lock(&self.0);
        if let Some((of, at, verdict)) = &state.latest
            && *of == targets
            && at.elapsed() < VALIDITY
        {
            return verdict.clone();
        }
        let verdict = try_addresses(connection, &targets);
        state.latest = Some((targets, Instant::now(), verdict.clone()));
        verdict
    }

    /// The message about addresses that do not work; `None` if it was reported before.
    pub(super) fn unreported(&self, faults: &str) -> Option<String> {
        let reported = &mut lock(&self.0).reported;
        if faults.is_empty() || reported.iter().any(|line| line == faults) {
            return None;
        }
        reported.push(faults.to_owned());
        Some(format!(
            "{faults}; another address works and is used (B11 in docs/troubleshooting.md)"
        ))
    }
}

/// The broker that an error is about; all bootstrap brokers if it is one of them, or unknown.
fn targets(connection: &Connection, reason: &str) -> Vec<Target> {
    let advertised = match peer(reason) {
        Some((address, Some(_))) => Some(address),
        Some((_, None)) => None,
        None => coordinator(reason),
    };
    Target::list(advertised.unwrap_or(&connection.brokers))
}

/// The address in the library's message about a group's coordinator, `GroupCoordinator: host:port: …`.
fn coordinator(reason: &str) -> Option<&str> {
    let rest = reason.strip_prefix("GroupCoordinator: ")?;
    rest.split_once(": ").map(|(address, _)| address)
}

fn try_addresses(connection: &Connection, targets: &[Target]) -> Verdict {
    let credentials = Credentials::new(
        connection.ca_pem.clone(),
        connection.certificate_pem.clone(),
        connection.key_pem.clone(),
        &connection.extra,
    );
    // The client library uses the same files, and reports what is wrong with them.
    let Ok(credentials) = credentials else {
        return Verdict::OnlyAddress;
    };
    if let [target] = targets
        && probe::addresses(target, credentials.family, TIMEOUTS.resolve).len() < 2
    {
        return Verdict::OnlyAddress;
    }
    let reports = probe::run_alone(targets, &credentials, &TIMEOUTS);
    let faults: Vec<String> = reports.iter().flat_map(faults).collect();
    let faults = faults.join("; ");
    if reports.iter().any(Report::works) {
        Verdict::Works(faults)
    } else {
        Verdict::NoneWorks(faults)
    }
}

/// One text for each address that does not work.
fn faults(report: &Report) -> Vec<String> {
    let target = &report.target;
    if report.resolved.is_err() {
        return vec![format!("{} has no address", target.host)];
    }
    let unusable = report.addresses.iter().filter(|one| !one.works());
    unusable
        .map(|one| {
            let address = one.address;
            if address.ip().to_string() == target.host {
                return format!("{address}: {}", fault(one));
            }
            format!("{address}, an address of {}: {}", target.host, fault(one))
        })
        .collect()
}

fn fault(address: &AddressReport) -> String {
    match &address.tcp {
        TcpOutcome::Refused(_) => return "connection refused".to_owned(),
        TcpOutcome::TimedOut(_) => return "no answer".to_owned(),
        TcpOutcome::Failed(why) => return why.clone(),
        TcpOutcome::Connected(_) => {}
    }
    let handshake = address.handshake.as_ref();
    if let Some(error) = handshake.and_then(|made| made.errors.first()) {
        return format!("its certificate is not accepted ({})", error.raw);
    }
    let of_handshake = handshake.and_then(|made| made.error.as_ref());
    let of_kafka = || address.response.as_ref()?.as_ref().err();
    let error = of_handshake.or_else(of_kafka);
    let raw = error.and_then(|error| error.raw.clone());
    raw.unwrap_or_else(|| "no answer to TLS or Kafka's first request".to_owned())
}
