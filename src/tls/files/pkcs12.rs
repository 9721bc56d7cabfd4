//! From the bytes of a PKCS#12 store and a password to its certificates and key.
//! Other formats, files and the wording of faults are left to the neighbours.

use std::sync::OnceLock;

use openssl::error::{Error, ErrorStack};
use openssl::pkcs12::Pkcs12;
use openssl::provider::Provider;

use super::kdf_iterations::{MAX_ITERATIONS, kdf_iterations};
use super::store_contents::{OpenError, StoreContents};
use crate::util::secret::Secret;

/// `ERR_LIB_PKCS12` in `openssl/err.h`.
const LIBRARY: i32 = 35;
/// OpenSSL's reasons for a wrong password, from `openssl/pkcs12err.h`: the MAC does not match, or, in a store without
/// one, the padding (`PKCS12_CIPHERFINAL_ERROR`) or the decrypted data (`DECODE_ERROR`).
const PASSWORD_REASONS: [i32; 3] = [113, 116, 101];

/// Opens a store. Without a password the empty one is tried, in both spellings that stores know.
pub(in crate::tls) fn open(
    bytes: &[u8],
    password: Option<&Secret>,
) -> Result<StoreContents, OpenError> {
    if kdf_iterations(bytes) > MAX_ITERATIONS {
        return Err(OpenError::TooManyRounds);
    }
    load_legacy_provider();
    let store = Pkcs12::from_der(bytes).map_err(|e| OpenError::Unreadable(e.to_string()))?;
    let mut refusal = None;
    for spelling in encodings(password) {
        match store.parse2(&spelling) {
            Ok(found) => {
                let certificates = found.cert.into_iter().chain(found.ca.into_iter().flatten());
                return Ok(StoreContents {
                    certificates: certificates.collect(),
                    key: found.pkey,
                });
            }
            // The error of the plain encoding is the one that people can search for.
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    Err(open_error(
        &refusal.unwrap_or_else(ErrorStack::get),
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

fn open_error(refusal: &ErrorStack, password: Option<&Secret>) -> OpenError {
    let raw = refusal.to_string();
    if raw.contains("unsupported") {
        OpenError::Unsupported(raw)
    } else if refusal.errors().iter().any(is_password_error) {
        OpenError::refused(refusal, password)
    } else {
        OpenError::Unreadable(raw)
    }
}

fn is_password_error(error: &Error) -> bool {
    error.library_code() == LIBRARY && PASSWORD_REASONS.contains(&error.reason_code())
}

/// Files of OpenSSL 1.1's age use RC2-40, which OpenSSL 3 keeps apart from its default ciphers.
fn load_legacy_provider() {
    static LEGACY: OnceLock<Option<Provider>> = OnceLock::new();
    // Without it the parse fails with OpenSSL's own message, which names the cipher.
    LEGACY.get_or_init(|| Provider::try_load(None, "legacy", true).ok());
}
