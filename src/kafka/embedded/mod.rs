//! A Kafka broker inside this process, behind mutual TLS with throw-away certificates: for the demo and for tests.
//! It keeps 5 MB a partition, knows no times (a search by time finds the end) and no transactions; a real broker is the judge of those.

pub(crate) mod mock_ffi;
pub(crate) mod producer;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use self::mock_ffi::MockBroker;
pub use self::producer::Outgoing;
use self::producer::Writer;
use crate::tls::testbed::ca::{Issued, Order};
use crate::tls::testbed::proxy::Front;

/// Groups form fast, because nobody else is going to join them.
const GROUP_DELAY: Duration = Duration::from_millis(100);

/// What to start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Topics and their numbers of partitions.
    pub topics: Vec<(String, i32)>,
    /// Topics that exist and that nobody may read.
    pub forbidden: Vec<String>,
    /// What the certificates should say.
    pub certificates: Order,
}

/// A running broker. Dropping it closes every connection and frees its ports.
pub struct Embedded {
    // Dropped in this order: who talks, then who forwards, then who answers.
    producer: Writer,
    _front: Front,
    broker: MockBroker,
    endpoint: String,
    issued: Issued,
}

/// The two files that a user would have downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The truststore.
    pub cluster: PathBuf,
    /// The keystore.
    pub user: PathBuf,
}

impl Embedded {
    /// Starts a broker on free ports of the loopback interface.
    ///
    /// # Errors
    /// Where no port is free, or a topic's name is not one.
    pub fn start(options: &Options) -> anyhow::Result<Embedded> {
        let issued = Issued::new(&options.certificates)?;
        let broker = MockBroker::start()?;
        let plain: SocketAddr = broker.plain_address().parse()?;
        let front = Front::start(&issued, plain)?;
        let address = front.address();
        broker.advertise(&address.ip().to_string(), address.port())?;
        broker.group_delay(GROUP_DELAY)?;
        for (name, partitions) in &options.topics {
            broker.create_topic(name, *partitions)?;
        }
        for name in &options.forbidden {
            broker.forbid_topic(name)?;
        }
        let endpoint = address.to_string();
        let producer = Writer::connect(&endpoint, &issued)?;
        Ok(Embedded {
            producer,
            _front: front,
            broker,
            endpoint,
            issued,
        })
    }

    /// `host:port` for `bootstrap.servers`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The certificates that fit this broker.
    #[must_use]
    pub fn certificates(&self) -> &Issued {
        &self.issued
    }

    /// Writes `cluster.p12` and `user.p12` into an existing folder.
    ///
    /// # Errors
    /// Where a file cannot be written.
    pub fn write_files(&self, folder: &Path) -> anyhow::Result<Files> {
        let files = Files {
            cluster: folder.join("cluster.p12"),
            user: folder.join("user.p12"),
        };
        write(&files.cluster, &self.issued.cluster_p12)?;
        write(&files.user, &self.issued.user_p12)?;
        keep_private(&files.user)?;
        Ok(files)
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// Where it exists already or the name is not one.
    pub fn create_topic(&self, name: &str, partitions: i32) -> anyhow::Result<()> {
        self.broker.create_topic(name, partitions)
    }

    /// Takes the leader from a partition: nothing can be read from it any more.
    ///
    /// # Errors
    /// Where there is no such partition.
    pub fn orphan(&self, topic: &str, partition: i32) -> anyhow::Result<()> {
        self.broker.orphan(topic, partition)
    }

    /// Hands a record to the producer, which sends it soon; [`Embedded::flush`] waits for it.
    ///
    /// # Errors
    /// Where the record is refused at once, for instance for its size.
    pub fn produce(&self, record: &Outgoing<'_>) -> anyhow::Result<()> {
        self.producer.send(record)
    }

    /// Waits until every record has arrived.
    ///
    /// # Errors
    /// Where one of them did not within ten seconds, or was refused.
    pub fn flush(&self) -> anyhow::Result<()> {
        self.producer.flush()
    }

    /// Closes every connection and takes no new ones until [`Embedded::up`].
    ///
    /// # Errors
    /// Where the broker does not obey.
    pub fn down(&self) -> anyhow::Result<()> {
        self.broker.down()
    }

    /// Takes connections again.
    ///
    /// # Errors
    /// Where the broker does not obey.
    pub fn up(&self) -> anyhow::Result<()> {
        self.broker.up()
    }
}

/// It holds a private key.
#[cfg(unix)]
fn keep_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path, private).with_context(|| format!("closing {}", path.display()))
}

/// Elsewhere the folder's rights decide.
#[cfg(not(unix))]
fn keep_private(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Instant;

    use rdkafka::config::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::error::RDKafkaErrorCode;
    use rdkafka::message::{Headers, Message, Timestamp};
    use rdkafka::{Offset, TopicPartitionList};

    use super::*;

    const WAIT: Duration = Duration::from_secs(10);

    fn start() -> Embedded {
        Embedded::start(&Options {
            topics: vec![("events".to_owned(), 3)],
            forbidden: vec!["secret".to_owned()],
            certificates: Order::default(),
        })
        .unwrap()
    }

    fn consumer(broker: &Embedded) -> BaseConsumer {
        let issued = broker.certificates();
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", broker.endpoint())
            .set("group.id", "nobody")
            .set("security.protocol", "ssl")
            .set("ssl.ca.pem", issued.cluster_pem().unwrap())
            .set("ssl.certificate.pem", issued.user_pem().unwrap())
            .set("ssl.key.pem", issued.user_key_pem().unwrap().expose())
            .set("reconnect.backoff.max.ms", "200");
        config.create().unwrap()
    }

    fn assign(consumer: &BaseConsumer, partition: i32) {
        let mut from = TopicPartitionList::new();
        from.add_partition_offset("events", partition, Offset::Beginning)
            .unwrap();
        consumer.assign(&from).unwrap();
    }

    fn next_payload(consumer: &BaseConsumer) -> Vec<u8> {
        let start = Instant::now();
        while start.elapsed() < WAIT {
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
                return message.payload().unwrap().to_vec();
            }
        }
        panic!("no message within {WAIT:?}");
    }

    #[test]
    fn a_record_arrives_as_it_was_written() {
        let broker = start();
        let record = Outgoing {
            topic: "events",
            partition: Some(2),
            key: Some(b"k"),
            payload: Some(b"{}"),
            headers: &[("a", Some(b"1")), ("b", None)],
            time_millis: Some(1_700_000_000_123),
        };
        broker.produce(&record).unwrap();
        broker.flush().unwrap();

        let consumer = consumer(&broker);
        let ends = consumer.fetch_watermarks("events", 2, WAIT).unwrap();
        assert_eq!(ends, (0, 1));
        assign(&consumer, 2);
        let message = consumer.poll(WAIT).unwrap().unwrap();
        assert_eq!(message.key(), Some(b"k".as_slice()));
        assert_eq!(message.payload(), Some(b"{}".as_slice()));
        let time = Timestamp::CreateTime(1_700_000_000_123);
        assert_eq!(message.timestamp(), time);
        let headers = message.headers().unwrap();
        let found: Vec<_> = headers.iter().map(|h| (h.key, h.value)).collect();
        assert_eq!(found, [("a", Some(b"1".as_slice())), ("b", None)]);
    }

    #[test]
    fn topics_are_refused_like_on_a_real_broker() {
        let broker = start();
        let consumer = consumer(&broker);
        let check = |topic: &str, expected: Option<RDKafkaErrorCode>| {
            let found = consumer.fetch_metadata(Some(topic), WAIT).unwrap();
            let error = found.topics().first().unwrap().error();
            assert_eq!(error.map(RDKafkaErrorCode::from), expected, "{topic}");
        };
        check("events", None);
        check("secret", Some(RDKafkaErrorCode::TopicAuthorizationFailed));
        check("absent", Some(RDKafkaErrorCode::UnknownTopicOrPartition));
        assert!(broker.create_topic("events", 1).is_err());
    }

    #[test]
    fn writing_where_nobody_may_is_reported() {
        let broker = start();
        let record = Outgoing {
            topic: "secret",
            payload: Some(b"x"),
            ..Outgoing::default()
        };
        let refused = broker.produce(&record).and_then(|()| broker.flush());
        assert!(refused.is_err());
    }

    #[test]
    fn a_reader_survives_the_broker_going_away() {
        let broker = start();
        let reader = consumer(&broker);
        let write = |payload: &[u8]| {
            let record = Outgoing {
                topic: "events",
                partition: Some(0),
                payload: Some(payload),
                ..Outgoing::default()
            };
            broker.produce(&record).unwrap();
            broker.flush().unwrap();
        };
        write(b"before");
        assign(&reader, 0);
        assert_eq!(next_payload(&reader), b"before");
        broker.down().unwrap();
        assert!(
            reader
                .fetch_watermarks("events", 0, Duration::from_millis(300))
                .is_err()
        );
        broker.up().unwrap();
        write(b"after");
        assert_eq!(next_payload(&reader), b"after");
    }
}
