//! Pseudonymisation of a report: hosts, addresses, ids, principals, topics and groups become `host-1`, `topic-1`, ...
//! The same name gets the same placeholder everywhere; secrets need none, because no check contains one.

use core::net::IpAddr;
use std::fmt::Write;

use serde_json::Value;

use super::Report;

/// Kind of a replaced name; it decides the placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A host name.
    Host,
    /// A network address.
    Address,
    /// A topic.
    Topic,
    /// A consumer group.
    Group,
    /// A certificate's subject or issuer.
    Principal,
    /// A collection.
    Collection,
    /// The id of a document or an app.
    Id,
    /// A folder.
    Folder,
}

impl NameKind {
    fn placeholder(self) -> &'static str {
        match self {
            NameKind::Host => "host",
            NameKind::Address => "address",
            NameKind::Topic => "topic",
            NameKind::Group => "group",
            NameKind::Principal => "principal",
            NameKind::Collection => "collection",
            NameKind::Id => "id",
            NameKind::Folder => "folder",
        }
    }
}

/// Last labels of words that look like host names but are file names or properties.
const NON_HOST_SUFFIXES: &[&str] = &[
    "bin",
    "conf",
    "env",
    "jks",
    "json",
    "location",
    "log",
    "md",
    "ndjson",
    "password",
    "pem",
    "properties",
    "servers",
    "sh",
    "toml",
    "txt",
    "type",
];
/// First labels of librdkafka's properties.
const NON_HOST_PREFIXES: &[&str] = &[
    "allow",
    "api",
    "auto",
    "bootstrap",
    "broker",
    "client",
    "enable",
    "fetch",
    "group",
    "metadata",
    "sasl",
    "security",
    "socket",
    "ssl",
    "topic",
];
/// Addresses that identify no customer.
const NEVER_REPLACED: &[&str] = &["localhost", "127.0.0.1", "::1", "0.0.0.0", "::"];

/// The names to replace, each with its kind and its number within the kind.
#[derive(Debug, Default)]
struct Pseudonyms {
    known: Vec<(String, NameKind, usize)>,
}

impl Pseudonyms {
    fn add(&mut self, kind: NameKind, name: &str) {
        let name = name.trim();
        let there = self.known.iter().any(|(known, _, _)| known == name);
        if name.is_empty() || there || NEVER_REPLACED.contains(&name) {
            return;
        }
        let number = 1 + self
            .known
            .iter()
            .filter(|(_, other, _)| *other == kind)
            .count();
        self.known.push((name.to_owned(), kind, number));
    }

    /// Adds the names that can be recognised by their form.
    fn add_from_text(&mut self, text: &str) {
        for (at, start) in text.match_indices("CN=") {
            let rest = text.get(at + start.len()..).unwrap_or_default();
            let end = rest
                .find([',', '+', ')', '"', '\'', ';', ' ', '\n'])
                .unwrap_or(rest.len());
            self.add(NameKind::Principal, &text[at..at + start.len() + end]);
        }
        let is_separator = |c: char| !(c.is_ascii_alphanumeric() || "._-:*%".contains(c));
        for word in text.split(is_separator) {
            let word = word.trim_matches(['.', ':', '-']);
            let host = word.rsplit_once(':').map_or(word, |(host, _)| host);
            if let Some(address) = [word, host]
                .iter()
                .find(|one| one.parse::<IpAddr>().is_ok())
            {
                self.add(NameKind::Address, address);
            } else if is_host(host) {
                self.add(NameKind::Host, host);
            } else if is_id(word) {
                self.add(NameKind::Id, word);
            }
        }
    }

    fn add_from_value(&mut self, value: &Value) {
        match value {
            Value::String(text) if is_distinguished_name(text) => {
                self.add(NameKind::Principal, text);
            }
            Value::String(text) => self.add_from_text(text),
            Value::Array(all) => all.iter().for_each(|one| self.add_from_value(one)),
            Value::Object(all) => all.values().for_each(|one| self.add_from_value(one)),
            _ => {}
        }
    }

    /// The longest known name that starts at `at` and is a whole word.
    fn longest_at(&self, text: &str, at: usize) -> Option<&(String, NameKind, usize)> {
        let rest = text.get(at..)?;
        let before = text.get(..at)?.chars().next_back();
        let fits = |(name, _, _): &&(String, NameKind, usize)| {
            let after = rest.get(name.len()..).and_then(|rest| rest.chars().next());
            let inner = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let starts_open = name.starts_with(char::is_alphanumeric);
            let ends_open = name.ends_with(char::is_alphanumeric);
            rest.starts_with(name.as_str())
                && !(starts_open && inner(before))
                && !(ends_open && inner(after))
        };
        self.known
            .iter()
            .filter(fits)
            .max_by_key(|(name, _, _)| name.len())
    }

    fn redact_text(&self, text: &str) -> String {
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
            if let Some((name, kind, number)) = self.longest_at(text, at) {
                let _ = write!(out, "{}-{number}", kind.placeholder());
                at += name.len();
            } else {
                out.push(letter);
                at += letter.len_utf8();
            }
        }
        out
    }
}

/// The report with names replaced: the `known` ones and those that can be recognised by their form.
#[must_use]
pub fn report(report: &Report, known: &[(NameKind, String)]) -> Report {
    let mut names = Pseudonyms::default();
    for (kind, name) in known {
        names.add(*kind, name);
    }
    for check in &report.checks {
        check
            .details
            .values()
            .for_each(|value| names.add_from_value(value));
        let texts = [
            Some(&check.message),
            check.subject.as_ref(),
            check.fix.as_ref(),
            check.raw.as_ref(),
        ];
        texts
            .into_iter()
            .flatten()
            .for_each(|text| names.add_from_text(text));
    }
    Report {
        checks: report
            .checks
            .iter()
            .map(|check| check.clone().map_texts(&|text| names.redact_text(text)))
            .collect(),
    }
}

fn is_host(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    let (Some(first), Some(last)) = (labels.first(), labels.last()) else {
        return false;
    };
    let plain = |label: &&str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_*".contains(c))
    };
    labels.len() > 1
        && labels.iter().all(plain)
        && last.len() > 1
        && last.chars().all(|c| c.is_ascii_alphabetic())
        && !NON_HOST_SUFFIXES.contains(last)
        && !NON_HOST_PREFIXES.contains(first)
}

/// Whether this is a UUID or another string of at least 16 hexadecimal digits.
fn is_id(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_hexdigit).count();
    digits >= 16
        && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
        && word.chars().any(|c| c.is_ascii_digit())
}

fn is_distinguished_name(text: &str) -> bool {
    ["CN=", "O=", "OU=", "C=", "L=", "ST=", "DC=", "UID="]
        .iter()
        .any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::check::Check;

    #[test]
    fn the_same_name_gets_the_same_placeholder_everywhere() {
        let check = Check::pass("tls", "kafka.acme.com:443 is CN=kafka.acme.com,O=Acme Corp")
            .subject("kafka.acme.com:443")
            .fix("read the topic cars from 10.1.2.3:9093")
            .raw("ssl://kafka.acme.com:443/bootstrap: Connect to ipv4#10.1.2.3:9093 failed")
            .detail("subject", "CN=kafka.acme.com,O=Acme Corp")
            .detail("names", vec!["*.acme.com", "kafka.acme.com"]);
        let before = Report {
            checks: vec![check],
        };
        let after = report(&before, &[(NameKind::Topic, "cars".to_owned())]);
        let after = &after.checks[0];
        assert_eq!(after.message, "host-2:443 is principal-1");
        assert_eq!(after.subject.as_deref(), Some("host-2:443"));
        assert_eq!(
            after.fix.as_deref(),
            Some("read the topic topic-1 from address-1:9093")
        );
        assert_eq!(
            after.raw.as_deref(),
            Some("ssl://host-2:443/bootstrap: Connect to ipv4#address-1:9093 failed")
        );
        assert_eq!(after.details["names"][0], "host-1");
    }

    #[test]
    fn other_words_are_unchanged() {
        for text in [
            "ssl.keystore.password is mandatory",
            "/x/cluster.p12 and user.pem in TLSv1.3, e.g. here",
            "127.0.0.1:9092 and localhost:9093",
            "at 12:00:01 there are 100 records; cars is a word",
        ] {
            let before = Report {
                checks: vec![Check::pass("a", text)],
            };
            let after = report(&before, &[(NameKind::Group, "car".to_owned())]);
            assert_eq!(after.checks[0].message, text);
        }
    }

    #[test]
    fn names_are_recognised_by_their_form() {
        for (text, expected) in [
            ("kafka-0.acme.internal. failed", "host-1. failed"),
            ("[fe80::1]:9093", "[address-1]:9093"),
            ("d6c1b0a2-9c5e-4d0f-8a33-0123456789ab", "id-1"),
            ("issued by CN=clients-ca v0", "issued by principal-1 v0"),
        ] {
            let before = Report {
                checks: vec![Check::pass("a", text)],
            };
            assert_eq!(report(&before, &[]).checks[0].message, expected);
        }
    }
}
