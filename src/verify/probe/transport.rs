//! One question to a broker and its answer, over TLS or without, bounded in time and size.
//! What is asked is left to `wire`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::protocol::CORRELATION;
use crate::tls::handshake::Session;
use crate::tls::{Broken, Ending};

/// More than any answer to the few questions that are asked.
const ANSWER_BYTES: usize = 1 << 20;
const SHOWN_BYTES: usize = 64;

/// A connection.
pub(super) enum Line {
    Tls(Box<Session>),
    Plain(TcpStream),
}

/// Why there is no answer, and the first bytes if there were any.
pub(super) struct NoAnswer {
    pub(super) broken: Broken,
    pub(super) first_bytes: Vec<u8>,
}

impl Line {
    /// The answer without its length.
    pub(super) fn ask(&mut self, question: &[u8], end: Instant) -> Result<Vec<u8>, NoAnswer> {
        // A broker that refuses us may have closed already; what it said is still to be read.
        let sent = self.send(question, end);
        let mut received = Vec::new();
        match self.answer(&mut received, end) {
            Ok(answer) => Ok(answer),
            Err(broken) => {
                received.truncate(SHOWN_BYTES);
                let told = matches!(broken.ending, Ending::Alert(_)) || !received.is_empty();
                let broken = match sent {
                    Err(first) if !told => first,
                    _ => broken,
                };
                Err(NoAnswer {
                    broken,
                    first_bytes: received,
                })
            }
        }
    }

    fn answer(&mut self, received: &mut Vec<u8>, end: Instant) -> Result<Vec<u8>, Broken> {
        loop {
            match framed(received) {
                Framed::Whole(answer) => return Ok(answer),
                Framed::Foreign => return Err(Broken::new(Ending::NotKafka, None)),
                Framed::Short => self.more(received, end)?,
            }
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8], end: Instant) -> Result<(), Broken> {
        match self {
            Line::Tls(session) => session.send(bytes, end),
            Line::Plain(socket) => {
                let limit = left(end)?;
                let sent = socket
                    .set_write_timeout(Some(limit))
                    .and_then(|()| socket.write_all(bytes));
                sent.map_err(|error| Broken::of_io(&error))
            }
        }
    }

    /// Adds what comes next.
    pub(super) fn more(&mut self, received: &mut Vec<u8>, end: Instant) -> Result<(), Broken> {
        let mut buffer = [0; 4096];
        let count = match self {
            Line::Tls(session) => session.receive(&mut buffer, end)?,
            Line::Plain(socket) => {
                let limit = left(end)?;
                let read = socket
                    .set_read_timeout(Some(limit))
                    .and_then(|()| socket.read(&mut buffer));
                read.map_err(|error| Broken::of_io(&error))?
            }
        };
        if count == 0 {
            return Err(Broken::new(
                Ending::Closed,
                Some("connection closed".to_owned()),
            ));
        }
        received.extend(buffer.iter().take(count));
        Ok(())
    }
}

fn left(end: Instant) -> Result<std::time::Duration, Broken> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Broken::new(Ending::Silent, None));
    }
    Ok(left)
}

enum Framed {
    Whole(Vec<u8>),
    Short,
    Foreign,
}

/// An answer begins with its length and with the question's number; anything else is none of Kafka's.
fn framed(received: &[u8]) -> Framed {
    let Some((length, rest)) = received.split_first_chunk() else {
        return Framed::Short;
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let number = CORRELATION.to_be_bytes();
    let begins = rest.iter().zip(&number).all(|(one, other)| one == other);
    if !(number.len()..=ANSWER_BYTES).contains(&length) || !begins {
        return Framed::Foreign;
    }
    rest.get(..length)
        .map_or(Framed::Short, |answer| Framed::Whole(answer.to_vec()))
}
