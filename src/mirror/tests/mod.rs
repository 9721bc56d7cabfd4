//! Tests of the mirror's file.

#[path = "basics.rs"]
mod basics;
#[path = "failures.rs"]
mod failures;
#[path = "files.rs"]
mod files;
#[path = "history.rs"]
mod history;
#[path = "indexes.rs"]
mod indexes;
#[path = "killed.rs"]
mod killed;
#[path = "log_limit.rs"]
mod log_limit;
#[path = "properties.rs"]
mod properties;
#[path = "swaps.rs"]
mod swaps;

use super::*;
use crate::record::{Failure, FailureClass};
use crate::snapshot::document_id::DocumentId;
use crate::snapshot::manifest::{Census, Collection, Manifest, Position, Scope, add_range};
use crate::snapshot::write::PageStore;
use crate::snapshot::write::journal::{CommitPoint, PageEntry, RunIdentity};
use crate::util::atomic_file::beside;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A folder with a mirror in it.
struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

/// How long a lock is waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens a file. A process that another test is starting has the lock of a file that was closed for a moment: until it
/// executes its own program.
fn open(path: &Path, identity: &Identity) -> Result<MirrorFile, Failure> {
    let started = Instant::now();
    loop {
        match MirrorFile::open(path, identity) {
            Err(failure)
                if failure.what.contains("is writing to it")
                    && started.elapsed() < LOCK_TIMEOUT =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        Place {
            _folder: folder,
            path,
        }
    }

    fn open(&self) -> MirrorFile {
        open(&self.path, &identity()).unwrap()
    }

    fn open_with(&self, patterns: &[String]) -> MirrorFile {
        let identity = Identity {
            patterns: patterns.to_vec(),
            ..identity()
        };
        open(&self.path, &identity).unwrap()
    }

    fn reader(&self) -> MirrorReader {
        MirrorReader::open(&self.path).unwrap()
    }
}

fn identity() -> Identity {
    Identity {
        server: "https://example.com".to_owned(),
        cluster: Some("c1".to_owned()),
        topic: "events".to_owned(),
        patterns: Vec::new(),
    }
}

fn position(next_offset: i64) -> Position {
    Position {
        topic: "events".to_owned(),
        topic_id: Some("t1".to_owned()),
        partition: 0,
        next_offset,
        witness: None,
    }
}

/// The identity of a load that continues at a position.
fn head(position: Position) -> RunIdentity {
    RunIdentity {
        format: 1,
        server: String::new(),
        api: String::new(),
        floor: None,
        floor_from: Vec::new(),
        patterns: Vec::new(),
        condition: None,
        cluster: None,
        positions: vec![position],
        held_back: Vec::new(),
        seen: Vec::new(),
        started: String::new(),
    }
}

fn change<'a>(
    collection: &'a str,
    key: &'a str,
    document: Option<&'a str>,
    txn: u64,
) -> Change<'a> {
    Change {
        collection,
        key,
        before: None,
        document: document.map(str::as_bytes),
        txn,
        time_ms: Some(1_700_000_000_123),
        partition: 0,
        offset: i64::try_from(txn).unwrap_or(i64::MAX),
        op: "upsert",
    }
}

fn page(last: Option<&str>, txn: Option<u64>, count: u64) -> PageEntry {
    PageEntry {
        kind: Some("string".to_owned()),
        last: last.map(str::to_owned),
        end: false,
        by_type: vec![("string".to_owned(), count)],
        transaction_id: txn,
        warnings: Vec::new(),
        mark: CommitPoint::default(),
    }
}

/// A collection of strings that was read at one transaction.
fn collection(name: &str, documents: u64, txn: Option<u64>) -> Collection {
    let mut places = Vec::new();
    add_range(&mut places, None, None::<&DocumentId>, txn);
    Collection {
        name: name.to_owned(),
        complete: true,
        why_not: Vec::new(),
        proof: None,
        documents,
        by_type: [("string".to_owned(), documents)].into(),
        pages: 1,
        lowest_transaction_id: txn,
        highest_transaction_id: txn,
        way: String::new(),
        file: None,
        bytes: 0,
        sha256: String::new(),
        census_before: None,
        census_after: None,
        places,
    }
}

fn manifest(collections: Vec<Collection>, floor: Option<u64>, next_offset: i64) -> Manifest {
    Manifest {
        format: 1,
        writer: "test".to_owned(),
        server: "https://example.com".to_owned(),
        started: String::new(),
        ended: String::new(),
        complete: true,
        why_not: Vec::new(),
        floor,
        floor_from: Vec::new(),
        scope: Scope {
            whole_app: true,
            ..Scope::default()
        },
        cluster: None,
        positions: vec![position(next_offset)],
        held_back: Vec::new(),
        stream_evidence: None,
        collections,
    }
}

/// Loads documents, each with a key and its text, as one page of each collection.
fn load(file: &MirrorFile, collections: &[(&str, &[&str])], txn: Option<u64>) {
    let staging = file.staging().unwrap();
    for (name, documents) in collections {
        let mut store = staging.store(name).unwrap();
        store.record_count(&Census::default()).unwrap();
        for document in *documents {
            store.add(document.as_bytes()).unwrap();
            store.add(b"\n").unwrap();
        }
        let count = u64::try_from(documents.len()).unwrap();
        store.commit_page(page(None, txn, count)).unwrap();
        store.finish().unwrap();
    }
    staging.close().unwrap();
}

/// All documents of a collection: key and document.
fn documents(reader: &MirrorReader, collection: &str) -> Vec<(String, String)> {
    let rows = reader.documents(collection).map(|row| {
        let row = row.unwrap();
        (row.key, String::from_utf8(row.document).unwrap())
    });
    rows.collect()
}

/// The table of each collection.
fn tables(file: &MirrorFile) -> BTreeMap<String, String> {
    let sql = "SELECT collection, table_name FROM ditto_collections";
    let mut statement = file.database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// A number that a statement returns.
fn number(file: &MirrorFile, sql: &str) -> i64 {
    file.database.query_row(sql, [], |row| row.get(0)).unwrap()
}
