//! Index of the documents of one collection: sorted keys in one buffer, each with its last known state. It has no document,
//! so that its memory depends on the number of documents only.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Where a document is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// In bytes from the start of the file.
    pub offset: u64,
    pub length: usize,
}

/// The last known state of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocumentState {
    Present(Span),
    Removed,
}

/// The event that led to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Version {
    pub txn: Option<u64>,
    /// The number of the topic's name, partition and offset.
    pub place: Option<(u32, i32, i64)>,
    /// Milliseconds since 1970.
    pub millis: Option<i64>,
}

impl Version {
    /// Whether this event, which was read later, is newer than another one of the same document. The transaction decides,
    /// because a record that was delivered twice has a later offset; without one, the offset; else the order of reading.
    pub fn supersedes(&self, before: &Version) -> bool {
        if let (Some(now), Some(before)) = (self.txn, before.txn)
            && now != before
        {
            return now > before;
        }
        match (self.place, before.place) {
            (Some(now), Some(before)) if (now.0, now.1) == (before.0, before.1) => {
                now.2 >= before.2
            }
            _ => true,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key_start: usize,
    key_length: usize,
    state: DocumentState,
}

/// The documents of a collection.
#[derive(Debug, Default)]
pub(super) struct StateIndex {
    keys: Vec<u8>,
    entries: Vec<Entry>,
    /// The version of each entry; empty for a snapshot, which has none.
    versions: Vec<Version>,
    /// The entry of each hash. If two keys have the same one, the second is at the next free number.
    by_hash: HashMap<u64, usize>,
    hasher: RandomState,
}

impl StateIndex {
    /// The version of a key; `None` if it has no entry.
    pub fn version(&self, key: &[u8]) -> Option<Version> {
        let at = self.find(key).ok()?;
        Some(self.versions.get(at).copied().unwrap_or_default())
    }

    /// Sets the state of a key; returns the state before.
    pub fn set(
        &mut self,
        key: &[u8],
        state: DocumentState,
        version: Option<Version>,
    ) -> Option<DocumentState> {
        match self.find(key) {
            Ok(at) => {
                if let (Some(slot), Some(version)) = (self.versions.get_mut(at), version) {
                    *slot = version;
                }
                let entry = self.entries.get_mut(at)?;
                Some(std::mem::replace(&mut entry.state, state))
            }
            Err(hash) => {
                self.by_hash.insert(hash, self.entries.len());
                self.entries.push(Entry {
                    key_start: self.keys.len(),
                    key_length: key.len(),
                    state,
                });
                self.keys.extend_from_slice(key);
                self.versions.extend(version);
                None
            }
        }
    }

    /// The entry of a key, or the hash under which it is added.
    fn find(&self, key: &[u8]) -> Result<usize, u64> {
        let mut hash = self.hasher.hash_one(key);
        loop {
            match self.by_hash.get(&hash) {
                None => return Err(hash),
                Some(at)
                    if self
                        .entries
                        .get(*at)
                        .is_some_and(|entry| self.key(entry) == key) =>
                {
                    return Ok(*at);
                }
                Some(_) => hash = hash.wrapping_add(1),
            }
        }
    }

    fn key(&self, entry: &Entry) -> &[u8] {
        self.keys
            .get(entry.key_start..entry.key_start + entry.key_length)
            .unwrap_or_default()
    }

    /// The stored documents, to move them to another file.
    pub fn spans_mut(&mut self) -> impl Iterator<Item = &mut Span> {
        self.entries
            .iter_mut()
            .filter_map(|entry| match &mut entry.state {
                DocumentState::Present(span) => Some(span),
                DocumentState::Removed => None,
            })
    }

    /// Ends the additions, and sorts.
    pub fn into_sorted(mut self) -> SortedStates {
        self.by_hash = HashMap::new();
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        let key = |at: &usize| self.entries.get(*at).map(|entry| self.key(entry));
        // A snapshot is almost sorted, which a stable sort uses.
        order.sort_by(|one, other| key(one).cmp(&key(other)));
        SortedStates { index: self, order }
    }
}

/// The documents of a collection in the order of their ids.
#[derive(Debug, Default)]
pub(super) struct SortedStates {
    index: StateIndex,
    order: Vec<usize>,
}

/// One document of an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownDocument<'a> {
    pub key: &'a [u8],
    pub state: DocumentState,
    pub version: Version,
}

impl SortedStates {
    /// The document at a place in the order.
    pub fn get(&self, at: usize) -> Option<KnownDocument<'_>> {
        let at = *self.order.get(at)?;
        let entry = self.index.entries.get(at)?;
        Some(KnownDocument {
            key: self.index.key(entry),
            state: entry.state,
            version: self.index.versions.get(at).copied().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_event_of_a_document() {
        let version = |txn, place| Version {
            txn,
            place,
            millis: None,
        };
        for (now, before, expected) in [
            // Delivered again: a later offset, an earlier transaction.
            (
                version(Some(5), Some((0, 1, 9))),
                version(Some(6), Some((0, 1, 8))),
                false,
            ),
            (
                version(Some(6), Some((0, 1, 8))),
                version(Some(5), Some((0, 1, 9))),
                true,
            ),
            (
                version(Some(5), Some((0, 1, 8))),
                version(Some(5), Some((0, 1, 9))),
                false,
            ),
            (
                version(Some(5), Some((0, 1, 9))),
                version(Some(5), Some((0, 1, 8))),
                true,
            ),
            (
                version(None, Some((0, 1, 8))),
                version(Some(5), Some((0, 1, 9))),
                false,
            ),
            // Offsets of two partitions, or of two topics, have no order.
            (
                version(None, Some((0, 2, 8))),
                version(None, Some((0, 1, 9))),
                true,
            ),
            (
                version(None, Some((1, 1, 8))),
                version(None, Some((0, 1, 9))),
                true,
            ),
            (version(None, None), version(Some(5), None), true),
            (version(Some(5), None), version(Some(5), None), true),
        ] {
            assert_eq!(now.supersedes(&before), expected, "{now:?} {before:?}");
        }
    }
}
