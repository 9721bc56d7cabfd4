//! Messages about filters that let nothing through, options without effect, and usage errors.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::program::{Output, run};

const TIMEOUT: Duration = Duration::from_secs(60);
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/cafe.ndjson");

/// A command line, and what standard error must and must not contain.
type Case = (
    &'static [&'static str],
    &'static [&'static str],
    &'static [&'static str],
);

fn diff(args: &[&str]) -> Output {
    let shared = ["diff", EXAMPLE, "--no-control"];
    run(&[], &[&shared[..], args].concat(), TIMEOUT)
}

fn check(output: &Output, (args, has, has_not): &Case) {
    for part in *has {
        assert!(
            output.stderr.contains(part),
            "{args:?} does not say {part:?}:\n{}",
            output.stderr
        );
    }
    for part in *has_not {
        assert!(
            !output.stderr.contains(part),
            "{args:?} says {part:?}:\n{}",
            output.stderr
        );
    }
}

/// Filters that let nothing through.
const SILENT: &[Case] = &[
    (
        &["-c", "order"],
        &[
            "no event of the collection 'order' in 4 events (2026-01-31T12:01:03.114Z to 2026-01-31T12:02:41.500Z)",
            "seen: orders (2), devices (1), people (1); did you mean orders?",
        ],
        &[],
    ),
    (
        &["--where", "status = paid"],
        &["no document has the field paid; for the text write 'paid' in quotes"],
        &["_id"],
    ),
    (
        &["--where", "status IN (paid, open)"],
        &["write 'paid' in", "write 'open' in"],
        &[],
    ),
    (
        &["--where", "collection = orders"],
        &["orders is a field of the document here; for the text write 'orders'"],
        &[],
    ),
    (
        &["--where", "collection = 'order'"],
        &["collections seen: orders (2), devices (1), people (1); did you mean orders?"],
        &[],
    ),
    (
        &["--where", "newValue.status = 'open'"],
        &["no document has the field newValue; write status or new.status"],
        &[],
    ),
    (
        &["--where", "change.oldValue.status = 'open'"],
        &["write status or old.status"],
        &[],
    ),
    (
        &["--where", "value.change.newValue.status = 'open'"],
        &["write status or new.status"],
        &[],
    ),
    (
        &["--changed", "newValue.status"],
        &["write status"],
        &["new.status"],
    ),
    (
        &["--where", "totalCents > '100'"],
        &["'100' is a string, but totalCents is always a number"],
        &[],
    ),
    (
        &["--where", "status = 1"],
        &["1 is a number, but status is always a string"],
        &[],
    ),
    (
        &["--where", "totalCents LIKE '%1'"],
        &["LIKE needs a string, but totalCents is always a number"],
        &[],
    ),
    (
        &["--where", "status = 'Open'"],
        &["did you mean open?"],
        &["always"],
    ),
    (
        &["--where", "status = 'sent'"],
        &["values of status seen: open (1), paid (1)"],
        &[],
    ),
    (
        &["--where", "status LIKE '*aid'"],
        &["% stands for any characters", "'%aid'"],
        &[],
    ),
    (
        &["--where", "op = 'delete'"],
        &[
            "op is always insert, update or remove",
            "did you mean 'remove'?",
            "operations seen",
        ],
        &[],
    ),
    (
        &["--where", "txnId = '552912'"],
        &["txnId is always a number"],
        &[],
    ),
    (
        &["-c", "orders,people"],
        &["one name with a comma", "'{orders,people}'"],
        &[],
    ),
    (
        &["-m", "updated"],
        &[
            "seen: update (2), ",
            "did you mean update?",
            "--op update selects",
        ],
        &[],
    ),
    (&["-m", "delete"], &["--op remove selects"], &[]),
    (
        &["--id", "{\"store\":\"zrh-1\""],
        &[
            "is not valid JSON, so it is compared as a string",
            "no event of the document",
        ],
        &[],
    ),
    (
        &["--id", "o-*"],
        &["--id takes no pattern, but --where"],
        &[],
    ),
    (
        &["--id", "people/o-1001"],
        &[
            "no event of the document 'people/o-1001'",
            "did you mean o-1001?",
        ],
        &[],
    ),
    (
        &["--only", "newValue.status"],
        &["--only newValue.status: no document that was read has this path; write status"],
        &[],
    ),
    (
        &["--op", "insert", "-c", "orders", "--where", "qty > 1"],
        &["in the 1 of 4 events that pass --collection and --op (2026-"],
        &[],
    ),
];

#[test]
fn a_read_that_shows_nothing_says_what_was_there() {
    for case in SILENT {
        let output = diff(case.0);
        assert_eq!(output.status, Some(0), "{:?}", case.0);
        assert_eq!(output.lines(), [""; 0], "{:?}", case.0);
        check(&output, case);
        // With --quiet there is nothing to say, and an event that passes needs no explanation.
        let quiet = diff(&[case.0, &["-q"]].concat());
        assert_eq!(quiet.stderr, "", "{:?}", case.0);
    }
}

#[test]
fn only_that_hides_everything_is_said_once() {
    let args = ["--only", "till", "--op", "update", "-c", "orders"];
    let output = diff(&args);
    assert_eq!(output.lines(), [""; 0]);
    let case: Case = (
        &[],
        &["--only hides all changes of 1 event"],
        &["no document"],
    );
    check(&output, &case);
}

#[test]
fn a_filter_that_lets_something_through_says_nothing() {
    for args in [
        &["-c", "orders"][..],
        &["--where", "status = 'open'"],
        &["--where", "totalCents > 100 OR totalCents = '100'"],
        &["--id", "orders/o-1001"],
        &["--id", "orders/\"o-1001\""],
        &["--id", "o-1001"],
        &["--only", "status"],
        &["--full"],
    ] {
        let output = diff(args);
        assert_ne!(output.lines(), [""; 0], "{args:?}");
        assert_eq!(output.stderr, "", "{args:?}");
    }
}

#[test]
fn an_empty_name_is_refused() {
    for args in [&["-c", ""][..], &["-c", "!"], &["-m", ""]] {
        let output = diff(args);
        assert_eq!(output.status, Some(2), "{args:?}");
        assert!(
            output.stderr.contains("is empty; write"),
            "{args:?}: {}",
            output.stderr
        );
    }
}

/// An event in which each option for changes shows something else, if the format uses it.
const OPTIONS_EVENT: &str = r#"{"type":"documentChanged","txnId":1,"collection":"c","change":{"method":"update","oldValue":{"_id":"a","n":1,"lines":[{"sku":"x","qty":1,"note":"NOTE"},{"sku":"y","qty":2},{"sku":"z","qty":3}],"ids":[{"id":"q","n":1}]},"newValue":{"_id":"a","n":1.0,"m":"LONG","lines":[{"sku":"y","qty":9},{"sku":"z","qty":4},{"sku":"x","qty":3,"note":"a"}],"ids":[{"id":"q","n":2}]}}}"#;

#[test]
fn an_option_without_effect_on_a_format_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture");
    let event = OPTIONS_EVENT
        .replace("NOTE", &"n".repeat(100))
        .replace("LONG", &"l".repeat(3_000));
    std::fs::write(&file, event).unwrap();
    let file = file.display().to_string();
    let options: &[&[&str]] = &[
        &["--full"],
        &["--max-changes", "1"],
        &["--context"],
        &["--strict"],
        &["--array-key", "lines=sku"],
        &["--only", "lines"],
        &["--ignore", "lines"],
    ];
    for format in [
        "diff", "oneline", "json", "pretty", "record", "raw", "patch", "merge", "changes",
    ] {
        let show = |option: &[&str]| {
            let shared = ["diff", &file, "--format", format];
            run(&[], &[&shared[..], option].concat(), TIMEOUT)
        };
        let without = show(&[]).stdout;
        for option in options {
            // In a pipe, `--full` shows more of values over 1000 columns only, and this event has none.
            if (format, option[0]) == ("oneline", "--full") {
                continue;
            }
            let with = show(option);
            let is_used = with.stdout != without;
            let flag = option[0];
            let words = [
                format!("{flag} has no effect with --format {format}"),
                format!("{flag} selects events, but --format {format} shows all changes"),
            ];
            let is_said = words.iter().any(|words| with.stderr.contains(words));
            assert_ne!(is_used, is_said, "{option:?} {format}: {}", with.stderr);
        }
    }
}

/// Wrong command lines.
const WRONG: &[Case] = &[
    (
        &["tail", "--no-color"],
        &["no such option: --no-color; write --color never"],
        &["--no-control", "did you mean"],
    ),
    (&["verify", "--no-color"], &["write --color never"], &[]),
    (&["man", "--no-color"], &["write --color never"], &[]),
    (
        &["completion"],
        &["no such command: completion; did you mean completions?"],
        &["__complete"],
    ),
    (
        &["completion", "bash"],
        &["did you mean completions?"],
        &["__complete"],
    ),
    (
        &["__complet"],
        &["no such command"],
        &["__complete;", "did you mean"],
    ),
    (
        &["verify", "--since", "1h"],
        &["no such option: --since; tail, diff and requery have --from"],
        &["--strict"],
    ),
    (
        &["tail", "-f"],
        &["tail follows by default", "for help: ditto-cdc tail --help"],
        &[],
    ),
    (&["verify", "--follow"], &["write --wait DURATION"], &[]),
    (&["diff", "-f"], &["only tail follows a topic"], &[]),
    (
        &["tail", "-o", "json"],
        &["write --format json"],
        &["--from"],
    ),
    (&["tail", "-ojson"], &["write --format json"], &[]),
    (&["tail", "--output", "json"], &["write --format json"], &[]),
    (
        &["tail", "--output=events.ndjson"],
        &["write > events.ndjson"],
        &[],
    ),
    (
        &["tail", "-o", "beginning"],
        &["write --from beginning"],
        &["--format"],
    ),
    (
        &["tail", "-o", "-100"],
        &["write --from beginning, end, -100"],
        &[],
    ),
    (
        &["diff", "x", "--context", "3"],
        &[],
        &["write", "no such option"],
    ),
    (
        &["tail", "--context", "3"],
        &["unexpected argument '3'; --context takes no number"],
        &["-c '3'"],
    ),
    (
        &["tail", "--context=3"],
        &["--context takes no value, found '3'; --context takes no number"],
        &[],
    ),
    (
        &["tail", "--op", "delete"],
        &["--op: 'delete' is not insert, update or remove; write --op remove"],
        &[],
    ),
    (&["tail", "--op", "create"], &["write --op insert"], &[]),
    (
        &["tail", "--op", "xyz"],
        &["'xyz' is not insert, update or remove"],
        &["write"],
    ),
    (
        &["tail", "--format", "ndjson"],
        &["write --format json"],
        &[],
    ),
    (
        &["tail", "--format", "yaml"],
        &["'yaml' is not diff, oneline, json"],
        &["write"],
    ),
    (
        &["tail", "--format"],
        &["--format needs a value: diff, oneline"],
        &[],
    ),
    (&["tail", "--color", "off"], &["write --color never"], &[]),
    (&["tail", "--tail", "5"], &["write --last N"], &[]),
    (
        &["tail", "--lines=5"],
        &["no such option: --lines; write --last N"],
        &[],
    ),
    (&["tail", "--max-messages", "5"], &["write --limit N"], &[]),
    (&["tail", "--json"], &["write --format json"], &[]),
    (&["tail", "--filter", "x"], &["write --where"], &[]),
    (&["requery", "--filter", "x"], &["write --where"], &[]),
    (&["tail", "-b", "x"], &["write --brokers HOST:PORT"], &[]),
    (
        &["diff", "-b", "x"],
        &["no such option: -b"],
        &["--brokers"],
    ),
    (
        &["verify", "--bootstrap-server", "x"],
        &["write --brokers"],
        &[],
    ),
    (&["requery", "--timeout", "5s"], &["write --deadline"], &[]),
    (
        &["requery", "-q", "--limit", "5"],
        &["no such option: --limit; it is an option of tail, diff, history and audit"],
        &[],
    ),
    (
        &["demo", "--limit", "5"],
        &["it is an option of tail, diff, history and audit"],
        &[],
    ),
    (
        &["demo", "serve"],
        &["unexpected argument 'serve'; write --serve"],
        &[],
    ),
    (&["demo", "--print", "env"], &["--serve is missing"], &[]),
    (
        &["tail", "--colection", "x"],
        &["did you mean --collection?"],
        &[],
    ),
    (
        &["tail", "--form", "json"],
        &["did you mean --from or --format?"],
        &[],
    ),
    (&["tail", "--xyzzy"], &["no such option: --xyzzy"], &[";"]),
    (&["tail", "-Z"], &["no such option: -Z"], &[";"]),
    (
        &["tail", "--user-cert-password=hunter2"],
        &["no such option: --user-cert-password;"],
        &["hunter2"],
    ),
    (
        &["tail", "capture.ndjson"],
        &["to read a capture, write --input 'capture.ndjson'"],
        &[],
    ),
    (
        &["tail", "orders"],
        &["to select a collection, write -c 'orders'"],
        &[],
    ),
    (&["requery", "orders"], &["write -c 'orders'"], &[]),
    (&["tail", "help"], &["write --help"], &["-c 'help'"]),
    (&["verify", "x"], &["unexpected argument 'x'"], &[";"]),
    (&["verify", "x\n"], &["unexpected argument 'x\\n'"], &[";"]),
    (
        &["tail", "--last", "0"],
        &["--last: '0' is not a whole number from 1 to 1000000"],
        &["..="],
    ),
    (
        &["tail", "-n", "0"],
        &["--limit: '0' is not a whole number from 1 on"],
        &[".."],
    ),
    (
        &["tail", "-n", "x"],
        &["--limit: 'x' is not a whole number"],
        &["digit"],
    ),
    (
        &["tail", "--last"],
        &["--last needs a value: --last N"],
        &["<"],
    ),
    (
        &["requery", "--jobs", "99"],
        &["--jobs: '99' is not a whole number from 1 to 64"],
        &[],
    ),
    (
        &["tail", "--last", "1", "-n", "1"],
        &["--last cannot be combined with --limit"],
        &["<"],
    ),
    (
        &["tail", "--from", "end", "--from", "end"],
        &["--from is given twice"],
        &[],
    ),
    (
        &["tail", "--full=yes"],
        &["--full takes no value, found 'yes'"],
        &[],
    ),
    (
        &["tail", "--allow-incomplete"],
        &["--from POS is missing"],
        &["<"],
    ),
    (&["completions"], &["SHELL is missing"], &["<"]),
    (
        &["completions", "tcsh"],
        &["SHELL: 'tcsh' is not bash, elvish, fish, powershell or zsh"],
        &["<"],
    ),
    (
        &["config", "prod"],
        &["for a profile write --profile 'prod'"],
        &[],
    ),
    (
        &["config", "init", "--xyzzy"],
        &["for help: ditto-cdc config init --help"],
        &[],
    ),
    (
        &["verfy"],
        &["did you mean verify?", "for help: ditto-cdc --help"],
        &[],
    ),
    (&["consume"], &["tail shows events"], &[]),
    (&["watch"], &["tail shows events"], &[]),
    (&["snapshot"], &["requery fetches all documents"], &[]),
    (&["check"], &["verify checks the connection"], &[]),
    (&["doctor"], &["verify checks the connection"], &[]),
    (&["init"], &["config init creates a profile"], &[]),
    (&["version"], &["write ditto-cdc --version"], &[]),
    (&["tail", "-V"], &["write ditto-cdc --version"], &[]),
    (&["xyzzy"], &["no such command: xyzzy"], &[";"]),
    (
        &["man", "tial"],
        &["no such command: tial; did you mean tail?"],
        &[],
    ),
];

#[test]
fn a_usage_error_names_what_is_meant() {
    for case in WRONG {
        let output = run(&[], case.0, TIMEOUT);
        check(&output, case);
        if case.1.is_empty() {
            continue;
        }
        assert_eq!(output.status, Some(2), "{:?}", case.0);
        let lines: Vec<&str> = output.stderr.lines().collect();
        let has_one_voice = lines.len() == 2
            && lines.iter().all(|line| line.starts_with("ditto-cdc: "))
            && lines[1].contains("for help: ditto-cdc");
        assert!(has_one_voice, "{:?}: {lines:?}", case.0);
    }
}

/// Lines of one format, read from a position.
fn lines_from(format: &str, position: &str) -> Vec<String> {
    let output = diff(&["--format", format, "--from", position]);
    assert_eq!(output.status, Some(0), "{position}: {}", output.stderr);
    output.lines().iter().map(ToString::to_string).collect()
}

#[test]
fn each_printed_position_goes_back_in() {
    let shown = diff(&["--format", "oneline"]);
    let mut count = 0;
    for line in shown.lines() {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let place = columns
            .iter()
            .find(|column| column.starts_with('p') && column.contains('@'));
        assert_eq!(lines_from("oneline", place.unwrap())[0], line, "{line}");
        let from_time = lines_from("oneline", columns[0]);
        assert!(from_time.iter().any(|one| one == line), "{line}");
        count += 1;
    }
    assert_eq!(count, 4);
    for line in diff(&["--format", "record"]).lines() {
        let (_, rest) = line.split_once("\"timestamp\":").unwrap();
        let (millis, _) = rest.split_once(',').unwrap();
        let from_time = lines_from("record", millis);
        assert!(from_time.iter().any(|one| one == line), "{line}");
    }
    // The place of a gap in a message.
    let gap = run(
        &[],
        &["diff", EXAMPLE, "-c", "none", "--format", "json"],
        TIMEOUT,
    );
    let (_, place) = gap.stderr.split_once("ditto.demo.cafe ").unwrap();
    let (place, _) = place.split_once(" (").unwrap();
    assert_eq!(place, "partition 0 offset 11");
    assert_eq!(lines_from("oneline", place), [""; 0]);
}
