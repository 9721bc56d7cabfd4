//! Messages for faults of certificate files: what is wrong, and what to do.

use std::path::{Path, PathBuf};

use super::pkcs12::OpenError;
use crate::util::secret::Secret;

/// What is wrong with a file, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// The fault's id in `docs/troubleshooting.md`, such as `A1`.
    pub id: &'static str,
    /// Which of the two files has the fault.
    pub role: Role,
    /// The file as configured.
    pub file: PathBuf,
    /// What is wrong: one sentence with the file's name.
    pub what: String,
    /// What to do: one sentence.
    pub fix: String,
    /// The message of OpenSSL or of the operating system.
    pub raw: Option<String>,
}

/// Which of the two files is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The cluster certificate, `cluster.p12`.
    Cluster,
    /// The user certificate, `user.p12`.
    User,
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::Cluster => "cluster certificate",
            Role::User => "user certificate",
        }
    }

    pub(super) fn other(self) -> Role {
        match self {
            Role::Cluster => Role::User,
            Role::User => Role::Cluster,
        }
    }
}

/// A configured file.
#[derive(Debug, Clone)]
pub struct StoreFile {
    /// The file's path.
    pub path: PathBuf,
    /// `None` if unset, which differs from an empty password.
    pub password: Option<Secret>,
    /// Where to set the password, such as the name of an environment variable.
    pub password_hint: String,
}

/// The configured file that is being opened.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) role: Role,
    pub(super) file: &'a StoreFile,
}

impl Subject<'_> {
    /// The subject of a message: "the user certificate PATH".
    pub(super) fn name(self) -> String {
        format!("the {} {}", self.role.name(), self.file.path.display())
    }

    /// A fault whose message starts with "the user certificate PATH" and continues with `why`.
    pub(super) fn fault(self, id: &'static str, why: &str, fix: &str) -> FileFault {
        FileFault {
            id,
            role: self.role,
            file: self.file.path.clone(),
            what: format!("{} {why}", self.name()),
            fix: fix.to_owned(),
            raw: None,
        }
    }

    /// Explains why the file cannot be opened, independent of the other file.
    pub(super) fn explain(self, open_error: &OpenError) -> FileFault {
        let hint = &self.file.password_hint;
        let again = "download it again";
        match open_error {
            OpenError::Empty => self.fault("A8", "is empty", again),
            OpenError::Java(kind) => self.java(kind),
            OpenError::Html => self.fault(
                "A6",
                "is a web page, likely a sign-in page that was saved instead",
                "sign in to the portal with a browser and download the file there",
            ),
            OpenError::Properties => self.fault(
                "A13",
                "is a Java properties file, not a certificate",
                &format!("pass it as `--properties {}`", quoted(&self.file.path)),
            ),
            OpenError::Truncated { claimed, found } => {
                let why = format!("is cut off: it should have {claimed} bytes and has {found}");
                self.fault("A7", &why, again)
            }
            OpenError::TruncatedPem => self.fault(
                "A7",
                "is cut off: its last PEM block has no END line",
                again,
            ),
            OpenError::TooLarge => self.fault(
                "A6",
                "is larger than any certificate file",
                "check the path: it names another kind of file",
            ),
            OpenError::NulInPassword => self.fault(
                "A1",
                "cannot be opened: its password contains a NUL byte, which PKCS#12 cannot represent",
                &format!("set {hint} to a password without it"),
            ),
            OpenError::PasswordMissing(_) => self.fault(
                "A2",
                "needs a password, and none or an empty one is set",
                &format!("set {hint} to the password that came with the file"),
            ),
            OpenError::PasswordWrong(_) => self.fault(
                "A1",
                "does not open with its password",
                &format!("check {hint}: each of the two files has its own password"),
            ),
            OpenError::TooManyIterations => self.fault(
                "A6",
                "needs more hashing iterations than any tool uses: it is damaged, or made to block programs",
                again,
            ),
            OpenError::Unsupported(_) => self.fault(
                "A3",
                "is encrypted with an algorithm that this program does not support",
                "export it again with AES-256",
            ),
            OpenError::Unreadable(_) => {
                self.fault("A6", "is neither PKCS#12 nor PEM, or it is damaged", again)
            }
        }
        .with_raw(open_error.raw())
    }

    fn java(self, kind: &str) -> FileFault {
        let source = &self.file.path;
        let mut target = source.with_extension("p12");
        if target == *source {
            target = source.with_extension("converted.p12");
        }
        let (source, target) = (quoted(source), quoted(&target));
        let fix = format!(
            "convert it with `keytool -importkeystore -srckeystore {source} -srcstoretype {kind} \
             -destkeystore {target} -deststoretype PKCS12` and use {target}"
        );
        self.fault(
            "A5",
            &format!("is a {kind} file, which only Java can read"),
            &fix,
        )
    }
}

impl FileFault {
    pub(super) fn with_raw(self, raw: Option<&str>) -> FileFault {
        FileFault {
            raw: raw.map(str::to_owned),
            ..self
        }
    }
}

/// A path, quoted for a shell if needed.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        let check = |path, expected| assert_eq!(quoted(Path::new(path)), expected);
        check("/etc/ditto/user-1.p12", "/etc/ditto/user-1.p12");
        check("my file.jks", "'my file.jks'");
        check("it's", r"'it'\''s'");
    }
}
