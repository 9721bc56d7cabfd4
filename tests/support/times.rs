//! Partitions of timestamps, for searches of the first record at or after a time.

use std::time::Duration;

use ditto_cdc::kafka::embedded::{Embedded, Options, ProducerRecord};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

/// Milliseconds since 1970-01-01 UTC.
pub const NOON: i64 = 1_769_860_800_000;

/// The timestamps of each partition: rising, equal, falling, mixed and none.
pub fn partitions() -> Vec<Vec<i64>> {
    let at = |times: &[i64]| times.iter().map(|time| NOON + time).collect();
    vec![
        at(&[0, 1000, 2000, 3000]),
        at(&[500, 500, 500, 700, 700, 1700, 1700]),
        at(&[3000, 2000, 1000, 0]),
        at(&[1000, -5000, 1500, 1200, 1200, 2500, 800, 2500, 2499]),
        Vec::new(),
        at(&[-86_400_000, 86_400_000, 1]),
    ]
}

/// Times around each timestamp, far before and far after.
pub fn queries() -> Vec<i64> {
    let mut queries = vec![0, NOON - 172_800_000, NOON + 172_800_000, i64::MAX];
    for time in partitions().into_iter().flatten() {
        queries.extend([time - 1, time, time + 1]);
    }
    queries.sort_unstable();
    queries.dedup();
    queries
}

/// The offset of each partition by the definition of Kafka: the first record at or after the time.
pub fn expected(time: i64) -> Vec<Option<i64>> {
    let first = |times: Vec<i64>| times.iter().position(|found| *found >= time);
    let offset = |index: usize| i64::try_from(index).unwrap();
    partitions()
        .into_iter()
        .map(|times| first(times).map(offset))
        .collect()
}

/// Settings to connect to the embedded broker.
pub fn connection(broker: &Embedded) -> ClientConfig {
    let issued = broker.certificates();
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", broker.endpoint())
        .set("security.protocol", "ssl")
        .set("ssl.ca.pem", issued.cluster_pem().unwrap())
        .set("ssl.certificate.pem", issued.user_pem().unwrap())
        .set("ssl.key.pem", issued.user_key_pem().unwrap().expose());
    config
}

/// An embedded broker with these partitions.
pub fn embedded(topic: &str) -> Embedded {
    let count = i32::try_from(partitions().len()).unwrap();
    let broker = Embedded::start(&Options {
        topics: vec![(topic.to_owned(), count)],
        ..Options::default()
    })
    .unwrap();
    for (partition, times) in (0..).zip(partitions()) {
        for time in times {
            let record = ProducerRecord {
                topic,
                partition: Some(partition),
                payload: Some(b"x"),
                time_millis: Some(time),
                ..ProducerRecord::default()
            };
            broker.produce(&record).unwrap();
        }
    }
    broker.flush().unwrap();
    broker
}

/// The offset of each partition that a broker returns for a time; `None` is the end.
pub fn offsets_at(
    connection: &mut ClientConfig,
    topic: &str,
    times: &[i64],
) -> Vec<Vec<Option<i64>>> {
    let consumer: BaseConsumer = connection.set("group.id", "open-times").create().unwrap();
    let count = i32::try_from(partitions().len()).unwrap();
    let offsets = |time: &i64| {
        let mut request = TopicPartitionList::new();
        for partition in 0..count {
            let time = Offset::Offset(*time);
            request
                .add_partition_offset(topic, partition, time)
                .unwrap();
        }
        let found = consumer
            .offsets_for_times(request, Duration::from_secs(10))
            .unwrap();
        let offset = |partition: i32| {
            let element = found.find_partition(topic, partition).unwrap();
            element.error().unwrap();
            match element.offset() {
                Offset::Offset(offset) => Some(offset),
                other => {
                    assert_eq!(other, Offset::End);
                    None
                }
            }
        };
        (0..count).map(offset).collect()
    };
    times.iter().map(offsets).collect()
}
