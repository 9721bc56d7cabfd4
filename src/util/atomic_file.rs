//! Atomic file replacement: write a temporary file beside the target, flush it, rename it, and flush the folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces a file: readers see the old or the new content, never a part. The new content survives a power loss. A new
/// file has mode 600; an existing one keeps its mode, which the user may have chosen.
///
/// # Errors
/// I/O errors of the folder; the old file is then unchanged.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let old = fs::symlink_metadata(path)
        .ok()
        .filter(fs::Metadata::is_file);
    replace_with(path, bytes, old.map(|old| old.permissions()))
}

/// Like [`replace`], but the file always has mode 600.
///
/// # Errors
/// I/O errors of the folder; the old file is then unchanged.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, bytes, None)
}

fn replace_with(path: &Path, bytes: &[u8], permissions: Option<fs::Permissions>) -> io::Result<()> {
    let folder = folder(path);
    // Created exclusively, with mode 600 and an unused name: a file or link of the user is never opened or replaced.
    let mut file = tempfile::Builder::new()
        .prefix(".ditto-cdc-")
        .suffix(".new")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    // An error removes the temporary file.
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// The folder of a file.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
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

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn only_the_file_itself_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let mode = |name: &str| fs::metadata(place(name)).unwrap().permissions().mode() & 0o777;
        fs::write(place("theirs"), "theirs").unwrap();
        fs::write(place("state.new"), "theirs").unwrap();
        replace(&place("state"), b"one").unwrap();
        assert_eq!(mode("state"), 0o600);
        fs::set_permissions(place("state"), fs::Permissions::from_mode(0o640)).unwrap();
        replace(&place("state"), b"two").unwrap();
        assert_eq!(mode("state"), 0o640);
        replace_private(&place("state"), b"three").unwrap();
        assert_eq!(mode("state"), 0o600);
        symlink(place("theirs"), place("link")).unwrap();
        replace(&place("link"), b"ours").unwrap();
        for name in ["theirs", "state.new"] {
            assert_eq!(fs::read_to_string(place(name)).unwrap(), "theirs");
        }
        assert_eq!(fs::read_to_string(place("state")).unwrap(), "three");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    }
}
