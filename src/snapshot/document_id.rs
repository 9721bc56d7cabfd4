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
    /// `binary`: bytes, which JSON prints like an array of numbers.
    Binary,
}

/// Number of documents of each type, in the order of [`IdType::ALL`].
pub type CountByType = [u64; IdType::ALL.len()];

impl IdType {
    /// Every type.
    pub const ALL: [IdType; 6] = [
        IdType::Boolean,
        IdType::Integer,
        IdType::String,
        IdType::Array,
        IdType::Object,
        IdType::Binary,
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
            IdType::Binary => "binary",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<IdType> {
        IdType::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// One id. Two spellings of one id are equal. The order equals the engine's only within a type.
///
/// JSON has no bytes: the engine prints the id of the bytes "ab" as `[97,98]`, like the array, so that both are parsed as
/// [`DocumentId::Array`]. Where it matters, the type comes from the query, or see [`DocumentId::may_be_binary`].
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

    /// The id of a document, raw JSON; `None` without a valid one.
    #[must_use]
    pub fn of_document(document: &[u8]) -> Option<DocumentId> {
        json::field(document, "_id").and_then(DocumentId::parse)
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

    /// Whether this may also be an id of bytes: an array of bytes, or a string in Base64, as Ditto writes bytes in the
    /// stream.
    #[must_use]
    pub fn may_be_binary(&self) -> bool {
        match self {
            DocumentId::Array(text) => is_bytes(text),
            DocumentId::String(text) => is_base64(text),
            _ => false,
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

/// Whether a canonical array consists of numbers from 0 to 255.
fn is_bytes(text: &str) -> bool {
    let items = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let is_byte =
        |item: &str| item.parse::<u8>().is_ok() && item.bytes().all(|byte| byte.is_ascii_digit());
    items.is_some_and(|items| items.is_empty() || items.split(',').all(is_byte))
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    text.len().is_multiple_of(4) && padding <= 2 && digits.bytes().all(is_digit)
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
    fn ids_that_may_be_bytes() {
        for (raw, may_be) in [
            ("[97,98]", true),
            ("[ 0, 255 ]", true),
            ("[]", true),
            ("[256]", false),
            ("[-1]", false),
            ("[1.0]", false),
            ("[[1]]", false),
            (r#"["1"]"#, false),
            (r#""YWI=""#, true),
            (r#""""#, true),
            (r#""AAAA""#, true),
            (r#""AA=""#, false),
            (r#""A===""#, false),
            (r#""user-1234567""#, false),
            ("97", false),
            (r#"{"a":[97]}"#, false),
        ] {
            let id = DocumentId::parse(raw.as_bytes()).unwrap();
            assert_eq!(id.may_be_binary(), may_be, "{raw}");
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
