//! JSON without the blanks between its tokens, for a view of indented documents on one line.

use std::borrow::Cow;

use super::bytes::contains_byte;
use super::skip::string_end;

/// Removes the blanks between tokens. The result may end in the middle, once it has at least `max_bytes`.
#[must_use]
pub fn compact(json: &[u8], max_bytes: usize) -> Cow<'_, [u8]> {
    let is_blank = |byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let is_container = matches!(json.first(), Some(b'{' | b'['));
    if !is_container || !contains_byte(json, is_blank) {
        return Cow::Borrowed(json);
    }
    let (mut at, mut compact) = (0, Vec::with_capacity(json.len().min(max_bytes)));
    while let Some(byte) = json.get(at).filter(|_| compact.len() < max_bytes) {
        let end = match byte {
            b'"' => string_end(json, at).unwrap_or(json.len()),
            _ => at + 1,
        };
        if !is_blank(*byte) {
            compact.extend_from_slice(json.get(at..end).unwrap_or_default());
        }
        at = end;
    }
    Cow::Owned(compact)
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn blanks_stay_in_strings_only() {
        let check = |json: &str, max_bytes: usize, expected: &str| {
            let found = compact(json.as_bytes(), max_bytes);
            assert_eq!(String::from_utf8_lossy(&found), expected, "{json}");
        };
        let all = usize::MAX;
        check("{\"a\":1}", all, "{\"a\":1}");
        check("{\n  \"a b\": [1,\t2]\r\n}", all, "{\"a b\":[1,2]}");
        check("{ \"a\\\" \": 1 }", all, "{\"a\\\" \":1}");
        check("\"a b\"", all, "\"a b\"");
        check("[ 1, 2, 3 ]", 3, "[1,");
        check("{ \"long string\": 1 }", 3, "{\"long string\"");
        check("{ \"a", all, "{\"a");
        check("", all, "");
    }
}
