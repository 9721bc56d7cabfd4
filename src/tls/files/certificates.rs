//! Certificates in DER: a single one, or a PKCS#7 bundle (RFC 2315), the `.p7b` files of many CAs.

use openssl::error::ErrorStack;
use openssl::pkcs7::Pkcs7;
use openssl::x509::X509;

/// The object identifier of signed data: tag, length, content.
const SIGNED_DATA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// A bundle begins with one header of at most six bytes, then its type.
const MAX_HEADER_BYTES: usize = 6;

/// Whether the bytes begin as a PKCS#7 bundle, also in BER.
pub(super) fn is_pkcs7(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(MAX_HEADER_BYTES + SIGNED_DATA.len()));
    start
        .unwrap_or_default()
        .windows(SIGNED_DATA.len())
        .any(|window| window == SIGNED_DATA)
}

/// All certificates of a bundle, or the single one. Some CAs give both the same label in PEM.
///
/// # Errors
/// OpenSSL's message, if the bytes are neither.
pub(super) fn from_der(bytes: &[u8]) -> Result<Vec<X509>, ErrorStack> {
    if !is_pkcs7(bytes) {
        return Ok(vec![X509::from_der(bytes)?]);
    }
    let bundle = Pkcs7::from_der(bytes)?;
    let certificates = bundle.signed().and_then(|signed| signed.certificates());
    Ok(certificates
        .into_iter()
        .flatten()
        .map(ToOwned::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_stands_after_one_header() {
        let check = |header: &[u8], expected| {
            assert_eq!(is_pkcs7(&[header, SIGNED_DATA].concat()), expected);
        };
        check(&[0x30, 11], true);
        check(&[0x30, 0x80], true);
        check(&[0x30, 0x82, 1, 0], true);
        check(&[0x30, 0x82, 1, 0, 0x30, 0x82, 1, 0], false);
        assert!(!is_pkcs7(&[]));
    }
}
