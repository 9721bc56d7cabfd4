//! The folder of a snapshot: each run writes into a staging folder and replaces the existing snapshot at the end.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::journal::{Journal, ResumeState};
use crate::record::{Failure, FailureClass};
use crate::snapshot::manifest;
use crate::snapshot::manifest::Manifest;
use crate::util::atomic_file::sync_folder;
use crate::util::lock_file::{self, LockError};

/// Staging folder of a run, inside the snapshot's folder.
const STAGING: &str = ".requery";
const JOURNAL: &str = "journal.ndjson";
const LOCK: &str = "lock";
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
    /// Opens or creates the folder, and finishes a replacement that a crash has interrupted.
    ///
    /// # Errors
    /// A [`Failure`] that names the folder.
    pub fn open(root: &Path) -> Result<SnapshotDirectory, Failure> {
        let staging = root.join(STAGING);
        let doing = || format!("preparing the folder {}", root.display());
        fs::create_dir_all(&staging).map_err(|error| disk_failure(&doing(), &error))?;
        let lock = lock_file::acquire(&staging.join(LOCK)).map_err(|error| match error {
            LockError::Held(_) => occupied(&doing()),
            LockError::Io(error) => disk_failure(&doing(), &error),
        })?;
        let folder = SnapshotDirectory {
            root: root.to_owned(),
            staging,
            _lock: lock,
        };
        folder
            .recover()
            .map_err(|error| disk_failure(&doing(), &error))?;
        Ok(folder)
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
            if entry.file_name() != LOCK {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The path of a file in the staging folder.
    #[must_use]
    pub fn path(&self, file: &str) -> PathBuf {
        self.staging.join(file)
    }

    /// Replaces the existing snapshot by the finished one; returns its folder. An incomplete snapshot never replaces a
    /// complete one: it is moved into a subfolder instead.
    ///
    /// # Errors
    /// A [`Failure`]; `--resume` continues from what was written.
    pub fn commit(self, manifest: &Manifest) -> Result<PathBuf, Failure> {
        let aside = !manifest.complete && self.existing().is_some_and(|old| old.complete);
        let done = if aside {
            self.store_incomplete(manifest)
        } else {
            // Commit point: after it the new snapshot replaces the old one, even after a crash.
            manifest
                .write(&self.staging)
                .and_then(|()| self.roll_forward(manifest))
                .map(|()| self.root.clone())
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

    fn store_incomplete(&self, manifest: &Manifest) -> io::Result<PathBuf> {
        let aside = self.root.join(INCOMPLETE);
        if aside.exists() {
            fs::remove_dir_all(&aside)?;
        }
        fs::create_dir(&aside)?;
        self.move_files(manifest, &aside)?;
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

    /// Moves the files of the staging folder. Idempotent: a file that is not in staging was moved before.
    fn roll_forward(&self, manifest: &Manifest) -> io::Result<()> {
        let old = self.existing();
        let place = self.root.join(manifest::NAME);
        // While files are replaced, the old manifest would not match them.
        remove(&place)?;
        sync_folder(&self.root)?;
        self.move_files(manifest, &self.root)?;
        fs::rename(self.staging.join(manifest::NAME), &place)?;
        sync_folder(&self.root)?;
        let files = |manifest: &Manifest| -> Vec<String> {
            manifest
                .collections
                .iter()
                .filter_map(|one| one.file.clone())
                .collect()
        };
        let current = files(manifest);
        for file in old
            .iter()
            .flat_map(files)
            .filter(|file| !current.contains(file))
        {
            remove(&self.root.join(file))?;
        }
        self.remove_staging()
    }

    fn move_files(&self, manifest: &Manifest, to: &Path) -> io::Result<()> {
        for file in manifest
            .collections
            .iter()
            .filter_map(|one| one.file.as_ref())
        {
            match fs::rename(self.path(file), to.join(file)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound && to.join(file).exists() => {
                }
                other => other?,
            }
        }
        sync_folder(to)
    }

    /// Removes the staging folder.
    fn remove_staging(&self) -> io::Result<()> {
        self.clear_staging()?;
        remove(&self.staging.join(LOCK))?;
        // Fails if another process has just started a run in it, which is harmless.
        drop(fs::remove_dir(&self.staging));
        Ok(())
    }
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
            "free some disk space and continue with --resume: what was read is saved, and an existing snapshot is unchanged",
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => (
            "this user has no write permission there",
            "use another --output, or check the owner of the folder (ls -ld)",
        ),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            ("a file is in the way", "give a folder as --output")
        }
        _ => (
            "the system reported an error",
            "check the folder and the disk, then continue with --resume",
        ),
    };
    Failure {
        class: FailureClass::Read,
        what: format!("{doing}: {why}"),
        fix: Some(fix.to_owned()),
        raw: Some(error.to_string()),
    }
}

#[cfg(test)]
#[path = "tests/directory.rs"]
mod tests;
