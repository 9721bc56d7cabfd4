//! Files that only their owner may read (mode 600), opened without following a symbolic link.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a file that does not exist.
///
/// # Errors
/// I/O errors of the file; `AlreadyExists` for anything in its place, also a link.
pub fn create_new(path: &Path) -> io::Result<File> {
    options().create_new(true).open(path)
}

/// Creates a file; an existing one, or a link in its place, is removed first.
///
/// # Errors
/// I/O errors of the file.
pub fn recreate(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => create_new(path),
    }
}

/// Opens a file with its content, or creates it.
///
/// # Errors
/// I/O errors of the file; a link in its place is one.
pub fn open(path: &Path) -> io::Result<File> {
    options().create(true).truncate(false).open(path)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    options
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn links_are_not_followed_and_only_the_owner_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::write(place("theirs"), "theirs").unwrap();
        for (name, target) in [("link", "theirs"), ("dangling", "nothing")] {
            symlink(place(target), place(name)).unwrap();
            assert!(create_new(&place(name)).is_err());
            assert!(open(&place(name)).is_err());
            let mut file = recreate(&place(name)).unwrap();
            file.write_all(b"ours").unwrap();
            assert!(fs::symlink_metadata(place(name)).unwrap().is_file());
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_to_string(place("theirs")).unwrap(), "theirs");
        assert!(!place("nothing").exists());
    }
}
