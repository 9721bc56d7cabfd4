//! Errors of the HTTP API, as types that callers branch on, with the server's own message.

use std::fmt;
use std::io;
use std::time::Duration;

/// Why a question had no good answer.
#[derive(Debug)]
pub struct ApiError {
    /// The kind of error.
    pub kind: Kind,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The server's or the library's own words, without the key; not yet safe for a terminal.
    pub words: String,
}

/// The kinds of [`ApiError`].
#[derive(Debug)]
pub enum Kind {
    /// 401: the key is wrong.
    RefusedKey,
    /// 403: the key is right, and does not allow this.
    Forbidden,
    /// 400, or an error about the statement in a 200.
    BadQuery,
    /// 404: below the wanted transaction, past its collection, or a wrong path.
    NotFound,
    /// 405, 410, 501: the server does not have this interface, or no longer has it.
    NoInterface,
    /// 404 or an older answer while the wanted transaction is not there yet.
    Behind,
    /// 413, or a message with that meaning: a smaller page may succeed.
    TooLarge,
    /// 429, 500, 502, 503 and their like: another attempt may do.
    Busy {
        /// `Retry-After`.
        after: Option<Duration>,
    },
    /// 408, or our own patience: another attempt, or a smaller page, may do.
    TimedOut,
    /// The body ended before its end, or the connection did.
    Cut,
    /// No server at this name, address or port. Retriable.
    Unreachable,
    /// The server's certificate was not accepted, or TLS failed otherwise.
    Tls,
    /// A 2xx whose body is not a DQL response.
    NotDql,
    /// A redirect that is not followed, since it would carry the key elsewhere.
    Redirected,
    /// Another status, or a 200 with an error that fits nothing else.
    Failed,
    /// The rows could not be written.
    Sink(io::Error),
}

impl ApiError {
    /// An error without an HTTP status.
    #[must_use]
    pub fn new(kind: Kind, words: impl Into<String>) -> Self {
        ApiError {
            kind,
            status: None,
            words: words.into(),
        }
    }

    /// Whether the request can be retried, and the pause that the server asks for.
    #[must_use]
    pub fn retry(&self) -> Option<Option<Duration>> {
        match self.kind {
            Kind::Busy { after } => Some(after),
            Kind::TimedOut | Kind::Cut | Kind::Unreachable | Kind::Behind => Some(None),
            _ => None,
        }
    }

    /// Whether a smaller page may do.
    #[must_use]
    pub fn wants_less(&self) -> bool {
        matches!(self.kind, Kind::TooLarge | Kind::TimedOut | Kind::Cut)
    }

    /// Whether the server does not know a function or clause of the statement.
    #[must_use]
    pub fn is_unknown_to_server(&self) -> bool {
        let words = self.words.to_lowercase();
        let about = [
            "function",
            "unexpected token",
            "parser error",
            "not supported",
            "unsupported",
            "syntax",
        ];
        matches!(self.kind, Kind::BadQuery | Kind::Failed)
            && about.iter().any(|about| words.contains(about))
    }

    /// The error in words that can follow "querying …: ".
    #[must_use]
    pub fn why(&self) -> String {
        let status = |says: &str| {
            self.status.map_or_else(
                || says.to_owned(),
                |status| format!("{says} (HTTP {status})"),
            )
        };
        match &self.kind {
            Kind::RefusedKey => status("the server refused the API key"),
            Kind::Forbidden => status("the API key does not allow this"),
            Kind::BadQuery => status("the server refused the statement"),
            Kind::NotFound => status("the server found nothing there"),
            Kind::NoInterface => status("there is no such interface at that address"),
            Kind::Behind => status("the server has not reached the wanted transaction"),
            Kind::TooLarge => status("the result is too large for the server"),
            Kind::Busy { .. } => status("the server is busy or failed"),
            Kind::TimedOut => status("no answer in time"),
            Kind::Cut => "the answer was cut off".to_owned(),
            Kind::Unreachable => "nobody answers there".to_owned(),
            Kind::Tls => "the TLS connection failed".to_owned(),
            Kind::NotDql => status(
                "the answer is not one of Ditto's: a proxy or sign-on page may have answered",
            ),
            Kind::Redirected => status("the server redirects elsewhere, where the key is not sent"),
            Kind::Failed => status("the server reported an error"),
            Kind::Sink(error) => format!("writing the documents failed: {error}"),
        }
    }

    /// What to do next, if known.
    #[must_use]
    pub fn fix(&self) -> Option<&'static str> {
        Some(match &self.kind {
            Kind::RefusedKey => {
                "check the API key: the portal shows it once, when it is made, and it may have been revoked or belong to another app"
            }
            Kind::Forbidden => {
                "use a key that may read every collection, or name those that this one may read"
            }
            Kind::NotFound | Kind::NoInterface => {
                "check the url: host, and the app's id behind it; older servers may need --api-version v4"
            }
            Kind::Unreachable => "check the url, and the way there: name, firewall, proxy",
            Kind::Tls => {
                "the server's certificate is checked with the system's roots (SSL_CERT_FILE names others)"
            }
            Kind::NotDql => {
                "check the url; with a proxy or a sign-on in between, ask its owner for a way past it"
            }
            Kind::Redirected => "if that is where the API is, give it as --url",
            Kind::Behind => "check --txn-id and the url, or wait longer (--deadline)",
            Kind::Busy { .. } | Kind::TimedOut | Kind::Cut => "try again later",
            _ => return None,
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why())?;
        if self.words.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.words)
    }
}

impl std::error::Error for ApiError {}
