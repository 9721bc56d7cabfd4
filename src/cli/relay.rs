//! Arguments of `relay`.

// Documentation in this file is help text: backticks would be printed.
#![allow(clippy::doc_markdown)]

use clap::{Args, ValueEnum};

use super::{Api, Connection, Filter, Reading};
use crate::record::options::Format;

/// `relay`
#[derive(Debug, Clone, Args)]
#[command(after_help = RELAY_EXAMPLES)]
pub struct Relay {
    /// The relay's name: its positions on the target cluster belong to it. A process that starts with the same name and
    /// source topic takes over from one that still runs, which then stops
    #[arg(long, value_name = "NAME", help_heading = "Target")]
    pub name: String,
    /// The brokers of the target cluster, as host:port; separate several with commas. Its TLS and login are librdkafka
    /// properties with to. before the name, such as -X to.security.protocol=sasl_ssl, or in the table kafka of a profile
    #[arg(long, value_name = "HOST:PORT", help_heading = "Target")]
    pub to_brokers: String,
    /// The topic to write to; {collection} stands for the event's collection, such as 'ditto.{collection}'. Characters
    /// that a topic's name cannot have become _xHH
    #[arg(long, value_name = "NAME", help_heading = "Target")]
    pub to_topic: String,
    /// What is written for each event
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        help_heading = "Target"
    )]
    pub format: RelayFormat,
    /// The compacted topic on the target cluster that keeps the positions; it is created if it is missing
    #[arg(
        long,
        value_name = "NAME",
        default_value = "__ditto_cdc_relay",
        help_heading = "Target"
    )]
    pub positions_topic: String,
    /// The filters
    #[command(flatten)]
    pub filter: Filter,
    /// Where to start if the relay has no positions yet: a position as in tail, or the folder of a requery, whose documents are
    /// then written before the stream continues after it. A folder that is newer than the positions replaces them, and
    /// resolves the gaps before it [default: end]
    #[arg(
        long,
        alias = "since",
        value_name = "POS",
        allow_hyphen_values = true,
        help_heading = "Positions"
    )]
    pub from: Option<String>,
    /// Where to stop (exclusive): a position as in tail; `end`: the current end of the topic. Default: never
    #[arg(
        long,
        value_name = "POS",
        allow_hyphen_values = true,
        help_heading = "Positions"
    )]
    pub until: Option<String>,
    /// Accept an incomplete snapshot in --from DIR
    #[arg(long, help_heading = "Positions", requires = "from")]
    pub allow_incomplete: bool,
    /// At a gap in the stream: stop with status 4, or requery all documents, write them, and continue
    #[arg(
        long,
        value_enum,
        value_name = "ACTION",
        default_value_t,
        help_heading = None
    )]
    pub on_gap: RelayOnGap,
    /// Continue after a record that is no event, report it, and exit with status 1 at the end
    #[arg(long, help_heading = None)]
    pub skip_unreadable: bool,
    /// How documents are read with --on-gap requery
    #[command(flatten)]
    pub reading: Reading,
    /// The HTTP API, for --on-gap requery
    #[command(flatten)]
    pub api: Api,
    /// The connection to Ditto's Kafka
    #[command(flatten)]
    pub connection: Connection,
}

/// What a relay does at a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum RelayOnGap {
    /// Stop with status 4, before anything after the gap
    #[default]
    Stop,
    /// Read all documents again over the HTTP API into a temporary folder, write them if they are proven complete, and
    /// continue
    Requery,
}

/// What a relay writes for each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum RelayFormat {
    /// Debezium's change events with their schema, for Kafka Connect
    #[default]
    Debezium,
    /// The same without the schema, for Flink and RisingWave
    DebeziumPlain,
    /// The event as received
    Json,
    /// The whole record with topic, partition, offset, time, key and headers; lossless
    Record,
}

impl From<RelayFormat> for Format {
    fn from(format: RelayFormat) -> Format {
        match format {
            RelayFormat::Debezium => Format::Debezium,
            RelayFormat::DebeziumPlain => Format::DebeziumPlain,
            RelayFormat::Json => Format::Json,
            RelayFormat::Record => Format::Record,
        }
    }
}

const RELAY_EXAMPLES: &str = "\
Examples:
  ditto-cdc relay --name shop --to-brokers kafka:9092 --to-topic 'ditto.{collection}'
  ditto-cdc relay --name shop --to-brokers kafka:9092 --to-topic ditto --from beginning
  ditto-cdc relay --name shop --to-brokers kafka:9092 --to-topic ditto --until end

Readers with isolation.level=read_committed see each event exactly once, also if the relay is killed. A record's key is
the JSON object {\"collection\", \"_id\"}. At a gap in the stream, the relay writes everything before it and stops with status 4, or requeries.";
