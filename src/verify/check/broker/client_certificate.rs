//! Check of the user certificate as the broker sees it.
//! TLS alerts differ between broker implementations, so the accepted CAs and the file decide on the fault.

use super::context::BrokerContext;
use super::format::{
    format_alert, format_date, format_duration, format_list, is_intermediate_name,
};
use crate::probe::AddressReport;
use crate::tls::handshake::{CertificateRequest, ClientCertificate, Handshake};
use crate::tls::{HandshakeError, HandshakeErrorKind, PeerCertificate};
use crate::verify::check::{Check, Fault};

const NAME: &str = "client-certificate";
const AGAIN: &str = "download the user certificate again from the portal";

/// Whether the broker closed the connection because of the user certificate.
pub(super) fn is_rejected(address: &AddressReport) -> bool {
    let Some(handshake) = &address.handshake else {
        return false;
    };
    // A server requests a client certificate only after it has sent its own.
    let requested = handshake.certificate_request.is_some();
    let ended = |failure: &HandshakeError| {
        matches!(
            failure.kind,
            HandshakeErrorKind::Alert(_) | HandshakeErrorKind::Closed
        )
    };
    match (&handshake.error, &address.response) {
        (Some(failure), _) => requested && ended(failure),
        (None, Some(Err(failure))) => requested && ended(failure) && address.listener.is_none(),
        _ => false,
    }
}

pub(super) fn client_certificate(broker: &BrokerContext<'_>) -> Vec<Check> {
    let Some(address) = broker.address() else {
        return Vec::new();
    };
    let Some(handshake) = &address.handshake else {
        let plain = address.response.is_some();
        let skip = || Check::skip(NAME, "the settings ask for a connection without TLS");
        return plain.then(skip).into_iter().collect();
    };
    if is_rejected(address) {
        return vec![rejection_check(broker, address, handshake)];
    }
    let Some(request) = handshake
        .certificate_request
        .as_ref()
        .filter(|_| handshake.error.is_none())
    else {
        return not_requested(address).into_iter().collect();
    };
    let name = broker
        .local
        .user
        .first()
        .map_or("the user certificate", |own| own.subject.as_str());
    let check = match handshake.client_certificate {
        _ if !address.works() => return Vec::new(),
        ClientCertificate::Offered => Check::pass(NAME, format!("the broker accepts {name}")),
        ClientCertificate::NotConfigured => Check::warn(
            NAME,
            "the broker requests a user certificate, but accepts connections without one",
        )
        .fix("set the user certificate; without one, the brokers treat this client as ANONYMOUS"),
        ClientCertificate::Withheld => Check::warn(
            NAME,
            format!(
                "the broker accepts certificates issued by {}, not {name}; it accepts this connection without a certificate",
                format_list(&request.authorities)
            ),
        )
        .with_fault(Fault::D2)
        .fix(AGAIN),
    };
    vec![check.detail("accepted", request.authorities.clone())]
}

fn not_requested(address: &AddressReport) -> Option<Check> {
    address
        .works()
        .then(|| Check::pass(NAME, "the broker does not request a user certificate"))
}

fn rejection_check(
    broker: &BrokerContext<'_>,
    address: &AddressReport,
    handshake: &Handshake,
) -> Check {
    let failure = handshake
        .error
        .as_ref()
        .or_else(|| address.response.as_ref()?.as_ref().err());
    let alert = failure.and_then(|failure| match failure.kind {
        HandshakeErrorKind::Alert(number) => Some(number),
        _ => None,
    });
    let request = handshake.certificate_request.as_ref();
    let (fault, what, fix) = match handshake.client_certificate {
        ClientCertificate::NotConfigured => missing_certificate_fault(broker),
        ClientCertificate::Withheld => unaccepted_issuer_fault(broker, request),
        ClientCertificate::Offered => rejection_fault(broker, alert),
    };
    let accepted = request
        .map(|request| request.authorities.clone())
        .unwrap_or_default();
    let mut check = Check::fail(NAME, fault, what)
        .fix(fix)
        .detail("accepted", accepted);
    if let Some(alert) = alert {
        check = check.detail("alert", alert);
    }
    if let Some(own) = broker.local.user.first() {
        check = check
            .detail("principal", own.subject.clone())
            .detail("serial", own.serial.clone());
    }
    match failure.and_then(|failure| failure.raw.clone()) {
        Some(raw) => check.raw(raw),
        None => check,
    }
}

fn missing_certificate_fault(broker: &BrokerContext<'_>) -> (Fault, String, String) {
    (
        Fault::D1,
        format!("{} requires a user certificate, and none is set", broker.report.target),
        "set the user certificate (--user-cert or DITTO_CDC_USER_CERT); download it from the portal".to_owned(),
    )
}

/// The fault if no CA that the broker accepts issued the user certificate: the client library then sends none.
fn unaccepted_issuer_fault(
    broker: &BrokerContext<'_>,
    request: Option<&CertificateRequest>,
) -> (Fault, String, String) {
    let authorities = request
        .map(|request| request.authorities.as_slice())
        .unwrap_or_default();
    let accepted = format_list(authorities);
    let (target, local) = (&broker.report.target, broker.local);
    let file = local.user_cert_name();
    let Some((own, last)) = local.user.first().zip(local.user.last()) else {
        return (
            Fault::D2,
            format!(
                "{target} accepts certificates issued by {accepted}; the user certificate was issued by another CA, so it is not sent"
            ),
            AGAIN.to_owned(),
        );
    };
    if lacks_intermediate(broker, last, authorities) {
        return (
            Fault::D3,
            format!(
                "{target} accepts certificates issued by {accepted}; {file} was issued by {}, whose certificate is missing in the file, so it is not sent",
                last.issuer
            ),
            format!("{AGAIN}, or add the certificate of {} to it", last.issuer),
        );
    }
    let issued = &last.issuer;
    (
        Fault::D2,
        format!(
            "{target} accepts certificates issued by {accepted}; {file} ({}) was issued by {issued}, so it is not sent",
            own.subject
        ),
        format!("{AGAIN}: this one belongs to another cluster, or its CA was replaced"),
    )
}

/// Whether the chain in the file ends before a root, and the missing issuer seems to be an intermediate CA.
fn lacks_intermediate(
    broker: &BrokerContext<'_>,
    last: &PeerCertificate,
    authorities: &[String],
) -> bool {
    let addresses = broker.all.iter().flat_map(|report| &report.addresses);
    let mut served = addresses
        .filter_map(|address| address.handshake.as_ref())
        .flat_map(|made| &made.chain);
    let linked = served.any(|one| one.subject == last.issuer && authorities.contains(&one.issuer));
    !last.self_signed && (linked || is_intermediate_name(&last.issuer))
}

/// The fault of a certificate that was sent and rejected: decided by its contents; the alert is only quoted.
fn rejection_fault(broker: &BrokerContext<'_>, alert: Option<u8>) -> (Fault, String, String) {
    let (target, local) = (&broker.report.target, broker.local);
    let file = local.user_cert_name();
    let Some((own, last)) = local.user.first().zip(local.user.last()) else {
        return (
            Fault::D5,
            format!(
                "{target} rejects the user certificate{}",
                alert_meaning(alert)
            ),
            AGAIN.to_owned(),
        );
    };
    let clock = format_date(Some(local.now));
    if let Some(end) = own.not_after.filter(|end| *end < local.now) {
        let ago = format_duration(local.now - end);
        let what = format!(
            "{target} rejects {file}: it expired on {}, {ago} ago by this machine's clock ({clock})",
            format_date(Some(end))
        );
        return (Fault::D4, what, AGAIN.to_owned());
    }
    if let Some(start) = own.not_before.filter(|start| *start > local.now) {
        let what = format!(
            "{target} rejects {file}: it is not valid before {}; this machine's clock shows {clock}",
            format_date(Some(start))
        );
        return (
            Fault::D4,
            what,
            "set this machine's clock, or wait".to_owned(),
        );
    }
    if !local.user_allows_client_auth {
        let what = format!(
            "{target} rejects {file}: {} is not allowed for clients (no clientAuth in its extended key usage)",
            own.subject
        );
        return (Fault::D5, what, AGAIN.to_owned());
    }
    if lacks_intermediate(broker, last, &[]) {
        let what = format!(
            "{target} rejects {file}: the certificate of {}, which issued it, is missing in the file{}",
            last.issuer,
            alert_meaning(alert)
        );
        return (
            Fault::D3,
            what,
            format!("{AGAIN}, or add the certificate of {} to it", last.issuer),
        );
    }
    let what = format!(
        "{target} rejects {file} ({}), although its dates are valid{}",
        own.subject,
        alert_meaning(alert)
    );
    let fix = format!(
        "give the people who run the cluster the serial {} and principal {}: the certificate may be revoked, or its CA ({}) not accepted; or {AGAIN}",
        own.serial, own.subject, last.issuer
    );
    (Fault::D5, what, fix)
}

/// The alert in parentheses.
fn alert_meaning(alert: Option<u8>) -> String {
    alert.map_or_else(String::new, |number| format!(" ({})", format_alert(number)))
}
