//! The difference of two documents as an event, in the form of Ditto's events, so that filters and views need no other.

use std::io::Write as _;

use super::state_index::Version;
use crate::record::{Clock, Place, Record, Timestamp};

/// The documents of a difference; both of them for an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Documents<'d> {
    Insert(&'d [u8]),
    Update(&'d [u8], &'d [u8]),
    Remove(&'d [u8]),
}

/// Replaces `payload` with the event of a difference.
pub(super) fn write(
    collection: &str,
    documents: Documents<'_>,
    txn: Option<u64>,
    payload: &mut Vec<u8>,
) {
    payload.clear();
    payload.push(b'{');
    if let Some(txn) = txn {
        // Writing to a buffer cannot fail.
        let _ = write!(payload, "\"txnId\":{txn},");
    }
    payload.extend_from_slice(b"\"type\":\"documentChanged\",\"collection\":");
    let _ = serde_json::to_writer(&mut *payload, collection);
    let parts: [&[u8]; 5] = match documents {
        Documents::Insert(new) => [
            b"insert\",\"oldValue\":",
            b"null",
            b",\"newValue\":",
            new,
            b"",
        ],
        Documents::Update(old, new) => {
            [b"update\",\"oldValue\":", old, b",\"newValue\":", new, b""]
        }
        Documents::Remove(old) => [b"remove\",\"value\":", old, b"", b"", b""],
    };
    payload.extend_from_slice(b",\"change\":{\"method\":\"");
    for part in parts {
        payload.extend_from_slice(part);
    }
    payload.extend_from_slice(b"}}");
}

/// The record of an event, with the place and time of the version, if it has them. `topics` are the names of its topics.
pub(super) fn record<'r>(payload: &'r [u8], version: &Version, topics: &'r [String]) -> Record<'r> {
    let place = version
        .place
        .map_or(Place::Unknown, |(topic, partition, offset)| {
            let topic = usize::try_from(topic).ok().and_then(|at| topics.get(at));
            match topic.filter(|topic| !topic.is_empty()) {
                Some(topic) => Place::Offset {
                    topic,
                    partition,
                    offset,
                },
                None => Place::Line {
                    file: "",
                    line: 0,
                    partition: Some(partition),
                    offset: Some(offset),
                },
            }
        });
    Record {
        place,
        time: version.millis.map(|millis| Timestamp {
            millis,
            clock: Clock::Unknown,
        }),
        leader_epoch: None,
        key: None,
        headers: Vec::new(),
        payload: Some(payload.into()),
    }
}
