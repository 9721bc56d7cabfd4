//! The list of settings for `config`: value, source and overridden sources, without secrets.
//! No command or key store is read for it.

use std::path::PathBuf;

use super::definitions::{DEFINITIONS, Definition, GROUP_PREFIX, Key};
use super::{Origin, Setting, Settings};
use crate::util::secret::Secret;

/// A setting in a form that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSetting {
    /// The name in a profile, or the librdkafka property.
    pub name: String,
    /// Its value.
    pub value: ListedValue,
    /// The source; `None` if it is not set.
    pub origin: Option<Origin>,
    /// Overridden sources, by descending precedence.
    pub shadowed: Vec<Origin>,
}

/// A value in a form that may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedValue {
    /// Not set.
    Unset,
    /// A value that is not secret.
    Text(String),
    /// A secret that is set.
    Set,
    /// A secret that is read from this kind of source when it is needed.
    Deferred(&'static str),
}

impl Settings {
    /// Every setting, then every property for the Kafka library.
    #[must_use]
    pub fn list(&self) -> Vec<ListedSetting> {
        let mut list: Vec<ListedSetting> = DEFINITIONS
            .iter()
            .map(|definition| self.shown(definition))
            .collect();
        if let Some(prefix) = &self.group_prefix {
            list.insert(
                3,
                one(GROUP_PREFIX, Some(prefix), |text| {
                    ListedValue::Text(text.clone())
                }),
            );
        }
        list.extend(self.extra.iter().map(|property| ListedSetting {
            name: property.name.clone(),
            value: if property.is_secret() {
                ListedValue::Set
            } else {
                ListedValue::Text(property.shown().into_owned())
            },
            origin: Some(property.origin.clone()),
            shadowed: Vec::new(),
        }));
        list
    }

    fn shown(&self, definition: &Definition) -> ListedSetting {
        let text = |text: &String| ListedValue::Text(text.clone());
        let path = |path: &PathBuf| ListedValue::Text(path.display().to_string());
        let name = definition.name();
        match definition.key {
            Key::Brokers => one(name, self.brokers.as_ref(), text),
            Key::Topic => one(name, self.topic.as_ref(), text),
            Key::Group => one(name, self.group.as_ref(), text),
            Key::ClusterCert => one(name, self.cluster_cert.as_ref(), path),
            Key::UserCert => one(name, self.user_cert.as_ref(), path),
            Key::Url => one(name, self.url.as_ref(), |url| {
                ListedValue::Text(url.to_string())
            }),
            Key::ClusterCertPassword => {
                self.secret(definition, self.cluster_cert_password.as_ref())
            }
            Key::UserCertPassword => self.secret(definition, self.user_cert_password.as_ref()),
            Key::ApiSecret => self.secret(definition, self.api_key.as_ref()),
        }
    }

    fn secret(&self, definition: &Definition, setting: Option<&Setting<Secret>>) -> ListedSetting {
        let source = self
            .secret_sources
            .iter()
            .find(|source| source.key == definition.key);
        match source {
            Some(source) => ListedSetting {
                name: definition.name().to_owned(),
                value: ListedValue::Deferred(source.description()),
                origin: Some(source.origin.clone()),
                shadowed: source.shadowed.clone(),
            },
            None => one(definition.name(), setting, |_| ListedValue::Set),
        }
    }
}

fn one<T>(
    name: &str,
    setting: Option<&Setting<T>>,
    value: impl Fn(&T) -> ListedValue,
) -> ListedSetting {
    ListedSetting {
        name: name.to_owned(),
        value: setting.map_or(ListedValue::Unset, |setting| value(&setting.value)),
        origin: setting.map(|setting| setting.origin.clone()),
        shadowed: setting.map_or_else(Vec::new, |setting| setting.shadowed.clone()),
    }
}
