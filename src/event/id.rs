//! Document id filter (`--id`) on raw JSON.

use serde_json::Value;

use crate::json::unquote;

/// One id. `7` matches the number 7 and the string `7`; `"7"`, with quotes, only the string.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IdFilter {
    /// The id as a string.
    text: Option<String>,
    /// The id as a JSON value of another type.
    value: Option<Value>,
}

impl IdFilter {
    pub fn new(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(Value::String(text)) => IdFilter {
                text: Some(text),
                value: None,
            },
            Ok(Value::Null) | Err(_) => IdFilter {
                text: Some(text.to_owned()),
                value: None,
            },
            Ok(value) => IdFilter {
                text: Some(text.to_owned()),
                value: Some(value),
            },
        }
    }

    /// Whether a raw id matches. The order of keys does not matter; numbers compare digit by digit. An id nested deeper
    /// than 128 levels never matches.
    pub fn matches(&self, raw: &[u8]) -> bool {
        if raw.first() == Some(&b'"') {
            return self
                .text
                .as_deref()
                .is_some_and(|text| unquote(raw).is_some_and(|content| content == text));
        }
        let Some(value) = &self.value else {
            return false;
        };
        serde_json::from_slice::<Value>(raw).is_ok_and(|found| found == *value)
    }
}

#[cfg(test)]
mod tests {
    use super::IdFilter;

    #[test]
    fn ids() {
        let check = |wanted: &str, raw: &str, expected: bool| {
            assert_eq!(
                IdFilter::new(wanted).matches(raw.as_bytes()),
                expected,
                "{wanted} {raw}"
            );
        };
        check("abc", r#""abc""#, true);
        check("abc", r#""\u0061bc""#, true);
        check("abc", r#""abcd""#, false);
        check("7", "7", true);
        check("7", r#""7""#, true);
        check(r#""7""#, r#""7""#, true);
        check(r#""7""#, "7", false);
        check("7", "7.0", false);
        check("18446744073709551616", "18446744073709551616", true);
        check("18446744073709551616", "18446744073709551617", false);
        check("true", "true", true);
        check("true", r#""true""#, true);
        check("null", "null", false);
        check("null", r#""null""#, true);
        check(r#"{"a":1,"b":2}"#, r#"{ "b" : 2, "a" : 1 }"#, true);
        check(r#"{"a":1,"b":2}"#, r#"{"a":1,"b":2,"c":3}"#, false);
        check(
            r#"{"a":{"x":1,"y":[{"p":1,"q":2}]}}"#,
            r#"{"a":{"y":[{"q":2,"p":1}],"x":1}}"#,
            true,
        );
        check("[1,2]", "[1, 2]", true);
        check("[1,2]", "[2,1]", false);
        check(r#"{"a":"é"}"#, r#"{"a":"\u00e9"}"#, true);
        check("", r#""""#, true);
    }
}
