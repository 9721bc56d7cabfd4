//! Arguments of `requery`.

// Documentation in this file is help text: backticks would be printed.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{Api, Connection};

/// `requery`
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools)]
#[command(after_help = REQUERY_EXAMPLES)]
pub struct Requery {
    /// Output folder, with one file per collection and manifest.json; `-` is standard output
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
    /// The format of documents on standard output: events of tail's format json, or Debezium's, with op r
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<DocumentFormat>,
    /// The txnID of the requeryRequired event; the snapshot will not be older
    #[arg(long, value_name = "N")]
    pub txn_id: Option<u64>,
    /// Only collections that match this name or glob (* ? [a-z] {a,b}), of those that the server lists or the stream has; !name excludes one (repeatable). The snapshot then does not cover the whole app
    #[arg(short, long = "collection", value_name = "GLOB")]
    pub collections: Vec<String>,
    /// Only documents that meet this condition, in DQL
    #[arg(long = "where", value_name = "EXPR", allow_hyphen_values = true)]
    pub condition: Option<String>,
    /// Where reading of the stream ended, such as 0:1500,1:1720 or @2026-01-31T12:00:00Z: later requeryRequired events raise the minimum transaction [default: the offsets in DIR's manifest]
    #[arg(long, alias = "since", value_name = "POS", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Do not read from Kafka, even if it is configured
    #[arg(long)]
    pub no_kafka: bool,
    /// Continue an interrupted run in the same folder
    #[arg(long)]
    pub resume: bool,
    /// Show what would be read, and how much
    #[arg(long, conflicts_with = "resume")]
    pub dry_run: bool,
    /// Print the first request as a curl command
    #[arg(long, conflicts_with_all = ["resume", "dry_run"])]
    pub as_curl: bool,
    /// How documents are read
    #[command(flatten)]
    pub reading: Reading,
    /// The HTTP API
    #[command(flatten)]
    pub api: Api,
    /// The Kafka connection
    #[command(flatten)]
    pub connection: Connection,
}

/// The format of documents on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DocumentFormat {
    /// Events of the type snapshotDocument, between snapshotBegin and snapshotEnd
    #[default]
    Json,
    /// Debezium's change events with their schema, for Kafka Connect
    Debezium,
    /// The same without the schema, for Flink and RisingWave
    DebeziumPlain,
}

/// How documents are read over the HTTP API.
#[derive(Debug, Clone, Args)]
pub struct Reading {
    /// Give up after DURATION without progress [default: 10m]
    #[arg(long, value_name = "DURATION")]
    pub deadline: Option<String>,
    /// Number of collections to read in parallel
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Version of the HTTP API
    #[arg(long, value_enum, value_name = "VERSION", default_value_t)]
    pub api_version: ApiVersion,
}

/// A version of the HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ApiVersion {
    /// For current servers
    #[default]
    V5,
    /// For older servers
    V4,
}

const REQUERY_EXAMPLES: &str = "\
Examples:
  ditto-cdc requery --txn-id 45 --output snapshot
  ditto-cdc requery --output snapshot --resume   continue after Ctrl-C or a crash
  ditto-cdc requery --output - -c orders | jq -c '.change.value // empty'
  ditto-cdc tail --from snapshot                 the stream after the snapshot

Exit status 4: completeness could not be proven; manifest.json contains the reason.";
