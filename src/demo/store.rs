//! The documents of the café; each mutation returns the change for the stream.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::snapshot::document_id::DocumentId;

/// The key of a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// The collection's name.
    pub collection: String,
    /// The `_id` as JSON.
    pub text: String,
}

impl Id {
    /// The key of a document. Ids that are equal but written differently yield equal keys.
    pub(super) fn new(collection: &str, document: &Value) -> Id {
        let raw = document.get("_id").map(Value::to_string);
        let key = raw.and_then(|raw| DocumentId::parse(raw.as_bytes()));
        Id {
            collection: collection.to_owned(),
            text: key.map(|key| key.json()).unwrap_or_default(),
        }
    }
}

/// A change of one document, before it has a transaction.
pub(super) struct Change {
    pub(super) id: Id,
    /// The event's `change` member.
    pub(super) body: Value,
}

/// All documents of all collections.
#[derive(Debug, Clone, Default)]
pub struct Store {
    documents: BTreeMap<Id, Value>,
}

impl Store {
    /// Every document, by collection.
    pub fn documents(&self) -> impl Iterator<Item = (&Id, &Value)> {
        self.documents.iter()
    }

    /// The ids of a collection's documents for which `is_match` holds.
    pub(super) fn find(&self, collection: &str, is_match: impl Fn(&Value) -> bool) -> Vec<Id> {
        let wanted =
            |(id, document): &(&Id, &Value)| id.collection == collection && is_match(document);
        let found = self.documents.iter().filter(wanted);
        found.map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn get(&self, id: &Id) -> Option<&Value> {
        self.documents.get(id)
    }

    /// Inserts a new document.
    pub(super) fn insert(&mut self, collection: &str, document: Value) -> Change {
        let id = Id::new(collection, &document);
        let body = json!({"method": "upsert", "oldValue": null, "newValue": document});
        self.documents.insert(id.clone(), document);
        Change { id, body }
    }

    /// Edits a document; `None` if nothing changed or it does not exist.
    pub(super) fn update(&mut self, id: &Id, edit: impl FnOnce(&mut Value)) -> Option<Change> {
        let document = self.documents.get_mut(id)?;
        let old = document.clone();
        edit(document);
        let body = json!({"method": "update", "oldValue": old, "newValue": document});
        let id = id.clone();
        (old != *document).then_some(Change { id, body })
    }

    pub(super) fn remove(&mut self, id: &Id) -> Option<Change> {
        let value = self.documents.remove(id)?;
        let body = json!({"method": "remove", "value": value});
        let id = id.clone();
        Some(Change { id, body })
    }
}
