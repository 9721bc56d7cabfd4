//! Error classification: whether an error of the client library is retriable, and its explanation for people.

use rdkafka::error::RDKafkaErrorCode as Code;

use super::config::Connection;
use crate::record::{Failure, FailureClass};
use crate::util::shell;

/// Whether an error can disappear by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorClass {
    /// The library retries by itself, and that can succeed.
    Retriable,
    /// A retry fails in the same way.
    Fatal,
}

/// Classifies an error by its code, and by its message if one code has several causes.
pub(super) fn classify(code: Code, reason: &str) -> ErrorClass {
    match code {
        Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::UnknownTopic
        | Code::UnknownPartition
        | Code::UnknownTopicOrPartition
        | Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::InvalidGroupId
        | Code::InvalidTopic
        | Code::InconsistentGroupProtocol
        | Code::UnsupportedVersion
        | Code::FencedInstanceId
        | Code::Fatal
        | Code::BadMessage
        | Code::InvalidMessage
        | Code::BadCompression
        | Code::MessageSizeTooLarge
        | Code::NotImplemented
        | Code::UnsupportedFeature => ErrorClass::Fatal,
        // A restarting broker or proxy also breaks handshakes; only certificates and missing ciphers are fatal.
        Code::SSL | Code::BrokerTransportFailure if is_final_tls_error(reason) => ErrorClass::Fatal,
        _ => ErrorClass::Retriable,
    }
}

/// Whether an error is about membership in a group.
pub(super) fn is_about_group(code: Code) -> bool {
    matches!(
        code,
        Code::GroupAuthorizationFailed
            | Code::InvalidGroupId
            | Code::InconsistentGroupProtocol
            | Code::UnsupportedVersion
            | Code::FencedInstanceId
    )
}

/// Whether an error is about one address of a broker, so that another address may work.
pub(super) fn is_about_address(code: Code) -> bool {
    matches!(
        code,
        Code::SSL | Code::BrokerTransportFailure | Code::Resolve | Code::AllBrokersDown
    )
}

fn is_final_tls_error(reason: &str) -> bool {
    if let Some(alert) = alert_number(reason) {
        return REJECTION_ALERTS.contains(&alert) || PARAMETER_ALERTS.contains(&alert);
    }
    let reason = reason.to_ascii_lowercase();
    ["certificate", "wrong version", "unknown ca"]
        .iter()
        .any(|word| reason.contains(word))
}

/// TLS alerts (RFC 8446, section 6.2) about the client certificate, or about a missing one.
const REJECTION_ALERTS: [u8; 9] = [41, 42, 43, 44, 45, 46, 48, 49, 116];
/// TLS alerts about versions and ciphers. Servers with TLS 1.2 also send 40 for a missing client certificate.
const PARAMETER_ALERTS: [u8; 5] = [40, 47, 70, 71, 109];
/// `unrecognized_name`: the proxy in front of the broker has no route for the host name.
const UNRECOGNIZED_NAME_ALERT: u8 = 112;

/// The number of the TLS alert in OpenSSL's message.
fn alert_number(reason: &str) -> Option<u8> {
    let (_, rest) = reason.split_once("alert number ")?;
    let end = rest.find(|c: char| !c.is_ascii_digit());
    rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
}

/// The broker of the library's message, `ssl://host:port/id: …`: its address, and its node id if it was advertised.
pub(super) fn peer(reason: &str) -> Option<(&str, Option<i32>)> {
    let (protocol, rest) = reason.split_once("://")?;
    let (address, rest) = rest.split_once('/')?;
    let id = rest.split_once(':').map_or(rest, |(id, _)| id);
    (!protocol.contains(' ')).then_some((address, id.parse().ok()))
}

/// The action after the topic was found.
pub(super) const READING: &str = "reading";

/// The failure for an error while `doing` something to the connection's topic.
pub(super) fn failure(connection: &Connection, doing: &str, code: Code, reason: &str) -> Failure {
    let (class, why, fix) = match code {
        Code::TopicAuthorizationFailed if doing == READING => explain_missing_read(connection),
        _ => explain(connection, code, reason),
    };
    Failure {
        class,
        what: format!("{doing}: {why}"),
        fix: Some(fix),
        raw: Some(raw(code, reason)),
    }
}

/// The library's message with the standard sentence for the code: users search for both.
pub(super) fn raw(code: Code, reason: &str) -> String {
    let sentence = code.to_string();
    let sentence = broker_sentence(&sentence);
    if reason.is_empty() {
        return sentence.to_owned();
    }
    if reason.contains(sentence) {
        return reason.to_owned();
    }
    format!("{reason} ({sentence})")
}

/// `Broker: Topic authorization failed` without the code's name around it.
fn broker_sentence(sentence: &str) -> &str {
    let inner = sentence.split_once('(').map_or(sentence, |(_, rest)| rest);
    inner.trim_end_matches(')')
}

fn explain(connection: &Connection, code: Code, reason: &str) -> (FailureClass, String, String) {
    let topic = &connection.topic;
    let group = connection.group.as_deref().unwrap_or("(none)");
    let setup = |why: String, fix: String| (FailureClass::Setup, why, fix);
    match code {
        Code::TopicAuthorizationFailed => setup(
            format!(
                "{} may not read the topic {topic}, or the topic does not exist",
                principal(connection)
            ),
            "compare --topic with the portal; a broker with access rules gives the same answer for a topic that does not exist".into(),
        ),
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => setup(
            format!("the brokers do not know the topic {topic}"),
            "compare --topic with the portal; some brokers also hide topics that the user may not read".into(),
        ),
        Code::InvalidTopic => setup(
            format!("{topic:?} cannot be the name of a topic"),
            "copy the topic from the portal".into(),
        ),
        Code::GroupAuthorizationFailed => setup(
            format!(
                "{} may not use the group {group}",
                principal(connection)
            ),
            "give a --group that starts with the consumer group prefix from the portal, or leave it out: reading needs no group".into(),
        ),
        Code::InconsistentGroupProtocol => setup(
            format!(
                "the group {group} cannot be joined: it is a share group or a streams group, or its members use another protocol or assignment strategy"
            ),
            format!(
                "run ditto-cdc verify --group {}, which names the type of the group; use another group, or the same -X partition.assignment.strategy for all members",
                shell::quoted(group)
            ),
        ),
        Code::UnsupportedVersion if connection.group.is_some() => setup(
            format!("the brokers do not support the protocol with which the group {group} is joined"),
            "remove -X group.protocol=consumer, which needs Kafka 4.0 or later".into(),
        ),
        Code::FencedInstanceId => setup(
            format!("another member of the group {group} has the same group.instance.id"),
            "give each member its own -X group.instance.id=NAME".into(),
        ),
        Code::ClusterAuthorizationFailed
        | Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism => setup(
            format!("the brokers refused {}", principal(connection)),
            "download both certificates again from the portal".into(),
        ),
        Code::SSL => explain_tls(connection, reason),
        Code::AllBrokersDown | Code::BrokerTransportFailure | Code::Resolve | Code::TimedOutQueue
        | Code::OperationTimedOut => explain_unreachable(connection, reason),
        _ => (
            FailureClass::Read,
            format!("reading the topic {topic} failed"),
            "try again; if it fails again, add the line below to a support ticket".into(),
        ),
    }
}

fn explain_missing_read(connection: &Connection) -> (FailureClass, String, String) {
    (
        FailureClass::Setup,
        format!(
            "{} may not read the topic {}, which exists",
            principal(connection),
            connection.topic
        ),
        "the people who run the cluster must allow this user the operation READ on the topic (E10 in docs/troubleshooting.md)".into(),
    )
}

fn principal(connection: &Connection) -> String {
    connection.principal.as_ref().map_or_else(
        || "this client (it sends no certificate)".to_owned(),
        |name| format!("the user certificate ({name})"),
    )
}

fn explain_tls(connection: &Connection, reason: &str) -> (FailureClass, String, String) {
    let setup = |why: String, fix: &str| (FailureClass::Setup, why, fix.to_owned());
    let alert = alert_number(reason);
    match alert {
        Some(UNRECOGNIZED_NAME_ALERT) => explain_unknown_name(connection, reason),
        Some(alert) if REJECTION_ALERTS.contains(&alert) => setup(
            format!("the broker refused {}", principal(connection)),
            "check that the user certificate belongs to this cluster and has not expired, and download it again",
        ),
        Some(alert) if PARAMETER_ALERTS.contains(&alert) => setup(
            format!(
                "the broker refused {}, or the TLS versions and ciphers that were offered",
                principal(connection)
            ),
            "run `ditto-cdc verify`, which finds out what the broker accepts",
        ),
        Some(alert) => setup(
            format!("the broker ended the TLS handshake (alert {alert})"),
            "the log of the broker, or of the proxy in front of it, has the reason",
        ),
        None if reason.contains("certificate verify failed") => setup(
            "the broker's certificate does not match the cluster certificate, its host name or its dates".to_owned(),
            "check that the endpoint and the cluster certificate belong to the same cluster, and download the cluster certificate again",
        ),
        None if ends_handshake(reason) => setup(
            format!(
                "{} accepts connections, but no TLS connection could be made",
                peer(reason).map_or(connection.brokers.as_str(), |(address, _)| address)
            ),
            "run `ditto-cdc verify`, which finds out why: another port or service, a proxy whose broker is down, or a device that drops long messages (B4 to B6 and B10 in docs/troubleshooting.md)",
        ),
        None => setup(
            "no TLS connection could be made".to_owned(),
            "check the endpoint's host and port: it may not be a Kafka listener with TLS",
        ),
    }
}

/// Whether the server closed the connection, or sent nothing, during the handshake.
fn ends_handshake(reason: &str) -> bool {
    reason.contains("closed by peer") || reason.contains("in state SSL_HANDSHAKE")
}

fn explain_unknown_name(connection: &Connection, reason: &str) -> (FailureClass, String, String) {
    let (address, node) = peer(reason).unwrap_or((&connection.brokers, None));
    let name = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let (why, fix) = match node {
        Some(node) => (
            format!(
                "the proxy in front of {address} does not know the host name {name}, which the cluster advertises for node {node}"
            ),
            "the people who run the brokers must route this name too, or advertise another one (B9 in docs/troubleshooting.md)",
        ),
        None => (
            format!("the proxy in front of {address} does not know the host name {name}"),
            "compare the endpoint with the portal: the name, not an address of it (B9 in docs/troubleshooting.md)",
        ),
    };
    (FailureClass::Setup, why, fix.to_owned())
}

fn explain_unreachable(connection: &Connection, reason: &str) -> (FailureClass, String, String) {
    let brokers = &connection.brokers;
    if reason.contains("SSL handshake")
        || reason.contains("SSL routines")
        || reason.contains("in state SSL_HANDSHAKE")
    {
        return explain_tls(connection, reason);
    }
    let (why, fix) = if reason.contains("resolve") {
        (
            format!("no address is known for {brokers}"),
            "check the endpoint's spelling, and whether this machine resolves other names",
        )
    } else if reason.contains("refused") {
        (
            format!("nothing listens at {brokers}"),
            "check the endpoint's host and port",
        )
    } else {
        (
            format!("no broker answers at {brokers}"),
            "check the endpoint, and whether a firewall lets this machine reach it",
        )
    };
    (FailureClass::Setup, why, fix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::ErrorClass::{Fatal, Retriable};
    use super::*;

    /// Messages of librdkafka 2.12 as observed, shortened.
    #[test]
    #[allow(clippy::too_many_lines)] // a table of cases
    fn messages_of_the_library_are_classified_and_explained() {
        let connection = Connection {
            brokers: "broker:443".into(),
            topic: "t".into(),
            group: None,
            ca_pem: None,
            certificate_pem: None,
            key_pem: None,
            principal: Some("CN=user".into()),
            extra: Vec::new(),
            verbosity: 0,
        };
        for (code, reason, expected_class, words) in [
            (
                Code::SSL,
                "SSL handshake failed: certificate verify failed: broker certificate could not be verified",
                Fatal,
                "the broker's certificate does not match",
            ),
            (
                Code::BrokerTransportFailure,
                "error:0A000086:SSL routines::certificate verify failed (after 8ms in state SSL_HANDSHAKE)",
                Fatal,
                "the broker's certificate does not match",
            ),
            (
                Code::BrokerTransportFailure,
                "Receive failed: SSL routines::tlsv1 alert unknown ca: SSL alert number 48 (after 0ms in state APIVERSION_QUERY)",
                Fatal,
                "the broker refused the user certificate (CN=user)",
            ),
            (
                Code::SSL,
                "SSL handshake failed: SSL routines::wrong version number",
                Fatal,
                "no TLS connection could be made",
            ),
            (
                Code::SSL,
                "ssl://a.b:443/bootstrap: SSL handshake failed: SSL routines::tlsv1 unrecognized name: SSL alert number 112: client SSL authentication might be required (see ssl.certificate.location)",
                Retriable,
                "the proxy in front of a.b:443 does not know the host name a.b",
            ),
            (
                Code::SSL,
                "ssl://b2.b:9093/2: SSL handshake failed: SSL routines::tlsv1 unrecognized name: SSL alert number 112 (after 1ms)",
                Retriable,
                "the host name b2.b, which the cluster advertises for node 2",
            ),
            (
                Code::SSL,
                "SSL handshake failed: SSL routines::sslv3 alert handshake failure: SSL alert number 40",
                Fatal,
                "or the TLS versions and ciphers",
            ),
            (
                Code::SSL,
                "SSL handshake failed: SSL routines::tlsv1 alert internal error: SSL alert number 80",
                Retriable,
                "ended the TLS handshake (alert 80)",
            ),
            (
                Code::BrokerTransportFailure,
                "ssl://a.b:443/bootstrap: Disconnected: SSL connection closed by peer (after 0ms in state SSL_HANDSHAKE)",
                Retriable,
                "a.b:443 accepts connections, but no TLS connection",
            ),
            (
                Code::BrokerTransportFailure,
                "ssl://a.b:443/bootstrap: Connection setup timed out in state SSL_HANDSHAKE",
                Retriable,
                "a.b:443 accepts connections, but no TLS connection",
            ),
            (
                Code::BrokerTransportFailure,
                "Connect to ipv4#127.0.0.1:1 failed: Connection refused",
                Retriable,
                "nothing listens at broker:443",
            ),
            (
                Code::Resolve,
                "ssl://broker:443/bootstrap: Failed to resolve 'broker:443'",
                Retriable,
                "no address is known for broker:443",
            ),
            (
                Code::BrokerTransportFailure,
                "Connection setup timed out in state CONNECT",
                Retriable,
                "no broker answers at broker:443",
            ),
            (
                Code::TopicAuthorizationFailed,
                "",
                Fatal,
                "may not read the topic t",
            ),
            (
                Code::UnknownTopicOrPartition,
                "",
                Fatal,
                "do not know the topic t",
            ),
            (
                Code::GroupAuthorizationFailed,
                "",
                Fatal,
                "may not use the group",
            ),
            (
                Code::AllBrokersDown,
                "1/1 brokers are down",
                Retriable,
                "no broker answers",
            ),
        ] {
            assert_eq!(classify(code, reason), expected_class, "{reason}");
            let failure = failure(&connection, "reading", code, reason);
            assert!(failure.what.contains(words), "{reason}: {}", failure.what);
        }
    }
}
