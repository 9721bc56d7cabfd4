//! Resolution of the connection settings from flags, environment, `.env`, a profile and a Java properties file.

mod brokers;
mod definitions;
mod display;
mod dotenv;
mod env_file_guard;
mod error;
mod files;
mod inputs;
mod java;
mod java_names;
pub mod key_store;
mod librdkafka_properties;
mod list;
mod model;
mod origin;
pub mod profile;
mod profile_select;
pub mod profile_write;
mod resolve;
mod secret_source;
mod validate;

pub use brokers::normalize_brokers;
pub use display::{Displayed, DisplayedValue};
pub use error::SettingsError;
pub use files::expand;
pub use inputs::{Environment, Flags};
pub use librdkafka_properties::{LibrdkafkaProperties, Property, is_secret as is_secret_property};
pub use list::{ListedSetting, ListedValue};
pub use model::{Setting, Settings, Store};
pub use origin::Origin;
pub use resolve::resolve;
pub use secret_source::{SecretScope, SecretSource, prompt_password};
pub use validate::{Api, Kafka, Protocol, StoreFile};

/// The environment variables of one setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variables {
    /// Its flag, with the hyphens.
    pub flag: &'static str,
    /// The names; the first that is set takes precedence.
    pub names: &'static [&'static str],
    /// Whether they contain a secret, for which the flag names a file.
    pub is_secret: bool,
}

/// The environment variables of every setting.
pub fn variables() -> impl Iterator<Item = Variables> {
    definitions::DEFINITIONS.iter().map(|definition| Variables {
        flag: definition.flag,
        names: definition.variables,
        is_secret: definition.is_password,
    })
}

#[cfg(test)]
mod tests;
