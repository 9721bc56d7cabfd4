//! Debezium's envelope against a checker of Connect's schemas, and its keys against JSON's equality.
#![allow(clippy::unwrap_used)]

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::debezium::{Envelope, Inexpressible, Origin, key_text, push_event};
use crate::event;
use crate::record::{Clock, Place, Record, Timestamp};

fn origin() -> Origin<'static> {
    Origin {
        topic: Some("ditto.app-1.bridge"),
        partition: Some(3),
        offset: Some(18_234),
        time_ms: Some(1_769_860_921_220),
    }
}

/// The lines with and without the schema.
fn lines(origin: &Origin<'_>, payload: &str) -> Result<[String; 2], Inexpressible> {
    let event = event::decode(Some(payload.as_bytes())).unwrap();
    let line = |envelope| {
        let mut out = b"before".to_vec();
        let pushed = push_event(envelope, origin, &event, &mut out);
        let line = String::from_utf8(out.split_off(6)).unwrap();
        assert_eq!(line.is_empty(), pushed.is_err(), "{payload}");
        pushed.map(|()| line)
    };
    Ok([line(Envelope::WithSchema)?, line(Envelope::Plain)?])
}

fn value(line: &str) -> Value {
    assert_eq!(line.find('\n'), Some(line.len() - 1), "{line:?}");
    serde_json::from_str(line).unwrap()
}

/// Whether a value is described by a schema of Connect's JSON converter, with no field too many.
fn fits(schema: &Value, value: &Value) -> bool {
    if value.is_null() {
        return schema["optional"] == true;
    }
    match schema["type"].as_str().unwrap() {
        "string" => value.is_string(),
        "int64" => value.is_i64(),
        "int32" => value
            .as_i64()
            .is_some_and(|number| i32::try_from(number).is_ok()),
        "struct" => {
            let fields = schema["fields"].as_array().unwrap();
            let members = value.as_object().unwrap();
            let name = |field: &Value| field["field"].as_str().unwrap().to_owned();
            members.len() == fields.len()
                && fields.iter().all(|field| {
                    members
                        .get(&name(field))
                        .is_some_and(|one| fits(field, one))
                })
        }
        other => panic!("a type that the checker does not know: {other}"),
    }
}

/// Checks what each line has to be, and returns the payload.
fn check(origin: &Origin<'_>, payload: &str) -> Result<Value, Inexpressible> {
    let [with_schema, plain] = lines(origin, payload)?;
    let (with_schema, plain) = (value(&with_schema), value(&plain));
    assert_eq!(with_schema["payload"], plain);
    assert!(fits(&with_schema["schema"], &plain), "{plain}");
    assert!(
        with_schema["schema"]["name"]
            .as_str()
            .is_some_and(|name| name.ends_with("Envelope"))
    );
    Ok(plain)
}

#[test]
fn operations() {
    let row = |doc: &str, txn: Value| json!({"_id": "a", "doc": doc, "txn_id": txn});
    let (one, two) = (r#"{"_id": "a", "n":1.50}"#, r#"{"_id":"a","n":2}"#);
    for (change, op, before, after) in [
        (
            format!(r#""oldValue":null,"newValue":{one}"#),
            "c",
            Value::Null,
            row(one, json!(7)),
        ),
        (
            format!(r#""method":"upsert","oldValue":{one},"newValue":{two}"#),
            "u",
            row(one, Value::Null),
            row(two, json!(7)),
        ),
        (
            format!(r#""method":"remove","value":{one}"#),
            "d",
            row(one, Value::Null),
            Value::Null,
        ),
        (
            format!(r#""oldValue":{one},"newValue":null"#),
            "d",
            row(one, Value::Null),
            Value::Null,
        ),
    ] {
        let payload = format!(
            r#"{{"txnId":7,"type":"documentChanged","collection":"c","change":{{{change}}}}}"#
        );
        let expected = json!({
            "before": before,
            "after": after,
            "source": {"connector": "ditto-cdc", "name": "ditto.app-1.bridge", "ts_ms": 1_769_860_921_220_u64,
                "db": "app-1", "table": "c", "txId": 7, "partition": 3, "offset": 18234},
            "op": op,
            "ts_ms": 1_769_860_921_220_u64,
            "key": {"_id": "a"},
        });
        assert_eq!(check(&origin(), &payload), Ok(expected), "{payload}");
    }
}

#[test]
fn documents_of_a_snapshot_are_reads() {
    let payload = r#"{"txnId":9,"type":"snapshotDocument","collection":"c","change":{"method":"read","value":{"_id":7}}}"#;
    let found = check(&Origin::default(), payload).unwrap();
    let expected = json!({
        "before": null,
        "after": {"_id": "json:7", "doc": "{\"_id\":7}", "txn_id": 9},
        "source": {"connector": "ditto-cdc", "name": null, "ts_ms": null, "db": null, "table": "c", "txId": 9,
            "partition": null, "offset": null},
        "op": "r",
        "ts_ms": null,
        "key": {"_id": "json:7"},
    });
    assert_eq!(found, expected);
}

#[test]
fn what_is_no_change_of_a_document_is_refused() {
    let changed = |rest: &str| format!(r#"{{"type":"documentChanged",{rest}}}"#);
    for (payload, why) in [
        (
            r#"{"txnID":45,"type":"requeryRequired","documents":[]}"#.to_owned(),
            Inexpressible::Gap,
        ),
        (
            r#"{"type":"requeryRequired","collection":"c","change":{"value":{"_id":"a"}}}"#
                .to_owned(),
            Inexpressible::Gap,
        ),
        (
            r#"{"type":"heartbeat"}"#.to_owned(),
            Inexpressible::NotAChange,
        ),
        (
            r#"{"type":"snapshotBegin","collections":["c"]}"#.to_owned(),
            Inexpressible::NotAChange,
        ),
        (
            changed(r#""collection":"c","change":{"method":"remove","oldValue":null}"#),
            Inexpressible::NotAChange,
        ),
        (
            changed(r#""change":{"value":{"_id":"a"}}"#),
            Inexpressible::NoCollection,
        ),
        (
            changed(r#""collection":"c","change":{"value":{"id":"a"}}"#),
            Inexpressible::NoId,
        ),
        (
            changed(r#""collection":"c","change":{"newValue":{"_id":1.5}}"#),
            Inexpressible::NoId,
        ),
        (
            changed(r#""collection":"c","change":{"newValue":[1]}"#),
            Inexpressible::NoId,
        ),
    ] {
        assert_eq!(check(&origin(), &payload), Err(why), "{payload}");
    }
}

#[test]
fn transactions_beyond_a_signed_number_are_null() {
    for (txn, expected) in [
        ("9223372036854775807", json!(i64::MAX)),
        ("9223372036854775808", Value::Null),
        ("18446744073709551615", Value::Null),
        ("\"12\"", json!(12)),
        ("-1", Value::Null),
    ] {
        let payload = format!(
            r#"{{"txnID":{txn},"type":"documentChanged","collection":"c","change":{{"newValue":{{"_id":"a"}}}}}}"#
        );
        let found = check(&origin(), &payload).unwrap();
        assert_eq!(found["after"]["txn_id"], expected, "{txn}");
        assert_eq!(found["source"]["txId"], expected, "{txn}");
    }
}

#[test]
fn the_app_in_names_of_topics() {
    for (topic, app) in [
        ("user-consumable-4e7f0c9a", json!("4e7f0c9a")),
        ("ditto.demo.cafe", json!("demo")),
        ("ditto.demo", Value::Null),
        ("ditto.a.b.c", Value::Null),
        ("ditto..b", Value::Null),
        ("user-consumable-", Value::Null),
        ("7c1d3b9e-5a3e-4c5e-8a0b-0d6a1f1f3c55", Value::Null),
    ] {
        let origin = Origin {
            topic: Some(topic),
            ..origin()
        };
        let payload =
            r#"{"type":"documentChanged","collection":"c\"\\","change":{"newValue":{"_id":"a"}}}"#;
        let found = check(&origin, payload).unwrap();
        assert_eq!(found["source"]["db"], app, "{topic}");
        assert_eq!(found["source"]["name"], topic);
        assert_eq!(found["source"]["table"], "c\"\\");
    }
}

#[test]
fn origins_of_records() {
    let record = |place| Record {
        place,
        time: Some(Timestamp {
            millis: -1,
            clock: Clock::Create,
        }),
        leader_epoch: None,
        key: None,
        headers: Vec::new(),
        payload: None,
    };
    let offset = Place::Offset {
        topic: "t",
        partition: 1,
        offset: 2,
    };
    let line = Place::Line {
        file: "f",
        line: 9,
        partition: Some(1),
        offset: Some(2),
    };
    for (place, topic, position) in [
        (offset, Some("t"), true),
        (line, None, true),
        (Place::line("f", 9), None, false),
        (Place::Unknown, None, false),
    ] {
        let expected = Origin {
            topic,
            partition: position.then_some(1),
            offset: position.then_some(2),
            time_ms: Some(-1),
        };
        assert_eq!(Origin::of(&record(place)), expected);
    }
}

#[test]
fn keys() {
    for (id, key) in [
        (r#""o-1001""#, Some("o-1001")),
        (r#""""#, Some("")),
        (r#""Z\u00fcrich\n\"""#, Some("Zürich\n\"")),
        ("1", Some("json:1")),
        (r#""1""#, Some("1")),
        ("-0", Some("json:0")),
        ("18446744073709551616", Some("json:18446744073709551616")),
        ("true", Some("json:true")),
        (
            r#"{ "b":2, "a":"\u00e9" }"#,
            Some(r#"json:{"a":"é","b":2}"#),
        ),
        ("[1, 2]", Some("json:[1,2]")),
        (r#""json:1""#, Some(r#"json:"json:1""#)),
        (r#""\u006ason:1""#, Some(r#"json:"json:1""#)),
        (r#""json""#, Some("json")),
        (r#""a\u0000b""#, Some(r#"json:"a\u0000b""#)),
        (r#""\\u0000""#, Some(r"\u0000")),
        (r#""\ud800""#, None),
        ("1.5", None),
        ("null", None),
        ("", None),
    ] {
        assert_eq!(key_text(id.as_bytes()).as_deref(), key, "{id}");
    }
}

/// Ids of every kind, several spellings of each, and texts that look like keys of others.
fn id() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "a",
        r"\u0061",
        "json:",
        r"\u006ason:",
        "1",
        "true",
        "[1]",
        r"\n",
        r"\u000a",
        r"\u0000",
        "é",
        r"\u00e9",
        r"\\",
        r#"\""#,
        "😀",
        r"\ud83d\ude00",
    ]);
    let string = vec(text, 0..3).prop_map(|parts| format!("\"{}\"", parts.concat()));
    let number = prop::sample::select(vec!["0", "1", "-1", "10", "9223372036854775808"]);
    let leaf = prop_oneof![
        4 => string.clone(),
        2 => number.prop_map(str::to_owned),
        1 => Just("true".to_owned()),
        1 => Just("false".to_owned()),
    ];
    leaf.prop_recursive(3, 8, 3, move |inner| {
        let array = vec(inner.clone(), 0..3).prop_map(|all| format!("[{}]", all.join(", ")));
        let name = prop::sample::select(vec!["a", "b", r"\u0061"]);
        let object = vec((name, inner), 0..3).prop_map(|members| {
            let members = members
                .iter()
                .map(|(name, value)| format!("\"{name}\" :{value}"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        });
        prop_oneof![array, object]
    })
}

fn spellings_of_documents() -> impl Strategy<Value = String> {
    let space = prop::sample::select(vec!["", " ", "\n", "\r\n\t"]);
    let value = prop::sample::select(vec![
        "1",
        "1.0",
        "1.5e300",
        "9007199254740993",
        "null",
        r#""\u0000""#,
        r#""\ud800""#,
        r#""a\"\\b""#,
        "\"é😀\"",
        "{}",
        "[[[]]]",
        "\"\u{7f}\u{2028}\"",
    ]);
    (space, vec(value, 0..40)).prop_map(|(space, values)| {
        let members = values
            .iter()
            .enumerate()
            .map(|(at, value)| format!("{space}\"k{at}\"{space}:{value}"));
        let first = format!("{space}\"_id\":{space}\"a\"");
        let members: Vec<String> = std::iter::once(first).chain(members).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn two_ids_have_one_key_exactly_if_they_are_one_value(one in id(), other in id()) {
        let value = |id: &str| serde_json::from_str::<Value>(id).unwrap();
        let key = |id: &str| key_text(id.as_bytes()).map(Cow::into_owned);
        prop_assert!(key(&one).is_some(), "{}", one);
        prop_assert_eq!(key(&one) == key(&other), value(&one) == value(&other), "{} {}", one, other);
    }

    #[test]
    fn a_document_is_in_its_envelope_byte_for_byte(
        old in spellings_of_documents(),
        new in spellings_of_documents(),
        id in id(),
    ) {
        let payload = format!(
            "{{\"txnId\":7,\"type\":\"documentChanged\",\"collection\":\"c\",\"change\":{{\"oldValue\": {old},\"newValue\":{new} }}}}"
        );
        let found = check(&origin(), &payload).unwrap();
        prop_assert_eq!(&found["before"]["doc"], &json!(old));
        prop_assert_eq!(&found["after"]["doc"], &json!(new));
        let removed = format!(
            "{{\"type\":\"documentChanged\",\"collection\":\"c\",\"change\":{{\"value\":{{\"_id\":{id}}}}}}}"
        );
        let found = check(&origin(), &removed).unwrap();
        let key = key_text(id.as_bytes()).unwrap();
        prop_assert_eq!(&found["key"]["_id"], &json!(key));
        prop_assert_eq!(&found["before"]["_id"], &json!(key));
    }
}
