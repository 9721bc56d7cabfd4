//! Java `.properties` files, with each property classified as a setting, passed on, ignored or unknown.

use std::ops::Range;
use std::path::{Path, PathBuf};

use encoding_rs::UTF_8;
use java_properties::{LineContent, PropertiesIter};

use super::java_names::{Treatment, known, treatment};
use super::{LibrdkafkaProperties, Origin, Property, SettingsError};
use crate::util::known_secrets::{KnownSecrets, names_secret};
use crate::util::suggest::nearest;
use crate::util::text_file;

const KEY_PASSWORD: &str = "ssl.key.password";

/// Properties whose empty value Java refuses.
const NEVER_EMPTY: &[&str] = &[
    "security.protocol",
    "client.dns.lookup",
    "isolation.level",
    "ssl.truststore.certificates",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
];
const ENDPOINT_ALGORITHM: &str = "ssl.endpoint.identification.algorithm";
/// Its empty value is an error only with a SASL protocol, which another source may set.
const MECHANISMS: &str = "sasl.mechanisms";
const CIPHER_SUITES: &str = "ssl.cipher.suites";
const ONLY_TLS_1_3_SUITES: &str =
    "it lists only TLS 1.3 suites, which the Kafka library cannot configure";

/// A parsed properties file. Has no `Debug`, because it contains secrets.
pub(super) struct Properties {
    /// The file, absolute.
    pub path: PathBuf,
    entries: Vec<Entry>,
}

/// A property of the file.
pub(super) struct Entry {
    pub name: String,
    /// The value without the blanks around it, as `ConfigDef.parseType` of Kafka's Java clients trims every type.
    pub value: String,
    /// Whether there were blanks around the value.
    is_trimmed: bool,
    /// The first line, counted from 1.
    line: usize,
    /// The last line: another one if a line ends with a backslash.
    last_line: usize,
    /// The line of the value that looks like a property of its own.
    swallowed: Option<usize>,
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
        if text_file::is_utf16(bytes) {
            return Err(utf16(path));
        }
        let text = latin1(bytes);
        let natural: Vec<&[u8]> = text_file::lines(text.as_bytes()).collect();
        let mut entries: Vec<Entry> = Vec::new();
        for line in PropertiesIter::new_with_encoding(text.as_bytes(), UTF_8) {
            let line = line.map_err(|error| malformed(path, error.line_number()))?;
            let number = line.line_number();
            if let LineContent::KVPair(name, value) = line.consume_content() {
                entries.retain(|known| known.name != name);
                entries.push(Entry::new(name, &value, number, &natural));
            }
        }
        Ok(Properties {
            path: path.to_owned(),
            entries,
        })
    }

    /// A property.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|known| known.name == name)
    }

    /// The values of the properties whose names say that they are secret.
    pub(super) fn add_secrets_to(&self, known: &mut KnownSecrets) {
        for entry in &self.entries {
            known.add_value(&entry.name, &entry.value);
        }
    }

    /// Classifies the properties.
    ///
    /// # Errors
    /// [`SettingsError`] if a value is empty and Java's clients refuse that.
    pub(super) fn classify(&self) -> Result<SortedProperties, SettingsError> {
        let mut sorted = SortedProperties::default();
        let mut unknown = Vec::new();
        for entry in &self.entries {
            sorted.warnings.extend(self.swallowed_line_warning(entry));
            sorted.notes.extend(self.trimmed_note(entry));
            match treatment(&entry.name) {
                // If the file contains the key itself, the password belongs to that key, not to a store.
                Some((_, Treatment::Setting)) if entry.name == KEY_PASSWORD && self.has_key() => {
                    sorted.extra.push(self.property(entry, KEY_PASSWORD));
                }
                Some((_, Treatment::Setting)) => {}
                Some((name, Treatment::PassOn(CIPHER_SUITES))) if only_tls_1_3(&entry.value) => {
                    if !entry.value.is_empty() {
                        sorted.warnings.push(self.ignored_message(
                            entry,
                            name,
                            ONLY_TLS_1_3_SUITES,
                        ));
                    }
                }
                Some((name, Treatment::PassOn(library))) => {
                    if let Some(property) = self.pass_on(entry, name, library)? {
                        sorted.extra.push(property);
                    }
                }
                Some((name, Treatment::Ignored(why))) => {
                    sorted.notes.push(self.ignored_message(entry, name, why));
                }
                Some((name, Treatment::IgnoredWithWarning(why))) => {
                    sorted.warnings.push(self.ignored_message(entry, name, why));
                }
                None => unknown.push(entry),
            }
        }
        sorted
            .warnings
            .extend(self.unknown_property_warning(&unknown));
        sorted.warnings.extend(self.key_password_warning());
        Ok(sorted)
    }

    fn has_key(&self) -> bool {
        self.get("ssl.keystore.key").is_some()
    }

    /// The property for the library; `None` if its value is empty and that means the default.
    fn pass_on(
        &self,
        entry: &Entry,
        name: &str,
        library: &str,
    ) -> Result<Option<Property>, SettingsError> {
        if entry.value.is_empty() && NEVER_EMPTY.contains(&name) {
            let fix = "give it a value, or remove the line for the default";
            return Err(SettingsError::unusable(
                name,
                &self.origin(entry),
                "it is empty",
                fix,
            ));
        }
        let is_unset =
            entry.value.is_empty() && ![ENDPOINT_ALGORITHM, MECHANISMS].contains(&library);
        Ok((!is_unset).then(|| self.property(entry, library)))
    }

    fn property(&self, entry: &Entry, library: &str) -> Property {
        let value = match library {
            // In Java an empty algorithm disables the check of the broker's name.
            ENDPOINT_ALGORITHM if entry.value.is_empty() => "none".to_owned(),
            CIPHER_SUITES => list(&entry.value),
            _ => entry.value.clone(),
        };
        Property {
            name: library.to_owned(),
            value,
            origin: self.origin(entry),
        }
    }

    /// The origin of a property whose name is known.
    pub(super) fn origin(&self, entry: &Entry) -> Origin {
        Origin::Properties {
            path: self.path.clone(),
            line: entry.line,
            last_line: entry.last_line,
            swallowed: entry.swallowed,
            name: entry.name.clone(),
        }
    }

    /// `name` is a known one: that of the file may contain a value.
    fn ignored_message(&self, entry: &Entry, name: &str, why: &str) -> String {
        let line = entry.line;
        format!("{}:{line}: {name} is ignored: {why}", self.path.display())
    }

    fn swallowed_line_warning(&self, entry: &Entry) -> Option<String> {
        entry.swallowed?;
        let advice = self.origin(entry).advice_about_lines()?;
        Some(format!("{}: {advice}", self.path.display()))
    }

    fn trimmed_note(&self, entry: &Entry) -> Option<String> {
        let (name, _) = treatment(&entry.name)?;
        (entry.is_trimmed && names_secret(&entry.name)).then(|| {
            format!(
                "{}:{}: the blanks around the value of {name} are not part of it, as in Java",
                self.path.display(),
                entry.line
            )
        })
    }

    /// Names the lines only: a line without a name, such as one with only a password, looks like an unknown name.
    fn unknown_property_warning(&self, unknown: &[&Entry]) -> Option<String> {
        if unknown.is_empty() {
            return None;
        }
        let lines = unknown
            .iter()
            .map(|entry| match nearest(&entry.name, known()).first() {
                Some(near) => format!("line {} (did you mean {near}?)", entry.line),
                None => format!("line {}", entry.line),
            });
        let lines: Vec<String> = lines.collect();
        Some(format!(
            "{}: ignored, because the name is unknown: {}; properties of the Kafka library can be set with -X name=value",
            self.path.display(),
            lines.join(", ")
        ))
    }

    fn key_password_warning(&self) -> Option<String> {
        let store = self.get("ssl.keystore.password")?;
        let key = self.get(KEY_PASSWORD)?;
        (store.value != key.value && !self.has_key()).then(|| {
            self.ignored_message(key, KEY_PASSWORD, "it differs from ssl.keystore.password, and a PKCS#12 file has one password for both",
            )
        })
    }
}

impl Entry {
    /// `natural` are the lines of the file before backslashes join them.
    fn new(name: String, value: &str, line: usize, natural: &[&[u8]]) -> Entry {
        let continues = |line: &&[u8]| {
            let backslashes = line.iter().rev().take_while(|byte| **byte == b'\\');
            backslashes.count() % 2 == 1
        };
        let first = line.saturating_sub(1).min(natural.len());
        let joined = natural[first..]
            .iter()
            .take_while(|line| continues(line))
            .count();
        let last_line = (line + joined).min(natural.len().max(line));
        let swallowed = (line + 1..=last_line).find(|number| {
            let text = natural.get(number - 1).copied().unwrap_or_default();
            is_property(&String::from_utf8_lossy(text))
        });
        let trimmed = java_trim(value);
        Entry {
            name,
            is_trimmed: trimmed.len() != value.len(),
            value: trimmed.to_owned(),
            line,
            last_line,
            swallowed,
        }
    }
}

/// Whether a line begins with a name of a property and a separator.
fn is_property(line: &str) -> bool {
    let line = line.trim_start();
    let end = line.find(|c: char| matches!(c, '=' | ':') || c.is_whitespace());
    end.is_some_and(|end| treatment(&line[..end]).is_some() || names_secret(&line[..end]))
}

/// What Java's `String.trim` leaves: it removes blanks and ASCII control characters, no other white space.
fn java_trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// The elements of a list, as Java's clients split it at commas with white space around them.
fn list(value: &str) -> String {
    let elements: Vec<&str> = value.split(',').map(java_trim).collect();
    elements.join(",")
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
            "cannot read the properties file {}{line}: `\\u` is not followed by four hexadecimal digits, or is half of a character",
            path.display()
        ),
        fix: "double each backslash of a path or password, as Java requires (write it twice)"
            .to_owned(),
        ..SettingsError::default()
    }
}

fn utf16(path: &Path) -> SettingsError {
    let shown = path.display();
    let quoted = format!("'{}'", shown.to_string().replace('\'', "''"));
    SettingsError {
        what: format!(
            "cannot read the properties file {shown}: it is UTF-16, as PowerShell's `>` writes it, and Java cannot read it"
        ),
        fix: format!(
            "in PowerShell: (Get-Content {quoted}) | Set-Content -Encoding ascii {quoted}"
        ),
        ..SettingsError::default()
    }
}

/// The text of a file, which Java reads as Latin-1. The parser's own encoding differs from that from 0x80 to 0x9f.
fn latin1(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text: String = bytes.iter().copied().map(char::from).collect();
    // The parser drops a last line that ends with a backslash and no line end; Java does not.
    join_surrogates(&text) + "\n"
}

/// Java writes a character beyond U+FFFF as two escapes, each of which the parser rejects.
fn join_surrogates(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        joined.push_str(before);
        let (length, pair) = match surrogate_pair(escape) {
            Some(pair) => (PAIR_BYTES, Some(pair)),
            // A backslash and the character after it.
            None => (escape.chars().take(2).map(char::len_utf8).sum(), None),
        };
        let (escape, after) = escape.split_at(length);
        match pair {
            Some(pair) => joined.push(pair),
            None => joined.push_str(escape),
        }
        rest = after;
    }
    joined + rest
}

/// Length of two Unicode escapes.
const PAIR_BYTES: usize = 12;

fn surrogate_pair(text: &str) -> Option<char> {
    let unit =
        |range: Range<usize>| u16::from_str_radix(text.get(range)?.strip_prefix("\\u")?, 16).ok();
    let units = [unit(0..6)?, unit(6..PAIR_BYTES)?];
    let mut chars = char::decode_utf16(units);
    match (chars.next()?, chars.next()) {
        (Ok(pair), None) => Some(pair),
        _ => None,
    }
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
            let file = read(bytes);
            let value = file.get("k").map(|entry| entry.value.as_str());
            assert_eq!(value, expected, "{bytes:?}");
        };
        check(b"k=v", Some("v"));
        check(b"k:v", Some("v"));
        check(b"k v", Some("v"));
        check(b"  k  =  v ", Some("v"));
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
        check(b"k=a\\ud83d\\uDE00b", Some("a\u{1f600}b"));
        check(b"k=\\\\ud83d", Some("\\ud83d"));
        check(b"k=\\\\\\ud83d\\ude00", Some("\\\u{1f600}"));
        check(b"k=\\u00e9\\u00e9", Some("\u{e9}\u{e9}"));
        check(b"\xef\xbb\xbfk=v", Some("v"));
        check(b"k=C:\\\\certs\\\\x.p12", Some("C:\\certs\\x.p12"));
        check(b"k=C:\\certs\\x.p12", Some("C:certsx.p12"));
        check(b"k=pa$HOME", Some("pa$HOME"));
        check(b"k=v\\", Some("v"));
        check(b"k=v\\\n", Some("v"));
        check(b"a=1\rk=v\rb=2", Some("v"));
        check(b"k=v\\\rw", Some("vw"));
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
        let sorted = read(b"bootstrap.server=a:1\nzzzzzz=1").classify().unwrap();
        let said = sorted.warnings.join("\n");
        let expected = "line 1 (did you mean bootstrap.servers?), line 2;";
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn sorting() {
        let check = |line: &str, passed: Option<(&str, &str)>, warnings: usize, notes: usize| {
            let sorted = read(line.as_bytes()).classify().unwrap();
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
