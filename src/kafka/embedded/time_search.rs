//! Search for times in the records of the embedded broker, because it has no time index.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::list_offsets::{FoundRecord, PartitionKey, TimeQuery};
use crate::util::mutex::lock;

/// The `client.id` of the embedded broker's own clients.
pub(super) const OWN_CLIENT_ID: &str = "embedded-broker";
/// Less than a client's usual timeout of a request. A partition has at most 5 MB, which take a fraction of it.
const TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A consumer that reads partitions from the beginning.
pub(super) struct TimeSearch(Mutex<BaseConsumer>);

impl TimeSearch {
    /// `connection` has the settings to connect.
    pub(super) fn new(mut connection: ClientConfig) -> anyhow::Result<TimeSearch> {
        let consumer = connection
            // The library requires one to assign partitions; it is not joined.
            .set("group.id", OWN_CLIENT_ID)
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "earliest")
            // The end of a partition is found by a request that returns nothing.
            .set("fetch.wait.max.ms", "5")
            .create();
        let consumer = consumer.context("starting the time search of the embedded broker")?;
        Ok(TimeSearch(Mutex::new(consumer)))
    }

    /// The records for these queries. A partition that cannot be read in time is left out.
    pub(super) fn find(&self, queries: &[TimeQuery]) -> HashMap<PartitionKey, FoundRecord> {
        let consumer = lock(&self.0);
        let deadline = Instant::now() + TIMEOUT;
        let mut topics: Vec<&str> = queries.iter().map(|query| &*query.partition.0).collect();
        topics.sort_unstable();
        topics.dedup();
        let mut found = HashMap::new();
        for topic in topics {
            let queries = queries.iter().filter(|query| query.partition.0 == topic);
            if let Some(more) = scan(&consumer, topic, queries, deadline) {
                found.extend(more);
            }
        }
        // Errors only concern partitions that are assigned again later.
        let _ = consumer.unassign();
        found
    }
}

/// Reads the queried partitions of one topic to their ends.
fn scan<'q>(
    consumer: &BaseConsumer,
    topic: &str,
    queries: impl Iterator<Item = &'q TimeQuery>,
    deadline: Instant,
) -> Option<HashMap<PartitionKey, FoundRecord>> {
    let mut open: HashMap<i32, (&TimeQuery, FoundRecord)> = queries
        .map(|query| (query.partition.1, (query, None)))
        .collect();
    let mut start = TopicPartitionList::with_capacity(open.len());
    for partition in open.keys() {
        start
            .add_partition_offset(topic, *partition, Offset::Beginning)
            .ok()?;
    }
    consumer.assign(&start).ok()?;
    let mut found = HashMap::new();
    while !open.is_empty() && Instant::now() < deadline {
        match consumer.poll(POLL_INTERVAL) {
            Some(Ok(message)) => {
                let Some((query, record)) = open.get_mut(&message.partition()) else {
                    continue;
                };
                let time = message.timestamp().to_millis().unwrap_or(-1);
                if query.what.prefers(time, *record) {
                    *record = Some((message.offset(), time));
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                if let Some((query, record)) = open.remove(&partition) {
                    found.insert(query.partition.clone(), record);
                }
            }
            // The library connects again by itself; other errors are final.
            Some(Err(error)) if !is_transient(&error) => break,
            Some(Err(_)) | None => {}
        }
    }
    Some(found)
}

fn is_transient(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown)
    )
}
