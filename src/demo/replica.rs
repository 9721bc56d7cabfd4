//! A copy of the documents as a consumer would keep it: from a snapshot's files and the events that came after.
//! It is compared with what the server holds; the server's documents are never read to build it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::store::{Id, Store};
use crate::snapshot::manifest::Manifest;

/// Documents by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Copy {
    documents: BTreeMap<Id, Value>,
}

/// How a copy differs from the server, in documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Difference {
    /// The same in both.
    pub equal: usize,
    /// On the server, and not in the copy.
    pub missing: usize,
    /// In both, with other content.
    pub stale: usize,
    /// In the copy, and gone from the server.
    pub left_over: usize,
}

impl Difference {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.missing + self.stale + self.left_over == 0
    }
}

impl Copy {
    /// Reads a snapshot's files.
    ///
    /// # Errors
    /// Where there is no complete snapshot, or one of its files cannot be read.
    pub fn of_snapshot(folder: &Path) -> anyhow::Result<Copy> {
        let manifest = Manifest::read(folder).map_err(|failure| anyhow::anyhow!(failure.what))?;
        anyhow::ensure!(
            manifest.complete,
            "the snapshot in {} is not complete",
            folder.display()
        );
        let mut copy = Copy::default();
        for collection in &manifest.collections {
            let Some(file) = &collection.file else {
                continue;
            };
            let path = folder.join(file);
            let text = fs::read_to_string(&path);
            let text = text.with_context(|| format!("reading {}", path.display()))?;
            for line in text.lines() {
                copy.put(&collection.name, serde_json::from_str(line)?);
            }
        }
        Ok(copy)
    }

    /// Applies events, one on a line, as `tail --format json` prints them; how many there were.
    ///
    /// # Errors
    /// Where a line is no event.
    pub fn apply(&mut self, events: &str) -> anyhow::Result<usize> {
        for line in events.lines() {
            let event: Value = serde_json::from_str(line).context("reading an event")?;
            let name = event["collection"].as_str().unwrap_or_default();
            let change = &event["change"];
            if let Some(new) = change.get("newValue") {
                self.put(name, new.clone());
            } else if let Some(old) = change.get("value") {
                self.documents.remove(&Id::of(name, old));
            }
        }
        Ok(events.lines().count())
    }

    /// How many documents there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.documents.len()
    }

    fn put(&mut self, collection: &str, document: Value) {
        self.documents
            .insert(Id::of(collection, &document), document);
    }

    /// Compares with what the server holds.
    #[must_use]
    pub fn compare(&self, store: &Store) -> Difference {
        let mut found = Difference::default();
        for (id, document) in store.documents() {
            match self.documents.get(id) {
                Some(held) if held == document => found.equal += 1,
                Some(_) => found.stale += 1,
                None => found.missing += 1,
            }
        }
        found.left_over = self.documents.len() - found.equal - found.stale;
        found
    }
}
