//! `tail --exec` on the embedded broker and on captures: what a command gets, and which position its end leaves.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use support::program::{Output, Running, run};
use support::stage::{ALL, GAP, Stage, TIMEOUT, event};

/// A stage, its scripts, and a state file.
struct Fixture {
    stage: Stage,
    saved_in: String,
}

/// A search path for the programs of scripts.
const PATH: (&str, &str) = ("PATH", "/usr/local/bin:/usr/bin:/bin");

impl Fixture {
    fn new(partitions: i32) -> Fixture {
        let stage = Stage::new(partitions);
        let saved_in = stage.path("state.json");
        Fixture { stage, saved_in }
    }

    fn env(&self) -> Vec<(&'static str, String)> {
        let mut env = self.stage.env();
        env.push((PATH.0, PATH.1.to_owned()));
        env.push(("WORK", self.stage.folder.path().display().to_string()));
        env
    }

    /// An executable script.
    fn script(&self, name: &str, text: &str) -> String {
        let file = self.stage.file(name, &format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        file
    }

    fn tail(&self, args: &[&str]) -> Output {
        run(&self.env(), &[&["tail"], args].concat(), TIMEOUT)
    }

    fn all(&self, args: &[&str]) -> Output {
        self.tail(&[&ALL[..], args].concat())
    }

    /// Reads from the beginning, or from the saved position, to the end.
    fn saved(&self, args: &[&str]) -> Output {
        self.all(&[&["--state", &self.saved_in], args].concat())
    }

    fn follow_saved(&self, args: &[&str]) -> Running {
        let common = ["tail", "--from", "beginning", "--state", &self.saved_in];
        Running::start(&self.env(), &[&common[..], args].concat())
    }

    fn wait_for_file(&self, name: &str) {
        let started = Instant::now();
        while !Path::new(&self.stage.path(name)).exists() {
            assert!(started.elapsed() < TIMEOUT, "{name}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Prints the transaction of each event.
const TXN: &str = "sh -c 'cat > /dev/null; echo $DITTO_CDC_TXN'";

fn check(output: &Output, status: i32, lines: &[&str]) {
    assert_eq!(output.status, Some(status), "{}", output.stderr);
    assert_eq!(output.lines(), lines, "{}", output.stderr);
}

#[test]
fn a_command_gets_the_line_of_format_json() {
    let fixture = Fixture::new(1);
    fixture.stage.write_many(0..5, 1);
    for args in [&[][..], &["--only", "_id"], &["-c", "people", "-n", "3"]] {
        let json = fixture.all(&[args, &["--format", "json"]].concat());
        assert!(json.lines().len() >= 3);
        let exec = fixture.all(&[args, &["--exec", "cat"]].concat());
        check(&exec, 0, &json.lines());
    }
}

#[test]
fn variables_have_the_values_of_the_event() {
    let fixture = Fixture::new(2);
    let script = fixture.script(
        "show",
        r#"for name in COLLECTION ID OP TXN PARTITION OFFSET; do
            eval "printf '%s|' \"\${DITTO_CDC_$name-unset}\""
        done
        echo"#,
    );
    let long = format!("\"{}\"", "x".repeat(40_000));
    let mut expected = Vec::new();
    for (offset, (id, shown)) in [
        (r#""a b $x 'q'""#, r"a b $x 'q'"),
        (r#""""#, ""),
        ("7", "7"),
        ("true", "true"),
        (r#"{"b":1,"a":[2]}"#, r#"{"b":1,"a":[2]}"#),
        (r#""a\u0000b""#, "unset"),
        (&long, "unset"),
    ]
    .into_iter()
    .enumerate()
    {
        let line = event(9, "people").replace(r#""_id":"9""#, &format!(r#""_id":{id}"#));
        fixture.stage.write_raw(1, Some(line.as_bytes()), 1_000);
        expected.push(format!("people|{shown}|insert|9|1|{offset}|"));
    }
    let removal = r#"{"txnId":19,"type":"documentChanged","collection":"people","change":{"method":"remove","value":{"_id":"2"}}}"#;
    fixture.stage.write_raw(1, Some(removal.as_bytes()), 1_000);
    expected.push("people|2|remove|19|1|7|".to_owned());
    // A variable that a run within a command inherits is not another event's.
    let mut env = fixture.env();
    env.push(("DITTO_CDC_ID", "stale".to_owned()));
    let args = [&["tail"], &ALL[..], &["--exec", &script]].concat();
    let output = run(&env, &args, TIMEOUT);
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&output, 0, &expected);
    assert_eq!(output.stderr.matches("DITTO_CDC_ID is not set").count(), 2);
    // Redacted values are redacted in variables and on standard input.
    let output = fixture.all(&["--exec", &script, "--redact", "_id"]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr;
    for secret in ["a b $x", "people|7|", "xxx"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let output = fixture.all(&["--exec", "cat", "--redact", "_id"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.matches(r#""_id":"(redacted "#).count(), 8, "{text}");
}

#[test]
fn secrets_do_not_reach_a_command() {
    let fixture = Fixture::new(1);
    fixture.stage.write_many(0..1, 1);
    let mut env = fixture.env();
    env.extend([
        ("DITTO_CDC_API_KEY", "api-key-of-this-test".to_owned()),
        ("DITTO_API_KEY", "old-key-of-this-test".to_owned()),
        (
            "DITTO_CDC_URL",
            "https://me:url-password@localhost/x".to_owned(),
        ),
        ("OTHER", "stays".to_owned()),
    ]);
    let args = [&["tail"], &ALL[..], &["--exec", "env"]].concat();
    let output = run(&env, &args, TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr;
    let (cluster, user) = fixture.stage.passwords();
    let known = [
        "api-key-of-this-test",
        "old-key-of-this-test",
        "url-password",
    ];
    for secret in known.into_iter().chain([cluster, user]) {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("OTHER=stays") && text.contains("DITTO_CDC_TOPIC="));
}

#[test]
fn a_command_that_cannot_start_is_a_usage_error_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    fs::write(&plain, "#!/bin/sh\n").unwrap();
    let plain = plain.display().to_string();
    let env = [(PATH.0, PATH.1.to_owned())];
    for (args, message) in [
        (
            &["--exec", "no-such-program -x"][..],
            "no folder of PATH has it",
        ),
        (&["--exec", "/no/such/file"], "there is no such file"),
        (&["--exec", &plain], "the file is not executable"),
        (&["--exec", "echo it's"], "a quote is not closed"),
        (&["--exec", ""], "--exec is empty"),
        (&["--exec", "  "], "--exec is empty"),
        (
            &["--exec", "cat", "--format", "diff"],
            "cannot be combined with --exec",
        ),
        (
            &["--exec", "cat", "--format", "%T %c"],
            "cannot be combined with --exec",
        ),
        (&["--exec", "cat", "--exec-jobs", "0"], "--exec-jobs"),
        (&["--exec-jobs", "2"], "--exec"),
        (&["--exec-retries", "2"], "--exec"),
    ] {
        let output = run(&env, &[&["tail"], args].concat(), TIMEOUT);
        assert_eq!(output.status, Some(2), "{args:?}: {}", output.stderr);
        assert!(
            output.stderr.contains(message),
            "{args:?}: {}",
            output.stderr
        );
    }
}

#[test]
fn syntax_of_a_shell_is_noted() {
    let fixture = Fixture::new(1);
    for (command, is_noted) in [
        ("echo $DITTO_CDC_ID", true),
        ("cat | wc -l", true),
        ("cat > out", true),
        ("sh -c 'echo $DITTO_CDC_ID | wc'", false),
        ("echo $5", false),
    ] {
        let output = fixture.all(&["--exec", command]);
        check(&output, 0, &[]);
        let has_note = output.stderr.contains("--exec starts no shell");
        assert_eq!(has_note, is_noted, "{command}: {}", output.stderr);
    }
}

#[test]
fn a_failed_command_stops_before_its_event() {
    let fixture = Fixture::new(1);
    fixture.stage.write_many(0..6, 1);
    let script = fixture.script(
        "step",
        r#"test "$DITTO_CDC_TXN" = 3 && test -e "$WORK/bad" && exit 7
        echo "$DITTO_CDC_TXN""#,
    );
    let bad = fixture.stage.file("bad", "");
    let args = ["--exec", &script, "--exec-retries", "1"];
    let output = fixture.saved(&args);
    check(&output, 1, &["0", "1", "2"]);
    for words in [
        "the command for people/3 at events partition 0 offset 3 ended with status 7; retry 1 of 1 in 0.5 s",
        "stopped before people/3 at events partition 0 offset 3, because its command failed",
        "run the same command again",
        "3 commands succeeded (3 inserted, 0 updated, 0 removed)",
    ] {
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
    assert_eq!(output.stderr.matches("ended with status 7").count(), 2);
    let output = fixture.all(&["--exec", &script, "--exec-retries", "0"]);
    check(&output, 1, &["0", "1", "2"]);
    assert!(
        output.stderr.contains("continue with --from 0:3"),
        "{}",
        output.stderr
    );
    fs::remove_file(bad).unwrap();
    check(&fixture.saved(&args), 0, &["3", "4", "5"]);
    check(&fixture.saved(&args), 0, &[]);
}

/// The events that no command has got are named, too, also of partitions that were not reached.
#[test]
fn the_hint_to_continue_names_all_that_is_left() {
    let fixture = Fixture::new(2);
    for txn in 0..40 {
        let time = 1_000 + i64::try_from(txn).unwrap();
        let partition = i32::from(txn >= 20);
        fixture.stage.write(partition, txn, "people", time);
    }
    let fail = ["--exec", "false", "--exec-retries", "0"];
    for range in [&["--last", "38"][..], &["--from", "-38", "--until", "end"]] {
        let output = fixture.tail(&[range, &fail].concat());
        check(&output, 1, &[]);
        let hint = "continue with --from 0:2,1:0";
        assert!(output.stderr.contains(hint), "{range:?}: {}", output.stderr);
        assert!(output.stderr.contains("0 commands succeeded"));
    }
}

#[test]
fn a_command_need_not_read_its_input() {
    let fixture = Fixture::new(1);
    let line = |id: &str, size: usize| {
        event(1, "people").replace(
            r#""_id":"1""#,
            &format!(r#""_id":"{id}","text":"{}""#, "x".repeat(size)),
        )
    };
    let text = format!(
        "{}\n{}\n{}\n",
        line("a", 5 << 20),
        line("b", 5 << 20),
        line("c", 1)
    );
    let file = fixture.stage.file("large.ndjson", &text);
    for jobs in ["1", "2"] {
        let common = ["--input", &file, "--exec-jobs", jobs, "--exec"];
        check(&fixture.tail(&[&common[..], &["true"]].concat()), 0, &[]);
        // All of it reaches a command that reads.
        let output = fixture.tail(&[&common[..], &["wc -c"]].concat());
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        let mut sizes: Vec<usize> = output
            .lines()
            .iter()
            .map(|size| size.trim().parse().unwrap())
            .collect();
        sizes.sort_unstable();
        let mut expected: Vec<usize> = text.lines().map(|line| line.len() + 1).collect();
        expected.sort_unstable();
        assert_eq!(sizes, expected);
    }
}

#[test]
fn jobs_run_at_once_and_a_document_in_order() {
    let fixture = Fixture::new(2);
    fixture.stage.write_many(0..4, 2);
    // Each command waits until four are running.
    let meeting = fixture.script(
        "meet",
        r#"touch "$WORK/run.$DITTO_CDC_ID"
        for i in $(seq 200); do
            test "$(ls "$WORK" | grep -c '^run')" = 4 && exit 0
            sleep 0.05
        done
        exit 1"#,
    );
    let jobs = ["--exec-jobs", "4", "--exec-retries", "0", "--exec"];
    check(&fixture.all(&[&jobs[..], &[&meeting]].concat()), 0, &[]);
    let fixture = Fixture::new(1);
    for txn in 0..30 {
        let line = event(txn, "people").replace(&format!(r#""_id":"{txn}""#), r#""_id":"same""#);
        fixture.stage.write_raw(0, Some(line.as_bytes()), 1_000);
    }
    let alone = fixture.script(
        "alone",
        r#"mkdir "$WORK/lock" || exit 1
        echo "$DITTO_CDC_TXN"
        rmdir "$WORK/lock""#,
    );
    let expected: Vec<String> = (0..30).map(|txn: u64| txn.to_string()).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&fixture.all(&[&jobs[..], &[&alone]].concat()), 0, &expected);
}

/// Starts, and ends when a file exists.
const WAITING: &str = r#"echo "started $DITTO_CDC_TXN"
touch "$WORK/started"
while ! test -e "$WORK/go"; do sleep 0.05; done
echo "done $DITTO_CDC_TXN""#;

#[test]
fn ctrl_c_waits_for_the_running_command() {
    let fixture = Fixture::new(1);
    fixture.stage.write_many(0..3, 1);
    let script = fixture.script("wait", WAITING);
    let mut running = fixture.follow_saved(&["--exec", &script]);
    fixture.wait_for_file("started");
    running.signal("INT");
    running.wait_for_words(&["waiting for 1 running command"], TIMEOUT);
    fixture.stage.file("go", "");
    let output = running.wait(TIMEOUT);
    check(&output, 130, &["started 0", "done 0"]);
    assert!(
        output.stderr.contains("1 command succeeded (1 inserted"),
        "{}",
        output.stderr
    );
    check(&fixture.saved(&["--exec", TXN]), 0, &["1", "2"]);
}

#[test]
fn a_second_ctrl_c_kills_the_running_command() {
    let fixture = Fixture::new(1);
    fixture.stage.write_many(0..3, 1);
    let script = fixture.script("wait", WAITING);
    let mut running = fixture.follow_saved(&["--exec", &script]);
    fixture.wait_for_file("started");
    running.signal("INT");
    running.wait_for_words(&["waiting for 1 running command"], TIMEOUT);
    running.signal("INT");
    let output = running.wait(TIMEOUT);
    check(&output, 130, &["started 0"]);
    assert!(
        output.stderr.contains("was ended by signal 9"),
        "{}",
        output.stderr
    );
    check(&fixture.saved(&["--exec", TXN]), 0, &["0", "1", "2"]);
}

#[test]
fn limits_and_filters_count_events() {
    let fixture = Fixture::new(1);
    for txn in 0..6 {
        let collection = if txn % 2 == 0 { "people" } else { "orders" };
        fixture.stage.write(0, txn, collection, 1_000);
    }
    let from = ["--from", "beginning"];
    for (args, expected) in [
        (&["-n", "2"][..], &["0", "1"][..]),
        (&["--until", "0:4"], &["0", "1", "2", "3"]),
        (&["-n", "2", "-c", "orders"], &["1", "3"]),
        (&["--last", "2"], &["4", "5"]),
        (&["--last", "2", "-c", "orders"], &["3", "5"]),
    ] {
        let output = fixture.tail(&[&from[..], args, &["--exec", TXN]].concat());
        check(&output, 0, expected);
    }
    // Hidden events are read; a limit saves the position after its last event.
    check(&fixture.saved(&["-c", "none", "--exec", TXN]), 0, &[]);
    check(&fixture.saved(&["--exec", TXN]), 0, &[]);
    fs::remove_file(&fixture.saved_in).unwrap();
    check(&fixture.saved(&["-n", "2", "--exec", TXN]), 0, &["0", "1"]);
    check(&fixture.saved(&["--exec", TXN]), 0, &["2", "3", "4", "5"]);
}

#[test]
fn no_command_runs_for_what_is_not_an_event() {
    let fixture = Fixture::new(1);
    fixture.stage.write(0, 1, "people", 1_000);
    fixture.stage.write_raw(0, Some(GAP.as_bytes()), 1_000);
    fixture.stage.write(0, 2, "people", 1_000);
    let gap = |output: &Output| {
        output
            .stderr
            .contains("gap at events partition 0 offset 1 (requeryRequired")
    };
    let output = fixture.all(&["--exec", TXN]);
    check(&output, 0, &["1", "2"]);
    assert!(gap(&output), "{}", output.stderr);
    let output = fixture.saved(&["--exec", TXN, "--on-gap", "stop"]);
    check(&output, 4, &["1"]);
    assert!(gap(&output), "{}", output.stderr);
    // A failure before the gap does not report it: the next run does.
    let output = fixture.all(&["--exec", "false", "--exec-retries", "0", "--on-gap", "stop"]);
    check(&output, 1, &[]);
    assert!(!gap(&output), "{}", output.stderr);
    fixture.stage.write_raw(0, Some(b"{"), 1_000);
    fixture.stage.write(0, 3, "people", 1_000);
    let output = fixture.all(&["--exec", TXN]);
    check(&output, 1, &["1", "2", "3"]);
    assert!(
        output.stderr.contains("unreadable record")
            && output.stderr.contains("3 commands succeeded (3 inserted"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_closed_output_is_a_failure_of_the_command() {
    let fixture = Fixture::new(1);
    fixture.stage.write_many(0..200, 1);
    let args = [
        &["tail"],
        &ALL[..],
        &["--exec", "cat", "--exec-retries", "0"],
    ]
    .concat();
    let output = Running::start_reading(&fixture.env(), &args, 1).wait(TIMEOUT);
    assert_eq!(output.status, Some(1), "{}", output.stderr);
    assert!(
        output.stderr.contains("was ended by signal 13"),
        "{}",
        output.stderr
    );
}
