//! The command line: commands and flags as clap types, with their help.

// Documentation in this file is help text: backticks would be printed.
#![allow(clippy::doc_markdown)]

mod audit;
mod command_line;
mod config;
mod format;
mod history;
mod mirror;
mod relay;
mod requery;
mod short_help;
mod stats;
mod tips;
mod usage_error;

use std::path::PathBuf;

pub use audit::Audit;
pub use config::{Config, ConfigAction, Init};
pub use format::FormatArg;
use format::FormatParser;
pub use history::{History, VersionFilter};
pub use short_help::{COMPLETE, Invocation, command, parse};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub use mirror::{Mirror, MirrorEnd, MirrorOnGap};
pub use relay::{Relay, RelayFormat, RelayOnGap};
pub use requery::{ApiVersion, DocumentFormat, Reading, Requery};
pub use stats::{Stats, TimeUnit};
pub use usage_error::{ParseError, UsageError};

pub use crate::record::options::{Format, Op, Order};
use crate::util::env::ColourWhen;

/// Look at, check and recover Ditto's change data capture stream.
#[derive(Debug, Parser)]
#[command(name = "ditto-cdc", version, max_term_width = 100)]
#[command(
    // Without a blank line after the first one, the short help fits on a screen of 24 lines.
    help_template = "{about-with-newline}{usage-heading} {usage}\n\n{all-args}{after-help}",
    after_help = "New here? Run `ditto-cdc demo`: it needs no Kafka, no account and no network."
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show changes as they happen, or past changes
    Tail(Box<Tail>),
    /// Show what changed in captures, or between two states
    Diff(Box<Diff>),
    /// Show the versions of one document, or what it was at a time
    History(Box<History>),
    /// Show which collections and fields a topic or file has
    Collections(Box<Collections>),
    /// Count what is in a topic or capture, over time
    Stats(Box<Stats>),
    /// Check the connection layer by layer, and say how to fix it
    Verify(Box<Verify>),
    /// Fetch all documents again, and prove that none is missing
    Requery(Box<Requery>),
    /// Keep a SQLite copy of all documents, across gaps in the stream
    Mirror(Box<Mirror>),
    /// Check that a mirror or snapshot equals the server
    Audit(Box<Audit>),
    /// Write the stream to your own Kafka, each event exactly once
    Relay(Box<Relay>),
    /// Show what this tool does, with an embedded Kafka
    Demo(Demo),
    /// Show each setting and its source; `config init` creates a profile
    Config(Box<Config>),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    #[command(after_help = MAN_EXAMPLES)]
    Man {
        /// The command to describe [default: the whole program]
        command: Option<String>,
    },
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_possible_values = true
    )]
    pub color: ColourWhen,
    /// Do not show progress
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Print errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more, such as the Kafka library's log (up to -vvv)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The Kafka connection. Each value can also come from the environment, `.env`, a profile or a properties file.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The endpoint that the portal shows, as host:port; separate several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]
    #[arg(long, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// The topic that the portal shows [env: DITTO_CDC_TOPIC]
    #[arg(short, long, value_name = "NAME")]
    pub topic: Option<String>,
    /// Join this consumer group and commit offsets to it; without it, no group is joined and no offset is stored [env: DITTO_CDC_GROUP]
    #[arg(short, long, value_name = "NAME")]
    pub group: Option<String>,
    /// The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub cluster_cert: Option<PathBuf>,
    /// A file that contains the cluster certificate's password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub cluster_cert_password_file: Option<PathBuf>,
    /// The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub user_cert: Option<PathBuf>,
    /// A file that contains the user certificate's password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub user_cert_password_file: Option<PathBuf>,
    /// Take settings from this section of ditto-cdc.toml in the config folder (~/.config) [env: DITTO_CDC_PROFILE]
    #[arg(short, long, value_name = "NAME")]
    pub profile: Option<String>,
    /// A Java client.properties file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub properties: Option<PathBuf>,
    /// A file of environment variables to read instead of .env in the current folder
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub env_file: Option<PathBuf>,
    /// A librdkafka property; overrides every other source (repeatable)
    #[arg(short = 'X', value_name = "KEY=VALUE")]
    pub extra: Vec<String>,
}

/// The HTTP API. Each value can also come from the environment, `.env` or a profile.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "HTTP API")]
pub struct Api {
    /// The Cloud URL Endpoint that the portal shows, including the app's id [env: DITTO_CDC_URL, DITTOSH_SERVER_URL, DITTO_CLOUD_URL]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// A file that contains the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub api_key_file: Option<PathBuf>,
}

/// `tail`
#[derive(Debug, Clone, Args)]
#[command(after_help = TAIL_EXAMPLES)]
pub struct Tail {
    /// The filters
    #[command(flatten)]
    pub filter: Filter,
    /// The range of the topic or capture
    #[command(flatten)]
    pub range: PositionRange,
    /// Stop if nothing is shown for DURATION, such as 30s or 5m, at the end of the topic. Without filters: if nothing arrives
    #[arg(long, value_name = "DURATION", help_heading = "Positions")]
    pub idle_exit: Option<String>,
    /// Stop if no record arrives for DURATION, whether the filters show it or not
    #[arg(long, value_name = "DURATION", help_heading = "Positions")]
    pub idle_exit_read: Option<String>,
    /// Stop after DURATION in all; status 5 if no event was shown
    #[arg(
        long,
        value_name = "DURATION",
        help_heading = "Positions",
        conflicts_with = "last"
    )]
    pub timeout: Option<String>,
    /// How changes are shown
    #[command(flatten)]
    pub changes: ChangeOptions,
    /// Output format, or a template of columns such as '%T %c %i %s' or '%{status}' (docs/cookbook.md has the list) [default: diff on a terminal, json in a pipe]
    #[arg(long, value_parser = FormatParser, value_name = "FORMAT", help_heading = None)]
    pub format: Option<FormatArg>,
    /// Read a capture instead of Kafka: output of tail, kafka-console-consumer.sh, kcat, rpk or kcl; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = None, conflicts_with = "group")]
    pub input: Option<PathBuf>,
    /// Save offsets in this file and continue from them at the next start; --from applies to the first start only
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Positions", conflicts_with_all = ["group", "input", "last", "no_control"])]
    pub state: Option<PathBuf>,
    /// Run this command for each event instead of showing it, with the event as JSON on its standard input and
    /// DITTO_CDC_COLLECTION, _ID, _OP, _TXN, _PARTITION and _OFFSET in its environment; no shell is started. With --state
    /// or --group, a position is saved only after its command ended with status 0 (docs/reacting.md)
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString, help_heading = "Commands")]
    pub exec: Option<String>,
    /// Run up to N commands at once, never two for the same document [default: 1]
    #[arg(long, value_name = "N", requires = "exec", help_heading = "Commands", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub exec_jobs: Option<u16>,
    /// Retry a failed command up to N times, then stop with status 1 before its event [default: 3]
    #[arg(long, value_name = "N", requires = "exec", help_heading = "Commands", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub exec_retries: Option<u32>,
    /// Accept an incomplete snapshot in --from DIR
    #[arg(long, help_heading = "Positions", requires = "from")]
    pub allow_incomplete: bool,
    /// What to do at a gap: `mark` (report it and continue) or `stop` (exit with status 4) [default: mark; with --format
    /// debezium, stop]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = None)]
    pub on_gap: Option<OnGap>,
    /// The connection
    #[command(flatten)]
    pub connection: Connection,
}

/// `diff`
#[derive(Debug, Clone, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub struct Diff {
    /// One capture: its changes. Two captures or snapshot folders: the documents that were added, removed or changed between
    /// them. A + B, or three and more: the changes of the captures, by time. A capture is output of tail,
    /// kafka-console-consumer.sh, kcat, rpk or kcl; `-` or no path is standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
    /// The filters
    #[command(flatten)]
    pub filter: Filter,
    /// The range of the captures
    #[command(flatten)]
    pub range: PositionRange,
    /// How changes are shown
    #[command(flatten)]
    pub changes: ChangeOptions,
    /// Output format, or a template of columns such as '%T %c %i %s' or '%{status}' (docs/cookbook.md has the list) [default: diff]
    #[arg(long, value_parser = FormatParser, value_name = "FORMAT", help_heading = None)]
    pub format: Option<FormatArg>,
    /// Exit with status 0 if no event is shown, 1 if one is, 2 or more for errors; 4 if none is, but the captures have a gap,
    /// or only the first of two states knows a document
    #[arg(long, help_heading = None)]
    pub exit_code: bool,
    /// Do not use a pager ($PAGER, or less) on a terminal
    #[arg(long, help_heading = None)]
    pub no_pager: bool,
    /// What to do at a gap: `mark` (report it and continue) or `stop` (exit with status 4) [default: mark; with --format
    /// debezium, stop]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = None)]
    pub on_gap: Option<OnGap>,
}

const DIFF_EXAMPLES: &str = "\
Examples:
  ditto-cdc diff capture.ndjson                  every change, page by page
  ditto-cdc diff -c orders --op update capture.ndjson
  kafka-console-consumer.sh … | ditto-cdc diff   the output of another tool
  ditto-cdc diff --exit-code --id o-1001 capture.ndjson
  ditto-cdc diff before after                    two snapshots, compared
  ditto-cdc diff a.ndjson + b.ndjson             the changes of both, by time";

/// `collections`
#[derive(Debug, Clone, Args)]
#[command(after_help = COLLECTIONS_EXAMPLES)]
pub struct Collections {
    /// Captures, and folders of snapshots; `-` is standard input. Without a path, the topic is read once from its beginning to
    /// its end, without a group
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
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
    /// Where to stop (exclusive): a position as in tail [default: the current end]
    #[arg(
        long,
        value_name = "POS",
        allow_hyphen_values = true,
        help_heading = "Positions"
    )]
    pub until: Option<String>,
    /// Hide the examples and types at this path, and the fields under it (repeatable)
    #[arg(long, value_name = "PATH", help_heading = None)]
    pub redact: Vec<String>,
    /// Maximum number of fields in a table
    #[arg(long, value_name = "N", default_value_t = 50, help_heading = None)]
    pub max_fields: usize,
    /// Print one JSON object for each collection instead of a table
    #[arg(long, help_heading = None)]
    pub json: bool,
    /// The connection
    #[command(flatten)]
    pub connection: Connection,
}

const COLLECTIONS_EXAMPLES: &str = "\
Examples:
  ditto-cdc collections                              what is in the topic?
  ditto-cdc collections capture.ndjson -c orders     which fields do orders have?
  ditto-cdc collections snapshot --json | jq -r '.fields[].path'";

/// Options for the changes in a document.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Changes")]
pub struct ChangeOptions {
    /// Only changes at or under this path, such as lines[].qty; * matches any name (repeatable; docs/paths.md has the
    /// language of paths)
    #[arg(long, value_name = "PATH")]
    pub only: Vec<String>,
    /// Hide changes at or under this path; an event without other changes is counted but not shown (repeatable)
    #[arg(long, value_name = "PATH")]
    pub ignore: Vec<String>,
    /// Hide the values at or under this path, in every format; status 1 if no document has it (repeatable)
    #[arg(long, value_name = "PATH")]
    pub redact: Vec<String>,
    /// Also show equal values that are written differently, such as 1 and 1.0
    #[arg(long)]
    pub strict: bool,
    /// Do not shorten anything
    #[arg(long)]
    pub full: bool,
    /// Maximum number of lines for one event [default: 50]
    #[arg(long, value_name = "N")]
    pub max_changes: Option<usize>,
    /// The field that identifies an array element [default: _id, id, key or uuid] (repeatable)
    #[arg(long = "array-key", value_name = "PATH=FIELD")]
    pub array_keys: Vec<String>,
    /// Show the identity of the array element that contains a change
    #[arg(long)]
    pub context: bool,
}

/// The range of a topic or capture.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Positions")]
pub struct PositionRange {
    /// Where to start: beginning, end, -100 (the last 100 records), a time, PARTITION:OFFSET,…, txn:N (right after
    /// transaction N) or the folder of a requery [default: end; for a file, beginning]. A time is @2026-01-31T12:00:00Z,
    /// @2026-01-31, @12:00, @yesterday, @-1h, or a number since 1970, such as @1769860800: up to 11 digits are seconds,
    /// up to 14 milliseconds, up to 17 microseconds, more nanoseconds. Without an offset from UTC it is local time
    #[arg(long, alias = "since", value_name = "POS", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Where to stop (exclusive): a position as in --from. `end`: the current end of the topic. `txn:N`: after transaction
    /// N, or at the current end. @+1h: in an hour. Default: never. Without --from, reading then starts at the beginning;
    /// with a time in the future, at the end
    #[arg(long, value_name = "POS", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Stop after N events (counted after the filters). Gaps and unreadable records are shown in addition
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Show only the last N events by time over all partitions (counted after the filters), then stop. Gaps and
    /// unreadable records among them are shown in addition
    #[arg(long, value_name = "N", conflicts_with = "limit", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub last: Option<u64>,
    /// The order of events from several partitions or captures [default: time if the read has an end, else arrival]
    #[arg(long, value_name = "ORDER")]
    pub order: Option<Order>,
}

const TAIL_EXAMPLES: &str = "\
Examples:
  ditto-cdc tail                                 changes from now on
  ditto-cdc tail --last 20 -c 'order*'           the last 20 changes of orders
  ditto-cdc tail --last 5 --op remove            the last 5 removals
  ditto-cdc tail --from @-1h --until end | jq -c '.change.newValue // empty'
  ditto-cdc tail --from beginning --until end --format record > capture.ndjson
  ditto-cdc tail --input capture.ndjson -c people

A requeryRequired event means that the stream has a gap. No filter hides it.";

/// The filters for events.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct Filter {
    /// Only collections that match this name or glob (* ? [a-z] {a,b}); !name excludes one (repeatable)
    #[arg(short, long = "collection", value_name = "GLOB")]
    pub collections: Vec<String>,
    /// Only events with exactly this change.method (repeatable)
    #[arg(short, long = "method", value_name = "NAME")]
    pub methods: Vec<String>,
    /// Only this operation: insert, update or remove (decided from the values, not from change.method) (repeatable)
    #[arg(
        long = "op",
        value_enum,
        value_name = "OP",
        hide_possible_values = true
    )]
    pub ops: Vec<Op>,
    /// Only the document with this _id: a string, or JSON for other types, such as 7 or '{"a":1}'; also COLLECTION/ID (repeatable)
    #[arg(long = "id", value_name = "ID", allow_hyphen_values = true)]
    pub ids: Vec<String>,
    /// Only events that meet this condition, such as "qty > 5 AND status IN ('open', 'paid')" (repeatable: all must hold)
    #[arg(long = "where", value_name = "EXPR", allow_hyphen_values = true)]
    pub conditions: Vec<String>,
    /// Only events with this text in a key or value of the old or new document; a text without a capital letter matches
    /// in any case (repeatable: all must be found)
    #[arg(long = "grep", value_name = "TEXT", allow_hyphen_values = true, value_hint = ValueHint::Other)]
    pub texts: Vec<String>,
    /// Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all must hold)
    #[arg(long, value_name = "PATH")]
    pub changed: Vec<String>,
    /// Apply the filters to requeryRequired events too
    #[arg(long)]
    pub no_control: bool,
}

/// The action at a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnGap {
    /// Report it, count it and continue
    Mark,
    /// Exit with status 4
    Stop,
}

/// `verify`
#[derive(Debug, Clone, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub struct Verify {
    /// Print one JSON object instead of lines
    #[arg(long)]
    pub json: bool,
    /// Replace hosts, addresses, ids, principals, topics and groups with numbered placeholders, for tickets
    #[arg(long)]
    pub redact: bool,
    /// Also check whether the positions in this state file of tail are still available
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub state: Option<PathBuf>,
    /// If all checks pass, wait up to DURATION (such as 60s) for one new event and show it; write a document in your app meanwhile
    #[arg(long, value_name = "DURATION")]
    pub wait: Option<String>,
    /// Write a document to this collection over the HTTP API, wait for its event, remove it, and wait for that event
    #[arg(long, value_name = "COLLECTION", conflicts_with = "wait")]
    pub round_trip: Option<String>,
    /// The connection
    #[command(flatten)]
    pub connection: Connection,
    /// The HTTP API; it is checked only if a URL is set
    #[command(flatten)]
    pub api: Api,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  ditto-cdc verify                               check everything
  ditto-cdc verify --wait 60s                    also wait for a new event
  ditto-cdc verify --state stream.state          also check a state file
  ditto-cdc verify --redact > ticket.txt         to send to other people
  ditto-cdc verify --json | jq -r '.checks[] | [.status, .check] | @tsv'

Nothing is changed: no group is joined, no offset stored, no topic created; only --round-trip writes.
Exit status: 0 if no check failed, 3 for settings, certificates, access or network, 1 for wrong answers.";

const DEMO_EXAMPLES: &str = "\
Examples:
  ditto-cdc demo                                 the whole tour, in seconds
  ditto-cdc demo --serve                         for commands in another terminal
  eval \"$(ditto-cdc demo --serve --print env)\"   the same in the background
  ditto-cdc demo --serve --gap-every 1m          a gap every minute, for practice

kill $DITTO_DEMO_PID ends the servers in the background.";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  ditto-cdc completions bash > ~/.local/share/bash-completion/completions/ditto-cdc
  ditto-cdc completions zsh > ~/.zfunc/_ditto-cdc
  ditto-cdc completions fish > ~/.config/fish/completions/ditto-cdc.fish

In zsh, add fpath+=~/.zfunc before compinit to ~/.zshrc.
In bash, zsh and fish, -c completes the collections of capture files in the current folder, and -p the profiles.";

const MAN_EXAMPLES: &str = "\
Examples:
  ditto-cdc man | man -l -                       the whole program
  ditto-cdc man tail > ditto-cdc-tail.1          one command, to install";

/// `demo`
#[derive(Debug, Clone, Args)]
#[command(after_help = DEMO_EXAMPLES)]
pub struct Demo {
    /// Keep the embedded Kafka running, with a new change now and then, to try commands in a second terminal
    #[arg(long)]
    pub serve: bool,
    /// With --serve: print only the settings, as environment variables (`env`) for eval; into a pipe, keep the servers in
    /// the background
    #[arg(long, value_enum, value_name = "WHAT", requires = "serve")]
    pub print: Option<Print>,
    /// With --serve: at this interval, leave out some changes and write a `requeryRequired`, to practise recovery
    #[arg(long, value_name = "DURATION", requires = "serve")]
    pub gap_every: Option<String>,
}

/// The output of `demo --serve --print`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Print {
    /// `export NAME=value` lines
    Env,
}
