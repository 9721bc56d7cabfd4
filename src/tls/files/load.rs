//! Loads the two configured files and checks both together, because they may be swapped.

use openssl::x509::X509;

use super::faults::{FileFault, Role, StoreFile, Subject};
use super::pkcs12::{OpenError, StoreContents};
use super::stores::{Keystore, Material, Truststore};
use super::{formats, read_file};
use crate::tls::certificate::key_usage::is_a_leaf;

/// Reads the cluster certificate and the user certificate, as far as they are configured.
///
/// # Errors
/// All faults of both files, those of the cluster certificate first.
pub fn load(
    cluster: Option<&StoreFile>,
    user: Option<&StoreFile>,
) -> Result<Material, Vec<FileFault>> {
    match load_each(cluster, user) {
        (Ok(truststore), Ok(keystore)) => Ok(Material {
            truststore,
            keystore,
        }),
        (truststore, keystore) => Err(truststore.err().into_iter().chain(keystore.err()).collect()),
    }
}

/// The result of one file; `None` if it is not configured, or not usable because of the other one's fault.
pub type LoadResult<T> = Result<Option<T>, FileFault>;

/// As [`load`], with the result of each file.
pub fn load_each(
    cluster: Option<&StoreFile>,
    user: Option<&StoreFile>,
) -> (LoadResult<Truststore>, LoadResult<Keystore>) {
    let truststore = OpenedFile::open(Role::Cluster, cluster, user);
    let keystore = OpenedFile::open(Role::User, user, cluster);
    let mut is_shared = false;
    if let (Ok(Some(cluster)), Ok(Some(user))) = (&truststore, &keystore) {
        if let Some(fault) = swapped_files(cluster, user) {
            return (Err(fault), Ok(None));
        }
        is_shared = cluster.bytes == user.bytes;
        if let Some(fault) = is_shared.then(|| same_file(cluster, user)).flatten() {
            return match fault.role {
                Role::Cluster => (Err(fault), Ok(None)),
                Role::User => (Ok(None), Err(fault)),
            };
        }
    }
    let swapped = passwords_swapped(&truststore) && passwords_swapped(&keystore);
    let truststore =
        truststore.and_then(|file| file.map(|f| f.truststore(swapped, is_shared)).transpose());
    let keystore = keystore.and_then(|file| file.map(|f| f.keystore(swapped)).transpose());
    (truststore, keystore)
}

/// A file that was read, and the results of opening it with each password.
struct OpenedFile<'a> {
    subject: Subject<'a>,
    bytes: Vec<u8>,
    own: Result<StoreContents, OpenError>,
    /// The contents, if only the other file's password opens it.
    by_other: Option<StoreContents>,
    /// Whether it opens without a password but not with its own.
    by_none: bool,
}

impl<'a> OpenedFile<'a> {
    fn open(
        role: Role,
        file: Option<&'a StoreFile>,
        other: Option<&StoreFile>,
    ) -> Result<Option<OpenedFile<'a>>, FileFault> {
        let read = |file| OpenedFile::read(Subject { role, file }, other);
        file.map(read).transpose()
    }

    fn read(subject: Subject<'a>, other: Option<&StoreFile>) -> Result<OpenedFile<'a>, FileFault> {
        let bytes = read_file::read(subject)?;
        let own = formats::open(&bytes, subject.file.password.as_ref());
        let refused = matches!(
            own,
            Err(OpenError::PasswordWrong(_) | OpenError::PasswordMissing(_))
        );
        let retry = |password| {
            let tried = refused.then(|| formats::open(&bytes, password));
            tried.and_then(Result::ok)
        };
        let password = other.and_then(|other| other.password.as_ref());
        let by_other = password.and_then(|password| retry(Some(password)));
        let by_none = retry(None).is_some();
        Ok(OpenedFile {
            subject,
            bytes,
            own,
            by_other,
            by_none,
        })
    }

    fn contents(&self) -> Option<&StoreContents> {
        self.own.as_ref().ok().or(self.by_other.as_ref())
    }

    fn truststore(self, swapped: bool, is_shared: bool) -> Result<Truststore, FileFault> {
        let subject = self.subject;
        let contents = self.own_contents(swapped)?;
        if contents.keys.is_empty() {
            return Truststore::new(&contents.certificates).ok_or_else(|| empty_store(subject));
        }
        Truststore::beside_keys(&contents, is_shared).ok_or_else(|| {
            let why = "contains a private key and no other CA, so it looks like a user certificate";
            let fix = "give the cluster certificate instead";
            subject.fault("A9", why, fix)
        })
    }

    fn keystore(self, swapped: bool) -> Result<Keystore, FileFault> {
        let subject = self.subject;
        let contents = self.own_contents(swapped)?;
        match (contents.keys.is_empty(), contents.certificates.is_empty()) {
            (false, _) => Keystore::new(&contents).ok_or_else(|| {
                let why = "contains a private key without its certificate";
                let fix = "download it again: key and certificate come from different downloads";
                subject.fault("A10", why, fix)
            }),
            (true, true) => Err(empty_store(subject)),
            (true, false) => Err(without_key(subject, &contents.certificates)),
        }
    }

    /// `swapped` if each of the two files opens with the other's password.
    fn own_contents(self, swapped: bool) -> Result<StoreContents, FileFault> {
        let subject = self.subject;
        let (by_other, by_none) = (self.by_other.is_some(), self.by_none);
        self.own.map_err(|open_error| {
            let fault = subject.explain(&open_error);
            let better = match (by_other, by_none) {
                (true, _) if swapped => swapped_passwords(subject),
                (true, _) => fits_other_file(subject, &open_error),
                (false, true) => needless_password(subject),
                (false, false) => return fault,
            };
            FileFault {
                id: fault.id,
                raw: fault.raw,
                ..better
            }
        })
    }
}

fn swapped_passwords(subject: Subject<'_>) -> FileFault {
    let other = subject.role.other().name();
    let why = format!("opens with the password of the {other}: the two passwords look swapped");
    let hint = &subject.file.password_hint;
    let fix = format!("swap the two passwords; the password of this file belongs in {hint}");
    subject.fault("A1", &why, &fix)
}

fn fits_other_file(subject: Subject<'_>, open_error: &OpenError) -> FileFault {
    let other = subject.role.other().name();
    let tried = match open_error {
        OpenError::PasswordMissing(_) => "without a password",
        _ => "with its password",
    };
    let why = format!("does not open {tried}, but with the password of the {other}");
    let hint = &subject.file.password_hint;
    let fix = format!("set {hint} to the password of the {other}");
    subject.fault("A1", &why, &fix)
}

fn needless_password(subject: Subject<'_>) -> FileFault {
    let why = "opens without a password, but not with the one that is set";
    let fix = format!("leave {} empty", subject.file.password_hint);
    subject.fault("A1", why, &fix)
}

/// Whether the file opens, and only with the other file's password.
fn passwords_swapped(file: &Result<Option<OpenedFile<'_>>, FileFault>) -> bool {
    matches!(file, Ok(Some(opened)) if opened.by_other.is_some())
}

/// The fault of a file that both settings name, if it cannot be both. Another password would not help.
fn same_file(cluster: &OpenedFile<'_>, user: &OpenedFile<'_>) -> Option<FileFault> {
    if cluster.own.is_ok() && user.own.is_ok() {
        return None;
    }
    let same = "is the same file as the";
    let subject = match cluster.contents().or(user.contents()) {
        Some(contents) if contents.keys.is_empty() => user.subject,
        _ => cluster.subject,
    };
    let (other, fix) = match subject.role {
        Role::Cluster => (
            "user certificate",
            "set the cluster certificate to the file that the portal calls cluster certificate, cluster.p12",
        ),
        Role::User => (
            "cluster certificate",
            "set the user certificate to the file that the portal calls user certificate, user.p12",
        ),
    };
    Some(subject.fault("A9", &format!("{same} {other}"), fix))
}

/// Decided from the contents, because names of files are arbitrary.
fn swapped_files(cluster: &OpenedFile<'_>, user: &OpenedFile<'_>) -> Option<FileFault> {
    let (in_cluster, in_user) = (cluster.contents()?, user.contents()?);
    if in_cluster.keys.is_empty() || !in_user.keys.is_empty() || in_user.certificates.is_empty() {
        return None;
    }
    let why = format!(
        "contains a private key and {} contains none: the two files look swapped",
        user.subject.name()
    );
    let fix = match (cluster.own.is_ok(), user.own.is_ok()) {
        (true, true) => "swap the two paths, and also the two passwords",
        (false, false) => "swap the two paths; the passwords are correct",
        _ => "swap the two paths, then check the two passwords",
    };
    Some(cluster.subject.fault("A9", &why, fix))
}

fn without_key(subject: Subject<'_>, certificates: &[X509]) -> FileFault {
    if certificates.iter().any(|one| is_a_leaf(one)) {
        let why = "contains a user certificate without its private key";
        let fix = "download it again, or export it again together with its key";
        return subject.fault("A10", why, fix);
    }
    let why = "contains no private key, so it looks like a cluster certificate";
    let fix = "give the user certificate instead";
    subject.fault("A9", why, fix)
}

fn empty_store(subject: Subject<'_>) -> FileFault {
    subject.fault("A8", "is a store without certificates", "download it again")
}
