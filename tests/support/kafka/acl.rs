//! Access lists, set with a hand-written Kafka request (`CreateAcls`, version 1).
//! The client library has no call for it, and Kafka's tool would start a JVM.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Kafka, OPEN_GROUPS, OPEN_TOPICS};

const CREATE_ACLS: i16 = 30;
const ALLOW: u8 = 3;

/// One permission for the user of `user.p12`; numbers as in the protocol.
#[derive(Debug, Clone, Copy)]
pub struct Rule<'a> {
    kind: u8,
    name: &'a str,
    pattern: u8,
    operation: u8,
}

impl<'a> Rule<'a> {
    const TOPIC: u8 = 2;
    const GROUP: u8 = 3;
    const LITERAL: u8 = 3;
    const PREFIXED: u8 = 4;
    const READ: u8 = 3;
    const DESCRIBE: u8 = 8;
    const DESCRIBE_CONFIGS: u8 = 10;

    /// The topic may be read.
    pub fn read_topic(name: &'a str) -> Rule<'a> {
        Rule {
            kind: Self::TOPIC,
            name,
            pattern: Self::LITERAL,
            operation: Self::READ,
        }
    }

    /// The topic may be described, which does not include reading it.
    pub fn describe_topic(name: &'a str) -> Rule<'a> {
        Rule {
            operation: Self::DESCRIBE,
            ..Self::read_topic(name)
        }
    }

    /// The configuration of the topic may be read.
    pub fn describe_configs(name: &'a str) -> Rule<'a> {
        Rule {
            operation: Self::DESCRIBE_CONFIGS,
            ..Self::read_topic(name)
        }
    }

    fn prefixed(self) -> Rule<'a> {
        Rule {
            pattern: Self::PREFIXED,
            ..self
        }
    }

    fn of_group(self) -> Rule<'a> {
        Rule {
            kind: Self::GROUP,
            ..self
        }
    }
}

/// The permissions of the shared user: topics and groups with a prefix, as on Ditto's clusters.
pub fn defaults() -> [Rule<'static>; 3] {
    [
        Rule::read_topic(OPEN_TOPICS).prefixed(),
        Rule::describe_topic(OPEN_TOPICS).prefixed(),
        Rule::read_topic(OPEN_GROUPS).of_group().prefixed(),
    ]
}

impl Kafka {
    /// Adds permissions for the user of `user.p12`.
    pub fn allow(&self, rules: &[Rule<'_>]) {
        let mut stream = TcpStream::connect(self.admin_endpoint()).unwrap();
        stream.write_all(&request(rules)).unwrap();
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let mut response = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        stream.read_exact(&mut response).unwrap();
        check(&response, rules.len());
    }
}

fn request(rules: &[Rule<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(CREATE_ACLS.to_be_bytes());
    body.extend(1_i16.to_be_bytes());
    body.extend(7_i32.to_be_bytes());
    text(&mut body, "rig");
    body.extend(i32::try_from(rules.len()).unwrap().to_be_bytes());
    for rule in rules {
        body.push(rule.kind);
        text(&mut body, rule.name);
        body.push(rule.pattern);
        text(&mut body, "User:CN=user");
        text(&mut body, "*");
        body.extend([rule.operation, ALLOW]);
    }
    let mut framed = i32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    framed.extend(body);
    framed
}

fn text(into: &mut Vec<u8>, text: &str) {
    into.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
    into.extend(text.as_bytes());
}

/// Checks the response: correlation id, throttle time, then an error code and a null message for each rule.
fn check(response: &[u8], rules: usize) {
    let mut expected = Vec::new();
    expected.extend(7_i32.to_be_bytes());
    expected.extend(0_i32.to_be_bytes());
    expected.extend(i32::try_from(rules).unwrap().to_be_bytes());
    for _ in 0..rules {
        expected.extend([0; 4]);
    }
    assert_eq!(response, expected, "the broker refused the access list");
}
