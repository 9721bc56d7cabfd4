//! A table that Kafka Connect writes equals the documents, byte for byte.

use crate::changes::{events, table};
use crate::engines::Engines;
use crate::page::{blocks, statements};
use crate::postgres::Rows;

#[test]
fn a_table_has_the_documents_byte_for_byte() {
    let Some(engines) = Engines::shared() else {
        return;
    };
    let events = events();
    let lines = engines.rendered("sink", &events, "debezium");
    engines.publish("to.sink", 3, &lines);
    engines.connect.add("sink", &engines.sink("to.sink"));
    let expected = table(&events);
    let mut rows = Rows::new();
    engines.connect.wait("sink", || {
        rows = engines.postgres.rows("to_sink");
        rows == expected
    });
    engines.connect.remove("sink");
    reading_documents(engines);
}

/// Documents that `PostgreSQL` stores but cannot read, and the function of the page for them.
fn reading_documents(engines: &Engines) {
    let Err(message) = engines
        .postgres
        .query("SELECT doc ->> 'price' FROM to_sink")
    else {
        panic!("every document can be read");
    };
    assert!(
        message.contains(r"\u0000 cannot be converted to text"),
        "{message}"
    );
    let block = blocks("Kafka Connect", "sql")[0].replace("ditto_orders", "to_sink");
    let [create, all, unreadable] = statements(&block)[..] else {
        panic!("{block}");
    };
    engines.postgres.query(create).unwrap();
    let all = engines.postgres.query(all).unwrap();
    let unreadable = engines.postgres.query(unreadable).unwrap();
    assert_eq!(unreadable, ["texts"]);
    let count = engines.postgres.rows("to_sink").len();
    assert_eq!(all.len(), count);
}
