//! Requests and rows of the interface before DQL, which has no order and no counts.

use std::io;
use std::ops::ControlFlow;

use super::queries::Target;
use crate::bigpeer::{Find, RowSink};
use crate::json::{self, Visitor};

/// A page of a collection.
#[must_use]
pub fn find(target: &Target, limit: u64, offset: u64) -> Find {
    Find {
        collection: target.collection.clone(),
        condition: target
            .condition
            .clone()
            .unwrap_or_else(|| "true".to_owned()),
        limit,
        offset,
        at_least: None,
        timeout: None,
    }
}

/// Unwraps `{"id":…,"fields":{…}}` into the document: the fields as sent, with the `_id` if it is missing.
pub struct DocumentUnwrapper<'r> {
    rows: &'r mut dyn RowSink,
    partial: Vec<u8>,
}

impl<'r> DocumentUnwrapper<'r> {
    /// Passes documents on to `rows`.
    pub fn new(rows: &'r mut dyn RowSink) -> Self {
        DocumentUnwrapper {
            rows,
            partial: Vec::new(),
        }
    }
}

impl RowSink for DocumentUnwrapper<'_> {
    fn part(&mut self, bytes: &[u8], last: bool) -> io::Result<()> {
        self.partial.extend_from_slice(bytes);
        if !last {
            return Ok(());
        }
        let row = std::mem::take(&mut self.partial);
        self.rows.part(&document(&row), true)
    }
}

fn document(row: &[u8]) -> Vec<u8> {
    let mut wrapper = Wrapper::default();
    // A value that is not an object is passed on unchanged, and rejected later for its missing id.
    let _ = json::visit_unchecked(row, &mut wrapper);
    let (Some(fields), false) = (wrapper.fields, wrapper.is_document) else {
        return row.to_vec();
    };
    if json::field(fields, "_id").is_some() {
        return fields.to_vec();
    }
    let members = fields.strip_prefix(b"{").unwrap_or_default();
    let comma: &[u8] = if members.trim_ascii() == b"}" {
        b""
    } else {
        b","
    };
    [b"{\"_id\":", wrapper.id.unwrap_or(b"null"), comma, members].concat()
}

#[derive(Default)]
struct Wrapper<'a> {
    id: Option<&'a [u8]>,
    fields: Option<&'a [u8]>,
    is_document: bool,
}

impl<'a> Visitor<'a> for Wrapper<'a> {
    fn field(&mut self, key: &'a [u8], value: &'a [u8]) -> ControlFlow<()> {
        if json::eq_str(key, "fields") {
            self.fields = Some(value);
        } else if json::eq_str(key, "id") {
            self.id = Some(value);
        } else if json::eq_str(key, "_id") {
            self.is_document = true;
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn documents_are_unwrapped() {
        for (row, expected) in [
            (r#"{"id":"a","fields":{"x":1.0}}"#, r#"{"_id":"a","x":1.0}"#),
            (r#"{"id":"a","fields":{}}"#, r#"{"_id":"a"}"#),
            (
                r#"{"id":"a","fields":{"x":1,"_id":"a"}}"#,
                r#"{"x":1,"_id":"a"}"#,
            ),
            (
                r#"{"fields":{"x":{"y":2}},"id":{"b":1}}"#,
                r#"{"_id":{"b":1},"x":{"y":2}}"#,
            ),
            (
                r#"{"_id":"a","fields":{"x":1}}"#,
                r#"{"_id":"a","fields":{"x":1}}"#,
            ),
        ] {
            assert_eq!(String::from_utf8_lossy(&document(row.as_bytes())), expected);
        }
    }
}
