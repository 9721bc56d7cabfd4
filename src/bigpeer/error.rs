//! Typed errors of the HTTP API, with the server's own message.

use std::fmt;
use std::io;
use std::time::Duration;

use super::proxy::ProxyError;

/// Why a request failed.
#[derive(Debug)]
pub struct ApiError {
    /// The kind of error.
    pub kind: ApiErrorKind,
    /// The HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The message of the server or the library, without the key; not escaped for a terminal.
    pub message: String,
}

/// The kinds of [`ApiError`].
#[derive(Debug)]
pub enum ApiErrorKind {
    /// 401: the key is wrong.
    RefusedKey,
    /// 403: the key is valid, but does not allow this.
    Forbidden,
    /// 400, or an error about the statement in a 200.
    BadQuery,
    /// 404: the server is before the minimum transaction or has garbage-collected it, or the path is wrong.
    NotFound,
    /// 405, 410, 501: the server does not have this interface, or no longer has it.
    NoInterface,
    /// 404 or an older response: the server has not reached the minimum transaction yet.
    TransactionNotReached,
    /// 413, or a message with that meaning. A smaller page may succeed.
    TooLarge,
    /// 421: the connection belongs to a server that is not responsible for the host. Retriable on a new connection.
    Misdirected,
    /// 425, 429, 500, 502, 503 and similar ones. Retriable.
    Busy {
        /// `Retry-After`.
        after: Option<Duration>,
    },
    /// 408, or a timeout of this client. Retriable; a smaller page may succeed.
    TimedOut,
    /// The body or the connection ended early. Retriable; a smaller page may succeed.
    Truncated,
    /// No server at this name, address or port. Retriable.
    Unreachable,
    /// The proxy that the environment sets does not connect to the server. Retriable unless it requires a login.
    Proxy(ProxyError),
    /// The server's certificate was rejected, or TLS failed otherwise.
    Tls,
    /// A 2xx whose body is not a DQL response.
    NotDql,
    /// A 2xx without a body.
    Empty,
    /// A body in an encoding that was not requested, such as `gzip` or `UTF-16`.
    Encoded(String),
    /// A response without `items`, or with `items` that are not an array: no rows would be taken for an empty result.
    NoRows,
    /// A redirect that is not followed, because it would send the key to another host.
    Redirected,
    /// Any other status, or any other error in a 200.
    Failed,
    /// The rows could not be written.
    Sink(io::Error),
}

impl ApiError {
    /// An error without an HTTP status.
    #[must_use]
    pub fn new(kind: ApiErrorKind, message: impl Into<String>) -> Self {
        ApiError {
            kind,
            status: None,
            message: message.into(),
        }
    }

    /// Whether the request can be retried, and the pause that the server requests.
    #[must_use]
    pub fn retry(&self) -> Option<Option<Duration>> {
        match self.kind {
            ApiErrorKind::Busy { after } => Some(after),
            ApiErrorKind::Proxy(ref error) if error.is_permanent() => None,
            ApiErrorKind::TimedOut
            | ApiErrorKind::Truncated
            | ApiErrorKind::Unreachable
            | ApiErrorKind::Proxy(_)
            | ApiErrorKind::Misdirected
            | ApiErrorKind::TransactionNotReached => Some(None),
            _ => None,
        }
    }

    /// Whether a smaller page may succeed.
    #[must_use]
    pub fn suggests_smaller_page(&self) -> bool {
        matches!(
            self.kind,
            ApiErrorKind::TooLarge | ApiErrorKind::TimedOut | ApiErrorKind::Truncated
        )
    }

    /// Whether the server does not know a function or clause of the statement.
    #[must_use]
    pub fn is_unknown_to_server(&self) -> bool {
        let message = self.message.to_lowercase();
        let about = [
            "function",
            "unexpected token",
            "parser error",
            "not supported",
            "unsupported",
            "syntax",
        ];
        // "Floats are not supported in document IDs" is about a value.
        matches!(self.kind, ApiErrorKind::BadQuery | ApiErrorKind::Failed)
            && !message.contains("document id")
            && about.iter().any(|about| message.contains(about))
    }

    /// A message that can follow "querying …: ".
    #[must_use]
    pub fn summary(&self) -> String {
        let status = |text: &str| {
            self.status.map_or_else(
                || text.to_owned(),
                |status| format!("{text} (HTTP {status})"),
            )
        };
        match &self.kind {
            ApiErrorKind::RefusedKey => status("the server refused the API key"),
            ApiErrorKind::Forbidden => status("the API key does not allow this"),
            ApiErrorKind::BadQuery => status("the server refused the statement"),
            ApiErrorKind::NotFound => status("not found on this server"),
            ApiErrorKind::NoInterface => status("the server does not have this interface"),
            ApiErrorKind::TransactionNotReached => {
                status("the server has not reached the requested transaction")
            }
            ApiErrorKind::TooLarge => status("the result is too large for the server"),
            ApiErrorKind::Busy { .. } => status("the server is busy or failed"),
            ApiErrorKind::Misdirected => {
                status("the connection belongs to a server that is not responsible for this host")
            }
            ApiErrorKind::Proxy(error) => error.to_string(),
            ApiErrorKind::TimedOut => status("no response in time"),
            ApiErrorKind::Truncated => "the response was cut off".to_owned(),
            ApiErrorKind::Unreachable => "no server responds there".to_owned(),
            ApiErrorKind::Tls => "the TLS connection failed".to_owned(),
            ApiErrorKind::NotDql => {
                status("the response is not from Ditto: a proxy or sign-on page may have responded")
            }
            ApiErrorKind::Empty => status("the response is empty, which is no answer to a query"),
            ApiErrorKind::Encoded(coding) => status(&format!(
                "the response is encoded with {coding}, although the request accepts only plain UTF-8; a proxy may have done this"
            )),
            ApiErrorKind::NoRows => status(
                "the response has no rows: its `items` are missing or not an array, which is not a valid response",
            ),
            ApiErrorKind::Redirected => {
                status("the server redirects to another address, to which the key is not sent")
            }
            ApiErrorKind::Failed => status("the server reported an error"),
            ApiErrorKind::Sink(error) => format!("writing the documents failed: {error}"),
        }
    }

    /// What to do next, if known.
    #[must_use]
    pub fn fix(&self) -> Option<&'static str> {
        Some(match &self.kind {
            ApiErrorKind::RefusedKey => {
                "check the API key: the portal shows it only once; it may have been revoked, or belong to another app"
            }
            ApiErrorKind::Forbidden => {
                "use a key that can read every collection, or name the collections that this key can read"
            }
            ApiErrorKind::NotFound | ApiErrorKind::NoInterface => {
                "check the url: the host, then the app's id; older servers may need --api-version v4"
            }
            ApiErrorKind::Unreachable => {
                "check the url and the network: host name, firewall, proxy"
            }
            ApiErrorKind::Tls => {
                "the server's certificate is verified with the system's root certificates (SSL_CERT_FILE selects others)"
            }
            ApiErrorKind::NotDql => {
                "check the url; if a proxy or sign-on page is in between, ask its administrator for access"
            }
            ApiErrorKind::Proxy(error) => error.fix(),
            ApiErrorKind::Misdirected => {
                "try again later; if it does not change, check the url, and ask for the routing of the proxy in front of the server"
            }
            ApiErrorKind::Empty | ApiErrorKind::Encoded(_) | ApiErrorKind::NoRows => {
                "see what the server sends with --as-curl; if a proxy is in between, try without it"
            }
            ApiErrorKind::Redirected => "if that is where the API is, give it as --url",
            ApiErrorKind::TransactionNotReached => {
                "check --txn-id and the url, or wait longer (--deadline)"
            }
            ApiErrorKind::Busy { .. } | ApiErrorKind::TimedOut | ApiErrorKind::Truncated => {
                "try again later"
            }
            _ => return None,
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        if self.message.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ApiError {}
