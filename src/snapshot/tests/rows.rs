//! Rows of a file, and files that are not what the manifest describes.

#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;

fn collection(text: &[u8], documents: u64) -> Collection {
    let mut sum = Sha256::default();
    sum.add(text);
    serde_json::from_value(serde_json::json!({
        "name": "orders", "complete": true, "documents": documents, "byType": {}, "pages": 1,
        "lowestTransactionId": null, "highestTransactionId": null, "way": "", "file": "orders.ndjson",
        "bytes": text.len(), "sha256": sum.digits(), "censusBefore": null, "censusAfter": null, "places": []
    }))
    .unwrap()
}

fn read(folder: &Path, collection: &Collection) -> Result<Vec<(u64, String)>, Failure> {
    let mut rows = Rows::open(folder, collection)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next_row()? {
        let text = String::from_utf8(row.document.to_vec()).unwrap();
        all.push((row.offset, text));
    }
    Ok(all)
}

#[test]
fn rows_have_their_offsets() {
    let folder = tempfile::tempdir().unwrap();
    let text = b"{\"_id\":1}\n{\"_id\":\"b\"}\n";
    fs::write(folder.path().join("orders.ndjson"), text).unwrap();
    let rows = read(folder.path(), &collection(text, 2)).unwrap();
    let expected = [
        (0, "{\"_id\":1}".to_owned()),
        (10, "{\"_id\":\"b\"}".to_owned()),
    ];
    assert_eq!(rows, expected);
    let mut without_file = collection(b"", 0);
    without_file.file = None;
    assert_eq!(read(folder.path(), &without_file).unwrap(), []);
}

#[test]
fn a_file_that_was_changed_is_an_error() {
    let text: &[u8] = b"{\"_id\":1}\n{\"_id\":2}\n";
    for (now, difference) in [
        (&b"{\"_id\":1}\n"[..], "it has 10 bytes, not 20"),
        (b"{\"_id\":1}\n{\"_id\":3}\n", "its SHA-256 differs"),
        (b"{\"_id\":1} {\"_id\":2}\n", "it has 1 documents, not 2"),
        (b"", "it has 0 bytes, not 20"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("orders.ndjson"), now).unwrap();
        let failure = read(folder.path(), &collection(text, 2)).unwrap_err();
        assert!(failure.what.ends_with(difference), "{}", failure.what);
    }
    let folder = tempfile::tempdir().unwrap();
    let failure = read(folder.path(), &collection(text, 2)).unwrap_err();
    assert!(failure.what.ends_with("cannot be read"), "{}", failure.what);
}
