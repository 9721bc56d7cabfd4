//! A user's copy: the files of a snapshot, with events applied to it as described in docs/recovery.md.

use std::collections::BTreeMap;
use std::path::Path;

use ditto_cdc::snapshot::document_id::DocumentId;
use ditto_cdc::snapshot::manifest::Manifest;
use serde_json::Value;

/// Collection and id, the id in its canonical form.
pub type Identity = (String, DocumentId);

/// The expected documents.
pub type Content = BTreeMap<Identity, Value>;

/// Each document with its transaction; `None` marks a deleted one.
#[derive(Default)]
pub struct Copy {
    documents: BTreeMap<Identity, (u64, Option<Value>)>,
    /// Number of events that were applied, and of events older than the copy.
    pub applied: usize,
    pub stale: usize,
}

/// The identity of a document.
pub fn identity(collection: &str, document: &Value) -> Identity {
    let id = document["_id"].to_string();
    (
        collection.to_owned(),
        DocumentId::parse(id.as_bytes()).unwrap(),
    )
}

impl Copy {
    /// Replaces everything by a snapshot: documents missing in it have been deleted.
    pub fn load(&mut self, folder: &Path) {
        let manifest = Manifest::read(folder).unwrap();
        assert!(manifest.complete, "{:?}", manifest.why_not);
        self.documents.clear();
        for collection in &manifest.collections {
            let file = folder.join(collection.file.as_ref().unwrap());
            let text = std::fs::read_to_string(file).unwrap();
            for line in text.lines() {
                let document: Value = serde_json::from_str(line).unwrap();
                let id = document["_id"].to_string();
                let read_at = collection.read_at(id.as_bytes()).unwrap_or(0);
                let identity = identity(&collection.name, &document);
                let before = self.documents.insert(identity, (read_at, Some(document)));
                assert!(before.is_none(), "twice in the snapshot: {line}");
            }
        }
    }

    /// Applies an event unless a later one is known: delivery is at least once.
    pub fn apply(&mut self, event: &Value) {
        if event["type"] != "documentChanged" {
            return;
        }
        let txn = event["txnId"].as_u64().unwrap();
        let change = &event["change"];
        let (document, after) = match change.get("value") {
            Some(removed) => (removed, None),
            None => (&change["newValue"], Some(change["newValue"].clone())),
        };
        let identity = identity(event["collection"].as_str().unwrap(), document);
        match self.documents.get(&identity) {
            Some((known, _)) if *known > txn => self.stale += 1,
            _ => {
                self.applied += 1;
                self.documents.insert(identity, (txn, after));
            }
        }
    }

    /// Every difference from the expected documents.
    pub fn difference(&self, content: &Content) -> Vec<String> {
        let mut found = Vec::new();
        for (identity, document) in content {
            match self.documents.get(identity) {
                Some((_, Some(ours))) if ours == document => {}
                ours => found.push(format!("{identity:?}: {ours:?} here, {document} there")),
            }
        }
        for (identity, (txn, document)) in &self.documents {
            if document.is_some() && !content.contains_key(identity) {
                found.push(format!("{identity:?}: here since {txn}, deleted there"));
            }
        }
        found
    }
}
