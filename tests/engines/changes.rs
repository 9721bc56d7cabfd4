//! Documents of every kind and their changes, as events of Ditto, and what must become of them.

use crate::postgres::Rows;
use crate::support::kafka::Message;

/// The states of one document in turn; `None` if it is removed.
type States = &'static [Option<&'static str>];

/// The text of each id in a table, and the states of its document.
const DOCUMENTS: &[(&str, States)] = &[
    // Drops a field, changes a type, and is written as it was received.
    (
        "a",
        &[
            Some(r#"{"_id":"a","price":1.50,"note":"x","n":7}"#),
            Some(r#"{"_id":"a","price":"free"}"#),
            Some(r#"{"price":[1,2.0,1e3], "_id":"a"}"#),
        ],
    ),
    ("removed", &[Some(r#"{"_id":"removed"}"#), None]),
    (
        "again",
        &[
            Some(r#"{"_id":"again","n":1}"#),
            None,
            Some(r#"{"_id":"again","m":2}"#),
            Some(r#"{"_id":"again","m":3}"#),
        ],
    ),
    ("1", &[Some(r#"{"_id":"1","is":"a string"}"#)]),
    ("json:1", &[Some(r#"{"_id":1,"is":"a number"}"#)]),
    ("json:true", &[Some(r#"{"_id":true}"#), None]),
    (r#"json:"json:1""#, &[Some(r#"{"_id":"json:1"}"#)]),
    (
        r#"json:{"a":1,"b":[2,"x"]}"#,
        &[
            Some(r#"{"_id":{"b":[2,"x"],"a":1},"n":1}"#),
            Some(r#"{"_id":{"a":1,"b":[2,"x"]},"n":2}"#),
        ],
    ),
    ("json:[1,2]", &[Some(r#"{"_id":[1, 2]}"#)]),
    ("", &[Some(r#"{"_id":""}"#)]),
    (
        r#"it's "quoted" \ 😀"#,
        &[Some(r#"{"_id":"it's \"quoted\" \\ 😀","x":"\"'\\;--"}"#)],
    ),
    (
        "texts",
        &[Some(
            r#"{"_id":"texts","nul":"a\u0000b","half":"\ud800","emoji":"👩‍👩‍👧 \ud83d\ude00","line":"\r\n\t\u2028"}"#,
        )],
    ),
    (
        "numbers",
        &[Some(
            r#"{"_id":"numbers","i":18446744073709551615,"big":123456789012345678901234567890,"e":1e400,"zero":-0.0,"digits":0.10000000000000000000001}"#,
        )],
    ),
    (
        "deep",
        &[Some(
            r#"{"_id":"deep","x":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[{"y":{"z":{"z":{"z":{"z":[]}}}}}]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"#,
        )],
    ),
    ("twice", &[Some(r#"{"_id":"twice","k":1,"k":2,"":null}"#)]),
    (
        "spaced",
        &[Some("{ \"_id\" : \"spaced\" ,\n\t\"x\" : [ ] }")],
    ),
];

/// The transaction of the first event.
const FIRST: u64 = 1000;

/// A change of a document.
pub struct Event {
    /// The number of the document.
    document: usize,
    id: &'static str,
    txn: u64,
    old: Option<&'static str>,
    new: Option<&'static str>,
}

impl Event {
    /// The event as Ditto writes it.
    fn payload(&self, collection: &str) -> String {
        let change = match (self.old, self.new) {
            (Some(old), None) => format!(r#"{{"method":"remove","value":{old}}}"#),
            (old, new) => format!(
                r#"{{"method":"upsert","oldValue":{},"newValue":{}}}"#,
                old.unwrap_or("null"),
                new.unwrap()
            ),
        };
        format!(
            r#"{{"txnId":{},"type":"documentChanged","collection":"{collection}","change":{change}}}"#,
            self.txn
        )
    }

    /// The rows of a changelog, as Flink prints them without the transaction.
    fn rows(&self) -> impl Iterator<Item = String> {
        let (minus, plus) = match (self.old, self.new) {
            (Some(_), Some(_)) => ("-U", "+U"),
            _ => ("-D", "+I"),
        };
        let id = self.id;
        let old = self
            .old
            .map(|document| format!("{minus}[{id}, {document}]"));
        let new = self.new.map(|document| format!("{plus}[{id}, {document}]"));
        old.into_iter().chain(new)
    }
}

/// The changes of all documents: first each document's first one, then each second one.
pub fn events() -> Vec<Event> {
    let steps = DOCUMENTS.iter().map(|(_, states)| states.len()).max();
    let mut events = Vec::new();
    for step in 0..steps.unwrap() {
        for (document, (id, states)) in DOCUMENTS.iter().enumerate() {
            if let Some(new) = states.get(step) {
                events.push(Event {
                    document,
                    id,
                    txn: FIRST + events.len() as u64,
                    old: step.checked_sub(1).and_then(|before| states[before]),
                    new: *new,
                });
            }
        }
    }
    events
}

/// The messages of the events; each document has its partition.
pub fn messages(collection: &str, events: &[Event], partitions: usize) -> Vec<Message> {
    let message = |event: &Event| {
        let partition = i32::try_from(event.document % partitions).unwrap();
        Message::to(partition, event.payload(collection))
    };
    events.iter().map(message).collect()
}

/// The table after all events.
pub fn table(events: &[Event]) -> Rows {
    let mut table = Rows::new();
    for event in events {
        match event.new {
            Some(document) => {
                let row = (document.to_owned(), event.txn);
                table.insert(event.id.to_owned(), row);
            }
            None => {
                table.remove(event.id);
            }
        }
    }
    table
}

/// The changelog of the events.
pub fn changelog(events: &[Event]) -> Vec<String> {
    events.iter().flat_map(Event::rows).collect()
}
