//! Document ids in the order of Ditto's engine. Arrays and objects are ordered by their canonical string,
//! `CAST(_id AS STRING)`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::json;

/// The type of an id, as `type(_id)` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdType {
    /// `boolean`
    Boolean,
    /// `integer`
    Integer,
    /// `string`
    String,
    /// `array`
    Array,
    /// `object`
    Object,
}

impl IdType {
    /// Every type.
    pub const ALL: [IdType; 5] = [
        IdType::Boolean,
        IdType::Integer,
        IdType::String,
        IdType::Array,
        IdType::Object,
    ];

    /// The name that `type(_id)` returns.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            IdType::Boolean => "boolean",
            IdType::Integer => "integer",
            IdType::String => "string",
            IdType::Array => "array",
            IdType::Object => "object",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<IdType> {
        IdType::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// One id. Two spellings of one id are equal. The order equals the engine's only within a type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentId {
    /// `false` before `true`.
    Boolean(bool),
    /// Ordered by value.
    Integer(i128),
    /// Ordered by bytes.
    String(String),
    /// The canonical string, ordered by bytes.
    Array(String),
    /// The canonical string, ordered by bytes.
    Object(String),
}

impl DocumentId {
    /// Parses an id from raw JSON; `None` for what Ditto does not accept as an id: floats, null, and invalid JSON.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Option<DocumentId> {
        let raw = raw.trim_ascii();
        match raw.first()? {
            b't' if raw == b"true" => Some(DocumentId::Boolean(true)),
            b'f' if raw == b"false" => Some(DocumentId::Boolean(false)),
            b'"' => json::unquote(raw).map(|text| DocumentId::String(text.into_owned())),
            b'[' => canonical_text(raw).map(DocumentId::Array),
            b'{' => canonical_text(raw).map(DocumentId::Object),
            _ => std::str::from_utf8(raw)
                .ok()?
                .parse()
                .ok()
                .map(DocumentId::Integer),
        }
    }

    /// The id's type.
    #[must_use]
    pub fn id_type(&self) -> IdType {
        match self {
            DocumentId::Boolean(_) => IdType::Boolean,
            DocumentId::Integer(_) => IdType::Integer,
            DocumentId::String(_) => IdType::String,
            DocumentId::Array(_) => IdType::Array,
            DocumentId::Object(_) => IdType::Object,
        }
    }

    /// The id as canonical JSON: keys sorted, no whitespace.
    #[must_use]
    pub fn json(&self) -> String {
        match self {
            DocumentId::Boolean(value) => value.to_string(),
            DocumentId::Integer(value) => value.to_string(),
            DocumentId::String(text) => Value::from(text.as_str()).to_string(),
            DocumentId::Array(text) | DocumentId::Object(text) => text.clone(),
        }
    }
}

/// `CAST(_id AS STRING)` of an array or object: keys sorted by bytes, no whitespace, only required escapes.
fn canonical_text(raw: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(raw).ok()?;
    let mut text = String::with_capacity(raw.len());
    write(&value, &mut text);
    Some(text)
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by(|one, other| one.0.cmp(other.0));
            text.push('{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                let _ = write!(text, "{}:", Value::from(name.as_str()));
                write(value, text);
            }
            text.push('}');
        }
        scalar => {
            let _ = write!(text, "{scalar}");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_parsed_and_made_canonical() {
        for (raw, id_type, json) in [
            ("true", IdType::Boolean, "true"),
            (
                "-9223372036854775808",
                IdType::Integer,
                "-9223372036854775808",
            ),
            (
                "9223372036854775807",
                IdType::Integer,
                "9223372036854775807",
            ),
            (r#""a\u0062\/""#, IdType::String, r#""ab/""#),
            (
                r#" [ 1, "é\u0001\u007f" ] "#,
                IdType::Array,
                "[1,\"é\\u0001\u{7f}\"]",
            ),
            (
                r#"{"b":{"z":1,"A":null},"a":[{}]}"#,
                IdType::Object,
                r#"{"a":[{}],"b":{"A":null,"z":1}}"#,
            ),
        ] {
            let id = DocumentId::parse(raw.as_bytes()).unwrap();
            assert_eq!((id.id_type(), id.json().as_str()), (id_type, json), "{raw}");
            assert_eq!(DocumentId::parse(json.as_bytes()), Some(id), "{raw}");
            assert_eq!(IdType::parse(id_type.name()), Some(id_type));
        }
        for raw in ["1.0", "null", "", "1e3", "{", "\"", "nope", "[1", "--1"] {
            assert_eq!(DocumentId::parse(raw.as_bytes()), None, "{raw}");
        }
    }

    #[test]
    fn the_order_is_the_engines() {
        let sorted = ["-5", "0", "7", "10"];
        let strings = [
            r#""""#, r#""\n""#, r#""10""#, r#""7""#, r#""a""#, "\"é\"", "\"😀\"",
        ];
        let objects = [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":{"x":1}}"#, r#"{"b":1}"#];
        for list in [&sorted[..], &strings, &objects] {
            let keys: Vec<DocumentId> = list
                .iter()
                .map(|raw| DocumentId::parse(raw.as_bytes()).unwrap())
                .collect();
            assert!(keys.is_sorted_by(|one, other| one < other), "{keys:?}");
        }
    }
}
