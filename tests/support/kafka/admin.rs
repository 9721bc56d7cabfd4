//! Administration of topics: create them, delete records, query offsets.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::metadata::MetadataPartition;
use rdkafka::{Offset, TopicPartitionList};

use super::{Kafka, Message};

const START_LIMIT: Duration = Duration::from_secs(60);
const CALL_LIMIT: Duration = Duration::from_secs(20);

impl Kafka {
    /// A librdkafka configuration for the admin listener.
    pub fn admin_config(&self) -> ClientConfig {
        config(&self.admin_endpoint())
    }

    /// Creates a topic with its own configuration on top of the broker's.
    pub fn create_topic(&self, name: &str, partitions: i32, properties: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in properties {
            topic = topic.set(key, value);
        }
        let results = block_on(self.admin().create_topics([&topic], &options()));
        for result in results.unwrap() {
            result.unwrap();
        }
    }

    /// Deletes a topic, and waits until it is gone.
    pub fn delete_topic(&self, name: &str) {
        let results = block_on(self.admin().delete_topics(&[name], &options()));
        for result in results.unwrap() {
            result.unwrap();
        }
        let consumer: BaseConsumer = self.admin_config().create().unwrap();
        let exists = || {
            let metadata = consumer.fetch_metadata(None, CALL_LIMIT).unwrap();
            metadata.topics().iter().any(|topic| topic.name() == name)
        };
        while exists() {
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Adds partitions to a topic, up to `count`.
    pub fn add_partitions(&self, topic: &str, count: usize) {
        let more = NewPartitions::new(topic, count);
        let results = block_on(self.admin().create_partitions([&more], &options()));
        for result in results.unwrap() {
            result.unwrap();
        }
    }

    /// Deletes the records before `offset`, as retention does.
    pub fn delete_records(&self, topic: &str, partition: i32, offset: i64) {
        let mut before = TopicPartitionList::new();
        before
            .add_partition_offset(topic, partition, Offset::Offset(offset))
            .unwrap();
        let done = block_on(self.admin().delete_records(&before, &options())).unwrap();
        for element in done.elements() {
            element.error().unwrap();
        }
    }

    /// The low and high watermark.
    pub fn watermarks(&self, topic: &str, partition: i32) -> (i64, i64) {
        let consumer: BaseConsumer = self.admin_config().create().unwrap();
        consumer
            .fetch_watermarks(topic, partition, CALL_LIMIT)
            .unwrap()
    }

    /// The offsets of all committed records in a partition, read to its end.
    pub fn offsets(&self, topic: &str, partition: i32) -> Vec<i64> {
        let mut config = self.admin_config();
        config
            .set("group.id", "rig")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut assignment = TopicPartitionList::new();
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
        consumer.assign(&assignment).unwrap();
        let mut offsets = Vec::new();
        loop {
            match consumer.poll(CALL_LIMIT).unwrap() {
                Ok(message) => offsets.push(message.offset()),
                Err(KafkaError::PartitionEOF(_)) => return offsets,
                Err(error) => panic!("reading {topic} back: {error}"),
            }
        }
    }

    /// All committed records of a topic, in the order of each partition.
    pub fn committed(&self, topic: &str) -> Vec<Message> {
        let mut config = self.admin_config();
        config
            .set("group.id", "rig")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().unwrap();
        let metadata = consumer.fetch_metadata(Some(topic), CALL_LIMIT).unwrap();
        let partitions = metadata.topics()[0].partitions();
        let mut open: Vec<i32> = partitions.iter().map(MetadataPartition::id).collect();
        let mut assignment = TopicPartitionList::new();
        for partition in &open {
            assignment
                .add_partition_offset(topic, *partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let mut records = Vec::new();
        while !open.is_empty() {
            match consumer.poll(CALL_LIMIT).unwrap() {
                Ok(message) => records.push(Message {
                    partition: message.partition(),
                    key: message.key().map(<[u8]>::to_vec),
                    payload: message.payload().map(<[u8]>::to_vec),
                    millis: message.timestamp().to_millis(),
                    ..Message::default()
                }),
                Err(KafkaError::PartitionEOF(ended)) => open.retain(|one| *one != ended),
                Err(error) => panic!("reading {topic} back: {error}"),
            }
        }
        records
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.admin_config().create().unwrap()
    }
}

/// Waits until the broker responds. On a timeout it fails with the broker's log.
pub fn wait_until_ready(endpoint: &str, log: impl Fn() -> String) {
    let consumer: BaseConsumer = config(endpoint).create().unwrap();
    let started = Instant::now();
    while !answers(&consumer) {
        assert!(
            started.elapsed() < START_LIMIT,
            "Kafka does not start: {}",
            log()
        );
        thread::sleep(Duration::from_millis(50));
    }
}

fn answers(consumer: &BaseConsumer) -> bool {
    consumer
        .fetch_metadata(None, Duration::from_secs(1))
        .is_ok_and(|metadata| !metadata.brokers().is_empty())
}

fn config(endpoint: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", endpoint)
        .set("reconnect.backoff.max.ms", "200")
        .set("enable.metrics.push", "false")
        .set("log_level", "0");
    config
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(CALL_LIMIT))
        .operation_timeout(Some(CALL_LIMIT))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A minimal executor for the futures of the admin client.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
