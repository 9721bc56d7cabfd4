//! The response to a DQL statement, and the sink of its rows.

use std::io;

use serde_json::Value;

use super::error_message;
use crate::json;

/// Receives the rows of a response while it arrives.
pub trait RowSink {
    /// Takes bytes of a row, exactly as the server sent them; `last` ends the row. Most rows are one part, rows of
    /// megabytes are several.
    ///
    /// # Errors
    /// If the rows cannot be stored: the response is not read further.
    fn part(&mut self, bytes: &[u8], last: bool) -> io::Result<()>;
}

/// Discards all rows.
#[derive(Debug, Clone, Copy)]
pub struct IgnoreRows;

impl RowSink for IgnoreRows {
    fn part(&mut self, _: &[u8], _: bool) -> io::Result<()> {
        Ok(())
    }
}

/// Collects all rows in memory, for responses that are known to be small.
#[derive(Debug, Clone, Default)]
pub struct CollectedRows {
    /// Raw JSON of each row.
    pub rows: Vec<Vec<u8>>,
    open: Vec<u8>,
}

impl RowSink for CollectedRows {
    fn part(&mut self, bytes: &[u8], last: bool) -> io::Result<()> {
        self.open.extend_from_slice(bytes);
        if last {
            self.rows.push(std::mem::take(&mut self.open));
        }
        Ok(())
    }
}

/// The response without its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryResponse {
    /// The transaction of the response, if the server sends it: `transactionId`, or `txnId` of the older interface.
    pub transaction_id: Option<u64>,
    /// Number of rows.
    pub rows: u64,
    /// The size of the body in bytes.
    pub bytes: u64,
    /// Warnings of the server, at most ten, and the number of further ones.
    pub warnings: Vec<String>,
    /// Number of documents that the statement changed.
    pub mutated: u64,
    /// The error message; empty if there is none.
    pub(super) error: String,
    /// A member was present that only Ditto's responses have.
    pub(super) is_dql: bool,
    /// The rows were present as an array. A query without them is not answered, which differs from no rows.
    pub(super) has_rows: bool,
    /// Number of all warnings, also of those that are not listed.
    pub(super) total_warnings: u64,
}

impl QueryResponse {
    /// Reads a member of the response other than the rows.
    pub(super) fn read_member(&mut self, key: &[u8], value: &[u8]) {
        let is = |name: &str| json::eq_str(key, name);
        if is("transactionId") || is("txnId") {
            self.is_dql = true;
            self.transaction_id = number(value);
        } else if is("error") {
            self.is_dql = true;
            self.error = parsed(value)
                .map(|error| error_message::from_json(&error))
                .unwrap_or_default();
        } else if is("warnings") {
            let warnings = json::items(value).filter_map(|item| parsed(item.value));
            self.warnings = warnings
                .map(|warning| error_message::from_json(&warning))
                .collect();
        } else if is("totalWarningsCount") {
            self.total_warnings = number(value).unwrap_or(0);
        } else if is("mutatedDocumentIds") {
            self.mutated = json::items(value).count() as u64;
        } else if is("queryType") || is("items") || is("documents") {
            self.is_dql = true;
        } else if is("message") && self.error.is_empty() {
            // Only an error has one. Without any other member of DQL, the body is not Ditto's.
            self.error = parsed(value)
                .map(|error| error_message::from_json(&error))
                .unwrap_or_default();
        }
    }
}

impl QueryResponse {
    /// Adds the number of warnings that are not listed.
    pub(super) fn count_warnings(&mut self) {
        let more = self
            .total_warnings
            .saturating_sub(self.warnings.len() as u64);
        if more > 0 {
            self.warnings
                .push(format!("{more} warnings without a text"));
        }
    }
}

/// A transaction id: digits, with or without quotes.
fn number(raw: &[u8]) -> Option<u64> {
    let digits = raw
        .strip_prefix(b"\"")
        .and_then(|raw| raw.strip_suffix(b"\""))
        .unwrap_or(raw);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn parsed(raw: &[u8]) -> Option<Value> {
    serde_json::from_slice(raw).ok()
}
