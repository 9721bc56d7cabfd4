//! Writes a truststore as Java's `keytool` does (PKCS#12, RFC 7292): certificates only, each with Oracle's "trusted"
//! attribute, which Java requires and which OpenSSL's safe interface cannot set.

use openssl::asn1::Asn1Object;
use openssl::hash::MessageDigest;
use openssl::pkcs5::pbkdf2_hmac;
use openssl::pkey::PKey;
use openssl::rand::rand_bytes;
use openssl::sha::sha256;
use openssl::sign::Signer;
use openssl::symm::{Cipher, encrypt};
use openssl::x509::X509;

use crate::tls::der::encode;
use crate::util::secret::Secret;

/// OpenSSL's default. The password is random, so more iterations would not improve its protection.
const ITERATIONS: u16 = 2048;
/// The block size of SHA-256, `v` in RFC 7292.
const BLOCK_BYTES: usize = 64;
const KEY_BYTES: usize = 32;
const SALT_BYTES: usize = 20;

const DATA: &str = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA: &str = "1.2.840.113549.1.7.6";
const CERTIFICATE_BAG: &str = "1.2.840.113549.1.12.10.1.3";
const X509_CERTIFICATE: &str = "1.2.840.113549.1.9.22.1";
const FRIENDLY_NAME: &str = "1.2.840.113549.1.9.20";
/// Oracle's attribute of a trusted certificate.
const TRUSTED_KEY_USAGE: &str = "2.16.840.1.113894.746875.1.1";
const ANY_KEY_USAGE: &str = "2.5.29.37.0";
const PBES2: &str = "1.2.840.113549.1.5.13";
const PBKDF2: &str = "1.2.840.113549.1.5.12";
const HMAC_SHA256: &str = "1.2.840.113549.2.9";
const AES256_CBC: &str = "2.16.840.1.101.3.4.1.42";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT: u8 = 0x06;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const IMPLICIT_0: u8 = 0x80;
const EXPLICIT_0: u8 = 0xa0;

/// A truststore with one certificate under the given alias.
pub(super) fn truststore(
    alias: &str,
    trusted: &X509,
    password: &Secret,
) -> anyhow::Result<Vec<u8>> {
    let bag = certificate_bag(alias, trusted)?;
    let safe = der(SEQUENCE, &[encrypted(&der(SEQUENCE, &[bag]), password)?]);
    let mac = mac(&safe, password)?;
    let content = der(EXPLICIT_0, &[der(OCTETS, &[safe])]);
    let content = der(SEQUENCE, &[object(DATA)?, content]);
    Ok(der(SEQUENCE, &[integer(3), content, mac]))
}

fn certificate_bag(alias: &str, certificate: &X509) -> anyhow::Result<Vec<u8>> {
    let bytes = der(EXPLICIT_0, &[der(OCTETS, &[certificate.to_der()?])]);
    let value = der(SEQUENCE, &[object(X509_CERTIFICATE)?, bytes]);
    let name = attribute(FRIENDLY_NAME, der(BMP_STRING, &[big_endian_utf16(alias)]))?;
    let trust = attribute(TRUSTED_KEY_USAGE, object(ANY_KEY_USAGE)?)?;
    let parts = [
        object(CERTIFICATE_BAG)?,
        der(EXPLICIT_0, &[value]),
        der(SET, &[name, trust]),
    ];
    Ok(der(SEQUENCE, &parts))
}

fn attribute(name: &str, value: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    Ok(der(SEQUENCE, &[object(name)?, der(SET, &[value])]))
}

/// PBES2 (RFC 8018) with AES-256, the default of `keytool` since Java 16.
fn encrypted(clear: &[u8], password: &Secret) -> anyhow::Result<Vec<u8>> {
    let (salt, vector) = (random::<SALT_BYTES>()?, random::<16>()?);
    let mut key = [0_u8; KEY_BYTES];
    let (secret, digest) = (password.expose().as_bytes(), MessageDigest::sha256());
    pbkdf2_hmac(secret, &salt, ITERATIONS.into(), digest, &mut key)?;
    let ciphertext = encrypt(Cipher::aes_256_cbc(), &key, Some(&vector), clear)?;

    let derivation = [
        octets(&salt),
        integer(ITERATIONS),
        algorithm(HMAC_SHA256, der(NULL, &[]))?,
    ];
    let derivation = algorithm(PBKDF2, der(SEQUENCE, &derivation))?;
    let cipher = algorithm(AES256_CBC, octets(&vector))?;
    let scheme = algorithm(PBES2, der(SEQUENCE, &[derivation, cipher]))?;
    let content = [object(DATA)?, scheme, der(IMPLICIT_0, &[ciphertext])];
    let data = der(SEQUENCE, &[integer(0), der(SEQUENCE, &content)]);
    Ok(der(
        SEQUENCE,
        &[object(ENCRYPTED_DATA)?, der(EXPLICIT_0, &[data])],
    ))
}

fn mac(safe: &[u8], password: &Secret) -> anyhow::Result<Vec<u8>> {
    let salt = random::<SALT_BYTES>()?;
    let key = PKey::hmac(&mac_key(password, &salt))?;
    let digest = Signer::new(MessageDigest::sha256(), &key)?.sign_oneshot_to_vec(safe)?;
    let digest = [algorithm(SHA256, der(NULL, &[]))?, octets(&digest)];
    let parts = [der(SEQUENCE, &digest), octets(&salt), integer(ITERATIONS)];
    Ok(der(SEQUENCE, &parts))
}

/// RFC 7292 appendix B.2 for a key of one digest's length, which needs only one block.
fn mac_key(password: &Secret, salt: &[u8]) -> [u8; KEY_BYTES] {
    let password = big_endian_utf16(&format!("{}\0", password.expose()));
    let mut input = vec![3; BLOCK_BYTES];
    for part in [salt, &password] {
        let length = part.len().next_multiple_of(BLOCK_BYTES);
        input.extend(part.iter().cycle().take(length));
    }
    (1..ITERATIONS).fold(sha256(&input), |digest, _| sha256(&digest))
}

fn algorithm(name: &str, parameters: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    Ok(der(SEQUENCE, &[object(name)?, parameters]))
}

fn object(dotted: &str) -> anyhow::Result<Vec<u8>> {
    let identifier = Asn1Object::from_str(dotted)?;
    Ok(octets_of(OBJECT, identifier.as_slice()))
}

fn integer(value: u16) -> Vec<u8> {
    let [high, low] = value.to_be_bytes();
    // A set top bit would make the integer negative.
    match (high, low) {
        (0, low) if low < 0x80 => octets_of(INTEGER, &[low]),
        (high, low) if high < 0x80 => octets_of(INTEGER, &[high, low]),
        (high, low) => octets_of(INTEGER, &[0, high, low]),
    }
}

fn octets(content: &[u8]) -> Vec<u8> {
    octets_of(OCTETS, content)
}

fn octets_of(tag: u8, content: &[u8]) -> Vec<u8> {
    der(tag, &[content.to_vec()])
}

fn der(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    encode(tag, &parts.concat())
}

fn big_endian_utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    rand_bytes(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_valid_der() {
        let check = |value: u16, expected: &[u8]| assert_eq!(integer(value), expected, "{value}");
        check(0, &[2, 1, 0]);
        check(127, &[2, 1, 127]);
        check(128, &[2, 2, 0, 128]);
        check(2048, &[2, 2, 8, 0]);
        check(40_000, &[2, 3, 0, 0x9c, 0x40]);
    }

    #[test]
    fn lengths_are_valid_der() {
        let check = |length: usize, expected: &[u8]| {
            let written = octets(&vec![7; length]);
            assert_eq!(written.get(1..=expected.len()), Some(expected), "{length}");
            assert_eq!(written.len(), 1 + expected.len() + length);
        };
        check(0, &[0]);
        check(127, &[127]);
        check(128, &[0x81, 128]);
        check(256, &[0x82, 1, 0]);
    }
}
