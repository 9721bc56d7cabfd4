//! The flags of `requery`, as types with their help.
//! What they mean together is decided in `cmd::requery`.

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
    /// Where the documents go: a folder with a file for each collection and manifest.json; `-` is standard output
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
    /// The txnID of the requeryRequired event: no answer may be older
    #[arg(long, value_name = "N")]
    pub txn_id: Option<u64>,
    /// Only this collection, to the letter (repeatable); the result then is not the whole app
    #[arg(short, long = "collection", value_name = "NAME")]
    pub collections: Vec<String>,
    /// Only documents that meet this condition, in DQL
    #[arg(long = "where", value_name = "EXPR", allow_hyphen_values = true)]
    pub condition: Option<String>,
    /// Where the stream was read up to: requeryRequired events from there on raise the floor [default: the positions in DIR's manifest]
    #[arg(long, value_name = "POS")]
    pub from: Option<String>,
    /// Take no positions from Kafka, even where it is configured
    #[arg(long)]
    pub no_kafka: bool,
    /// Go on where an interrupted run in the same folder has stopped
    #[arg(long)]
    pub resume: bool,
    /// Show what would be read, and how much of it
    #[arg(long, conflicts_with = "resume")]
    pub dry_run: bool,
    /// Print the first request as a curl command
    #[arg(long, conflicts_with_all = ["resume", "dry_run"])]
    pub as_curl: bool,
    /// Give up after so long without progress [default: 10m]
    #[arg(long, value_name = "DURATION")]
    pub deadline: Option<String>,
    /// How many collections are read side by side
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Which version of the HTTP API to speak
    #[arg(long, value_enum, value_name = "VERSION", default_value_t)]
    pub api_version: ApiVersion,
    /// Where the HTTP API is
    #[command(flatten)]
    pub api: Api,
    /// Where the stream is
    #[command(flatten)]
    pub connection: Connection,
}

/// A version of the HTTP API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ApiVersion {
    /// What today's servers speak
    #[default]
    V5,
    /// What servers before them speak
    V4,
}

const REQUERY_EXAMPLES: &str = "\
Examples:
  ditto-cdc requery --txn-id 45 --output snapshot    everything, at or after transaction 45
  ditto-cdc requery --output snapshot --resume       go on after Ctrl-C or a crash
  ditto-cdc requery --output - -c cars | jq -c .change.value
  ditto-cdc tail --from snapshot                     the stream behind the snapshot

The status is 4 where completeness could not be proven; manifest.json says why.";
