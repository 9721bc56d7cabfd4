//! What a stream contains: counts of each collection, and the fields of its documents. Its memory does not grow with the
//! number of events.

mod copy;
mod distinct;
mod fields;
mod sample;
pub mod stream;

use std::collections::BTreeMap;

pub use self::copy::{CopiedCollection, CopySummary};
pub use self::distinct::DistinctIds;
pub use self::fields::{Example, Field, FieldTree, Type};

use crate::event::{Event, EventKind, Op};

/// The events of a stream, by collection.
#[derive(Debug, Default)]
pub struct Summary {
    /// The collections by name.
    pub collections: BTreeMap<String, CollectionSummary>,
    /// Number of `requeryRequired` events.
    pub gaps: u64,
    /// Number of events without a collection, of an undocumented type.
    pub others: u64,
    is_redacted: bool,
}

/// The events and documents of one collection.
#[derive(Debug, Default)]
pub struct CollectionSummary {
    /// Number of inserted documents.
    pub inserts: u64,
    /// Number of updates.
    pub updates: u64,
    /// Number of removed documents.
    pub removes: u64,
    /// Number of events of an undocumented type.
    pub others: u64,
    /// Number of documents of snapshots.
    pub snapshot_documents: u64,
    /// The earliest and the latest time of a record, in milliseconds since 1970.
    pub times: Option<(i64, i64)>,
    /// The ids that occur.
    pub ids: DistinctIds,
    /// The fields of the documents of all events: the new one, or that which was removed.
    pub fields: FieldTree,
}

impl Summary {
    /// No events yet; `is_redacted` if their documents are.
    #[must_use]
    pub fn new(is_redacted: bool) -> Summary {
        Summary {
            is_redacted,
            ..Summary::default()
        }
    }

    /// Adds an event with the time of its record. If documents are redacted, fields are those of `redacted`, the same event.
    pub fn add(&mut self, event: &Event<'_>, redacted: Option<&Event<'_>>, millis: Option<i64>) {
        if event.kind == EventKind::RequeryRequired {
            self.gaps += 1;
            return;
        }
        let Some(name) = event.collection.as_deref() else {
            self.others += 1;
            return;
        };
        if !self.collections.contains_key(name) {
            self.collections.insert(
                name.to_owned(),
                CollectionSummary {
                    fields: FieldTree::new(self.is_redacted),
                    ..CollectionSummary::default()
                },
            );
        }
        if let Some(collection) = self.collections.get_mut(name) {
            collection.add(event, redacted.unwrap_or(event), millis);
        }
    }
}

impl CollectionSummary {
    fn add(&mut self, event: &Event<'_>, shown: &Event<'_>, millis: Option<i64>) {
        match event.op() {
            Op::Insert => self.inserts += 1,
            Op::Update => self.updates += 1,
            Op::Remove => self.removes += 1,
            Op::Other if event.is_snapshot_document() => self.snapshot_documents += 1,
            Op::Other => self.others += 1,
        }
        if let Some(millis) = millis {
            let (first, last) = self.times.unwrap_or((millis, millis));
            self.times = Some((first.min(millis), last.max(millis)));
        }
        let values = [shown.new, shown.value, shown.old];
        let mut documents = values.into_iter().flatten();
        if let Some(document) = documents.find(|json| json.starts_with(b"{")) {
            self.fields.add(document);
        }
        if let Some(id) = event.id() {
            self.ids.add(id);
        }
    }

    /// Number of events; documents of a snapshot are none.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.inserts + self.updates + self.removes + self.others
    }
}

#[cfg(test)]
mod tests;
