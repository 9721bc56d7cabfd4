//! Replaces what names a customer by what keeps the sense: hosts, addresses, ids, principals, topics, groups.
//! The same name becomes the same word everywhere in a report. Secrets need no redaction: no check holds one.

use core::net::IpAddr;
use std::fmt::Write;

use serde_json::Value;

use super::{Check, Report};

/// Kinds of names, each with the word that stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// A host's name.
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
    /// A document, an app or anything else that has a number of its own.
    Id,
    /// A folder.
    Folder,
}

impl Name {
    fn word(self) -> &'static str {
        match self {
            Name::Host => "host",
            Name::Address => "address",
            Name::Topic => "topic",
            Name::Group => "group",
            Name::Principal => "principal",
            Name::Collection => "collection",
            Name::Id => "id",
            Name::Folder => "folder",
        }
    }
}

/// Last parts of names that look like hosts' and are files' or properties'.
const NO_DOMAIN: &[&str] = &[
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
/// First parts of the Kafka library's properties.
const NO_HOST: &[&str] = &[
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
/// What is worth nothing to anybody who reads it.
const NOBODYS: &[&str] = &["localhost", "127.0.0.1", "::1", "0.0.0.0", "::"];

/// What is replaced, by what.
#[derive(Debug, Default)]
struct Names {
    known: Vec<(String, Name, usize)>,
}

impl Names {
    fn learn(&mut self, kind: Name, name: &str) {
        let name = name.trim();
        let there = self.known.iter().any(|(known, _, _)| known == name);
        if name.is_empty() || there || NOBODYS.contains(&name) {
            return;
        }
        let number = 1 + self
            .known
            .iter()
            .filter(|(_, other, _)| *other == kind)
            .count();
        self.known.push((name.to_owned(), kind, number));
    }

    /// Names that can be told by their looks.
    fn learn_from(&mut self, text: &str) {
        for (at, start) in text.match_indices("CN=") {
            let rest = text.get(at + start.len()..).unwrap_or_default();
            let end = rest
                .find([',', '+', ')', '"', '\'', ';', ' ', '\n'])
                .unwrap_or(rest.len());
            self.learn(Name::Principal, &text[at..at + start.len() + end]);
        }
        let apart = |c: char| !(c.is_ascii_alphanumeric() || "._-:*%".contains(c));
        for word in text.split(apart) {
            let word = word.trim_matches(['.', ':', '-']);
            let host = word.rsplit_once(':').map_or(word, |(host, _)| host);
            if let Some(address) = [word, host]
                .iter()
                .find(|one| one.parse::<IpAddr>().is_ok())
            {
                self.learn(Name::Address, address);
            } else if is_host(host) {
                self.learn(Name::Host, host);
            } else if is_id(word) {
                self.learn(Name::Id, word);
            }
        }
    }

    fn learn_from_value(&mut self, value: &Value) {
        match value {
            Value::String(text) if is_distinguished(text) => self.learn(Name::Principal, text),
            Value::String(text) => self.learn_from(text),
            Value::Array(all) => all.iter().for_each(|one| self.learn_from_value(one)),
            Value::Object(all) => all.values().for_each(|one| self.learn_from_value(one)),
            _ => {}
        }
    }

    /// The longest name that starts here and is no part of a longer word.
    fn at(&self, text: &str, at: usize) -> Option<&(String, Name, usize)> {
        let rest = text.get(at..)?;
        let before = text.get(..at)?.chars().next_back();
        let fits = |(name, _, _): &&(String, Name, usize)| {
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

    fn text(&self, text: &str) -> String {
        let (mut out, mut at) = (String::with_capacity(text.len()), 0);
        while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
            if let Some((name, kind, number)) = self.at(text, at) {
                let _ = write!(out, "{}-{number}", kind.word());
                at += name.len();
            } else {
                out.push(letter);
                at += letter.len_utf8();
            }
        }
        out
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(all) => Value::Array(all.iter().map(|one| self.value(one)).collect()),
            Value::Object(all) => {
                let pairs = all
                    .iter()
                    .map(|(name, value)| (self.text(name), self.value(value)));
                Value::Object(pairs.collect())
            }
            other => other.clone(),
        }
    }

    fn check(&self, check: &Check) -> Check {
        let text = |text: &Option<String>| text.as_ref().map(|text| self.text(text));
        let details = check.details.iter();
        Check {
            name: check.name,
            subject: text(&check.subject),
            status: check.status,
            fault: check.fault,
            message: self.text(&check.message),
            fix: text(&check.fix),
            raw: text(&check.raw),
            details: details
                .map(|(name, value)| (name.clone(), self.value(value)))
                .collect(),
            unnumbered: check.unnumbered,
        }
    }
}

/// The report with names replaced: those that are known, and those that can be told by their looks.
#[must_use]
pub fn report(report: &Report, known: &[(Name, String)]) -> Report {
    let mut names = Names::default();
    for (kind, name) in known {
        names.learn(*kind, name);
    }
    for check in &report.checks {
        check
            .details
            .values()
            .for_each(|value| names.learn_from_value(value));
        let texts = [
            Some(&check.message),
            check.subject.as_ref(),
            check.fix.as_ref(),
            check.raw.as_ref(),
        ];
        texts
            .into_iter()
            .flatten()
            .for_each(|text| names.learn_from(text));
    }
    Report {
        checks: report
            .checks
            .iter()
            .map(|check| names.check(check))
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
        && !NO_DOMAIN.contains(last)
        && !NO_HOST.contains(first)
}

/// A UUID, or as many hexadecimal digits as no word has.
fn is_id(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_hexdigit).count();
    digits >= 16
        && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
        && word.chars().any(|c| c.is_ascii_digit())
}

fn is_distinguished(text: &str) -> bool {
    ["CN=", "O=", "OU=", "C=", "L=", "ST=", "DC=", "UID="]
        .iter()
        .any(|start| text.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_becomes_the_same_word_everywhere() {
        let check = Check::pass("tls", "kafka.acme.com:443 is CN=kafka.acme.com,O=Acme Corp")
            .about("kafka.acme.com:443")
            .fix("read the topic cars from 10.1.2.3:9093")
            .raw("ssl://kafka.acme.com:443/bootstrap: Connect to ipv4#10.1.2.3:9093 failed")
            .detail("subject", "CN=kafka.acme.com,O=Acme Corp")
            .detail("names", vec!["*.acme.com", "kafka.acme.com"]);
        let before = Report {
            checks: vec![check],
        };
        let after = report(&before, &[(Name::Topic, "cars".to_owned())]);
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
    fn what_names_nobody_stays() {
        for text in [
            "ssl.keystore.password is mandatory",
            "/x/cluster.p12 and user.pem in TLSv1.3, e.g. here",
            "127.0.0.1:9092 and localhost:9093",
            "at 12:00:01 there are 100 records; cars is a word",
        ] {
            let before = Report {
                checks: vec![Check::pass("a", text)],
            };
            let after = report(&before, &[(Name::Group, "car".to_owned())]);
            assert_eq!(after.checks[0].message, text);
        }
    }

    #[test]
    fn names_are_told_by_their_looks() {
        for (text, expected) in [
            ("kafka-0.acme.internal. said", "host-1. said"),
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
