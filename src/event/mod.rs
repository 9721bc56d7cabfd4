//! Ditto events: decoding, classification and filtering on raw bytes. No input causes a panic.

pub mod collection_pattern;
mod decode;
mod document_search;
pub mod filter;
pub mod filter_stats;
pub mod grep;
mod id;

use std::borrow::Cow;
use std::fmt;

pub use decode::{decode, is_gap, txn_id};
pub use document_search::DocumentSearch;
pub use id::{IdFilter, is_broken_json_id, is_json_id};

use crate::condition::Facts;
pub use crate::record::options::Op;

/// The number of a Ditto transaction. Many events can share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxnId(pub u64);

/// The kind of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind<'a> {
    /// A document was inserted, updated or removed.
    DocumentChanged,
    /// The stream has a gap: everything must be queried again.
    RequeryRequired,
    /// An undocumented type, unescaped.
    Other(Cow<'a, str>),
}

/// One event, borrowed from its payload.
///
/// If a key occurs twice, the first one counts. A missing value is `None`, an explicit null is `Some(b"null")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// The whole payload as it was received.
    pub raw: &'a [u8],
    /// `type`
    pub kind: EventKind<'a>,
    /// `txnId` or `txnID`, whichever comes first: a number or a string of digits up to 2^64 - 1, else `None`.
    pub txn_id: Option<TxnId>,
    /// `collection`, if that is a string.
    pub collection: Option<Cow<'a, str>>,
    /// `change.method`, if that is a string.
    pub method: Option<Cow<'a, str>>,
    /// `change.oldValue` as raw JSON.
    pub old: Option<&'a [u8]>,
    /// `change.newValue` as raw JSON.
    pub new: Option<&'a [u8]>,
    /// `change.value` as raw JSON.
    pub value: Option<&'a [u8]>,
}

/// The type of an event that contains a document of a snapshot, as `requery --output -` prints it.
pub const SNAPSHOT_DOCUMENT: &str = "snapshotDocument";

/// The document before and after an event; `None` if there was or is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// The document before it.
    pub before: Option<&'a [u8]>,
    /// The document after it.
    pub after: Option<&'a [u8]>,
}

impl<'a> Event<'a> {
    /// Whether this is a document of a snapshot.
    #[must_use]
    pub fn is_snapshot_document(&self) -> bool {
        matches!(&self.kind, EventKind::Other(kind) if kind == SNAPSHOT_DOCUMENT)
    }

    /// What the event does to its document; `None` if it does not say what the document was or is. A document of a snapshot
    /// is the same before and after it.
    #[must_use]
    pub fn change(&self) -> Option<Change<'a>> {
        let present = |value: Option<&'a [u8]>| value.filter(|json| *json != b"null");
        let (before, after) = match self.op() {
            Op::Insert => (None, self.new),
            Op::Update => (self.old, self.new),
            Op::Remove => (present(self.old).or(self.value), None),
            Op::Other if self.is_snapshot_document() => {
                let document = present(self.value)?;
                (Some(document), Some(document))
            }
            Op::Other => return None,
        };
        Some(Change { before, after })
    }

    /// The operation.
    #[must_use]
    pub fn op(&self) -> Op {
        let present = |value: Option<&[u8]>| value.is_some_and(|json| json != b"null");
        match (
            &self.kind,
            present(self.old),
            present(self.new),
            present(self.value),
        ) {
            (EventKind::DocumentChanged, false, true, _) => Op::Insert,
            (EventKind::DocumentChanged, true, true, _) => Op::Update,
            (EventKind::DocumentChanged, true, false, _)
            | (EventKind::DocumentChanged, false, false, true) => Op::Remove,
            _ => Op::Other,
        }
    }

    /// The inputs of conditions.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let present = |value: Option<&'a [u8]>| value.filter(|json| *json != b"null");
        let (old, new) = (present(self.old), present(self.new));
        Facts {
            collection: self.collection.as_deref(),
            method: self.method.as_deref(),
            op: self.op().word(),
            txn_id: self.txn_id.map(|id| id.0),
            // The document of a removal is the removed one.
            old: old.or_else(|| present(self.value).filter(|_| new.is_none())),
            new,
        }
    }

    /// The raw JSON of the document's `_id`: from the new value, else `value`, else the old value.
    #[must_use]
    pub fn id(&self) -> Option<&'a [u8]> {
        let values = [self.new, self.value, self.old];
        values
            .into_iter()
            .flatten()
            .find_map(|value| crate::json::field(value, "_id"))
    }
}

/// Where a path enters a document, if it starts at the event as it is printed: `change.newValue.status`, also without
/// `change` or with the capture's `value` before it. The word for the document in a condition (`new`, `old`, or nothing
/// for a removed one), and the number of names before the document's own.
pub fn document_in_event<'n>(
    name_at: impl Fn(usize) -> Option<&'n str>,
) -> Option<(&'static str, usize)> {
    let is_in_capture = name_at(0) == Some("value") && name_at(1) == Some("change");
    let mut depth = usize::from(is_in_capture);
    depth += usize::from(name_at(depth) == Some("change"));
    let side = match name_at(depth)? {
        "newValue" => "new",
        "oldValue" => "old",
        "value" => "",
        _ => return None,
    };
    Some((side, depth + 1))
}

/// Why a payload is not an event. Offsets count bytes from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// No payload: a tombstone. An empty payload is `NotJson` at 0.
    Empty,
    /// Not UTF-8 from this byte on.
    NotUtf8 {
        /// Offset of the first invalid byte.
        at: usize,
    },
    /// Not JSON from about this byte on, to within 64 bytes; the payload's length if its end is missing.
    NotJson {
        /// Offset of the syntax error.
        at: usize,
    },
    /// JSON, but not an object with a string `type`.
    NotAnEvent,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Empty => f.write_str("the record has no payload (a tombstone)"),
            Unreadable::NotUtf8 { at } => write!(f, "the payload is not valid UTF-8 (byte {at})"),
            Unreadable::NotJson { at } => {
                write!(f, "the payload is not valid JSON (about byte {at})")
            }
            Unreadable::NotAnEvent => f.write_str(
                "the payload is JSON but not an event: not an object with a \"type\" string",
            ),
        }
    }
}

impl From<crate::json::SyntaxError> for Unreadable {
    fn from(error: crate::json::SyntaxError) -> Self {
        match error {
            crate::json::SyntaxError::NotUtf8 { at } => Unreadable::NotUtf8 { at },
            crate::json::SyntaxError::NotJson { at } => Unreadable::NotJson { at },
        }
    }
}

#[cfg(test)]
mod tests;
