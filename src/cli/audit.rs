//! Arguments of `audit`.

// Documentation in this file is help text: backticks would be printed.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{Api, Connection, Reading};

/// `audit`
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools)]
#[command(after_help = AUDIT_EXAMPLES)]
pub struct Audit {
    /// The SQLite file of mirror, or the folder of a requery
    #[arg(value_name = "FILE.db|DIR", value_hint = ValueHint::AnyPath)]
    pub copy: PathBuf,
    /// Replace the documents of the mirror that differ by those of the server, in one transaction; no mirror may run meanwhile
    #[arg(long)]
    pub repair: bool,
    /// Show at most N documents that differ, for each collection [default: 10; with --json, all]
    #[arg(short = 'n', long = "limit", value_name = "N")]
    pub limit: Option<u64>,
    /// Show the ids of documents that differ, and not their content
    #[arg(long)]
    pub ids_only: bool,
    /// Print one JSON object for each document that differs, and one for the result
    #[arg(long)]
    pub json: bool,
    /// Do not read from Kafka: changes since the copy was made then count as differences
    #[arg(long)]
    pub no_kafka: bool,
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

const AUDIT_EXAMPLES: &str = "\
Examples:
  ditto-cdc audit shop.db                        is the mirror equal to the server?
  ditto-cdc audit shop.db --repair               make it equal, document by document
  ditto-cdc audit snapshot --json | jq -r 'select(._id).type'

Exit status 0: equal. Status 4: not equal, or not proven. Status 3: no access.";
