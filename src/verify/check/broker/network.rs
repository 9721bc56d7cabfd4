//! Checks of the layers without certificates: DNS, TCP, and Kafka's first response.

use super::client_certificate;
use super::context::BrokerContext;
use super::format::{format_list, quote_first_line};
use crate::probe::{AddressReport, Listener, ResolveError, TcpOutcome};
use crate::tls::{CLASSIC_GROUPS, HandshakeError, HandshakeErrorKind};
use crate::verify::check::{Check, Fault};

/// The first advice if an address does not respond.
const ENDPOINT: &str = "compare host and port with the endpoint that the Ditto portal shows";

pub(super) fn dns(broker: &BrokerContext<'_>) -> Vec<Check> {
    let (report, name) = (broker.report, "dns");
    let host = &report.target.host;
    let check = match &report.resolved {
        Ok(()) => Check::pass(name, format!("{host} resolves to {}", format_list(&addresses(report.addresses.iter())))),
        Err(ResolveError::Failed(words)) => {
            Check::fail(name, Fault::B1, format!("the name {host} does not resolve"))
                .fix("check the spelling against the portal, and check that this machine resolves other names (VPN, DNS server)")
                .raw(words)
        }
        Err(ResolveError::Timeout(limit)) => Check::fail(
            name,
            Fault::B1,
            format!("the DNS resolver did not answer for {host} within {} s", limit.as_secs()),
        )
        .fix("check this machine's DNS servers, VPN and network"),
        Err(ResolveError::OtherFamily) => Check::fail(
            name,
            Fault::B1,
            format!("{host} has no address of the family that broker.address.family allows"),
        )
        .fix("remove broker.address.family from the settings"),
    };
    vec![check.detail("addresses", addresses(report.addresses.iter()))]
}

fn addresses<'a>(some: impl Iterator<Item = &'a AddressReport>) -> Vec<String> {
    some.map(|one| one.address.ip().to_string()).collect()
}

pub(super) fn tcp(broker: &BrokerContext<'_>) -> Vec<Check> {
    let report = broker.report;
    if report.resolved.is_err() {
        return Vec::new();
    }
    let (open, closed): (Vec<&AddressReport>, Vec<&AddressReport>) = report
        .addresses
        .iter()
        .partition(|one| matches!(one.tcp, TcpOutcome::Connected(_)));
    if open.is_empty() {
        return vec![unreachable(broker, &closed)];
    }
    let port = report.target.port;
    let answer = format_list(&addresses(open.into_iter()));
    vec![Check::pass(
        "tcp",
        format!("port {port} is open at {answer}"),
    )]
}

fn unreachable(broker: &BrokerContext<'_>, closed: &[&AddressReport]) -> Check {
    let target = &broker.report.target;
    let tried = format_list(&addresses(closed.iter().copied()));
    let raw = closed.iter().find_map(|one| match &one.tcp {
        TcpOutcome::Refused(words) | TcpOutcome::Failed(words) => Some(words.clone()),
        _ => None,
    });
    let limit = closed.iter().find_map(|one| match one.tcp {
        TcpOutcome::TimedOut(limit) => Some(limit.as_secs()),
        _ => None,
    });
    let check = match limit {
        Some(limit) => Check::fail(
            "tcp",
            Fault::B3,
            format!("no response from {target} within {limit} s; tried {tried}"),
        )
        .fix("something drops the packets, usually a firewall: allow this machine to reach the port, or use a network that can reach it"),
        None if closed.iter().any(|one| matches!(one.tcp, TcpOutcome::Refused(_))) => {
            Check::fail("tcp", Fault::B2, format!("{target} refuses connections; tried {tried}"))
                .fix(format!("{ENDPOINT}, and check that the brokers are running"))
        }
        None => Check::fail("tcp", Fault::B2, format!("{target} cannot be reached from this machine; tried {tried}"))
            .fix(format!("{ENDPOINT}, and check the network of this machine: it has no route to these addresses")),
    };
    match raw {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

pub(super) fn kafka(broker: &BrokerContext<'_>) -> Vec<Check> {
    let Some(address) = broker.address() else {
        return Vec::new();
    };
    match &address.response {
        Some(Ok(response)) => {
            let took = response.took.as_millis();
            let message = match response.nodes.as_ref().map(Vec::len) {
                Some(count) => format!(
                    "Kafka answered in {took} ms and lists {count} {}",
                    brokers(count)
                ),
                None => format!("Kafka answered in {took} ms"),
            };
            let took = u64::try_from(took).unwrap_or(u64::MAX);
            vec![Check::pass("kafka", message).detail("milliseconds", took)]
        }
        Some(Err(_)) if client_certificate::is_rejected(address) => {
            vec![Check::skip(
                "kafka",
                "the broker rejected the user certificate",
            )]
        }
        Some(Err(failure)) => vec![no_kafka_response(
            broker,
            address.listener.as_ref(),
            failure,
        )],
        None => Vec::new(),
    }
}

fn brokers(count: usize) -> &'static str {
    if count == 1 { "broker" } else { "brokers" }
}

/// The failed check if there is no valid Kafka response.
fn no_kafka_response(
    broker: &BrokerContext<'_>,
    listener: Option<&Listener>,
    failure: &HandshakeError,
) -> Check {
    let check = match (listener, failure.kind) {
        (Some(listener), _) => unexpected_listener(broker, "kafka", listener),
        (None, HandshakeErrorKind::Timeout) => {
            unexpected_listener(broker, "kafka", &Listener::Silent)
        }
        (None, _) => unexpected_listener(broker, "kafka", &Listener::Closing),
    };
    match &failure.raw {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

/// The failed check of an unexpected kind of listener.
pub(super) fn unexpected_listener(
    broker: &BrokerContext<'_>,
    name: &'static str,
    listener: &Listener,
) -> Check {
    let target = &broker.report.target;
    let (fault, what, fix) = match listener {
        Listener::PlainKafka => (
            Fault::B5,
            format!("{target} is a Kafka listener without TLS"),
            "use the port of the TLS listener; the portal shows Ditto's endpoint".to_owned(),
        ),
        Listener::Tls => {
            let what =
                format!("{target} uses TLS, but the settings ask for a connection without TLS");
            return Check::fail_unnumbered(name, what)
                .fix("remove security.protocol from the settings; the default is ssl");
        }
        Listener::Foreign(bytes) => (
            Fault::B6,
            format!(
                "{target} is not Kafka: it answered `{}`",
                quote_first_line(bytes)
            ),
            format!(
                "{ENDPOINT}: this looks like another service, or like a proxy between here and the broker"
            ),
        ),
        Listener::Login(ways) => (
            Fault::B8,
            format!(
                "{target} is a Kafka listener that requires a login with SASL ({})",
                format_list(ways)
            ),
            "use the port of the listener for certificates (mutual TLS) that the portal shows"
                .to_owned(),
        ),
        Listener::OldTls(version) => (
            Fault::B7,
            format!("{target} supports only {version}; this program supports TLS 1.2 and TLS 1.3"),
            "the people who run the brokers must allow TLS 1.2 (`ssl.enabled.protocols`)"
                .to_owned(),
        ),
        Listener::Silent => (
            Fault::B4,
            format!("{target} accepts connections, but sends nothing"),
            format!(
                "{ENDPOINT}; if this is a proxy or load balancer, the broker behind it may be down"
            ),
        ),
        Listener::ShortHelloOnly { long, short } => (
            Fault::B10,
            format!(
                "{target} does not answer the first TLS message if it has {long} bytes, but answers one of {short} bytes: a device in between drops a message that takes two packets, or that offers post-quantum keys"
            ),
            format!(
                "add -X ssl.curves.list={CLASSIC_GROUPS} (or the property in a properties file), and ask the people who run your network to update the device"
            ),
        ),
        Listener::Closing => (
            Fault::B6,
            format!("{target} closes connections without sending anything"),
            format!(
                "{ENDPOINT}; a proxy or load balancer does this for names that it does not know"
            ),
        ),
    };
    Check::fail(name, fault, what).fix(fix)
}
