//! The folder of a snapshot: each run writes into a staging folder and replaces the existing snapshot at the end.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::file_name::file_name;
use super::journal::{Journal, ResumeState};
use super::ownership::{self, MARK};
use crate::record::{Failure, FailureClass};
use crate::snapshot::manifest;
use crate::snapshot::manifest::Manifest;
use crate::util::atomic_file::{self, sync_folder};
use crate::util::lock_file::{self, LockError};

/// Staging folder of a run, inside the snapshot's folder.
const STAGING: &str = ".requery";
const JOURNAL: &str = "journal.ndjson";
const LOCK: &str = "lock";
/// The files of the snapshot that is being replaced, from the commit point on.
const REPLACED: &str = "replaced.json";
/// Subfolder for an incomplete snapshot, if the existing one is complete.
const INCOMPLETE: &str = "incomplete";

/// A snapshot's folder, locked against a second run.
pub struct SnapshotDirectory {
    root: PathBuf,
    staging: PathBuf,
    /// Released when this is dropped.
    _lock: File,
}

impl SnapshotDirectory {
    /// Opens or creates the folder, and finishes a replacement that a crash has interrupted. What belongs to the user
    /// is refused before anything is written.
    ///
    /// # Errors
    /// A [`Failure`] that names the folder.
    pub fn open(root: &Path) -> Result<SnapshotDirectory, Failure> {
        let staging = root.join(STAGING);
        let doing = || format!("preparing the folder {}", root.display());
        let failed = |error: io::Error| disk_failure(&doing(), &error);
        let found = foreign_parts(root).map_err(failed)?;
        if !found.is_empty() {
            return Err(ownership::foreign(root, &found));
        }
        fs::create_dir_all(&staging).map_err(failed)?;
        ownership::mark(&staging).map_err(failed)?;
        let lock = lock_file::acquire(&staging.join(LOCK)).map_err(|error| match error {
            LockError::Held(_) | LockError::Inherited(_) => occupied(&doing()),
            LockError::Foreign => ownership::foreign(&staging, &[LOCK.to_owned()]),
            LockError::Io(error) => failed(error),
        })?;
        let folder = SnapshotDirectory {
            root: root.to_owned(),
            staging,
            _lock: lock,
        };
        folder.recover().map_err(failed)?;
        Ok(folder)
    }

    /// Refuses collections whose file would replace one that is not from a snapshot.
    ///
    /// # Errors
    /// A [`Failure`] that names the files.
    pub fn check_collections(&self, names: &[String]) -> Result<(), Failure> {
        let files: Vec<String> = names.iter().map(|name| file_name(name)).collect();
        self.check_files(&files.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn check_files(&self, files: &[&str]) -> Result<(), Failure> {
        for folder in [self.root.clone(), self.root.join(INCOMPLETE)] {
            let own = ownership::snapshot_files(&folder).unwrap_or_default();
            let found = ownership::conflicts(&folder, files, &own);
            if !found.is_empty() {
                return Err(ownership::foreign(&folder, &found));
            }
        }
        Ok(())
    }

    /// The path of the snapshot.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The existing snapshot, if there is one.
    #[must_use]
    pub fn existing(&self) -> Option<Manifest> {
        Manifest::read(&self.root).ok()
    }

    /// The state of an interrupted run.
    ///
    /// # Errors
    /// A [`Failure`] with the folder's name.
    pub fn resume_state(&self) -> Result<ResumeState, Failure> {
        ResumeState::read(&self.staging.join(JOURNAL)).map_err(|error| {
            disk_failure(
                &format!("reading the journal in {}", self.staging.display()),
                &error,
            )
        })
    }

    /// Opens the journal to append after `valid` bytes; with 0, all files of the interrupted run are removed first.
    ///
    /// # Errors
    /// A [`Failure`] with the folder's name.
    pub fn journal(&self, valid: u64) -> Result<Journal, Failure> {
        let doing = || format!("preparing {}", self.staging.display());
        if valid == 0 {
            self.clear_staging()
                .map_err(|error| disk_failure(&doing(), &error))?;
        }
        Journal::open(&self.staging.join(JOURNAL), valid)
            .map_err(|error| disk_failure(&doing(), &error))
    }

    fn clear_staging(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.staging)? {
            let entry = entry?;
            if entry.file_name() != LOCK && entry.file_name() != MARK {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The folder in which the snapshot is written until it is complete.
    #[must_use]
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Replaces the existing snapshot by the finished one; returns its folder. An incomplete snapshot never replaces a
    /// complete one: it is moved into a subfolder instead.
    ///
    /// # Errors
    /// A [`Failure`]; `--resume` continues from what was written.
    pub fn commit(self, manifest: &Manifest) -> Result<PathBuf, Failure> {
        // Files may have appeared since the start of the run.
        self.check_files(&collection_files(manifest).collect::<Vec<_>>())?;
        let aside = !manifest.complete && self.existing().is_some_and(|old| old.complete);
        let done = if aside {
            self.store_incomplete(manifest)
        } else {
            self.replace(manifest).map(|()| self.root.clone())
        };
        done.map_err(|error| {
            disk_failure(
                &format!(
                    "moving the snapshot to its place in {}",
                    self.root.display()
                ),
                &error,
            )
        })
    }

    fn replace(&self, manifest: &Manifest) -> io::Result<()> {
        let replaced = ownership::snapshot_files(&self.root).unwrap_or_default();
        atomic_file::replace(
            &self.staging.join(REPLACED),
            &serde_json::to_vec(&replaced)?,
        )?;
        // Commit point: after it the new snapshot replaces the old one, even after a crash.
        manifest.write(&self.staging)?;
        self.roll_forward(manifest)
    }

    fn store_incomplete(&self, manifest: &Manifest) -> io::Result<PathBuf> {
        let aside = self.root.join(INCOMPLETE);
        if ownership::is_there(&aside) {
            if !ownership::is_own_folder(&aside, LOCK, JOURNAL)? {
                return Err(not_own(INCOMPLETE));
            }
            // The mark stays if a crash leaves no manifest.
            ownership::mark(&aside)?;
            for file in ownership::snapshot_files(&aside).unwrap_or_default() {
                remove(&aside.join(file))?;
            }
            remove(&aside.join(manifest::NAME))?;
        } else {
            fs::create_dir(&aside)?;
            ownership::mark(&aside)?;
        }
        self.move_files(manifest, &aside, &BTreeSet::new())?;
        manifest.write(&aside)?;
        self.remove_staging()?;
        Ok(aside)
    }

    /// Finishes a replacement that was interrupted after its commit point.
    fn recover(&self) -> io::Result<()> {
        match Manifest::read(&self.staging) {
            Ok(manifest) => self.roll_forward(&manifest),
            Err(_) => Ok(()),
        }
    }

    /// The files that the interrupted replacement may replace. Earlier versions recorded none, and replaced all.
    fn replaced(&self, manifest: &Manifest) -> io::Result<BTreeSet<String>> {
        match fs::read(self.staging.join(REPLACED)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut files = ownership::snapshot_files(&self.root).unwrap_or_default();
                files.extend(collection_files(manifest).map(str::to_owned));
                Ok(files)
            }
            Err(error) => Err(error),
        }
    }

    /// Moves the files of the staging folder. Idempotent: a file that is not in staging was moved before.
    fn roll_forward(&self, manifest: &Manifest) -> io::Result<()> {
        let replaced = self.replaced(manifest)?;
        let place = self.root.join(manifest::NAME);
        if ownership::is_there(&place) && ownership::snapshot_files(&self.root).is_none() {
            return Err(not_own(manifest::NAME));
        }
        // While files are replaced, the old manifest would not match them.
        remove(&place)?;
        sync_folder(&self.root)?;
        self.move_files(manifest, &self.root, &replaced)?;
        fs::rename(self.staging.join(manifest::NAME), &place)?;
        sync_folder(&self.root)?;
        let current: BTreeSet<&str> = collection_files(manifest).collect();
        for file in replaced
            .iter()
            .filter(|file| !current.contains(file.as_str()))
        {
            remove(&self.root.join(file))?;
        }
        self.remove_staging()
    }

    fn move_files(
        &self,
        manifest: &Manifest,
        to: &Path,
        replaced: &BTreeSet<String>,
    ) -> io::Result<()> {
        for file in collection_files(manifest) {
            let (from, target) = (self.staging.join(file), to.join(file));
            let is_there = ownership::is_there(&target);
            if is_there && !ownership::is_there(&from) {
                continue;
            }
            if is_there && !replaced.contains(file) {
                return Err(not_own(file));
            }
            fs::rename(from, target)?;
        }
        sync_folder(to)
    }

    /// Removes the staging folder.
    fn remove_staging(&self) -> io::Result<()> {
        self.clear_staging()?;
        remove(&self.staging.join(MARK))?;
        remove(&self.staging.join(LOCK))?;
        // Fails if another process has just started a run in it, which is harmless.
        drop(fs::remove_dir(&self.staging));
        Ok(())
    }
}

/// What in a folder belongs to the user and would be replaced or removed.
fn foreign_parts(root: &Path) -> io::Result<Vec<String>> {
    if !ownership::is_there(root) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for name in [STAGING, INCOMPLETE] {
        let folder = root.join(name);
        if ownership::is_there(&folder) && !ownership::is_own_folder(&folder, LOCK, JOURNAL)? {
            found.push(name.to_owned());
        }
    }
    // A replacement that a crash has interrupted has removed the manifest.
    let interrupted = ownership::snapshot_files(&root.join(STAGING)).is_some();
    if ownership::snapshot_files(root).is_none() && !interrupted {
        found.extend(ownership::replaceable(root)?);
    }
    Ok(found)
}

/// The files of a snapshot's collections.
fn collection_files(manifest: &Manifest) -> impl Iterator<Item = &str> {
    let collections = manifest.collections.iter();
    collections.filter_map(|one| one.file.as_deref())
}

/// The error of a file that appeared at the last moment.
fn not_own(name: &str) -> io::Error {
    io::Error::other(format!("{name} is not from a requery and is not replaced"))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn occupied(doing: &str) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!("{doing}: another requery is using it"),
        fix: Some("wait until it has finished, or give another --output".to_owned()),
        raw: None,
    }
}

/// A failure of the disk, and how to fix it.
#[must_use]
pub fn disk_failure(doing: &str, error: &io::Error) -> Failure {
    let (why, fix) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
            "the disk is full",
            "free some disk space and continue (requery: with --resume): what was read is saved, and an existing snapshot or copy is unchanged",
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => (
            "this user has no write permission there",
            "use another folder, or check the owner of this one (ls -ld)",
        ),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            ("a file is in the way", "give a folder as --output")
        }
        // The error says it better than the system could.
        io::ErrorKind::Unsupported => return unsupported(doing, error),
        _ => (
            "the system reported an error",
            "check the folder and the disk, then continue (requery: with --resume)",
        ),
    };
    Failure {
        class: FailureClass::Read,
        what: format!("{doing}: {why}"),
        fix: Some(fix.to_owned()),
        raw: Some(error.to_string()),
    }
}

/// A store that cannot hold this collection.
fn unsupported(doing: &str, error: &io::Error) -> Failure {
    Failure {
        class: FailureClass::Read,
        what: format!("{doing}: {error}"),
        fix: Some("select the other collections with -c, for another file".to_owned()),
        raw: None,
    }
}

#[cfg(test)]
#[path = "tests/directory.rs"]
mod tests;
