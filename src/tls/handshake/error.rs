//! How a connection to a broker ended, told apart by OpenSSL's codes and not by its words.
//! What that means for a person is left to `check`.

use std::io;

use openssl::ssl::{self, ErrorCode};

/// OpenSSL's reasons for alerts that were received start here (`SSL_AD_REASON_OFFSET`).
const ALERT_OFFSET: i32 = 1000;
/// `SSL_R_UNEXPECTED_EOF_WHILE_READING`
const UNEXPECTED_END: i32 = 294;

/// How a connection ended, and the raw words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The kind of end.
    pub ending: Ending,
    /// OpenSSL's or the system's words.
    pub raw: Option<String>,
}

/// The kinds of end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The broker's certificate failed, so we ended it.
    BadCertificate,
    /// The other side sent an alert, by its number (RFC 8446, 6.2).
    Alert(u8),
    /// The other side closed or reset the connection.
    Closed,
    /// Nothing (more) came within the limit.
    Silent,
    /// What came is no TLS.
    NotTls,
    /// OpenSSL would not go on with what the other side offered, such as an old version.
    Unsuitable,
    /// Something came that is no answer of Kafka's.
    NotKafka,
    /// Our own settings cannot be used.
    Unprepared,
}

impl Broken {
    /// An end with the words that a library or the system has for it.
    #[must_use]
    pub fn new(ending: Ending, raw: Option<String>) -> Broken {
        Broken { ending, raw }
    }

    /// For a connection without TLS.
    #[must_use]
    pub fn of_io(error: &io::Error) -> Broken {
        let ending = match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Ending::Silent,
            _ => Ending::Closed,
        };
        Broken::new(ending, Some(error.to_string()))
    }
}

/// For a connection with TLS.
pub(in crate::tls) fn broken(error: &ssl::Error) -> Broken {
    if let Some(io) = error.io_error() {
        return Broken::of_io(io);
    }
    let raw = Some(error.to_string());
    let reasons: Vec<i32> = error
        .ssl_error()
        .map(|stack| {
            stack
                .errors()
                .iter()
                .map(openssl::error::Error::reason_code)
                .collect()
        })
        .unwrap_or_default();
    let alert = reasons
        .iter()
        .find_map(|reason| u8::try_from(reason - ALERT_OFFSET).ok());
    let closed = [ErrorCode::ZERO_RETURN, ErrorCode::SYSCALL].contains(&error.code());
    let ending = match alert {
        Some(alert) => Ending::Alert(alert),
        None if closed || reasons.contains(&UNEXPECTED_END) => Ending::Closed,
        None => Ending::Unsuitable,
    };
    Broken::new(ending, raw)
}
