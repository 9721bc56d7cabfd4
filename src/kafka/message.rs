//! One message, copied out of the client library into buffers that are used again.
//! The copy lends itself as a `Record`; nothing of the library's types leaves this folder.

use std::borrow::Cow;

use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};

use crate::record::{Clock, Header, Place, Record, Timestamp};

/// The last message.
#[derive(Debug, Default)]
pub(super) struct Copied {
    partition: i32,
    offset: i64,
    time: Option<Timestamp>,
    key: Bytes,
    payload: Bytes,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Bytes that may be absent; the buffer stays when they are.
#[derive(Debug, Default)]
struct Bytes {
    there: bool,
    buffer: Vec<u8>,
}

/// A buffer that one large message stretched further than this is let go after it.
const KEPT: usize = 4 << 20;

impl Bytes {
    fn copy(&mut self, bytes: Option<&[u8]>) {
        self.buffer.clear();
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
        self.there = bytes.is_some();
        self.buffer.extend_from_slice(bytes.unwrap_or_default());
    }

    fn lend(&self) -> Option<Cow<'_, [u8]>> {
        self.there.then_some(Cow::Borrowed(&self.buffer))
    }
}

impl Copied {
    /// Takes over a message.
    pub(super) fn copy(&mut self, message: &BorrowedMessage<'_>) {
        self.partition = message.partition();
        self.offset = message.offset();
        self.time = time(message.timestamp());
        self.key.copy(message.key());
        self.payload.copy(message.payload());
        self.headers.clear();
        if let Some(headers) = message.headers() {
            let pairs = headers
                .iter()
                .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)));
            self.headers.extend(pairs);
        }
    }

    /// The size of what was copied, in bytes.
    pub(super) fn len(&self) -> usize {
        self.key.buffer.len() + self.payload.buffer.len()
    }

    /// The message as a record of a topic.
    pub(super) fn lend<'a>(&'a self, topic: &'a str) -> Record<'a> {
        Record {
            place: Place::Offset {
                topic,
                partition: self.partition,
                offset: self.offset,
            },
            time: self.time,
            key: self.key.lend(),
            headers: self.headers.iter().map(lend_header).collect(),
            payload: self.payload.lend(),
        }
    }
}

fn lend_header((name, value): &(String, Option<Vec<u8>>)) -> Header<'_> {
    Header {
        name: Cow::Borrowed(name),
        value: value.as_deref().map(Cow::Borrowed),
    }
}

fn time(timestamp: rdkafka::Timestamp) -> Option<Timestamp> {
    let (millis, clock) = match timestamp {
        rdkafka::Timestamp::NotAvailable => return None,
        rdkafka::Timestamp::CreateTime(millis) => (millis, Clock::Create),
        rdkafka::Timestamp::LogAppendTime(millis) => (millis, Clock::LogAppend),
    };
    Some(Timestamp { millis, clock })
}
