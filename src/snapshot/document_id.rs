//! Ids as the walk orders them: by type, and within a type as Ditto's engine sorts.
//! Booleans, integers and strings sort by themselves, arrays and objects by their canonical text, `CAST(_id AS STRING)`.

use std::fmt::Write as _;

use serde_json::Value;

use crate::json;

/// What `type(_id)` calls an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
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

impl Type {
    /// Every type.
    pub const ALL: [Type; 5] = [
        Type::Boolean,
        Type::Integer,
        Type::String,
        Type::Array,
        Type::Object,
    ];

    /// What `type(_id)` says.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Type::Boolean => "boolean",
            Type::Integer => "integer",
            Type::String => "string",
            Type::Array => "array",
            Type::Object => "object",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Type> {
        Type::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// One id. Two spellings of one id are equal; the order is the walk's, and means something within a type only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `false` before `true`.
    Boolean(bool),
    /// By value.
    Integer(i128),
    /// By the bytes of the text.
    String(String),
    /// By the bytes of the canonical text.
    Array(String),
    /// By the bytes of the canonical text.
    Object(String),
}

impl Key {
    /// Reads an id from raw JSON; `None` for what Ditto takes for no id: floats, null, and what is no JSON.
    #[must_use]
    pub fn of(raw: &[u8]) -> Option<Key> {
        let raw = raw.trim_ascii();
        match raw.first()? {
            b't' if raw == b"true" => Some(Key::Boolean(true)),
            b'f' if raw == b"false" => Some(Key::Boolean(false)),
            b'"' => json::unquote(raw).map(|text| Key::String(text.into_owned())),
            b'[' => canonical(raw).map(Key::Array),
            b'{' => canonical(raw).map(Key::Object),
            _ => std::str::from_utf8(raw)
                .ok()?
                .parse()
                .ok()
                .map(Key::Integer),
        }
    }

    /// The id's type.
    #[must_use]
    pub fn kind(&self) -> Type {
        match self {
            Key::Boolean(_) => Type::Boolean,
            Key::Integer(_) => Type::Integer,
            Key::String(_) => Type::String,
            Key::Array(_) => Type::Array,
            Key::Object(_) => Type::Object,
        }
    }

    /// The id as canonical JSON: keys sorted, no blanks.
    #[must_use]
    pub fn json(&self) -> String {
        match self {
            Key::Boolean(value) => value.to_string(),
            Key::Integer(value) => value.to_string(),
            Key::String(text) => Value::from(text.as_str()).to_string(),
            Key::Array(text) | Key::Object(text) => text.clone(),
        }
    }
}

/// `CAST(_id AS STRING)` of an array or object: keys sorted by their bytes, no blanks, escapes only where they must be.
fn canonical(raw: &[u8]) -> Option<String> {
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
    fn ids_are_read_and_canonical() {
        for (raw, kind, json) in [
            ("true", Type::Boolean, "true"),
            (
                "-9223372036854775808",
                Type::Integer,
                "-9223372036854775808",
            ),
            ("9223372036854775807", Type::Integer, "9223372036854775807"),
            (r#""a\u0062\/""#, Type::String, r#""ab/""#),
            (
                r#" [ 1, "é\u0001\u007f" ] "#,
                Type::Array,
                "[1,\"é\\u0001\u{7f}\"]",
            ),
            (
                r#"{"b":{"z":1,"A":null},"a":[{}]}"#,
                Type::Object,
                r#"{"a":[{}],"b":{"A":null,"z":1}}"#,
            ),
        ] {
            let key = Key::of(raw.as_bytes()).unwrap();
            assert_eq!((key.kind(), key.json().as_str()), (kind, json), "{raw}");
            assert_eq!(Key::of(json.as_bytes()), Some(key), "{raw}");
            assert_eq!(Type::of_name(kind.name()), Some(kind));
        }
        for raw in ["1.0", "null", "", "1e3", "{", "\"", "nope", "[1", "--1"] {
            assert_eq!(Key::of(raw.as_bytes()), None, "{raw}");
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
            let keys: Vec<Key> = list
                .iter()
                .map(|raw| Key::of(raw.as_bytes()).unwrap())
                .collect();
            assert!(keys.is_sorted_by(|one, other| one < other), "{keys:?}");
        }
    }
}
