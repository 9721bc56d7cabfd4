//! Replacement of snapshots, with a crash at each step.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;
use crate::snapshot::manifest::Collection;

fn snapshot(content: &str, files: &[&str], complete: bool) -> Manifest {
    let mut manifest = Manifest::new(content.to_owned(), String::new());
    manifest.complete = complete;
    for file in files {
        manifest.collections.push(Collection {
            name: (*file).to_owned(),
            complete,
            why_not: Vec::new(),
            proof: None,
            documents: 1,
            by_type: BTreeMap::new(),
            pages: 1,
            lowest_transaction_id: None,
            highest_transaction_id: None,
            way: String::new(),
            file: Some((*file).to_owned()),
            bytes: 0,
            sha256: String::new(),
            census_before: None,
            census_after: None,
            places: Vec::new(),
        });
    }
    manifest
}

fn stage(folder: &SnapshotDirectory, manifest: &Manifest) {
    folder.journal(0).unwrap();
    for one in &manifest.collections {
        fs::write(folder.path(one.file.as_ref().unwrap()), &manifest.server).unwrap();
    }
}

/// Every file with its content; manifests by the server they name.
fn content(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_file() && name == manifest::NAME {
            found.push((name, Manifest::read(root).unwrap().server));
        } else if path.is_file() {
            found.push((name, fs::read_to_string(path).unwrap()));
        } else {
            found.push((name, String::new()));
        }
    }
    found.sort();
    found
}

fn put(root: &Path, manifest: &Manifest) {
    let folder = SnapshotDirectory::open(root).unwrap();
    stage(&folder, manifest);
    folder.commit(manifest).unwrap();
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

#[test]
fn a_new_snapshot_replaces_the_old_one_and_an_incomplete_one_does_not() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), &snapshot("one", &["a", "b"], true));
    assert_eq!(
        content(root.path()),
        pairs(&[("a", "one"), ("b", "one"), ("manifest.json", "one")])
    );
    put(root.path(), &snapshot("two", &["b", "c"], true));
    let second = [("b", "two"), ("c", "two"), ("manifest.json", "two")];
    assert_eq!(content(root.path()), pairs(&second));
    put(root.path(), &snapshot("three", &["b"], false));
    assert_eq!(
        content(root.path()),
        pairs(&[second[0], second[1], ("incomplete", ""), second[2]])
    );
    let aside = root.path().join("incomplete");
    assert_eq!(
        content(&aside),
        pairs(&[("b", "three"), ("manifest.json", "three")])
    );
    put(root.path(), &snapshot("four", &["b"], true));
    assert!(content(root.path()).contains(&("b".to_owned(), "four".to_owned())));
}

#[test]
fn the_next_run_recovers_from_a_crash_at_any_step_of_the_replacement() {
    let (old, new) = (
        snapshot("old", &["a", "b"], true),
        snapshot("new", &["b", "c"], true),
    );
    for step in 0..5 {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), &old);
        let folder = SnapshotDirectory::open(root.path()).unwrap();
        stage(&folder, &new);
        let place = |file: &str| root.path().join(file);
        if step == 0 {
            // Before the commit point the old snapshot is valid.
            drop(folder);
            drop(SnapshotDirectory::open(root.path()).unwrap());
            assert_eq!(Manifest::read(root.path()).unwrap().server, "old");
            assert_eq!(fs::read_to_string(place("b")).unwrap(), "old");
            continue;
        }
        new.write(&folder.staging).unwrap();
        if step > 1 {
            fs::remove_file(place(manifest::NAME)).unwrap();
        }
        if step > 2 {
            fs::rename(folder.path("b"), place("b")).unwrap();
        }
        if step > 3 {
            fs::rename(folder.path("c"), place("c")).unwrap();
        }
        drop(folder);
        drop(SnapshotDirectory::open(root.path()).unwrap());
        let found = content(root.path());
        for file in ["b", "c", "manifest.json"] {
            assert!(
                found.contains(&(file.to_owned(), "new".to_owned())),
                "{step}: {found:?}"
            );
        }
    }
}

#[test]
fn only_one_run_uses_the_folder_and_a_file_in_its_place_is_named() {
    let root = tempfile::tempdir().unwrap();
    let first = SnapshotDirectory::open(root.path()).unwrap();
    let second = SnapshotDirectory::open(root.path()).err().unwrap();
    assert!(second.what.contains("another requery"), "{}", second.what);
    drop(first);
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let failure = SnapshotDirectory::open(&file).err().unwrap();
    assert!(failure.what.contains("a file is in the way"), "{failure:?}");
}
