//! `tail --state` on the embedded broker: a restart goes on where the output ended, whatever ended the run before.
//! What retention takes is judged in `real_kafka`.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use support::program::{Output, Running, run};
use support::stage::{ALL, GAP, LIMIT, Stage, TOPIC, event};

const END: [&str; 2] = ["--until", "end"];

/// A stage and a state file in its folder.
struct Kept {
    stage: Stage,
    file: String,
}

impl Kept {
    fn new(partitions: i32) -> Kept {
        let stage = Stage::new(partitions);
        let file = stage.path("state.json");
        Kept { stage, file }
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

    /// Writes events with these transactions, spread over two partitions: the even ones to partition 0.
    fn write(&self, txns: std::ops::Range<u64>) -> BTreeSet<String> {
        assert_eq!(txns.start % 2, 0, "the first one goes to partition 0");
        self.stage.write_many(txns, 2).into_iter().collect()
    }

    /// The file with something in it replaced.
    fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(&self.file).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&self.file, text.replace(from, to)).unwrap();
    }
}

fn lines(output: &Output) -> BTreeSet<String> {
    let lines: Vec<&str> = output.lines();
    let set: BTreeSet<String> = lines.iter().map(ToString::to_string).collect();
    assert_eq!(set.len(), lines.len(), "an event came twice");
    set
}

#[test]
fn a_restart_goes_on_where_the_run_before_ended() {
    let kept = Kept::new(3);
    let first = kept.write(0..10);
    assert_eq!(lines(&kept.tail(&ALL)), first);
    let second = kept.write(10..16);
    let output = kept.tail(&ALL);
    assert_eq!(lines(&output), second);
    assert!(
        output.stderr.contains("--from beginning is ignored"),
        "{}",
        output.stderr
    );
    let output = kept.tail(&END);
    assert_eq!((lines(&output).len(), output.stderr.as_str()), (0, ""));
    // Filters decide what is shown, not what was read.
    kept.write(16..20);
    assert!(lines(&kept.tail(&["--until", "end", "-c", "other"])).is_empty());
    assert!(lines(&kept.tail(&END)).is_empty());
}

#[test]
fn without_a_file_it_begins_at_the_end_and_remembers_that_at_once() {
    let kept = Kept::new(2);
    kept.write(0..4);
    let running = kept.follow(&[]);
    while !std::path::Path::new(&kept.file).exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    running.kill();
    let missed = kept.write(4..8);
    assert_eq!(lines(&kept.tail(&END)), missed);
}

#[test]
fn a_limit_ends_behind_the_last_event_that_was_shown() {
    let kept = Kept::new(2);
    let all = kept.write(0..10);
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let new = lines(&kept.tail(&["--from", "beginning", "-n", "2"]));
        assert_eq!(new.len(), 2);
        seen.extend(new);
    }
    assert_eq!(seen, all);
}

#[test]
fn a_run_that_is_asked_to_end_leaves_exact_positions() {
    for signal in ["INT", "TERM"] {
        let kept = Kept::new(2);
        let first = kept.write(0..10);
        let mut running = kept.follow(&["--from", "beginning"]);
        running.wait_for_lines(first.len(), LIMIT);
        running.signal(signal);
        let output = running.wait(LIMIT);
        assert_eq!(output.status, Some(130), "{}", output.stderr);
        let second = kept.write(10..12);
        assert_eq!(lines(&kept.tail(&END)), second, "{signal}");
    }
}

#[test]
fn a_killed_run_repeats_at_most_what_was_not_kept_and_loses_nothing() {
    let kept = Kept::new(2);
    let mut all = kept.write(0..200);
    let mut running = kept.follow(&["--from", "beginning"]);
    running.wait_for_lines(200, LIMIT);
    let mut seen: BTreeSet<String> = lines(&running.kill());
    all.extend(kept.write(200..210));
    seen.extend(lines(&kept.tail(&END)));
    assert_eq!(seen, all);
}

#[test]
fn what_a_closed_pipe_did_not_take_comes_again() {
    let kept = Kept::new(1);
    let all = kept.stage.write_many(0..20_000, 1);
    let args = [&["tail", "--from", "beginning"][..], &kept.args(&[])].concat();
    let output = Running::start_reading(&kept.stage.env(), &args, 1).wait(LIMIT);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let mut seen: BTreeSet<String> = output
        .stdout
        .split_inclusive(|byte| *byte == b'\n')
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    // What is in the pipe's own memory is gone with its reader, and nobody can know that: 64 KiB on Linux.
    let rest = lines(&kept.tail(&END));
    seen.extend(rest.clone());
    let pipe = 2 * (64 << 10) / event(1_000, "people").len();
    assert!(all.len() - seen.len() <= pipe, "{}", all.len() - seen.len());
    assert!(!rest.is_empty());
}

#[test]
fn a_full_disk_moves_no_position() {
    let kept = Kept::new(1);
    kept.stage.write(0, 1, "people", 1_000);
    let command = format!(
        "exec {} tail --from beginning --until end --state {} > /dev/full",
        env!("CARGO_BIN_EXE_ditto-cdc"),
        kept.file
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &command])
        .env_clear()
        .envs(kept.stage.env())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(lines(&kept.tail(&ALL)).len(), 1);
}

#[test]
fn half_a_line_of_a_killed_run_is_not_continued() {
    let kept = Kept::new(1);
    let line = kept.stage.write(0, 1, "people", 1_000);
    let out = kept.stage.file("out.ndjson", "{\"txnId\":0,\"ty");
    let command = format!(
        "exec {} tail --from beginning --until end --state {} >> {out}",
        env!("CARGO_BIN_EXE_ditto-cdc"),
        kept.file
    );
    let status = std::process::Command::new("sh")
        .args(["-c", &command])
        .env_clear()
        .envs(kept.stage.env())
        .status()
        .unwrap();
    assert!(status.success());
    let written = fs::read_to_string(out).unwrap();
    assert_eq!(written, format!("{{\"txnId\":0,\"ty\n{line}\n"));
}

#[test]
fn a_gap_is_remembered_until_it_is_answered() {
    let kept = Kept::new(1);
    kept.stage.write(0, 1, "people", 1_000);
    kept.stage.write_raw(0, Some(GAP.as_bytes()), 2_000);
    let last = kept.stage.write(0, 2, "people", 3_000);
    let stop = ["--on-gap", "stop"];
    let output = kept.tail(&[&ALL[..], &stop].concat());
    assert_eq!((output.status, output.lines().len()), (Some(4), 2));
    let try_line = "try: ditto-cdc requery --txn-id 45 --from 0:2 --output requery-45\n";
    assert!(output.stderr.contains(try_line), "{}", output.stderr);

    // Again, and nothing is read: the events behind the gap are not lost either.
    let output = kept.tail(&[&END[..], &stop].concat());
    assert_eq!((output.status, output.lines().len()), (Some(4), 0));
    for words in ["remembers a requeryRequired, txnID 45", try_line] {
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    let output = kept.tail(&END);
    assert_eq!(output.lines(), [&last]);
    assert_eq!(output.status, Some(0));
    let try_line = "try: ditto-cdc requery --txn-id 45 --output requery-45\n";
    for words in ["remembers a requeryRequired, txnID 45", try_line, "gaps 1"] {
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
}

#[test]
fn marks_say_once_how_to_recover() {
    let kept = Kept::new(1);
    for txn in [45, 45, 44, 46] {
        let gap = GAP.replace("45", &txn.to_string());
        kept.stage.write_raw(0, Some(gap.as_bytes()), 2_000);
    }
    let output = kept.tail(&[&ALL[..], &["-X", "client.rack=a b"]].concat());
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
    let again = kept.tail(&END);
    assert!(
        again
            .stderr
            .contains("remembers 4 requeryRequired, txnID up to 46"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_file_serves_one_topic_of_one_cluster_and_one_process() {
    let kept = Kept::new(1);
    kept.stage.write(0, 1, "people", 1_000);
    kept.tail(&ALL);
    let text = fs::read_to_string(&kept.file).unwrap();
    let refused = |output: &Output, words: &str| {
        assert_eq!(output.status, Some(3), "{}", output.stderr);
        assert!(output.stderr.contains(words), "{words}: {}", output.stderr);
        assert!(output.stderr.contains("try: "), "{}", output.stderr);
        assert_eq!(fs::read_to_string(&kept.file).unwrap(), text);
    };
    let other = Stage::new(1);
    let args = [&["tail"], &kept.args(&END)[..]].concat();
    let output = run(&other.env(), &args, LIMIT);
    refused(&output, "it has positions of the Kafka cluster");

    fs::write(&kept.file, text.replace(TOPIC, "others")).unwrap();
    let output = kept.tail(&END);
    fs::write(&kept.file, &text).unwrap();
    refused(&output, "it has positions of the topic others");

    fs::write(&kept.file, &text[..text.len() / 2]).unwrap();
    let output = kept.tail(&END);
    fs::write(&kept.file, &text).unwrap();
    refused(&output, "it is not what --state writes");

    let mut running = kept.follow(&[]);
    running.provoke_line(|| {
        kept.stage.write(0, 2, "people", 1_000);
    });
    let second = kept.tail(&END);
    running.kill();
    assert_eq!(second.status, Some(3), "{}", second.stderr);
    assert!(second.stderr.contains("is using it"), "{}", second.stderr);
}

#[test]
fn partitions_that_came_are_read_and_those_that_went_are_a_gap() {
    let kept = Kept::new(2);
    kept.write(0..4);
    kept.tail(&ALL);
    // As if partition 1 had not been there, and partition 7 had.
    kept.edit("\"partitions\": 2", "\"partitions\": 1");
    kept.edit("\"1\": 2", "\"7\": 9");
    let output = kept.tail(&END);
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
        kept.tail(&END).stderr.contains("remembers an offset gap"),
        "the gap is forgotten"
    );
}

#[test]
fn a_topic_that_was_made_anew_is_a_gap_and_read_from_its_beginning() {
    let kept = Kept::new(1);
    let line = kept.stage.write(0, 1, "people", 1_000);
    kept.tail(&ALL);
    kept.edit("\"0\": 1", "\"0\": 500");
    let stopped = kept.tail(&[&END[..], &["--on-gap", "stop"]].concat());
    assert_eq!((stopped.status, stopped.lines().len()), (Some(4), 0));
    assert!(
        stopped.stderr.contains("ends before offset 500"),
        "{}",
        stopped.stderr
    );
    assert_eq!(kept.tail(&END).lines(), [&line]);
}

#[test]
fn the_command_that_recovers_names_only_offsets_that_are_there() {
    let kept = Kept::new(2);
    kept.write(0..4);
    kept.tail(&ALL);
    kept.edit("\"0\": 2", "\"0\": 500");
    kept.edit("\"1\": 2", "\"1\": 600");
    let output = kept.tail(&[&END[..], &["--on-gap", "stop"]].concat());
    let words = "try: ditto-cdc requery --from 0:0,1:0 --output requery\n";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}

#[test]
fn partitions_that_were_not_meant_stay_out() {
    let kept = Kept::new(2);
    kept.write(0..4);
    let output = kept.tail(&["--from", "0:0", "--until", "end"]);
    assert_eq!(output.lines().len(), 2);
    kept.write(4..8);
    let evens: BTreeSet<String> = [4, 6].map(|txn| event(txn, "people")).into();
    assert_eq!(lines(&kept.tail(&END)), evens);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let kept = Kept::new(1);
    for args in [
        &["--group", "team"][..],
        &["--last", "3"],
        &["--no-control"],
        &["--input", "x"],
    ] {
        let output = kept.tail(args);
        assert_eq!(output.status, Some(2), "{args:?}: {}", output.stderr);
        assert!(!std::path::Path::new(&kept.file).exists());
    }
    let env = [
        kept.stage.env(),
        vec![("DITTO_CDC_GROUP", "team".to_owned())],
    ]
    .concat();
    let output = run(&env, &[&["tail"], &kept.args(&END)[..]].concat(), LIMIT);
    assert_eq!(output.status, Some(2), "{}", output.stderr);
}
