//! Finds the events of a document in a source, and their order.

use super::coverage::Coverage;
use super::survey::Survey;
use super::timeline::{Link, State, Timeline};
use super::wanted::Wanted;
use crate::commands::read_source::Visitor;
use crate::commands::tail::plan::Plan;
use crate::commands::tail::range;
use crate::event::{self, Event, EventKind, TxnId, Unreadable};
use crate::output::Output;
use crate::record::{Failure, OffsetGap, Place, Record};
use crate::util::exit::Exit;

/// A string and a value of another type can be typed as the same id: `1` and `"1"` are two documents.
pub(super) const MAX_DOCUMENTS: usize = 2;

/// An event of the document.
pub(super) struct Version<'v, 'r> {
    pub record: &'v Record<'r>,
    pub event: &'v Event<'r>,
    pub link: Link,
    /// Below [`MAX_DOCUMENTS`].
    pub document: usize,
}

impl Version<'_, '_> {
    /// The event as messages name it.
    pub fn describe(&self) -> String {
        let op = match self.event.op().word() {
            Some(word) => word,
            None if self.event.is_snapshot_document() => "as read",
            None => "event",
        };
        let what = match self.event.txn_id {
            Some(TxnId(txn)) => format!("transaction {txn} ({op})"),
            None => format!("the {op}"),
        };
        match self.record.place {
            Place::Unknown => what,
            _ => format!("{what} at {}", range::format_place(self.record)),
        }
    }

    pub fn millis(&self) -> Option<i64> {
        self.record.time.map(|time| time.millis)
    }

    pub fn txn(&self) -> Option<u64> {
        self.event.txn_id.map(|txn| txn.0)
    }
}

/// A document that a mirror no longer has.
pub(super) struct Vanished<'d> {
    pub collection: &'d str,
    /// The document after the last change.
    pub was: &'d [u8],
    /// When it was gone, in milliseconds since 1970, and by which transaction.
    pub gone: (Option<i64>, Option<u64>),
}

/// Receives the events of the document, in their order, and what may hide more of them.
pub(super) trait VersionSink {
    /// An event of the document.
    fn version(&mut self, version: &Version<'_, '_>);

    /// A `requeryRequired`.
    fn gap(&mut self, record: &Record<'_>, event: &Event<'_>);

    /// Records that no longer exist.
    fn offset_gap(&mut self, gap: &OffsetGap);

    /// A record that may have been an event of the document.
    fn unreadable(&mut self, record: &Record<'_>, why: Unreadable);

    /// A mirror no longer has a document, although none of its changes removed it; `document` as in [`Version`].
    fn vanished(&mut self, document: usize, copy: &Vanished<'_>);

    /// Why changes after the last event may be missing; whether the sink says it itself.
    fn doubt(&mut self, _: &str) -> bool {
        false
    }

    /// Whether the answer depends on records of other documents.
    fn needs_all_records(&self) -> bool {
        false
    }

    /// Writes what is ready.
    ///
    /// # Errors
    /// The exit code, if nothing more has to be read.
    fn write(&mut self, _: &mut Output) -> Result<(), Exit> {
        Ok(())
    }
}

/// Passes the events of one document to a sink.
pub(super) struct DocumentReader<'a, S> {
    pub sink: S,
    pub coverage: Coverage,
    /// What else is there, until an event of the document is found; `None` if lines are skipped.
    pub survey: Option<Survey>,
    /// Events of each document, without repeated ones.
    pub versions: [u64; MAX_DOCUMENTS],
    pub unreadable: u64,
    /// What a mirror does not tell, after everything else.
    pub notes: Vec<String>,
    /// The partition of the first event.
    pub partition: Option<i32>,
    wanted: &'a Wanted,
    plan: &'a Plan,
    /// Records are checked against `--from` and `--until`.
    scans_positions: bool,
    timelines: [Timeline; MAX_DOCUMENTS],
}

impl<'a, S: VersionSink> DocumentReader<'a, S> {
    pub fn new(wanted: &'a Wanted, plan: &'a Plan, survey: Option<Survey>, sink: S) -> Self {
        DocumentReader {
            sink,
            coverage: Coverage::default(),
            survey,
            versions: [0; MAX_DOCUMENTS],
            unreadable: 0,
            notes: Vec::new(),
            partition: None,
            wanted,
            plan,
            scans_positions: !plan.inputs.is_empty(),
            timelines: Default::default(),
        }
    }

    /// Whether an event of the document was found.
    pub fn is_found(&self) -> bool {
        self.versions.iter().any(|count| *count > 0)
    }

    /// What a document is after the events so far; `None` before the first one.
    pub fn state(&self, document: usize) -> Option<&State> {
        self.timelines.get(document).and_then(Timeline::state)
    }

    fn event(&mut self, record: &Record<'_>, event: &Event<'_>) {
        if self.plan.filter.is_out_of_range(event.txn_id) {
            return;
        }
        if event.kind == EventKind::RequeryRequired {
            return self.sink.gap(record, event);
        }
        let Some(document) = self.wanted.document(event) else {
            if let Some(survey) = &mut self.survey {
                let has_id = self.wanted.has_id(event);
                survey.add(event, has_id);
            }
            return;
        };
        self.survey = None;
        let position = record.place.position();
        if !self.is_found() {
            self.partition = position.map(|(partition, _)| partition);
        }
        self.plan.paths.note(event);
        let link = self.timelines[document].add(event, position);
        self.versions[document] += u64::from(!link.is_repeated());
        self.sink.version(&Version {
            record,
            event,
            link,
            document,
        });
    }
}

impl<S: VersionSink> Visitor for DocumentReader<'_, S> {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Failure> {
        if self.scans_positions
            && !range::in_range(record, &self.plan.from, self.plan.until.as_ref())?
        {
            return Ok(());
        }
        self.coverage.add(record);
        let payload = record.payload.as_deref();
        let is_wanted = |payload: &[u8]| self.wanted.may_matter(payload);
        if self.survey.is_none() && !payload.is_some_and(is_wanted) {
            return Ok(());
        }
        match event::decode(payload) {
            Ok(event) => self.event(record, &event),
            Err(why) if self.wanted.may_be_in(record) => {
                self.unreadable += 1;
                self.sink.unreadable(record, why);
            }
            Err(_) => {}
        }
        Ok(())
    }

    fn offset_gap(&mut self, gap: &OffsetGap) {
        self.sink.offset_gap(gap);
    }

    fn write(&mut self, out: &mut Output) -> Result<(), Exit> {
        self.sink.write(out)
    }
}
