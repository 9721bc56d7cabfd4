//! What a certificate says that it may be used for, and when it is valid.
//! Whether that suits anybody now is left to `verify`; no clock is here.

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::x509::X509Ref;

use super::der::{OCTETS, SEQUENCE, elements};

const DAY_SECONDS: i64 = 24 * 60 * 60;
/// RFC 5280, 4.2.1.12: extended key usage, and two of its values.
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const CLIENT: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0];
/// The place of the extensions among a certificate's fields.
const EXTENSIONS: u8 = 0xa3;

/// Whether brokers take it for a client's: it says so, or says nothing about its use.
pub(super) fn may_be_a_clients(certificate: &X509Ref) -> bool {
    let der = certificate.to_der().unwrap_or_default();
    extended_usages(&der).is_none_or(|usages| usages.iter().any(|one| [CLIENT, ANY].contains(one)))
}

/// Seconds since 1970.
pub(super) fn unix_seconds(time: &Asn1TimeRef) -> Option<i64> {
    let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    Some(i64::from(since.days) * DAY_SECONDS + i64::from(since.secs))
}

/// Nothing if the certificate has no such extension.
fn extended_usages(certificate: &[u8]) -> Option<Vec<&[u8]>> {
    let fields = elements(elements(certificate).next()?.content).next()?;
    let all = elements(fields.content).find(|field| field.tag == EXTENSIONS)?;
    let value = elements(elements(all.content).next()?.content)
        .filter(|one| one.tag == SEQUENCE)
        .find_map(|one| extension(one.content, EXTENDED_KEY_USAGE))?;
    let usages = elements(elements(value).next()?.content);
    Some(usages.map(|usage| usage.content).collect())
}

/// Its name, perhaps a mark that it is critical, its value.
fn extension<'a>(parts: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
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
    use crate::tls::issue::{Issued, Order};

    fn first(pem: &str) -> X509 {
        X509::from_pem(pem.as_bytes()).unwrap()
    }

    #[test]
    fn only_a_certificate_for_servers_is_no_clients() {
        let issued = Issued::new(&Order::default()).unwrap();
        let check = |certificate: &X509, expected| {
            assert_eq!(may_be_a_clients(certificate), expected);
        };
        check(&first(&issued.user_pem().unwrap()), true);
        check(&first(&issued.cluster_pem().unwrap()), true);
        check(&issued.broker().certificate, false);
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
