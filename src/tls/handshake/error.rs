//! Handshake errors, classified by OpenSSL's codes and not by its messages.

use std::io;

use openssl::ssl::{self, ErrorCode};

/// OpenSSL's reasons for alerts that were received start here (`SSL_AD_REASON_OFFSET`).
const ALERT_OFFSET: i32 = 1000;
/// `SSL_R_UNEXPECTED_EOF_WHILE_READING`
const UNEXPECTED_END: i32 = 294;

/// The kind of error, and OpenSSL's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeError {
    /// The kind of end.
    pub kind: HandshakeErrorKind,
    /// OpenSSL's or the system's words.
    pub raw: Option<String>,
}

/// The kinds of end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeErrorKind {
    /// The broker's certificate failed, so we ended it.
    BadCertificate,
    /// The other side sent an alert, by its number (RFC 8446, 6.2).
    Alert(u8),
    /// The other side closed or reset the connection.
    Closed,
    /// No (more) bytes within the timeout.
    Timeout,
    /// The received bytes are not TLS.
    NotTls,
    /// OpenSSL rejected the server's offer, such as an old version.
    Unsuitable,
    /// The received bytes are not a Kafka response.
    NotKafka,
    /// Our own settings cannot be used.
    Unprepared,
}

impl HandshakeError {
    /// An end with the words that a library or the system has for it.
    #[must_use]
    pub fn new(kind: HandshakeErrorKind, raw: Option<String>) -> HandshakeError {
        HandshakeError { kind, raw }
    }

    /// For a connection without TLS.
    #[must_use]
    pub fn from_io(error: &io::Error) -> HandshakeError {
        let kind = match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => HandshakeErrorKind::Timeout,
            _ => HandshakeErrorKind::Closed,
        };
        HandshakeError::new(kind, Some(error.to_string()))
    }
}

/// For a connection with TLS.
pub(in crate::tls) fn classify(error: &ssl::Error) -> HandshakeError {
    if let Some(io) = error.io_error() {
        return HandshakeError::from_io(io);
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
    let kind = match alert {
        Some(alert) => HandshakeErrorKind::Alert(alert),
        None if closed || reasons.contains(&UNEXPECTED_END) => HandshakeErrorKind::Closed,
        None => HandshakeErrorKind::Unsuitable,
    };
    HandshakeError::new(kind, raw)
}
