//! A producer for messages in bulk and in transactions, which fails if the broker rejects one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::Kafka;

const TIMEOUT: Duration = Duration::from_secs(60);

/// One message to write.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The partition, counted from 0.
    pub partition: i32,
    /// The key; `None` writes none.
    pub key: Option<Vec<u8>>,
    /// The payload; `None` writes a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Milliseconds since 1970-01-01 UTC; `None` is now.
    pub millis: Option<i64>,
    /// Headers in their order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Message {
    /// A message with a payload for a partition.
    pub fn to(partition: i32, payload: impl Into<Vec<u8>>) -> Message {
        Message {
            partition,
            payload: Some(payload.into()),
            ..Message::default()
        }
    }
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionEnd {
    /// Its messages are visible.
    Commit,
    /// Its messages are in the log, but not visible to consumers.
    Abort,
}

/// A transaction without an end.
pub struct OpenTransaction(BaseProducer<DeliveryReports>);

/// The number of messages that the broker rejected.
#[derive(Default)]
struct RejectedCount(AtomicU64);

struct DeliveryReports(Arc<RejectedCount>);

impl ClientContext for DeliveryReports {}

impl ProducerContext for DeliveryReports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Kafka {
    /// Writes messages, and waits until the broker has stored all of them.
    pub fn produce(&self, topic: &str, messages: impl IntoIterator<Item = Message>) {
        self.produce_with(topic, messages, &[]);
    }

    /// Writes messages with additional properties of the producer, such as `compression.type`.
    pub fn produce_with(
        &self,
        topic: &str,
        messages: impl IntoIterator<Item = Message>,
        properties: &[(&str, &str)],
    ) {
        let (producer, rejected) = self.producer(properties);
        for message in messages {
            send(&producer, topic, &message);
        }
        finish(&producer, &rejected);
    }

    /// Writes messages in one transaction, then commits or aborts it.
    pub fn transaction(
        &self,
        topic: &str,
        messages: impl IntoIterator<Item = Message>,
        end: TransactionEnd,
    ) {
        let (producer, rejected) = self.producer(&[("transactional.id", topic)]);
        producer.init_transactions(TIMEOUT).unwrap();
        producer.begin_transaction().unwrap();
        for message in messages {
            send(&producer, topic, &message);
        }
        finish(&producer, &rejected);
        match end {
            TransactionEnd::Commit => producer.commit_transaction(TIMEOUT).unwrap(),
            TransactionEnd::Abort => producer.abort_transaction(TIMEOUT).unwrap(),
        }
    }

    /// Writes messages in a transaction that stays open until the result is dropped.
    pub fn open_transaction(
        &self,
        topic: &str,
        messages: impl IntoIterator<Item = Message>,
    ) -> OpenTransaction {
        let (producer, rejected) = self.producer(&[("transactional.id", topic)]);
        producer.init_transactions(TIMEOUT).unwrap();
        producer.begin_transaction().unwrap();
        for message in messages {
            send(&producer, topic, &message);
        }
        finish(&producer, &rejected);
        OpenTransaction(producer)
    }

    fn producer(
        &self,
        properties: &[(&str, &str)],
    ) -> (BaseProducer<DeliveryReports>, Arc<RejectedCount>) {
        let mut config = self.admin_config();
        config
            .set("message.max.bytes", "109000000")
            .set("queue.buffering.max.kbytes", "1048576")
            .set("linger.ms", "5");
        for (key, value) in properties {
            config.set(*key, *value);
        }
        let rejected = Arc::new(RejectedCount::default());
        let context = DeliveryReports(Arc::clone(&rejected));
        let producer = BaseProducer::from_config_and_context(&config, context).unwrap();
        (producer, rejected)
    }
}

fn send(producer: &BaseProducer<DeliveryReports>, topic: &str, message: &Message) {
    let mut record = record(topic, message);
    loop {
        match producer.send(record) {
            Ok(()) => break,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                producer.poll(Duration::from_millis(50));
            }
            Err((error, _)) => panic!("writing to {topic}: {error}"),
        }
    }
    producer.poll(Duration::ZERO);
}

fn record<'a>(topic: &'a str, message: &'a Message) -> BaseRecord<'a, [u8], [u8]> {
    let mut record = BaseRecord::to(topic).partition(message.partition);
    if let Some(key) = &message.key {
        record = record.key(key.as_slice());
    }
    if let Some(payload) = &message.payload {
        record = record.payload(payload.as_slice());
    }
    if let Some(millis) = message.millis {
        record = record.timestamp(millis);
    }
    if message.headers.is_empty() {
        return record;
    }
    record.headers(headers(message))
}

fn headers(message: &Message) -> OwnedHeaders {
    let empty = OwnedHeaders::new_with_capacity(message.headers.len());
    message.headers.iter().fold(empty, |headers, (key, value)| {
        headers.insert(Header {
            key,
            value: value.as_ref(),
        })
    })
}

fn finish(producer: &BaseProducer<DeliveryReports>, rejected: &RejectedCount) {
    producer.flush(TIMEOUT).unwrap();
    let rejected = rejected.0.load(Ordering::Relaxed);
    assert_eq!(rejected, 0, "messages that the broker rejected");
}
