//! Opens PKCS#12 stores (RFC 7292). Key derivation (KDF) iterations are limited before a password is tried, because
//! OpenSSL performs any number of them, which can take hours.

use std::sync::OnceLock;

use openssl::error::{Error, ErrorStack};
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::provider::Provider;
use openssl::x509::X509;

use crate::tls::der::{CONSTRUCTED, INTEGER, OCTETS, SEQUENCE, claimed_bytes, elements};
use crate::util::secret::Secret;

/// `ERR_LIB_PKCS12` in `openssl/err.h`.
const LIBRARY: i32 = 35;
/// OpenSSL's reasons for a wrong password, from `openssl/pkcs12err.h`: the MAC does not match, or, in a store without
/// one, the padding (`PKCS12_CIPHERFINAL_ERROR`) or the decrypted data (`DECODE_ERROR`).
const PASSWORD_REASONS: [i32; 3] = [113, 116, 101];

/// Known tools use 1 to 600,000; this number takes a second or two.
pub(super) const MAX_ITERATIONS: u64 = 5_000_000;
/// A store needs fifteen levels of nesting.
const MAX_DEPTH: usize = 32;

/// A parsed store: the certificates in the order of the file, and the private key if there is one.
#[derive(Default)]
pub(super) struct StoreContents {
    pub(super) certificates: Vec<X509>,
    pub(super) key: Option<PKey<Private>>,
}

/// Why a store cannot be opened; strings are OpenSSL's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OpenError {
    Empty,
    /// A store in one of Java's own formats, with `keytool`'s name of that format.
    Java(&'static str),
    /// A web page, likely a sign-in page.
    Html,
    /// A Java properties file instead of the store that it names.
    Properties,
    /// The DER header announces more bytes than the file has.
    Truncated {
        claimed: usize,
        found: usize,
    },
    /// A PEM block begins and does not end.
    TruncatedPem,
    /// Larger than any plausible store.
    TooLarge,
    /// The password contains a NUL; OpenSSL would ignore it and all characters after it.
    NulInPassword,
    /// The password is unset or empty, and the empty one does not open the store.
    PasswordMissing(String),
    /// The password does not open the store.
    PasswordWrong(String),
    /// More than [`MAX_ITERATIONS`]: trying one password would take minutes or hours.
    TooManyIterations,
    /// OpenSSL does not support the encryption.
    Unsupported(String),
    /// Not a known format, or damaged.
    Unreadable(String),
}

impl OpenError {
    /// A missing or a wrong password.
    pub(super) fn password_error(error: &ErrorStack, password: Option<&Secret>) -> OpenError {
        let raw = error.to_string();
        match password {
            Some(set) if !set.expose().is_empty() => OpenError::PasswordWrong(raw),
            _ => OpenError::PasswordMissing(raw),
        }
    }

    /// OpenSSL's message.
    pub(super) fn raw(&self) -> Option<&str> {
        match self {
            OpenError::PasswordMissing(raw)
            | OpenError::PasswordWrong(raw)
            | OpenError::Unsupported(raw)
            | OpenError::Unreadable(raw) => Some(raw),
            _ => None,
        }
    }
}

/// Opens a store. Without a password, the empty one is tried in both encodings that stores use.
pub(super) fn open(bytes: &[u8], password: Option<&Secret>) -> Result<StoreContents, OpenError> {
    if kdf_iterations(bytes) > MAX_ITERATIONS {
        return Err(OpenError::TooManyIterations);
    }
    load_legacy_provider();
    let store = Pkcs12::from_der(bytes).map_err(|e| OpenError::Unreadable(e.to_string()))?;
    let mut first_error = None;
    for encoding in encodings(password) {
        match store.parse2(&encoding) {
            Ok(found) => {
                let certificates = found.cert.into_iter().chain(found.ca.into_iter().flatten());
                return Ok(StoreContents {
                    certificates: certificates.collect(),
                    key: found.pkey,
                });
            }
            // The error of the plain encoding is the one to search the web for.
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    Err(open_error(
        &first_error.unwrap_or_else(ErrorStack::get),
        password,
    ))
}

/// The password as it is, and as OpenSSL before 1.1.0 encoded it: each byte of UTF-8 as a character.
fn encodings(password: Option<&Secret>) -> Vec<String> {
    let plain = password.map_or("", Secret::expose);
    let mut all = vec![plain.to_owned()];
    if !plain.is_ascii() {
        all.push(plain.bytes().map(char::from).collect());
    }
    all
}

fn open_error(error: &ErrorStack, password: Option<&Secret>) -> OpenError {
    let raw = error.to_string();
    if raw.contains("unsupported") {
        OpenError::Unsupported(raw)
    } else if error.errors().iter().any(is_password_error) {
        OpenError::password_error(error, password)
    } else {
        OpenError::Unreadable(raw)
    }
}

fn is_password_error(error: &Error) -> bool {
    error.library_code() == LIBRARY && PASSWORD_REASONS.contains(&error.reason_code())
}

/// Stores of OpenSSL 1.1 use RC2-40, which OpenSSL 3 moved to its legacy provider.
fn load_legacy_provider() {
    static LEGACY: OnceLock<Option<Provider>> = OnceLock::new();
    // Without it the parse fails with OpenSSL's own message, which names the cipher.
    LEGACY.get_or_init(|| Provider::try_load(None, "legacy", true).ok());
}

/// The largest KDF iteration count in the unencrypted part of a store.
pub(super) fn kdf_iterations(store: &[u8]) -> u64 {
    max_iterations(store, MAX_DEPTH)
}

/// In each algorithm, and in the MAC, the iteration count follows the salt.
fn max_iterations(bytes: &[u8], levels: usize) -> u64 {
    let mut max = 0;
    let mut after_salt = false;
    for element in elements(bytes) {
        if after_salt && element.tag == INTEGER {
            max = max.max(number(element.content));
        }
        after_salt = element.tag == OCTETS;
        let is_nested = element.tag & CONSTRUCTED != 0 || (after_salt && wraps(element.content));
        if let Some(levels) = levels.checked_sub(1).filter(|_| is_nested) {
            max = max.max(max_iterations(element.content, levels));
        }
    }
    max
}

/// Parts of a store are DER inside an octet string; the length is checked so that encrypted octets do not match by
/// chance.
fn wraps(octets: &[u8]) -> bool {
    octets.first() == Some(&SEQUENCE) && claimed_bytes(octets) == Some(octets.len())
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(256).saturating_add(u64::from(*digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iteration_counts_follow_salts() {
        let check =
            |bytes: &[u8], expected| assert_eq!(kdf_iterations(bytes), expected, "{bytes:x?}");
        check(&[], 0);
        check(&[4, 1, 9, 2, 2, 8, 0], 2048);
        check(&[0x30, 7, 4, 1, 9, 2, 2, 8, 0], 2048);
        check(&[4, 9, 0x30, 7, 4, 1, 9, 2, 2, 8, 0], 2048);
        check(&[4, 8, 0x30, 7, 4, 1, 9, 2, 2, 8, 0], 0);
        check(&[2, 1, 9, 2, 2, 8, 0], 0);
        check(&[4, 0, 2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0], u64::MAX);
        check(&[0x30; 1000], 0);
    }

    #[test]
    fn real_stores_are_within_the_limit() {
        let check = |store: &[u8], expected| assert_eq!(kdf_iterations(store), expected);
        check(include_bytes!("../../../tests/fixtures/p12/ec.p12"), 2048);
        check(
            include_bytes!("../../../tests/fixtures/p12/openssl11.p12"),
            2048,
        );
        check(
            include_bytes!("../../../tests/fixtures/p12/keytool-one.p12"),
            10_000,
        );
        check(
            include_bytes!("../../../tests/fixtures/p12/keytool-old.p12"),
            100_000,
        );
    }
}
