//! The target cluster of a producer, and the properties of its clients with the reason for each.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

/// The cluster that records are written to. The properties may hold secrets, therefore no `Debug`.
#[derive(Clone)]
pub struct Target {
    /// Bootstrap brokers, `host:port` separated by commas.
    pub brokers: String,
    /// librdkafka properties from the user; they override all others.
    pub properties: Vec<(String, String)>,
    /// Verbosity of the library's log: 0 to 3.
    pub verbosity: u8,
}

/// Properties of every client.
const ALWAYS: &[(&str, &str)] = &[
    ("client.id", "ditto-cdc"),
    ("enable.metrics.push", "false"),
    ("socket.connection.setup.timeout.ms", "8000"),
    ("socket.keepalive.enable", "true"),
    ("reconnect.backoff.max.ms", "2000"),
    ("broker.address.ttl", "30000"),
];

/// Properties of the producer.
const OF_PRODUCER: &[(&str, &str)] = &[
    // Java's clients choose the same partition for a key.
    ("partitioner", "murmur2_random"),
    ("compression.type", "lz4"),
    // The brokers of the target decide what is too large.
    ("message.max.bytes", "1000000000"),
    // The producer has a smaller limit of its own, which a single large record may exceed.
    ("queue.buffering.max.kbytes", "1048576"),
    // A topic that does not exist is an error sooner than after 30 seconds.
    ("topic.metadata.propagation.max.ms", "10000"),
];

/// How long a transaction may be open, in milliseconds.
const TRANSACTION_TIMEOUT: (&str, u64) = ("transaction.timeout.ms", 60_000);

/// Properties of the consumer of the positions.
const OF_CONSUMER: &[(&str, &str)] = &[
    ("group.id", "ditto-cdc-without-group"),
    ("enable.auto.commit", "false"),
    ("enable.partition.eof", "true"),
    ("auto.offset.reset", "earliest"),
    ("allow.auto.create.topics", "false"),
    ("queued.max.messages.kbytes", "8192"),
    ("fetch.message.max.bytes", "2097152"),
];

impl Target {
    /// The configuration of a transactional producer. It holds secrets: never print it.
    pub(super) fn producer_config(&self, transactional_id: &str) -> ClientConfig {
        let mut config = self.config(OF_PRODUCER);
        config.set("transactional.id", transactional_id);
        let timeout = self.transaction_timeout().as_millis();
        config.set(TRANSACTION_TIMEOUT.0, timeout.to_string());
        config
    }

    /// The configuration of a consumer with this isolation level.
    pub(super) fn consumer_config(&self, isolation: &str) -> ClientConfig {
        let mut config = self.config(OF_CONSUMER);
        config.set("isolation.level", isolation);
        config
    }

    /// The configuration of a client that administers topics.
    pub(super) fn admin_config(&self) -> ClientConfig {
        self.config(&[])
    }

    /// How long a transaction may be open.
    pub(super) fn transaction_timeout(&self) -> Duration {
        let typed = self.properties.iter().rev();
        let mut typed = typed.filter(|(name, _)| name == TRANSACTION_TIMEOUT.0);
        let typed = typed.find_map(|(_, millis)| millis.trim().parse().ok());
        Duration::from_millis(typed.unwrap_or(TRANSACTION_TIMEOUT.1))
    }

    fn config(&self, more: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in ALWAYS.iter().chain(more) {
            config.set(*name, *value);
        }
        config.set("bootstrap.servers", &self.brokers);
        config.set_log_level(match self.verbosity {
            0 => RDKafkaLogLevel::Warning,
            1 => RDKafkaLogLevel::Info,
            _ => RDKafkaLogLevel::Debug,
        });
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }
}
