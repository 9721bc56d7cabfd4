//! Every setting as a line for people and programs: its value, its origin and what it shadows; secrets only as "set".
//! Nothing is asked for here: a secret that a command would print is said to come from it.

use std::path::PathBuf;

use super::definitions::{GROUP_PREFIX, Key, ROWS, Row};
use super::{Origin, Setting, Settings};
use crate::util::secret::Secret;

/// One setting as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its name in a profile; for a property of the Kafka library, the library's.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Where it was found; `None` where it is not set.
    pub origin: Option<Origin>,
    /// Where else a value was found, in the order of rank.
    pub shadowed: Vec<Origin>,
}

/// A value as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Not set.
    Unset,
    /// No secret.
    Text(String),
    /// A secret that is there.
    Set,
    /// A secret that will be asked for when it is needed, and of whom.
    Asked(&'static str),
}

impl Settings {
    /// Every setting, then every property for the Kafka library.
    #[must_use]
    pub fn list(&self) -> Vec<Shown> {
        let mut list: Vec<Shown> = ROWS.iter().map(|row| self.shown(row)).collect();
        if let Some(prefix) = &self.group_prefix {
            list.insert(
                3,
                one(GROUP_PREFIX, Some(prefix), |text| Value::Text(text.clone())),
            );
        }
        list.extend(self.extra.iter().map(|property| Shown {
            name: property.name.clone(),
            value: if property.is_secret() {
                Value::Set
            } else {
                Value::Text(property.value.clone())
            },
            origin: Some(property.origin.clone()),
            shadowed: Vec::new(),
        }));
        list
    }

    fn shown(&self, row: &Row) -> Shown {
        let text = |text: &String| Value::Text(text.clone());
        let path = |path: &PathBuf| Value::Text(path.display().to_string());
        let name = row.name();
        match row.key {
            Key::Brokers => one(name, self.brokers.as_ref(), text),
            Key::Topic => one(name, self.topic.as_ref(), text),
            Key::Group => one(name, self.group.as_ref(), text),
            Key::ClusterCert => one(name, self.cluster_cert.as_ref(), path),
            Key::UserCert => one(name, self.user_cert.as_ref(), path),
            Key::Url => one(name, self.url.as_ref(), text),
            Key::ClusterCertPassword => self.secret(row, self.cluster_cert_password.as_ref()),
            Key::UserCertPassword => self.secret(row, self.user_cert_password.as_ref()),
            Key::ApiSecret => self.secret(row, self.api_key.as_ref()),
        }
    }

    fn secret(&self, row: &Row, setting: Option<&Setting<Secret>>) -> Shown {
        let pending = self.pending.iter().find(|pending| pending.key == row.key);
        match pending {
            Some(pending) => Shown {
                name: row.name().to_owned(),
                value: Value::Asked(pending.from()),
                origin: Some(pending.origin.clone()),
                shadowed: pending.shadowed.clone(),
            },
            None => one(row.name(), setting, |_| Value::Set),
        }
    }
}

fn one<T>(name: &str, setting: Option<&Setting<T>>, value: impl Fn(&T) -> Value) -> Shown {
    Shown {
        name: name.to_owned(),
        value: setting.map_or(Value::Unset, |setting| value(&setting.value)),
        origin: setting.map(|setting| setting.origin.clone()),
        shadowed: setting.map_or_else(Vec::new, |setting| setting.shadowed.clone()),
    }
}
