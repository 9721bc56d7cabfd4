//! Records are printed byte for byte, with every codec and number of partitions.

use crate::events::{event, sorted, tail};
use crate::support::kafka::{Kafka, Message};

const ALL: [&str; 4] = ["--from", "beginning", "--until", "end"];

fn check(partitions: i32, codec: &str) {
    let Some(kafka) = Kafka::shared() else { return };
    let topic = format!("open-read-{partitions}-{codec}");
    kafka.create_topic(&topic, partitions, &[]);
    let written = crate::events::messages(0..5000, partitions);
    kafka.produce_with(&topic, written, &[("compression.type", codec)]);
    let mut expected = crate::events::lines(0..5000);
    expected.sort_unstable();
    for format in ["json", "raw"] {
        let args = [&ALL[..], &["--format", format]].concat();
        let output = tail(kafka, &topic, &args);
        assert_eq!(sorted(&output), expected, "{topic} {format}");
    }
}

#[test]
fn every_codec_and_partition_count_comes_out_byte_for_byte() {
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        check(1, codec);
        check(10, codec);
    }
}

#[test]
fn one_partition_keeps_its_order() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-order", 1, &[]);
    kafka.produce("open-order", crate::events::messages(0..3000, 1));
    let output = tail(kafka, "open-order", &ALL);
    assert_eq!(output.lines(), crate::events::lines(0..3000));
}

#[test]
fn a_record_keeps_key_time_headers_and_what_is_not_json() {
    let Some(kafka) = Kafka::shared() else { return };
    kafka.create_topic("open-record", 1, &[]);
    let whole = Message {
        key: Some(b"k1".to_vec()),
        millis: Some(1_700_000_000_123),
        headers: vec![
            ("source".to_owned(), Some(b"a".to_vec())),
            ("empty".to_owned(), None),
        ],
        ..Message::to(0, event("people", 1))
    };
    let tombstone = Message {
        payload: None,
        ..Message::to(0, "")
    };
    let odd = Message::to(0, vec![0xff, 0x00, b'\n', 0x80]);
    kafka.produce("open-record", [whole, tombstone, odd]);

    let args = [&ALL[..], &["--format", "record"]].concat();
    let output = tail(kafka, "open-record", &args);
    assert_eq!(output.status, Some(1), "{}", output.stderr);
    let records: Vec<serde_json::Value> = output
        .lines()
        .into_iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(records.len(), 3, "{records:?}");
    assert_eq!(records[0]["key"], "k1");
    assert_eq!(records[0]["timestamp"], 1_700_000_000_123_i64);
    assert_eq!(
        records[0]["headers"].to_string().matches("source").count(),
        1
    );
    assert_eq!(records[0]["value"]["txnId"], 1);
    assert_eq!(records[1]["value"], serde_json::Value::Null);
    assert_eq!(records[2]["valueBase64"], "/wAKgA==");
    assert_eq!(records[2]["offset"], 2);
}
