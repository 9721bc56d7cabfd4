//! Summary of a peer's certificate: names, issuer, validity.

pub(super) mod key_usage;
pub(super) mod principal;

use openssl::nid::Nid;
use openssl::x509::{X509, X509Ref, X509VerifyResult};

use self::key_usage::unix_seconds;
use self::principal::principal;

/// A certificate as a server sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Its subject as a principal: `CN=broker,O=…`.
    pub subject: String,
    /// Its issuer as a principal.
    pub issuer: String,
    /// The host names and addresses for which it is valid; its common name if it lists none.
    pub dns_names: Vec<String>,
    /// Since when it is valid, in seconds since 1970.
    pub not_before: Option<i64>,
    /// Until when it is valid, in seconds since 1970.
    pub not_after: Option<i64>,
    /// The serial number in hexadecimal digits.
    pub serial: String,
    /// Whether it is its own issuer.
    pub self_signed: bool,
}

impl PeerCertificate {
    /// `None` for bytes that are not a certificate.
    pub(super) fn from_der(der: &[u8]) -> Option<PeerCertificate> {
        X509::from_der(der)
            .ok()
            .map(|one| PeerCertificate::from_certificate(&one))
    }

    pub(super) fn from_certificate(certificate: &X509Ref) -> PeerCertificate {
        PeerCertificate {
            subject: principal(certificate.subject_name()),
            issuer: principal(certificate.issuer_name()),
            dns_names: dns_names(certificate),
            not_before: unix_seconds(certificate.not_before()),
            not_after: unix_seconds(certificate.not_after()),
            serial: serial(certificate),
            self_signed: certificate.issued(certificate) == X509VerifyResult::OK,
        }
    }
}

/// Hexadecimal digits, as `openssl x509 -serial` prints them.
pub(super) fn serial(certificate: &X509Ref) -> String {
    let number = certificate.serial_number().to_bn();
    let digits = number.and_then(|number| number.to_hex_str());
    digits.map(|digits| digits.to_string()).unwrap_or_default()
}

fn dns_names(certificate: &X509Ref) -> Vec<String> {
    let mut dns_names = Vec::new();
    for name in certificate.subject_alt_names().into_iter().flatten() {
        dns_names.extend(name.dnsname().map(str::to_owned));
        dns_names.extend(name.ipaddress().and_then(address));
    }
    if dns_names.is_empty() {
        let common = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
        dns_names.extend(common.filter_map(|entry| entry.data().to_string().ok()));
    }
    dns_names
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    let address = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from));
    address.ok().map(|address| address.to_string())
}
