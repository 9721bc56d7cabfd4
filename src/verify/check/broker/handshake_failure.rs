//! Checks of handshakes that failed for another reason than a certificate.

use super::context::BrokerContext;
use super::format::format_alert;
use super::network;
use crate::probe::AddressReport;
use crate::tls::{HandshakeError, HandshakeErrorKind};
use crate::verify::check::{Check, Fault};

/// `unrecognized_name`
const UNRECOGNIZED_NAME: u8 = 112;
/// `protocol_version`
const PROTOCOL_VERSION: u8 = 70;
/// `handshake_failure`, `illegal_parameter`, `insufficient_security`, `missing_extension`: no common parameters.
const NO_COMMON_PARAMETERS: [u8; 4] = [40, 47, 71, 109];

pub(super) fn check(
    broker: &BrokerContext<'_>,
    address: &AddressReport,
    failure: &HandshakeError,
) -> Check {
    let target = &broker.report.target;
    let check = match (&address.listener, failure.kind) {
        (Some(listener), _) => network::unexpected_listener(broker, "tls", listener),
        (None, HandshakeErrorKind::Alert(number)) => alert(broker, address, number),
        (None, HandshakeErrorKind::InvalidConfig) => {
            Check::fail_unnumbered("tls", "the TLS settings cannot be used".to_owned())
                .fix("check the ssl.* properties: ciphers, curves, certificates and keys")
        }
        (None, HandshakeErrorKind::Timeout) => Check::fail(
            "tls",
            Fault::B4,
            format!("{target} stopped responding during the handshake"),
        )
        .fix("try again; if it happens again, a firewall or proxy between here and the broker drops packets"),
        (None, _) => Check::fail(
            "tls",
            Fault::B7,
            format!(
                "{target} offers {}, which this program does not accept",
                handshake_version(address)
            ),
        )
        .fix("the people who run the brokers must allow TLS 1.2 or 1.3 with current ciphers and keys"),
    };
    match &failure.raw {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

fn alert(broker: &BrokerContext<'_>, address: &AddressReport, number: u8) -> Check {
    let target = &broker.report.target;
    match number {
        UNRECOGNIZED_NAME => unrecognized_name(broker, address),
        PROTOCOL_VERSION => Check::fail(
            "tls",
            Fault::B7,
            format!("{target} supports no TLS version that this program supports (1.2 and 1.3)"),
        )
        .fix("the people who run the brokers must allow TLS 1.2 or 1.3"),
        number if NO_COMMON_PARAMETERS.contains(&number) => Check::fail(
            "tls",
            Fault::B7,
            format!(
                "{target} ended the handshake: it accepts none of the ciphers offered (alert {number})"
            ),
        )
        .fix("remove ssl.cipher.suites, ssl.curves.list and ssl.sigalgs.list from the settings, or ask the people who run the brokers which ciphers they allow"),
        number => Check::fail_unnumbered(
            "tls",
            format!("{target} ended the handshake ({})", format_alert(number)),
        )
        .fix("the log of the broker, or of the proxy in front of it, has the reason: ask the people who run it"),
    }
    .detail("alert", number)
}

/// The proxy in front of the broker has no route for the name.
fn unrecognized_name(broker: &BrokerContext<'_>, address: &AddressReport) -> Check {
    let target = &broker.report.target;
    let sent = address.handshake.as_ref();
    let sent = sent.and_then(|made| made.server_name.as_deref());
    let at = address.address;
    let what = match sent {
        Some(name) => format!(
            "the server at {at} does not know the host name {name}, which was sent to it (SNI; {})",
            format_alert(UNRECOGNIZED_NAME)
        ),
        None => format!(
            "the server at {at} requires a host name, and none was sent, because {} is an address ({})",
            target.host,
            format_alert(UNRECOGNIZED_NAME)
        ),
    };
    let fix = match (target.node, sent) {
        (Some(_), _) => format!(
            "your certificates and passwords are not the cause: the people who run the brokers must route {} in their proxy too, or advertise a name that it knows (`advertised.listeners`)",
            target.host
        ),
        (None, Some(name)) => format!(
            "compare {name} letter by letter with the endpoint that the Ditto portal shows; if it is the same, the people who run the brokers must add it to the proxy in front of them"
        ),
        (None, None) => {
            "use the host name of the endpoint that the Ditto portal shows, not its address"
                .to_owned()
        }
    };
    let check = Check::fail("tls", Fault::B9, what)
        .fix(fix)
        .detail("address", at.to_string());
    match sent {
        Some(name) => check.detail("serverName", name),
        None => check,
    }
}

fn handshake_version(address: &AddressReport) -> String {
    let version = address
        .handshake
        .as_ref()
        .and_then(|made| made.protocol.clone());
    version.unwrap_or_else(|| "an unknown TLS version".to_owned())
}
