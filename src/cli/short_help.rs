//! Parsing, and the short help: `-h` shows the most used flags, one per line, so that it fits on a screen.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches, ValueHint};

use super::usage_error::{self, ParseError};
use super::{Cli, Global};

/// A command with the flags that `-h` shows, by field name, and their short help.
type ShortHelp = (&'static str, &'static [(&'static str, &'static str)]);

const COLLECTION: (&str, &str) = (
    "collections",
    "Only these collections; '!name' excludes one",
);
const METHOD: (&str, &str) = ("methods", "Only events with this change.method");
const OP: (&str, &str) = ("ops", "Only insert, update or remove");
const ID: (&str, &str) = ("ids", "Only this document");
const WHERE: (&str, &str) = (
    "conditions",
    "Only events that meet a condition: \"qty > 5\"",
);
const CHANGED: (&str, &str) = ("changed", "Only changes of the value at this path");
const GREP: (&str, &str) = ("texts", "Only events with a text in a key or value");
const FORMAT: (&str, &str) = ("format", "diff, oneline, json, …, or '%T %c %i %s'");
const LAST: (&str, &str) = ("last", "Only the last N events");
const PROFILE: (&str, &str) = ("profile", "Settings from this section of ditto-cdc.toml");
const BROKERS: (&str, &str) = ("brokers", "The endpoint that the portal shows");
const TOPIC: (&str, &str) = ("topic", "The topic that the portal shows");
const CLUSTER: (&str, &str) = ("cluster_cert", "The cluster certificate, cluster.p12");
const USER: (&str, &str) = ("user_cert", "The user certificate, user.p12");
const PROPERTIES: (&str, &str) = ("properties", "A Java client.properties file");
const KEY: (&str, &str) = ("api_key_file", "A file that contains the API key");
const URL: (&str, &str) = ("url", "The Cloud URL Endpoint, for the HTTP API");

const SHORT_HELP: &[ShortHelp] = &[
    (
        "tail",
        &[
            COLLECTION,
            METHOD,
            OP,
            ID,
            WHERE,
            GREP,
            ("from", "Where to start: beginning, -100, @-1h, … [end]"),
            ("until", "Where to stop; end: the current end"),
            ("limit", "Stop after N events"),
            LAST,
            CHANGED,
            (
                "idle_exit",
                "Stop if nothing is shown for DURATION, such as 30s",
            ),
            (
                "timeout",
                "Stop after DURATION; status 5 if nothing was shown",
            ),
            ("state", "Save offsets in FILE, continue from them"),
            FORMAT,
            TOPIC,
            PROFILE,
        ],
    ),
    (
        "diff",
        &[
            ("files", "Captures or snapshots; two: compare"),
            COLLECTION,
            METHOD,
            OP,
            ID,
            WHERE,
            GREP,
            ("only", "Only changes at or under this path"),
            ("ignore", "Hide changes at or under this path"),
            FORMAT,
            ("exit_code", "Status 1 if an event is shown, 0 if none"),
        ],
    ),
    (
        "history",
        &[
            ("collection", "The document's collection"),
            ("id", "The document's _id; JSON if it is no string"),
            ("files", "Captures; none: the topic"),
            ("at", "Print the document as it was: @10:31, txn:N"),
            ("blame", "Show which version last changed each field"),
            ("reverse", "Newest version first"),
            ("limit", "Only the first N versions"),
            CHANGED,
            ("from", "Where to start: @-1h, … [beginning]"),
            ("redact", "Hide the values at this path"),
            FORMAT,
            PROFILE,
        ],
    ),
    (
        "collections",
        &[
            ("paths", "Captures or snapshots; none: the topic"),
            COLLECTION,
            ("from", "Where to start: @-1h, … [beginning]"),
            WHERE,
            ("redact", "Hide the values at this path"),
            ("json", "Print one JSON object for each collection"),
            PROFILE,
        ],
    ),
    (
        "stats",
        &[
            ("files", "Captures; none: the topic"),
            COLLECTION,
            ("from", "Where to start: @-1h, … [beginning]"),
            WHERE,
            ("by", "One bar for each minute, hour or day"),
            ("top", "Number of documents and paths in a list"),
            ("paths", "Also count which paths change"),
            ("watch", "Live: show again every SECONDS"),
            ("group", "Show the lag of this consumer group"),
            ("state", "Show the lag of this state file of tail"),
            ("json", "Print one JSON object"),
            PROFILE,
        ],
    ),
    (
        "verify",
        &[
            ("json", "Print one JSON object instead of lines"),
            ("redact", "Replace names and ids, for tickets"),
            ("wait", "Wait up to DURATION for one new event"),
            ("round_trip", "Write a document, and wait for its event"),
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
            ("output", "Output folder, or - for standard output"),
            ("txn_id", "The txnID of the requeryRequired event"),
            COLLECTION,
            ("condition", "Only documents that meet this DQL condition"),
            ("from", "Where reading of the stream ended"),
            ("resume", "Continue an interrupted run"),
            ("dry_run", "Show what would be read, and how much"),
            ("deadline", "Give up after DURATION without progress"),
            URL,
            KEY,
            TOPIC,
            PROFILE,
        ],
    ),
    (
        "audit",
        &[
            ("copy", "The file of mirror, or the folder of a requery"),
            ("repair", "Replace what differs in the mirror"),
            ("limit", "Show at most N documents of each collection"),
            ("ids_only", "Show ids, and no documents"),
            ("json", "Print JSON objects instead of a table"),
            ("no_kafka", "Do not read the stream"),
            ("jobs", "Number of collections to read in parallel"),
            URL,
            KEY,
            BROKERS,
            TOPIC,
            CLUSTER,
            USER,
            PROFILE,
        ],
    ),
    (
        "mirror",
        &[
            ("file", "The SQLite file; created if it is missing"),
            COLLECTION,
            ("until", "end: stop when the copy is current"),
            ("indexes", "Index fields: 'orders(status, total.cents)'"),
            ("on_gap", "At a gap: requery, or stop with status 4"),
            ("history", "Keep each change in ditto_history"),
            (
                "skip_unreadable",
                "Continue after a bad record, and list it",
            ),
            URL,
            KEY,
            TOPIC,
            PROFILE,
        ],
    ),
    (
        "relay",
        &[
            ("name", "The relay's name, which its positions belong to"),
            ("to_brokers", "The brokers of the target cluster"),
            ("to_topic", "The topic to write to: 'ditto.{collection}'"),
            ("format", "What is written for each event"),
            COLLECTION,
            OP,
            WHERE,
            ("from", "Where to start: beginning, @-1h, … [end]"),
            ("until", "Where to stop; end: the current end"),
            ("on_gap", "At a gap: stop with status 4, or requery"),
            ("extra", "A librdkafka property; to.KEY: of the target"),
            TOPIC,
            PROFILE,
        ],
    ),
    (
        "config",
        &[
            ("json", "Print one JSON object instead of lines"),
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

/// A command that is not in the short list of commands, so that it fits on a screen; the long one has it.
const RARELY_USED: &str = "man";

/// The hidden subcommand that the completion scripts call.
pub const COMPLETE: &str = "__complete";

/// A parsed command line.
pub enum Invocation {
    /// A command.
    Command(super::Command),
    /// A completion request of a shell.
    Complete(Vec<OsString>),
}

/// Parses the command line.
///
/// # Errors
/// A usage error, or a request for help or the version.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<(Global, Invocation), ParseError> {
    let words = Arg::new("words")
        .num_args(0..)
        .trailing_var_arg(true)
        .allow_hyphen_values(true)
        .value_parser(clap::value_parser!(OsString));
    let complete = Command::new(COMPLETE).hide(true).arg(words);
    let args: Vec<OsString> = args.into_iter().collect();
    let is_short_help = args.iter().any(|arg| arg == "-h");
    let program = if is_short_help {
        without_headings(command()).mut_subcommand(RARELY_USED, |sub| sub.hide(true))
    } else {
        command()
    };
    let parsed = program.subcommand(complete).try_get_matches_from(&args);
    parsed
        .and_then(|matches| invocation(&matches))
        .map_err(|error| {
            let words = args.iter().map(|word| word.to_string_lossy().into_owned());
            usage_error::describe(error, &command(), &words.collect::<Vec<_>>())
        })
}

fn invocation(matches: &ArgMatches) -> Result<(Global, Invocation), clap::Error> {
    if let Some((COMPLETE, request)) = matches.subcommand() {
        let words = request.get_many::<OsString>("words").unwrap_or_default();
        let global = Global::from_arg_matches(matches)?;
        return Ok((global, Invocation::Complete(words.cloned().collect())));
    }
    let cli = Cli::from_arg_matches(matches)?;
    Ok((cli.global, Invocation::Command(cli.command)))
}

/// The clap command of the whole program.
#[must_use]
pub fn command() -> Command {
    let command = Cli::command().mut_args(hide_from_short_help);
    let commands = SHORT_HELP.iter();
    let command = commands.fold(command, |command, (name, shown)| {
        command.mut_subcommand(name, |sub| sub.mut_args(|arg| set_short_help(arg, shown)))
    });
    let command = command.mut_subcommands(move_examples_to_long_help);
    set_value_hints(command)
}

/// Options whose values the completion scripts look up.
const LOOKED_UP: [&str; 2] = ["collections", "profile"];

/// Says of each value that is no file that it is none, so that completion does not offer files for it.
fn set_value_hints(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let is_free = arg.get_action().takes_values()
            && arg.get_possible_values().is_empty()
            && arg.get_value_hint() == ValueHint::Unknown
            && (arg.is_positional() || !LOOKED_UP.contains(&arg.get_id().as_str()));
        if is_free {
            arg.value_hint(ValueHint::Other)
        } else {
            arg
        }
    });
    command.mut_subcommands(set_value_hints)
}

/// All options in one list, so that the short help fits on a screen.
fn without_headings(command: Command) -> Command {
    let command = command.mut_args(|arg| arg.help_heading(None));
    command.mut_subcommands(without_headings)
}

fn set_short_help(arg: Arg, shown: &[(&str, &'static str)]) -> Arg {
    let found = shown.iter().find(|(id, _)| arg.get_id() == *id);
    let Some((_, short)) = found else {
        return hide_from_short_help(arg);
    };
    let long = long_help(&arg);
    arg.help(*short).long_help(long).hide_possible_values(true)
}

/// Hides a flag from `-h`. Sets its long help, because manual pages leave out flags without one.
fn hide_from_short_help(arg: Arg) -> Arg {
    let help = arg.get_long_help().or(arg.get_help()).cloned();
    let arg = arg.hide_short_help(true);
    match help {
        Some(help) => arg.long_help(help),
        None => arg,
    }
}

/// The help of a flag's doc comment, and each possible value with its meaning.
fn long_help(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let mut long = help.map(ToString::to_string).unwrap_or_default();
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

fn move_examples_to_long_help(command: Command) -> Command {
    match command.get_after_help().cloned() {
        Some(examples) => command.after_long_help(examples).after_help(None),
        None => command,
    }
}
