//! Handshake errors, classified by OpenSSL's codes, because its messages can change.

use std::io;

use openssl::ssl::{self, ErrorCode};

/// OpenSSL's reasons for alerts that were received start here (`SSL_AD_REASON_OFFSET`).
const ALERT_OFFSET: i32 = 1000;
/// `SSL_R_UNEXPECTED_EOF_WHILE_READING`
const UNEXPECTED_EOF: i32 = 294;

/// Why a handshake or a connection failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeError {
    /// The kind of error.
    pub kind: HandshakeErrorKind,
    /// The message of OpenSSL or of the operating system.
    pub raw: Option<String>,
}

/// The kinds of handshake error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeErrorKind {
    /// The broker's certificate failed verification, so the client ended the handshake.
    BadCertificate,
    /// The peer sent an alert with this number (RFC 8446, 6.2).
    Alert(u8),
    /// The peer closed or reset the connection.
    Closed,
    /// No bytes, or no further bytes, arrived before the timeout.
    Timeout,
    /// The received bytes are not TLS.
    NotTls,
    /// OpenSSL rejected the server's parameters, such as an old version.
    Incompatible,
    /// The received bytes are not a Kafka response.
    NotKafka,
    /// The client's own settings are invalid.
    InvalidConfig,
}

impl HandshakeError {
    /// With the message of a library or of the operating system.
    #[must_use]
    pub fn new(kind: HandshakeErrorKind, raw: Option<String>) -> HandshakeError {
        HandshakeError { kind, raw }
    }

    /// From an I/O error of the socket.
    #[must_use]
    pub fn from_io(error: &io::Error) -> HandshakeError {
        let kind = match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => HandshakeErrorKind::Timeout,
            _ => HandshakeErrorKind::Closed,
        };
        HandshakeError::new(kind, Some(error.to_string()))
    }
}

/// Classifies an OpenSSL error.
pub(super) fn classify(error: &ssl::Error) -> HandshakeError {
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
        None if closed || reasons.contains(&UNEXPECTED_EOF) => HandshakeErrorKind::Closed,
        None => HandshakeErrorKind::Incompatible,
    };
    HandshakeError::new(kind, raw)
}
