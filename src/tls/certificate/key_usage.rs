//! Key usage and validity of a certificate.

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::x509::{X509Ref, X509VerifyResult};

use crate::tls::der::{OCTETS, SEQUENCE, elements};
use crate::util::time::DAY_SECONDS;

/// RFC 5280, 4.2.1.12: the object identifiers of extended key usage, and two of its values.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0];
/// RFC 5280, 4.2.1.9, and "true" in DER.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const IS_A_CA: &[u8] = &[0x01, 1, 0xff];
/// Tag of the extensions among a certificate's fields.
const EXTENSIONS: u8 = 0xa3;

/// Whether brokers accept it as a client certificate: it has the usage `clientAuth`, or no usage extension.
pub(in crate::tls) fn allows_client_auth(certificate: &X509Ref) -> bool {
    let der = certificate.to_der().unwrap_or_default();
    extended_usages(&der).is_none_or(|usages| {
        usages
            .iter()
            .any(|one| [CLIENT_AUTH, ANY_USAGE].contains(one))
    })
}

/// Whether it is neither self-signed nor a CA.
pub(in crate::tls) fn is_a_leaf(certificate: &X509Ref) -> bool {
    let der = certificate.to_der().unwrap_or_default();
    let constraints = extension(&der, BASIC_CONSTRAINTS).unwrap_or_default();
    let is_ca = elements(constraints).any(|all| all.content.starts_with(IS_A_CA));
    certificate.issued(certificate) != X509VerifyResult::OK && !is_ca
}

/// Seconds since 1970; `None` if the time is out of range.
pub(in crate::tls) fn unix_seconds(time: &Asn1TimeRef) -> Option<i64> {
    let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    Some(i64::from(since.days) * DAY_SECONDS + i64::from(since.secs))
}

/// `None` if the certificate has no such extension.
fn extended_usages(certificate: &[u8]) -> Option<Vec<&[u8]>> {
    let value = extension(certificate, EXTENDED_KEY_USAGE)?;
    let usages = elements(elements(value).next()?.content);
    Some(usages.map(|usage| usage.content).collect())
}

/// The value of the extension with this object identifier.
fn extension<'a>(certificate: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let fields = elements(elements(certificate).next()?.content).next()?;
    let all = elements(fields.content).find(|field| field.tag == EXTENSIONS)?;
    elements(elements(all.content).next()?.content)
        .filter(|one| one.tag == SEQUENCE)
        .find_map(|one| value_of(one.content, name))
}

/// The value of an extension, if it has this object identifier; a "critical" flag can precede the value.
fn value_of<'a>(parts: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut parts = elements(parts);
    parts.next().filter(|first| first.content == name)?;
    parts
        .find(|part| part.tag == OCTETS)
        .map(|part| part.content)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use openssl::x509::X509;

    use super::*;
    use crate::tls::testbed::ca::{CaOptions, TestCertificates};

    fn first(pem: &str) -> X509 {
        X509::from_pem(pem.as_bytes()).unwrap()
    }

    #[test]
    fn a_certificate_for_servers_only_is_rejected() {
        let issued = TestCertificates::new(&CaOptions::default()).unwrap();
        let check = |certificate: &X509, expected| {
            assert_eq!(allows_client_auth(certificate), expected);
        };
        check(&first(&issued.user_pem().unwrap()), true);
        check(&first(&issued.cluster_pem().unwrap()), true);
        check(&issued.broker().certificate, false);
    }

    #[test]
    fn a_leaf_is_neither_self_signed_nor_a_ca() {
        let issued = TestCertificates::new(&CaOptions::default()).unwrap();
        let check = |certificate: &X509, expected| assert_eq!(is_a_leaf(certificate), expected);
        check(&first(&issued.user_pem().unwrap()), true);
        check(&issued.broker().certificate, true);
        check(issued.clients_ca(), false);
        // `user.pem` begins with its chain: root, then intermediates.
        let text = include_bytes!("../../../tests/fixtures/p12/user.pem");
        let all = X509::stack_from_pem(text).unwrap();
        let leaves: Vec<bool> = all.iter().map(|one| is_a_leaf(one)).collect();
        assert_eq!(leaves, [false, false, false, true]);
    }

    #[test]
    fn times_are_seconds_since_1970() {
        let check = |seconds| {
            let time = Asn1Time::from_unix(seconds).unwrap();
            assert_eq!(unix_seconds(&time), Some(seconds));
        };
        check(0);
        check(-1);
        check(1_700_000_001);
        check(4_000_000_000);
    }
}
