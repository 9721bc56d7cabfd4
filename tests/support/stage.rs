//! An embedded broker with its files and settings, and runs of `tail` on it.

use std::fs;
use std::time::Duration;

use ditto_cdc::kafka::embedded::{Embedded, Options, ProducerRecord};
use ditto_cdc::tls::testbed::ca::CaOptions;
use tempfile::TempDir;

use super::program::{Output, Running, run};

/// The topic of every stage.
pub const TOPIC: &str = "events";
/// Timeout of a run.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// A broker, its files, and the settings for them.
pub struct Stage {
    pub broker: Embedded,
    pub folder: TempDir,
}

impl Stage {
    pub fn new(partitions: i32) -> Stage {
        Stage::start(partitions, Options::default())
    }

    /// With one partition, and a broker that clients reach by a host name only.
    pub fn advertised_as(host: &str) -> Stage {
        let advertised_host = Some(host.to_owned());
        Stage::start(
            1,
            Options {
                advertised_host,
                ..Options::default()
            },
        )
    }

    /// With one partition and other certificates.
    pub fn with(certificates: CaOptions) -> Stage {
        Stage::start(
            1,
            Options {
                certificates,
                ..Options::default()
            },
        )
    }

    fn start(partitions: i32, options: Options) -> Stage {
        let broker = Embedded::start(&Options {
            topics: vec![(TOPIC.to_owned(), partitions)],
            forbidden: vec!["secret".to_owned()],
            ..options
        })
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        broker.write_files(folder.path()).unwrap();
        Stage { broker, folder }
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.path().join(name), text).unwrap();
        self.path(name)
    }

    pub fn passwords(&self) -> (&str, &str) {
        let issued = self.broker.certificates();
        (
            issued.cluster_password.expose(),
            issued.user_password.expose(),
        )
    }

    pub fn env(&self) -> Vec<(&'static str, String)> {
        let (cluster, user) = self.passwords();
        vec![
            ("DITTO_CDC_BROKERS", self.broker.endpoint().to_owned()),
            ("DITTO_CDC_TOPIC", TOPIC.to_owned()),
            ("DITTO_CDC_CLUSTER_CERT", self.path("cluster.p12")),
            ("DITTO_CDC_CLUSTER_CERT_PASSWORD", cluster.to_owned()),
            ("DITTO_CDC_USER_CERT", self.path("user.p12")),
            ("DITTO_CDC_USER_CERT_PASSWORD", user.to_owned()),
        ]
    }

    /// The settings with one of them replaced.
    pub fn env_with(&self, name: &'static str, value: &str) -> Vec<(&'static str, String)> {
        let mut env = self.env();
        env.retain(|(known, _)| *known != name);
        env.push((name, value.to_owned()));
        env
    }

    /// Writes many events, round-robin over the partitions; returns their lines.
    pub fn write_many(&self, txns: std::ops::Range<u64>, partitions: i32) -> Vec<String> {
        let lines: Vec<String> = txns.map(|txn| event(txn, "people")).collect();
        for (line, partition) in lines.iter().zip((0..partitions).cycle()) {
            let record = ProducerRecord {
                topic: TOPIC,
                partition: Some(partition),
                payload: Some(line.as_bytes()),
                ..ProducerRecord::default()
            };
            self.broker.produce(&record).unwrap();
        }
        self.broker.flush().unwrap();
        lines
    }

    /// Writes an event with a time to a partition; returns its line.
    pub fn write(&self, partition: i32, txn: u64, collection: &str, millis: i64) -> String {
        let line = event(txn, collection);
        self.write_raw(partition, Some(line.as_bytes()), millis);
        line
    }

    pub fn write_raw(&self, partition: i32, payload: Option<&[u8]>, millis: i64) {
        let record = ProducerRecord {
            topic: TOPIC,
            partition: Some(partition),
            payload,
            time_millis: Some(millis),
            ..ProducerRecord::default()
        };
        self.broker.produce(&record).unwrap();
        self.broker.flush().unwrap();
    }

    pub fn tail(&self, args: &[&str]) -> Output {
        run(&self.env(), &[&["tail"], args].concat(), TIMEOUT)
    }

    pub fn follow(&self, args: &[&str]) -> Running {
        Running::start(&self.env(), &[&["tail"], args].concat())
    }
}

/// An insert whose transaction is its id.
pub fn event(txn: u64, collection: &str) -> String {
    format!(
        r#"{{"txnId":{txn},"type":"documentChanged","collection":"{collection}","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":"{txn}"}}}}}}"#
    )
}

/// The event that Ditto writes at a gap in its stream.
pub const GAP: &str = r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#;
/// The arguments to read all existing records.
pub const ALL: [&str; 4] = ["--from", "beginning", "--until", "end"];
