//! Messages as records: of a queue, without a copy, or an owned copy in buffers that are reused.

use std::borrow::Cow;

use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};

use super::queue_ffi;
use crate::record::{Clock, Header, Place, Record, Timestamp};

/// The last message.
#[derive(Debug, Default)]
pub(super) struct OwnedMessage {
    partition: i32,
    offset: i64,
    timestamp: Option<Timestamp>,
    key: OptionalBytes,
    payload: OptionalBytes,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Bytes that may be absent; the buffer is reused in any case.
#[derive(Debug, Default)]
struct OptionalBytes {
    is_some: bool,
    buffer: Vec<u8>,
}

/// A buffer larger than this, in bytes, is freed before the next copy.
const MAX_REUSED_BUFFER_BYTES: usize = 4 << 20;

impl OwnedMessage {
    /// Partition and offset.
    pub(super) fn position(&self) -> (i32, i64) {
        (self.partition, self.offset)
    }
}

impl OptionalBytes {
    fn copy(&mut self, bytes: Option<&[u8]>) {
        self.buffer.clear();
        if self.buffer.capacity() > MAX_REUSED_BUFFER_BYTES {
            self.buffer = Vec::new();
        }
        self.is_some = bytes.is_some();
        self.buffer.extend_from_slice(bytes.unwrap_or_default());
    }

    fn as_slice(&self) -> Option<Cow<'_, [u8]>> {
        self.is_some.then_some(Cow::Borrowed(&self.buffer))
    }
}

impl OwnedMessage {
    /// Replaces the copy by a message.
    pub(super) fn copy(&mut self, message: &BorrowedMessage<'_>) {
        self.partition = message.partition();
        self.offset = message.offset();
        self.timestamp = timestamp(message.timestamp());
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

    /// Size of key and payload in bytes.
    pub(super) fn len(&self) -> usize {
        self.key.buffer.len() + self.payload.buffer.len()
    }

    /// The message as a record of a topic.
    pub(super) fn as_record<'a>(&'a self, topic: &'a str) -> Record<'a> {
        Record {
            place: Place::Offset {
                topic,
                partition: self.partition,
                offset: self.offset,
            },
            time: self.timestamp,
            leader_epoch: None,
            key: self.key.as_slice(),
            headers: self.headers.iter().map(as_header).collect(),
            payload: self.payload.as_slice(),
        }
    }
}

/// A message of a queue as a record of a topic.
pub(super) fn record<'a>(message: queue_ffi::Message<'a>, topic: &'a str) -> Record<'a> {
    let headers = message.headers().into_iter();
    Record {
        place: Place::Offset {
            topic,
            partition: message.partition(),
            offset: message.offset(),
        },
        time: message.timestamp(),
        leader_epoch: None,
        key: message.key().map(Cow::Borrowed),
        headers: headers
            .map(|(name, value)| Header {
                name: String::from_utf8_lossy(name),
                value: value.map(Cow::Borrowed),
            })
            .collect(),
        payload: message.payload().map(Cow::Borrowed),
    }
}

fn as_header((name, value): &(String, Option<Vec<u8>>)) -> Header<'_> {
    Header {
        name: Cow::Borrowed(name),
        value: value.as_deref().map(Cow::Borrowed),
    }
}

fn timestamp(timestamp: rdkafka::Timestamp) -> Option<Timestamp> {
    let (millis, clock) = match timestamp {
        rdkafka::Timestamp::NotAvailable => return None,
        rdkafka::Timestamp::CreateTime(millis) => (millis, Clock::Create),
        rdkafka::Timestamp::LogAppendTime(millis) => (millis, Clock::LogAppend),
    };
    Some(Timestamp { millis, clock })
}
