//! A consumer's replica that knows the stream alone.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::Value;

use super::store::{Id, Store};

/// Documents by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replica {
    documents: BTreeMap<Id, Value>,
}

/// The differences between replica and server, in documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Difference {
    /// The same in both.
    pub equal: usize,
    /// Only on the server.
    pub missing: usize,
    /// In both, with different content.
    pub stale: usize,
    /// Only in the replica.
    pub extra: usize,
}

impl Replica {
    /// Applies events, one per line, as `tail --format json` prints them.
    ///
    /// # Errors
    /// A line that is not valid JSON.
    pub fn apply(&mut self, events: &str) -> anyhow::Result<()> {
        for line in events.lines() {
            let event: Value = serde_json::from_str(line).context("reading an event")?;
            let name = event["collection"].as_str().unwrap_or_default();
            let change = &event["change"];
            if let Some(new) = change.get("newValue") {
                self.put(name, new.clone());
            } else if let Some(old) = change.get("value") {
                self.documents.remove(&Id::new(name, old));
            }
        }
        Ok(())
    }

    fn put(&mut self, collection: &str, document: Value) {
        self.documents
            .insert(Id::new(collection, &document), document);
    }

    /// Compares with the server's documents.
    #[must_use]
    pub fn compare(&self, store: &Store) -> Difference {
        let mut found = Difference::default();
        for (id, document) in store.documents() {
            match self.documents.get(id) {
                Some(own) if own == document => found.equal += 1,
                Some(_) => found.stale += 1,
                None => found.missing += 1,
            }
        }
        found.extra = self.documents.len() - found.equal - found.stale;
        found
    }
}
