//! The layers without certificates: the name, the connection, and whether Kafka answers.
//! What TLS says about certificates is judged in `trust` and `user`.

use super::format::{first_bytes, list};
use super::{Subject, user};
use crate::tls::{Broken, Ending};
use crate::verify::check::{Check, Fault};
use crate::verify::probe::{Address, Listener, Tcp, Unresolved};

/// What is told to check where an address does not answer.
const ENDPOINT: &str = "compare host and port with the endpoint that the Ditto portal shows";

pub(super) fn dns(subject: &Subject<'_>) -> Vec<Check> {
    let (report, name) = (subject.report, "dns");
    let host = &report.target.host;
    let check = match &report.resolved {
        Ok(()) => Check::pass(name, format!("{host} is {}", list(&addresses(report.addresses.iter())))),
        Err(Unresolved::Failed(words)) => {
            Check::fail(name, Fault::B1, format!("the name {host} does not resolve"))
                .fix("check its spelling against the portal, and whether this machine resolves other names (VPN, DNS server)")
                .raw(words)
        }
        Err(Unresolved::Silent(limit)) => Check::fail(
            name,
            Fault::B1,
            format!("the resolver did not answer for {host} within {} s", limit.as_secs()),
        )
        .fix("check this machine's DNS servers, VPN and network"),
        Err(Unresolved::OtherFamily) => Check::fail(
            name,
            Fault::B1,
            format!("{host} has no address of the kind that broker.address.family allows"),
        )
        .fix("leave broker.address.family out"),
    };
    vec![check.detail("addresses", addresses(report.addresses.iter()))]
}

fn addresses<'a>(some: impl Iterator<Item = &'a Address>) -> Vec<String> {
    some.map(|one| one.address.ip().to_string()).collect()
}

pub(super) fn tcp(subject: &Subject<'_>) -> Vec<Check> {
    let report = subject.report;
    if report.resolved.is_err() {
        return Vec::new();
    }
    let (open, shut): (Vec<&Address>, Vec<&Address>) = report
        .addresses
        .iter()
        .partition(|one| matches!(one.tcp, Tcp::Open(_)));
    if open.is_empty() {
        return vec![unreachable(subject, &shut)];
    }
    let port = report.target.port;
    let answer = list(&addresses(open.into_iter()));
    // Where a name means this machine, nobody wonders that one of its two addresses is not used.
    let elsewhere: Vec<&Address> = shut
        .into_iter()
        .filter(|one| !one.address.ip().is_loopback())
        .collect();
    if elsewhere.is_empty() {
        return vec![Check::pass(
            "tcp",
            format!("port {port} is open at {answer}"),
        )];
    }
    let dead = list(&addresses(elsewhere.iter().copied()));
    let check = Check::warn(
        "tcp",
        format!("port {port} is open at {answer}, but not at {dead}"),
    );
    let check = check.with_fault(fault(&elsewhere));
    vec![check.fix("connecting will be slow at times: tell the network's or the brokers' owner which address does not answer")]
}

fn fault(shut: &[&Address]) -> Fault {
    let dropped = shut.iter().any(|one| matches!(one.tcp, Tcp::Dropped(_)));
    if dropped { Fault::B3 } else { Fault::B2 }
}

fn unreachable(subject: &Subject<'_>, shut: &[&Address]) -> Check {
    let target = &subject.report.target;
    let tried = list(&addresses(shut.iter().copied()));
    let raw = shut.iter().find_map(|one| match &one.tcp {
        Tcp::QueryError(words) | Tcp::Failed(words) => Some(words.clone()),
        _ => None,
    });
    let limit = shut.iter().find_map(|one| match one.tcp {
        Tcp::Dropped(limit) => Some(limit.as_secs()),
        _ => None,
    });
    let check = match limit {
        Some(limit) => Check::fail(
            "tcp",
            Fault::B3,
            format!("nothing came back from {target} within {limit} s; tried {tried}"),
        )
        .fix("something drops the packets, mostly a firewall: let this machine reach the port, or use the network that may"),
        None => Check::fail("tcp", Fault::B2, format!("{target} refuses connections; tried {tried}"))
            .fix(format!("{ENDPOINT}, and whether the brokers run")),
    };
    match raw {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

pub(super) fn kafka(subject: &Subject<'_>) -> Vec<Check> {
    let Some(address) = subject.address() else {
        return Vec::new();
    };
    match &address.answer {
        Some(Ok(answer)) => {
            let took = answer.took.as_millis();
            let told = match answer.nodes.as_ref().map(Vec::len) {
                Some(count) => format!(
                    "Kafka answered in {took} ms and names {count} {}",
                    brokers(count)
                ),
                None => format!("Kafka answered in {took} ms"),
            };
            let took = u64::try_from(took).unwrap_or(u64::MAX);
            vec![Check::pass("kafka", told).detail("milliseconds", took)]
        }
        Some(Err(_)) if user::is_refused(address) => {
            vec![Check::skip(
                "kafka",
                "the broker refused the user certificate",
            )]
        }
        Some(Err(broken)) => vec![other(subject, address.listener.as_ref(), broken)],
        None => Vec::new(),
    }
}

fn brokers(count: usize) -> &'static str {
    if count == 1 { "broker" } else { "brokers" }
}

/// What is where Kafka's answer should have been.
fn other(subject: &Subject<'_>, listener: Option<&Listener>, broken: &Broken) -> Check {
    let check = match (listener, broken.ending) {
        (Some(listener), _) => foreign(subject, "kafka", listener),
        (None, Ending::Silent) => foreign(subject, "kafka", &Listener::Silent),
        (None, _) => foreign(subject, "kafka", &Listener::Closing),
    };
    match &broken.raw {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

/// A listener that is not what was expected.
pub(super) fn foreign(subject: &Subject<'_>, name: &'static str, listener: &Listener) -> Check {
    let target = &subject.report.target;
    let (fault, what, fix) = match listener {
        Listener::PlainKafka => (
            Fault::B5,
            format!("{target} is a Kafka listener without TLS"),
            "use the port of the TLS listener: Ditto's endpoint is shown in the portal".to_owned(),
        ),
        Listener::Tls => {
            let what =
                format!("{target} speaks TLS, and the settings ask for a connection without it");
            return Check::fail_unnumbered(name, what)
                .fix("take security.protocol out of the settings: it is ssl without it");
        }
        Listener::Foreign(bytes) => (
            Fault::B6,
            format!(
                "{target} is not Kafka: it answered `{}`",
                first_bytes(bytes)
            ),
            format!("{ENDPOINT}: this looks like another service, or a proxy in between"),
        ),
        Listener::Login(ways) => (
            Fault::B8,
            format!(
                "{target} is a Kafka listener that wants a login (SASL: {})",
                list(ways)
            ),
            "use the port of the listener for certificates (mutual TLS), as the portal shows it"
                .to_owned(),
        ),
        Listener::OldTls(version) => (
            Fault::B7,
            format!("{target} speaks {version}; this program speaks TLS 1.2 and TLS 1.3"),
            "the brokers' owner must allow TLS 1.2 (`ssl.enabled.protocols`)".to_owned(),
        ),
        Listener::Silent => (
            Fault::B4,
            format!("{target} accepts connections and then says nothing"),
            format!("{ENDPOINT}; behind a proxy or load balancer, its broker may be gone"),
        ),
        Listener::Closing => (
            Fault::B6,
            format!("{target} closes connections without a word"),
            format!("{ENDPOINT}; a proxy or load balancer does so for names that it does not know"),
        ),
    };
    Check::fail(name, fault, what).fix(fix)
}
