//! Filters records and documents, and adds them to a summary.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::commands::read_source::Visitor;
use crate::commands::synthetic_event;
use crate::commands::synthetic_event::Documents;
use crate::commands::tail::plan::Plan;
use crate::commands::tail::range;
use crate::diff::redact;
use crate::event;
use crate::event::{Event, EventKind, SNAPSHOT_DOCUMENT};
use crate::output::Output;
use crate::record::{Failure, OffsetGap, Record};
use crate::summary::Summary;

/// How often Ctrl-C is checked, in documents.
const DOCUMENTS_PER_CHECK: u64 = 1 << 12;

/// Adds what the filters select to a summary.
pub(super) struct SummaryVisitor<'p> {
    pub summary: Summary,
    pub unreadable: u64,
    plan: &'p Plan,
    /// Records are checked against `--from` and `--until`.
    scans_positions: bool,
    /// Records and documents that were read.
    read: u64,
    /// Those that the filters reject.
    filtered: u64,
    offset_gaps: u64,
    first_unreadable: Option<String>,
    /// Every collection, also those that the filters reject.
    known: BTreeSet<String>,
    payload: Vec<u8>,
}

impl Visitor for SummaryVisitor<'_> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Failure> {
        if self.scans_positions
            && !range::in_range(record, &self.plan.from, self.plan.until.as_ref())?
        {
            return Ok(());
        }
        self.read += 1;
        match event::decode(record.payload.as_deref()) {
            Ok(event) => self.event(&event, record.time.map(|time| time.millis)),
            Err(why) => {
                self.unreadable += 1;
                let place = || format!("{}: {why}", range::format_place(record));
                self.first_unreadable.get_or_insert_with(place);
            }
        }
        Ok(())
    }

    fn offset_gap(&mut self, _: &OffsetGap) {
        self.offset_gaps += 1;
    }
}

impl<'p> SummaryVisitor<'p> {
    pub fn new(plan: &'p Plan) -> Self {
        SummaryVisitor {
            summary: Summary::new(!plan.diff.redact.is_empty()),
            unreadable: 0,
            plan,
            scans_positions: false,
            read: 0,
            filtered: 0,
            offset_gaps: 0,
            first_unreadable: None,
            known: BTreeSet::new(),
            payload: Vec::new(),
        }
    }

    /// For captures, which cannot seek.
    pub fn scan_positions(&mut self) {
        self.scans_positions = true;
    }

    /// Notes a collection; whether the filters select it.
    pub fn begin_collection(&mut self, name: &str) -> bool {
        if !self.known.contains(name) {
            self.known.insert(name.to_owned());
        }
        self.plan.filter.matches_collection(Some(name))
    }

    /// A document of a snapshot.
    pub fn document(&mut self, collection: &str, document: &[u8]) {
        self.read += 1;
        if !self.plan.diff.redact.is_empty() {
            // Redaction needs the payload of an event.
            let mut payload = std::mem::take(&mut self.payload);
            synthetic_event::write(collection, Documents::Read(document), None, &mut payload);
            if let Ok(event) = event::decode(Some(&payload)) {
                self.event(&event, None);
            }
            self.payload = payload;
            return;
        }
        let event = Event {
            raw: document,
            kind: EventKind::Other(Cow::Borrowed(SNAPSHOT_DOCUMENT)),
            txn_id: None,
            collection: Some(Cow::Borrowed(collection)),
            method: None,
            old: None,
            new: None,
            value: Some(document),
        };
        self.event(&event, None);
    }

    /// Whether the user has pressed Ctrl-C; checked from time to time.
    pub fn is_interrupted(&self, interrupt: &AtomicBool) -> bool {
        self.read.is_multiple_of(DOCUMENTS_PER_CHECK) && interrupt.load(Ordering::Relaxed)
    }

    /// Every collection that was read.
    pub fn known(&self) -> impl Iterator<Item = &String> {
        self.known.iter()
    }

    fn event(&mut self, event: &Event<'_>, millis: Option<i64>) {
        if let Some(name) = &event.collection {
            self.begin_collection(name);
        }
        if !self.plan.filter.matches(event) {
            self.filtered += 1;
            return;
        }
        self.plan.paths.note(event);
        let patterns = &self.plan.diff.redact;
        if patterns.is_empty() {
            return self.summary.add(event, None, millis);
        }
        let payload = redact::payload(event, patterns);
        // Redaction keeps an event readable. If it ever does not, no field is shown.
        let hidden = Event {
            old: None,
            new: None,
            value: None,
            ..event.clone()
        };
        let redacted = event::decode(Some(&payload)).unwrap_or(hidden);
        self.summary.add(event, Some(&redacted), millis);
    }

    /// Reports what was read, and what is in no table.
    pub fn report(&self, out: &mut Output) {
        let mut text = format!("read {}", self.read);
        let parts = [
            (self.filtered, "not matched by the filters"),
            (self.summary.others, "without a collection"),
            (self.unreadable, "unreadable"),
        ];
        for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
            text = format!("{text}, {count} {what}");
        }
        out.note(&text);
        let gaps = self.summary.gaps + self.offset_gaps;
        if gaps > 0 {
            let noun = if gaps == 1 { "gap" } else { "gaps" };
            out.warn(&format!(
                "{gaps} {noun}: changes are missing, so there may be more than this"
            ));
        }
        if let Some(first) = &self.first_unreadable {
            out.warn(&format!("the first unreadable record is at {first}"));
        }
    }
}
