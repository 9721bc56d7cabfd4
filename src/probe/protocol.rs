//! Kafka protocol codec for the requests of the probe. Decoding returns `None` for malformed bytes.

use super::facts::{Group, Node};
use super::wire::Reader;

const METADATA: i16 = 3;
const LIST_GROUPS: i16 = 16;
const SASL_HANDSHAKE: i16 = 17;
const API_VERSIONS: i16 = 18;

/// Versions of `Metadata` without compact encoding, whose responses begin alike. Version 0 would request all topics.
const METADATA_VERSIONS: std::ops::RangeInclusive<i16> = 1..=8;
const CLIENT_ID: &str = "ditto-cdc";
/// Error code of a listener without login for a SASL handshake.
const ILLEGAL_SASL_STATE: i16 = 34;
/// Longest valid host name (RFC 1035).
const MAX_HOST_BYTES: usize = 255;

/// Correlation id of all requests; a response repeats it.
pub(super) const CORRELATION_ID: i32 = 0x0064_6974;

/// An `ApiVersions` request in version 0, which every broker supports.
pub(super) fn api_versions() -> Vec<u8> {
    request(API_VERSIONS, 0, &[])
}

/// A `Metadata` request without topics: it returns the advertised brokers.
pub(super) fn metadata(version: i16) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0];
    // allow_auto_topic_creation (from version 4) and two include_authorized_operations flags (from 8): false.
    body.extend(vec![0; usize::from(version >= 4)]);
    body.extend(vec![0; 2 * usize::from(version >= 8)]);
    request(METADATA, version, &body)
}

/// A `ListGroups` request in version 0: it returns the groups that this broker coordinates, with their types.
pub(super) fn list_groups() -> Vec<u8> {
    request(LIST_GROUPS, 0, &[])
}

/// A SASL handshake with an unknown mechanism: the response lists the mechanisms if a login is required.
pub(super) fn sasl_handshake() -> Vec<u8> {
    request(SASL_HANDSHAKE, 1, &[0, 1, b'-'])
}

fn request(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    all.extend(key.to_be_bytes());
    all.extend(version.to_be_bytes());
    all.extend(CORRELATION_ID.to_be_bytes());
    all.extend(short(CLIENT_ID.len()));
    all.extend(CLIENT_ID.as_bytes());
    all.extend(body);
    let mut frame = u32::try_from(all.len())
        .unwrap_or_default()
        .to_be_bytes()
        .to_vec();
    frame.extend(all);
    frame
}

fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or_default().to_be_bytes()
}

/// The version of a `Metadata` request that both broker and probe support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommonVersion {
    Version(i16),
    /// Broker and probe have no version in common.
    Unsupported,
}

/// Parses an `ApiVersions` response.
pub(super) fn parse_api_versions(response: &[u8]) -> Option<CommonVersion> {
    let mut response = after_correlation_id(response)?;
    response.i16()?;
    let count = response.i32().filter(|count| *count >= 0)?;
    let mut version = CommonVersion::Unsupported;
    for _ in 0..count {
        let (key, low, high) = (response.i16()?, response.i16()?, response.i16()?);
        if key == METADATA {
            let shared = low.max(*METADATA_VERSIONS.start())..=high.min(*METADATA_VERSIONS.end());
            if !shared.is_empty() {
                version = CommonVersion::Version(*shared.start());
            }
        }
    }
    Some(version)
}

/// Parses the brokers of a `Metadata` response.
pub(super) fn parse_metadata(response: &[u8], version: i16) -> Option<Vec<Node>> {
    let mut response = after_correlation_id(response)?;
    if version >= 3 {
        response.i32()?;
    }
    let count = response.i32().filter(|count| *count >= 0)?;
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(node(&mut response)?);
    }
    Some(nodes)
}

fn node(response: &mut Reader<'_>) -> Option<Node> {
    let id = response.i32()?;
    let host = response
        .string()
        .filter(|host| (1..=MAX_HOST_BYTES).contains(&host.len()))?;
    let port = u16::try_from(response.i32()?).ok()?;
    response.string()?;
    let plain = |letter: char| !letter.is_control() && !letter.is_whitespace();
    let host: String = host.chars().filter(|letter| plain(*letter)).collect();
    Some(Node { id, host, port })
}

/// Parses the groups of a `ListGroups` response: the names and protocol types. Broken ones have none.
pub(super) fn parse_list_groups(response: &[u8]) -> Option<Vec<Group>> {
    let mut response = after_correlation_id(response)?;
    response.i16().filter(|error| *error == 0)?;
    let count = response.i32().filter(|count| *count >= 0)?;
    let mut groups = Vec::new();
    for _ in 0..count {
        let (name, protocol_type) = (response.string()?, response.string()?);
        groups.push(Group {
            name,
            protocol_type,
        });
    }
    Some(groups)
}

/// Parses the mechanisms of a `SaslHandshake` response; `None` if the listener requires no login.
pub(super) fn parse_sasl_handshake(response: &[u8]) -> Option<Vec<String>> {
    let mut response = after_correlation_id(response)?;
    response
        .i16()
        .filter(|error| *error != ILLEGAL_SASL_STATE)?;
    let count = response.i32().filter(|count| *count >= 0)?;
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(response.string()?);
    }
    Some(names)
}

fn after_correlation_id(response: &[u8]) -> Option<Reader<'_>> {
    let mut response = Reader::new(response);
    response.i32().filter(|number| *number == CORRELATION_ID)?;
    Some(response)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A response without its length: the correlation id, then these bytes.
    fn response(parts: &[&[u8]]) -> Vec<u8> {
        let mut all = CORRELATION_ID.to_be_bytes().to_vec();
        all.extend(parts.concat());
        all
    }

    #[test]
    fn a_request_begins_with_its_length() {
        let bytes = api_versions();
        let length = u32::from_be_bytes(*bytes.first_chunk().unwrap());
        assert_eq!(length as usize, bytes.len() - 4);
        assert_eq!(bytes.get(4..8).unwrap(), [0, 18, 0, 0]);
        assert!(metadata(8).len() == metadata(1).len() + 3);
    }

    #[test]
    fn the_shared_version_is_found() {
        let check = |low: u8, high: u8, expected| {
            let bytes = response(&[&[0, 0], &[0, 0, 0, 1], &[0, 3, 0, low, 0, high]]);
            assert_eq!(parse_api_versions(&bytes), Some(expected), "{low} {high}");
        };
        check(0, 12, CommonVersion::Version(1));
        check(4, 12, CommonVersion::Version(4));
        check(9, 12, CommonVersion::Unsupported);
        check(0, 0, CommonVersion::Unsupported);
        assert_eq!(parse_api_versions(b"HTTP/1.1 400"), None);
        assert_eq!(
            parse_api_versions(&response(&[&[0, 0, 255, 255, 255, 255]])),
            None
        );
    }

    #[test]
    fn brokers_are_read() {
        let one = [
            0, 0, 0, 1, 0, 0, 0, 7, 0, 3, b'a', b'.', b'\n', 0, 0, 1, 187, 255, 255,
        ];
        let expected = Node {
            id: 7,
            host: "a.".to_owned(),
            port: 443,
        };
        assert_eq!(
            parse_metadata(&response(&[&one]), 1),
            Some(vec![expected.clone()])
        );
        assert_eq!(
            parse_metadata(&response(&[&[0; 4], &one]), 3),
            Some(vec![expected])
        );
        assert_eq!(
            parse_metadata(&response(&[one.get(..12).unwrap()]), 1),
            None
        );
    }

    #[test]
    fn groups_are_read() {
        let text = |text: &str| {
            let length = u16::try_from(text.len()).unwrap().to_be_bytes();
            [&length[..], text.as_bytes()].concat()
        };
        let bytes = response(&[&[0, 0, 0, 0, 0, 1], &text("team-1"), &text("share")]);
        let group = Group {
            name: "team-1".to_owned(),
            protocol_type: "share".to_owned(),
        };
        assert_eq!(parse_list_groups(&bytes), Some(vec![group]));
        // An error of the broker.
        let bytes = response(&[&[0, 35, 0, 0, 0, 0]]);
        assert_eq!(parse_list_groups(&bytes), None);
        assert!(list_groups().len() < metadata(8).len());
    }

    #[test]
    fn a_login_is_required_or_not() {
        let wanted = response(&[&[0, 33, 0, 0, 0, 1, 0, 5], b"PLAIN"]);
        assert_eq!(
            parse_sasl_handshake(&wanted),
            Some(vec!["PLAIN".to_owned()])
        );
        assert_eq!(
            parse_sasl_handshake(&response(&[&[0, 34, 0, 0, 0, 0]])),
            None
        );
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_survived(noise: Vec<u8>, version in 1_i16..9) {
            for bytes in [noise.clone(), response(&[&noise])] {
                parse_api_versions(&bytes);
                parse_sasl_handshake(&bytes);
                let groups = parse_list_groups(&bytes).unwrap_or_default();
                prop_assert!(groups.len() <= bytes.len());
                let nodes = parse_metadata(&bytes, version).unwrap_or_default();
                prop_assert!(nodes.len() <= bytes.len());
            }
        }
    }
}
