//! Arguments of `mirror`.

// Documentation in this file is help text: backticks would be printed.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{Api, Connection, Reading};

/// `mirror`
#[derive(Debug, Clone, Args)]
#[command(after_help = MIRROR_EXAMPLES)]
#[command(mut_arg("deadline", |arg| arg.help(
    "Give up a snapshot after DURATION without progress [default: 10m]"
)))]
pub struct Mirror {
    /// The SQLite file; it is created if it is missing
    #[arg(value_name = "FILE.db", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Only collections that match this name or glob (* ? [a-z] {a,b}); !name excludes one (repeatable). The file stores this choice: each run needs the same
    #[arg(short, long = "collection", value_name = "GLOB")]
    pub collections: Vec<String>,
    /// COLLECTION(PATH, ...), such as 'orders(status, total.cents)': one index over these fields in this order, with the columns status and total_cents for queries (repeatable). The file keeps it for later runs and snapshots
    #[arg(long = "index", value_name = "INDEX")]
    pub indexes: Vec<String>,
    /// `end`: stop when the copy has reached the end of the stream, for a scheduled run. Without it, the copy follows the stream
    #[arg(long, value_enum, value_name = "POS")]
    pub until: Option<MirrorEnd>,
    /// At a gap in the stream: take a new snapshot and continue, or stop with status 4
    #[arg(long, value_enum, value_name = "ACTION", default_value_t)]
    pub on_gap: MirrorOnGap,
    /// Also keep each change in the table ditto_history
    #[arg(long)]
    pub history: bool,
    /// Continue after a record that cannot be applied, and list it in the table ditto_problems. The copy is then incomplete until the next snapshot
    #[arg(long)]
    pub skip_unreadable: bool,
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

/// Where a mirror stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MirrorEnd {
    /// At the end of the stream, as it is at the start
    End,
}

/// What a mirror does at a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum MirrorOnGap {
    /// Take a new snapshot, and continue from it
    #[default]
    Requery,
    /// Stop with status 4
    Stop,
}

const MIRROR_EXAMPLES: &str = "\
Examples:
  ditto-cdc mirror shop.db                       load everything, then follow the stream
  ditto-cdc mirror shop.db --until end           catch up and stop
  ditto-cdc mirror shop.db --index 'orders(at)'  also index the field at
  sqlite3 shop.db 'SELECT id, doc FROM orders'   readers may use the file at any time

Exit status 4: a gap or a skipped record, and no complete snapshot after it.";
