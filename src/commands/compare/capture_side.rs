//! The state of a capture: of each document the newest event.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::coverage::Coverage;
use super::document_key;
use super::documents::DocumentStore;
use super::side::{DocumentFiles, Exceptions, Side};
use super::state_index::{DocumentState, StateIndex, Version};
use crate::capture::Capture;
use crate::commands::Context;
use crate::commands::read_source::{Visitor, read_to_end};
use crate::commands::tail::plan::Plan;
use crate::commands::tail::range;
use crate::event;
use crate::event::filter::Filter;
use crate::event::{Event, EventKind, Op};
use crate::record::position::Position;
use crate::record::{Failure, FailureClass, OffsetGap, Place, Record};
use crate::snapshot::manifest::Scope;
use crate::util::exit::Exit;

/// Reads a capture: the events in the plan's range.
///
/// # Errors
/// The exit code of a failure that was reported.
pub(super) fn read(path: &Path, plan: &Plan, context: &mut Context<'_>) -> Result<Side, Exit> {
    let opened = Capture::open(path, Arc::clone(context.interrupt));
    let mut capture = opened.map_err(|failure| {
        context.out.failure(&failure);
        failure.exit()
    })?;
    let mut states = CaptureStates::new(plan);
    read_to_end(&mut capture, &mut states, true, context)?;
    let title = match path.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => format!("the capture {}", path.display()),
    };
    Ok(states.finish(title))
}

/// The newest events so far.
struct CaptureStates<'p> {
    plan: &'p Plan,
    filter: &'p Filter,
    collections: BTreeMap<String, StateIndex>,
    store: DocumentStore,
    topics: Vec<String>,
    exceptions: Exceptions,
    snapshot: PrintedSnapshot,
    /// Every collection, also those that the filter rejects.
    known: BTreeSet<String>,
    key: Vec<u8>,
}

/// A snapshot that `requery --output -` printed.
#[derive(Default)]
struct PrintedSnapshot {
    /// Its first line; `None` if there is none, or if an event came before it.
    begin: Option<Begin>,
    end: Option<End>,
    /// Number of documents between the two.
    documents: u64,
    has_other_events: bool,
}

#[derive(Deserialize)]
struct Begin {
    collections: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct End {
    documents: u64,
    complete: bool,
    #[serde(default)]
    why_not: Vec<String>,
    #[serde(default)]
    scope: Scope,
}

impl Visitor for CaptureStates<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Failure> {
        if !range::in_range(record, &self.plan.from, self.plan.until.as_ref())? {
            return Ok(());
        }
        match event::decode(record.payload.as_deref()) {
            Ok(event) => self.event(&event, record),
            Err(why) => {
                self.exceptions.unreadable += 1;
                let place = || format!("{}: {why}", range::format_place(record));
                self.exceptions.first_unreadable.get_or_insert_with(place);
                Ok(())
            }
        }
    }

    fn offset_gap(&mut self, _: &OffsetGap) {
        self.exceptions.gaps += 1;
    }
}

impl<'p> CaptureStates<'p> {
    fn new(plan: &'p Plan) -> Self {
        CaptureStates {
            plan,
            filter: &plan.filter,
            collections: BTreeMap::new(),
            store: DocumentStore::default(),
            topics: Vec::new(),
            exceptions: Exceptions::default(),
            snapshot: PrintedSnapshot::default(),
            known: BTreeSet::new(),
            key: Vec::new(),
        }
    }

    fn event(&mut self, event: &Event<'_>, record: &Record<'_>) -> Result<(), Failure> {
        if self.filter.is_out_of_range(event.txn_id) {
            return Ok(());
        }
        if event.kind == EventKind::RequeryRequired {
            self.exceptions.gaps += 1;
            return Ok(());
        }
        let is_row = event.is_snapshot_document();
        let document = match event.op() {
            Op::Insert | Op::Update => event.new,
            Op::Remove => None,
            Op::Other if is_row => event.value,
            Op::Other => {
                self.snapshot.note(event);
                return Ok(());
            }
        };
        self.snapshot.documents += u64::from(is_row);
        self.snapshot.has_other_events |= !is_row;
        let (Some(collection), Some(id)) = (&event.collection, event.id()) else {
            self.exceptions.without_id += 1;
            return Ok(());
        };
        if !self.known.contains(collection.as_ref()) {
            self.known.insert(collection.to_string());
        }
        if !self.filter.matches_collection(Some(collection)) {
            return Ok(());
        }
        document_key::write(id, &mut self.key);
        let version = self.version(event, record);
        self.keep(collection, version, document)
            .map_err(|error| temporary_file(&error))
    }

    /// Keeps the state after an event, unless a newer one of the document is known.
    fn keep(
        &mut self,
        collection: &str,
        version: Version,
        document: Option<&[u8]>,
    ) -> std::io::Result<()> {
        if !self.collections.contains_key(collection) {
            self.collections
                .insert(collection.to_owned(), StateIndex::default());
        }
        let Some(index) = self.collections.get_mut(collection) else {
            return Ok(());
        };
        if index
            .version(&self.key)
            .is_some_and(|before| !version.supersedes(&before))
        {
            return Ok(());
        }
        let state = match document {
            Some(document) => DocumentState::Present(self.store.add(document)?),
            None => DocumentState::Removed,
        };
        let before = index.set(&self.key, state, Some(version));
        if let Some(DocumentState::Present(span)) = before
            && self.store.discard(span)
        {
            self.store.compact(self.collections.values_mut())?;
        }
        Ok(())
    }

    fn version(&mut self, event: &Event<'_>, record: &Record<'_>) -> Version {
        let topic = match record.place {
            Place::Offset { topic, .. } => topic,
            Place::Line { .. } | Place::Unknown => "",
        };
        Version {
            txn: event.txn_id.map(|txn| txn.0),
            place: record
                .place
                .position()
                .map(|(partition, offset)| (self.topic(topic), partition, offset)),
            millis: record.time.map(|time| time.millis),
        }
    }

    /// The number of a topic.
    fn topic(&mut self, name: &str) -> u32 {
        let known = self.topics.iter().position(|one| one == name);
        let at = known.unwrap_or_else(|| {
            self.topics.push(name.to_owned());
            self.topics.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    fn finish(mut self, title: String) -> Side {
        let is_whole = self.plan.from == Position::Beginning
            && self.plan.until.is_none()
            && !self.filter.has_transaction_limits();
        let coverage = self.snapshot.coverage(is_whole, &mut self.exceptions);
        let collections = self.collections.into_iter();
        Side {
            title,
            is_capture: coverage.is_none(),
            coverage: coverage.unwrap_or_else(Coverage::of_capture),
            known: self.known,
            collections: collections
                .map(|(name, index)| (name, index.into_sorted()))
                .collect(),
            files: DocumentFiles::Capture(self.store),
            topics: self.topics,
            exceptions: self.exceptions,
        }
    }
}

impl PrintedSnapshot {
    /// Notes a line that is not a document.
    fn note(&mut self, event: &Event<'_>) {
        let EventKind::Other(kind) = &event.kind else {
            return;
        };
        match kind.as_ref() {
            "snapshotBegin" if self.documents == 0 && !self.has_other_events => {
                self.begin = serde_json::from_slice(event.raw).ok();
            }
            "snapshotBegin" => self.begin = None,
            "snapshotEnd" => {
                let end: Option<End> = serde_json::from_slice(event.raw).ok();
                self.end = end.filter(|end| end.documents == self.documents);
            }
            _ => {}
        }
    }

    /// What it covers; `None` if the capture is not one complete or incomplete snapshot from its first line on.
    fn coverage(self, is_whole: bool, exceptions: &mut Exceptions) -> Option<Coverage> {
        let begin = self.begin.filter(|_| is_whole)?;
        let Some(end) = self.end else {
            exceptions.incomplete.push(
                "its last line, snapshotEnd, is missing or counts other documents".to_owned(),
            );
            return None;
        };
        let collections = begin
            .collections
            .into_iter()
            .map(|name| (name, end.complete));
        let coverage = Coverage::new(collections.collect(), &end.scope, end.complete);
        if !end.complete {
            exceptions.incomplete = end.why_not;
        }
        Some(coverage)
    }
}

fn temporary_file(error: &std::io::Error) -> Failure {
    Failure {
        class: FailureClass::Read,
        what: format!("writing the documents of a capture to a temporary file: {error}"),
        fix: Some("set TMPDIR to a folder with more space".to_owned()),
        raw: None,
    }
}
