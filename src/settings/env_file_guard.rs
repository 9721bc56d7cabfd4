//! Whether a secret of the user's would go where only a folder sends it: the `.env` that happens to lie in the working
//! folder. Where each value came from has been decided in `resolve`; that a server is the one it says is left to TLS.

use super::definitions::Key;
use super::{Origin, Property, Protocol, Setting, Settings, SettingsError};

impl Settings {
    /// Why the API key must not go to the URL: the working folder's `.env` gives the one and not the other.
    #[must_use]
    pub fn misdirected_key(&self) -> Option<SettingsError> {
        let url = self.url.as_ref().filter(|url| url.origin.is_of_folder())?;
        let pending = self.pending.iter().find(|one| one.key == Key::ApiSecret);
        let waiting = pending.map(|pending| &pending.origin);
        let key = self.api_key.as_ref().map(|key| &key.origin).or(waiting)?;
        let theirs = key.is_of_folder() || *key == Origin::Asked;
        (!theirs).then(|| SettingsError {
            what: format!(
                "the API key is not sent: it comes from {key}, but the URL {} only from the working folder's {}",
                url.value, url.origin
            ),
            fix: "if you trust this URL, give it yourself: --url, DITTO_CDC_URL in the environment, or --env-file .env"
                .to_owned(),
        })
    }

    /// Why a login must not go to the brokers: the working folder's `.env` names them, and never gives a login.
    #[must_use]
    pub fn misdirected_login(&self) -> Option<SettingsError> {
        let protocol = self.protocol().ok()?;
        let named = |brokers: &&Setting<String>| brokers.origin.is_of_folder();
        let brokers = self.brokers.as_ref().filter(named)?;
        let is_login = |one: &&Property| one.is_secret() && one.name.starts_with("sasl.");
        let login = self.extra.iter().find(is_login)?;
        matches!(protocol, Protocol::SaslSsl | Protocol::SaslPlaintext).then(|| SettingsError {
            what: format!(
                "the login is not sent: {} comes from {}, but the brokers {} only from the working folder's {}",
                login.name, login.origin, brokers.value, brokers.origin
            ),
            fix: "if you trust these brokers, give them yourself: --brokers, DITTO_CDC_BROKERS in the environment, or --env-file .env"
                .to_owned(),
        })
    }
}
