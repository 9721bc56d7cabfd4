//! The floor of `benches/kafka.sh`: the client library with its defaults consumes a topic, and each payload is copied
//! once. What a reader of the topic takes beyond this time is its own work.
//!
//! Usage: `consume TOPIC PARTITIONS NAME=VALUE…`, with the properties of the client library.

use std::time::Duration;

use rdkafka::Message;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// The size at which the copies are dropped.
const BUFFER_BYTES: usize = 192 << 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(topic), Some(partitions)) = (args.next(), args.next()) else {
        return Err("usage: consume TOPIC PARTITIONS NAME=VALUE…".into());
    };
    let partitions: i32 = partitions.parse()?;
    let mut config = ClientConfig::new();
    config.set("group.id", "team-floor");
    config.set("enable.partition.eof", "true");
    for property in args {
        let (name, value) = property.split_once('=').ok_or("NAME=VALUE")?;
        config.set(name, value);
    }
    let consumer: BaseConsumer = config.create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition_offset(&topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let mut buffer = Vec::with_capacity(2 * BUFFER_BYTES);
    let mut open = partitions;
    while open > 0 {
        match consumer.poll(Duration::from_secs(1)) {
            Some(Ok(message)) => {
                if buffer.len() > BUFFER_BYTES {
                    buffer.clear();
                }
                buffer.extend_from_slice(message.payload().unwrap_or_default());
                std::hint::black_box(&mut buffer);
            }
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
    }
    Ok(())
}
