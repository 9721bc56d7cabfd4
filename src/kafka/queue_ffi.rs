//! The queue of one partition: several messages at once, without a copy. The safe wrapper returns one message at a time.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_void};
use std::ptr;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as library;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;

use crate::record::{Clock, Timestamp};

/// A queue of the client library, and the messages that were taken out of it together.
pub(super) struct MessageQueue<C: ConsumerContext> {
    queue: *mut library::rd_kafka_queue_t,
    /// Taken messages; those before `next` are destroyed.
    taken: Vec<*mut library::rd_kafka_message_t>,
    next: usize,
    /// The client must outlive the queue and its messages.
    _client: Arc<BaseConsumer<C>>,
}

// SAFETY: librdkafka's queues and messages can be used and destroyed by any thread, and only one has them at a time.
unsafe impl<C: ConsumerContext> Send for MessageQueue<C> {}

/// A message that was taken, valid until the next call.
#[derive(Clone, Copy)]
pub(super) struct Message<'m>(&'m library::rd_kafka_message_t);

impl<C: ConsumerContext> MessageQueue<C> {
    /// The queue of one partition, which is no longer delivered by the consumer's own queue. `None` if the name cannot be
    /// a topic's.
    pub(super) fn of_partition(
        client: &Arc<BaseConsumer<C>>,
        topic: &str,
        partition: i32,
    ) -> Option<MessageQueue<C>> {
        let name = CString::new(topic).ok()?;
        let native = client.client().native_ptr();
        // SAFETY: the client is alive, and librdkafka copies the name. Without a target, a queue keeps its messages.
        let queue = unsafe {
            let queue = library::rd_kafka_queue_get_partition(native, name.as_ptr(), partition);
            if queue.is_null() {
                return None;
            }
            library::rd_kafka_queue_forward(queue, ptr::null_mut());
            queue
        };
        Some(MessageQueue {
            queue,
            taken: Vec::new(),
            next: 0,
            _client: Arc::clone(client),
        })
    }

    /// The first message that was taken and not removed.
    pub(super) fn first(&self) -> Option<Message<'_>> {
        let message = *self.taken.get(self.next)?;
        // SAFETY: messages from `next` on are alive, and nothing changes them.
        unsafe { message.as_ref() }.map(Message)
    }

    /// Removes the first message.
    pub(super) fn remove_first(&mut self) {
        if let Some(message) = self.taken.get(self.next) {
            self.next += 1;
            // SAFETY: taken once, destroyed once.
            unsafe { library::rd_kafka_message_destroy(*message) };
        }
    }

    /// Takes up to `count` messages if none is left; waits at most `wait` for the first of them.
    pub(super) fn fill(&mut self, count: usize, wait: Duration) {
        if self.next < self.taken.len() {
            return;
        }
        self.take(count, Duration::ZERO);
        if self.taken.is_empty() && !wait.is_zero() {
            // With a larger count, the library waits until that many have arrived.
            self.take(1, wait);
        }
    }

    fn take(&mut self, count: usize, wait: Duration) {
        let wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        self.next = 0;
        self.taken.clear();
        self.taken.resize(count, ptr::null_mut());
        // SAFETY: the queue is alive, and the buffer has room for `count` messages.
        let taken = unsafe {
            library::rd_kafka_consume_batch_queue(
                self.queue,
                wait_ms,
                self.taken.as_mut_ptr(),
                count,
            )
        };
        // -1 is an error of the arguments.
        self.taken.truncate(usize::try_from(taken).unwrap_or(0));
    }
}

impl<C: ConsumerContext> Drop for MessageQueue<C> {
    fn drop(&mut self) {
        while self.next < self.taken.len() {
            self.remove_first();
        }
        // SAFETY: made in `of_partition`, destroyed once; the client drops after it.
        unsafe { library::rd_kafka_queue_destroy(self.queue) }
    }
}

impl<'m> Message<'m> {
    /// The error that the library delivers instead of a message, such as the end of a partition.
    pub(super) fn error(self) -> Option<RDKafkaErrorCode> {
        let code = RDKafkaErrorCode::from(self.0.err);
        (code != RDKafkaErrorCode::NoError).then_some(code)
    }

    pub(super) fn partition(self) -> i32 {
        self.0.partition
    }

    pub(super) fn offset(self) -> i64 {
        self.0.offset
    }

    /// The payload; of an error its text.
    pub(super) fn payload(self) -> Option<&'m [u8]> {
        // SAFETY: the library owns these bytes as long as the message.
        unsafe { bytes(self.0.payload, self.0.len) }
    }

    pub(super) fn key(self) -> Option<&'m [u8]> {
        // SAFETY: as in `payload`.
        unsafe { bytes(self.0.key, self.0.key_len) }
    }

    pub(super) fn timestamp(self) -> Option<Timestamp> {
        use library::rd_kafka_timestamp_type_t as Kind;
        let mut kind = Kind::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is alive.
        let millis = unsafe { library::rd_kafka_message_timestamp(self.0, &raw mut kind) };
        let clock = match kind {
            Kind::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE => return None,
            Kind::RD_KAFKA_TIMESTAMP_CREATE_TIME => Clock::Create,
            Kind::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => Clock::LogAppend,
        };
        (millis != -1).then_some(Timestamp { millis, clock })
    }

    /// Names and values of the headers, in their order.
    pub(super) fn headers(self) -> Vec<(&'m [u8], Option<&'m [u8]>)> {
        let mut list = ptr::null_mut();
        let mut headers = Vec::new();
        // SAFETY: the message is alive, and owns the list and all that is read from it.
        unsafe {
            let code = library::rd_kafka_message_headers(self.0, &raw mut list);
            if RDKafkaErrorCode::from(code) != RDKafkaErrorCode::NoError {
                return headers;
            }
            let (mut name, mut value, mut length) = (ptr::null(), ptr::null(), 0);
            loop {
                let (name, value, length) = (&raw mut name, &raw mut value, &raw mut length);
                let code =
                    library::rd_kafka_header_get_all(list, headers.len(), name, value, length);
                if RDKafkaErrorCode::from(code) != RDKafkaErrorCode::NoError {
                    return headers;
                }
                headers.push((CStr::from_ptr(*name).to_bytes(), bytes(*value, *length)));
            }
        }
    }
}

/// # Safety
/// `start` is null, or the start of `length` bytes that live as long as `'b`.
unsafe fn bytes<'b>(start: *const c_void, length: usize) -> Option<&'b [u8]> {
    if start.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    Some(unsafe { slice::from_raw_parts(start.cast(), length) })
}
