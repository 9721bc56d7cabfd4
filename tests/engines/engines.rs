//! The servers of all tests, started once: Kafka, Kafka Connect, `PostgreSQL`.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::changes::{Event, messages};
use crate::connect::{Connect, Properties};
use crate::page::{blocks, properties, with_addresses};
use crate::postgres::Postgres;
use crate::support::kafka::{Kafka, Message};
use crate::support::prepared::{Recipe, is_skipped_without, prepared, programs_are_there};
use crate::support::program::run;

const RECIPE: Recipe = Recipe {
    name: "engines-rig",
    files: &[
        include_str!("../kafka-rig/pom.xml"),
        include_str!("../engines-rig/connect.xml"),
        include_str!("../engines-rig/flink.xml"),
        include_str!("../engines-rig/FlinkSql.java"),
        include_str!("../engines-rig/prepare.sh"),
    ],
};
/// Timeout of a bounded run of the program.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// The servers.
pub struct Engines {
    pub kafka: &'static Kafka,
    pub postgres: &'static Postgres,
    pub connect: Connect,
    /// What `prepare.sh` creates.
    pub prepared: PathBuf,
}

impl Engines {
    /// The servers of this binary. If a program is missing, prints a line and returns `None`; under `CI` that is a failure.
    pub fn shared() -> Option<&'static Engines> {
        static SHARED: OnceLock<Option<Engines>> = OnceLock::new();
        SHARED.get_or_init(Engines::start).as_ref()
    }

    fn start() -> Option<Engines> {
        if is_skipped_without("a JDK of Java 17", programs_are_there(&["javac"])) {
            return None;
        }
        let postgres = Postgres::shared()?;
        let kafka = Kafka::shared()?;
        let prepared = prepared(&RECIPE);
        let worker = &blocks("Kafka Connect", "properties")[0];
        let worker = with_addresses(worker, &kafka.admin_endpoint(), "");
        let mut worker = properties(&worker);
        // The default waits a minute before the offsets of a sink are stored.
        worker.insert("offset.flush.interval.ms".to_owned(), "500".to_owned());
        let connect = Connect::start(&prepared, worker);
        Some(Engines {
            kafka,
            postgres,
            connect,
            prepared,
        })
    }

    /// The connector of the page, for a topic.
    pub fn sink(&self, topic: &str) -> Properties {
        let sink = &blocks("Kafka Connect", "properties")[1];
        let sink = with_addresses(sink, &self.kafka.admin_endpoint(), &self.postgres.address());
        let mut sink = properties(&sink);
        sink.remove("topics.regex").unwrap();
        sink.insert("topics".to_owned(), topic.to_owned());
        sink
    }

    /// Writes events into a topic as Ditto does, and reads them in a format.
    pub fn rendered(&self, name: &str, events: &[Event], format: &str) -> Vec<String> {
        let topic = format!("open-{name}");
        self.kafka.create_topic(&topic, 1, &[]);
        self.kafka.produce(&topic, messages(name, events, 1));
        let range = ["--from", "beginning", "--until", "end"];
        let args = [&["tail", "--format", format], &range[..]].concat();
        let output = run(&self.kafka.client_env(&topic), &args, TIMEOUT);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let lines = output.lines().into_iter().map(str::to_owned);
        lines.collect()
    }

    /// Writes lines in Debezium's format into a new topic, each document into its partition.
    pub fn publish(&self, topic: &str, partitions: usize, lines: &[String]) {
        let count = i32::try_from(partitions).unwrap();
        self.kafka.create_topic(topic, count, &[]);
        let messages = lines.iter().map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            let payload = event.get("payload").unwrap_or(&event);
            let key = payload["key"]["_id"].as_str().unwrap();
            let sum = key.bytes().map(usize::from).sum::<usize>();
            Message {
                key: Some(key.into()),
                ..Message::to(i32::try_from(sum % partitions).unwrap(), line.as_str())
            }
        });
        self.kafka.produce(topic, messages);
    }
}
