//! Results of statements on the café's documents, including the queries of a collection read.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::demo::history;
use crate::snapshot::read::queries::Target;

const NOW: i64 = 1_769_860_800_000;

fn cafe() -> Generator {
    let mut generator = Generator::new(1);
    history(&mut generator, NOW);
    generator
}

fn run(
    generator: &mut Generator,
    statement: &str,
    arguments: &Value,
) -> Result<QueryResult, String> {
    execute(generator, statement, arguments.as_object().unwrap(), NOW)
}

#[test]
fn pages_of_ids_of_every_kind_come_in_order_and_once() {
    let mut generator = cafe();
    let ids = [
        "true",
        "-7",
        "3",
        r#""a""#,
        "[1]",
        r#"{"a":1}"#,
        r#"{"b":1}"#,
        r#"{"a":{"x":1}}"#,
    ];
    for id in ids {
        let document = json!({"_id": serde_json::from_str::<Value>(id).unwrap()});
        run(
            &mut generator,
            "INSERT INTO `odd ``s` DOCUMENTS (:doc)",
            &json!({"doc": document}),
        )
        .unwrap();
    }
    let target = Target::new("odd `s".to_owned(), None);
    let mut found = Vec::new();
    for kind in IdType::ALL {
        let mut last: Option<String> = None;
        loop {
            let query = target.page(kind, last.as_deref(), 1);
            let value = last.map_or(Value::Null, |last| serde_json::from_str(&last).unwrap());
            let page = run(&mut generator, &query.statement, &json!({"last": value})).unwrap();
            let Some(row) = page.rows.first() else { break };
            last = Some(row["_id"].to_string());
            found.push(row["_id"].to_string());
        }
    }
    let sorted = [
        "true",
        "-7",
        "3",
        r#""a""#,
        "[1]",
        r#"{"a":1}"#,
        r#"{"a":{"x":1}}"#,
        r#"{"b":1}"#,
    ];
    assert_eq!(found, sorted);
    let census = run(&mut generator, &target.census().statement, &json!({})).unwrap();
    let count: u64 = census
        .rows
        .iter()
        .map(|row| row["n"].as_u64().unwrap())
        .sum();
    assert_eq!((census.rows.len(), count), (5, 8));
}

#[test]
fn inserts_and_deletes_publish_events() {
    let mut generator = cafe();
    let document = json!({"_id": "x", "n": 1});
    let insert = "INSERT INTO `orders` DOCUMENTS (:doc)";
    let written = run(&mut generator, insert, &json!({"doc": document})).unwrap();
    let event: Value = serde_json::from_str(&written.messages[0].payload).unwrap();
    assert_eq!(
        (&event["change"]["newValue"], event["txnId"].as_u64()),
        (&document, Some(generator.txn()))
    );
    assert!(
        run(&mut generator, insert, &json!({"doc": document}))
            .unwrap_err()
            .contains("already exists")
    );
    let update = "INSERT INTO `orders` DOCUMENTS (:doc) ON ID CONFLICT DO UPDATE";
    for (n, events) in [(1, 0), (2, 1), (2, 0)] {
        let document = json!({"doc": {"_id": "x", "n": n}});
        let updated = run(&mut generator, update, &document).unwrap();
        assert_eq!(updated.messages.len(), events, "{n}");
    }
    let remove = "DELETE FROM `orders` WHERE _id = :id";
    let removed = run(&mut generator, remove, &json!({"id": "x"})).unwrap();
    assert!(removed.messages[0].payload.contains(r#""method":"remove""#));
    assert!(
        run(&mut generator, remove, &json!({"id": "x"}))
            .unwrap()
            .messages
            .is_empty()
    );
}

#[test]
fn arguments_and_documents_are_checked() {
    let mut generator = cafe();
    for (statement, arguments) in [
        ("INSERT INTO a DOCUMENTS (:doc)", json!({"doc": 1})),
        (
            "INSERT INTO a DOCUMENTS (:doc)",
            json!({"doc": {"_id": 1.5}}),
        ),
        ("INSERT INTO a DOCUMENTS (:doc)", json!({})),
        ("DELETE FROM a WHERE _id = :id", json!({"id": null})),
        ("SELECT * FROM a WHERE _id > :k", json!({})),
    ] {
        assert!(
            run(&mut generator, statement, &arguments).is_err(),
            "{statement} {arguments}"
        );
    }
}

#[test]
fn a_condition_in_parentheses_narrows() {
    let mut generator = cafe();
    let count = |generator: &mut Generator, condition: Option<&str>| {
        let target = Target::new("orders".to_owned(), condition.map(str::to_owned));
        run(generator, &target.count().statement, &json!({}))
            .unwrap()
            .rows[0]["n"]
            .as_u64()
            .unwrap()
    };
    let all = count(&mut generator, None);
    let paid = count(&mut generator, Some("status = 'paid'"));
    let open = count(&mut generator, Some("NOT status = 'paid'"));
    assert!(paid > 0 && paid + open == all, "{paid} {open} {all}");
}
