//! From the bytes of a PKCS#12 store and a password to its certificates and key.
//! Other formats, files and the wording of faults are left to the neighbours.

use std::sync::OnceLock;

use openssl::error::{Error, ErrorStack};
use openssl::pkcs12::Pkcs12;
use openssl::provider::Provider;

use super::contents::{Contents, Trouble};
use super::rounds::{MOST, most_rounds};
use crate::util::secret::Secret;

/// `ERR_LIB_PKCS12` in `openssl/err.h`.
const LIBRARY: i32 = 35;
/// The reasons that a wrong password has, from `openssl/pkcs12err.h`: the MAC does not fit, or, in
/// a store without one, the padding (`PKCS12_CIPHERFINAL_ERROR`) or what was decrypted (`DECODE_ERROR`).
const PASSWORD_REASONS: [i32; 3] = [113, 116, 101];

/// Opens a store. Without a password the empty one is tried, in both spellings that stores know.
pub(in crate::tls) fn open(bytes: &[u8], password: Option<&Secret>) -> Result<Contents, Trouble> {
    if most_rounds(bytes) > MOST {
        return Err(Trouble::TooManyRounds);
    }
    load_old_ciphers();
    let store = Pkcs12::from_der(bytes).map_err(|e| Trouble::Unreadable(e.to_string()))?;
    let mut refusal = None;
    for spelling in spellings(password) {
        match store.parse2(&spelling) {
            Ok(found) => {
                let certificates = found.cert.into_iter().chain(found.ca.into_iter().flatten());
                return Ok(Contents {
                    certificates: certificates.collect(),
                    key: found.pkey,
                });
            }
            // The plain spelling's refusal is the one that people can search for.
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    Err(trouble(&refusal.unwrap_or_else(ErrorStack::get), password))
}

/// The password as it is, and as OpenSSL before 1.1.0 had it: each byte of UTF-8 taken for a character.
fn spellings(password: Option<&Secret>) -> Vec<String> {
    let plain = password.map_or("", Secret::expose);
    let mut all = vec![plain.to_owned()];
    if !plain.is_ascii() {
        all.push(plain.bytes().map(char::from).collect());
    }
    all
}

fn trouble(refusal: &ErrorStack, password: Option<&Secret>) -> Trouble {
    let raw = refusal.to_string();
    if raw.contains("unsupported") {
        Trouble::Unsupported(raw)
    } else if refusal.errors().iter().any(is_about_the_password) {
        Trouble::refused(refusal, password)
    } else {
        Trouble::Unreadable(raw)
    }
}

fn is_about_the_password(error: &Error) -> bool {
    error.library_code() == LIBRARY && PASSWORD_REASONS.contains(&error.reason_code())
}

/// Files of OpenSSL 1.1's age use RC2-40, which OpenSSL 3 keeps apart from its default ciphers.
fn load_old_ciphers() {
    static LEGACY: OnceLock<Option<Provider>> = OnceLock::new();
    // Where it is missing the parse fails with OpenSSL's own words, which name the cipher.
    LEGACY.get_or_init(|| Provider::try_load(None, "legacy", true).ok());
}
