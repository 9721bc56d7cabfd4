//! Java `.properties` files, with each property classified as a setting, passed on, ignored or unknown.

use std::path::{Path, PathBuf};

use java_properties::{LineContent, PropertiesIter};

use super::java_names::{Treatment, known, treatment};
use super::{LibrdkafkaProperties, Origin, Property, SettingsError};
use crate::util::suggest::nearest;

const KEY_PASSWORD: &str = "ssl.key.password";

const CIPHER_SUITES: &str = "ssl.cipher.suites";
const ONLY_TLS_1_3_SUITES: &str =
    "it lists only TLS 1.3 suites, which the Kafka library cannot configure";

/// A parsed properties file. Has no `Debug`, because it contains secrets.
pub(super) struct Properties {
    /// The file, absolute.
    pub path: PathBuf,
    entries: Vec<(String, String)>,
}

/// The content of a properties file apart from settings.
#[derive(Default)]
pub(super) struct SortedProperties {
    pub extra: LibrdkafkaProperties,
    pub warnings: Vec<String>,
    pub notes: Vec<String>,
}

impl Properties {
    /// Parses the bytes of a file by Java's rules: Latin-1, backslash escapes, the last line of a name counts.
    ///
    /// # Errors
    /// [`SettingsError`] if an escape is malformed. It names the line, never its content.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Properties, SettingsError> {
        let mut entries: Vec<(String, String)> = Vec::new();
        for line in PropertiesIter::new(ascii(bytes).as_bytes()) {
            let line = line.map_err(|error| malformed(path, error.line_number()))?;
            if let LineContent::KVPair(name, value) = line.consume_content() {
                entries.retain(|(known, _)| *known != name);
                entries.push((name, value));
            }
        }
        Ok(Properties {
            path: path.to_owned(),
            entries,
        })
    }

    /// The value of a property.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.entries.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Classifies the properties.
    pub(super) fn classify(&self) -> SortedProperties {
        let mut sorted = SortedProperties::default();
        let mut unknown = Vec::new();
        for (name, value) in &self.entries {
            match treatment(name) {
                // If the file contains the key itself, the password belongs to that key, not to a store.
                Some(Treatment::Setting) if name == KEY_PASSWORD && self.has_key() => {
                    sorted.extra.push(self.property(name, name, value));
                }
                Some(Treatment::Setting) => {}
                Some(Treatment::PassOn(CIPHER_SUITES)) if value.trim().is_empty() => {}
                Some(Treatment::PassOn(CIPHER_SUITES)) if only_tls_1_3(value) => {
                    sorted
                        .warnings
                        .push(self.ignored_message(name, ONLY_TLS_1_3_SUITES));
                }
                Some(Treatment::PassOn(library)) => {
                    sorted.extra.push(self.property(name, library, value));
                }
                Some(Treatment::Ignored(why)) => {
                    sorted.notes.push(self.ignored_message(name, why));
                }
                Some(Treatment::IgnoredWithWarning(why)) => {
                    sorted.warnings.push(self.ignored_message(name, why));
                }
                None => unknown.push(name.as_str()),
            }
        }
        sorted
            .warnings
            .extend(self.unknown_property_warning(&unknown));
        sorted.warnings.extend(self.key_password_warning());
        sorted
    }

    fn has_key(&self) -> bool {
        self.get("ssl.keystore.key").is_some()
    }

    fn property(&self, name: &str, library: &str, value: &str) -> Property {
        // In Java an empty algorithm disables the check of the broker's name.
        let off = library == "ssl.endpoint.identification.algorithm" && value.trim().is_empty();
        Property {
            name: library.to_owned(),
            value: if off { "none" } else { value }.to_owned(),
            origin: Origin::Properties {
                path: self.path.clone(),
                name: name.to_owned(),
            },
        }
    }

    fn ignored_message(&self, name: &str, why: &str) -> String {
        format!("{}: {name} is ignored: {why}", self.path.display())
    }

    fn unknown_property_warning(&self, names: &[&str]) -> Option<String> {
        if names.is_empty() {
            return None;
        }
        let names = names
            .iter()
            .map(|name| match nearest(name, known()).first() {
                Some(near) => format!("{name} (did you mean {near}?)"),
                None => (*name).to_owned(),
            });
        let names: Vec<String> = names.collect();
        Some(format!(
            "{}: ignored, because unknown: {}; properties of the Kafka library can be set with -X name=value",
            self.path.display(),
            names.join(", ")
        ))
    }

    fn key_password_warning(&self) -> Option<String> {
        let store = self.get("ssl.keystore.password")?;
        let key = self.get(KEY_PASSWORD)?;
        (store != key && !self.has_key()).then(|| {
            self.ignored_message(KEY_PASSWORD, "it differs from ssl.keystore.password, and a PKCS#12 file has one password for both",
            )
        })
    }
}

/// Whether a list of cipher suites has none for TLS 1.2. The TLS library accepts Java's names for those, skips TLS 1.3
/// names, and rejects a list that is then empty.
fn only_tls_1_3(list: &str) -> bool {
    let new = |name: &str| name.starts_with("TLS_AES_") || name.starts_with("TLS_CHACHA20_");
    list.split(',')
        .all(|name| name.trim().is_empty() || new(name.trim()))
}

fn malformed(path: &Path, line: Option<usize>) -> SettingsError {
    let line = line.map_or(String::new(), |line| format!(":{line}"));
    SettingsError {
        what: format!(
            "cannot read the properties file {}{line}: `\\u` is not followed by four hexadecimal digits",
            path.display()
        ),
        fix: "double each backslash of a path or password, as Java requires (write it twice)"
            .to_owned(),
        ..SettingsError::default()
    }
}

/// Java reads these files as Latin-1. The parser's closest encoding differs from 0x80 to 0x9f, so each non-ASCII byte
/// becomes a Unicode escape.
fn ascii(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut text = String::with_capacity(bytes.len());
    let mut escaped = false;
    for &byte in bytes {
        // After an unescaped backslash, that backslash starts the escape.
        match (byte.is_ascii(), escaped) {
            (true, _) => text.push(char::from(byte)),
            (false, true) => text.extend(["u00", &format!("{byte:02x}")]),
            (false, false) => text.extend(["\\u00", &format!("{byte:02x}")]),
        }
        escaped = byte == b'\\' && !escaped;
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Properties {
        Properties::parse(Path::new("/etc/client.properties"), bytes).unwrap()
    }

    #[test]
    fn values() {
        let check = |bytes: &[u8], expected: Option<&str>| {
            assert_eq!(read(bytes).get("k"), expected, "{bytes:?}");
        };
        check(b"k=v", Some("v"));
        check(b"k:v", Some("v"));
        check(b"k v", Some("v"));
        check(b"  k  =  v ", Some("v "));
        check(b"k", Some(""));
        check(b"k=", Some(""));
        check(b"k=a\\\n    b", Some("ab"));
        check(b"k=a\\\r\n\tb\r\n", Some("ab"));
        check(b"# k=1\n! k=2", None);
        check(b"k=1\nk=2", Some("2"));
        check(b"k=a=b:c #d", Some("a=b:c #d"));
        check(b"k=\\u00fc", Some("\u{fc}"));
        check(b"k=\xfc", Some("\u{fc}"));
        check(b"k=\\\xfc", Some("\u{fc}"));
        check(b"k=\\\\\xfc", Some("\\\u{fc}"));
        check(b"k=\x80", Some("\u{80}"));
        check(b"\xef\xbb\xbfk=v", Some("v"));
        check(b"k=C:\\\\certs\\\\x.p12", Some("C:\\certs\\x.p12"));
        check(b"k=C:\\certs\\x.p12", Some("C:certsx.p12"));
        check(b"k=pa$HOME", Some("pa$HOME"));
    }

    #[test]
    fn a_malformed_escape_names_the_line_only() {
        let read = Properties::parse(Path::new("/c.properties"), b"a=1\nk=hunter2\\users");
        let error = read.err().unwrap();
        let said = format!("{error:?}");
        assert!(said.contains("/c.properties:2"), "{said}");
        assert!(
            said.contains("twice") && !said.contains("hunter2"),
            "{said}"
        );
    }

    #[test]
    fn unknown_names_come_with_the_nearest_known_one() {
        let sorted = read(b"bootstrap.server=a:1\nzzzzzz=1").classify();
        let said = sorted.warnings.join("\n");
        let expected = "bootstrap.server (did you mean bootstrap.servers?), zzzzzz;";
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn sorting() {
        let check = |line: &str, passed: Option<(&str, &str)>, warnings: usize, notes: usize| {
            let sorted = read(line.as_bytes()).classify();
            let first = sorted.extra.iter().next();
            let first = first.map(|p| (p.name.as_str(), p.value.as_str()));
            let got = (first, sorted.warnings.len(), sorted.notes.len());
            assert_eq!(got, (passed, warnings, notes), "{line}");
        };
        let none = Some(("ssl.endpoint.identification.algorithm", "none"));
        let https = Some(("ssl.endpoint.identification.algorithm", "https"));
        check("ssl.endpoint.identification.algorithm=", none, 0, 0);
        check("ssl.endpoint.identification.algorithm=https", https, 0, 0);
        check(
            "security.protocol=SSL",
            Some(("security.protocol", "SSL")),
            0,
            0,
        );
        check(
            "sasl.mechanism=PLAIN",
            Some(("sasl.mechanisms", "PLAIN")),
            0,
            0,
        );
        check(
            "ssl.cipher.suites=A",
            Some(("ssl.cipher.suites", "A")),
            0,
            0,
        );
        check("bootstrap.servers=a:1", None, 0, 0);
        check("ssl.truststore.type=PKCS12", None, 0, 0);
        check("key.deserializer=x", None, 0, 1);
        check("auto.offset.reset=latest", None, 0, 1);
        check("ssl.cipher.suites=TLS_AES_256_GCM_SHA384", None, 1, 0);
        let mixed = "TLS_AES_256_GCM_SHA384,TLS_RSA_WITH_AES_128_CBC_SHA";
        let passed = Some(("ssl.cipher.suites", mixed));
        check(&format!("ssl.cipher.suites={mixed}"), passed, 0, 0);
        check("ssl.cipher.suites=", None, 0, 0);
        check("ssl.key.password=p", None, 0, 0);
        let key = Some(("ssl.key.password", "p"));
        check("ssl.key.password=p\nssl.keystore.key=k", key, 0, 0);
        check("sasl.jaas.config=x", None, 1, 0);
        check("ssl.protocol=TLSv1.3", None, 1, 0);
        check("foo=1\nbar=2", None, 1, 0);
        check("ssl.keystore.password=a\nssl.key.password=b", None, 1, 0);
        check("ssl.keystore.password=a\nssl.key.password=a", None, 0, 0);
    }
}
