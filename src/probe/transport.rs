//! Transport of Kafka requests and responses over TLS or plain TCP, with limits of time and size.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::protocol::CORRELATION_ID;
use crate::tls::handshake::{MAX_FIRST_BYTES, Session};
use crate::tls::{HandshakeError, HandshakeErrorKind};

/// Larger than any response to the probe's requests.
const MAX_RESPONSE_BYTES: usize = 1 << 20;

/// An open connection.
pub(super) enum Transport {
    Tls(Box<Session>),
    Plain(TcpStream),
}

/// Why there is no valid response, and the first received bytes.
pub(super) struct ResponseError {
    pub(super) error: HandshakeError,
    pub(super) first_bytes: Vec<u8>,
}

impl Transport {
    /// Sends a request and returns the response without its length prefix.
    pub(super) fn send_request(
        &mut self,
        request: &[u8],
        deadline: Instant,
    ) -> Result<Vec<u8>, ResponseError> {
        // A broker that rejects the client may have closed the connection already; its alert is still read.
        let sent = self.send(request, deadline);
        let mut received = Vec::new();
        match self.read_response(&mut received, deadline) {
            Ok(response) => Ok(response),
            Err(error) => {
                received.truncate(MAX_FIRST_BYTES);
                let has_reply =
                    matches!(error.kind, HandshakeErrorKind::Alert(_)) || !received.is_empty();
                let error = match sent {
                    Err(first) if !has_reply => first,
                    _ => error,
                };
                Err(ResponseError {
                    error,
                    first_bytes: received,
                })
            }
        }
    }

    fn read_response(
        &mut self,
        received: &mut Vec<u8>,
        deadline: Instant,
    ) -> Result<Vec<u8>, HandshakeError> {
        loop {
            match parse_frame(received) {
                Frame::Complete(response) => return Ok(response),
                Frame::NotKafka => {
                    return Err(HandshakeError::new(HandshakeErrorKind::NotKafka, None));
                }
                Frame::Incomplete => self.receive(received, deadline)?,
            }
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), HandshakeError> {
        match self {
            Transport::Tls(session) => session.send(bytes, deadline),
            Transport::Plain(socket) => {
                let timeout = time_left(deadline)?;
                let sent = socket
                    .set_write_timeout(Some(timeout))
                    .and_then(|()| socket.write_all(bytes));
                sent.map_err(|error| HandshakeError::from_io(&error))
            }
        }
    }

    /// Appends the next bytes, at least one.
    ///
    /// # Errors
    /// `Timeout` after the deadline, `Closed` if the peer closed the connection, or a TLS or I/O error.
    pub(super) fn receive(
        &mut self,
        received: &mut Vec<u8>,
        deadline: Instant,
    ) -> Result<(), HandshakeError> {
        let mut buffer = [0; 4096];
        let count = match self {
            Transport::Tls(session) => session.receive(&mut buffer, deadline)?,
            Transport::Plain(socket) => {
                let timeout = time_left(deadline)?;
                let read = socket
                    .set_read_timeout(Some(timeout))
                    .and_then(|()| socket.read(&mut buffer));
                read.map_err(|error| HandshakeError::from_io(&error))?
            }
        };
        if count == 0 {
            return Err(HandshakeError::new(
                HandshakeErrorKind::Closed,
                Some("connection closed".to_owned()),
            ));
        }
        received.extend(buffer.iter().take(count));
        Ok(())
    }
}

fn time_left(deadline: Instant) -> Result<std::time::Duration, HandshakeError> {
    let time_left = deadline.saturating_duration_since(Instant::now());
    if time_left.is_zero() {
        return Err(HandshakeError::new(HandshakeErrorKind::Timeout, None));
    }
    Ok(time_left)
}

enum Frame {
    Complete(Vec<u8>),
    Incomplete,
    NotKafka,
}

/// A response begins with its length and the correlation id of the request.
fn parse_frame(received: &[u8]) -> Frame {
    let Some((length, rest)) = received.split_first_chunk() else {
        return Frame::Incomplete;
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let id = CORRELATION_ID.to_be_bytes();
    let matches_id = rest.iter().zip(&id).all(|(one, other)| one == other);
    if !(id.len()..=MAX_RESPONSE_BYTES).contains(&length) || !matches_id {
        return Frame::NotKafka;
    }
    rest.get(..length).map_or(Frame::Incomplete, |response| {
        Frame::Complete(response.to_vec())
    })
}
