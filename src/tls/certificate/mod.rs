//! Summary of a peer's certificate: names, issuer, validity.

pub(super) mod key_usage;
pub(super) mod principal;

use std::net::IpAddr;

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
    /// Its IP entries, which are also in `dns_names`.
    pub addresses: Vec<IpAddr>,
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
            addresses: addresses(certificate),
            not_before: unix_seconds(certificate.not_before()),
            not_after: unix_seconds(certificate.not_after()),
            serial: serial(certificate),
            self_signed: certificate.issued(certificate) == X509VerifyResult::OK,
        }
    }
}

impl PeerCertificate {
    /// Whether it has an IP entry for an address, which has no brackets.
    #[must_use]
    pub fn holds_address(&self, address: &str) -> bool {
        let parsed = address.parse::<IpAddr>();
        parsed.is_ok_and(|address| self.addresses.contains(&address))
    }

    /// Whether it has an address, which has no brackets, as a DNS entry and not as an IP entry.
    #[must_use]
    pub fn has_address_as_name(&self, address: &str) -> bool {
        address.parse::<IpAddr>().is_ok()
            && !self.holds_address(address)
            && self.dns_names.iter().any(|name| name == address)
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
        dns_names.extend(name.ipaddress().and_then(address).map(|ip| ip.to_string()));
    }
    if dns_names.is_empty() {
        let common = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
        dns_names.extend(common.filter_map(|entry| entry.data().to_string().ok()));
    }
    dns_names
}

fn addresses(certificate: &X509Ref) -> Vec<IpAddr> {
    let names = certificate.subject_alt_names();
    let names = names.iter().flatten();
    names
        .filter_map(|name| name.ipaddress().and_then(address))
        .collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}
