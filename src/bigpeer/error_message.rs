//! Extracts the server's message from the body of an error, in all observed and documented forms.

use serde_json::Value;

use crate::util::text::truncate;

/// Maximum length of a message.
const MAX_MESSAGE_CHARS: usize = 400;

/// The message of a body: a description from JSON, the title of an HTML page, or its first line.
#[must_use]
pub(super) fn from_body(body: &[u8]) -> String {
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        return from_json(&json);
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if is_html(body) {
        return title(text).map_or_else(
            || "an HTML page".to_owned(),
            |title| truncate(&format!("an HTML page: {title}"), MAX_MESSAGE_CHARS).into_owned(),
        );
    }
    truncate(text.lines().next().unwrap_or_default(), MAX_MESSAGE_CHARS).into_owned()
}

/// The message of a JSON error: `{"error":{"description"}}`, `{"error":{"code","message","data"}}`, `{"message"}`.
/// Empty for `{}`, null and "".
#[must_use]
pub(super) fn from_json(json: &Value) -> String {
    let message = match json {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(members) if members.is_empty() => String::new(),
        Value::Object(members) => {
            let named = ["error", "description", "message", "data", "detail"].into_iter();
            let mut messages = named.filter_map(|name| members.get(name)).map(from_json);
            messages
                .find(|message| !message.is_empty())
                .unwrap_or_else(|| json.to_string())
        }
        other => other.to_string(),
    };
    truncate(&message, MAX_MESSAGE_CHARS).into_owned()
}

/// Whether a body is an HTML page.
#[must_use]
pub(super) fn is_html(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let from = from + lower.get(from..)?.find('>')? + 1;
    let to = from + lower.get(from..)?.find('<')?;
    let words: Vec<&str> = html.get(from..to)?.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::from_body;

    #[test]
    fn every_form_of_an_error() {
        for (body, expected) in [
            (
                r#"{"error":{"description":"no such table"}}"#,
                "no such table",
            ),
            (
                r#"{"error":{"code":7,"message":"too old","data":null}}"#,
                "too old",
            ),
            (r#"{"error":"bad"}"#, "bad"),
            (r#"{"message":"Forbidden"}"#, "Forbidden"),
            (r#"{"message":"","error":{"message":"x"}}"#, "x"),
            (r#"{"error":{}}"#, r#"{"error":{}}"#),
            (r#"{"other":1}"#, r#"{"other":1}"#),
            ("Bad Gateway\r\nx", "Bad Gateway"),
            ("", ""),
            ("\"text\"", "text"),
            (
                "<html><head><title>\n Sign in </title>",
                "an HTML page: Sign in",
            ),
            ("<!doctype html><p>x", "an HTML page"),
        ] {
            assert_eq!(from_body(body.as_bytes()), expected, "{body}");
        }
        assert!(from_body(&[0xff, b'a']).ends_with('a'));
        assert!(from_body("x".repeat(5000).as_bytes()).chars().count() <= 401);
    }
}
