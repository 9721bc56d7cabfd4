//! The secrets of a run, as texts that no message may contain: the last guard for texts of libraries and servers.

use std::borrow::Cow;
use std::fmt;

use super::secret::Secret;

/// What replaces a secret in a text.
pub const HIDDEN: &str = "(hidden)";

/// Shorter texts occur in other words: they are not replaced.
const MIN_CHARS: usize = 6;
/// Parts of a longer secret, such as the lines of a key, are secrets of their own from this length on.
const MIN_PART_CHARS: usize = 16;

/// Words of messages. A password that is one of them is not replaced: messages would become unreadable and show it.
const COMMON_WORDS: &[&str] = &[
    "bootstrap.servers",
    "brokers",
    "certificate",
    "changes",
    "client",
    "cluster",
    "collection",
    "connection",
    "consumer",
    "ditto-cdc",
    "keystore",
    "localhost",
    "location",
    "password",
    "passphrase",
    "position",
    "profile",
    "properties",
    "records",
    "secret",
    "security.protocol",
    "server",
    "settings",
    "string",
    "truststore",
];

/// Parts of names whose values are secret.
const SECRET_NAME_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "jaas",
    "key",
    "credential",
];
/// Ends of names that only describe a secret or its place.
const HARMLESS_NAME_ENDS: &[&str] = &[
    "location",
    "type",
    "algorithm",
    "serializer",
    "file",
    "keyring",
    "class",
];

/// Texts that must not be printed. `Debug` shows none of them.
#[derive(Clone, Default)]
pub struct KnownSecrets {
    /// By descending length, so that a secret that contains another one is replaced as a whole.
    texts: Vec<String>,
}

impl KnownSecrets {
    /// Adds a secret, the longer parts of it, and what it assigns to a secret name.
    pub fn add(&mut self, secret: &str) {
        self.add_text(secret, MIN_CHARS);
        for part in secret.split_whitespace() {
            self.add_text(part, MIN_PART_CHARS);
        }
        self.add_assigned(secret);
    }

    /// Adds the value of a name if the name says that it is secret, and what the value assigns to such a name.
    pub fn add_value(&mut self, name: &str, value: &str) {
        if names_secret(name) {
            self.add(value);
        }
        self.add_assigned(value);
    }

    /// Adds a password or key.
    pub fn add_secret(&mut self, secret: &Secret) {
        self.add(secret.expose());
    }

    /// Adds the secrets of other known ones.
    pub fn extend(&mut self, others: &KnownSecrets) {
        for text in &others.texts {
            self.add_text(text, MIN_CHARS);
        }
    }

    fn add_assigned(&mut self, value: &str) {
        for assigned in assigned_secrets(value) {
            self.add_text(assigned, MIN_CHARS);
            let ends_word = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';');
            let word = assigned.split(ends_word).next();
            self.add_text(word.unwrap_or_default(), MIN_CHARS);
        }
    }

    fn add_text(&mut self, text: &str, min_chars: usize) {
        let text = text.trim();
        let lower = text.to_lowercase();
        let is_common = COMMON_WORDS.iter().any(|word| word.contains(&*lower));
        let is_known = self.texts.iter().any(|known| known == text);
        if text.chars().count() < min_chars || is_common || is_known {
            return;
        }
        let at = self
            .texts
            .partition_point(|known| known.len() >= text.len());
        self.texts.insert(at, text.to_owned());
    }

    /// Whether a text contains one of the secrets.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        self.texts.iter().any(|secret| text.contains(&**secret))
    }

    /// A text in which each secret is replaced by [`HIDDEN`].
    #[must_use]
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hidden = Cow::Borrowed(text);
        for secret in &self.texts {
            if hidden.contains(&**secret) {
                hidden = Cow::Owned(hidden.replace(&**secret, HIDDEN));
            }
        }
        hidden
    }
}

impl fmt::Debug for KnownSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.texts.len())
    }
}

/// Whether the value of this name is a password or key.
#[must_use]
pub fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut parts = SECRET_NAME_PARTS.iter();
    let mut ends = HARMLESS_NAME_ENDS.iter();
    (parts.any(|part| name.contains(part)) || name.ends_with("pw"))
        && !ends.any(|end| name.ends_with(end))
}

/// What follows each secret name in a value of a file, up to the end of its line. After `:` or a blank, which also
/// separate names from values, only names count whose last word is that of a secret.
pub fn assigned_secrets(value: &str) -> impl Iterator<Item = &str> {
    let separators = value.match_indices(['=', ':', ' ', '\t']);
    separators.filter_map(move |(at, separator)| {
        let name = name_before(&value[..at]);
        let rest = value[at + 1..].lines().next().unwrap_or_default();
        let rest = rest.trim_matches(|c: char| c.is_whitespace() || "\"';=:".contains(c));
        let is_name = if separator == "=" {
            names_secret(name)
        } else {
            ends_in_secret_word(name)
        };
        (is_name && !rest.is_empty()).then_some(rest)
    })
}

fn ends_in_secret_word(name: &str) -> bool {
    let (rest, word) = name.rsplit_once(['.', '_', '-']).unwrap_or_default();
    let word = word.to_ascii_lowercase();
    !rest.is_empty() && (SECRET_NAME_PARTS.contains(&&*word) || word == "pw")
}

/// A text of a library in which the word after each secret name and its `=` is replaced by [`HIDDEN`].
#[must_use]
pub fn hide_assigned(text: &str) -> Cow<'_, str> {
    let mut hidden = String::new();
    let mut shown = 0;
    for (at, _) in text.match_indices('=') {
        if at < shown || !names_secret(name_before(&text[..at])) {
            continue;
        }
        let rest = &text[at + 1..];
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if length > 0 {
            hidden.push_str(&text[shown..=at]);
            hidden.push_str(HIDDEN);
            shown = at + 1 + length;
        }
    }
    if shown == 0 {
        return Cow::Borrowed(text);
    }
    hidden.push_str(&text[shown..]);
    Cow::Owned(hidden)
}

/// The name at the end of a text.
fn name_before(text: &str) -> &str {
    let text = text.trim_end();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    &text[text.trim_end_matches(is_name).len()..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn known(secrets: &[&str]) -> KnownSecrets {
        let mut known = KnownSecrets::default();
        for secret in secrets {
            known.add(secret);
        }
        known
    }

    #[test]
    fn secrets_are_replaced_and_words_of_messages_are_not() {
        let check = |secrets: &[&str], text: &str, expected: &str| {
            assert_eq!(known(secrets).hide(text), expected, "{secrets:?}");
        };
        check(&["hunter2"], "it says hunter2!", "it says (hidden)!");
        check(&["hunter2", "hunter2x"], "hunter2x", "(hidden)");
        check(&[" hunter2\n"], "hunter2", "(hidden)");
        check(&["abc"], "abcdef", "abcdef");
        check(
            &["password"],
            "the password is wrong",
            "the password is wrong",
        );
        check(&["Secret"], "client.secret", "client.secret");
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END PRIVATE KEY-----";
        check(&[key], "at MIIEvQIBADANBgkqhkiG:", "at (hidden):");
        check(&[key], "no BEGIN PRIVATE KEY", "no BEGIN PRIVATE KEY");
        let login = "Plain required username=\"me\" password=\"hunter2\";";
        check(&[login], "hunter2", "(hidden)");
    }

    #[test]
    fn names_of_secrets() {
        for name in [
            "ssl.truststore.password",
            "CLUSTER_CERT_PW",
            "DITTO_API_KEY",
            "sasl.jaas.config",
            "ssl.keystore.key",
            "my.passphrase",
            "api-key",
        ] {
            assert!(names_secret(name), "{name}");
        }
        for name in [
            "ssl.keystore.location",
            "ssl.keystore.type",
            "key.deserializer",
            "ssl.keymanager.algorithm",
            "client.id",
            "api-key-file",
            "",
        ] {
            assert!(!names_secret(name), "{name}");
        }
    }

    #[test]
    fn what_a_library_quotes() {
        for (text, expected) in [
            (
                "sasl.password=hunter2 is bad",
                "sasl.password=(hidden) is bad",
            ),
            ("a=1 key=hunter2", "a=1 key=(hidden)"),
            ("password=a=b", "password=(hidden)"),
            ("password= x", "password= x"),
            ("topic=a", "topic=a"),
        ] {
            assert_eq!(hide_assigned(text), expected);
        }
    }

    proptest! {
        #[test]
        fn no_text_shows_a_secret(before in ".{0,8}", secret in "[A-Z0-9]{8,12}", after in ".{0,8}") {
            let text = format!("{before}{secret}{after}");
            prop_assert!(!known(&[&secret]).hide(&text).contains(&secret));
            let assigned = format!("{before} password={secret} {after}");
            let shown = format!("={secret}");
            prop_assert!(!hide_assigned(&assigned).contains(&shown));
            prop_assert!(assigned_secrets(&assigned).any(|found| found.contains(&secret)));
        }
    }
}
