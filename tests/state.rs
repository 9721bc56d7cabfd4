//! `tail --state` on the embedded broker: a restart continues where the output ended, however the previous run ended.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use support::program::{Output, Running, run};
use support::stage::{ALL, GAP, Stage, TIMEOUT, TOPIC, event};

const END: [&str; 2] = ["--until", "end"];

/// A stage and a state file in its folder.
struct Fixture {
    stage: Stage,
    file: String,
}

impl Fixture {
    /// Runs a command of a shell, with the settings of the stage.
    fn shell(&self, command: &str) -> std::process::Output {
        std::process::Command::new("sh")
            .args(["-c", command])
            .env_clear()
            .envs(self.stage.env())
            .output()
            .unwrap()
    }

    fn new(partitions: i32) -> Fixture {
        let stage = Stage::new(partitions);
        let file = stage.path("state.json");
        Fixture { stage, file }
    }

    fn args<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        [&["--state", &self.file], args].concat()
    }

    fn tail(&self, args: &[&str]) -> Output {
        self.stage.tail(&self.args(args))
    }

    fn follow(&self, args: &[&str]) -> Running {
        self.stage.follow(&self.args(args))
    }

    /// Writes events with these transactions to two partitions: even ones to partition 0, odd ones to 1.
    fn write(&self, txns: std::ops::Range<u64>) -> BTreeSet<String> {
        assert_eq!(txns.start % 2, 0, "the first one goes to partition 0");
        self.stage.write_many(txns, 2).into_iter().collect()
    }

    /// Replaces a string in the state file.
    fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(&self.file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&self.file, text.replace(from, to)).unwrap();
    }
}

fn lines(output: &Output) -> BTreeSet<String> {
    let lines: Vec<&str> = output.lines();
    let set: BTreeSet<String> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(set.len(), lines.len(), "an event was shown twice");
    set
}

#[test]
fn a_restart_continues_where_the_previous_run_ended() {
    let fixture = Fixture::new(3);
    let first = fixture.write(0..10);
    assert_eq!(lines(&fixture.tail(&ALL)), first);
    let second = fixture.write(10..16);
    let output = fixture.tail(&ALL);
    assert_eq!(lines(&output), second);
    assert!(
        output.stderr.contains("--from beginning is ignored"),
        "{}",
        output.stderr
    );
    let output = fixture.tail(&END);
    assert_eq!((lines(&output).len(), output.stderr.as_str()), (0, ""));
    // Events that a filter hides count as read.
    fixture.write(16..20);
    assert!(lines(&fixture.tail(&["--until", "end", "-c", "other"])).is_empty());
    assert!(lines(&fixture.tail(&END)).is_empty());
}

#[test]
fn without_a_file_it_starts_at_the_end_and_saves_that_position_at_once() {
    let fixture = Fixture::new(2);
    fixture.write(0..4);
    let running = fixture.follow(&[]);
    while !std::path::Path::new(&fixture.file).exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    running.kill();
    let missed = fixture.write(4..8);
    assert_eq!(lines(&fixture.tail(&END)), missed);
}

#[test]
fn with_a_limit_it_continues_after_the_last_event_shown() {
    let fixture = Fixture::new(2);
    let all = fixture.write(0..10);
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let new = lines(&fixture.tail(&["--from", "beginning", "-n", "2"]));
        assert_eq!(new.len(), 2);
        seen.extend(new);
    }
    assert_eq!(seen, all);
}

#[test]
fn a_signal_leaves_exact_positions() {
    for signal in ["INT", "TERM"] {
        let fixture = Fixture::new(2);
        let first = fixture.write(0..10);
        let mut running = fixture.follow(&["--from", "beginning"]);
        running.wait_for_lines(first.len(), TIMEOUT);
        running.signal(signal);
        let output = running.wait(TIMEOUT);
        assert_eq!(output.status, Some(130), "{}", output.stderr);
        let second = fixture.write(10..12);
        assert_eq!(lines(&fixture.tail(&END)), second, "{signal}");
    }
}

#[test]
fn a_killed_run_loses_no_event() {
    let fixture = Fixture::new(2);
    let mut all = fixture.write(0..200);
    let mut running = fixture.follow(&["--from", "beginning"]);
    running.wait_for_lines(200, TIMEOUT);
    let mut seen: BTreeSet<String> = lines(&running.kill());
    all.extend(fixture.write(200..210));
    seen.extend(lines(&fixture.tail(&END)));
    assert_eq!(seen, all);
}

#[test]
fn events_that_a_closed_pipe_did_not_accept_are_written_again() {
    let fixture = Fixture::new(1);
    let all = fixture.stage.write_many(0..20_000, 1);
    let args = [&["tail", "--from", "beginning"][..], &fixture.args(&[])].concat();
    let output = Running::start_reading(&fixture.stage.env(), &args, 1).wait(TIMEOUT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let mut seen: BTreeSet<String> = output
        .stdout
        .split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    // Events in the buffer of the pipe (64 KiB on Linux) are lost with its reader, which `tail` cannot detect.
    let rest = lines(&fixture.tail(&END));
    seen.extend(rest.clone());
    let pipe = 2 * (64 << 10) / event(1_000, "people").len();
    assert!(all.len() - seen.len() <= pipe, "{}", all.len() - seen.len());
    assert!(!rest.is_empty());
}

#[test]
fn a_full_disk_moves_no_position() {
    let fixture = Fixture::new(1);
    fixture.stage.write(0, 1, "people", 1_000);
    let command = format!(
        "exec {} tail --from beginning --until end --state {} > /dev/full",
        env!("CARGO_BIN_EXE_ditto-cdc"),
        fixture.file
    );
    let output = fixture.shell(&command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(lines(&fixture.tail(&ALL)).len(), 1);
}

/// The limit is reached in the middle of the output: all of it is batches of several records, with gaps and unreadable
/// records in them.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_may_not_grow_misses_no_event_after_the_next_run() {
    const BLOCKS_OF_512: usize = 4_000;
    let fixture = Fixture::new(2);
    let mut all = BTreeSet::new();
    for start in (0..20_000).step_by(2_000) {
        all.extend(fixture.write(start..start + 2_000));
        fixture.stage.write_raw(0, Some(GAP.as_bytes()), 2_000);
        fixture.stage.write_raw(1, Some(b"{"), 2_000);
    }
    let out = fixture.stage.file("out.ndjson", "");
    let tail = |limit: &str| {
        let command = format!(
            "{limit} exec {} tail --from beginning --until end --state {} >> {out}",
            env!("CARGO_BIN_EXE_ditto-cdc"),
            fixture.file
        );
        String::from_utf8(fixture.shell(&command).stderr).unwrap()
    };
    let stderr = tail(&format!("trap '' XFSZ; ulimit -f {BLOCKS_OF_512};"));
    let message = "ditto-cdc: writing to standard output: ";
    assert!(stderr.contains(message), "{stderr}");
    let written = fs::read_to_string(&out).unwrap();
    let first: Vec<&str> = written.lines().collect();
    assert_eq!(written.len(), BLOCKS_OF_512 * 512);

    let stderr = tail("");
    let gaps = "10 requeryRequired, txnID up to 45";
    assert!(!stderr.contains("writing to"), "{stderr}");
    let text = fs::read_to_string(&out).unwrap();
    let lines: BTreeSet<String> = text.lines().map(str::to_owned).collect();
    assert!(lines.is_superset(&all), "{} of {}", lines.len(), all.len());
    // The records of a batch that was written in part.
    let events = text.lines().filter(|line| all.contains(*line)).count();
    let repeated = events - all.len();
    assert!(repeated < first.len() / 4, "{repeated} of {}", first.len());
    assert!(fixture.tail(&END).stderr.contains(gaps));
}

#[test]
fn a_partial_line_of_a_killed_run_is_terminated() {
    let fixture = Fixture::new(1);
    let line = fixture.stage.write(0, 1, "people", 1_000);
    let out = fixture.stage.file("out.ndjson", "{\"txnId\":0,\"ty");
    let command = format!(
        "exec {} tail --from beginning --until end --state {} >> {out}",
        env!("CARGO_BIN_EXE_ditto-cdc"),
        fixture.file
    );
    let status = std::process::Command::new("sh")
        .args(["-c", &command])
        .env_clear()
        .envs(fixture.stage.env())
        .status()
        .unwrap();
    assert!(status.success());
    let written = fs::read_to_string(out).unwrap();
    assert_eq!(written, format!("{{\"txnId\":0,\"ty\n{line}\n"));
}

#[test]
fn a_gap_is_remembered_until_it_is_resolved() {
    let fixture = Fixture::new(1);
    fixture.stage.write(0, 1, "people", 1_000);
    fixture.stage.write_raw(0, Some(GAP.as_bytes()), 2_000);
    let last = fixture.stage.write(0, 2, "people", 3_000);
    let stop = ["--on-gap", "stop"];
    let output = fixture.tail(&[&ALL[..], &stop].concat());
    assert_eq!((output.status, output.lines().len()), (Some(4), 2));
    let try_line = "try: ditto-cdc requery --txn-id 45 --from 0:2 --output requery-45\n";
    assert!(output.stderr.contains(try_line), "{}", output.stderr);

    // Nothing is read again, so that the events after the gap are not lost.
    let output = fixture.tail(&[&END[..], &stop].concat());
    assert_eq!((output.status, output.lines().len()), (Some(4), 0));
    for message in ["remembers a requeryRequired, txnID 45", try_line] {
        assert!(output.stderr.contains(message), "{}", output.stderr);
    }
    let output = fixture.tail(&END);
    assert_eq!(output.lines(), [&last]);
    assert_eq!(output.status, Some(0));
    let try_line = "try: ditto-cdc requery --txn-id 45 --output requery-45\n";
    for message in ["remembers a requeryRequired, txnID 45", try_line, "gaps 1"] {
        assert!(output.stderr.contains(message), "{}", output.stderr);
    }
}

#[test]
fn marked_gaps_report_once_how_to_recover() {
    let fixture = Fixture::new(1);
    for txn in [45, 45, 44, 46] {
        let gap = GAP.replace("45", &txn.to_string());
        fixture.stage.write_raw(0, Some(gap.as_bytes()), 2_000);
    }
    let output = fixture.tail(&[&ALL[..], &["-X", "client.rack=a b"]].concat());
    let tries: Vec<&str> = output
        .stderr
        .lines()
        .filter(|line| line.starts_with("  try: "))
        .collect();
    let expected = [45, 46].map(|txn| {
        format!(
            "  try: ditto-cdc requery --txn-id {txn} --output requery-{txn} -X 'client.rack=a b'"
        )
    });
    assert_eq!(tries, expected);
    let again = fixture.tail(&END);
    assert!(
        again
            .stderr
            .contains("remembers 4 requeryRequired, txnID up to 46"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_file_belongs_to_one_topic_of_one_cluster_and_one_process() {
    let fixture = Fixture::new(1);
    fixture.stage.write(0, 1, "people", 1_000);
    fixture.tail(&ALL);
    let text = fs::read_to_string(&fixture.file).unwrap();
    let refused = |output: &Output, message: &str| {
        assert_eq!(output.status, Some(3), "{}", output.stderr);
        assert!(
            output.stderr.contains(message),
            "{message}: {}",
            output.stderr
        );
        assert!(output.stderr.contains("try: "), "{}", output.stderr);
        assert_eq!(fs::read_to_string(&fixture.file).unwrap(), text);
    };
    let other = Stage::new(1);
    let args = [&["tail"], &fixture.args(&END)[..]].concat();
    let output = run(&other.env(), &args, TIMEOUT);
    refused(&output, "it has positions of the Kafka cluster");

    fs::write(&fixture.file, text.replace(TOPIC, "others")).unwrap();
    let output = fixture.tail(&END);
    fs::write(&fixture.file, &text).unwrap();
    refused(&output, "it has positions of the topic others");

    fs::write(&fixture.file, &text[..text.len() / 2]).unwrap();
    let output = fixture.tail(&END);
    fs::write(&fixture.file, &text).unwrap();
    refused(&output, "it is not what --state writes");

    let mut running = fixture.follow(&[]);
    running.provoke_line(|| {
        fixture.stage.write(0, 2, "people", 1_000);
    });
    let second = fixture.tail(&END);
    running.kill();
    assert_eq!(second.status, Some(3), "{}", second.stderr);
    assert!(second.stderr.contains("is using it"), "{}", second.stderr);
}

#[test]
fn new_partitions_are_read_and_removed_ones_are_a_gap() {
    let fixture = Fixture::new(2);
    fixture.write(0..4);
    fixture.tail(&ALL);
    // As if partition 1 were new, and partition 7 were removed.
    fixture.edit("\"partitions\": 2", "\"partitions\": 1");
    fixture.edit("\"1\": 2", "\"7\": 9");
    let output = fixture.tail(&END);
    let new: BTreeSet<String> = [1, 3].map(|txn| event(txn, "people")).into();
    assert_eq!(lines(&output), new);
    assert!(
        output
            .stderr
            .contains("gap: events partition 7 no longer exists"),
        "{}",
        output.stderr
    );
    assert!(
        fixture
            .tail(&END)
            .stderr
            .contains("remembers an offset gap"),
        "the gap is forgotten"
    );
}

#[test]
fn a_re_created_topic_is_a_gap_and_read_from_its_beginning() {
    let fixture = Fixture::new(1);
    let line = fixture.stage.write(0, 1, "people", 1_000);
    fixture.tail(&ALL);
    fixture.edit("\"0\": 1", "\"0\": 500");
    let stopped = fixture.tail(&[&END[..], &["--on-gap", "stop"]].concat());
    assert_eq!((stopped.status, stopped.lines().len()), (Some(4), 0));
    assert!(
        stopped.stderr.contains("ends before offset 500"),
        "{}",
        stopped.stderr
    );
    assert_eq!(fixture.tail(&END).lines(), [&line]);
}

#[test]
fn the_recovery_command_contains_only_existing_offsets() {
    let fixture = Fixture::new(2);
    fixture.write(0..4);
    fixture.tail(&ALL);
    fixture.edit("\"0\": 2", "\"0\": 500");
    fixture.edit("\"1\": 2", "\"1\": 600");
    let output = fixture.tail(&[&END[..], &["--on-gap", "stop"]].concat());
    let message = "try: ditto-cdc requery --from 0:0,1:0 --output requery\n";
    assert!(output.stderr.contains(message), "{}", output.stderr);
}

#[test]
fn partitions_that_were_not_selected_are_not_read() {
    let fixture = Fixture::new(2);
    fixture.write(0..4);
    let output = fixture.tail(&["--from", "0:0", "--until", "end"]);
    assert_eq!(output.lines().len(), 2);
    fixture.write(4..8);
    let evens: BTreeSet<String> = [4, 6].map(|txn| event(txn, "people")).into();
    assert_eq!(lines(&fixture.tail(&END)), evens);
}

#[test]
fn conflicting_options_are_rejected() {
    let fixture = Fixture::new(1);
    for args in [
        &["--group", "team"][..],
        &["--last", "3"],
        &["--no-control"],
        &["--input", "x"],
    ] {
        let output = fixture.tail(args);
        assert_eq!(output.status, Some(2), "{args:?}: {}", output.stderr);
        assert!(!std::path::Path::new(&fixture.file).exists());
    }
    let env = [
        fixture.stage.env(),
        vec![("DITTO_CDC_GROUP", "team".to_owned())],
    ]
    .concat();
    let output = run(
        &env,
        &[&["tail"], &fixture.args(&END)[..]].concat(),
        TIMEOUT,
    );
    assert_eq!(output.status, Some(2), "{}", output.stderr);
}
