//! What the broker thinks of the user's certificate. An alert alone never names the reason: brokers of different makes
//! send different ones, so it is put together with the CAs that the broker accepts and with what the file holds.

use super::Subject;
use super::format::{list, moment, names_an_intermediate, span};
use crate::tls::handshake::{Asked, Handshake, Shown};
use crate::tls::{Broken, Ending, Served};
use crate::verify::check::{Check, Fault};
use crate::verify::probe::Address;

const NAME: &str = "client-certificate";
const AGAIN: &str = "download the user certificate again from the portal";

/// Whether the broker ended the connection over the user's certificate.
pub(super) fn is_refused(address: &Address) -> bool {
    let Some(handshake) = &address.handshake else {
        return false;
    };
    // Whoever asked for a certificate has shown its own before.
    let asked = handshake.asked.is_some();
    let ended = |broken: &Broken| matches!(broken.ending, Ending::Alert(_) | Ending::Closed);
    match (&handshake.broken, &address.answer) {
        (Some(broken), _) => asked && ended(broken),
        (None, Some(Err(broken))) => asked && ended(broken) && address.listener.is_none(),
        _ => false,
    }
}

pub(super) fn client_certificate(subject: &Subject<'_>) -> Vec<Check> {
    let Some(address) = subject.address() else {
        return Vec::new();
    };
    let Some(handshake) = &address.handshake else {
        let plain = address.answer.is_some();
        let skip = || Check::skip(NAME, "the settings ask for a connection without TLS");
        return plain.then(skip).into_iter().collect();
    };
    if is_refused(address) {
        return vec![refused(subject, address, handshake)];
    }
    let Some(asked) = handshake
        .asked
        .as_ref()
        .filter(|_| handshake.broken.is_none())
    else {
        return unasked(address).into_iter().collect();
    };
    let name = subject
        .known
        .user
        .first()
        .map_or("the user certificate", |own| own.subject.as_str());
    let check = match handshake.shown {
        _ if !address.works() => return Vec::new(),
        Shown::Certificate => Check::pass(NAME, format!("the broker accepts {name}")),
        Shown::Nothing => Check::warn(
            NAME,
            "the broker would like a user certificate; it let us in without one",
        )
        .fix("set the user certificate: without one, access rules know us as ANONYMOUS"),
        Shown::Withheld => Check::warn(
            NAME,
            format!(
                "the broker accepts users of {}, not {name}, and let us in without a certificate",
                list(&asked.authorities)
            ),
        )
        .with_fault(Fault::D2)
        .fix(AGAIN),
    };
    vec![check.detail("accepted", asked.authorities.clone())]
}

fn unasked(address: &Address) -> Option<Check> {
    address
        .works()
        .then(|| Check::pass(NAME, "the broker does not ask for a user certificate"))
}

fn refused(subject: &Subject<'_>, address: &Address, handshake: &Handshake) -> Check {
    let broken = handshake
        .broken
        .as_ref()
        .or_else(|| address.answer.as_ref()?.as_ref().err());
    let alert = broken.and_then(|broken| match broken.ending {
        Ending::Alert(number) => Some(number),
        _ => None,
    });
    let asked = handshake.asked.as_ref();
    let (fault, what, fix) = match handshake.shown {
        Shown::Nothing => unset(subject),
        Shown::Withheld => unaccepted(subject, asked),
        Shown::Certificate => disliked(subject, alert),
    };
    let accepted = asked
        .map(|asked| asked.authorities.clone())
        .unwrap_or_default();
    let mut check = Check::fail(NAME, fault, what)
        .fix(fix)
        .detail("accepted", accepted);
    if let Some(alert) = alert {
        check = check.detail("alert", alert);
    }
    if let Some(own) = subject.known.user.first() {
        check = check
            .detail("principal", own.subject.clone())
            .detail("serial", own.serial.clone());
    }
    match broken.and_then(|broken| broken.raw.clone()) {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

fn unset(subject: &Subject<'_>) -> (Fault, String, String) {
    (
        Fault::D1,
        format!("{} wants a user certificate, and none is set", subject.report.target),
        "set the user certificate: --user-cert or DITTO_CDC_USER_CERT; the portal offers it for download".to_owned(),
    )
}

/// None of the CAs that the broker accepts issued our certificate, so the client library sends none.
fn unaccepted(subject: &Subject<'_>, asked: Option<&Asked>) -> (Fault, String, String) {
    let authorities = asked
        .map(|asked| asked.authorities.as_slice())
        .unwrap_or_default();
    let accepted = list(authorities);
    let (target, known) = (&subject.report.target, subject.known);
    let file = known.own();
    let Some((own, last)) = known.user.first().zip(known.user.last()) else {
        return (
            Fault::D2,
            format!(
                "{target} accepts users of {accepted}, and the user certificate is of none of them; so it is not sent"
            ),
            AGAIN.to_owned(),
        );
    };
    if lacks_its_issuer(subject, last, authorities) {
        return (
            Fault::D3,
            format!(
                "{target} accepts users of {accepted}; {file} was issued by {}, whose certificate it lacks, so it is not sent",
                last.issuer
            ),
            format!("{AGAIN}, or add the certificate of {} to it", last.issuer),
        );
    }
    let issued = &last.issuer;
    (
        Fault::D2,
        format!(
            "{target} accepts users of {accepted}; {file} ({}) was issued by {issued}, so it is not sent",
            own.subject
        ),
        format!("{AGAIN}: this one belongs to another cluster, or its CA was replaced"),
    )
}

/// The chain in the file ends below a root, and what is known of the missing CA says that it stands below one itself.
fn lacks_its_issuer(subject: &Subject<'_>, last: &Served, authorities: &[String]) -> bool {
    let addresses = subject.all.iter().flat_map(|report| &report.addresses);
    let mut served = addresses
        .filter_map(|address| address.handshake.as_ref())
        .flat_map(|made| &made.chain);
    let linked = served.any(|one| one.subject == last.issuer && authorities.contains(&one.issuer));
    !last.self_signed && (linked || names_an_intermediate(&last.issuer))
}

/// It was sent and refused: what is wrong with it by what we know, and the alert only as a hint.
fn disliked(subject: &Subject<'_>, alert: Option<u8>) -> (Fault, String, String) {
    let (target, known) = (&subject.report.target, subject.known);
    let file = known.own();
    let Some((own, last)) = known.user.first().zip(known.user.last()) else {
        return (
            Fault::D5,
            format!("{target} refuses the user certificate{}", hint(alert)),
            AGAIN.to_owned(),
        );
    };
    let clock = moment(Some(known.now));
    if let Some(end) = own.not_after.filter(|end| *end < known.now) {
        let ago = span(known.now - end);
        let what = format!(
            "{target} refuses {file}: it expired on {}, {ago} ago by this machine's clock ({clock})",
            moment(Some(end))
        );
        return (Fault::D4, what, AGAIN.to_owned());
    }
    if let Some(start) = own.not_before.filter(|start| *start > known.now) {
        let what = format!(
            "{target} refuses {file}: it is not valid before {}, and this machine's clock says {clock}",
            moment(Some(start))
        );
        return (
            Fault::D4,
            what,
            "set this machine's clock, or wait".to_owned(),
        );
    }
    if !known.user_may_be_a_clients {
        let what = format!(
            "{target} refuses {file}: {} may not be used by clients (no clientAuth among its uses)",
            own.subject
        );
        return (Fault::D5, what, AGAIN.to_owned());
    }
    if lacks_its_issuer(subject, last, &[]) {
        let what = format!(
            "{target} refuses {file}: it lacks the certificate of {}, which issued it{}",
            last.issuer,
            hint(alert)
        );
        return (
            Fault::D3,
            what,
            format!("{AGAIN}, or add the certificate of {} to it", last.issuer),
        );
    }
    let what = format!(
        "{target} refuses {file} ({}), which is valid by its dates{}",
        own.subject,
        hint(alert)
    );
    let fix = format!(
        "give the cluster's owner serial {} and principal {}: it may be revoked, or its CA ({}) not accepted; or {AGAIN}",
        own.serial, own.subject, last.issuer
    );
    (Fault::D5, what, fix)
}

/// What the alert says, by RFC 8446, 6.2.
fn hint(alert: Option<u8>) -> String {
    let meaning = match alert {
        Some(42) => "bad certificate",
        Some(43) => "unsupported certificate",
        Some(44) => "certificate revoked",
        Some(45) => "certificate expired",
        Some(46) => "certificate unknown",
        Some(48) => "unknown CA",
        Some(49) => "access denied",
        Some(116) => "certificate required",
        Some(other) => return format!("; it sent alert {other}"),
        None => return String::new(),
    };
    format!("; it calls it \"{meaning}\"")
}
