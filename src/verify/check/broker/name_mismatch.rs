//! Check of a broker's certificate that has another name (C5), with causes that are hard to see.

use super::format::format_list;
use crate::probe::Target;
use crate::tls::PeerCertificate;
use crate::util::suggest::closest;
use crate::verify::check::{Check, Fault};

/// The remedy of a client that cannot change the name.
const WITHOUT_NAMES: &str =
    "set -X ssl.endpoint.identification.algorithm=none, which still verifies issuer and dates";

/// The failed check; `leaf` is the certificate that the broker sent.
pub(super) fn check(target: &Target, leaf: Option<&PeerCertificate>) -> Check {
    let names = leaf.map(|leaf| leaf.dns_names.clone()).unwrap_or_default();
    let what = format!(
        "the broker at {target} sends a certificate for {}, not for {}",
        format_list(&names),
        target.host
    );
    let special = leaf.and_then(|leaf| {
        brackets(target, leaf)
            .or_else(|| address_as_name(target, leaf))
            .or_else(|| final_dot(target, leaf))
    });
    let (what, fix) = match special {
        Some((cause, fix)) => (format!("{what}: {cause}"), fix),
        None => (what, usual_fix(target, &names)),
    };
    Check::fail("tls", Fault::C5, what).fix(fix)
}

fn usual_fix(target: &Target, names: &[String]) -> String {
    match closest(&target.host, names) {
        Some(name) if target.node.is_none() => format!(
            "set the brokers to the name in the certificate (the closest is {name}); compare with the portal's endpoint"
        ),
        _ => format!(
            "the people who run the brokers must add {} to the names in the certificate",
            target.host
        ),
    }
}

/// librdkafka 2.12 compares an IPv6 address with its brackets.
fn brackets(target: &Target, leaf: &PeerCertificate) -> Option<(&'static str, String)> {
    let bare = target.host.strip_prefix('[')?.strip_suffix(']')?;
    leaf.holds_address(bare).then(|| {
        let cause = "the client library (librdkafka 2.12) compares the address with its brackets";
        (
            cause,
            format!("use a host name of the broker, or {WITHOUT_NAMES}"),
        )
    })
}

/// Clients compare an address with IP entries only (RFC 9525, section 6.5).
fn address_as_name(target: &Target, leaf: &PeerCertificate) -> Option<(&'static str, String)> {
    let bare = target.host.trim_start_matches('[').trim_end_matches(']');
    leaf.has_address_as_name(bare).then(|| {
        let cause = "it has the address as a DNS entry, and clients compare an address only with IP entries";
        let fix = format!("the people who run the brokers must add the entry IP:{bare} to the certificate; or use a host name");
        (cause, fix)
    })
}

/// The client library compares a name as it was advertised; the settings remove the dot of a bootstrap broker.
fn final_dot(target: &Target, leaf: &PeerCertificate) -> Option<(&'static str, String)> {
    let name = target.host.strip_suffix('.')?;
    let is_name = |known: &String| known.eq_ignore_ascii_case(name);
    leaf.dns_names.iter().any(is_name).then(|| {
        let cause = "the client library (librdkafka 2.12) compares the name with the dot at its end";
        let fix = format!("the people who run the brokers must advertise {name} without the dot; or {WITHOUT_NAMES}");
        (cause, fix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(host: &str, node: Option<i32>, dns: &[&str], addresses: &[&str]) -> String {
        let target = Target {
            host: host.to_owned(),
            port: 9093,
            node,
        };
        let names = dns.iter().chain(addresses).map(|name| (*name).to_owned());
        let leaf = PeerCertificate {
            subject: "CN=broker".to_owned(),
            issuer: "CN=ca".to_owned(),
            dns_names: names.collect(),
            addresses: addresses.iter().filter_map(|ip| ip.parse().ok()).collect(),
            not_before: None,
            not_after: None,
            serial: "1".to_owned(),
            self_signed: false,
        };
        let check = check(&target, Some(&leaf));
        format!("{}; {}", check.message, check.fix.unwrap_or_default())
    }

    #[test]
    fn causes_that_are_hard_to_see_are_named() {
        for (host, node, dns, addresses, words) in [
            (
                "[::1]",
                None,
                &[][..],
                &["::1"][..],
                "with its brackets; use a host name",
            ),
            ("[::1]", None, &["::1"], &[], "the entry IP:::1"),
            ("[::1]", None, &["a"], &["::2"], "the closest is"),
            (
                "127.0.0.1",
                None,
                &["127.0.0.1"],
                &[],
                "the entry IP:127.0.0.1",
            ),
            (
                "10.0.0.7",
                Some(1),
                &["a"],
                &[],
                "must add 10.0.0.7 to the names",
            ),
            (
                "a.example.",
                Some(1),
                &["A.example"],
                &[],
                "must advertise a.example without the dot",
            ),
            (
                "b.example.",
                Some(1),
                &["a.example"],
                &[],
                "must add b.example. to the names",
            ),
            (
                "b.example",
                None,
                &["a.example"],
                &[],
                "the closest is a.example",
            ),
        ] {
            let message = message(host, node, dns, addresses);
            assert!(message.contains(words), "{host}: {message}");
        }
    }
}
