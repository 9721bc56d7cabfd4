//! From the bytes of a PKCS#12 store and a password to its certificates and key.
//! Other formats, files and the wording of faults are left to the neighbours.

use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::provider::Provider;

use super::contents::{Contents, Trouble};
use crate::secret::Secret;

/// Opens a store. Without a password the empty one is tried, in both spellings that stores know.
pub(super) fn open(bytes: &[u8], password: Option<&Secret>) -> Result<Contents, Trouble> {
    load_old_ciphers();
    let store = Pkcs12::from_der(bytes).map_err(|e| Trouble::Unreadable(e.to_string()))?;
    let spellings = spellings(password)?;
    let mut refusal = None;
    for spelling in &spellings {
        match store.parse2(spelling) {
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
    Err(trouble(refusal, password))
}

/// The password as it is, and as `OpenSSL` before 1.1.0 had it: each byte of UTF-8 taken for a character.
fn spellings(password: Option<&Secret>) -> Result<Vec<String>, Trouble> {
    let plain = password.map_or("", Secret::expose);
    if plain.contains('\0') {
        return Err(Trouble::NulInPassword);
    }
    let mut all = vec![plain.to_owned()];
    if !plain.is_ascii() {
        all.push(plain.bytes().map(char::from).collect());
    }
    Ok(all)
}

fn trouble(refusal: Option<ErrorStack>, password: Option<&Secret>) -> Trouble {
    let raw = refusal.map(|error| error.to_string()).unwrap_or_default();
    match password {
        None => Trouble::PasswordMissing(raw),
        Some(_) => Trouble::PasswordWrong(raw),
    }
}

/// Files of `OpenSSL` 1.1's age use RC2-40, which `OpenSSL` 3 keeps apart from its default ciphers.
fn load_old_ciphers() {
    static LEGACY: OnceLock<Option<Provider>> = OnceLock::new();
    // Where it is missing the parse fails with OpenSSL's own words, which name the cipher.
    LEGACY.get_or_init(|| Provider::try_load(None, "legacy", true).ok());
}
