//! Files that survive a power cut: written beside their place, flushed to the disk, and moved there in one step.
//! What stands in them is somebody else's business.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes a whole file so that a reader finds the old one or the new one, never a part.
///
/// # Errors
/// What the disk says; the old file is untouched then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let moved = written.and_then(|()| fs::rename(&beside, path));
    if let Err(error) = moved {
        // What is left of it is of no use; that it cannot be removed changes nothing.
        drop(fs::remove_file(&beside));
        return Err(error);
    }
    sync_folder(path.parent().unwrap_or(path))
}

/// Flushes a folder: what was created, moved or removed in it is so after a power cut, too.
///
/// # Errors
/// What the disk says.
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

/// Another handle on a file, whose writes go past the system's memory; `None` where the disk has no such way.
#[cfg(target_os = "linux")]
#[must_use]
pub fn direct(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let direct = rustix::fs::OFlags::DIRECT.bits().cast_signed();
    let file = File::options().write(true).custom_flags(direct).open(path);
    file.ok()
}

/// Elsewhere it is not worth its own rules.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn direct(_: &Path) -> Option<File> {
    None
}

/// Writes bytes at a place.
///
/// # Errors
/// What the disk says.
#[cfg(unix)]
pub fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Writes bytes at a place.
///
/// # Errors
/// What the disk says.
#[cfg(not(unix))]
pub fn write_at(mut file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
