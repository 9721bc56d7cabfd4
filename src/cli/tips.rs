//! Tips of usage errors: what other tools call an option, a value or a command.

use super::command_line::{CommandLine, quoted};
use crate::util::suggest::operation;

/// Names that other tools have for an option, and the option's right spelling here.
struct Foreign {
    names: &'static [&'static str],
    /// The option that a command must have for this tip; empty for a tip of every command.
    option: &'static str,
    /// The commands for which the tip is right; empty for all.
    commands: &'static [&'static str],
    tip: &'static str,
}

const fn of(names: &'static [&'static str], option: &'static str, tip: &'static str) -> Foreign {
    let commands = &[];
    Foreign {
        names,
        option,
        commands,
        tip,
    }
}

const fn only(
    commands: &'static [&'static str],
    names: &'static [&'static str],
    tip: &'static str,
) -> Foreign {
    let option = "";
    Foreign {
        names,
        option,
        commands,
        tip,
    }
}

/// Options of kcat, rpk, the tools of Kafka, `tail`, `kubectl`, `gh`, `jq`, `grep` and `diff`. The first tip that is right
/// for a command is given.
const FOREIGN_OPTIONS: &[Foreign] = &[
    of(
        &[
            "--no-color",
            "--no-colors",
            "--no-colour",
            "--nocolor",
            "--monochrome",
            "--plain",
        ],
        "",
        "write --color never",
    ),
    of(
        &["--colour", "--colors"],
        "",
        "write --color auto, always or never",
    ),
    of(&["--silent", "--no-logs"], "", "write --quiet"),
    of(
        &["--debug", "--trace", "--log-level", "-d"],
        "",
        "write -vv",
    ),
    of(&["--version", "-V"], "", "write ditto-cdc --version"),
    of(&["-?", "--usage", "-help"], "", "write --help"),
    only(
        &["tail"],
        &["-f", "--follow", "-w", "--watch", "-F"],
        "tail follows by default; --until end stops at the current end",
    ),
    of(
        &["-f", "--follow", "-w", "-F"],
        "--watch",
        "write --watch to go on with new events",
    ),
    of(
        &["-f", "--follow", "-w", "--watch", "-F"],
        "--wait",
        "write --wait DURATION to wait for an event",
    ),
    of(
        &["-f", "--follow", "-w", "--watch", "-F"],
        "",
        "only tail follows a topic",
    ),
    of(&["--no-follow", "-e"], "--idle-exit", "write --until end"),
    of(
        &[
            "--from-beginning",
            "--earliest",
            "--beginning",
            "--all",
            "--oldest",
        ],
        "--from",
        "write --from beginning",
    ),
    of(&["--latest", "--newest"], "--from", "write --from end"),
    of(
        &["--offset", "--start-offset", "--offsets"],
        "--from",
        "write --from PARTITION:OFFSET, or --from beginning, end or -100",
    ),
    of(
        &["--partition", "--partitions"],
        "--from",
        "write --from PARTITION:OFFSET, which reads only this partition",
    ),
    of(
        &[
            "--since",
            "--since-time",
            "--after",
            "--start",
            "--start-time",
            "--begin",
            "--newer",
        ],
        "--from",
        "write --from, such as --from @-10m",
    ),
    of(
        &["--since", "--since-time", "--after", "--start", "--begin"],
        "",
        "tail, diff and requery have --from",
    ),
    of(
        &[
            "--before",
            "--to",
            "--end",
            "--stop",
            "--until-time",
            "--older",
        ],
        "--until",
        "write --until, such as --until @12:00 or --until end",
    ),
    of(
        &[
            "--max-messages",
            "--max",
            "--max-count",
            "--count",
            "--num",
            "--head",
            "--messages",
            "-N",
            "-m1",
        ],
        "--limit",
        "write --limit N to stop after N events",
    ),
    of(
        &["--tail", "--lines"],
        "--last",
        "write --last N for the last N events",
    ),
    of(
        &[
            "--grep",
            "--search",
            "--regexp",
            "--regex",
            "--pattern",
            "--text",
            "--match",
            "-E",
            "-e",
        ],
        "--grep",
        "write --grep TEXT",
    ),
    of(
        &[
            "--grep",
            "--search",
            "--regexp",
            "--regex",
            "--pattern",
            "--text",
            "--match",
            "-E",
        ],
        "--changed",
        "write --where \"contains(FIELD, 'TEXT')\"",
    ),
    of(
        &[
            "--filter",
            "--query",
            "--condition",
            "--select",
            "--selector",
            "--jq",
            "-l",
        ],
        "--where",
        "write --where CONDITION, such as --where \"qty > 5\"",
    ),
    of(
        &["--operation", "--action", "--event", "--type", "--kind"],
        "--op",
        "write --op insert, update or remove",
    ),
    of(
        &["--table", "--tables", "--coll"],
        "--collection",
        "write --collection NAME",
    ),
    of(
        &["--key", "--doc", "--document", "--_id", "--document-id"],
        "--id",
        "write --id ID",
    ),
    of(
        &["--field", "--fields", "--path", "--include"],
        "--only",
        "write --only PATH",
    ),
    of(&["--exclude", "--skip"], "--ignore", "write --ignore PATH"),
    of(
        &["--mask", "--hide", "--anonymize"],
        "--redact",
        "write --redact",
    ),
    of(
        &["-C", "-A", "-B", "-U", "-u", "--unified", "--context"],
        "--context",
        "--context takes no number: it shows the identity of an array's element",
    ),
    of(
        &["--name-only", "--stat"],
        "--changed",
        "write --format changes or --format oneline",
    ),
    of(
        &["--json", "--ndjson", "--jsonl"],
        "--format",
        "write --format json",
    ),
    of(&["--pretty"], "--format", "write --format pretty"),
    of(
        &["--oneline", "--short"],
        "--format",
        "write --format oneline",
    ),
    of(&["--raw"], "--format", "write --format raw"),
    of(&["--patch"], "--format", "write --format patch"),
    of(&["--diff"], "--format", "write --format diff"),
    of(
        &["--headers", "--print-headers", "--metadata"],
        "--format",
        "write --format record",
    ),
    of(&["--template", "--fmt"], "--format", "write --format"),
    of(
        &["--file", "--capture", "-i"],
        "--input",
        "write --input FILE",
    ),
    only(
        &["diff"],
        &["--file", "--capture", "--input", "-i"],
        "write the file without an option",
    ),
    only(
        &["history"],
        &["--file", "--capture", "--input", "-i"],
        "write the file after the id",
    ),
    only(
        &["history"],
        &["-c", "--collection", "--id"],
        "write the collection and the id without options: history COLLECTION ID",
    ),
    only(
        &["history"],
        &["--last", "--tail", "--newest"],
        "write --reverse -n N for the newest N versions",
    ),
    of(&["--timeout"], "--deadline", "write --deadline DURATION"),
    of(&["--timeout"], "--wait", "write --wait DURATION"),
    of(
        &["--dir", "--out", "--folder"],
        "--output",
        "write --output DIR",
    ),
    of(&["--curl"], "--as-curl", "write --as-curl"),
    of(
        &["--parallel", "--threads", "--workers", "-j"],
        "--jobs",
        "write --jobs N",
    ),
    of(
        &[
            "-b",
            "--broker",
            "--bootstrap",
            "--bootstrap-server",
            "--bootstrap-servers",
        ],
        "--brokers",
        "write --brokers HOST:PORT",
    ),
    of(
        &["--group-id", "--consumer-group", "-G"],
        "--group",
        "write --group NAME",
    ),
    of(
        &["--consumer-property", "--property", "--set"],
        "-X",
        "write -X KEY=VALUE",
    ),
    of(
        &[
            "--config",
            "--config-file",
            "--command-config",
            "--consumer.config",
            "--consumer-config",
        ],
        "--properties",
        "write --properties FILE, or --profile NAME",
    ),
    of(
        &["--env", "--dotenv"],
        "--env-file",
        "write --env-file FILE",
    ),
    of(
        &[
            "--cert",
            "--certificate",
            "--cacert",
            "--ca",
            "--key-store",
            "--truststore",
        ],
        "--cluster-cert",
        "write --cluster-cert FILE and --user-cert FILE",
    ),
    of(
        &["--password", "--pass"],
        "--user-cert-password-file",
        "write --cluster-cert-password-file FILE and --user-cert-password-file FILE",
    ),
    of(
        &["-k", "--insecure", "--no-verify"],
        "--cluster-cert",
        "certificates are always verified; ditto-cdc verify shows what is wrong",
    ),
    of(
        &["--api-key", "--token", "--apikey"],
        "--api-key-file",
        "write --api-key-file FILE, or set DITTO_CDC_API_KEY",
    ),
    of(&["--endpoint", "--server"], "--url", "write --url URL"),
];

/// Commands of other tools.
const FOREIGN_COMMANDS: &[(&[&str], &str)] = &[
    (
        &["completion", "complete", "autocomplete"],
        "did you mean completions?",
    ),
    (
        &[
            "consume",
            "watch",
            "follow",
            "stream",
            "logs",
            "log",
            "read",
            "subscribe",
            "listen",
            "get",
            "events",
            "cat",
            "messages",
            "topic",
        ],
        "tail shows events",
    ),
    (
        &[
            "snapshot", "export", "dump", "backup", "sync", "fetch", "query", "resync", "recover",
            "restore",
        ],
        "requery fetches all documents",
    ),
    (
        &[
            "check", "doctor", "status", "ping", "test", "diagnose", "validate", "health", "info",
        ],
        "verify checks the connection",
    ),
    (
        &[
            "count",
            "counts",
            "wc",
            "summary",
            "summarize",
            "statistics",
            "histogram",
            "lag",
            "rate",
            "activity",
        ],
        "stats counts what is in a topic or capture",
    ),
    (
        &["compare", "changes"],
        "diff shows what changed in captures",
    ),
    (
        &["configure", "login", "setup", "init", "profile", "add"],
        "config init creates a profile",
    ),
    (
        &["settings", "show", "env", "profiles", "list"],
        "config shows the settings",
    ),
    (
        &[
            "example", "tour", "try", "sandbox", "serve", "start", "play",
        ],
        "demo needs no Kafka and no account",
    ),
    (&["manual", "docs"], "man prints a manual page"),
    (&["version", "ver"], "write ditto-cdc --version"),
    (&["usage"], "write ditto-cdc --help"),
];

/// Values of other tools, by option.
const FOREIGN_VALUES: &[(&str, &[&str], &str)] = &[
    (
        "--format",
        &["ndjson", "jsonl", "jsonlines", "json-lines"],
        "--format json",
    ),
    (
        "--format",
        &[
            "line", "short", "wide", "log", "logfmt", "summary", "text", "one-line",
        ],
        "--format oneline",
    ),
    (
        "--format",
        &["full", "envelope", "lossless"],
        "--format record",
    ),
    ("--format", &["json-patch", "jsonpatch"], "--format patch"),
    (
        "--format",
        &["merge-patch", "json-merge-patch", "mergepatch"],
        "--format merge",
    ),
    (
        "--format",
        &["paths", "names", "name-only", "stat"],
        "--format changes",
    ),
    (
        "--format",
        &["unified", "human", "default"],
        "--format diff",
    ),
    (
        "--color",
        &["no", "off", "false", "none", "0"],
        "--color never",
    ),
    (
        "--color",
        &["yes", "on", "true", "force", "1"],
        "--color always",
    ),
];

/// The tip for an unknown option, or for one with a value that it does not take.
pub(super) fn option(line: &CommandLine<'_>, typed: &str) -> Option<String> {
    if matches!(typed, "-o" | "--output") && !line.has_option("--output") {
        return line.has_option("--format").then(|| output(line, typed));
    }
    let known = FOREIGN_OPTIONS.iter().find(|foreign| {
        let command = line.command.get_name();
        foreign.names.contains(&typed)
            && (foreign.commands.is_empty() || foreign.commands.contains(&command))
            && (foreign.option.is_empty() || line.has_option(foreign.option))
    });
    known.map(|foreign| foreign.tip.to_owned())
}

/// `-o` is a format in kubectl, an offset in kcat, and a file elsewhere.
fn output(line: &CommandLine<'_>, typed: &str) -> String {
    let mut words = line.words.iter();
    let value = words.find_map(|word| match word.strip_prefix(typed)? {
        "" => Some(None),
        value => Some(Some(value.trim_start_matches('='))),
    });
    let value = value.flatten().or(words.next().map(String::as_str));
    let is_offset = |value: &str| {
        ["beginning", "end", "stored"].contains(&value)
            || value.parse::<i64>().is_ok()
            || value.starts_with("s@")
            || value.starts_with("e@")
    };
    let is_file = |value: &str| value.contains(['.', '/', '\\']);
    match value {
        Some(value) if is_offset(value) && typed == "-o" => {
            "write --from beginning, end, -100 or PARTITION:OFFSET".to_owned()
        }
        Some(value) if is_file(value) => {
            format!("write > {value}, with --format record for a capture")
        }
        _ => "write --format json, or another format".to_owned(),
    }
}

/// The tip for a word that no option takes.
pub(super) fn word(line: &CommandLine<'_>, word: &str) -> Option<String> {
    let before = line.words.iter().zip(line.words.iter().skip(1));
    let before = before.filter(|(_, next)| *next == word).map(|(one, _)| one);
    if before.clone().any(|one| one == "--context") {
        return option(line, "--context");
    }
    if word == "help" {
        return Some("write --help".to_owned());
    }
    if line.has_option(&format!("--{word}")) {
        return Some(format!("write --{word}"));
    }
    let is_file = word.contains(['.', '/', '\\']);
    if is_file && line.has_option("--input") {
        return Some(format!("to read a capture, write --input {}", quoted(word)));
    }
    if is_file {
        return None;
    }
    let collection = line.has_option("--collection");
    collection.then(|| format!("to select a collection, write -c {}", quoted(word)))
}

/// The tip for an unknown command.
pub(super) fn command(line: &CommandLine<'_>, typed: &str) -> Option<String> {
    if line.command.get_name() == "config" {
        return Some(format!("for a profile write --profile {}", quoted(typed)));
    }
    let known = FOREIGN_COMMANDS.iter();
    let mut known = known.filter(|(names, _)| names.contains(&typed));
    known.next().map(|(_, tip)| (*tip).to_owned())
}

/// The right spelling of an option and its value.
pub(super) fn value(option: &str, typed: &str) -> Option<String> {
    if option == "--op" {
        return operation(typed).map(|op| format!("--op {op}"));
    }
    let typed = typed.to_lowercase();
    let mut known = FOREIGN_VALUES.iter();
    let known = known.find(|(flag, values, _)| *flag == option && values.contains(&typed.as_str()));
    known.map(|(_, _, tip)| (*tip).to_owned())
}
