//! Deduplication: an index of a snapshot that decides whether it already contains an event.

use std::collections::HashMap;

use super::document_id::{DocumentId, IdType};
use super::manifest::{Collection, Manifest, ReadRange};

/// The id ranges of a manifest, for binary search.
#[derive(Debug, Clone, Default)]
pub struct SnapshotIndex {
    collections: HashMap<String, CollectionIndex>,
    /// No event after this transaction is included.
    max_txn: Option<u64>,
}

/// The ranges of one collection.
#[derive(Debug, Clone, Default)]
pub(super) struct CollectionIndex {
    by_type: HashMap<IdType, Vec<IdRange>>,
    /// The transaction of types without ranges.
    others: Option<u64>,
}

/// A range of ids, inclusive, and the transaction at which it was read.
#[derive(Debug, Clone)]
struct IdRange {
    up_to: Option<DocumentId>,
    read_at: Option<u64>,
}

impl SnapshotIndex {
    /// The index of a manifest's complete collections: nothing is proven about the others.
    ///
    /// With a condition, nothing is proven about any event. A document without a row has been removed, or does not match
    /// any more, and only its events tell which. Since later events of a document are applied on top of earlier ones,
    /// none of them may be left out after one that is not.
    #[must_use]
    pub fn new(manifest: &Manifest) -> SnapshotIndex {
        if manifest.scope.condition.is_some() {
            return SnapshotIndex::default();
        }
        let complete = manifest.collections.iter().filter(|one| one.complete);
        let collections: HashMap<String, CollectionIndex> = complete
            .map(|collection| (collection.name.clone(), CollectionIndex::new(collection)))
            .collect();
        let max_txn = collections
            .values()
            .filter_map(CollectionIndex::max_txn)
            .max();
        SnapshotIndex {
            collections,
            max_txn,
        }
    }

    /// Whether the snapshot already contains an event of this transaction for this document. `id` is raw JSON.
    #[must_use]
    pub fn contains(&self, collection: &str, id: &[u8], txn_id: u64) -> bool {
        if self.max_txn < Some(txn_id) {
            return false;
        }
        self.read_at(collection, id)
            .is_some_and(|read_at| txn_id <= read_at)
    }

    /// The transaction at which this id was read, whether the document exists or not. `None` if nothing is proven.
    #[must_use]
    pub fn read_at(&self, collection: &str, id: &[u8]) -> Option<u64> {
        let places = self.collections.get(collection)?;
        places.read_at(&DocumentId::parse(id)?)
    }
}

impl CollectionIndex {
    /// The index of one collection, complete or not.
    pub(super) fn new(collection: &Collection) -> CollectionIndex {
        let mut places = CollectionIndex::default();
        for place in &collection.places {
            match place.kind.as_deref() {
                None => places.others = places.others.or(place.transaction_id),
                Some(name) => {
                    if let (Some(kind), Some(part)) =
                        (IdType::parse(name), IdRange::from_place(place))
                    {
                        places.by_type.entry(kind).or_default().push(part);
                    }
                }
            }
        }
        for parts in places.by_type.values_mut() {
            // Unsorted ranges of a manifest that was changed by hand would give wrong results.
            if !parts.is_sorted_by(IdRange::ends_before) {
                parts.clear();
            }
        }
        places
    }

    fn max_txn(&self) -> Option<u64> {
        let parts = self.by_type.values().flatten();
        parts
            .map(|part| part.read_at)
            .max()
            .flatten()
            .max(self.others)
    }

    /// Whether ids of bytes were read, which JSON does not tell from arrays and strings.
    pub(super) fn has_binary(&self) -> bool {
        self.by_type.contains_key(&IdType::Binary)
    }

    /// The transaction at which the range of a document was read; the lower one if its type is uncertain.
    pub(super) fn read_at(&self, id: &DocumentId) -> Option<u64> {
        let read_at = self.read_at_as(id.id_type(), id)?;
        let binary = self
            .by_type
            .get(&IdType::Binary)
            .filter(|_| id.may_be_binary());
        let Some(parts) = binary else {
            return Some(read_at);
        };
        // Base64 has another order than the ranges.
        let as_binary = match id {
            DocumentId::Array(_) => self.read_at_as(IdType::Binary, id),
            _ => parts.iter().map(|part| part.read_at).min().flatten(),
        };
        as_binary.map(|as_binary| as_binary.min(read_at))
    }

    fn read_at_as(&self, kind: IdType, id: &DocumentId) -> Option<u64> {
        let Some(parts) = self.by_type.get(&kind) else {
            return self.others;
        };
        let at = parts.partition_point(|part| part.up_to.as_ref().is_some_and(|last| last < id));
        parts.get(at).and_then(|part| part.read_at)
    }
}

impl IdRange {
    fn ends_before(&self, other: &IdRange) -> bool {
        match (&self.up_to, &other.up_to) {
            (Some(one), Some(other)) => one < other,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// `None` if the last id cannot be parsed: such a range covers nothing.
    fn from_place(place: &ReadRange) -> Option<IdRange> {
        let up_to = match &place.up_to {
            None => None,
            Some(last) => Some(DocumentId::parse(last.get().as_bytes())?),
        };
        Some(IdRange {
            up_to,
            read_at: place.transaction_id,
        })
    }
}

#[cfg(test)]
#[path = "tests/dedup.rs"]
mod tests;
