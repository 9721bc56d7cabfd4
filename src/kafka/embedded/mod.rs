//! An embedded Kafka broker with mutual TLS with throw-away certificates, for the demo and tests.
//!
//! It keeps 5 MB per partition, and supports no transactions.

mod front;
mod join_group;
mod list_offsets;
mod mock_ffi;
mod producer;
mod time_search;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::config::ClientConfig;

use self::front::Front;
use self::mock_ffi::MockBroker;
pub use self::producer::ProducerRecord;
use self::producer::Writer;
use self::time_search::{OWN_CLIENT_ID, TimeSearch};
use crate::tls::testbed::ca::{CaOptions, TestCertificates};
use crate::tls::testbed::proxy::TlsProxy;
use crate::util::private_file;

/// Groups form fast, because no other members are expected.
const GROUP_DELAY: Duration = Duration::from_millis(100);

/// Options of the broker.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Topics and their numbers of partitions.
    pub topics: Vec<(String, i32)>,
    /// Topics that exist but may not be read.
    pub forbidden: Vec<String>,
    /// Options of the certificates.
    pub certificates: CaOptions,
    /// The host name that clients are told to connect to; `None` for the address.
    pub advertised_host: Option<String>,
}

/// A running broker. Dropping it closes every connection and frees its ports.
pub struct Embedded {
    // Dropped in this order: clients, proxies, broker.
    producer: Writer,
    _search: Arc<TimeSearch>,
    _proxy: TlsProxy,
    front: Front,
    broker: MockBroker,
    endpoint: String,
    certificates: TestCertificates,
}

/// The two certificate files that a user would download.
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
    /// If no port is free, or if a topic name is not valid.
    pub fn start(options: &Options) -> anyhow::Result<Embedded> {
        let certificates = TestCertificates::new(&options.certificates)?;
        let broker = MockBroker::start()?;
        let plain: SocketAddr = broker.plain_address().parse()?;
        let front = Front::start(plain)?;
        let proxy = TlsProxy::start(&certificates, front.address())?;
        let address = proxy.address();
        let host = options.advertised_host.clone();
        let host = host.unwrap_or_else(|| address.ip().to_string());
        broker.advertise(&host, address.port())?;
        broker.group_delay(GROUP_DELAY)?;
        for (name, partitions) in &options.topics {
            broker.create_topic(name, *partitions)?;
        }
        for name in &options.forbidden {
            broker.deny_topic(name)?;
        }
        let endpoint = address.to_string();
        let connection = own_connection(&endpoint, &certificates)?;
        let search = Arc::new(TimeSearch::new(connection.clone())?);
        front.set_search(&search);
        let producer = Writer::connect(connection)?;
        Ok(Embedded {
            producer,
            _search: search,
            _proxy: proxy,
            front,
            broker,
            endpoint,
            certificates,
        })
    }

    /// `host:port` for `bootstrap.servers`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The certificates for this broker.
    #[must_use]
    pub fn certificates(&self) -> &TestCertificates {
        &self.certificates
    }

    /// Writes `cluster.p12` and `user.p12` into an existing folder.
    ///
    /// # Errors
    /// I/O errors of the folder.
    pub fn write_files(&self, folder: &Path) -> anyhow::Result<Files> {
        let files = Files {
            cluster: folder.join("cluster.p12"),
            user: folder.join("user.p12"),
        };
        write(&files.cluster, &self.certificates.cluster_p12)?;
        write(&files.user, &self.certificates.user_p12)?;
        Ok(files)
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// If it exists already, or if the name is not valid.
    pub fn create_topic(&self, name: &str, partitions: i32) -> anyhow::Result<()> {
        self.broker.create_topic(name, partitions)
    }

    /// Removes the leader of a partition, so that it cannot be read.
    ///
    /// # Errors
    /// If the partition does not exist.
    pub fn remove_leader(&self, topic: &str, partition: i32) -> anyhow::Result<()> {
        self.broker.remove_leader(topic, partition)
    }

    /// Queues a record, which is sent soon; [`Embedded::flush`] waits for it.
    ///
    /// # Errors
    /// If the record is rejected at once, for example for its size.
    pub fn produce(&self, record: &ProducerRecord<'_>) -> anyhow::Result<()> {
        self.producer.send(record)
    }

    /// Waits until every record has arrived.
    ///
    /// # Errors
    /// If a record did not arrive within ten seconds, or was rejected.
    pub fn flush(&self) -> anyhow::Result<()> {
        self.producer.flush()
    }

    /// The time of the last request of a client, except the broker's own ones.
    #[must_use]
    pub fn last_request(&self) -> Instant {
        self.front.last_request()
    }

    /// Closes every connection and accepts no new one until [`Embedded::listen`].
    ///
    /// # Errors
    /// If the mock broker rejects the command.
    pub fn stop_listening(&self) -> anyhow::Result<()> {
        self.broker.stop_listening()
    }

    /// Accepts connections again.
    ///
    /// # Errors
    /// If the mock broker rejects the command.
    pub fn listen(&self) -> anyhow::Result<()> {
        self.broker.listen()
    }
}

/// The settings of the broker's own clients. They connect through the TLS proxy like every client: the broker advertises
/// no other address.
fn own_connection(endpoint: &str, certificates: &TestCertificates) -> anyhow::Result<ClientConfig> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", endpoint)
        .set("client.id", OWN_CLIENT_ID)
        .set("security.protocol", "ssl")
        .set("ssl.ca.pem", certificates.cluster_pem()?)
        .set("ssl.certificate.pem", certificates.user_pem()?)
        .set("ssl.key.pem", certificates.user_key_pem()?.expose())
        .set("reconnect.backoff.max.ms", "200")
        .set("enable.metrics.push", "false");
    Ok(config)
}

/// Writes a file that only its owner may read, because it may contain a private key.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = private_file::recreate(path).and_then(|mut file| file.write_all(bytes));
    written.with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::error::RDKafkaErrorCode;
    use rdkafka::message::{Headers, Message, Timestamp};
    use rdkafka::{Offset, TopicPartitionList};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn start() -> Embedded {
        Embedded::start(&Options {
            topics: vec![("events".to_owned(), 3)],
            forbidden: vec!["secret".to_owned()],
            ..Options::default()
        })
        .unwrap()
    }

    fn consumer(broker: &Embedded) -> BaseConsumer {
        let certificates = broker.certificates();
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", broker.endpoint())
            .set("group.id", "embedded-test")
            .set("security.protocol", "ssl")
            .set("ssl.ca.pem", certificates.cluster_pem().unwrap())
            .set("ssl.certificate.pem", certificates.user_pem().unwrap())
            .set("ssl.key.pem", certificates.user_key_pem().unwrap().expose())
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
        while start.elapsed() < TIMEOUT {
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
                return message.payload().unwrap().to_vec();
            }
        }
        panic!("no message within {TIMEOUT:?}");
    }

    #[test]
    fn a_record_arrives_as_it_was_written() {
        let broker = start();
        let record = ProducerRecord {
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
        let ends = consumer.fetch_watermarks("events", 2, TIMEOUT).unwrap();
        assert_eq!(ends, (0, 1));
        assign(&consumer, 2);
        let message = consumer.poll(TIMEOUT).unwrap().unwrap();
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
            let found = consumer.fetch_metadata(Some(topic), TIMEOUT).unwrap();
            let error = found.topics().first().unwrap().error();
            assert_eq!(error.map(RDKafkaErrorCode::from), expected, "{topic}");
        };
        check("events", None);
        check("secret", Some(RDKafkaErrorCode::TopicAuthorizationFailed));
        check("absent", Some(RDKafkaErrorCode::UnknownTopicOrPartition));
        assert!(broker.create_topic("events", 1).is_err());
    }

    #[test]
    fn writing_to_a_denied_topic_is_reported() {
        let broker = start();
        let record = ProducerRecord {
            topic: "secret",
            payload: Some(b"x"),
            ..ProducerRecord::default()
        };
        let refused = broker.produce(&record).and_then(|()| broker.flush());
        assert!(refused.is_err());
    }

    #[test]
    fn a_reader_survives_the_broker_going_away() {
        let broker = start();
        let reader = consumer(&broker);
        let write = |payload: &[u8]| {
            let record = ProducerRecord {
                topic: "events",
                partition: Some(0),
                payload: Some(payload),
                ..ProducerRecord::default()
            };
            broker.produce(&record).unwrap();
            broker.flush().unwrap();
        };
        write(b"before");
        assign(&reader, 0);
        assert_eq!(next_payload(&reader), b"before");
        broker.stop_listening().unwrap();
        assert!(
            reader
                .fetch_watermarks("events", 0, Duration::from_millis(300))
                .is_err()
        );
        broker.listen().unwrap();
        write(b"after");
        assert_eq!(next_payload(&reader), b"after");
    }
}
