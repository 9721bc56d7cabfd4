//! The command line as it is parsed and explained: `-h` shows the flags of a working day, each on one line, and fits
//! on a screen; `--help` shows everything, with examples. What each flag means at length stands beside its type.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory, FromArgMatches};

use super::{Cli, Global};

/// Which flags `-h` shows of a command, by the names of their fields, and what it says about them.
type Brief = (&'static str, &'static [(&'static str, &'static str)]);

const COLLECTION: (&str, &str) = (
    "collections",
    "Only these collections; '!name' leaves one out",
);
const OP: (&str, &str) = ("ops", "Only insert, update or remove");
const ID: (&str, &str) = ("ids", "Only this document");
const WHERE: (&str, &str) = ("conditions", "Only what meets a condition: \"qty > 5\"");
const LAST: (&str, &str) = ("last", "Only the last N of these");
const PROFILE: (&str, &str) = ("profile", "Settings from this section of ditto-cdc.toml");
const BROKERS: (&str, &str) = ("brokers", "The endpoint that the portal shows");
const TOPIC: (&str, &str) = ("topic", "The topic that the portal shows");
const CLUSTER: (&str, &str) = ("cluster_cert", "The cluster certificate, cluster.p12");
const USER: (&str, &str) = ("user_cert", "The user certificate, user.p12");
const PROPERTIES: (&str, &str) = ("properties", "A Java client.properties file");
const KEY: (&str, &str) = ("api_key_file", "A file that holds the API key");
const URL: (&str, &str) = ("url", "The Cloud URL Endpoint, for the HTTP API");

const BRIEF: &[Brief] = &[
    (
        "tail",
        &[
            COLLECTION,
            OP,
            ID,
            WHERE,
            ("from", "Where to start: beginning, -100, @-1h, … [end]"),
            ("until", "Where to stop; end is what is there now"),
            ("limit", "Stop after so many events"),
            LAST,
            ("format", "diff, oneline, json, record, patch, …"),
            PROFILE,
        ],
    ),
    (
        "diff",
        &[
            ("files", "Captures; - or none is standard input"),
            COLLECTION,
            OP,
            ID,
            WHERE,
            LAST,
            ("only", "Only changes at or under this path"),
            ("ignore", "No changes at or under this path"),
            ("format", "diff, oneline, json, record, patch, …"),
            ("exit_code", "End with status 1 if an event was shown"),
        ],
    ),
    (
        "verify",
        &[
            ("json", "One JSON object in place of lines"),
            ("redact", "Replace names and ids, for tickets"),
            ("wait", "Wait so long for the first new event"),
            ("round_trip", "Write, and wait for the event"),
            BROKERS,
            TOPIC,
            CLUSTER,
            USER,
            PROFILE,
            PROPERTIES,
            URL,
        ],
    ),
    (
        "requery",
        &[
            ("output", "The folder of documents and manifest, or -"),
            ("txn_id", "The txnID of the requeryRequired event"),
            ("collections", "Only this collection"),
            ("condition", "Only documents that meet this DQL condition"),
            ("from", "Where the stream was read up to"),
            ("resume", "Go on where an interrupted run stopped"),
            ("dry_run", "Show what would be read, and how much"),
            ("deadline", "Give up after so long without progress"),
            URL,
            KEY,
            TOPIC,
            PROFILE,
        ],
    ),
    (
        "config",
        &[
            ("json", "One JSON object in place of lines"),
            BROKERS,
            TOPIC,
            CLUSTER,
            USER,
            PROFILE,
            PROPERTIES,
            URL,
        ],
    ),
];

/// What the completion scripts put behind the program's name; nobody types it, and no help shows it.
pub const COMPLETE: &str = "__complete";

/// What is to be done.
pub enum Task {
    /// A command.
    Command(super::Command),
    /// Names are wanted to complete a word.
    Complete(Vec<OsString>),
}

/// Reads the command line.
///
/// # Errors
/// Where it is wrong, or asks for help.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<(Global, Task), clap::Error> {
    let words = Arg::new("words")
        .num_args(0..)
        .trailing_var_arg(true)
        .allow_hyphen_values(true)
        .value_parser(clap::value_parser!(OsString));
    let complete = Command::new(COMPLETE).hide(true).arg(words);
    let matches = command().subcommand(complete).try_get_matches_from(args)?;
    if let Some((COMPLETE, asked)) = matches.subcommand() {
        let words = asked.get_many::<OsString>("words").unwrap_or_default();
        let global = Global::from_arg_matches(&matches)?;
        return Ok((global, Task::Complete(words.cloned().collect())));
    }
    let cli = Cli::from_arg_matches(&matches)?;
    Ok((cli.global, Task::Command(cli.command)))
}

/// The whole command line.
#[must_use]
pub fn command() -> Command {
    let command = Cli::command().mut_args(hidden);
    let briefs = BRIEF.iter();
    let command = briefs.fold(command, |command, (name, shown)| {
        command.mut_subcommand(name, |sub| sub.mut_args(|arg| brief(arg, shown)))
    });
    command.mut_subcommands(examples_at_length)
}

fn brief(arg: Arg, shown: &[(&str, &'static str)]) -> Arg {
    let found = shown.iter().find(|(id, _)| arg.get_id() == *id);
    let Some((_, short)) = found else {
        return hidden(arg);
    };
    let long = at_length(&arg);
    arg.help(*short).long_help(long).hide_possible_values(true)
}

/// Said at length alone; manual pages leave out what is not.
fn hidden(arg: Arg) -> Arg {
    let said = arg.get_long_help().or(arg.get_help()).cloned();
    let arg = arg.hide_short_help(true);
    match said {
        Some(said) => arg.long_help(said),
        None => arg,
    }
}

/// What stands beside the type, and each possible value with its meaning.
fn at_length(arg: &Arg) -> String {
    let said = arg.get_long_help().or(arg.get_help());
    let mut long = said.map(ToString::to_string).unwrap_or_default();
    let values = arg.get_possible_values();
    let values: Vec<_> = values
        .iter()
        .filter(|value| value.get_help().is_some())
        .collect();
    let width = values.iter().map(|value| value.get_name().len()).max();
    for value in values {
        let (name, width) = (value.get_name(), width.unwrap_or(0));
        let meaning = value
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let _ = write!(long, "\n  {name:width$}  {meaning}");
    }
    long
}

fn examples_at_length(command: Command) -> Command {
    match command.get_after_help().cloned() {
        Some(examples) => command.after_long_help(examples).after_help(None),
        None => command,
    }
}
