//! A walk finds exactly what differs, in every kind of copy, whatever order its rows have.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::commands::audit::comparison::{ComparingDestination, Findings};
use crate::commands::audit::copy::AuditedCopy;
use crate::commands::audit::folder_copy::FolderCopy;
use crate::commands::audit::mirror_copy::MirrorCopy;
use crate::commands::snapshot_read::destination::Destination;
use crate::snapshot::document_id::DocumentId;
use crate::snapshot::read::evidence_marks::EvidenceMarks;
use crate::snapshot::write::journal::CollectionResume;

/// How the walk gets the documents.
#[derive(Debug, Clone)]
struct Walk {
    /// Documents of each page.
    page: usize,
    /// The walk starts again after this many documents.
    restart: Option<usize>,
    /// One of this many documents is spelled in another way than in the copy.
    respelled: usize,
}

/// The id of a number: a string, a number or an object, so that `7` and `"7"` both occur.
fn key(number: u16) -> String {
    match number % 3 {
        0 => format!("{}", number / 3),
        1 => format!("\"{}\"", number / 3),
        _ => format!("{{\"n\":{}}}", number / 3),
    }
}

fn documents(numbers: &[(u16, u8)]) -> Documents {
    numbers
        .iter()
        .map(|(number, value)| {
            let key = key(*number);
            let document = format!(r#"{{"_id":{key},"value":{value}}}"#);
            (key, document)
        })
        .collect()
}

/// Documents in the order of the server: types of ids one after the other.
fn in_order(documents: &Documents) -> Vec<&String> {
    let mut sorted: Vec<(DocumentId, &String)> = documents
        .iter()
        .map(|(key, document)| (DocumentId::parse(key.as_bytes()).unwrap(), document))
        .collect();
    sorted.sort_by(|one, other| one.0.cmp(&other.0));
    sorted.into_iter().map(|(_, document)| document).collect()
}

/// Changes the spelling, and not the content.
fn respelled(document: &str) -> String {
    document
        .replace(",\"value\":", " , \"value\": ")
        .replace('}', " }")
}

fn walk(copy: Arc<dyn AuditedCopy>, server: &Documents, walk: &Walk) -> Findings {
    let destination = ComparingDestination::new(copy);
    let mut marks = EvidenceMarks::default();
    let opened = destination.open(NAME, &CollectionResume::default(), &mut marks);
    let (mut store, _) = opened.unwrap();
    let all = in_order(server);
    let passes = [walk.restart, Some(all.len())];
    for (pass, end) in passes.into_iter().flatten().enumerate() {
        if pass > 0 {
            assert!(store.restart().unwrap());
        }
        for page_of in all.iter().take(end).collect::<Vec<_>>().chunks(walk.page) {
            // Half a response that failed.
            store.add(respelled(page_of[0]).as_bytes()).unwrap();
            store.rollback().unwrap();
            for (at, document) in page_of.iter().enumerate() {
                let is_respelled = (document.len() + at).is_multiple_of(walk.respelled);
                let mut line = if is_respelled {
                    respelled(document)
                } else {
                    (**document).clone()
                };
                line.push('\n');
                store.add(line.as_bytes()).unwrap();
            }
            store.commit_page(page(Some(SNAPSHOT + 7))).unwrap();
        }
    }
    store.finish().unwrap();
    drop(store);
    let mut findings = destination.conclude(&[NAME.to_owned()]).unwrap();
    findings.remove(NAME).unwrap()
}

/// What a comparison must find: the number of equal documents, and for each other one whether the copy and the server have it.
fn expected(copy: &Documents, server: &Documents) -> (u64, BTreeMap<String, (bool, bool)>) {
    let (mut equal, mut differing) = (0, BTreeMap::new());
    for key in copy.keys().chain(server.keys()) {
        let (one, other) = (copy.get(key), server.get(key));
        if one == other {
            equal += u64::from(copy.contains_key(key));
        } else {
            differing.insert(key.clone(), (one.is_some(), other.is_some()));
        }
    }
    // Each common key was seen twice.
    (equal / 2, differing)
}

fn found(findings: &Findings) -> (u64, BTreeMap<String, (bool, bool)>) {
    let doubts = findings.doubts.iter();
    let differing =
        doubts.map(|one| (one.key.clone(), (one.place.is_some(), one.server.is_some())));
    (findings.equal, differing.collect())
}

fn walks() -> impl Strategy<Value = Walk> {
    let parts = (1..9_usize, prop::option::of(0..30_usize), 1..9_usize);
    parts.prop_map(|(page, restart, respelled)| Walk {
        page,
        restart,
        respelled,
    })
}

fn numbers() -> impl Strategy<Value = Vec<(u16, u8)>> {
    vec((0..60_u16, 0..2_u8), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_mirror(first in numbers(), later in numbers(), server in numbers(), how in walks()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.db");
        let (first, later, server) = (documents(&first), documents(&later), documents(&server));
        write_mirror(&path, &first, &later);
        let (copy, facts) = MirrorCopy::open(&path, 2).unwrap();
        prop_assert_eq!(facts.collections, [NAME]);
        let copy: Arc<dyn AuditedCopy> = Arc::new(copy);
        let findings = walk(Arc::clone(&copy), &server, &how);
        prop_assert_eq!(found(&findings), expected(&later, &server));
        check_versions(&*copy, &findings, &later);
    }

    #[test]
    fn a_folder(first in numbers(), server in numbers(), how in walks()) {
        let folder = tempfile::tempdir().unwrap();
        let (first, server) = (documents(&first), documents(&server));
        // The file has the order of the server.
        let sorted = in_order(&first).into_iter().enumerate();
        let sorted = sorted.map(|(at, document)| (format!("{at:04}"), document.clone())).collect();
        write_folder(folder.path(), &sorted);
        let (copy, facts) = FolderCopy::open(folder.path()).unwrap();
        prop_assert_eq!(facts.collections, [NAME]);
        let copy: Arc<dyn AuditedCopy> = Arc::new(copy);
        let findings = walk(Arc::clone(&copy), &server, &how);
        prop_assert_eq!(found(&findings), expected(&first, &server));
        check_versions(&*copy, &findings, &first);
    }
}

/// The copy has at each place what it had when it was written.
fn check_versions(copy: &dyn AuditedCopy, findings: &Findings, documents: &Documents) {
    for doubt in &findings.doubts {
        let version = copy.version(NAME, &doubt.key, doubt.place).unwrap();
        // Nothing up to the snapshot can change a document, also one that the copy does not have.
        assert!(version.txn >= Some(SNAPSHOT), "{doubt:?}");
        let document = version
            .document
            .map(|json| String::from_utf8(json).unwrap());
        assert_eq!(document.as_ref(), documents.get(&doubt.key), "{doubt:?}");
    }
}

#[test]
fn a_collection_that_the_server_does_not_have_is_extra() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    let copied = documents(&[(1, 1), (2, 1)]);
    write_mirror(&path, &copied, &copied);
    let (copy, facts) = MirrorCopy::open(&path, 1).unwrap();
    let destination = ComparingDestination::new(Arc::new(copy));
    let findings = destination.conclude(&facts.collections).unwrap();
    assert_eq!(found(&findings[NAME]), expected(&copied, &Documents::new()));
}

#[test]
fn a_file_that_was_changed_is_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let copied = documents(&[(1, 1), (2, 1), (3, 1)]);
    write_folder(folder.path(), &copied);
    let file = folder.path().join("cars.ndjson");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"value\":1", "\"value\":2")).unwrap();
    let (copy, _) = FolderCopy::open(folder.path()).unwrap();
    let destination = ComparingDestination::new(Arc::new(copy));
    let failed = destination.conclude(&[NAME.to_owned()]).unwrap_err();
    assert!(failed.to_string().contains("SHA-256"), "{failed}");
}
