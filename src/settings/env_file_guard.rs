//! Guard against an untrusted `.env` in the working folder, which must not redirect the user's secrets to its server.

use super::definitions::Key;
use super::{Origin, Property, Protocol, Setting, Settings, SettingsError};

impl Settings {
    /// The error if the working folder's `.env` sets the URL but not the API key, which would be sent there.
    #[must_use]
    pub fn key_to_untrusted_url(&self) -> Option<SettingsError> {
        let url = self
            .url
            .as_ref()
            .filter(|url| url.origin.is_implicit_env_file())?;
        let source = self
            .secret_sources
            .iter()
            .find(|one| one.key == Key::ApiSecret);
        let unread_origin = source.map(|source| &source.origin);
        let key = self
            .api_key
            .as_ref()
            .map(|key| &key.origin)
            .or(unread_origin)?;
        let same_trust = key.is_implicit_env_file() || *key == Origin::Prompt;
        (!same_trust).then(|| SettingsError {
            what: format!(
                "the API key is not sent, because it comes from {key}, but the URL {} comes only from the working folder's {}",
                self.displayed(url), url.origin
            ),
            fix: "if you trust this URL, set it yourself: --url, DITTO_CDC_URL in the environment, or --env-file .env"
                .to_owned(), ..SettingsError::default() })
    }

    /// The error if the working folder's `.env` sets the brokers and a SASL login, which it cannot set, would be sent there.
    #[must_use]
    pub fn login_to_untrusted_brokers(&self) -> Option<SettingsError> {
        let protocol = self.protocol().ok()?;
        let named = |brokers: &&Setting<String>| brokers.origin.is_implicit_env_file();
        let brokers = self.brokers.as_ref().filter(named)?;
        let is_login = |one: &&Property| one.is_secret() && one.name.starts_with("sasl.");
        let login = self.extra.iter().find(is_login)?;
        matches!(protocol, Protocol::SaslSsl | Protocol::SaslPlaintext).then(|| SettingsError {
            what: format!(
                "the login is not sent, because {} comes from {}, but the brokers {} come only from the working folder's {}",
                login.shown_name(),
                login.origin,
                self.displayed_brokers(brokers),
                brokers.origin
            ),
            fix: "if you trust these brokers, set them yourself: --brokers, DITTO_CDC_BROKERS in the environment, or --env-file .env"
                .to_owned(), ..SettingsError::default() })
    }
}
