//! Records of other tools as JSON: what they print, and objects that only look like it.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{can_be, read};
use crate::record::{Clock, Header, Place, Record, Timestamp};

fn here() -> Place<'static> {
    Place::line("f", 1)
}

fn record(millis: i64, clock: Clock, payload: Option<&'static str>) -> Record<'static> {
    Record {
        place: Place::Offset {
            topic: "t",
            partition: 1,
            offset: 5,
        },
        time: Some(Timestamp { millis, clock }),
        leader_epoch: None,
        key: None,
        headers: Vec::new(),
        payload: payload.map(|text| text.as_bytes().into()),
    }
}

fn header(name: &'static str, value: Option<&'static [u8]>) -> Header<'static> {
    Header {
        name: name.into(),
        value: value.map(Into::into),
    }
}

#[test]
fn what_the_tools_print() {
    let check = |json: &str, expected: Record<'_>| {
        assert!(can_be(json.as_bytes()), "{json}");
        assert_eq!(read(json.as_bytes(), here()), Some(expected), "{json}");
    };
    let event = "{\"a\":\"é\\n\"}";
    // kcat 1.7.1.
    check(
        r#"{"topic":"t","partition":1,"offset":5,"tstype":"create","ts":7,"broker":1,"headers":["a","1","b",null],"key":"k","payload":"{\"a\":\"é\\n\"}"}"#,
        Record {
            key: Some(b"k".into()),
            headers: vec![header("a", Some(b"1")), header("b", None)],
            ..record(7, Clock::Create, Some(event))
        },
    );
    check(
        r#"{"topic":"t","partition":1,"offset":5,"tstype":"logappend","ts":7,"broker":1,"headers":{"a":["1",null]},"key":"","payload":null}"#,
        Record {
            key: Some(b"".into()),
            headers: vec![header("a", Some(b"1")), header("a", None)],
            ..record(7, Clock::LogAppend, None)
        },
    );
    // Without a timestamp.
    check(
        r#"{"topic":"t","partition":1,"offset":5,"broker":1,"key":null,"payload":""}"#,
        Record {
            time: None,
            ..record(7, Clock::Create, Some(""))
        },
    );
    // Sorted by jq -S; with a payload that a registry decoded.
    check(
        r#"{"broker":1,"key":null,"offset":5,"partition":1,"payload":{"a":1},"topic":"t","ts":7,"tstype":"create","value_schema_id":3}"#,
        record(7, Clock::Create, Some("{\"a\":1}")),
    );
    // rpk, indented as by default, and on one line; a tombstone.
    check(
        "{\n  \"topic\": \"t\",\n  \"key\": \"k\",\n  \"value\": \"{\\\"a\\\":\\\"é\\\\n\\\"}\",\n  \"headers\": [\n    {\n      \"key\": \"a\",\n      \"value\": \"\\u003c1\\u003e\"\n    }\n  ],\n  \"timestamp\": 7,\n  \"partition\": 1,\n  \"offset\": 5\n}",
        Record {
            key: Some(b"k".into()),
            headers: vec![header("a", Some(b"<1>"))],
            ..record(7, Clock::Unknown, Some(event))
        },
    );
    check(
        r#"{"topic":"t","timestamp":7,"partition":1,"offset":5}"#,
        record(7, Clock::Unknown, None),
    );
    // kcl.
    check(
        r#"{"topic":"t","partition":1,"offset":5,"timestamp":7,"leader_epoch":3,"key_base64":"/w==","value":"{\"a\":\"é\\n\"}","headers":[{"key":"a","value_base64":"/w=="},{"key":"b","value":null}]}"#,
        Record {
            key: Some(b"\xff".into()),
            leader_epoch: Some(3),
            headers: vec![header("a", Some(b"\xff")), header("b", None)],
            ..record(7, Clock::Unknown, Some(event))
        },
    );
    check(
        r#"{"topic":"t","partition":1,"offset":5,"timestamp":7,"leader_epoch":-1,"key":null,"value":null,"delivery_count":2}"#,
        record(7, Clock::Unknown, None),
    );
    // The capture format, reordered by another program: the value is the payload itself.
    check(
        r#"{"headers":[{"name":"a","value":"1"}],"key":null,"leaderEpoch":0,"offset":5,"partition":1,"timestamp":7,"timestampType":"CreateTime","topic":"t","value":"text"}"#,
        Record {
            leader_epoch: Some(0),
            headers: vec![header("a", Some(b"1"))],
            ..record(7, Clock::Create, Some("\"text\""))
        },
    );
    check(
        r#"{"headers":[],"key":null,"offset":5,"partition":null,"timestamp":null,"timestampType":null,"topic":null,"value":null}"#,
        Record {
            place: Place::Line {
                file: "f",
                line: 1,
                partition: None,
                offset: Some(5),
            },
            time: None,
            ..record(7, Clock::Create, None)
        },
    );
}

#[test]
fn near_misses_are_payloads() {
    let check = |json: &str| assert_eq!(read(json.as_bytes(), here()), None, "{json}");
    // An event with fields of a record, in any order.
    check(
        r#"{"topic":"t","partition":1,"offset":5,"payload":"{}","type":"documentChanged","txnId":1}"#,
    );
    check(
        r#"{"type":"documentChanged","txnId":1,"topic":"t","partition":1,"offset":5,"key":null,"payload":"{}"}"#,
    );
    check(r#"{"key":"k","value":{"a":1}}"#);
    check(r#"{"topic":"t"}"#);
    check(r#"{"topic":"t","partition":1,"offset":5}"#);
    check(r#"{"topic":"t","partition":1,"offset":5,"payload":"{}","extra":1}"#);
    check(r#"{"topic":"t","partition":1,"payload":"{}"}"#);
    check(r#"{"topic":null,"partition":1,"offset":5,"payload":"{}"}"#);
    check(r#"{"topic":7,"partition":1,"offset":5,"payload":"{}"}"#);
    check(r#"{"topic":"t","partition":"1","offset":5,"payload":"{}"}"#);
    check(r#"{"topic":"t","partition":1.0,"offset":5,"payload":"{}"}"#);
    check(r#"{"topic":"t","partition":3000000000,"offset":5,"payload":"{}"}"#);
    check(r#"{"topic":"t","partition":1,"offset":5,"payload":"{}","value":"{}"}"#);
    check(r#"{"topic":"t","partition":1,"offset":5,"offset":6,"payload":"{}"}"#);
    check(r#"{"topic":"t","partition":1,"offset":5,"timestamp":"now","value":"{}"}"#);
    check(r#"{"topic":"t","partition":1,"offset":5,"value":"{}","value_base64":"e30="}"#);
    check(r#"{"topic":"t","partition":1,"offset":5,"value_base64":"!"}"#);
    // The value was left out, or could not be decoded: this is no tombstone.
    check(r#"{"topic":"t","value_size":120,"timestamp":7,"partition":1,"offset":5}"#);
    check(
        r#"{"topic":"t","partition":1,"offset":5,"ts":7,"key":null,"payload":null,"payload_error":"x"}"#,
    );
    check(r#"{"topic":"t","partition":1,"offset":5,"payload":"{}","headers":["a"]}"#);
    check(
        r#"{"topic":"t","partition":1,"offset":5,"payload":"{}","headers":[{"key":"a","other":1}]}"#,
    );
    check(r#"{"topic":"t","partition":1,"offset":5,"payload":"{}","headers":7}"#);
    check(r#"{"topic":"t","partition":1,"offset":5,"payload":"{}""#);
    check("[]");
    check("");
}

#[test]
fn events_are_not_parsed_as_records() {
    let check =
        |json: &str, expected: bool| assert_eq!(can_be(json.as_bytes()), expected, "{json}");
    check(r#"{"txnId":1}"#, false);
    check(r#"{"type":"documentChanged"}"#, false);
    check(r#"{"change":{}}"#, false);
    check(r#"{"collection":"people"}"#, false);
    check(r#"{ "topic":"t"}"#, true);
    check("{}", false);
    check("", false);
}

proptest! {
    #[test]
    fn noise_never_panics(
        fields in proptest::collection::vec((
            proptest::sample::select(vec!["topic", "partition", "offset", "ts", "tstype", "key", "headers", "payload",
                "value", "valueBase64", "timestamp", "timestampType", "leader_epoch"]),
            proptest::sample::select(vec!["null", "1", "-1", "1e9", "\"t\"", "\"\\ud800\"", "[]", "[1]", "[\"a\",1]",
                "{}", "{\"a\":[1]}", "{\"a\":1}", "[{}]", "[{\"key\":\"a\"}]", "\"e30=\""]),
        ), 0..9),
        cut in any::<proptest::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let json = format!("{{{}}}", fields.join(","));
        read(json.as_bytes(), here());
        read(json.get(..cut.index(json.len())).unwrap_or_default().as_bytes(), here());
        prop_assert_eq!(read(&bytes, here()), None);
    }
}
