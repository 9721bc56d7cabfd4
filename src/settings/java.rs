//! Reads a Java `.properties` file and sorts its properties: settings, passed on, ignored, unknown.
//! The names and what becomes of them are the table in `java_names`; which source wins is decided in `resolve`.

use std::path::{Path, PathBuf};

use java_properties::{LineContent, PropertiesIter};

use super::java_names::{Treatment, known, treatment};
use super::{Extra, Origin, Property, SettingsError};
use crate::util::suggest::nearest;

const KEY_PASSWORD: &str = "ssl.key.password";

const SUITES: &str = "ssl.cipher.suites";
const ABOUT_SUITES: &str =
    "it lists suites of TLS 1.3 only, and the Kafka library lets nobody choose among those";

/// One properties file. Holds secrets, so it has no `Debug`.
pub(super) struct Properties {
    /// The file, absolute.
    pub path: PathBuf,
    entries: Vec<(String, String)>,
}

/// What a properties file holds beside settings.
#[derive(Default)]
pub(super) struct Sorted {
    pub extra: Extra,
    pub warnings: Vec<String>,
    pub notes: Vec<String>,
}

impl Properties {
    /// Reads the bytes of a file by Java's rules: Latin-1, backslash escapes, a later line wins.
    ///
    /// # Errors
    /// Where an escape makes no sense; names the line, never its content.
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

    /// What is to be passed on, and what a person should hear about the rest.
    pub(super) fn sort(&self) -> Sorted {
        let mut sorted = Sorted::default();
        let mut unknown = Vec::new();
        for (name, value) in &self.entries {
            match treatment(name) {
                // With a key in the file itself, the password is the key's and no store's.
                Some(Treatment::Setting) if name == KEY_PASSWORD && self.has_key() => {
                    sorted.extra.push(self.property(name, name, value));
                }
                Some(Treatment::Setting) => {}
                Some(Treatment::PassOn(SUITES)) if value.trim().is_empty() => {}
                Some(Treatment::PassOn(SUITES)) if only_tls_1_3(value) => {
                    sorted
                        .warnings
                        .push(self.sentence(name, "ignored", ABOUT_SUITES));
                }
                Some(Treatment::PassOn(library)) => {
                    sorted.extra.push(self.property(name, library, value));
                }
                Some(Treatment::Ignored(why)) => {
                    sorted.notes.push(self.sentence(name, "ignored", why));
                }
                Some(Treatment::Refused(why)) => {
                    sorted.warnings.push(self.sentence(name, "ignored", why));
                }
                None => unknown.push(name.as_str()),
            }
        }
        sorted.warnings.extend(self.about_unknown(&unknown));
        sorted.warnings.extend(self.about_key_password());
        sorted
    }

    fn has_key(&self) -> bool {
        self.get("ssl.keystore.key").is_some()
    }

    fn property(&self, name: &str, library: &str, value: &str) -> Property {
        // In Java an empty algorithm switches the check of the broker's name off.
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

    fn sentence(&self, name: &str, verdict: &str, why: &str) -> String {
        format!("{}: {name} is {verdict}: {why}", self.path.display())
    }

    fn about_unknown(&self, names: &[&str]) -> Option<String> {
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
            "{}: ignored, because not known here: {}; what the Kafka library knows can be given with -X name=value",
            self.path.display(),
            names.join(", ")
        ))
    }

    fn about_key_password(&self) -> Option<String> {
        let store = self.get("ssl.keystore.password")?;
        let key = self.get(KEY_PASSWORD)?;
        (store != key && !self.has_key()).then(|| {
            self.sentence(
                KEY_PASSWORD,
                "ignored",
                "it differs from ssl.keystore.password, and a PKCS#12 file has one password for both",
            )
        })
    }
}

/// Whether a list of cipher suites has none for TLS 1.2. The TLS library takes Java's names for those, skips the names
/// of TLS 1.3, and refuses a list in which nothing is left.
fn only_tls_1_3(list: &str) -> bool {
    let new = |name: &str| name.starts_with("TLS_AES_") || name.starts_with("TLS_CHACHA20_");
    list.split(',')
        .all(|name| name.trim().is_empty() || new(name.trim()))
}

fn malformed(path: &Path, line: Option<usize>) -> SettingsError {
    let line = line.map_or(String::new(), |line| format!(":{line}"));
    SettingsError {
        what: format!(
            "cannot read the properties file {}{line}: a `\\u` there is not followed by four hexadecimal digits",
            path.display()
        ),
        fix: "write each backslash of a path or password twice, as Java wants it".to_owned(),
    }
}

/// Java reads these files as Latin-1. The parser's nearest encoding differs from that between 0x80 and 0x9f, so every
/// byte beyond ASCII is written as the escape that means it.
fn ascii(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut text = String::with_capacity(bytes.len());
    let mut escaped = false;
    for &byte in bytes {
        // After an escaping backslash, the backslash that is already there serves.
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
        let sorted = read(b"bootstrap.server=a:1\nzzzzzz=1").sort();
        let said = sorted.warnings.join("\n");
        let expected = "bootstrap.server (did you mean bootstrap.servers?), zzzzzz;";
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn sorting() {
        let check = |line: &str, passed: Option<(&str, &str)>, warnings: usize, notes: usize| {
            let sorted = read(line.as_bytes()).sort();
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
