//! Arguments of `stats`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{Connection, Filter};

/// `stats`
#[derive(Debug, Clone, Args)]
#[command(after_help = STATS_EXAMPLES)]
#[command(mut_arg("group", |arg| arg.help(
    "Show the lag of this consumer group, which is not joined [env: DITTO_CDC_GROUP]"
)))]
pub struct Stats {
    /// Captures: output of tail, kafka-console-consumer.sh, kcat, rpk or kcl; `-` is standard input. Or one mirror. Without a file, the topic
    /// is read once from its beginning to its current end, without a group
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// The filters
    #[command(flatten)]
    pub filter: Filter,
    /// Where to start: a position as in tail [default: beginning]
    #[arg(
        long,
        alias = "since",
        value_name = "POS",
        allow_hyphen_values = true,
        help_heading = "Positions"
    )]
    pub from: Option<String>,
    /// Where to stop (exclusive): a position as in tail [default: the current end; with --watch, never]
    #[arg(
        long,
        value_name = "POS",
        allow_hyphen_values = true,
        help_heading = "Positions"
    )]
    pub until: Option<String>,
    /// Show the lag of the reader with this state file of tail, and how long its next records will be kept
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Positions", conflicts_with_all = ["files", "group"])]
    pub state: Option<PathBuf>,
    /// The time of one bar [default: chosen by the range of times]
    #[arg(long, value_enum, value_name = "UNIT", help_heading = None)]
    pub by: Option<TimeUnit>,
    /// Number of documents and paths in a list
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = None)]
    pub top: u16,
    /// Also count which paths change: compares the two documents of each update, which takes longer
    #[arg(long, help_heading = None)]
    pub paths: bool,
    /// Continue with new events, and show the statistics every SECONDS [default without a number: 2]
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2", value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = None, conflicts_with = "files")]
    pub watch: Option<u64>,
    /// Print one JSON object instead of tables
    #[arg(long, help_heading = None)]
    pub json: bool,
    /// The connection
    #[command(flatten)]
    pub connection: Connection,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TimeUnit {
    /// A minute
    Minute,
    /// An hour
    Hour,
    /// A day
    Day,
}

const STATS_EXAMPLES: &str = "\
Examples:
  ditto-cdc stats                                what is in the topic, how much?
  ditto-cdc stats --from @-1h -c orders --paths  which fields of orders change?
  ditto-cdc stats --watch                        live, with rates
  ditto-cdc stats --group billing                lag, and time until records are lost
  ditto-cdc stats capture.ndjson --json | jq '.events, .gaps'";
