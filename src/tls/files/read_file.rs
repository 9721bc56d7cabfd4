//! Reads a configured file, and diagnoses a path that cannot be read.

use std::fs::{File, metadata};
use std::io::{Error, ErrorKind, Read};
use std::path::{Path, PathBuf, absolute};

use super::faults::{FileFault, StoreSource, Subject};
use super::pkcs12::OpenError;

/// A store of a hundred CAs has about 200 KiB.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// All bytes of the store.
///
/// # Errors
/// `A4` if the file cannot be read, `A6` if it is too large.
pub(super) fn read(subject: Subject<'_>) -> Result<Vec<u8>, FileFault> {
    let path = match &subject.file.source {
        StoreSource::File(path) => path,
        StoreSource::Text { text, .. } => return Ok(text.expose().as_bytes().to_vec()),
    };
    if metadata(path).is_ok_and(|file| file.is_dir()) {
        return Err(subject.fault("A4", "is a folder", "give the path of the file in it"));
    }
    let bytes = read_limited(path).map_err(|error| unreadable(subject, path, &error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(subject.explain(&OpenError::TooLarge));
    }
    Ok(bytes)
}

/// Limited, because a path can be a device that never ends.
fn read_limited(path: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![];
    File::open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(subject: Subject<'_>, path: &Path, error: &Error) -> FileFault {
    let fault = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory if path.starts_with("~") => subject.fault(
            "A4",
            "does not exist: no shell replaced the `~` with your home folder",
            "write the full path of the home folder, or do not quote the `~`",
        ),
        ErrorKind::NotFound | ErrorKind::NotADirectory => missing(subject, path),
        ErrorKind::PermissionDenied => subject.fault(
            "A4",
            "may not be read by this user",
            "make it readable for the user who runs this program",
        ),
        _ => subject.fault(
            "A4",
            "cannot be read",
            "check the path and the disk it is on",
        ),
    };
    fault.with_raw(Some(&error.to_string()))
}

fn missing(subject: Subject<'_>, configured: &Path) -> FileFault {
    let path = absolute(configured).unwrap_or_else(|_| configured.to_owned());
    let why = if path == configured {
        "does not exist".to_owned()
    } else {
        format!("does not exist; its full path would be {}", path.display())
    };
    let fix = match nearest_folder(&path) {
        Some(folder) => format!(
            "check the path: the nearest folder that exists is {}",
            folder.display()
        ),
        None => "check the path".to_owned(),
    };
    subject.fault("A4", &why, &fix)
}

fn nearest_folder(path: &Path) -> Option<PathBuf> {
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir());
    folder.map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::StoreFile;
    use crate::tls::files::faults::Role;

    /// Tested without files, because tests often run as root, which may read everything.
    #[test]
    fn system_errors_are_distinguished() {
        let check = |kind: ErrorKind, expected: &str| {
            let path = Path::new("/x/user.p12");
            let file = StoreFile {
                source: StoreSource::File(path.to_owned()),
                password: None,
                password_hint: String::new(),
            };
            let subject = Subject {
                role: Role::User,
                file: &file,
            };
            let fault = unreadable(subject, path, &Error::from(kind));
            assert_eq!(
                fault.what,
                format!("the user certificate /x/user.p12 {expected}")
            );
            assert_eq!(fault.raw, Some(Error::from(kind).to_string()));
        };
        check(ErrorKind::PermissionDenied, "may not be read by this user");
        check(ErrorKind::TimedOut, "cannot be read");
        check(ErrorKind::NotFound, "does not exist");
    }
}
