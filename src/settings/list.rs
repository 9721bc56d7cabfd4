//! The list of settings for `config`: value, source and overridden sources, without secrets.
//! No command or key store is read for it.

use super::definitions::{DEFINITIONS, Definition, GROUP_PREFIX, Key};
use super::{Displayed, DisplayedValue, Origin, Setting, Settings};
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
    /// A value that is set.
    Set(DisplayedValue),
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
            list.insert(3, self.one(GROUP_PREFIX, Some(prefix)));
        }
        list.extend(self.extra.iter().map(|property| ListedSetting {
            name: property.shown_name().to_owned(),
            value: ListedValue::Set(self.displayed_property(property)),
            origin: Some(property.origin.clone()),
            shadowed: Vec::new(),
        }));
        list
    }

    fn shown(&self, definition: &Definition) -> ListedSetting {
        let name = definition.name();
        match definition.key {
            Key::Brokers => listed(name, self.brokers.as_ref(), |brokers| {
                self.displayed_brokers(brokers)
            }),
            Key::Topic => self.one(name, self.topic.as_ref()),
            Key::Group => self.one(name, self.group.as_ref()),
            Key::ClusterCert => self.one(name, self.cluster_cert.as_ref()),
            Key::UserCert => self.one(name, self.user_cert.as_ref()),
            Key::Url => self.one(name, self.url.as_ref()),
            Key::ClusterCertPassword => {
                self.secret(definition, self.cluster_cert_password.as_ref())
            }
            Key::UserCertPassword => self.secret(definition, self.user_cert_password.as_ref()),
            Key::ApiSecret => self.secret(definition, self.api_key.as_ref()),
        }
    }

    fn one<T: Displayed>(&self, name: &str, setting: Option<&Setting<T>>) -> ListedSetting {
        listed(name, setting, |setting| self.displayed(setting))
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
            None => listed(definition.name(), setting, |_| DisplayedValue::Secret),
        }
    }
}

fn listed<T>(
    name: &str,
    setting: Option<&Setting<T>>,
    value: impl Fn(&Setting<T>) -> DisplayedValue,
) -> ListedSetting {
    ListedSetting {
        name: name.to_owned(),
        value: setting.map_or(ListedValue::Unset, |setting| {
            ListedValue::Set(value(setting))
        }),
        origin: setting.map(|setting| setting.origin.clone()),
        shadowed: setting.map_or_else(Vec::new, |setting| setting.shadowed.clone()),
    }
}
