//! The command line of `history`.

// Documentation in this file is help text: backticks would be printed.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::format::FormatParser;
use super::{ChangeOptions, Connection, FormatArg, Op};

const HISTORY_EXAMPLES: &str = "\
Examples:
  ditto-cdc history orders o-1001                 every version, from the topic
  ditto-cdc history orders o-1001 capture.ndjson  the same from a capture
  ditto-cdc history orders o-1001 --reverse -n 3  the three newest versions
  ditto-cdc history orders o-1001 --at @10:31     the document as it was then
  ditto-cdc history orders o-1001 --at txn:552974
  ditto-cdc history orders o-1001 --blame         which version changed each field?
  ditto-cdc history orders o-1001 --changed totalCents

With --at and --blame, the exit status is 5 if there was no such document, and 4
if the events do not tell.";

/// `history`
#[derive(Debug, Clone, Args)]
#[command(after_help = HISTORY_EXAMPLES)]
pub struct History {
    /// The document's collection
    #[arg(value_name = "COLLECTION")]
    pub collection: String,
    /// The document's _id: a string, or JSON for other types, such as 7 or '{"a":1}'. 7 is the number and the string, '"7"'
    /// only the string
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: String,
    /// Captures, read by time, or one mirror; `-` is standard input. Without a file, the topic is read once from its beginning to its end,
    /// without a group
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Print the document as it was at this time or after this transaction, byte for byte: @10:31, @2026-01-31T12:00:00Z,
    /// @-1h or txn:N
    #[arg(
        long,
        value_name = "TIME|txn:N",
        conflicts_with_all = ["reverse", "limit", "format", "ops", "conditions", "texts", "changed", "only", "ignore", "strict", "full", "max_changes", "context"]
    )]
    pub at: Option<String>,
    /// For each field of the document, show the version that last changed it; --only and --ignore select fields
    #[arg(long, conflicts_with_all = ["at", "reverse", "limit", "ops", "conditions", "texts", "changed"])]
    pub blame: bool,
    /// Newest version first
    #[arg(long)]
    pub reverse: bool,
    /// Show only the first N versions; with --reverse, the newest N
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub limit: Option<u64>,
    /// Output format, or a template of columns such as '%T %o %s' (docs/cookbook.md has the list); with --blame, diff or
    /// json [default: diff]
    #[arg(long, value_parser = FormatParser, value_name = "FORMAT")]
    pub format: Option<FormatArg>,
    /// Do not use a pager ($PAGER, or less) on a terminal
    #[arg(long)]
    pub no_pager: bool,
    /// Which versions are shown
    #[command(flatten)]
    pub filter: VersionFilter,
    /// Where to start: a position as in tail [default: beginning]. Earlier versions are then unknown
    #[arg(
        long,
        alias = "since",
        value_name = "POS",
        allow_hyphen_values = true,
        help_heading = "Positions"
    )]
    pub from: Option<String>,
    /// Where to stop (exclusive): a position as in tail [default: the current end]
    #[arg(
        long,
        value_name = "POS",
        allow_hyphen_values = true,
        help_heading = "Positions"
    )]
    pub until: Option<String>,
    /// How changes are shown
    #[command(flatten)]
    pub changes: ChangeOptions,
    /// The connection
    #[command(flatten)]
    pub connection: Connection,
}

/// The filters for versions.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct VersionFilter {
    /// Only versions of this operation: insert, update or remove (repeatable)
    #[arg(
        long = "op",
        value_enum,
        value_name = "OP",
        hide_possible_values = true
    )]
    pub ops: Vec<Op>,
    /// Only versions that meet this condition, such as "qty > 5 AND status IN ('open', 'paid')" (repeatable: all must hold)
    #[arg(long = "where", value_name = "EXPR", allow_hyphen_values = true)]
    pub conditions: Vec<String>,
    /// Only versions with this text in a key or value of the old or new document (repeatable: all must be found)
    #[arg(long = "grep", value_name = "TEXT", allow_hyphen_values = true, value_hint = ValueHint::Other)]
    pub texts: Vec<String>,
    /// Only versions that changed the value at this path, such as address.city or lines[0].qty (repeatable: all must hold)
    #[arg(long, value_name = "PATH")]
    pub changed: Vec<String>,
}
