//! Access to the system's key store: Secret Service on Linux, Keychain on a Mac, Credential Manager on Windows.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};

use super::SettingsError;
use crate::util::secret::Secret;

/// The service of every entry; its user is the name in the profile.
const SERVICE: &str = "ditto-cdc";

/// Reads the secret of an entry; `what` starts the error message.
///
/// # Errors
/// [`SettingsError`] if this session has no key store, or the key store has no such entry.
pub(super) fn get(name: &str, what: &str) -> Result<Secret, SettingsError> {
    let found = entry(name).and_then(|entry| entry.get_password());
    found
        .map(Secret::new)
        .map_err(|error| explain(&error, name, what))
}

/// Stores a secret in an entry, replacing the old one.
///
/// # Errors
/// [`SettingsError`] if this session has no key store, or the key store refuses.
pub fn set(name: &str, secret: &Secret) -> Result<(), SettingsError> {
    let stored = entry(name).and_then(|entry| entry.set_password(secret.expose()));
    stored.map_err(|error| {
        explain(
            &error,
            name,
            &format!("cannot store {name} in the key store"),
        )
    })
}

/// Whether this session has a key store that answers.
#[must_use]
pub fn is_available() -> bool {
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

fn explain(error: &Error, name: &str, what: &str) -> SettingsError {
    let elsewhere = "without a key store (server, container), use -file or -command in the profile, or a variable";
    let (why, fix) = match error {
        Error::NoEntry => (
            format!("it has no entry {name}"),
            "`ditto-cdc config init` stores secrets there; \"key store\" in docs/connecting.md has the command that adds one"
                .to_owned(),
        ),
        Error::NoStorageAccess(_) => (
            "it is locked".to_owned(),
            format!("unlock it; {elsewhere}"),
        ),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            ("its entry is not a string".to_owned(), "store it again".to_owned())
        }
        Error::Ambiguous(_) => (
            format!("it has several entries {name}"),
            "remove all but one".to_owned(),
        ),
        _ => (
            "no key store answers in this session".to_owned(),
            elsewhere.to_owned(),
        ),
    };
    SettingsError {
        what: format!("{what}: {why}"),
        fix,
        ..SettingsError::default()
    }
}
