//! Flink's changelog of the events.

use std::fmt::Write;

use serde_json::Value;

use crate::changes::{changelog, events};
use crate::engines::Engines;
use crate::flink;
use crate::page::{blocks, text, with_addresses};

/// A table over a topic that is read to its end.
fn table(engines: &Engines, name: &str, topic: &str, options: &str) -> String {
    let brokers = engines.kafka.admin_endpoint();
    format!(
        "CREATE TABLE {name} (`_id` STRING, doc STRING) WITH (
           'connector' = 'kafka', 'topic' = '{topic}', 'properties.bootstrap.servers' = '{brokers}',
           'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset',
           'format' = 'debezium-json'{options}
         );\n"
    )
}

const WITH_SCHEMA: &str = ", 'debezium-json.schema-include' = 'true'";

#[test]
fn flink_reads_the_changelog_with_and_without_schema() {
    let Some(engines) = Engines::shared() else {
        return;
    };
    let events = events();
    for (format, options) in [("debezium", WITH_SCHEMA), ("debezium-plain", "")] {
        let lines = engines.rendered(&format!("changelog-{format}"), &events, format);
        let topic = format!("to.{format}");
        engines.publish(&topic, 1, &lines);
        let script = table(engines, "documents", &topic, options) + "SELECT * FROM documents;\n";
        let printed = flink::run(&engines.prepared, &script);
        assert_eq!(printed, changelog(&events).join("\n") + "\n");
    }
}

/// What Flink needs, as the page says: each query ends with its error.
#[test]
fn flink_refuses_changes_without_the_document_before() {
    let Some(engines) = Engines::shared() else {
        return;
    };
    let lines = engines.rendered("errors", &events(), "debezium");
    let of = |op: &str| {
        let mark = format!(r#""op":"{op}""#);
        let line = lines.iter().find(|line| line.contains(&mark)).unwrap();
        let mut event: Value = serde_json::from_str(line).unwrap();
        event["payload"]["before"] = Value::Null;
        vec![event.to_string()]
    };
    let (created, mut plain) = (vec![lines[0].clone()], of("c"));
    plain[0] = serde_json::from_str::<Value>(&plain[0]).unwrap()["payload"].to_string();
    let mut script = String::new();
    let cases = [
        (
            of("u"),
            WITH_SCHEMA,
            r#"The "before" field of UPDATE message is null"#,
        ),
        (
            of("d"),
            WITH_SCHEMA,
            r#"The "before" field of DELETE message is null"#,
        ),
        (plain, WITH_SCHEMA, r#"because "payload" is null"#),
        (
            created,
            "",
            r#"Cannot invoke "Object.toString()" because the return value"#,
        ),
    ];
    for (number, (lines, options, _)) in cases.iter().enumerate() {
        let topic = format!("to.error-{number}");
        engines.publish(&topic, 1, lines);
        let name = format!("documents_{number}");
        script += &table(engines, &name, &topic, options);
        writeln!(script, "SELECT * FROM {name};").unwrap();
    }
    let printed = flink::run(&engines.prepared, &script);
    let page = text();
    assert_eq!(printed.lines().count(), cases.len(), "{printed}");
    for (line, (_, _, error)) in printed.lines().zip(cases) {
        assert!(
            line.starts_with("error: ") && line.contains(error),
            "{line}"
        );
        assert!(
            page.contains(error),
            "docs/engines.md does not name: {error}"
        );
    }
}

/// Documents that come a second time, as in the answer to a gap, are counted once with the options of the page.
#[test]
fn the_query_of_the_page_counts_a_document_once() {
    let Some(engines) = Engines::shared() else {
        return;
    };
    let events = events();
    let lines = engines.rendered("page", &events, "debezium");
    let again = lines
        .iter()
        .map(|line| line.replace(r#""op":"c""#, r#""op":"r""#));
    let twice: Vec<String> = lines.iter().cloned().chain(again).collect();
    engines.publish("to.page", 1, &twice);
    let script = blocks("Flink", "sql").concat();
    let script = with_addresses(&script, &engines.kafka.admin_endpoint(), "")
        .replace("ditto.orders", "to.page")
        .replace(
            "'scan.startup.mode'",
            "'scan.bounded.mode' = 'latest-offset',\n  'scan.startup.mode'",
        );
    let printed = flink::run(&engines.prepared, &script);
    let count = crate::changes::table(&events).len();
    let last = format!("+U[null, {count}]");
    assert_eq!(printed.lines().last(), Some(last.as_str()), "{printed}");
}
