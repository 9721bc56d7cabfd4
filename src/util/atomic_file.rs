//! Atomic file replacement: write a temporary file beside the target, flush it, rename it, and flush the folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces a file: readers see the old or the new content, never a part. The new content survives a power loss.
///
/// # Errors
/// I/O errors of the folder; the old file is then unchanged.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, bytes, |beside| File::create(beside))
}

/// Like [`replace`], for a file that only its owner may read (mode 600).
///
/// # Errors
/// I/O errors of the folder; the old file is then unchanged.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, bytes, |beside| {
        // A temporary file of a run that crashed may have another mode.
        drop(fs::remove_file(beside));
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(beside)
    })
}

fn replace_with(
    path: &Path,
    bytes: &[u8],
    create: impl FnOnce(&Path) -> io::Result<File>,
) -> io::Result<()> {
    let beside = beside(path, ".new");
    let written = create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let moved = written.and_then(|()| fs::rename(&beside, path));
    if let Err(error) = moved {
        // The temporary file is useless; a failed removal is harmless.
        drop(fs::remove_file(&beside));
        return Err(error);
    }
    sync_folder(path.parent().unwrap_or(path))
}

/// Flushes a folder, so that files created, renamed or removed in it survive a power loss.
///
/// # Errors
/// I/O errors of the folder.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}

/// Other systems cannot flush a folder.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The path of a helper file beside `path`: the same name with a suffix.
#[must_use]
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    beside.into()
}
