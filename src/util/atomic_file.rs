//! Atomic file replacement: written beside its path, flushed, and renamed, so that it survives a power loss.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces a file, so that a reader finds the old content or the new one, never a part.
///
/// # Errors
/// I/O errors of the folder; the old file is then unchanged.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let moved = written.and_then(|()| fs::rename(&beside, path));
    if let Err(error) = moved {
        // The rest is useless; a failed removal changes nothing.
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

/// Elsewhere folders cannot be flushed; the system does it.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The name under which a file is written before it is moved.
fn beside(path: &Path) -> std::path::PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// A second handle on a file for direct I/O; `None` if the file system does not support it.
#[cfg(target_os = "linux")]
#[must_use]
pub fn open_direct(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let direct = rustix::fs::OFlags::DIRECT.bits().cast_signed();
    let file = File::options().write(true).custom_flags(direct).open(path);
    file.ok()
}

/// Elsewhere it is not worth its own rules.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn open_direct(_: &Path) -> Option<File> {
    None
}

/// Writes bytes at an offset.
///
/// # Errors
/// I/O errors of the file.
#[cfg(unix)]
pub fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Writes bytes at an offset.
///
/// # Errors
/// I/O errors of the file.
#[cfg(not(unix))]
pub fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
