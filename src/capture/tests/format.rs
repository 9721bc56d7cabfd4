//! Tables and round trips of the capture format.

#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{read, write};
use crate::record::{Clock, Header, Place, Record, Timestamp};

const HERE: Place<'_> = Place::Line {
    file: "f",
    line: 1,
    partition: None,
    offset: None,
};

fn written(record: &Record<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    write(record, &mut line).unwrap();
    assert_eq!(line.pop(), Some(b'\n'));
    line
}

fn record(payload: Option<&[u8]>) -> Record<'_> {
    let place = Place::Offset {
        topic: "t",
        partition: 3,
        offset: 18_233,
    };
    let time = Some(Timestamp {
        millis: 1_645_472_312_000,
        clock: Clock::Create,
    });
    Record {
        place,
        time,
        leader_epoch: None,
        key: None,
        headers: Vec::new(),
        payload: payload.map(Into::into),
    }
}

#[test]
fn payloads() {
    let check = |payload: Option<&[u8]>, expected: &str| {
        let line = written(&record(payload));
        let head = r#"{"topic":"t","partition":3,"offset":18233,"timestamp":1645472312000,"timestampType":"CreateTime","key":null,"headers":[],"#;
        assert_eq!(
            String::from_utf8_lossy(&line),
            format!("{head}{expected}}}")
        );
        assert_eq!(read(&line, HERE), Some(record(payload)));
    };
    check(None, r#""value":null"#);
    check(Some(b"null"), r#""valueBase64":"bnVsbA==""#);
    check(Some(b""), r#""valueBase64":"""#);
    check(Some(br#"{"a":1.0}"#), r#""value":{"a":1.0}"#);
    check(Some(b"7"), r#""value":7"#);
    check(Some(b" 7"), r#""valueBase64":"IDc=""#);
    check(Some(b"7\t"), r#""valueBase64":"Nwk=""#);
    check(Some(b"[1,\n2]"), r#""valueBase64":"WzEsCjJd""#);
    check(Some(b"{\r}"), r#""valueBase64":"ew19""#);
    check(Some(b"nonsense}"), r#""valueBase64":"bm9uc2Vuc2V9""#);
    check(Some(b"\"\xff\""), r#""valueBase64":"Iv8i""#);
}

#[test]
fn rewritten_by_another_program() {
    let line = r#" { "topic" : "t", "partition": 3, "offset": 18233, "timestamp": 1645472312000, "timestampType": "CreateTime", "key": null, "headers": [ ], "value": {"a": 1} } "#;
    assert_eq!(
        read(line.as_bytes(), HERE),
        Some(record(Some(br#"{"a": 1}"#)))
    );
}

#[test]
fn other_formats() {
    let check = |line: &str| assert_eq!(read(line.as_bytes(), HERE), None, "{line}");
    check("");
    check("{");
    check(r#"{"topic":"t"}"#);
    check(r#"{"topic":"t","type":"documentChanged"}"#);
    check(
        "{\"topic\":\"\0\",\"partition\":3,\"offset\":1,\"timestamp\":null,\"timestampType\":null,\"key\":null,\"headers\":[],\"value\":1}",
    );
    check(
        r#"{"topic":"t","partition":3,"offset":1,"timestamp":1,"timestampType":"Other","key":null,"headers":[],"value":1}"#,
    );
    check(
        r#"{"topic":"t","partition":3000000000,"offset":1,"timestamp":null,"timestampType":null,"key":null,"headers":[],"value":1}"#,
    );
    check(
        r#"{"topic":"t","partition":3,"offset":1,"timestamp":null,"timestampType":null,"key":null,"headers":[],"value":1"#,
    );
    check(
        r#"{"topic":"t","partition":3,"offset":1,"timestamp":null,"timestampType":null,"key":null,"headers":[],"value":}"#,
    );
    check(
        r#"{"topic":"t","partition":3,"offset":1,"timestamp":null,"timestampType":null,"keyBase64":"!","headers":[],"value":1}"#,
    );
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        any::<String>().prop_map(String::into_bytes),
        Just(b"null".to_vec()),
        Just(br#""},"value":"\ud800\"#.to_vec()),
    ]
}

fn place() -> impl Strategy<Value = Option<(String, i32, i64)>> {
    option::of(("[a-zA-Z0-9._-]{1,20}", any::<i32>(), any::<i64>()))
}

fn clock() -> impl Strategy<Value = Clock> {
    prop_oneof![
        Just(Clock::Create),
        Just(Clock::LogAppend),
        Just(Clock::Unknown)
    ]
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        bytes(),
        crate::json::tests::json().prop_map(String::into_bytes),
        crate::json::tests::mutated()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn what_was_written_is_read(
        place in place(),
        line in (option::of(any::<i32>()), option::of(any::<i64>())),
        time in option::of((any::<i64>(), clock())),
        leader_epoch in option::of(any::<i32>()),
        key in option::of(bytes()),
        headers in vec((any::<String>(), option::of(bytes())), 0..4),
        payload in option::of(payload()),
    ) {
        let here = Place::Line { file: "f", line: 1, partition: line.0, offset: line.1 };
        let place = place.as_ref().map_or(here, |(topic, partition, offset)| Place::Offset {
            topic, partition: *partition, offset: *offset,
        });
        let record = Record {
            place,
            time: time.map(|(millis, clock)| Timestamp { millis, clock }),
            leader_epoch,
            key: key.map(Into::into),
            headers: headers.into_iter().map(|(name, value)| Header { name: name.into(), value: value.map(Into::into) }).collect(),
            payload: payload.map(Into::into),
        };
        let line = written(&record);
        prop_assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
        prop_assert!(crate::json::check(&line).is_ok(), "{}", String::from_utf8_lossy(&line));
        prop_assert_eq!(read(&line, HERE), Some(record));
    }

    #[test]
    fn noise_never_panics(bytes in vec(any::<u8>(), 0..60), cut in any::<proptest::sample::Index>()) {
        let line = written(&record(Some(&bytes)));
        prop_assert_eq!(read(&bytes, HERE), None);
        let short = line.get(..cut.index(line.len())).unwrap_or_default();
        prop_assert!(read(short, HERE).is_none());
    }
}
