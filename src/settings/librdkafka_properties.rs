//! Pass-through librdkafka properties, from `-X`, a profile or a properties file.
//! Values may be secrets, so `Debug` hides them.

use std::fmt;

use super::SettingsError;
use super::origin::{Origin, is_plain_name};
use crate::util::known_secrets::names_secret;

/// Properties in order; later ones take precedence.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LibrdkafkaProperties(Vec<Property>);

/// The prefix of properties that belong to the target cluster of a relay.
const TARGET_PREFIX: &str = "to.";

/// A librdkafka property.
#[derive(Clone, PartialEq, Eq)]
pub struct Property {
    /// The name in librdkafka.
    pub name: String,
    /// The value; may be a secret, see [`Property::is_secret`].
    pub value: String,
    /// The source of the value.
    pub origin: Origin,
}

impl LibrdkafkaProperties {
    /// The last value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|p| p.value.as_str())
    }

    /// The last property of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Property> {
        self.0.iter().rev().find(|p| p.name == name)
    }

    /// All properties; later ones take precedence.
    pub fn iter(&self) -> std::slice::Iter<'_, Property> {
        self.0.iter()
    }

    /// The properties of the target cluster of a relay, without their prefix; later ones take precedence.
    #[must_use]
    pub fn of_target(&self) -> Vec<(String, String)> {
        let of_target = self.0.iter().filter_map(|property| {
            let name = property.name.strip_prefix(TARGET_PREFIX)?;
            Some((name.to_owned(), property.value.clone()))
        });
        of_target.collect()
    }

    /// Whether one of these names has a value that is not empty.
    #[must_use]
    pub fn has_any(&self, names: &[&str]) -> bool {
        names
            .iter()
            .any(|name| self.get(name).is_some_and(|value| !value.is_empty()))
    }

    pub(super) fn push(&mut self, property: Property) {
        self.0.push(property);
    }

    /// Removes all values of a name.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|property| property.name != name);
    }
}

impl<'a> IntoIterator for &'a LibrdkafkaProperties {
    type Item = &'a Property;
    type IntoIter = std::slice::Iter<'a, Property>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for LibrdkafkaProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl Property {
    /// Whether it belongs to the target cluster of a relay.
    #[must_use]
    pub fn is_of_target(&self) -> bool {
        self.name.starts_with(TARGET_PREFIX)
    }

    /// Whether the value must not be shown.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        is_secret(&self.name)
    }

    /// The name for display; what may be a value in the place of a name is replaced.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        if is_plain_name(&self.name) {
            &self.name
        } else {
            "a property"
        }
    }
}

impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=(set)", self.shown_name())
    }
}

/// Whether a property of this name may be a secret. Errs on the side of secrecy.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name = name.strip_prefix(TARGET_PREFIX).unwrap_or(name);
    // Neither a path nor the name of the SASL mechanism is a secret.
    if name.ends_with(".location") || name.starts_with("sasl.mechanism") {
        return false;
    }
    let name = name.to_ascii_lowercase();
    name.starts_with("sasl.") || name.contains("pem") || names_secret(&name)
}

/// Parses the `-X` flags, in order.
///
/// # Errors
/// [`SettingsError`] if there is no `=` or no valid name before it. The flag is not repeated, because it may be a secret.
pub(super) fn parse(typed: &[String]) -> Result<Vec<Property>, SettingsError> {
    typed
        .iter()
        .enumerate()
        .map(|(index, text)| parse_one(index + 1, text))
        .collect()
}

fn parse_one(number: usize, text: &str) -> Result<Property, SettingsError> {
    let malformed = |why: &str| SettingsError {
        what: format!("cannot read flag -X number {number}: {why}"),
        fix: "write it as -X name=value, for example -X client.id=me".to_owned(),
        ..SettingsError::default()
    };
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| malformed("it has no `=`"))?;
    let name = name.trim();
    if name.is_empty() {
        return Err(malformed("no name before the `=`"));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !name.chars().all(legal) {
        return Err(malformed(
            "the part before the `=` is not a valid property name",
        ));
    }
    Ok(Property {
        name: name.to_owned(),
        value: value.to_owned(),
        origin: Origin::Option {
            number,
            name: name.to_owned(),
        },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let read = parse(&[text.to_owned()]);
            let pair = read.ok().and_then(|mut all| all.pop());
            let pair = pair.as_ref().map(|p| (p.name.as_str(), p.value.as_str()));
            assert_eq!(pair, expected, "{text}");
        };
        check("client.id=me", Some(("client.id", "me")));
        check(" client.id =me ", Some(("client.id", "me ")));
        check("a=b=c", Some(("a", "b=c")));
        check("a=", Some(("a", "")));
        check("a", None);
        check("=a", None);
        check("", None);
        check("a b=c", None);
    }

    #[test]
    fn a_malformed_option_is_not_repeated() {
        let error = parse(&["a=b".into(), "sasl.password:hunter2".into()]).unwrap_err();
        let said = format!("{error:?} {error}");
        assert!(!said.contains("hunter2"), "{said}");
        assert!(said.contains("number 2"), "{said}");
    }

    #[test]
    fn secrets_by_name() {
        let check = |name: &str, expected: bool| assert_eq!(is_secret(name), expected, "{name}");
        check("ssl.key.pem", true);
        check("ssl.ca.pem", true);
        check("ssl.keystore.password", true);
        check("SASL.PASSWORD", true);
        check("sasl.username", true);
        check("sasl.oauthbearer.client.secret", true);
        check("ssl.key.location", false);
        check("sasl.mechanisms", false);
        check("to.sasl.username", true);
        check("to.sasl.mechanisms", false);
        check("to.ssl.key.password", true);
        check("client.id", false);
        check("fetch.min.bytes", false);
    }

    #[test]
    fn a_later_property_wins() {
        let mut extra = LibrdkafkaProperties::default();
        for property in parse(&["a=1".into(), "b=2".into(), "a=3".into()]).unwrap() {
            extra.push(property);
        }
        assert_eq!(extra.get("a"), Some("3"));
        assert_eq!(extra.get("c"), None);
        assert!(extra.has_any(&["c", "b"]));
    }

    #[test]
    fn properties_of_a_target_are_apart() {
        let mut extra = LibrdkafkaProperties::default();
        for property in parse(&["to.a=1".into(), "a=2".into(), "to.b=3".into()]).unwrap() {
            extra.push(property);
        }
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(extra.of_target(), [pair("a", "1"), pair("b", "3")]);
        let of_source = extra.iter().filter(|one| !one.is_of_target());
        assert_eq!(of_source.count(), 1);
    }
}
