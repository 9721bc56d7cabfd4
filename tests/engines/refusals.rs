//! What stops Debezium's sink, as docs/engines.md says: each row of its table is provoked.

use serde_json::{Value, json};

use crate::changes::{events, table};
use crate::engines::Engines;
use crate::page::{blocks, properties, text};
use crate::rng::Rng;
use crate::support::kafka::Message;

/// A way to stop the sink.
struct Refusal {
    name: &'static str,
    /// Changes each event.
    event: fn(&mut Value),
    /// Changes the connector's settings; an empty value removes one.
    settings: &'static [(&'static str, &'static str)],
    /// Runs before.
    statement: &'static str,
    /// A part of the error, which the page names.
    error: &'static str,
}

const REFUSALS: &[Refusal] = &[
    Refusal {
        name: "before",
        event: |event| {
            if event["payload"]["op"] == "d" {
                event["payload"]["before"] = Value::Null;
            }
        },
        error: r#"Cannot invoke "org.apache.kafka.connect.data.Struct.schema()" because "data" is null"#,
        ..NONE
    },
    Refusal {
        name: "name",
        event: |event| event["schema"]["name"] = json!("ditto.OrderEnvelope"),
        error: "Failed to resolve column type for schema: STRUCT",
        ..NONE
    },
    Refusal {
        name: "key",
        settings: &[("transforms", "")],
        error: "java.lang.String cannot be cast to class org.apache.kafka.connect.data.Struct",
        ..NONE
    },
    Refusal {
        name: "plain",
        event: without_schema,
        error: r#"requires "schema" and "payload" fields"#,
        ..NONE
    },
    Refusal {
        name: "schemaless",
        event: without_schema,
        settings: &[("value.converter.schemas.enable", "false")],
        error: "Configured primary key mode 'record_key' cannot have null schema",
        ..NONE
    },
    Refusal {
        name: "long",
        event: |event| event["payload"]["after"]["doc"] = json!("x".repeat(20_000_001)),
        error: "String value length (20000001) exceeds the maximum allowed (20000000",
        ..NONE
    },
    Refusal {
        name: "index",
        event: |event| event["payload"]["key"]["_id"] = json!(incompressible(6000)),
        error: "exceeds btree version 4 maximum 2704",
        ..NONE
    },
    Refusal {
        name: "jsonb",
        statement: "CREATE TABLE to_jsonb (_id text PRIMARY KEY, doc jsonb, txn_id bigint)",
        error: r"\u0000 cannot be converted to text",
        ..NONE
    },
];

/// The events and settings of the page.
const NONE: Refusal = Refusal {
    name: "",
    event: |_| {},
    settings: &[],
    statement: "",
    error: "",
};

fn without_schema(event: &mut Value) {
    *event = event["payload"].take();
}

/// Digits that do not repeat.
fn incompressible(length: usize) -> String {
    let mut rng = Rng::new(1);
    let digits = (0..length).map(|_| *rng.pick(b"0123456789abcdef"));
    digits.map(char::from).collect()
}

/// The first error that a task of the changed settings and events ends with.
fn provoke(engines: &Engines, refusal: &Refusal, lines: &[String]) -> String {
    let name = refusal.name;
    let topic = format!("to.{name}");
    // A long event once.
    let count = if name == "long" { 1 } else { lines.len() };
    let changed = lines[..count].iter().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        (refusal.event)(&mut event);
        event.to_string()
    });
    engines.publish(&topic, 1, &changed.collect::<Vec<_>>());
    if !refusal.statement.is_empty() {
        engines.postgres.query(refusal.statement).unwrap();
    }
    let mut settings = engines.sink(&topic);
    for (key, value) in refusal.settings {
        settings.insert((*key).to_owned(), (*value).to_owned());
    }
    settings.retain(|_, value| !value.is_empty());
    engines.connect.add(name, &settings);
    let trace = engines.connect.wait_for_failure(name);
    engines.connect.remove(name);
    trace
}

#[test]
fn the_sink_stops_for_the_reasons_of_the_page() {
    let Some(engines) = Engines::shared() else {
        return;
    };
    let page = text();
    let lines = engines.rendered("refusals", &events(), "debezium");
    for refusal in REFUSALS {
        let Refusal { name, error, .. } = refusal;
        let trace = provoke(engines, refusal, &lines);
        assert!(trace.contains(error), "{name}: {trace}");
        assert!(
            page.contains(error),
            "docs/engines.md does not name: {error}"
        );
    }
}

/// The part of the page about tombstones: what stops the sink, and the settings that drop them.
#[test]
fn a_tombstone_stops_the_sink_unless_it_is_dropped() {
    let Some(engines) = Engines::shared() else {
        return;
    };
    let events = events();
    let lines = engines.rendered("tombstones", &events, "debezium");
    let (first, rest) = lines.split_at(20);
    engines.publish("to.tombstones", 1, first);
    let tombstone = Message {
        key: Some(b"removed".to_vec()),
        ..Message::default()
    };
    engines.kafka.produce("to.tombstones", [tombstone]);
    let rest = rest.iter().map(|line| Message::to(0, line.as_str()));
    engines.kafka.produce("to.tombstones", rest);
    let mut settings = engines.sink("to.tombstones");
    engines.connect.add("tombstones", &settings);
    let trace = engines.connect.wait_for_failure("tombstones");
    let error = "Only Map objects supported in absence of schema for [copying fields from value to key], found: null";
    assert!(trace.contains(error), "{trace}");
    assert!(text().contains(error));
    engines.connect.remove("tombstones");
    settings.extend(properties(&blocks("What fails", "properties")[0]));
    engines.connect.add("without-tombstones", &settings);
    let expected = table(&events);
    engines.connect.wait("without-tombstones", || {
        engines.postgres.rows("to_tombstones") == expected
    });
    engines.connect.remove("without-tombstones");
}
