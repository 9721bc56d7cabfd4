//! A certificate of somebody else's, described: who it names, who issued it, when it is valid.
//! Whether it is good is left to OpenSSL, and what to say about it to `check`.

pub(crate) mod key_usage;
pub(crate) mod principal;

use openssl::nid::Nid;
use openssl::x509::{X509, X509Ref, X509VerifyResult};

use self::key_usage::unix_seconds;
use self::principal::principal;

/// A certificate as a server sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its subject, spelt as a principal is: `CN=broker,O=…`.
    pub subject: String,
    /// Its issuer, spelt the same way.
    pub issuer: String,
    /// The host names and addresses for which it is valid; its common name if it lists none.
    pub names: Vec<String>,
    /// Since when it is valid, in seconds since 1970.
    pub not_before: Option<i64>,
    /// Until when it is valid, in seconds since 1970.
    pub not_after: Option<i64>,
    /// The serial number, hexadecimal.
    pub serial: String,
    /// Whether it was issued by itself.
    pub self_signed: bool,
}

impl Served {
    /// Nothing for what is no certificate.
    pub(super) fn from_der(der: &[u8]) -> Option<Served> {
        X509::from_der(der).ok().map(|one| Served::of(&one))
    }

    pub(super) fn of(certificate: &X509Ref) -> Served {
        Served {
            subject: principal(certificate.subject_name()),
            issuer: principal(certificate.issuer_name()),
            names: names(certificate),
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

fn names(certificate: &X509Ref) -> Vec<String> {
    let mut names = Vec::new();
    for name in certificate.subject_alt_names().into_iter().flatten() {
        names.extend(name.dnsname().map(str::to_owned));
        names.extend(name.ipaddress().and_then(address));
    }
    if names.is_empty() {
        let common = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
        names.extend(common.filter_map(|entry| entry.data().to_string().ok()));
    }
    names
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
    let address = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from));
    address.ok().map(|address| address.to_string())
}
