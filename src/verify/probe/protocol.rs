//! Codec of the Kafka requests that the probe sends. Decoding returns `None` for any malformed bytes.

use super::facts::Node;

const METADATA: i16 = 3;
const SASL_HANDSHAKE: i16 = 17;
const API_VERSIONS: i16 = 18;

/// Metadata's versions without compact encoding, which begin alike; 0 would ask for all topics.
const METADATA_VERSIONS: std::ops::RangeInclusive<i16> = 1..=8;
const CLIENT: &str = "ditto-cdc";
/// The error code of a listener without login when one is started (`ILLEGAL_SASL_STATE`).
const ILLEGAL_SASL_STATE: i16 = 34;
/// Longest valid host name.
const MAX_HOST_BYTES: usize = 255;

/// The number by which an answer belongs to its request.
pub(super) const CORRELATION: i32 = 0x0064_6974;

/// "Which requests do you know?", in the one version that every broker answers.
pub(super) fn api_versions() -> Vec<u8> {
    request(API_VERSIONS, 0, &[])
}

/// "Who are your brokers?", about no topic.
pub(super) fn metadata(version: i16) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0];
    // Neither create topics nor list permitted operations.
    body.extend(vec![0; usize::from(version >= 4)]);
    body.extend(vec![0; 2 * usize::from(version >= 8)]);
    request(METADATA, version, &body)
}

/// A SASL handshake with an unknown mechanism: the response shows whether a login is required, and how.
pub(super) fn sasl_handshake() -> Vec<u8> {
    request(SASL_HANDSHAKE, 1, &[0, 1, b'-'])
}

fn request(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    all.extend(key.to_be_bytes());
    all.extend(version.to_be_bytes());
    all.extend(CORRELATION.to_be_bytes());
    all.extend(short(CLIENT.len()));
    all.extend(CLIENT.as_bytes());
    all.extend(body);
    let mut frame_state = u32::try_from(all.len())
        .unwrap_or_default()
        .to_be_bytes()
        .to_vec();
    frame_state.extend(all);
    frame_state
}

fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or_default().to_be_bytes()
}

/// In which version to ask for metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommonVersion {
    Version(i16),
    /// Broker and probe have none in common.
    Nothing,
}

/// `None` if it is not a valid response.
pub(super) fn read_api_versions(answer: &[u8]) -> Option<CommonVersion> {
    let mut answer = Bytes::after_correlation(answer)?;
    answer.i16()?;
    let count = answer.i32().filter(|count| *count >= 0)?;
    let mut version = CommonVersion::Nothing;
    for _ in 0..count {
        let (key, low, high) = (answer.i16()?, answer.i16()?, answer.i16()?);
        if key == METADATA {
            let shared = low.max(*METADATA_VERSIONS.start())..=high.min(*METADATA_VERSIONS.end());
            if !shared.is_empty() {
                version = CommonVersion::Version(*shared.start());
            }
        }
    }
    Some(version)
}

/// The brokers, as far as the answer is one.
pub(super) fn read_metadata(answer: &[u8], version: i16) -> Option<Vec<Node>> {
    let mut answer = Bytes::after_correlation(answer)?;
    if version >= 3 {
        answer.i32()?;
    }
    let count = answer.i32().filter(|count| *count >= 0)?;
    let mut nodes = Vec::new();
    for _ in 0..count {
        nodes.push(node(&mut answer)?);
    }
    Some(nodes)
}

fn node(answer: &mut Bytes<'_>) -> Option<Node> {
    let id = answer.i32()?;
    let host = answer
        .text()
        .filter(|host| (1..=MAX_HOST_BYTES).contains(&host.len()))?;
    let port = u16::try_from(answer.i32()?).ok()?;
    answer.text()?;
    let plain = |letter: char| !letter.is_control() && !letter.is_whitespace();
    let host: String = host.chars().filter(|letter| plain(*letter)).collect();
    Some(Node { id, host, port })
}

/// The mechanisms of a listener that requires a login; `None` if it requires none.
pub(super) fn read_sasl_handshake(answer: &[u8]) -> Option<Vec<String>> {
    let mut answer = Bytes::after_correlation(answer)?;
    answer.i16().filter(|error| *error != ILLEGAL_SASL_STATE)?;
    let count = answer.i32().filter(|count| *count >= 0)?;
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(answer.text()?);
    }
    Some(names)
}

/// Takes Kafka's types from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn after_correlation(answer: &'a [u8]) -> Option<Bytes<'a>> {
        let mut answer = Bytes(answer);
        answer.i32().filter(|number| *number == CORRELATION)?;
        Some(answer)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn i16(&mut self) -> Option<i16> {
        self.take().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_be_bytes)
    }

    /// Kafka's null string is read as an empty string.
    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.i16()?).unwrap_or(0);
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer after its length: the correlation, then these bytes.
    fn answer(parts: &[&[u8]]) -> Vec<u8> {
        let mut all = CORRELATION.to_be_bytes().to_vec();
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
            let bytes = answer(&[&[0, 0], &[0, 0, 0, 1], &[0, 3, 0, low, 0, high]]);
            assert_eq!(read_api_versions(&bytes), Some(expected), "{low} {high}");
        };
        check(0, 12, CommonVersion::Version(1));
        check(4, 12, CommonVersion::Version(4));
        check(9, 12, CommonVersion::Nothing);
        check(0, 0, CommonVersion::Nothing);
        assert_eq!(read_api_versions(b"HTTP/1.1 400"), None);
        assert_eq!(
            read_api_versions(&answer(&[&[0, 0, 255, 255, 255, 255]])),
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
            read_metadata(&answer(&[&one]), 1),
            Some(vec![expected.clone()])
        );
        assert_eq!(
            read_metadata(&answer(&[&[0; 4], &one]), 3),
            Some(vec![expected])
        );
        assert_eq!(read_metadata(&answer(&[one.get(..12).unwrap()]), 1), None);
    }

    #[test]
    fn a_login_is_wanted_or_not() {
        let wanted = answer(&[&[0, 33, 0, 0, 0, 1, 0, 5], b"PLAIN"]);
        assert_eq!(read_sasl_handshake(&wanted), Some(vec!["PLAIN".to_owned()]));
        assert_eq!(read_sasl_handshake(&answer(&[&[0, 34, 0, 0, 0, 0]])), None);
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_survived(noise: Vec<u8>, version in 1_i16..9) {
            for bytes in [noise.clone(), answer(&[&noise])] {
                read_api_versions(&bytes);
                read_sasl_handshake(&bytes);
                let nodes = read_metadata(&bytes, version).unwrap_or_default();
                prop_assert!(nodes.len() <= bytes.len());
            }
        }
    }
}
