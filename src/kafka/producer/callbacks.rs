//! Callbacks of the producer: delivery reports, errors and log lines.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};

use crate::util::mutex::lock;
use crate::util::repeats::RepeatFilter;

/// Capacity of the queue: the oldest events are dropped first.
const MAX_EVENTS: usize = 1000;

/// Facilities whose log lines repeat an error, or are about a retry.
const REPEATED_FACILITIES: [&str; 8] = [
    "FAIL", "ERROR", "FATAL", "REQTMOUT", "TXNERR", "TXNABORT", "ADDPARTS", "GETPID",
];

/// One callback.
pub(super) enum ProducerEvent {
    /// An error of the client, with the library's message.
    Error(RDKafkaErrorCode, String),
    /// A log line.
    Log(String),
}

/// A record that was not delivered.
#[derive(Debug, Clone)]
pub(super) struct Undelivered {
    /// The number that it was sent with.
    pub number: usize,
    pub topic: String,
    pub code: RDKafkaErrorCode,
}

/// What the callbacks leave for the next poll.
pub(super) struct Callbacks {
    verbose: bool,
    events: Mutex<VecDeque<ProducerEvent>>,
    repeats: Mutex<RepeatFilter>,
    queued_bytes: AtomicUsize,
    /// The first one of the transaction whose error is not only a consequence of another one.
    undelivered: Mutex<Option<Undelivered>>,
}

impl Callbacks {
    pub(super) fn new(verbose: bool) -> Callbacks {
        Callbacks {
            verbose,
            events: Mutex::default(),
            repeats: Mutex::default(),
            queued_bytes: AtomicUsize::new(0),
            undelivered: Mutex::default(),
        }
    }

    /// Removes the oldest event.
    pub(super) fn take(&self) -> Option<ProducerEvent> {
        lock(&self.events).pop_front()
    }

    /// Counts a record that was queued.
    pub(super) fn add_queued(&self, bytes: usize) {
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of the records that the brokers have not acknowledged.
    pub(super) fn queued_bytes(&self) -> usize {
        self.queued_bytes.load(Ordering::Relaxed)
    }

    /// The record that was not delivered, if there is one.
    pub(super) fn undelivered(&self) -> Option<Undelivered> {
        lock(&self.undelivered).clone()
    }

    /// Forgets the undelivered record of an aborted transaction.
    pub(super) fn forget_undelivered(&self) {
        lock(&self.undelivered).take();
    }

    fn push(&self, event: ProducerEvent) {
        let mut queue = lock(&self.events);
        if queue.len() >= MAX_EVENTS {
            queue.pop_front();
        }
        queue.push_back(event);
    }
}

/// Size of a record in the producer's queue, without its headers.
pub(super) fn record_bytes(key: Option<&[u8]>, payload: Option<&[u8]>) -> usize {
    key.map_or(0, <[u8]>::len) + payload.map_or(0, <[u8]>::len)
}

/// Whether an error only says that the transaction had failed before.
fn is_consequence(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight
    )
}

impl ClientContext for Callbacks {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, line: &str) {
        if !self.verbose && REPEATED_FACILITIES.contains(&facility) {
            return;
        }
        let line = format!("{facility}: {line}");
        if self.verbose || lock(&self.repeats).shows(&line, Instant::now()) {
            self.push(ProducerEvent::Log(line));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(code) = error.rdkafka_error_code() {
            self.push(ProducerEvent::Error(code, reason.to_owned()));
        }
    }
}

impl ProducerContext for Callbacks {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let message = match result {
            Ok(message) => message,
            Err((error, message)) => {
                let code = error.rdkafka_error_code();
                let mut first = lock(&self.undelivered);
                if let Some(code) = code.filter(|code| first.is_none() && !is_consequence(*code)) {
                    let topic = message.topic().to_owned();
                    *first = Some(Undelivered {
                        number,
                        topic,
                        code,
                    });
                }
                message
            }
        };
        let bytes = record_bytes(message.key(), message.payload());
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}
