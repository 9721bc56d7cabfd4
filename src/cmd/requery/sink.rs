//! A snapshot on standard output: NDJSON in the shape of events, so that the same programs read both.
//! Only complete pages come here; files are written elsewhere.

use std::fs::File;
use std::io::{BufRead, BufReader};

use serde_json::json;

use crate::out::{Ended, Out};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::statement::Target;

/// So many bytes of a page are read together.
const BUFFER: usize = 128 << 10;

/// Documents that were read at one transaction, one a line.
pub(super) struct Page {
    pub collection: String,
    pub txn_id: Option<u64>,
    pub file: File,
}

impl Page {
    /// Prints the documents; a large one piece by piece.
    pub fn print(self, out: &mut Out) -> Result<(), Ended> {
        let txn_id = self.txn_id.map(|txn_id| format!("\"txnId\":{txn_id},"));
        let before = format!(
            "{{{}\"type\":\"snapshotDocument\",\"collection\":{},\"change\":{{\"method\":\"read\",\"value\":",
            txn_id.unwrap_or_default(),
            json!(self.collection)
        );
        let mut lines = BufReader::with_capacity(BUFFER, self.file);
        let mut inside = false;
        loop {
            let bytes = lines.fill_buf().map_err(Ended::Failed)?;
            if bytes.is_empty() {
                return out.flush();
            }
            if !inside {
                out.buffer().extend_from_slice(before.as_bytes());
            }
            let end = memchr::memchr(b'\n', bytes);
            out.buffer()
                .extend_from_slice(bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default());
            inside = end.is_none();
            if !inside {
                out.buffer().extend_from_slice(b"}}\n");
            }
            let taken = end.map_or(bytes.len(), |end| end + 1);
            lines.consume(taken);
            out.flush_if_full()?;
        }
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
