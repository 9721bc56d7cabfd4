//! Secrets in the system's key store: Secret Service on Linux, Keychain on a Mac, Credential Manager on Windows.
//! Which secret is kept under which name is written in a profile; here names are only looked up and filled.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};

use super::SettingsError;
use crate::util::secret::Secret;

/// Every entry belongs to this service; its user is the name in the profile.
const SERVICE: &str = "ditto-cdc";

/// The secret under a name; `what` says what was being done.
///
/// # Errors
/// Where there is no key store in this session, or no such entry in it.
pub(super) fn get(name: &str, what: &str) -> Result<Secret, SettingsError> {
    let found = entry(name).and_then(|entry| entry.get_password());
    found
        .map(Secret::new)
        .map_err(|error| said(&error, name, what))
}

/// Keeps a secret under a name, in place of what was there.
///
/// # Errors
/// Where there is no key store in this session, or it refuses.
pub fn set(name: &str, secret: &Secret) -> Result<(), SettingsError> {
    let kept = entry(name).and_then(|entry| entry.set_password(secret.expose()));
    kept.map_err(|error| {
        said(
            &error,
            name,
            &format!("cannot keep {name} in the key store"),
        )
    })
}

/// Whether there is a key store in this session that answers.
#[must_use]
pub fn answers() -> bool {
    let probed = entry("probe").and_then(|entry| entry.get_password());
    matches!(
        probed,
        Ok(_) | Err(Error::NoEntry | Error::NoStorageAccess(_))
    )
}

fn entry(name: &str) -> keyring_core::Result<Entry> {
    Entry::new_in_store(&store()?, SERVICE, name)
}

#[cfg(target_os = "linux")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(dbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(Error::NoDefaultStore)
}

fn said(error: &Error, name: &str, what: &str) -> SettingsError {
    let elsewhere =
        "without one (a server, a container) use -file or -command in the profile, or a variable";
    let (why, fix) = match error {
        Error::NoEntry => (
            format!("it has no entry {name}"),
            "`ditto-cdc config init` keeps secrets there; \"key store\" in docs/connecting.md has the command that adds one"
                .to_owned(),
        ),
        Error::NoStorageAccess(_) => (
            "it is locked, and was not unlocked".to_owned(),
            format!("unlock it; {elsewhere}"),
        ),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            ("its entry is no text".to_owned(), "store it again".to_owned())
        }
        Error::Ambiguous(_) => (
            format!("it has several entries {name}"),
            "remove all but one".to_owned(),
        ),
        _ => (
            "this session has no key store that answers".to_owned(),
            elsewhere.to_owned(),
        ),
    };
    SettingsError {
        what: format!("{what}: {why}"),
        fix,
    }
}
