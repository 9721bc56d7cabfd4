//! A snapshot on standard output: NDJSON in the format of events, so that the same programs read both.

use serde_json::{Value, json};

use crate::output::{Output, WriteEnd};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::read::queries::Target;
use crate::snapshot::write::page_buffer::BufferedPage;
use crate::view::escape;
use crate::view::escape::EscapeStyle;

/// A page of documents that were read at one transaction, one per line.
pub(super) struct StdoutPage {
    pub collection: String,
    pub txn_id: Option<u64>,
    pub rows: BufferedPage,
}

impl StdoutPage {
    /// Prints the documents; on a terminal, dangerous characters are escaped.
    pub fn print(self, out: &mut Output, terminal: bool) -> Result<(), WriteEnd> {
        let txn_id = self.txn_id.map(|txn_id| format!("\"txnId\":{txn_id},"));
        let before = format!(
            "{{{}\"type\":\"snapshotDocument\",\"collection\":{},\"change\":{{\"method\":\"read\",\"value\":",
            txn_id.unwrap_or_default(),
            json!(self.collection)
        );
        // For a terminal, a line is collected first: a chunk may end inside a character.
        let (mut inside, mut line) = (false, Vec::new());
        self.rows.for_each_chunk(|mut chunk| {
            while !chunk.is_empty() {
                let end = memchr::memchr(b'\n', chunk);
                let (part, later) = chunk.split_at(end.unwrap_or(chunk.len()));
                let buffer = if terminal { &mut line } else { out.buffer() };
                if !inside {
                    buffer.extend_from_slice(before.as_bytes());
                }
                buffer.extend_from_slice(part);
                inside = end.is_none();
                if !inside {
                    buffer.extend_from_slice(b"}}");
                    if terminal {
                        escape::push(&line, EscapeStyle::Json, out.buffer());
                        line.clear();
                    }
                    out.buffer().push(b'\n');
                }
                chunk = later.get(1..).unwrap_or_default();
                out.flush_if_full()?;
            }
            Ok::<(), WriteEnd>(())
        })?;
        out.flush()
    }
}

/// The first line.
pub(super) fn begin(manifest: &Manifest, targets: &[Target], terminal: bool) -> Vec<u8> {
    let names: Vec<&str> = targets
        .iter()
        .map(|target| target.collection.as_str())
        .collect();
    let mut line = json!({"type": "snapshotBegin", "txnID": manifest.floor, "collections": names});
    if !manifest.positions.is_empty() {
        line["positions"] = json!(manifest.positions);
    }
    json_line(&line, terminal)
}

/// The last line.
pub(super) fn end(manifest: &Manifest, terminal: bool) -> Vec<u8> {
    let documents: u64 = manifest.collections.iter().map(|one| one.documents).sum();
    let mut line = json!({"type": "snapshotEnd", "txnID": manifest.floor, "documents": documents, "complete": manifest.complete});
    if !manifest.complete {
        line["whyNot"] = json!(manifest.why_not);
    }
    if !manifest.scope.whole_app {
        line["scope"] = json!(manifest.scope);
    }
    json_line(&line, terminal)
}

fn json_line(json: &Value, terminal: bool) -> Vec<u8> {
    let mut line = Vec::new();
    escape::push_json_line(json.to_string().as_bytes(), terminal, &mut line);
    line
}
