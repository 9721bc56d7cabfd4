//! What can be typed: commands and flags as types, with their help. No input or output here.
//! What the words mean together (sources, positions, conflicts) is decided in `cmd`.

// Documentation in this file is help text: backticks would be printed.
#![allow(clippy::doc_markdown)]

mod config;
mod requery;
mod short_help;

use std::path::PathBuf;

pub use config::{Config, ConfigAction, Init};
pub use short_help::{COMPLETE, Task, command, parse};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub use requery::{ApiVersion, Requery};

use crate::util::env::ColourWhen;

/// Look at, check and recover Ditto's change data capture stream.
#[derive(Debug, Parser)]
#[command(name = "ditto-cdc", version, max_term_width = 100)]
#[command(
    after_help = "New here? Run `ditto-cdc demo`: it needs no Kafka, no account and no network."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show changes as they happen, or those of the past
    Tail(Box<Tail>),
    /// Show what changed, in captures
    Diff(Box<Diff>),
    /// Check the connection, layer by layer, and say what to do where something is wrong
    Verify(Box<Verify>),
    /// Fetch everything again over the HTTP API, provably complete
    Requery(Box<Requery>),
    /// Show what this tool does, on an embedded Kafka
    Demo(Demo),
    /// Show each setting, its value and where it came from; `config init` makes a profile
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
        /// The command that it is about; the whole program, where none is named
        command: Option<String>,
    },
}

/// Flags that every command takes.
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
    /// Show no progress
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more: the Kafka library's log, up to -vvv
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Where to connect and as whom. Each value can also come from the environment, `.env` or a properties file.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The endpoint that the portal shows: host:port, several with commas [env: DITTO_CDC_BROKERS, CLOUD_ENDPOINT]
    #[arg(long, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// The topic that the portal shows [env: DITTO_CDC_TOPIC]
    #[arg(short, long, value_name = "NAME")]
    pub topic: Option<String>,
    /// Join this consumer group and store positions in it; without it nothing is joined or stored [env: DITTO_CDC_GROUP]
    #[arg(short, long, value_name = "NAME")]
    pub group: Option<String>,
    /// The cluster certificate, cluster.p12 [env: DITTO_CDC_CLUSTER_CERT, CLUSTER_CERT_LOCATION]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub cluster_cert: Option<PathBuf>,
    /// A file that holds the cluster certificate's password [env: DITTO_CDC_CLUSTER_CERT_PASSWORD or CLUSTER_CERT_PW, the password itself]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub cluster_cert_password_file: Option<PathBuf>,
    /// The user certificate, user.p12 [env: DITTO_CDC_USER_CERT, USER_CERT_LOCATION]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub user_cert: Option<PathBuf>,
    /// A file that holds the user certificate's password [env: DITTO_CDC_USER_CERT_PASSWORD or USER_CERT_PW, the password itself]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub user_cert_password_file: Option<PathBuf>,
    /// A section of ditto-cdc.toml in the config folder (~/.config) with any of these settings [env: DITTO_CDC_PROFILE]
    #[arg(short, long, value_name = "NAME")]
    pub profile: Option<String>,
    /// A Java client.properties file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub properties: Option<PathBuf>,
    /// A file of settings as in the environment, in place of .env in this folder
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub env_file: Option<PathBuf>,
    /// A property of librdkafka; wins over everything else (repeatable)
    #[arg(short = 'X', value_name = "KEY=VALUE")]
    pub extra: Vec<String>,
}

/// Where the HTTP API is. Each value can also come from the environment or `.env`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "HTTP API")]
pub struct Api {
    /// The Cloud URL Endpoint that the portal shows, with the app's id [env: DITTO_CDC_URL, DITTOSH_SERVER_URL, DITTO_CLOUD_URL]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// A file that holds the API key [env: DITTO_CDC_API_KEY, DITTOSH_SERVER_API_KEY or DITTO_API_KEY, the key itself]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub api_key_file: Option<PathBuf>,
}

/// `tail`
#[derive(Debug, Clone, Args)]
#[command(after_help = TAIL_EXAMPLES)]
pub struct Tail {
    /// Which events
    #[command(flatten)]
    pub filter: Filter,
    /// Which part of the topic or capture
    #[command(flatten)]
    pub span: Span,
    /// Stop when nothing arrived for so long, such as 30s or 5m
    #[arg(long, value_name = "DURATION", help_heading = "Positions")]
    pub idle_exit: Option<String>,
    /// What to show of changes
    #[command(flatten)]
    pub look: Look,
    /// How to print [default: diff on a terminal, json in a pipe]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Read a capture in place of Kafka: what tail wrote, or kafka-console-consumer.sh; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "group")]
    pub input: Option<PathBuf>,
    /// Keep positions in this file and go on from them the next time; --from is for the first time
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Positions", conflicts_with_all = ["group", "input", "last", "no_control"])]
    pub state: Option<PathBuf>,
    /// Start from a requery's folder although the requery is not complete
    #[arg(long, help_heading = "Positions", requires = "from")]
    pub allow_incomplete: bool,
    /// What a gap in the stream does: be marked and counted, or end the command with status 4
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    pub on_gap: OnGap,
    /// Where to connect
    #[command(flatten)]
    pub connection: Connection,
}

/// `diff`
#[derive(Debug, Clone, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub struct Diff {
    /// Captures: what tail wrote, or kafka-console-consumer.sh; `-` or none is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Which events
    #[command(flatten)]
    pub filter: Filter,
    /// Which part of the captures
    #[command(flatten)]
    pub span: Span,
    /// What to show of changes
    #[command(flatten)]
    pub look: Look,
    /// How to print [default: diff]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// End with status 1 if an event was shown
    #[arg(long)]
    pub exit_code: bool,
    /// On a terminal, do not page through $PAGER or less
    #[arg(long)]
    pub no_pager: bool,
    /// What a gap in the stream does: be marked and counted, or end the command with status 4
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    pub on_gap: OnGap,
}

const DIFF_EXAMPLES: &str = "\
Examples:
  ditto-cdc diff capture.ndjson                      every change, page by page
  ditto-cdc diff -c orders --op update capture.ndjson
  kafka-console-consumer.sh … | ditto-cdc diff       what another tool reads
  ditto-cdc diff --exit-code --id o-1001 *.ndjson    did this document change?";

/// What to show of the changes in a document.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Changes")]
pub struct Look {
    /// Only changes at or under this path, such as lines[].qty; * stands for any name (repeatable)
    #[arg(long, value_name = "PATH")]
    pub only: Vec<String>,
    /// No changes at or under this path; an event with no others is counted and not shown (repeatable)
    #[arg(long, value_name = "PATH")]
    pub ignore: Vec<String>,
    /// Hide the values at or under this path, in every format (repeatable)
    #[arg(long, value_name = "PATH")]
    pub redact: Vec<String>,
    /// Show values that are the same and only written differently, such as 1 and 1.0
    #[arg(long)]
    pub strict: bool,
    /// Clip nothing
    #[arg(long)]
    pub full: bool,
    /// The most lines that one event takes [default: 50]
    #[arg(long, value_name = "N")]
    pub max_changes: Option<usize>,
    /// The field that tells the elements of an array apart, in place of _id, id, key or uuid (repeatable)
    #[arg(long = "array-key", value_name = "PATH=FIELD")]
    pub array_keys: Vec<String>,
    /// Show the identity of the array element that a change is in
    #[arg(long)]
    pub context: bool,
}

/// Which part of a topic or capture.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Positions")]
pub struct Span {
    /// Where to start: beginning, end, -100, @2026-01-31T12:00:00Z, @-1h, PARTITION:OFFSET,…, txn:N (behind
    /// transaction N) or the folder of a requery [default: end, or beginning of a file]
    #[arg(long, value_name = "POS", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Where to stop, itself not included; `end` is what is there now, txn:N all of that up to transaction N.
    /// Without it tail goes on for ever
    #[arg(long, value_name = "POS", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Stop after so many events, counted after the filters
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Only the last N events, counted after the filters, by time over all partitions; then stop
    #[arg(long, value_name = "N", conflicts_with = "limit", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub last: Option<u64>,
}

const TAIL_EXAMPLES: &str = "\
Examples:
  ditto-cdc tail                                     what changes from now on
  ditto-cdc tail -c people --op remove               only removed people
  ditto-cdc tail --from @-1h --until end | jq .change.newValue
  ditto-cdc tail --last 20 -c 'order*'               the last 20 changes of orders
  ditto-cdc tail --from beginning --until end --format record > capture.ndjson
  ditto-cdc tail --input capture.ndjson -c people    the same filters on a file

A requeryRequired event means that the stream has a gap. It passes every filter.";

/// Which events to show.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct Filter {
    /// Only collections like this: name, or glob with * ? [a-z] {a,b}; !name leaves one out (repeatable)
    #[arg(short, long = "collection", value_name = "GLOB")]
    pub collections: Vec<String>,
    /// Only events with this change.method, to the letter (repeatable)
    #[arg(short, long = "method", value_name = "NAME")]
    pub methods: Vec<String>,
    /// Only what really happened: insert, update or remove, by the values that are there (repeatable)
    #[arg(
        long = "op",
        value_enum,
        value_name = "OP",
        hide_possible_values = true
    )]
    pub ops: Vec<Op>,
    /// Only the document with this _id: a text, or JSON for other kinds, such as 7 or '{"a":1}' (repeatable)
    #[arg(long = "id", value_name = "ID", allow_hyphen_values = true)]
    pub ids: Vec<String>,
    /// Only what meets this condition, such as "qty > 5 AND status IN ('open', 'paid')" (repeatable: all of them)
    #[arg(long = "where", value_name = "EXPR", allow_hyphen_values = true)]
    pub conditions: Vec<String>,
    /// Only changes of the value at this path, such as address.city or lines[0].qty (repeatable: all of them)
    #[arg(long, value_name = "PATH")]
    pub changed: Vec<String>,
    /// Let the filters hide requeryRequired too
    #[arg(long)]
    pub no_control: bool,
}

/// What happened to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Op {
    /// A document that was not there before
    Insert,
    /// A document that was there before
    Update,
    /// A document that is gone
    Remove,
}

/// How to print events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// What changed in each document, for people
    Diff,
    /// One line for people: what happened to which document
    Oneline,
    /// The event as it was received, one a line
    Json,
    /// The event indented and coloured
    Pretty,
    /// The whole record with topic, partition, offset, time, key and headers; loses nothing, --input reads it back
    Record,
    /// The payload's bytes and a line end
    Raw,
    /// What changed as a JSON Patch (RFC 6902) with the event's identity; makes exactly the new document of the old one
    Patch,
    /// What changed as a JSON Merge Patch (RFC 7396), and whether it says all that changed
    Merge,
    /// The paths that were changed, added and removed
    Changes,
}

/// What a gap does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OnGap {
    /// Say so, count it, go on
    #[default]
    Mark,
    /// End with status 4
    Stop,
}

/// `verify`
#[derive(Debug, Clone, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub struct Verify {
    /// Print one JSON object in place of lines
    #[arg(long)]
    pub json: bool,
    /// Replace hosts, addresses, ids, principals, topics and groups by numbered words, for tickets
    #[arg(long)]
    pub redact: bool,
    /// When all is well, wait so long for the first new event and show it, such as 60s: make a write in your app meanwhile
    #[arg(long, value_name = "DURATION")]
    pub wait: Option<String>,
    /// Write a document into this collection through the HTTP API, wait for its event, remove it, wait for that event
    #[arg(long, value_name = "COLLECTION", conflicts_with = "wait")]
    pub round_trip: Option<String>,
    /// Where to connect
    #[command(flatten)]
    pub connection: Connection,
    /// Where the HTTP API is; without an address it is not checked
    #[command(flatten)]
    pub api: Api,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  ditto-cdc verify                                   is everything right?
  ditto-cdc verify --wait 60s                        and does a write arrive?
  ditto-cdc verify --redact > ticket.txt             to show to somebody else
  ditto-cdc verify --json | jq '.checks[] | select(.status == \"fail\")'

Nothing is changed: no group is joined, no position stored, no topic made; only --round-trip writes.
Ends with 0 if nothing failed, 3 for settings, certificates, access or network, 1 for wrong answers.";

const DEMO_EXAMPLES: &str = "\
Examples:
  ditto-cdc demo                                     the whole story, in seconds
  ditto-cdc demo --serve                             a stream to try commands on, in a second terminal
  eval \"$(ditto-cdc demo --serve --print env)\"       the same, in a script";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  ditto-cdc completions bash > ~/.local/share/bash-completion/completions/ditto-cdc
  ditto-cdc completions zsh > ~/.zfunc/_ditto-cdc    with fpath+=~/.zfunc before compinit in ~/.zshrc
  ditto-cdc completions fish > ~/.config/fish/completions/ditto-cdc.fish

In bash, zsh and fish, -c completes collections of the captures at hand, and -p profiles.";

const MAN_EXAMPLES: &str = "\
Examples:
  ditto-cdc man | man -l -                           the whole program
  ditto-cdc man tail > ditto-cdc-tail.1              one command, to install";

/// `demo`
#[derive(Debug, Clone, Args)]
#[command(after_help = DEMO_EXAMPLES)]
pub struct Demo {
    /// Keep the embedded Kafka running, with changes trickling in, to try commands in a second terminal
    #[arg(long)]
    pub serve: bool,
    /// With --serve: print only the settings, as `env` lines for eval
    #[arg(long, value_enum, value_name = "WHAT", requires = "serve")]
    pub print: Option<Print>,
}

/// What `demo --serve --print` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Print {
    /// `export NAME=value` lines
    Env,
}
