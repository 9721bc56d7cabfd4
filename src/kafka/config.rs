//! Properties of the client library, with the reason for each that is not its default.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use crate::util::secret::Secret;

/// The settings of a connection. Holds secrets, therefore no `Debug`.
#[derive(Clone)]
pub struct Connection {
    /// Bootstrap brokers, `host:port` separated by commas.
    pub brokers: String,
    /// The topic to read.
    pub topic: String,
    /// The consumer group to join; `None` reads all partitions without a group.
    pub group: Option<String>,
    /// Certificates to trust, PEM.
    pub ca_pem: Option<String>,
    /// The user's certificate and its chain, PEM, leaf first.
    pub certificate_pem: Option<String>,
    /// The user's private key, PEM.
    pub key_pem: Option<Secret>,
    /// The principal of the user certificate as ACLs spell it; for messages.
    pub principal: Option<String>,
    /// librdkafka properties from the user; they override all others.
    pub extra: Vec<(String, String)>,
    /// Verbosity of the library's log: 0 to 3.
    pub verbosity: u8,
}

/// A group that is never joined: librdkafka does not read without a group name. Brokers see it only when librdkafka
/// looks for the group's coordinator.
const UNUSED_GROUP: &str = "ditto-cdc-without-group";

/// Properties of every connection.
const ALWAYS: &[(&str, &str)] = &[
    ("client.id", "ditto-cdc"),
    ("security.protocol", "ssl"),
    // An offset that retention removed is reported instead of skipped silently.
    ("auto.offset.reset", "error"),
    // Offsets are committed only after the output was written.
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // The exact end of a bounded read: the last offsets before a high watermark may hold no record.
    ("enable.partition.eof", "true"),
    ("allow.auto.create.topics", "false"),
    // Damaged batches are errors; the cost is not measurable.
    ("check.crcs", "true"),
    // An inspector sends no statistics about itself to a broker.
    ("enable.metrics.push", "false"),
    // The default waits one second after a full queue before the next fetch: 600 MB took twice as long.
    ("fetch.queue.backoff.ms", "2"),
    // Measured, 600 MB from one and from ten partitions: 57 and 62 MB of memory. Four times these values take as long and
    // 95 and 110 MB; with smaller responses, a distant broker's round trips would limit the speed.
    ("fetch.message.max.bytes", "2097152"),
    ("fetch.max.bytes", "2097152"),
    ("queued.max.messages.kbytes", "8192"),
    // Ditto's internal limit is 100 MiB per message; the response around it is larger.
    ("receive.message.max.bytes", "1000000000"),
    // A firewall that drops packets is detected after 8 seconds instead of 30.
    ("socket.connection.setup.timeout.ms", "8000"),
    ("reconnect.backoff.max.ms", "2000"),
    // As long as Java. After the default of one second, the library shuffles the addresses of a name: an attempt after
    // that could again use the address that has just failed.
    ("broker.address.ttl", "30000"),
    ("socket.keepalive.enable", "true"),
];

/// Of a read that goes on. With the default of 100, a proxy that accepts and closes connections gets twenty a second:
/// while no broker is up, the search for the coordinator of the unused group connects every half of this time, without
/// any backoff. But the first connection takes half of this time, too.
const WHILE_LIVE: (&str, &str) = ("reconnect.backoff.ms", "1000");
/// Of a read with an end: the query about the topic before it ends waits behind a fetch that has no records.
const WITH_END: (&str, &str) = ("fetch.wait.max.ms", "20");

/// Queues of a reader that also has a producer's.
const SMALL_QUEUES: &[(&str, &str)] = &[
    ("fetch.message.max.bytes", "262144"),
    ("queued.max.messages.kbytes", "2048"),
];

/// The least limits of a partition among many: below them, a queue is empty before the next response arrives.
const MIN_QUEUE_KBYTES: usize = 32;
const MIN_FETCH_BYTES: usize = 32 << 10;

impl Connection {
    /// Sets what depends on whether the read has an end. The user's own properties have priority.
    pub fn set_pace(&mut self, has_end: bool) {
        let (name, value) = if has_end { WITH_END } else { WHILE_LIVE };
        self.extra.insert(0, (name.to_owned(), value.to_owned()));
    }

    /// Makes the library's queues smaller, for a reader that also has a producer's: records that compress well take far
    /// more memory than their fetch. Measured with 250,000 events of about a kilobyte that compress well: 95 MB in place of
    /// 190, in the same time.
    pub fn set_small_queues(&mut self) {
        for (name, value) in SMALL_QUEUES {
            self.extra
                .insert(0, ((*name).to_owned(), (*value).to_owned()));
        }
    }

    /// For a read to the end of what is there: without a group, so that no other reader loses a partition.
    #[must_use]
    pub fn for_bounded_read(mut self) -> Connection {
        self.group = None;
        self.set_pace(true);
        self
    }

    /// Divides the limits among partitions that are merged: the library applies them to each queue, and each has its own.
    pub(super) fn divide_limits(&mut self, partitions: usize) {
        let share = |total: usize, least: usize| (total / partitions.max(1)).max(least).to_string();
        let limits = [
            (
                "queued.max.messages.kbytes",
                share(8 << 10, MIN_QUEUE_KBYTES),
            ),
            // Many partitions answer together.
            ("fetch.message.max.bytes", share(1 << 20, MIN_FETCH_BYTES)),
            // The first connection takes half of this time, and the brokers have just answered another client.
            ("reconnect.backoff.ms", "20".to_owned()),
        ];
        for (name, value) in limits {
            self.extra.insert(0, (name.to_owned(), value));
        }
    }

    /// The library's configuration. It holds the key: never print it.
    pub(super) fn client_config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in ALWAYS {
            config.set(*name, *value);
        }
        config.set("bootstrap.servers", &self.brokers);
        config.set("group.id", self.group.as_deref().unwrap_or(UNUSED_GROUP));
        self.set_certificates(&mut config);
        self.set_log(&mut config);
        for (name, value) in &self.extra {
            config.set(name, value);
        }
        config
    }

    fn set_certificates(&self, config: &mut ClientConfig) {
        let key = self.key_pem.as_ref().map(Secret::expose);
        let parts = [
            ("ssl.ca.pem", self.ca_pem.as_deref()),
            ("ssl.certificate.pem", self.certificate_pem.as_deref()),
            ("ssl.key.pem", key),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                config.set(name, value);
            }
        }
    }

    fn set_log(&self, config: &mut ClientConfig) {
        let (level, debug) = match self.verbosity {
            0 => (RDKafkaLogLevel::Warning, None),
            1 => (RDKafkaLogLevel::Info, None),
            2 => (RDKafkaLogLevel::Debug, Some("broker,security,topic")),
            _ => (RDKafkaLogLevel::Debug, Some("all")),
        };
        config.set_log_level(level);
        if let Some(debug) = debug {
            config.set("debug", debug);
        }
    }
}
