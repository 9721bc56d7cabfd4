//! Helpers that run `requery` on the HTTP front and compare the result with the engine's documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ditto_cdc::snapshot::manifest::Manifest;

use crate::support::engine::Front;
use crate::support::program::{Output, run};

pub const TIMEOUT: Duration = Duration::from_secs(120);

/// The HTTP front that all tests share, one at a time, because starting an engine takes seconds.
pub fn front() -> Option<MutexGuard<'static, Front>> {
    static FRONT: OnceLock<Option<Mutex<Front>>> = OnceLock::new();
    let front = FRONT
        .get_or_init(|| Front::start().map(Mutex::new))
        .as_ref()?;
    let front = front.lock().unwrap_or_else(PoisonError::into_inner);
    front.reset();
    Some(front)
}

/// A folder for a snapshot.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("snapshot")
    }

    /// Runs `requery --output` into this folder.
    pub fn requery(&self, front: &Front, more: &[&str]) -> Output {
        let path = self.path().display().to_string();
        let args: Vec<&str> = ["requery", "--output", &path]
            .iter()
            .chain(more)
            .copied()
            .collect();
        run(&front.env(), &args, TIMEOUT)
    }

    pub fn manifest(&self) -> Manifest {
        Manifest::read(&self.path()).unwrap()
    }

    /// The lines of a collection's file, sorted.
    pub fn documents(&self, collection: &str) -> Vec<String> {
        lines(&self.path(), &self.manifest(), collection)
    }
}

pub fn lines(folder: &Path, manifest: &Manifest, collection: &str) -> Vec<String> {
    let file = manifest
        .collection(collection)
        .unwrap()
        .file
        .clone()
        .unwrap();
    let text = fs::read_to_string(folder.join(file)).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// All files below a folder with their bytes.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
    found
}
