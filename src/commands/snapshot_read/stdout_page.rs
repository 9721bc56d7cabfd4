//! A snapshot on standard output: NDJSON in a format of events, so that the same programs read both.

use std::io;

use serde_json::{Value, json};

use crate::event::{Event, EventKind, SNAPSHOT_DOCUMENT, TxnId};
use crate::output::{Output, WriteEnd};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::read::queries::Target;
use crate::snapshot::write::page_buffer::BufferedPage;
use crate::view::debezium::{self, Envelope, Origin};
use crate::view::escape;
use crate::view::escape::EscapeStyle;

/// How documents are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StdoutFormat {
    /// As events of the type `snapshotDocument`, between a first and a last line.
    Json,
    /// As reads of Debezium.
    Debezium {
        /// With the schema or without.
        envelope: Envelope,
        /// The topic of the stream, if it is known.
        topic: Option<String>,
    },
}

/// A page of documents that were read at one transaction, one per line.
pub(super) struct StdoutPage {
    pub collection: String,
    pub txn_id: Option<u64>,
    pub rows: BufferedPage,
}

impl StdoutPage {
    /// Prints the documents; on a terminal, dangerous characters are escaped.
    pub fn print(
        self,
        format: &StdoutFormat,
        out: &mut Output,
        terminal: bool,
    ) -> Result<(), WriteEnd> {
        match format {
            StdoutFormat::Json => self.print_json(out, terminal),
            StdoutFormat::Debezium { envelope, topic } => {
                self.print_debezium(*envelope, topic.as_deref(), out, terminal)
            }
        }
    }

    fn print_json(self, out: &mut Output, terminal: bool) -> Result<(), WriteEnd> {
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

    fn print_debezium(
        self,
        envelope: Envelope,
        topic: Option<&str>,
        out: &mut Output,
        terminal: bool,
    ) -> Result<(), WriteEnd> {
        let StdoutPage {
            collection,
            txn_id,
            rows,
        } = self;
        let origin = Origin {
            topic,
            ..Origin::default()
        };
        // A chunk may end inside a document.
        let (mut document, mut line) = (Vec::new(), Vec::new());
        rows.for_each_chunk(|chunk| {
            for part in chunk.split_inclusive(|byte| *byte == b'\n') {
                document.extend_from_slice(part);
                let Some(whole) = document.strip_suffix(b"\n") else {
                    continue;
                };
                let event = snapshot_document(whole, &collection, txn_id);
                let pushed = if terminal {
                    debezium::push_event(envelope, &origin, &event, &mut line)
                } else {
                    debezium::push_event(envelope, &origin, &event, out.buffer())
                };
                pushed.map_err(|why| {
                    let why = format!("a document of {collection} has no envelope: {why}");
                    WriteEnd::Failed(io::Error::other(why))
                })?;
                if terminal {
                    escape::push_json_line(line.trim_ascii_end(), true, out.buffer());
                    line.clear();
                }
                document.clear();
                out.flush_if_full()?;
            }
            Ok::<(), WriteEnd>(())
        })?;
        out.flush()
    }
}

/// The event that is printed for a document in the format of events.
fn snapshot_document<'d>(
    document: &'d [u8],
    collection: &'d str,
    txn_id: Option<u64>,
) -> Event<'d> {
    Event {
        raw: document,
        kind: EventKind::Other(SNAPSHOT_DOCUMENT.into()),
        txn_id: txn_id.map(TxnId),
        collection: Some(collection.into()),
        method: Some("read".into()),
        old: None,
        new: None,
        value: Some(document),
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
