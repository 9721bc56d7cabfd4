//! Changes in Debezium's envelope, with the schema of Kafka Connect's JSON converter or without: `_id` as text, and each document as one JSON text.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::event::{Change, Event, EventKind, Op};
use crate::json::{push_quoted, unescaped};
use crate::record::{Place, Record};
use crate::snapshot::document_id::DocumentId;
use crate::util::decimal;

/// What stands around the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `{"schema":…,"payload":…}`
    WithSchema,
    /// The payload alone.
    Plain,
}

/// Where a change was read, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin<'a> {
    /// The topic.
    pub topic: Option<&'a str>,
    /// The partition.
    pub partition: Option<i32>,
    /// The offset in the partition.
    pub offset: Option<i64>,
    /// The record's time in milliseconds since 1970-01-01 UTC.
    pub time_ms: Option<i64>,
}

impl<'a> Origin<'a> {
    /// The origin of a record's event.
    #[must_use]
    pub fn of(record: &Record<'a>) -> Origin<'a> {
        let (topic, partition, offset) = match record.place {
            Place::Offset {
                topic,
                partition,
                offset,
            } => (Some(topic), Some(partition), Some(offset)),
            Place::Line {
                partition, offset, ..
            } => (None, partition, offset),
            Place::Unknown => (None, None, None),
        };
        Origin {
            topic,
            partition,
            offset,
            time_ms: record.time.map(|time| time.millis),
        }
    }
}

/// Why an event has no envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inexpressible {
    /// It is a gap in the stream.
    Gap,
    /// It does not say what a document was or is.
    NotAChange,
    /// It names no collection.
    NoCollection,
    /// Its document has no `_id`, or one that Ditto does not accept.
    NoId,
}

impl fmt::Display for Inexpressible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Inexpressible::Gap => "it is a gap in the stream",
            Inexpressible::NotAChange => "it is not a change of a document",
            Inexpressible::NoCollection => "it names no collection",
            Inexpressible::NoId => "its document has no _id that Ditto accepts",
        })
    }
}

/// Appends an event as one line.
///
/// # Errors
/// [`Inexpressible`]; then nothing is appended.
pub fn push_event(
    envelope: Envelope,
    origin: &Origin<'_>,
    event: &Event<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Inexpressible> {
    let (op, change) = operation(event)?;
    let collection = event
        .collection
        .as_deref()
        .ok_or(Inexpressible::NoCollection)?;
    let key = event.id().and_then(key_text).ok_or(Inexpressible::NoId)?;
    let mut id = Vec::with_capacity(key.len() + 2);
    push_quoted(key.as_bytes(), &mut id);
    let txn_id = event.txn_id.and_then(|txn| i64::try_from(txn.0).ok());
    if envelope == Envelope::WithSchema {
        out.extend_from_slice(&SCHEMA);
    }
    out.extend_from_slice(b"{\"before\":");
    // Which transaction wrote the old document is not in the event.
    push_row(change.before, &id, None, out);
    out.extend_from_slice(b",\"after\":");
    push_row(change.after, &id, txn_id, out);
    push_source(origin, collection, txn_id, out);
    out.extend_from_slice(b",\"op\":\"");
    out.push(op);
    out.extend_from_slice(b"\",\"ts_ms\":");
    push_number(origin.time_ms, out);
    out.extend_from_slice(b",\"key\":{\"_id\":");
    out.extend_from_slice(&id);
    out.extend_from_slice(match envelope {
        Envelope::WithSchema => b"}}}\n",
        Envelope::Plain => b"}}\n",
    });
    Ok(())
}

/// The key of a document with this `_id`, raw JSON; `None` if Ditto does not accept such an id. Two ids have the same key
/// exactly if they are the same value.
///
/// A string is its own key. Other ids, and the strings that could be mistaken for them or that a database may not store (with
/// U+0000), are their canonical JSON after `json:`.
#[must_use]
pub fn key_text(id: &[u8]) -> Option<Cow<'_, str>> {
    let id = id.trim_ascii();
    if id.first() != Some(&b'"') {
        let id = DocumentId::parse(id)?;
        return Some(Cow::Owned(format!("{MARK}{}", id.json())));
    }
    let text = match unescaped(id) {
        Cow::Borrowed(bytes) => Cow::Borrowed(std::str::from_utf8(bytes).ok()?),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8(bytes).ok()?),
    };
    if text.starts_with(MARK) || text.contains('\0') {
        return Some(Cow::Owned(format!("{MARK}{}", Value::from(text))));
    }
    Some(text)
}

/// Before the JSON of an id.
const MARK: &str = "json:";

/// Debezium's letter for the operation, and the documents.
fn operation<'a>(event: &Event<'a>) -> Result<(u8, Change<'a>), Inexpressible> {
    if event.kind == EventKind::RequeryRequired {
        return Err(Inexpressible::Gap);
    }
    let change = event.change().ok_or(Inexpressible::NotAChange)?;
    Ok(match event.op() {
        Op::Insert => (b'c', change),
        Op::Update => (b'u', change),
        Op::Remove => (b'd', change),
        // A document of a snapshot.
        Op::Other => (
            b'r',
            Change {
                before: None,
                ..change
            },
        ),
    })
}

/// A document with its id, or null.
fn push_row(document: Option<&[u8]>, id: &[u8], txn_id: Option<i64>, out: &mut Vec<u8>) {
    let Some(document) = document else {
        return out.extend_from_slice(b"null");
    };
    out.extend_from_slice(b"{\"_id\":");
    out.extend_from_slice(id);
    out.extend_from_slice(b",\"doc\":");
    push_quoted(document, out);
    out.extend_from_slice(b",\"txn_id\":");
    push_number(txn_id, out);
    out.push(b'}');
}

fn push_source(origin: &Origin<'_>, collection: &str, txn_id: Option<i64>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"source\":{\"connector\":\"ditto-cdc\",\"name\":");
    push_text(origin.topic, out);
    out.extend_from_slice(b",\"ts_ms\":");
    push_number(origin.time_ms, out);
    out.extend_from_slice(b",\"db\":");
    push_text(origin.topic.and_then(app), out);
    out.extend_from_slice(b",\"table\":");
    push_quoted(collection.as_bytes(), out);
    out.extend_from_slice(b",\"txId\":");
    push_number(txn_id, out);
    out.extend_from_slice(b",\"partition\":");
    push_number(origin.partition.map(i64::from), out);
    out.extend_from_slice(b",\"offset\":");
    push_number(origin.offset, out);
    out.push(b'}');
}

/// The app in the name of a topic of Ditto's: `user-consumable-APP`, or `ditto.APP.BRIDGE`.
fn app(topic: &str) -> Option<&str> {
    let app = match topic.strip_prefix("user-consumable-") {
        Some(app) => app,
        None => match topic.split('.').collect::<Vec<_>>()[..] {
            ["ditto", app, _] => app,
            _ => return None,
        },
    };
    Some(app).filter(|app| !app.is_empty())
}

fn push_text(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => push_quoted(text.as_bytes(), out),
        None => out.extend_from_slice(b"null"),
    }
}

fn push_number(number: Option<i64>, out: &mut Vec<u8>) {
    let Some(number) = number else {
        return out.extend_from_slice(b"null");
    };
    if number < 0 {
        out.push(b'-');
    }
    decimal::push(number.unsigned_abs(), out);
}

/// Everything before the payload: the schema is the same for all events.
static SCHEMA: LazyLock<Vec<u8>> =
    LazyLock::new(|| format!("{{\"schema\":{},\"payload\":", schema()).into_bytes());

/// The schema of the payload. Debezium's sink recognizes an envelope by the end of its name, and stores `Json` in a column
/// of that type.
fn schema() -> Value {
    let required =
        |kind: &str, field: &str| json!({"type": kind, "optional": false, "field": field});
    let optional =
        |kind: &str, field: &str| json!({"type": kind, "optional": true, "field": field});
    let row = |field: &str| {
        json!({"type": "struct", "fields": [
            required("string", "_id"),
            {"type": "string", "optional": false, "name": "io.debezium.data.Json", "version": 1, "field": "doc"},
            optional("int64", "txn_id"),
        ], "optional": true, "name": "ditto_cdc.Value", "field": field})
    };
    json!({"type": "struct", "fields": [
        row("before"),
        row("after"),
        {"type": "struct", "fields": [
            required("string", "connector"),
            optional("string", "name"),
            optional("int64", "ts_ms"),
            optional("string", "db"),
            required("string", "table"),
            optional("int64", "txId"),
            optional("int32", "partition"),
            optional("int64", "offset"),
        ], "optional": false, "name": "ditto_cdc.Source", "field": "source"},
        required("string", "op"),
        optional("int64", "ts_ms"),
        {"type": "struct", "fields": [required("string", "_id")],
            "optional": false, "name": "ditto_cdc.Key", "field": "key"},
    ], "optional": false, "name": "ditto_cdc.Envelope"})
}
