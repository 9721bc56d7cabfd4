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
        fs::write(
            folder.staging().join(one.file.as_ref().unwrap()),
            &manifest.server,
        )
        .unwrap();
    }
}

/// Every file with its content; manifests by the server they name.
fn content(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == MARK {
            continue;
        }
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
    put(
        root.path(),
        &snapshot("one", &["a.ndjson", "b.ndjson"], true),
    );
    assert_eq!(
        content(root.path()),
        pairs(&[
            ("a.ndjson", "one"),
            ("b.ndjson", "one"),
            ("manifest.json", "one")
        ])
    );
    put(
        root.path(),
        &snapshot("two", &["b.ndjson", "c.ndjson"], true),
    );
    let second = [
        ("b.ndjson", "two"),
        ("c.ndjson", "two"),
        ("manifest.json", "two"),
    ];
    assert_eq!(content(root.path()), pairs(&second));
    put(root.path(), &snapshot("three", &["b.ndjson"], false));
    assert_eq!(
        content(root.path()),
        pairs(&[second[0], second[1], ("incomplete", ""), second[2]])
    );
    let aside = root.path().join("incomplete");
    assert_eq!(
        content(&aside),
        pairs(&[("b.ndjson", "three"), ("manifest.json", "three")])
    );
    put(root.path(), &snapshot("four", &["b.ndjson"], true));
    assert!(content(root.path()).contains(&("b.ndjson".to_owned(), "four".to_owned())));
}

#[test]
fn the_next_run_recovers_from_a_crash_at_any_step_of_the_replacement() {
    let (old, new) = (
        snapshot("old", &["a.ndjson", "b.ndjson"], true),
        snapshot("new", &["b.ndjson", "c.ndjson"], true),
    );
    // Earlier versions did not record what they replace.
    for (step, recorded) in (0..5).flat_map(|step| [(step, true), (step, false)]) {
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
            assert_eq!(fs::read_to_string(place("b.ndjson")).unwrap(), "old");
            continue;
        }
        if recorded {
            fs::write(
                folder.staging().join(REPLACED),
                r#"["a.ndjson","b.ndjson"]"#,
            )
            .unwrap();
        }
        new.write(&folder.staging).unwrap();
        if step > 1 {
            fs::remove_file(place(manifest::NAME)).unwrap();
        }
        if step > 2 {
            fs::rename(folder.staging().join("b.ndjson"), place("b.ndjson")).unwrap();
        }
        if step > 3 {
            fs::rename(folder.staging().join("c.ndjson"), place("c.ndjson")).unwrap();
        }
        drop(folder);
        drop(SnapshotDirectory::open(root.path()).unwrap());
        let found = content(root.path());
        for file in ["b.ndjson", "c.ndjson", "manifest.json"] {
            assert!(
                found.contains(&(file.to_owned(), "new".to_owned())),
                "{step}: {found:?}"
            );
        }
        // Without a record, the files of a removed manifest are unknown.
        let is_left = found.iter().any(|(name, _)| name == "a.ndjson");
        assert_eq!(is_left, !recorded && step > 1, "{step}: {found:?}");
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

/// Every file below a folder, links by their target.
fn everything(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            let target = fs::read_link(&path).unwrap();
            found.insert(path, target.display().to_string());
        } else if path.is_dir() {
            found.extend(everything(&path));
            found.insert(path, String::new());
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
    found
}

#[cfg(unix)]
#[test]
fn what_belongs_to_the_user_is_refused_before_anything_is_written() {
    use std::os::unix::fs::symlink;
    let journal = ".requery/journal.ndjson";
    for (case, names) in [
        (&["orders.ndjson"][..], "orders.ndjson"),
        (&["manifest.json"], "manifest.json"),
        (&["incomplete/mine.txt"], "incomplete"),
        (&[".requery/mine.txt"], ".requery"),
        (&[".requery/lock", ".requery/mine.txt"], ".requery"),
        (&[journal], ".requery"),
        (&["-> .requery"], ".requery"),
        (&["-> incomplete"], "incomplete"),
        (&["-> orders.ndjson"], "orders.ndjson"),
        (
            &["a.ndjson", "b.ndjson", "c.ndjson", "d.ndjson"],
            "a.ndjson, b.ndjson, c.ndjson and 1 more",
        ),
    ] {
        let (root, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(theirs.path().join("precious"), "theirs").unwrap();
        for name in case {
            if let Some(link) = name.strip_prefix("-> ") {
                symlink(theirs.path(), root.path().join(link)).unwrap();
                continue;
            }
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "theirs").unwrap();
        }
        let before = (everything(root.path()), everything(theirs.path()));
        let failure = SnapshotDirectory::open(root.path()).err().unwrap();
        let expected = format!(": {names} is not from a requery");
        assert!(failure.what.contains(&expected), "{failure:?}");
        let after = (everything(root.path()), everything(theirs.path()));
        assert_eq!(after, before, "{names}");
    }
}

#[test]
fn other_files_of_the_user_stay() {
    let root = tempfile::tempdir().unwrap();
    let place = |name: &str| root.path().join(name);
    for name in ["README.md", "lost+found"] {
        fs::write(place(name), "theirs").unwrap();
    }
    put(root.path(), &snapshot("one", &["a.ndjson"], true));
    put(root.path(), &snapshot("two", &["a.ndjson"], false));
    fs::write(place("incomplete/notes"), "theirs").unwrap();
    fs::write(place("b.ndjson"), "theirs").unwrap();
    put(root.path(), &snapshot("three", &["a.ndjson"], false));
    put(root.path(), &snapshot("four", &["a.ndjson"], true));
    let folder = SnapshotDirectory::open(root.path()).unwrap();
    let named = |name: &str| folder.check_collections(&[name.to_owned()]);
    assert!(named("a").is_ok() && named("new").is_ok());
    let failure = named("b").unwrap_err();
    assert!(failure.what.contains("b.ndjson is not from"), "{failure:?}");
    let five = snapshot("five", &["a.ndjson", "b.ndjson"], true);
    stage(&folder, &five);
    assert!(folder.commit(&five).is_err());
    assert_eq!(Manifest::read(root.path()).unwrap().server, "four");
    for name in ["README.md", "lost+found", "incomplete/notes", "b.ndjson"] {
        assert_eq!(fs::read_to_string(place(name)).unwrap(), "theirs", "{name}");
    }
}

/// A file that appears after a crash at the commit point is not replaced by the recovery.
#[test]
fn a_recovery_replaces_only_what_was_recorded() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), &snapshot("old", &["a.ndjson"], true));
    let folder = SnapshotDirectory::open(root.path()).unwrap();
    let new = snapshot("new", &["a.ndjson", "b.ndjson"], true);
    stage(&folder, &new);
    fs::write(folder.staging().join(REPLACED), r#"["a.ndjson"]"#).unwrap();
    new.write(&folder.staging).unwrap();
    drop(folder);
    let place = root.path().join("b.ndjson");
    fs::write(&place, "theirs").unwrap();
    let failure = SnapshotDirectory::open(root.path()).err().unwrap();
    assert!(failure.raw.unwrap().contains("b.ndjson is not from"));
    assert_eq!(fs::read_to_string(&place).unwrap(), "theirs");
    fs::remove_file(&place).unwrap();
    drop(SnapshotDirectory::open(root.path()).unwrap());
    assert_eq!(fs::read_to_string(&place).unwrap(), "new");
}

/// Folders of versions that wrote no mark.
#[test]
fn folders_of_earlier_versions_are_own() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), &snapshot("one", &["a.ndjson"], true));
    put(root.path(), &snapshot("two", &["a.ndjson"], false));
    fs::remove_file(root.path().join(INCOMPLETE).join(MARK)).unwrap();
    let head = "{\"Head\":{\"format\":0,\"server\":\"s\"}}\n";
    for journal in [None, Some(""), Some(head)] {
        let staging = root.path().join(STAGING);
        fs::create_dir(&staging).unwrap();
        fs::write(staging.join(LOCK), "17\n").unwrap();
        if let Some(text) = journal {
            fs::write(staging.join(JOURNAL), text).unwrap();
        }
        put(root.path(), &snapshot("three", &["a.ndjson"], false));
    }
    // A manifest in a later format is a manifest of this program, too.
    let later =
        r#"{"format":99,"writer":"ditto-cdc 9.0.0","collections":[{"file":"a.ndjson","new":1}]}"#;
    fs::write(root.path().join(manifest::NAME), later).unwrap();
    put(root.path(), &snapshot("four", &["a.ndjson"], true));
    assert_eq!(Manifest::read(root.path()).unwrap().server, "four");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_a_snapshot() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let folder = SnapshotDirectory::open(root.path()).unwrap();
    let manifest = snapshot("one", &["a.ndjson"], true);
    let journal = folder.journal(0).unwrap();
    drop(
        crate::snapshot::write::file::CollectionFile::create(&folder.staging().join("a.ndjson"))
            .unwrap(),
    );
    drop(journal);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.staging().join(JOURNAL)), 0o600);
    folder.commit(&manifest).unwrap();
    for name in ["a.ndjson", manifest::NAME] {
        assert_eq!(mode(root.path().join(name)), 0o600, "{name}");
    }
}
