//! Which events of the stream a snapshot contains already, decided in the time of a look-up.
//! The rule itself stands in the manifest, at `Collection::read_at`; positions are read by `cmd`.

use std::collections::HashMap;

use super::document_id::{Key, Type};
use super::manifest::{Collection, Manifest, Place};

/// The places of a manifest, sorted.
#[derive(Debug, Clone, Default)]
pub struct Contained {
    collections: HashMap<String, Places>,
    /// No event behind this transaction is contained.
    highest: Option<u64>,
}

/// One collection.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    by_type: HashMap<Type, Vec<Part>>,
    /// For types that no place names.
    others: Option<u64>,
}

/// The ids up to this one, and at which transaction they were read.
#[derive(Debug, Clone)]
struct Part {
    up_to: Option<Key>,
    read_at: Option<u64>,
}

impl Contained {
    /// What a manifest proves: of collections that are not complete, nothing.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Contained {
        let complete = manifest.collections.iter().filter(|one| one.complete);
        let collections: HashMap<String, Places> = complete
            .map(|collection| (collection.name.clone(), Places::of(collection)))
            .collect();
        let highest = collections.values().filter_map(Places::highest).max();
        Contained {
            collections,
            highest,
        }
    }

    /// Whether the snapshot contains an event of this transaction for this document already. `id` is raw JSON.
    #[must_use]
    pub fn contains(&self, collection: &str, id: &[u8], txn_id: u64) -> bool {
        if self.highest < Some(txn_id) {
            return false;
        }
        let places = self.collections.get(collection);
        let read_at = places.and_then(|places| places.read_at(&Key::of(id)?));
        read_at.is_some_and(|read_at| txn_id <= read_at)
    }
}

impl Places {
    /// The places of one collection, whether it is complete or not.
    pub(super) fn of(collection: &Collection) -> Places {
        let mut places = Places::default();
        for place in &collection.places {
            match place.kind.as_deref() {
                None => places.others = places.others.or(place.transaction_id),
                Some(name) => {
                    if let (Some(kind), Some(part)) = (Type::of_name(name), Part::of(place)) {
                        places.by_type.entry(kind).or_default().push(part);
                    }
                }
            }
        }
        for parts in places.by_type.values_mut() {
            // A manifest that was changed by hand proves nothing, rather than something wrong.
            if !parts.is_sorted_by(Part::ends_before) {
                parts.clear();
            }
        }
        places
    }

    fn highest(&self) -> Option<u64> {
        let parts = self.by_type.values().flatten();
        parts
            .map(|part| part.read_at)
            .max()
            .flatten()
            .max(self.others)
    }

    /// The transaction at which the place of a document was read.
    pub(super) fn read_at(&self, id: &Key) -> Option<u64> {
        let Some(parts) = self.by_type.get(&id.kind()) else {
            return self.others;
        };
        let at = parts.partition_point(|part| part.up_to.as_ref().is_some_and(|last| last < id));
        parts.get(at).and_then(|part| part.read_at)
    }
}

impl Part {
    fn ends_before(&self, other: &Part) -> bool {
        match (&self.up_to, &other.up_to) {
            (Some(one), Some(other)) => one < other,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// `None` where the last id cannot be read: such a part reaches nothing.
    fn of(place: &Place) -> Option<Part> {
        let up_to = match &place.up_to {
            None => None,
            Some(last) => Some(Key::of(last.get().as_bytes())?),
        };
        Some(Part {
            up_to,
            read_at: place.transaction_id,
        })
    }
}

#[cfg(test)]
#[path = "tests/dedup.rs"]
mod tests;
