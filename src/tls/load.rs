//! Reads the two configured files and judges both together: what each holds, and whether it is in its place.
//! Parsing is left to the readers of each format; nothing here knows which setting named a file.

use std::path::{Path, PathBuf};

use super::contents::{Contents, Trouble};
use super::formats;
use super::stores::{Keystore, Material, Truststore};
use crate::secret::Secret;

/// A file that somebody configured.
#[derive(Debug, Clone)]
pub struct StoreFile {
    /// Where it is.
    pub path: PathBuf,
    /// `None` if none was set, which is not the empty one.
    pub password: Option<Secret>,
    /// Where to set the password, such as the name of an environment variable.
    pub password_hint: String,
}

/// What is wrong with a file, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// The number of the fault in the list of known faults, such as `A1`.
    pub id: &'static str,
    /// The file as configured.
    pub file: PathBuf,
    /// What is wrong: one sentence that names the file.
    pub what: String,
    /// What to do next: one sentence.
    pub fix: String,
    /// OpenSSL's or the system's words.
    pub raw: Option<String>,
}

/// Reads the cluster certificate and the user certificate, as far as they are configured.
///
/// # Errors
/// Everything that is wrong with either file.
pub fn load(
    cluster: Option<&StoreFile>,
    user: Option<&StoreFile>,
) -> Result<Material, Vec<FileFault>> {
    let truststore =
        cluster.map(|file| read(file, "cluster", |c| Truststore::new(&c.certificates)));
    let keystore = user.map(|file| {
        read(file, "user", |c| {
            let key = c.key?;
            Keystore::new(c.certificates, &key)
        })
    });
    match (truststore.transpose(), keystore.transpose()) {
        (Ok(truststore), Ok(keystore)) => Ok(Material {
            truststore,
            keystore,
        }),
        (truststore, keystore) => Err(truststore.err().into_iter().chain(keystore.err()).collect()),
    }
}

fn read<T>(
    file: &StoreFile,
    role: &str,
    make: impl FnOnce(Contents) -> Option<T>,
) -> Result<T, FileFault> {
    let fault = |id, why: &str, raw| FileFault {
        id,
        file: file.path.clone(),
        what: format!("the {role} certificate {} {why}", file.path.display()),
        fix: format!("download it again, or check {}", file.password_hint),
        raw,
    };
    let bytes = bytes(&file.path).map_err(|raw| fault("A4", "cannot be read", Some(raw)))?;
    let contents =
        formats::open(&bytes, file.password.as_ref()).map_err(|trouble| match trouble {
            Trouble::NulInPassword => fault("A1", "cannot have a password with a NUL byte", None),
            Trouble::PasswordMissing(raw) => fault("A2", "needs a password", Some(raw)),
            Trouble::PasswordWrong(raw) => {
                fault("A1", "does not open with its password", Some(raw))
            }
            Trouble::Unreadable(raw) => fault("A6", "is no PKCS#12 file", Some(raw)),
            other => fault("A6", "is no PKCS#12 file", Some(format!("{other:?}"))),
        })?;
    make(contents).ok_or_else(|| fault("A9", "does not hold what it should", None))
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| error.to_string())
}
