//! Reads the two configured files and judges both together: what each holds, and whether it is in its place.
//! Parsing is left to the readers of each format, and the words for most faults to `faults`.

use std::path::PathBuf;

use openssl::x509::X509;

use super::contents::{Contents, Trouble};
use super::faults::{FileFault, Role, Subject};
use super::stores::{Keystore, Material, Truststore};
use super::{formats, read_file};
use crate::tls::certificate::key_usage::is_a_leaf;
use crate::util::secret::Secret;

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

/// Reads the cluster certificate and the user certificate, as far as they are configured.
///
/// # Errors
/// Everything that is wrong with either file, the cluster certificate's faults first.
pub fn load(
    cluster: Option<&StoreFile>,
    user: Option<&StoreFile>,
) -> Result<Material, Vec<FileFault>> {
    let truststore = Opened::of(Role::Cluster, cluster, user);
    let keystore = Opened::of(Role::User, user, cluster);
    if let (Ok(Some(cluster)), Ok(Some(user))) = (&truststore, &keystore)
        && let Some(fault) = exchanged(cluster, user)
    {
        return Err(vec![fault]);
    }
    let crossed = passwords_crossed(&truststore) && passwords_crossed(&keystore);
    let truststore = truststore.and_then(|file| file.map(|f| f.truststore(crossed)).transpose());
    let keystore = keystore.and_then(|file| file.map(|f| f.keystore(crossed)).transpose());
    match (truststore, keystore) {
        (Ok(truststore), Ok(keystore)) => Ok(Material {
            truststore,
            keystore,
        }),
        (truststore, keystore) => Err(truststore.err().into_iter().chain(keystore.err()).collect()),
    }
}

/// A file that could be read, whether or not it opened.
struct Opened<'a> {
    subject: Subject<'a>,
    own: Result<Contents, Trouble>,
    /// What the other file's password finds, where the own one does not fit.
    by_other: Option<Contents>,
    /// Whether it opens without a password, where the own one does not fit.
    by_none: bool,
}

impl<'a> Opened<'a> {
    fn of(
        role: Role,
        file: Option<&'a StoreFile>,
        other: Option<&StoreFile>,
    ) -> Result<Option<Opened<'a>>, FileFault> {
        let read = |file| Opened::read(Subject { role, file }, other);
        file.map(read).transpose()
    }

    fn read(subject: Subject<'a>, other: Option<&StoreFile>) -> Result<Opened<'a>, FileFault> {
        let bytes = read_file::read(subject)?;
        let own = formats::open(&bytes, subject.file.password.as_ref());
        let refused = matches!(
            own,
            Err(Trouble::PasswordWrong(_) | Trouble::PasswordMissing(_))
        );
        let retry = |password| {
            let tried = refused.then(|| formats::open(&bytes, password));
            tried.and_then(Result::ok)
        };
        let password = other.and_then(|other| other.password.as_ref());
        Ok(Opened {
            subject,
            by_other: password.and_then(|password| retry(Some(password))),
            by_none: retry(None).is_some(),
            own,
        })
    }

    fn contents(&self) -> Option<&Contents> {
        self.own.as_ref().ok().or(self.by_other.as_ref())
    }

    fn truststore(self, crossed: bool) -> Result<Truststore, FileFault> {
        let subject = self.subject;
        let contents = self.own_contents(crossed)?;
        if contents.key.is_some() {
            let why = "holds a private key, so it looks like a user certificate";
            let fix = "give the cluster certificate in its place";
            return Err(subject.fault("A9", why, fix));
        }
        Truststore::new(&contents.certificates).ok_or_else(|| hollow(subject))
    }

    fn keystore(self, crossed: bool) -> Result<Keystore, FileFault> {
        let subject = self.subject;
        let contents = self.own_contents(crossed)?;
        match (contents.key, contents.certificates.is_empty()) {
            (Some(key), _) => Keystore::new(contents.certificates, &key).ok_or_else(|| {
                let why = "holds a private key and no certificate that belongs to it";
                let fix = "download it again: key and certificate come from different downloads";
                subject.fault("A10", why, fix)
            }),
            (None, true) => Err(hollow(subject)),
            (None, false) => Err(keyless(subject, &contents.certificates)),
        }
    }

    /// `crossed` where each of the two files opens with the other's password.
    fn own_contents(self, crossed: bool) -> Result<Contents, FileFault> {
        let subject = self.subject;
        let (by_other, by_none) = (self.by_other.is_some(), self.by_none);
        self.own.map_err(|trouble| {
            let told = subject.told(&trouble);
            let better = match (by_other, by_none) {
                (true, _) if crossed => crossed_passwords(subject),
                (true, _) => fits_the_other(subject, &trouble),
                (false, true) => needless_password(subject),
                (false, false) => return told,
            };
            FileFault {
                id: told.id,
                raw: told.raw,
                ..better
            }
        })
    }
}

fn crossed_passwords(subject: Subject<'_>) -> FileFault {
    let other = subject.role.other().name();
    let why = format!("opens with the password of the {other}: the passwords look exchanged");
    let hint = &subject.file.password_hint;
    let fix = format!("exchange the two passwords; this file's belongs in {hint}");
    subject.fault("A1", &why, &fix)
}

fn fits_the_other(subject: Subject<'_>, trouble: &Trouble) -> FileFault {
    let other = subject.role.other().name();
    let tried = match trouble {
        Trouble::PasswordMissing(_) => "without a password",
        _ => "with its password",
    };
    let why = format!("does not open {tried}, but with the {other}'s");
    let hint = &subject.file.password_hint;
    let fix = format!("set {hint} to the password of the {other}");
    subject.fault("A1", &why, &fix)
}

fn needless_password(subject: Subject<'_>) -> FileFault {
    let why = "opens without a password, and not with the one that is set";
    let fix = format!("leave {} empty", subject.file.password_hint);
    subject.fault("A1", why, &fix)
}

/// Whether the file opens, and only with the other file's password.
fn passwords_crossed(file: &Result<Option<Opened<'_>>, FileFault>) -> bool {
    matches!(file, Ok(Some(opened)) if opened.by_other.is_some())
}

/// Decided from the contents, because nobody names files as the portal does.
fn exchanged(cluster: &Opened<'_>, user: &Opened<'_>) -> Option<FileFault> {
    let (found, wanted) = (cluster.contents()?, user.contents()?);
    if found.key.is_none() || wanted.key.is_some() || wanted.certificates.is_empty() {
        return None;
    }
    let why = format!(
        "holds a private key and {} holds none: the two look exchanged",
        user.subject.name()
    );
    let fix = match (cluster.own.is_ok(), user.own.is_ok()) {
        (true, true) => "exchange the two paths, and the two passwords with them",
        (false, false) => "exchange the two paths; the passwords are in their place",
        _ => "exchange the two paths, then check the two passwords",
    };
    Some(cluster.subject.fault("A9", &why, fix))
}

fn keyless(subject: Subject<'_>, certificates: &[X509]) -> FileFault {
    if certificates.iter().any(|one| is_a_leaf(one)) {
        let why = "holds a user's certificate without its private key";
        let fix = "download it again, or export it again together with its key";
        return subject.fault("A10", why, fix);
    }
    let why = "holds no private key, so it looks like a cluster certificate";
    let fix = "give the user certificate in its place";
    subject.fault("A9", why, fix)
}

fn hollow(subject: Subject<'_>) -> FileFault {
    subject.fault("A8", "is a store without certificates", "download it again")
}
