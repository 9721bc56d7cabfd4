//! Captures that the console consumer and kcat write of a real topic, with all of their columns and several separators.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::kafka::{Kafka, Message};

/// Columns of the console consumer, in its order, and the fields of the capture format that each has.
const COLUMNS: [(&str, &[&str]); 5] = [
    ("print.timestamp", &["timestamp", "timestampType"]),
    ("print.partition", &["partition"]),
    ("print.offset", &["offset"]),
    ("print.headers", &["headers"]),
    ("print.key", &["key"]),
];

fn fill(kafka: &Kafka, topic: &str) {
    kafka.create_topic(topic, 1, &[]);
    let event = |id: usize| {
        format!(
            r#"{{"txnId":{id},"type":"documentChanged","collection":"c","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":"{id}","t":"a\tb: c | d"}}}}}}"#
        )
    };
    let keys = [None, Some("k1"), Some("{\"_id\":\"a\"}")];
    let messages = keys.into_iter().enumerate().map(|(id, key)| Message {
        key: key.map(Into::into),
        ..Message::to(0, event(id))
    });
    kafka.produce(topic, messages);
}

/// What the program reads: from the topic, or from a capture on standard input.
fn records(command: &mut Command, capture: Option<&[u8]>) -> Vec<Value> {
    command.args(["--format", "record", "-q", "--no-progress"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(capture.unwrap_or_default()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ditto-cdc"))
}

fn from_topic(kafka: &Kafka, topic: &str) -> Vec<Value> {
    let mut command = program();
    command.args(["tail", "--from", "beginning", "--until", "end"]);
    records(command.envs(kafka.client_env(topic)), None)
}

fn from_capture(capture: &[u8]) -> Vec<Value> {
    records(program().arg("diff"), Some(capture))
}

fn console_consumer(kafka: &Kafka, topic: &str, count: usize, properties: &[String]) -> Vec<u8> {
    let class = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    let mut command = Command::new("java");
    command.args(["-Xmx256m", "-cp", &kafka.classpath(), class]);
    command.args([
        "--bootstrap-server",
        &kafka.admin_endpoint(),
        "--topic",
        topic,
    ]);
    command.args(["--from-beginning", "--max-messages", &count.to_string()]);
    // The deprecated name, for the notice on standard output.
    for property in properties {
        command.args(["--property", property]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    output.stdout
}

/// A record of the topic as a capture without some fields has it.
fn without(mut record: Value, names: &[&str]) -> Value {
    for name in names {
        record[*name] = if *name == "headers" {
            json!([])
        } else {
            Value::Null
        };
    }
    record
}

#[test]
fn the_console_consumer_with_its_columns() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-captures";
    fill(kafka, topic);
    let known = from_topic(kafka, topic);
    assert_eq!(known.len(), 3);
    // Bits select columns: none, all, and some of each.
    for (selected, separator) in [
        (0b00000, "\t"),
        (0b11111, "\t"),
        (0b10110, ": "),
        (0b01001, " | "),
        (0b10000, "|"),
    ] {
        let is_selected = |at: usize| selected >> at & 1 == 1;
        let mut properties: Vec<String> = COLUMNS
            .iter()
            .enumerate()
            .map(|(at, (name, _))| format!("{name}={}", is_selected(at)))
            .collect();
        properties.push(format!("key.separator={separator}"));
        let capture = console_consumer(kafka, topic, known.len(), &properties);
        let mut missing = vec!["topic"];
        for (at, (_, fields)) in COLUMNS.iter().enumerate() {
            missing.extend(fields.iter().filter(|_| !is_selected(at)));
        }
        let expected: Vec<Value> = known
            .iter()
            .map(|record| without(record.clone(), &missing))
            .collect();
        let shown = String::from_utf8_lossy(&capture);
        assert_eq!(from_capture(&capture), expected, "{properties:?}\n{shown}");
        assert!(
            shown.starts_with("Option --property is deprecated"),
            "{shown}"
        );
    }
}

#[test]
fn kcat_as_json_and_with_columns() {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = "open-captures-kcat";
    fill(kafka, topic);
    let known = from_topic(kafka, topic);
    let kcat = |args: &[&str]| {
        let mut command = Command::new("kcat");
        command.args(["-C", "-e", "-q", "-o", "beginning", "-t", topic]);
        command.args(["-b", &kafka.admin_endpoint()]).args(args);
        command.output().ok().map(|output| output.stdout)
    };
    let Some(json) = kcat(&["-J"]) else { return };
    assert_eq!(from_capture(&json), known);
    assert_eq!(from_capture(&kcat(&["-J", "-D", ""]).unwrap()), known);
    let check = |args: &[&str], missing: &[&str]| {
        let expected: Vec<Value> = known
            .iter()
            .map(|record| without(record.clone(), missing))
            .collect();
        assert_eq!(from_capture(&kcat(args).unwrap()), expected, "{args:?}");
    };
    check(&["-f", "%T %p %o %k %s\\n"], &["topic", "timestampType"]);
    let key_only = ["topic", "partition", "offset", "timestamp", "timestampType"];
    check(&["-K", ": "], &key_only);
}
