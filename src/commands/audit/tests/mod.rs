//! Random copies against random servers, and random histories, each against a plain model.

mod comparisons;
mod histories;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::mirror::{Correction, Identity, MirrorFile, MirrorState};
use crate::snapshot::manifest::{Census, Collection, Manifest};
use crate::snapshot::write::PageStore;
use crate::snapshot::write::journal::{CommitPoint, PageEntry};
use crate::tls::Sha256;

/// Documents by key. The key is the id as JSON.
type Documents = BTreeMap<String, String>;

/// The collection of all tests.
const NAME: &str = "cars";
/// The transaction of the snapshot that a copy was made from.
const SNAPSHOT: u64 = 100;

fn lines(documents: &Documents) -> String {
    let lines = documents.values().flat_map(|one| [one.as_str(), "\n"]);
    lines.collect()
}

fn collection(documents: &Documents) -> Collection {
    let text = lines(documents);
    let mut sum = Sha256::default();
    sum.add(text.as_bytes());
    let json = json!({
        "name": NAME, "complete": true, "documents": documents.len(), "byType": {}, "pages": 1, "way": "",
        "file": "cars.ndjson", "bytes": text.len(), "sha256": sum.digits(),
        "places": [{"type": null, "upTo": null, "transactionId": SNAPSHOT}],
    });
    serde_json::from_value(json).unwrap()
}

fn manifest(documents: &Documents) -> Manifest {
    let mut manifest = Manifest::new("http://example.com".to_owned(), String::new());
    manifest.complete = true;
    manifest.scope.whole_app = true;
    manifest.collections = vec![collection(documents)];
    manifest
}

/// Writes a snapshot folder.
fn write_folder(folder: &Path, documents: &Documents) {
    let text = lines(documents);
    std::fs::write(folder.join("cars.ndjson"), text).unwrap();
    let manifest = serde_json::to_vec(&manifest(documents)).unwrap();
    std::fs::write(folder.join("manifest.json"), manifest).unwrap();
}

fn identity() -> Identity {
    Identity {
        server: "http://example.com".to_owned(),
        cluster: None,
        topic: "events".to_owned(),
        patterns: Vec::new(),
    }
}

/// Writes a mirror: the first documents come from a snapshot, and were changed to the later ones one by one.
fn write_mirror(path: &Path, first: &Documents, later: &Documents) {
    let mut file = MirrorFile::open(path, &identity()).unwrap();
    let staging = file.staging().unwrap();
    let mut store = staging.store(NAME).unwrap();
    store.record_count(&Census::default()).unwrap();
    for document in first.values() {
        store.add(format!("{document}\n").as_bytes()).unwrap();
    }
    store.commit_page(page(Some(SNAPSHOT))).unwrap();
    store.finish().unwrap();
    drop(store);
    staging.close().unwrap();
    file.swap(&manifest(first), MirrorState::Current).unwrap();
    let keys: std::collections::BTreeSet<&String> = first.keys().chain(later.keys()).collect();
    let corrections: Vec<Correction<'_>> = keys
        .into_iter()
        .filter(|key| first.get(*key) != later.get(*key))
        .map(|key| Correction {
            collection: NAME,
            key,
            document: later.get(key).map(String::as_bytes),
            txn: Some(SNAPSHOT + 1),
        })
        .collect();
    file.correct(&corrections).unwrap();
}

fn page(transaction_id: Option<u64>) -> PageEntry {
    let json = json!({"kind": null, "last": null, "end": true, "by_type": [], "transaction_id": transaction_id, "mark": CommitPoint::default()});
    serde_json::from_value(json).unwrap()
}
