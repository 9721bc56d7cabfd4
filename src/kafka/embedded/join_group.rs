//! `JoinGroup`: shortens the session timeout, and makes the members of a group use the same assignment strategy.

use std::collections::HashMap;

use crate::probe::wire::Reader;

/// The shortest session timeout that a Kafka broker accepts by default (`group.min.session.timeout.ms`), and longer than
/// the client library's interval of heartbeats (3 s). The mock broker assigns partitions one second before it.
const SESSION_TIMEOUT_MS: i32 = 6000;
/// The mock broker rejects the encoding of later versions.
const MAX_VERSION: i16 = 5;
/// Error code of a member that supports no strategy of its group.
const INCONSISTENT_GROUP_PROTOCOL: i16 = 23;

/// What to do with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joining {
    /// Forward this frame.
    Forward(Vec<u8>),
    /// Answer with this frame.
    Reject(Vec<u8>),
}

/// Adapts a request. `request` is after the client id of `frame`; `strategies` has the strategy of each group.
pub(super) fn adapt(
    mut request: Reader<'_>,
    frame: &[u8],
    version: i16,
    correlation: i32,
    strategies: &mut HashMap<Vec<u8>, Vec<u8>>,
) -> Option<Joining> {
    if version > MAX_VERSION {
        return None;
    }
    let position = |reader: &Reader<'_>| frame.len().checked_sub(reader.remaining());
    let group = request.text()?;
    let session_at = position(&request)?;
    request.i32()?;
    let after_session = position(&request)?;
    if version >= 1 {
        request.i32()?;
    }
    request.text()?;
    if version >= 5 {
        request.text()?;
    }
    request.text()?;
    let strategies_at = position(&request)?;
    let mut supported = Vec::new();
    for _ in 0..request.count()? {
        supported.push((request.text()?, request.bytes()?));
    }
    let first = supported.first()?.0;
    let agreed = strategies
        .entry(group.to_vec())
        .or_insert_with(|| first.to_vec());
    let Some(index) = supported
        .iter()
        .position(|(name, _)| *name == agreed.as_slice())
    else {
        return Some(Joining::Reject(rejection(version, correlation)));
    };
    let chosen = supported.remove(index);
    supported.insert(0, chosen);
    let mut changed = frame.get(..session_at)?.to_vec();
    changed.extend(SESSION_TIMEOUT_MS.to_be_bytes());
    changed.extend(frame.get(after_session..strategies_at)?);
    changed.extend(i32::try_from(supported.len()).ok()?.to_be_bytes());
    for (name, metadata) in supported {
        changed.extend(i16::try_from(name.len()).ok()?.to_be_bytes());
        changed.extend(name);
        changed.extend(i32::try_from(metadata.len()).ok()?.to_be_bytes());
        changed.extend(metadata);
    }
    Some(Joining::Forward(changed))
}

/// A response without a generation, names and members.
fn rejection(version: i16, correlation: i32) -> Vec<u8> {
    let mut response = correlation.to_be_bytes().to_vec();
    if version >= 2 {
        // The throttle time.
        response.extend([0; 4]);
    }
    response.extend(INCONSISTENT_GROUP_PROTOCOL.to_be_bytes());
    response.extend((-1_i32).to_be_bytes());
    // Empty protocol, leader and member id, and no members.
    response.extend([0; 3 * 2 + 4]);
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEADER: [u8; 8] = [0, 11, 0, 0, 0, 0, 0, 7];

    fn text(text: &str) -> Vec<u8> {
        let length = i16::try_from(text.len()).unwrap().to_be_bytes();
        [&length[..], text.as_bytes()].concat()
    }

    /// A request of a member of `group`. Each strategy has its name as metadata.
    fn request(version: i16, group: &str, session_ms: i32, strategies: &[&str]) -> Vec<u8> {
        let mut all = [&HEADER[..], &text("client"), &text(group)].concat();
        all.extend(session_ms.to_be_bytes());
        all.extend(vec![1; 4 * usize::from(version >= 1)]);
        all.extend(text("member"));
        all.extend(vec![255; 2 * usize::from(version >= 5)]);
        all.extend(text("consumer"));
        all.extend(i32::try_from(strategies.len()).unwrap().to_be_bytes());
        for strategy in strategies {
            all.extend(text(strategy));
            all.extend(i32::try_from(strategy.len()).unwrap().to_be_bytes());
            all.extend(strategy.as_bytes());
        }
        all
    }

    #[test]
    fn every_member_gets_the_session_timeout_and_the_groups_strategy_first() {
        for version in 0..=MAX_VERSION {
            let mut strategies = HashMap::new();
            let mut check = |group: &str, offered: &[&str], expected: Option<&[&str]>| {
                let frame = request(version, group, 45_000, offered);
                let mut reader = Reader::new(&frame);
                reader.i64();
                reader.text();
                let found = adapt(reader, &frame, version, 7, &mut strategies).unwrap();
                match expected {
                    Some(order) => {
                        let forwarded = request(version, group, SESSION_TIMEOUT_MS, order);
                        assert_eq!(found, Joining::Forward(forwarded), "{version} {offered:?}");
                    }
                    None => assert_eq!(found, Joining::Reject(rejection(version, 7))),
                }
            };
            check(
                "g",
                &["range", "roundrobin"],
                Some(&["range", "roundrobin"]),
            );
            check(
                "g",
                &["roundrobin", "range"],
                Some(&["range", "roundrobin"]),
            );
            check("g", &["cooperative-sticky"], None);
            check(
                "other",
                &["cooperative-sticky"],
                Some(&["cooperative-sticky"]),
            );
        }
    }
}
