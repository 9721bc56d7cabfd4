//! An event as its command gets it: a line of JSON on standard input, and variables of the environment.

use crate::commands::tail::range::format_place;
use crate::event::{self, Event, Op};
use crate::json::unquote;
use crate::record::{Place, Record};
use crate::snapshot::document_id::DocumentId;
use crate::util::text::truncate;

/// An event whose command has not ended.
#[derive(Debug)]
pub(in crate::commands::tail) struct ExecEvent {
    pub document: DocumentKey,
    /// Partition and offset, if the record has both.
    pub position: Option<(i32, i64)>,
    pub op: Op,
    /// The event as `--format json` prints it.
    pub line: Vec<u8>,
    /// Every variable; `None` if the event has no such value, or if it cannot be in an environment.
    pub variables: [(&'static str, Option<String>); VARIABLES.len()],
    /// The variables whose values cannot be in an environment.
    pub unset: Vec<&'static str>,
    /// The document and the place of the record, for messages.
    pub name: String,
}

/// A document. Two spellings of one id are one document; events without an id are one document of their collection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::commands::tail) struct DocumentKey {
    collection: Option<String>,
    id: Option<DocumentIdKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum DocumentIdKey {
    Parsed(DocumentId),
    /// Not an id that Ditto accepts.
    Raw(Vec<u8>),
}

/// The variables of the environment, in the order of [`ExecEvent::variables`].
pub(super) const VARIABLES: [&str; 6] = [
    "DITTO_CDC_COLLECTION",
    "DITTO_CDC_ID",
    "DITTO_CDC_OP",
    "DITTO_CDC_TXN",
    "DITTO_CDC_PARTITION",
    "DITTO_CDC_OFFSET",
];

/// A longer value cannot be in the environment of each system: Windows limits one to 32,767 characters.
const MAX_VALUE_BYTES: usize = 32_000;
/// Longest id in a message, in characters.
const MAX_NAME_CHARS: usize = 60;

impl ExecEvent {
    /// The event of a record that was rendered as `line`. Values come from that line, because values may be redacted in it.
    pub(in crate::commands::tail) fn new(record: &Record<'_>, line: Vec<u8>) -> ExecEvent {
        let (partition, offset) = match record.place {
            Place::Offset {
                partition, offset, ..
            } => (Some(partition), Some(offset)),
            Place::Line {
                partition, offset, ..
            } => (partition, offset),
            Place::Unknown => (None, None),
        };
        let shown = event::decode(Some(&line)).ok();
        let collection = shown.as_ref().and_then(|event| event.collection.as_deref());
        let id = shown.as_ref().and_then(Event::id).map(id_text);
        let op = shown.as_ref().map_or(Op::Other, Event::op);
        let values = [
            collection.map(str::to_owned),
            id.clone(),
            op.word().map(str::to_owned),
            shown
                .as_ref()
                .and_then(|event| event.txn_id)
                .map(|txn| txn.0.to_string()),
            partition.map(|partition| partition.to_string()),
            offset.map(|offset| offset.to_string()),
        ];
        let is_unset = |value: &Option<String>| value.as_deref().is_some_and(|value| !fits(value));
        let all = || VARIABLES.into_iter().zip(&values);
        let unset = all()
            .filter(|(_, value)| is_unset(value))
            .map(|(name, _)| name);
        let place = format_place(record);
        let document = name(collection, id.as_deref());
        ExecEvent {
            document: record
                .payload
                .as_deref()
                .map_or_else(DocumentKey::unknown, DocumentKey::new),
            position: partition.zip(offset),
            op,
            unset: unset.collect(),
            name: format!("{document} at {place}"),
            variables: std::array::from_fn(|index| {
                let value = values[index].clone();
                (VARIABLES[index], value.filter(|value| fits(value)))
            }),
            line,
        }
    }
}

/// Whether a value can be in an environment.
fn fits(value: &str) -> bool {
    value.len() <= MAX_VALUE_BYTES && !value.contains('\0')
}

/// A string without its quotes; an id of another type as its JSON.
fn id_text(raw: &[u8]) -> String {
    let text = unquote(raw).map(std::borrow::Cow::into_owned);
    text.unwrap_or_else(|| String::from_utf8_lossy(raw.trim_ascii()).into_owned())
}

fn name(collection: Option<&str>, id: Option<&str>) -> String {
    let collection = truncate(collection.unwrap_or("an event"), MAX_NAME_CHARS);
    match id {
        Some(id) => format!("{collection}/{}", truncate(id, MAX_NAME_CHARS)),
        None => collection.into_owned(),
    }
}

impl DocumentKey {
    /// The document of a payload.
    pub(super) fn new(payload: &[u8]) -> DocumentKey {
        let Ok(event) = event::decode(Some(payload)) else {
            return DocumentKey::unknown();
        };
        let parse = |raw: &[u8]| match DocumentId::parse(raw) {
            Some(id) => DocumentIdKey::Parsed(id),
            None => DocumentIdKey::Raw(raw.to_vec()),
        };
        DocumentKey {
            id: Event::id(&event).map(parse),
            collection: event.collection.map(std::borrow::Cow::into_owned),
        }
    }

    fn unknown() -> DocumentKey {
        DocumentKey {
            collection: None,
            id: None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn record(payload: &str) -> Record<'_> {
        Record {
            place: Place::Offset {
                topic: "t",
                partition: 3,
                offset: 7,
            },
            time: None,
            leader_epoch: None,
            key: None,
            headers: Vec::new(),
            payload: Some(Cow::Borrowed(payload.as_bytes())),
        }
    }

    fn payload(id: &str) -> String {
        format!(
            r#"{{"txnId":5,"type":"documentChanged","collection":"c","change":{{"method":"upsert","oldValue":null,"newValue":{{"_id":{id}}}}}}}"#
        )
    }

    #[test]
    fn variables_of_ids_of_each_type() {
        for (id, expected) in [
            (r#""abc""#, Some("abc")),
            (r#""""#, Some("")),
            (r#""é\"\u0041\n""#, Some("é\"A\n")),
            ("7", Some("7")),
            ("true", Some("true")),
            (r#"{ "b":1,"a":2}"#, Some(r#"{ "b":1,"a":2}"#)),
            ("[97,98]", Some("[97,98]")),
            (r#""a\u0000b""#, None),
        ] {
            let payload = payload(id);
            let event = ExecEvent::new(&record(&payload), payload.clone().into_bytes());
            let value = |name: &str| {
                let found = event.variables.iter().find(|(other, _)| *other == name);
                found.unwrap().1.as_deref()
            };
            assert_eq!(value("DITTO_CDC_ID"), expected, "{id}");
            assert_eq!(event.unset.is_empty(), expected.is_some(), "{id}");
            assert_eq!(value("DITTO_CDC_COLLECTION"), Some("c"));
            assert_eq!(value("DITTO_CDC_OP"), Some("insert"));
            assert_eq!(value("DITTO_CDC_TXN"), Some("5"));
            assert_eq!(value("DITTO_CDC_PARTITION"), Some("3"));
            assert_eq!(value("DITTO_CDC_OFFSET"), Some("7"));
        }
        let payload = payload(&format!("\"{}\"", "x".repeat(MAX_VALUE_BYTES + 1)));
        let event = ExecEvent::new(&record(&payload), payload.clone().into_bytes());
        assert_eq!(event.unset, ["DITTO_CDC_ID"]);
        assert!(event.name.len() < 200);
    }

    #[test]
    fn spellings_of_one_id_are_one_document() {
        let key = |id: &str| DocumentKey::new(payload(id).as_bytes());
        for (one, other, is_same) in [
            (r#""A""#, r#""\u0041""#, true),
            (r#"{"a":1,"b":2}"#, r#"{ "b" : 2, "a" : 1 }"#, true),
            ("7", r#""7""#, false),
            (r#""a""#, r#""b""#, false),
            ("1.5", "1.5", true),
        ] {
            assert_eq!(key(one) == key(other), is_same, "{one} {other}");
        }
        let other = payload("7").replace(r#""c""#, r#""d""#);
        assert_ne!(key("7"), DocumentKey::new(other.as_bytes()));
    }

    #[test]
    fn no_variable_is_a_setting() {
        for variables in crate::settings::variables() {
            for name in variables.names {
                assert!(!VARIABLES.contains(name), "{name}");
            }
        }
    }
}
