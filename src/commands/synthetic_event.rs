//! Documents of snapshots and their differences as events, so that filters and views need no other form.

use std::io::Write as _;

use crate::event::SNAPSHOT_DOCUMENT;

/// The documents of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Documents<'d> {
    /// Of a snapshot, in the form of `requery --output -`.
    Read(&'d [u8]),
    Insert(&'d [u8]),
    Update(&'d [u8], &'d [u8]),
    Remove(&'d [u8]),
}

/// Replaces `payload` with the event of a document, or of a difference.
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
    let kind = match documents {
        Documents::Read(_) => SNAPSHOT_DOCUMENT,
        Documents::Insert(_) | Documents::Update(..) | Documents::Remove(_) => "documentChanged",
    };
    let _ = write!(payload, "\"type\":\"{kind}\",\"collection\":");
    let _ = serde_json::to_writer(&mut *payload, collection);
    let parts: [&[u8]; 5] = match documents {
        Documents::Read(document) => [b"read\",\"value\":", document, b"", b"", b""],
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
