//! What a Ditto event is: decoding, classifying, filtering, all on raw bytes.
//! Pure: no input or output, no clock, and nothing in here can fail or panic on foreign bytes.

mod decode;
pub mod filter;
mod id;

use std::borrow::Cow;
use std::fmt;

pub use decode::{decode, txn_id};

use crate::condition::Facts;

/// The number of a Ditto transaction. Many events can share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TxnId(pub u64);

/// What an event announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A document was inserted, updated or removed.
    DocumentChanged,
    /// The stream has a gap: everything must be queried again.
    RequeryRequired,
    /// A type that the public documents do not describe, as it is spelled.
    Other(Cow<'a, str>),
}

/// What happened to a document, told by which values are present and never by `change.method`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// A new value, and no old one.
    Insert,
    /// An old and a new value.
    Update,
    /// A value alone (`value`, or an `oldValue` without a `newValue`).
    Remove,
    /// Not a change of a document, or one from whose values nothing can be told.
    Other,
}

impl Op {
    /// The word for it, as in `--op` and in conditions.
    #[must_use]
    pub fn word(self) -> Option<&'static str> {
        Some(match self {
            Op::Insert => "insert",
            Op::Update => "update",
            Op::Remove => "remove",
            Op::Other => return None,
        })
    }
}

/// One event, borrowed from its payload.
///
/// Where a key occurs twice the first one counts. An absent value is `None`, an explicit one is `Some(b"null")`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// The whole payload as it was received.
    pub raw: &'a [u8],
    /// `type`
    pub kind: Kind<'a>,
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

impl<'a> Event<'a> {
    /// What happened to the document.
    #[must_use]
    pub fn op(&self) -> Op {
        let there = |value: Option<&[u8]>| value.is_some_and(|json| json != b"null");
        match (
            &self.kind,
            there(self.old),
            there(self.new),
            there(self.value),
        ) {
            (Kind::DocumentChanged, false, true, _) => Op::Insert,
            (Kind::DocumentChanged, true, true, _) => Op::Update,
            (Kind::DocumentChanged, true, false, _)
            | (Kind::DocumentChanged, false, false, true) => Op::Remove,
            _ => Op::Other,
        }
    }

    /// What conditions look at.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let there = |value: Option<&'a [u8]>| value.filter(|json| *json != b"null");
        let (old, new) = (there(self.old), there(self.new));
        Facts {
            collection: self.collection.as_deref(),
            method: self.method.as_deref(),
            op: self.op().word(),
            txn_id: self.txn_id.map(|id| id.0),
            // The document of a removal is the one before it.
            old: old.or_else(|| there(self.value).filter(|_| new.is_none())),
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

/// Why a payload is not an event. Offsets count bytes from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no payload at all: a tombstone. A payload of no bytes is `NotJson` at 0.
    Empty,
    /// Not UTF-8 from this byte on.
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// Not JSON from about this byte on, to within 64 bytes; the payload's length where its end is missing.
    NotJson {
        /// Where the grammar breaks.
        at: usize,
    },
    /// JSON, but not an object with a string `type`.
    NotAnEvent,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Empty => f.write_str("the record has no payload (a tombstone)"),
            Unreadable::NotUtf8 { at } => write!(f, "the payload is not UTF-8 text (byte {at})"),
            Unreadable::NotJson { at } => {
                write!(f, "the payload is not valid JSON (about byte {at})")
            }
            Unreadable::NotAnEvent => {
                f.write_str("the payload is JSON but not an event: no object with a \"type\" text")
            }
        }
    }
}

impl From<crate::json::Flaw> for Unreadable {
    fn from(flaw: crate::json::Flaw) -> Self {
        match flaw {
            crate::json::Flaw::NotUtf8 { at } => Unreadable::NotUtf8 { at },
            crate::json::Flaw::NotJson { at } => Unreadable::NotJson { at },
        }
    }
}

#[cfg(test)]
mod tests;
