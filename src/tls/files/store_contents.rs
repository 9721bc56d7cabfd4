//! The contents of a store, and why one cannot be opened.

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;

use crate::util::secret::Secret;

/// The certificates in the order of the file, and the private key if there is one.
#[derive(Default)]
pub(in crate::tls) struct StoreContents {
    pub(in crate::tls) certificates: Vec<X509>,
    pub(in crate::tls) key: Option<PKey<Private>>,
}

/// Why a store cannot be opened; strings are OpenSSL's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tls) enum OpenError {
    Empty,
    /// A store in one of Java's own formats, by the name that keytool gives it.
    Java(&'static str),
    /// A web page, likely that of a sign-in.
    Html,
    /// The Java properties that should have named the file.
    Properties,
    /// The first bytes promise more than follows.
    Truncated {
        claimed: usize,
        found: usize,
    },
    /// A PEM block begins and does not end.
    TruncatedPem,
    /// Larger than any plausible store.
    TooLarge,
    /// OpenSSL would ignore the NUL and what follows it.
    NulInPassword,
    /// None or an empty one was given, and the empty one does not open it.
    PasswordMissing(String),
    /// The given one does not open it.
    PasswordWrong(String),
    /// Trying one password would take minutes or hours.
    TooManyRounds,
    /// It is encrypted with something that OpenSSL does not know.
    Unsupported(String),
    /// It is none of the known formats, or damaged.
    Unreadable(String),
}

impl OpenError {
    /// The password is to blame, or that there is none.
    pub(in crate::tls) fn refused(error: &ErrorStack, password: Option<&Secret>) -> OpenError {
        let raw = error.to_string();
        match password {
            Some(set) if !set.expose().is_empty() => OpenError::PasswordWrong(raw),
            _ => OpenError::PasswordMissing(raw),
        }
    }

    /// OpenSSL's words.
    pub(in crate::tls) fn raw(&self) -> Option<&str> {
        match self {
            OpenError::PasswordMissing(raw)
            | OpenError::PasswordWrong(raw)
            | OpenError::Unsupported(raw)
            | OpenError::Unreadable(raw) => Some(raw),
            _ => None,
        }
    }
}
