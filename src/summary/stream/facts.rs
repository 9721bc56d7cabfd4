//! The facts of a batch of events that the statistics count: found by any thread, counted in input order.

use std::ops::Range;

use super::paths::PathCounts;
use crate::diff::{Diff, Options};
use crate::event::{Event, EventKind, Op};
use crate::summary::distinct::document_hash;

/// The facts of the events of a batch.
#[derive(Debug, Default)]
pub struct BatchFacts {
    /// One for each event, without gaps.
    pub events: Vec<EventFacts>,
    /// Number of `requeryRequired` events.
    pub gaps: u64,
    /// The names of collections.
    names: Vec<String>,
    /// The ids of documents, raw JSON, concatenated.
    ids: Vec<u8>,
    /// The paths that updates change, if they are wanted.
    pub paths: PathCounts,
}

/// The facts of one event.
#[derive(Debug, Clone)]
pub struct EventFacts {
    /// The collection, an index into the batch's names.
    pub collection: Option<usize>,
    /// What happened.
    pub op: Op,
    /// Bytes of the payload.
    pub bytes: u64,
    /// Bytes of the document after the change; of a removed one, before it.
    pub document_bytes: u64,
    /// The document's collection and id, as a hash.
    pub document: Option<u64>,
    /// The document's id in the batch's ids.
    id: Range<usize>,
    /// The transaction.
    pub txn: Option<u64>,
    /// When the record was written, in milliseconds since 1970.
    pub millis: Option<i64>,
}

impl BatchFacts {
    /// Adds the facts of an event; `paths` has the options of the diff if changed paths are wanted.
    pub fn add(&mut self, event: &Event<'_>, millis: Option<i64>, paths: Option<&Options>) {
        if event.kind == EventKind::RequeryRequired {
            self.gaps += 1;
            return;
        }
        let collection = event.collection.as_deref().map(|name| self.name(name));
        let id = event.id();
        let begin = self.ids.len();
        self.ids.extend_from_slice(id.unwrap_or_default());
        let op = event.op();
        let present = |json: Option<&[u8]>| json.filter(|json| *json != b"null").map(<[u8]>::len);
        let document_bytes = present(event.new)
            .or(present(event.value))
            .or(present(event.old));
        self.events.push(EventFacts {
            collection,
            op,
            bytes: event.raw.len() as u64,
            document_bytes: document_bytes.unwrap_or(0) as u64,
            document: id.map(|id| document_hash(event.collection.as_deref(), id)),
            id: begin..self.ids.len(),
            txn: event.txn_id.map(|txn| txn.0),
            millis,
        });
        if let (Some(options), Some(collection), Op::Update) = (paths, collection, op) {
            self.paths
                .add(collection, &Diff::from_event(event, options));
        }
    }

    /// The name of a collection of this batch.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The id of an event's document, raw JSON.
    #[must_use]
    pub fn id(&self, event: &EventFacts) -> &[u8] {
        self.ids.get(event.id.clone()).unwrap_or_default()
    }

    /// Removes all facts; buffers are kept.
    pub fn clear(&mut self) {
        self.events.clear();
        self.gaps = 0;
        self.names.clear();
        self.ids.clear();
        self.paths.clear();
    }

    /// Consecutive events mostly have few collections.
    fn name(&mut self, name: &str) -> usize {
        let known = self.names.iter().position(|one| one == name);
        known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }
}
