//! Ownership of the files in a snapshot's folder: only those of own snapshots are replaced or removed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::record::{Failure, FailureClass};
use crate::snapshot::manifest;
use crate::util::private_file;

/// Marks a folder that requery created, empties and removes.
pub(super) const MARK: &str = ".ditto-cdc";
const MARK_TEXT: &[u8] =
    b"This folder belongs to ditto-cdc requery, which replaces and removes its files.\n";
/// How many foreign files a message names.
const MAX_NAMED: usize = 3;

/// The part of a manifest that names files, in every format.
#[derive(Deserialize)]
struct WrittenManifest {
    writer: String,
    collections: Vec<WrittenCollection>,
}

#[derive(Deserialize)]
struct WrittenCollection {
    file: Option<String>,
}

/// The files of the snapshot in a folder; `None` if it has no manifest of this program, in whatever version.
pub(super) fn snapshot_files(folder: &Path) -> Option<BTreeSet<String>> {
    let path = folder.join(manifest::NAME);
    let bytes = is_file(&path).then(|| fs::read(path).ok())??;
    let written: WrittenManifest = serde_json::from_slice(&bytes).ok()?;
    let files = written.collections.into_iter().filter_map(|one| one.file);
    written
        .writer
        .starts_with("ditto-cdc")
        .then(|| files.filter(|file| is_collection_file(file)).collect())
}

/// Whether a name is one that collections get.
fn is_collection_file(name: &str) -> bool {
    let extension = Path::new(name).extension() == Some(OsStr::new("ndjson"));
    extension && !name.starts_with('.') && !name.contains(['/', '\\'])
}

/// Marks a folder as own.
pub(super) fn mark(folder: &Path) -> io::Result<()> {
    let path = folder.join(MARK);
    if is_file(&path) {
        return Ok(());
    }
    io::Write::write_all(&mut private_file::create_new(&path)?, MARK_TEXT)
}

/// Whether a folder is own: it has the mark, or is one that an earlier version, which wrote no mark, has left.
pub(super) fn is_own_folder(folder: &Path, lock: &str, journal: &str) -> io::Result<bool> {
    if !fs::symlink_metadata(folder)?.is_dir() {
        return Ok(false);
    }
    if is_file(&folder.join(MARK)) || snapshot_files(folder).is_some() {
        return Ok(true);
    }
    if is_journal(&folder.join(journal)) {
        return Ok(true);
    }
    // A run that was killed before its first line.
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let empty = entry.metadata()?.len() == 0;
        if entry.file_name() != lock && !(entry.file_name() == journal && empty) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a file begins like a journal, in whatever version.
fn is_journal(path: &Path) -> bool {
    let bytes = is_file(path).then(|| fs::read(path).ok()).flatten();
    let bytes = bytes.unwrap_or_default();
    let first = bytes.split(|byte| *byte == b'\n').next();
    let head: Option<Value> = first.and_then(|line| serde_json::from_slice(line).ok());
    head.is_some_and(|line| line["Head"]["server"].is_string())
}

/// Names in a folder without a snapshot that a snapshot could replace.
pub(super) fn replaceable(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name == manifest::NAME || is_collection_file(&name) {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// The files that would be replaced although no snapshot in the folder contains them.
pub(super) fn conflicts(folder: &Path, files: &[&str], own: &BTreeSet<String>) -> Vec<String> {
    let is_foreign = |file: &&&str| !own.contains(**file) && is_there(&folder.join(file));
    let unknown = files.iter().filter(is_foreign);
    unknown.map(|file| (*file).to_owned()).collect()
}

/// Whether a path exists, also as a link without a target.
pub(super) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
}

/// The failure of a run that would replace or remove what belongs to the user.
pub(super) fn foreign(folder: &Path, names: &[String]) -> Failure {
    let mut list = names.get(..MAX_NAMED).unwrap_or(names).join(", ");
    if names.len() > MAX_NAMED {
        list = format!("{list} and {} more", names.len() - MAX_NAMED);
    }
    Failure {
        class: FailureClass::Setup,
        what: format!(
            "preparing the folder {}: {list} is not from a requery, and would be replaced or removed",
            folder.display()
        ),
        fix: Some(
            "give another folder as --output, or move that away; nothing was changed".to_owned(),
        ),
        raw: None,
    }
}
