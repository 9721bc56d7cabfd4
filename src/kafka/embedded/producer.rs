//! The producer of the embedded broker.

use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};

use crate::util::mutex::lock;

/// 100 MiB: the largest message that Ditto writes.
const MAX_MESSAGE_BYTES: &str = "104857600";
const FLUSH_TIMEOUT: Duration = Duration::from_secs(10);

/// A record to write.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProducerRecord<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition; `None` derives it from the key.
    pub partition: Option<i32>,
    /// The message key.
    pub key: Option<&'a [u8]>,
    /// The payload; `None` writes a tombstone.
    pub payload: Option<&'a [u8]>,
    /// Header names and values; `None` is a null value.
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
    /// Milliseconds since 1970-01-01 UTC; `None` is now.
    pub time_millis: Option<i64>,
}

/// A producer of one broker.
pub(super) struct Writer(BaseProducer<DeliveryReports>);

impl Writer {
    /// `connection` has the settings to connect.
    pub(super) fn connect(mut connection: ClientConfig) -> anyhow::Result<Writer> {
        let producer = connection
            .set("compression.type", "lz4")
            .set("message.max.bytes", MAX_MESSAGE_BYTES)
            .create_with_context(DeliveryReports::default());
        Ok(Writer(
            producer.context("starting the producer of the embedded broker")?,
        ))
    }

    /// Queues a record; waits for space if the queue is full.
    pub(super) fn send(&self, record: &ProducerRecord<'_>) -> anyhow::Result<()> {
        let mut wanted = record.to_kafka();
        loop {
            self.0.poll(Duration::ZERO);
            match self.0.send(wanted) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    wanted = back;
                    self.0.poll(Duration::from_millis(10));
                }
                Err((error, _)) => {
                    return Err(error).with_context(|| format!("writing to {}", record.topic));
                }
            }
        }
    }

    pub(super) fn flush(&self) -> anyhow::Result<()> {
        let flushed = self.0.flush(FLUSH_TIMEOUT);
        flushed.context("waiting for the embedded broker to take the records")?;
        match self.0.client().context().take() {
            Some(error) => Err(error).context("writing to the embedded broker"),
            None => Ok(()),
        }
    }
}

impl<'a> ProducerRecord<'a> {
    fn to_kafka(self) -> BaseRecord<'a, [u8], [u8]> {
        let mut record = BaseRecord::to(self.topic);
        record.partition = self.partition;
        record.key = self.key;
        record.payload = self.payload;
        record.timestamp = self.time_millis;
        if !self.headers.is_empty() {
            record.headers = Some(self.kafka_headers());
        }
        record
    }

    fn kafka_headers(self) -> OwnedHeaders {
        let empty = OwnedHeaders::new_with_capacity(self.headers.len());
        self.headers.iter().fold(empty, |headers, (key, value)| {
            headers.insert(Header { key, value: *value })
        })
    }
}

/// Stores the first delivery error, because the producer does not.
#[derive(Default)]
struct DeliveryReports(Mutex<Option<KafkaError>>);

impl DeliveryReports {
    fn take(&self) -> Option<KafkaError> {
        lock(&self.0).take()
    }
}

impl ClientContext for DeliveryReports {}

impl ProducerContext for DeliveryReports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let mut first = lock(&self.0);
            first.get_or_insert_with(|| error.clone());
        }
    }
}
