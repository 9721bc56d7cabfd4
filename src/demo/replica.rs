//! A consumer's replica: the files of a snapshot, then the events after it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::store::{Id, Store};
use crate::record::Failure;
use crate::snapshot::manifest::Manifest;
use crate::snapshot::rows::Rows;

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

impl Difference {
    /// Whether both have the same documents.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.missing + self.stale + self.extra == 0
    }
}

impl Replica {
    /// Reads a snapshot.
    ///
    /// # Errors
    /// No complete snapshot in the folder, or I/O errors.
    pub fn from_snapshot(folder: &Path) -> anyhow::Result<Replica> {
        let error = |failure: Failure| anyhow::anyhow!(failure.what);
        let manifest = Manifest::read(folder).map_err(error)?;
        anyhow::ensure!(
            manifest.complete,
            "the snapshot in {} is not complete",
            folder.display()
        );
        let mut replica = Replica::default();
        for collection in &manifest.collections {
            let mut rows = Rows::open(folder, collection).map_err(error)?;
            while let Some(row) = rows.next_row().map_err(error)? {
                replica.put(&collection.name, serde_json::from_slice(row.document)?);
            }
        }
        Ok(replica)
    }

    /// Applies events, one per line, as `tail --format json` prints them; returns their number.
    ///
    /// # Errors
    /// A line that is not valid JSON.
    pub fn apply(&mut self, events: &str) -> anyhow::Result<usize> {
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
        Ok(events.lines().count())
    }

    /// Number of documents.
    #[must_use]
    pub fn count(&self) -> usize {
        self.documents.len()
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
