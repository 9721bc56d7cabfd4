//! Document id filter (`--id`) on raw JSON.

use serde_json::Value;

use crate::json::unquote;

/// An id as typed: of a document in any collection, or after its collection and a slash, as documents are printed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DocumentFilter {
    id: IdFilter,
    /// For each slash: the collection before it, and the id after it.
    in_collections: Vec<(String, IdFilter)>,
}

impl DocumentFilter {
    pub fn new(text: &str) -> Self {
        let slashes = text.match_indices('/');
        let in_collections = slashes.filter_map(|(at, _)| {
            let (collection, id) = (text.get(..at)?, text.get(at + 1..)?);
            (!collection.is_empty()).then(|| (collection.to_owned(), IdFilter::new(id)))
        });
        DocumentFilter {
            id: IdFilter::new(text),
            in_collections: in_collections.collect(),
        }
    }

    /// Whether a document matches.
    pub fn matches(&self, collection: Option<&str>, raw: &[u8]) -> bool {
        let mut others = self.in_collections.iter();
        self.id.matches(raw) || others.any(|(name, id)| collection == Some(name) && id.matches(raw))
    }
}

/// Whether an id as typed starts like JSON, alone or after its collection, and is not valid JSON.
#[must_use]
pub fn is_broken_json_id(text: &str) -> bool {
    let is_like_json = |text: &str| text.starts_with(['{', '[', '"']);
    let after_collection = text.split_once('/').map(|(_, id)| id);
    let json = Some(text).filter(|text| is_like_json(text));
    let json = json.or(after_collection.filter(|id| is_like_json(id)));
    json.is_some_and(|json| serde_json::from_str::<Value>(json).is_err())
}

/// Whether an id as typed is JSON of a type other than a string, so that it means two ids.
#[must_use]
pub fn is_json_id(text: &str) -> bool {
    IdFilter::new(text).value.is_some() || text.starts_with('"')
}

/// One id. `7` matches the number 7 and the string `7`; `"7"`, with quotes, only the string.
#[derive(Debug, Clone, PartialEq)]
pub struct IdFilter {
    /// The id as a string.
    pub(super) text: Option<String>,
    /// The id as a JSON value of another type.
    pub(super) value: Option<Value>,
}

impl IdFilter {
    /// Parses an id as typed.
    #[must_use]
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

    /// The ids that match, as raw JSON.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        let text = self
            .text
            .as_deref()
            .map(|text| Value::from(text).to_string());
        let value = self.value.as_ref().map(Value::to_string);
        text.into_iter().chain(value).collect()
    }

    /// Whether a raw id matches. The order of keys does not matter; numbers compare digit by digit. An id nested deeper
    /// than 128 levels never matches.
    #[must_use]
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
    use super::{DocumentFilter, IdFilter};

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

    #[test]
    fn an_id_can_have_its_collection_before_it() {
        for (wanted, collection, raw, expected) in [
            ("orders/o-1", Some("orders"), r#""o-1""#, true),
            ("orders/o-1", Some("people"), r#""o-1""#, false),
            ("orders/o-1", None, r#""o-1""#, false),
            ("orders/o-1", Some("people"), r#""orders/o-1""#, true),
            ("orders/\"o-1\"", Some("orders"), r#""o-1""#, true),
            ("menu/103", Some("menu"), "103", true),
            ("menu/\"103\"", Some("menu"), "103", false),
            ("d/{\"a\":1}", Some("d"), r#"{ "a": 1 }"#, true),
            ("a/b/c", Some("a"), r#""b/c""#, true),
            ("a/b/c", Some("a/b"), r#""c""#, true),
            ("a/b/c", Some("a"), r#""c""#, false),
            ("/o-1", Some(""), r#""o-1""#, false),
            (r#""orders/o-1""#, Some("orders"), r#""o-1""#, false),
        ] {
            let filter = DocumentFilter::new(wanted);
            assert_eq!(
                filter.matches(collection, raw.as_bytes()),
                expected,
                "{wanted} {collection:?} {raw}"
            );
        }
    }

    #[test]
    fn broken_json_is_found() {
        for (id, expected) in [
            (r#"{"a":1"#, true),
            ("{a: 1}", true),
            (r#"d/{"a":1"#, true),
            ("\"x", true),
            (r#"{"a":"x/y"}"#, false),
            (r#"d/{"a":"x/y"}"#, false),
            ("o-1", false),
            ("a{b", false),
            ("d/o-1", false),
            ("7", false),
        ] {
            assert_eq!(super::is_broken_json_id(id), expected, "{id}");
        }
    }
}
