//! Transport of a request and its response, over TLS or plain TCP, bounded in time and size.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::protocol::CORRELATION;
use crate::tls::handshake::Session;
use crate::tls::{HandshakeError, HandshakeErrorKind};

/// More than any response to these requests.
const MAX_RESPONSE_BYTES: usize = 1 << 20;
const MAX_SHOWN_BYTES: usize = 64;

/// A connection.
pub(super) enum Transport {
    Tls(Box<Session>),
    Plain(TcpStream),
}

/// Why there is no response, and the first received bytes.
pub(super) struct ResponseError {
    pub(super) error: HandshakeError,
    pub(super) first_bytes: Vec<u8>,
}

impl Transport {
    /// The answer without its length.
    pub(super) fn send_request(
        &mut self,
        question: &[u8],
        end: Instant,
    ) -> Result<Vec<u8>, ResponseError> {
        // A broker that refuses us may have closed already; its last message is still read.
        let sent = self.send(question, end);
        let mut received = Vec::new();
        match self.answer(&mut received, end) {
            Ok(answer) => Ok(answer),
            Err(error) => {
                received.truncate(MAX_SHOWN_BYTES);
                let told =
                    matches!(error.kind, HandshakeErrorKind::Alert(_)) || !received.is_empty();
                let error = match sent {
                    Err(first) if !told => first,
                    _ => error,
                };
                Err(ResponseError {
                    error,
                    first_bytes: received,
                })
            }
        }
    }

    fn answer(&mut self, received: &mut Vec<u8>, end: Instant) -> Result<Vec<u8>, HandshakeError> {
        loop {
            match frame_state(received) {
                FrameState::Whole(answer) => return Ok(answer),
                FrameState::Foreign => {
                    return Err(HandshakeError::new(HandshakeErrorKind::NotKafka, None));
                }
                FrameState::Short => self.receive(received, end)?,
            }
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8], end: Instant) -> Result<(), HandshakeError> {
        match self {
            Transport::Tls(session) => session.send(bytes, end),
            Transport::Plain(socket) => {
                let limit = time_left(end)?;
                let sent = socket
                    .set_write_timeout(Some(limit))
                    .and_then(|()| socket.write_all(bytes));
                sent.map_err(|error| HandshakeError::from_io(&error))
            }
        }
    }

    /// Appends the next bytes.
    pub(super) fn receive(
        &mut self,
        received: &mut Vec<u8>,
        end: Instant,
    ) -> Result<(), HandshakeError> {
        let mut buffer = [0; 4096];
        let count = match self {
            Transport::Tls(session) => session.receive(&mut buffer, end)?,
            Transport::Plain(socket) => {
                let limit = time_left(end)?;
                let read = socket
                    .set_read_timeout(Some(limit))
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

fn time_left(end: Instant) -> Result<std::time::Duration, HandshakeError> {
    let time_left = end.saturating_duration_since(Instant::now());
    if time_left.is_zero() {
        return Err(HandshakeError::new(HandshakeErrorKind::Timeout, None));
    }
    Ok(time_left)
}

enum FrameState {
    Whole(Vec<u8>),
    Short,
    Foreign,
}

/// An answer begins with its length and with the question's number; anything else is none of Kafka's.
fn frame_state(received: &[u8]) -> FrameState {
    let Some((length, rest)) = received.split_first_chunk() else {
        return FrameState::Short;
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let number = CORRELATION.to_be_bytes();
    let begins = rest.iter().zip(&number).all(|(one, other)| one == other);
    if !(number.len()..=MAX_RESPONSE_BYTES).contains(&length) || !begins {
        return FrameState::Foreign;
    }
    rest.get(..length).map_or(FrameState::Short, |answer| {
        FrameState::Whole(answer.to_vec())
    })
}
