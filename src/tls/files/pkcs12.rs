//! Opens PKCS#12 stores (RFC 7292). Key derivation (KDF) iterations are limited before a password is tried, because
//! OpenSSL performs any number of them, which can take hours.

use std::sync::OnceLock;

use openssl::error::{Error, ErrorStack};
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::provider::Provider;
use openssl::x509::X509;

use super::algorithms::{self, KeyBag, key_bags, number};
use crate::tls::der::{CONSTRUCTED, INTEGER, OCTETS, SEQUENCE, claimed_bytes, elements, from_ber};
use crate::util::secret::Secret;

/// `ERR_LIB_PKCS12` in `openssl/err.h`.
const LIBRARY: i32 = 35;
/// OpenSSL's reasons, from `openssl/pkcs12err.h`: the MAC does not match, or cannot be computed.
const MAC_VERIFY_FAILURE: i32 = 113;
const MAC_GENERATION_ERROR: i32 = 109;
/// Reasons for a wrong password of a store without a MAC: the padding (`PKCS12_CIPHERFINAL_ERROR`) or the decrypted
/// data (`DECODE_ERROR`).
const PASSWORD_REASONS: [i32; 2] = [116, 101];

/// Known tools use 1 to 600,000; this number takes a second or two.
pub(super) const MAX_ITERATIONS: u64 = 5_000_000;
/// A store needs fifteen levels of nesting.
const MAX_DEPTH: usize = 32;

/// A parsed store: the certificates and the private keys, each in the order of the file.
#[derive(Default)]
pub(super) struct StoreContents {
    pub(super) certificates: Vec<X509>,
    pub(super) keys: Vec<PKey<Private>>,
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
    TooManyIterations(u64),
    /// OpenSSL refuses the MAC, whatever the password: what it uses, and OpenSSL's message.
    UnsupportedMac(String, String),
    /// OpenSSL refuses the encryption, whatever the password: what it uses, and OpenSSL's message.
    UnsupportedEncryption(String, String),
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
            | OpenError::UnsupportedMac(_, raw)
            | OpenError::UnsupportedEncryption(_, raw)
            | OpenError::Unreadable(raw) => Some(raw),
            _ => None,
        }
    }
}

/// Opens a store. Without a password, the empty one is tried in both encodings that stores use.
pub(super) fn open(bytes: &[u8], password: Option<&Secret>) -> Result<StoreContents, OpenError> {
    // Bouncy Castle writes BER. OpenSSL gets the original bytes, which the MAC covers.
    let der = from_ber(bytes, MAX_DEPTH);
    let der = der.as_deref().unwrap_or(bytes);
    let iterations = kdf_iterations(der);
    if iterations > MAX_ITERATIONS {
        return Err(OpenError::TooManyIterations(iterations));
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
                    keys: private_keys(der, &encoding, found.pkey),
                });
            }
            // The error of the plain encoding is the one to search the web for.
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let error = first_error.unwrap_or_else(ErrorStack::get);
    Err(open_error(der, &error, password))
}

/// All keys of a store; OpenSSL returns only the first one.
fn private_keys(store: &[u8], password: &str, first: Option<PKey<Private>>) -> Vec<PKey<Private>> {
    let mut keys: Vec<PKey<Private>> = Vec::new();
    let found = key_bags(store).into_iter().filter_map(|bag| match bag {
        KeyBag::Plain(der) => PKey::private_key_from_pkcs8(der).ok(),
        KeyBag::Encrypted(der) => {
            PKey::private_key_from_pkcs8_passphrase(der, password.as_bytes()).ok()
        }
    });
    // Keys in an encrypted part of the store are found by OpenSSL only.
    for key in found.chain(first) {
        if !keys.iter().any(|known| known.public_eq(&key)) {
            keys.push(key);
        }
    }
    keys
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

/// OpenSSL reports a MAC that it cannot compute like one that does not match, so the algorithms decide.
fn open_error(store: &[u8], error: &ErrorStack, password: Option<&Secret>) -> OpenError {
    let raw = error.to_string();
    let has_reason = |reason| {
        let matches = |one: &Error| one.library_code() == LIBRARY && one.reason_code() == reason;
        error.errors().iter().any(matches)
    };
    if let Some(mac) = algorithms::refused_mac(store) {
        return OpenError::UnsupportedMac(mac, raw);
    }
    if has_reason(MAC_GENERATION_ERROR) {
        return OpenError::UnsupportedMac("a MAC".to_owned(), raw);
    }
    if has_reason(MAC_VERIFY_FAILURE) {
        return OpenError::password_error(error, password);
    }
    if let Some(encryption) = algorithms::refused_encryption(store) {
        return OpenError::UnsupportedEncryption(encryption, raw);
    }
    if raw.contains("unsupported") {
        OpenError::UnsupportedEncryption("an algorithm".to_owned(), raw)
    } else if PASSWORD_REASONS.into_iter().any(has_reason) {
        OpenError::password_error(error, password)
    } else {
        OpenError::Unreadable(raw)
    }
}

/// Stores of OpenSSL 1.1 use RC2-40, and older keys DES, which OpenSSL 3 moved to its legacy provider.
pub(super) fn load_legacy_provider() {
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
