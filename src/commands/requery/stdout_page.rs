//! A snapshot on standard output: NDJSON in the format of events, so that the same programs read both.

use serde_json::json;

use crate::output::{Output, WriteEnd};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::read::queries::Target;
use crate::snapshot::write::page_buffer::BufferedPage;

/// A page of documents that were read at one transaction, one per line.
pub(super) struct StdoutPage {
    pub collection: String,
    pub txn_id: Option<u64>,
    pub rows: BufferedPage,
}

impl StdoutPage {
    /// Prints the documents.
    pub fn print(self, out: &mut Output) -> Result<(), WriteEnd> {
        let txn_id = self.txn_id.map(|txn_id| format!("\"txnId\":{txn_id},"));
        let before = format!(
            "{{{}\"type\":\"snapshotDocument\",\"collection\":{},\"change\":{{\"method\":\"read\",\"value\":",
            txn_id.unwrap_or_default(),
            json!(self.collection)
        );
        let mut inside = false;
        self.rows.for_each_chunk(|mut chunk| {
            while !chunk.is_empty() {
                let end = memchr::memchr(b'\n', chunk);
                let (part, later) = chunk.split_at(end.unwrap_or(chunk.len()));
                let buffer = out.buffer();
                if !inside {
                    buffer.extend_from_slice(before.as_bytes());
                }
                buffer.extend_from_slice(part);
                inside = end.is_none();
                if !inside {
                    buffer.extend_from_slice(b"}}\n");
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
pub(super) fn begin(manifest: &Manifest, targets: &[Target]) -> Vec<u8> {
    let names: Vec<&str> = targets
        .iter()
        .map(|target| target.collection.as_str())
        .collect();
    let mut line = json!({"type": "snapshotBegin", "txnID": manifest.floor, "collections": names});
    if !manifest.positions.is_empty() {
        line["positions"] = json!(manifest.positions);
    }
    format!("{line}\n").into_bytes()
}

/// The last line.
pub(super) fn end(manifest: &Manifest) -> Vec<u8> {
    let documents: u64 = manifest.collections.iter().map(|one| one.documents).sum();
    let mut line = json!({"type": "snapshotEnd", "txnID": manifest.floor, "documents": documents, "complete": manifest.complete});
    if !manifest.complete {
        line["whyNot"] = json!(manifest.why_not);
    }
    if !manifest.scope.whole_app {
        line["scope"] = json!(manifest.scope);
    }
    format!("{line}\n").into_bytes()
}
