//! Checks of the TLS handshake from the client's side: version, cipher, and all faults of the broker's certificate.

use super::context::BrokerContext;
use super::format::{format_date, format_duration, format_list, is_intermediate_name};
use super::{client_certificate, handshake_failure, name_mismatch};
use crate::probe::AddressReport;
use crate::tls::handshake::{CertificateError, Handshake};
use crate::tls::{HandshakeErrorKind, PeerCertificate};
use crate::util::time::DAY_SECONDS;
use crate::verify::check::{Check, Fault};

/// A broker certificate this close to its end gives a warning: automatic renewal has probably failed.
const EXPIRY_WARNING_SECONDS: i64 = 7 * DAY_SECONDS;
/// Lower-case names, as in their CA certificates, of products that intercept TLS.
const INTERCEPTION_PRODUCTS: &[&str] = &[
    "zscaler",
    "netskope",
    "fortinet",
    "fortigate",
    "palo alto",
    "blue coat",
    "umbrella",
    "sophos",
    "mcafee",
    "kaspersky",
    "avast",
    "eset",
    "mitmproxy",
    "charles proxy",
    "portswigger",
    "squid",
    "check point",
    "cato networks",
    "proxy",
];

pub(super) fn tls(broker: &BrokerContext<'_>) -> Vec<Check> {
    let Some(address) = broker.address() else {
        return Vec::new();
    };
    let Some(handshake) = &address.handshake else {
        return tls_disabled(address).into_iter().collect();
    };
    let checks = match &handshake.error {
        None => vec![handshake_completed(broker, handshake)],
        Some(failure) if failure.kind == HandshakeErrorKind::BadCertificate => {
            certificate_errors(broker, handshake)
        }
        Some(_) if client_certificate::is_rejected(address) => {
            vec![handshake_completed(broker, handshake)]
        }
        Some(failure) => vec![handshake_failure::check(broker, address, failure)],
    };
    let described = |check: Check| describe(check, handshake);
    checks.into_iter().map(described).collect()
}

fn tls_disabled(address: &AddressReport) -> Option<Check> {
    address.response.as_ref()?;
    Some(Check::skip(
        "tls",
        "the settings ask for a connection without TLS",
    ))
}

fn describe(check: Check, handshake: &Handshake) -> Check {
    let leaf = handshake.chain.first();
    let mut check = check.detail("served", handshake.chain.len());
    for (name, value) in [
        ("protocol", handshake.protocol.clone()),
        ("cipher", handshake.cipher.clone()),
        ("subject", leaf.map(|leaf| leaf.subject.clone())),
        ("issuer", leaf.map(|leaf| leaf.issuer.clone())),
        ("serial", leaf.map(|leaf| leaf.serial.clone())),
        ("until", leaf.map(|leaf| format_date(leaf.not_after))),
    ] {
        check = match value {
            Some(value) => check.detail(name, value),
            None => check,
        };
    }
    check.detail(
        "names",
        leaf.map(|leaf| leaf.dns_names.clone()).unwrap_or_default(),
    )
}

fn handshake_completed(broker: &BrokerContext<'_>, handshake: &Handshake) -> Check {
    let protocol = handshake.protocol.as_deref().unwrap_or("TLS");
    if let Some(error) = handshake.errors.first() {
        let what = format!(
            "{protocol}; the broker's certificate is not checked, and the check would fail"
        );
        let fix =
            "remove enable.ssl.certificate.verification from the settings and run verify again";
        return Check::warn("tls", what).fix(fix).raw(raw(error));
    }
    let Some(leaf) = handshake.chain.first() else {
        return Check::pass("tls", protocol);
    };
    let until = format_date(leaf.not_after);
    let message = format!(
        "{protocol}; {}, issued by {}, valid until {until}",
        leaf.subject, leaf.issuer
    );
    let left = leaf
        .not_after
        .map_or(EXPIRY_WARNING_SECONDS, |end| end - broker.local.now);
    if left >= EXPIRY_WARNING_SECONDS {
        return Check::pass("tls", message);
    }
    let what = format!("{message}: that is in {}", format_duration(left));
    Check::warn("tls", what)
        .with_fault(Fault::C3)
        .fix("tell the people who run the brokers that this certificate has not been renewed")
}

/// One check for each fault of the broker's certificate.
fn certificate_errors(broker: &BrokerContext<'_>, handshake: &Handshake) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for error in &handshake.errors {
        let check = check_certificate_error(broker, handshake, error).raw(raw(error));
        if !checks
            .iter()
            .any(|known| known.fault == check.fault && known.message == check.message)
        {
            // These are X509_V_ERR codes: 21 follows 20 for the same reason; 7 is a CA of the same name with another key.
            let chain = |code: i32| [2, 7, 18, 19, 20, 21].contains(&code);
            let reported = handshake
                .errors
                .iter()
                .take_while(|one| *one != error)
                .any(|one| chain(one.code));
            if !(chain(error.code) && reported) {
                checks.push(check);
            }
        }
    }
    checks
}

/// The error in the format of `openssl s_client`.
fn raw(error: &CertificateError) -> String {
    format!("verify error:num={}:{}", error.code, error.raw)
}

fn check_certificate_error(
    broker: &BrokerContext<'_>,
    handshake: &Handshake,
    error: &CertificateError,
) -> Check {
    match error.code {
        9 | 10 => outside_validity(broker, error),
        62 | 64 => name_mismatch::check(&broker.report.target, handshake.chain.first()),
        2 | 7 | 18 | 19 | 20 | 21 => unknown_issuer(broker, handshake, error),
        _ => {
            let target = &broker.report.target;
            let what = format!("the certificate of {target} cannot be used: {}", error.raw);
            Check::fail_unnumbered("tls", what)
                .fix("the people who run the brokers must issue another certificate")
        }
    }
}

fn outside_validity(broker: &BrokerContext<'_>, error: &CertificateError) -> Check {
    let (target, now) = (&broker.report.target, broker.local.now);
    let certificate = error.certificate.as_ref();
    let name = certificate.map_or("", |one| one.subject.as_str());
    let whose = if error.depth == 0 {
        format!("the certificate of {target} ({name})")
    } else {
        format!("the CA {name}, which issued the certificate of {target},")
    };
    let clock = format_date(Some(now));
    if error.code == 9 {
        let start = certificate.and_then(|one| one.not_before);
        let what = format!(
            "{whose} is not valid before {}; this machine's clock shows {clock}",
            format_date(start)
        );
        return Check::fail("tls", Fault::C4, what)
            .fix("set this machine's clock; if it is right, the brokers' clock was wrong when the certificate was issued");
    }
    let end = certificate.and_then(|one| one.not_after);
    let ago = format_duration(now - end.unwrap_or(now));
    let what = format!(
        "{whose} expired on {}, {ago} ago by this machine's clock ({clock})",
        format_date(end)
    );
    let anchor = broker
        .local
        .anchors
        .iter()
        .any(|anchor| anchor.subject == name);
    let fix = if error.depth > 0 && anchor {
        "download the cluster certificate again from the portal"
    } else {
        "if the clock is right, the people who run the brokers must renew it"
    };
    Check::fail("tls", Fault::C3, what).fix(fix)
}

/// The failed check of a chain that ends at no trusted certificate.
fn unknown_issuer(
    broker: &BrokerContext<'_>,
    handshake: &Handshake,
    error: &CertificateError,
) -> Check {
    let (target, local, chain) = (&broker.report.target, broker.local, &handshake.chain);
    let leaf = chain.first();
    let top = chain.last().map_or("", |last| last.issuer.as_str());
    let shown = leaf.map_or("", |leaf| leaf.subject.as_str());
    if let Some(proxy) = tls_interception(chain) {
        let what = format!(
            "{target} sends a certificate issued by {proxy}: a proxy between here and the broker intercepts the connection"
        );
        return Check::fail("tls", Fault::C6, what)
            .fix("ask the people who run your network to exclude connections to the brokers from TLS inspection");
    }
    if leaf.is_some_and(|leaf| leaf.self_signed) {
        let what =
            format!("{target} sends a self-signed certificate ({shown}), which is not trusted");
        return Check::fail("tls", Fault::C6, what)
            .fix("check that this is your broker and not a proxy or another service; then the people who run it must use a certificate of the cluster's CA");
    }
    if let Some(check) = partial_chain(broker, error) {
        return check;
    }
    if omits_intermediate(broker, chain) {
        let what = format!(
            "{target} sends {} without {top}, which issued it",
            count(chain.len())
        );
        return Check::fail("tls", Fault::C2, what).fix(format!(
            "the people who run the brokers must send the whole chain: add {top} to the broker's keystore"
        ));
    }
    let trusted: Vec<&str> = local
        .anchors
        .iter()
        .map(|anchor| anchor.subject.as_str())
        .collect();
    let same = if trusted.contains(&top) {
        " (same name, but another key, as after a renewal)"
    } else {
        ""
    };
    let file = local.cluster_cert_name();
    let what = format!(
        "{target} sends {}, issued by {top}; {file} contains {}{same}",
        count(chain.len()),
        format_list(&trusted)
    );
    Check::fail("tls", Fault::C1, what).fix(
        "download the cluster certificate again from the portal, and check that it belongs to this endpoint; if it does, the brokers may not send an intermediate certificate",
    )
}

fn count(certificates: usize) -> String {
    match certificates {
        1 => "one certificate".to_owned(),
        more => format!("{more} certificates"),
    }
}

/// The failed check of a trusted certificate that is not a root; the client library requires a root.
fn partial_chain(broker: &BrokerContext<'_>, error: &CertificateError) -> Option<Check> {
    let found = error.certificate.as_ref().filter(|_| error.code == 2)?;
    let local = broker.local;
    local
        .anchors
        .iter()
        .find(|anchor| anchor.subject == found.subject)?;
    let what = format!(
        "{} contains {}, which {} issued; the Kafka library trusts it only together with its issuer",
        local.cluster_cert_name(),
        found.subject,
        found.issuer
    );
    let fix = format!(
        "add the certificate of {} to the cluster certificate, or ask Ditto for a file with the root",
        found.issuer
    );
    Some(Check::fail("tls", Fault::C1, what).fix(fix))
}

fn tls_interception(chain: &[PeerCertificate]) -> Option<&str> {
    let issuers = chain.iter().map(|one| one.issuer.as_str());
    let is_product = |name: &&str| {
        let name = name.to_ascii_lowercase();
        INTERCEPTION_PRODUCTS
            .iter()
            .any(|product| name.contains(product))
    };
    issuers.into_iter().find(is_product)
}

/// Whether an intermediate is missing: another broker sends it, or the issuer is named like an intermediate.
fn omits_intermediate(broker: &BrokerContext<'_>, chain: &[PeerCertificate]) -> bool {
    let Some(last) = chain.last() else {
        return false;
    };
    let addresses = broker.all.iter().flat_map(|report| &report.addresses);
    let served = addresses
        .filter_map(|address| address.handshake.as_ref())
        .flat_map(|made| &made.chain);
    let elsewhere = served
        .filter(|one| !one.self_signed)
        .any(|one| one.subject == last.issuer);
    elsewhere || is_intermediate_name(&last.issuer)
}
