//! Messages for faults of certificate files: what is wrong, and what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use super::pkcs12::{MAX_ITERATIONS, OpenError};
use crate::util::secret::Secret;

/// What is wrong with a file, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// The fault's id in `docs/troubleshooting.md`, such as `A1`.
    pub id: &'static str,
    /// Which of the two files has the fault.
    pub role: Role,
    /// The file as configured, or the property that contains the PEM text.
    pub file: String,
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

/// Where a store is.
#[derive(Debug, Clone)]
pub enum StoreSource {
    /// A file.
    File(PathBuf),
    /// PEM text as the value of a property.
    Text {
        /// The properties, as messages name them.
        name: String,
        /// The file that contains the properties.
        file: Option<PathBuf>,
        /// The certificates, and the key of a user certificate.
        text: Secret,
    },
}

impl StoreSource {
    /// The file that contains the store.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            StoreSource::File(path) => Some(path),
            StoreSource::Text { file, .. } => file.as_deref(),
        }
    }
}

/// The path of a file, or the names of the properties.
impl fmt::Display for StoreSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreSource::File(path) => write!(f, "{}", path.display()),
            StoreSource::Text { name, .. } => f.write_str(name),
        }
    }
}

/// A configured store.
#[derive(Debug, Clone)]
pub struct StoreFile {
    /// Where it is.
    pub source: StoreSource,
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
    /// The subject of a message: "the user certificate PATH", or "the user certificate in PROPERTY".
    pub(super) fn name(self) -> String {
        let role = self.role.name();
        match &self.file.source {
            StoreSource::File(path) => format!("the {role} {}", path.display()),
            StoreSource::Text { name, .. } => format!("the {role} in {name}"),
        }
    }

    /// How to get the store again.
    fn again(self) -> &'static str {
        match self.file.source {
            StoreSource::File(_) => "download it again",
            StoreSource::Text { .. } => "copy it again, from the first BEGIN to the last END line",
        }
    }

    /// A fault whose message starts with "the user certificate PATH" and continues with `why`.
    pub(super) fn fault(self, id: &'static str, why: &str, fix: &str) -> FileFault {
        FileFault {
            id,
            role: self.role,
            file: self.file.source.to_string(),
            what: format!("{} {why}", self.name()),
            fix: fix.to_owned(),
            raw: None,
        }
    }

    /// Explains why the file cannot be opened, independent of the other file.
    pub(super) fn explain(self, open_error: &OpenError) -> FileFault {
        let hint = &self.file.password_hint;
        let again = self.again();
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
                &format!("pass it as `--properties {}`", self.shell_path()),
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
            OpenError::TooManyIterations(count) => {
                let why = format!(
                    "needs {count} hashing iterations for each attempt, more than any tool uses (at most {MAX_ITERATIONS} are read): it is damaged, or made to block programs"
                );
                self.fault("A6", &why, again)
            }
            OpenError::UnsupportedMac(what, _) => self.unsupported_mac(what),
            OpenError::UnsupportedEncryption(what, _) => self.unsupported_encryption(what),
            OpenError::Unreadable(_) => {
                self.fault("A6", "is neither PKCS#12 nor PEM, or it is damaged", again)
            }
        }
        .with_raw(open_error.raw())
    }

    /// A MAC that cannot be checked says nothing about the password, and OpenSSL can read the store without it.
    fn unsupported_mac(self, what: &str) -> FileFault {
        let (source, target) = (self.shell_path(), self.converted("pem"));
        let why = format!("uses {what}, which OpenSSL refuses; the password may be right");
        let fix = format!(
            "write it as PEM with `openssl pkcs12 -in {source} -nomacver -out {target}` and use {target}"
        );
        self.fault("A3", &why, &fix)
    }

    fn unsupported_encryption(self, what: &str) -> FileFault {
        let (source, target) = (self.shell_path(), self.converted("p12"));
        let why = format!("uses {what}, which OpenSSL refuses; the password may be right");
        let fix = format!(
            "export it again with AES-256: with the tool that wrote it, or with `keytool -importkeystore -srckeystore {source} -destkeystore {target} -deststoretype PKCS12`, and use {target}"
        );
        self.fault("A3", &why, &fix)
    }

    /// The file's path, quoted for a shell.
    fn shell_path(self) -> String {
        quoted(self.file.source.file().unwrap_or(Path::new("FILE")))
    }

    /// Another path with this extension, quoted for a shell.
    fn converted(self, extension: &str) -> String {
        let source = self.file.source.file().unwrap_or(Path::new("FILE"));
        let mut target = source.with_extension(extension);
        if target == *source {
            target = source.with_extension(format!("converted.{extension}"));
        }
        quoted(&target)
    }

    fn java(self, kind: &str) -> FileFault {
        let (source, target) = (self.shell_path(), self.converted("p12"));
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
