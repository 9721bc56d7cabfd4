//! The handshake as far as the broker's side of it goes: version, cipher, and every fault of its certificate.
//! What the broker thinks of our certificate is judged in `user`.

use super::format::{DAY, closest, list, moment, names_an_intermediate, span};
use super::{Subject, network, user};
use crate::tls::handshake::{CertificateError, Handshake};
use crate::tls::{Broken, Ending, Served};
use crate::verify::check::{Check, Fault};
use crate::verify::probe::Address;

/// Brokers' certificates are renewed without anybody's doing; so close to the end that has not happened.
const SOON: i64 = 7 * DAY;
/// Makers of proxies that open TLS on the way, as they call themselves in their CAs.
const INTERCEPTORS: &[&str] = &[
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

pub(super) fn tls(subject: &Subject<'_>) -> Vec<Check> {
    let Some(address) = subject.address() else {
        return Vec::new();
    };
    let Some(handshake) = &address.handshake else {
        return without(address).into_iter().collect();
    };
    let checks = match &handshake.broken {
        None => vec![fine(subject, handshake)],
        Some(broken) if broken.ending == Ending::BadCertificate => distrusted(subject, handshake),
        Some(_) if user::is_refused(address) => vec![fine(subject, handshake)],
        Some(broken) => vec![unfinished(subject, address, broken)],
    };
    let described = |check: Check| describe(check, handshake);
    checks.into_iter().map(described).collect()
}

fn without(address: &Address) -> Option<Check> {
    address.answer.as_ref()?;
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
        ("until", leaf.map(|leaf| moment(leaf.not_after))),
    ] {
        check = match value {
            Some(value) => check.detail(name, value),
            None => check,
        };
    }
    check.detail(
        "names",
        leaf.map(|leaf| leaf.names.clone()).unwrap_or_default(),
    )
}

fn fine(subject: &Subject<'_>, handshake: &Handshake) -> Check {
    let protocol = handshake.protocol.as_deref().unwrap_or("TLS");
    if let Some(error) = handshake.errors.first() {
        let what = format!("{protocol}; the broker's certificate is not checked, and would fail");
        let fix =
            "take enable.ssl.certificate.verification out of the settings and see what it says";
        return Check::warn("tls", what).fix(fix).raw(raw(error));
    }
    let Some(leaf) = handshake.chain.first() else {
        return Check::pass("tls", protocol);
    };
    let until = moment(leaf.not_after);
    let told = format!(
        "{protocol}; {} of {}, valid until {until}",
        leaf.subject, leaf.issuer
    );
    let left = leaf.not_after.map_or(SOON, |end| end - subject.known.now);
    if left >= SOON {
        return Check::pass("tls", told);
    }
    let what = format!("{told}: that is in {}", span(left));
    Check::warn("tls", what)
        .with_fault(Fault::C3)
        .fix("tell the brokers' owner that this certificate has not been renewed")
}

/// The handshake ended, and neither certificate is the reason.
fn unfinished(subject: &Subject<'_>, address: &Address, broken: &Broken) -> Check {
    let target = &subject.report.target;
    let check = match (&address.listener, broken.ending) {
        (Some(listener), _) => network::foreign(subject, "tls", listener),
        (None, Ending::Alert(70)) => Check::fail(
            "tls",
            Fault::B7,
            format!("{target} speaks no version of TLS that this program speaks (1.2 and 1.3)"),
        )
        .fix("the brokers' owner must allow TLS 1.2 or 1.3"),
        (None, Ending::Alert(number)) => Check::fail(
            "tls",
            Fault::B7,
            format!("{target} ended the handshake: it accepts none of the ciphers offered (alert {number})"),
        )
        .fix("take ssl.cipher.suites, ssl.curves.list and ssl.sigalgs.list out of the settings, or ask the brokers' owner which ciphers they allow"),
        (None, Ending::Unprepared) => {
            Check::fail_unnumbered("tls", "the settings for TLS cannot be used".to_owned())
                .fix("check the ssl.* properties: ciphers, curves, certificates and keys given there")
        }
        (None, Ending::Silent) => Check::fail("tls", Fault::B4, format!("{target} fell silent during the handshake"))
            .fix("try again; if it stays, a firewall or proxy in between swallows packets"),
        (None, _) => Check::fail(
            "tls",
            Fault::B7,
            format!("{target} offers {}, which this program does not go on with", handshake_version(address)),
        )
        .fix("the brokers' owner must allow TLS 1.2 or 1.3 with current ciphers and keys"),
    };
    match &broken.raw {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

fn handshake_version(address: &Address) -> String {
    let version = address
        .handshake
        .as_ref()
        .and_then(|made| made.protocol.clone());
    version.unwrap_or_else(|| "something".to_owned())
}

/// One finding for each thing that is wrong with the broker's certificate.
fn distrusted(subject: &Subject<'_>, handshake: &Handshake) -> Vec<Check> {
    let mut checks: Vec<Check> = Vec::new();
    for error in &handshake.errors {
        let check = judged(subject, handshake, error).raw(raw(error));
        if !checks
            .iter()
            .any(|known| known.fault == check.fault && known.message == check.message)
        {
            // 21 follows 20 for the same reason; 7 is a CA of the same name with another key.
            let chain = |code: i32| [2, 7, 18, 19, 20, 21].contains(&code);
            let told = handshake
                .errors
                .iter()
                .take_while(|one| *one != error)
                .any(|one| chain(one.code));
            if !(chain(error.code) && told) {
                checks.push(check);
            }
        }
    }
    checks
}

/// As `openssl s_client` prints it.
fn raw(error: &CertificateError) -> String {
    format!("verify error:num={}:{}", error.code, error.raw)
}

fn judged(subject: &Subject<'_>, handshake: &Handshake, error: &CertificateError) -> Check {
    match error.code {
        9 | 10 => dates(subject, error),
        62 | 64 => wrong_name(subject, handshake),
        2 | 7 | 18 | 19 | 20 | 21 => stranger(subject, handshake, error),
        _ => {
            let target = &subject.report.target;
            let what = format!("the certificate of {target} cannot be used: {}", error.raw);
            Check::fail_unnumbered("tls", what).fix("the brokers' owner must issue another one")
        }
    }
}

fn dates(subject: &Subject<'_>, error: &CertificateError) -> Check {
    let (target, now) = (&subject.report.target, subject.known.now);
    let certificate = error.certificate.as_ref();
    let name = certificate.map_or("", |one| one.subject.as_str());
    let whose = if error.depth == 0 {
        format!("the certificate of {target} ({name})")
    } else {
        format!("the CA {name} above the certificate of {target}")
    };
    let clock = moment(Some(now));
    if error.code == 9 {
        let start = certificate.and_then(|one| one.not_before);
        let what = format!(
            "{whose} is not valid before {}, and this machine's clock says {clock}",
            moment(start)
        );
        return Check::fail("tls", Fault::C4, what)
            .fix("set this machine's clock; if it is right, the brokers' clock was wrong when the certificate was made");
    }
    let end = certificate.and_then(|one| one.not_after);
    let ago = span(now - end.unwrap_or(now));
    let what = format!(
        "{whose} expired on {}, {ago} ago by this machine's clock ({clock})",
        moment(end)
    );
    let anchor = subject
        .known
        .anchors
        .iter()
        .any(|anchor| anchor.subject == name);
    let fix = if error.depth > 0 && anchor {
        "download the cluster certificate again from the portal"
    } else {
        "if the clock is right, the brokers' owner must renew it"
    };
    Check::fail("tls", Fault::C3, what).fix(fix)
}

fn wrong_name(subject: &Subject<'_>, handshake: &Handshake) -> Check {
    let host = &subject.report.target.host;
    let names = handshake
        .chain
        .first()
        .map(|leaf| leaf.names.clone())
        .unwrap_or_default();
    let what = format!(
        "the broker at {} shows a certificate for {}, and not for {host}",
        subject.report.target,
        list(&names)
    );
    let fix = match closest(host, &names) {
        Some(name) if subject.report.target.node.is_none() => {
            format!(
                "give the brokers by the name in the certificate, the closest is {name}; compare with the portal's endpoint"
            )
        }
        _ => format!("the brokers' owner must add {host} to the certificate's names"),
    };
    Check::fail("tls", Fault::C5, what).fix(fix)
}

/// No way leads from the served certificates to one that is trusted.
fn stranger(subject: &Subject<'_>, handshake: &Handshake, error: &CertificateError) -> Check {
    let (target, known, chain) = (&subject.report.target, subject.known, &handshake.chain);
    let leaf = chain.first();
    let top = chain.last().map_or("", |last| last.issuer.as_str());
    let shown = leaf.map_or("", |leaf| leaf.subject.as_str());
    if let Some(proxy) = interceptor(chain) {
        let what = format!(
            "{target} shows a certificate made by {proxy}: a proxy on the way opens the connection"
        );
        return Check::fail("tls", Fault::C6, what)
            .fix("have your network's owner let connections to the brokers through unopened");
    }
    if leaf.is_some_and(|leaf| leaf.self_signed) {
        let what = format!(
            "{target} shows a certificate that signed itself ({shown}), which nobody vouches for"
        );
        return Check::fail("tls", Fault::C6, what)
            .fix("make sure that this is your broker and not a proxy or another service; then its owner must use a certificate of the cluster's CA");
    }
    if let Some(check) = halfway(subject, error) {
        return check;
    }
    if misses_an_intermediate(subject, chain) {
        let what = format!(
            "{target} serves {} and leaves out {top}, which issued it",
            count(chain.len())
        );
        return Check::fail("tls", Fault::C2, what).fix(format!(
            "the brokers' owner must serve the whole chain: add {top} to the broker's keystore"
        ));
    }
    let trusted: Vec<&str> = known
        .anchors
        .iter()
        .map(|anchor| anchor.subject.as_str())
        .collect();
    let same = if trusted.contains(&top) {
        ": the same name, but another key, as after a renewal"
    } else {
        ""
    };
    let file = known.cluster();
    let what = format!(
        "{target} serves {}, issued by {top}; {file} holds {}{same}",
        count(chain.len()),
        list(&trusted)
    );
    Check::fail("tls", Fault::C1, what).fix(
        "download the cluster certificate again from the portal, and check that it belongs to this endpoint; if it does, the brokers may leave out an intermediate certificate",
    )
}

fn count(certificates: usize) -> String {
    match certificates {
        1 => "one certificate".to_owned(),
        more => format!("{more} certificates"),
    }
}

/// The trusted certificate was found, but it is no root, and the client library wants a root.
fn halfway(subject: &Subject<'_>, error: &CertificateError) -> Option<Check> {
    let found = error.certificate.as_ref().filter(|_| error.code == 2)?;
    let known = subject.known;
    known
        .anchors
        .iter()
        .find(|anchor| anchor.subject == found.subject)?;
    let what = format!(
        "{} holds {}, which {} issued; the Kafka library trusts it only together with that one",
        known.cluster(),
        found.subject,
        found.issuer
    );
    let fix = format!(
        "add the certificate of {} to the cluster certificate, or ask Ditto for a file with the root",
        found.issuer
    );
    Some(Check::fail("tls", Fault::C1, what).fix(fix))
}

fn interceptor(chain: &[Served]) -> Option<&str> {
    let issuers = chain.iter().map(|one| one.issuer.as_str());
    let known = |name: &&str| {
        let name = name.to_ascii_lowercase();
        INTERCEPTORS.iter().any(|maker| name.contains(maker))
    };
    issuers.into_iter().find(known)
}

/// Another broker serves what this one leaves out, or the name of the issuer says that it is no root.
fn misses_an_intermediate(subject: &Subject<'_>, chain: &[Served]) -> bool {
    let Some(last) = chain.last() else {
        return false;
    };
    let addresses = subject.all.iter().flat_map(|report| &report.addresses);
    let served = addresses
        .filter_map(|address| address.handshake.as_ref())
        .flat_map(|made| &made.chain);
    let elsewhere = served
        .filter(|one| !one.self_signed)
        .any(|one| one.subject == last.issuer);
    elsewhere || names_an_intermediate(&last.issuer)
}
