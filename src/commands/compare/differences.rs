//! Filters, counts and writes the differences.

use std::io;

use super::coverage::Absence;
use super::documents::DocumentReader;
use super::state_index::{Span, Version};
use super::tally::Tally;
use crate::commands::synthetic_event;
use crate::commands::synthetic_event::Documents;
use crate::commands::tail::plan::Plan;
use crate::diff::Diff;
use crate::event;
use crate::event::{Event, Unreadable};
use crate::output::{Output, WriteEnd};
use crate::record::{Clock, Place, Record, Timestamp};
use crate::view::{EventOutput, View};

/// Why a comparison ended early.
pub(super) enum Stop {
    Interrupted,
    OutputClosed,
    /// The reason, as a sentence.
    Failed(String),
}

impl From<WriteEnd> for Stop {
    fn from(end: WriteEnd) -> Self {
        match end {
            WriteEnd::Closed => Stop::OutputClosed,
            WriteEnd::Failed(error) => Stop::Failed(format!("writing to standard output: {error}")),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Failed(format!("reading a document again failed: {error}"))
    }
}

impl From<Unreadable> for Stop {
    fn from(why: Unreadable) -> Self {
        Stop::Failed(format!(
            "a document that was read before is not valid any more: {why}"
        ))
    }
}

/// Which sides have a document.
pub(super) enum PairKind {
    Both(Span, Span),
    OnlyBefore(Span, Absence),
    OnlyAfter(Span, Absence),
    Neither,
}

/// Where a document belongs, and the event that led to its later state.
pub(super) struct DifferencePlace<'p> {
    pub collection: &'p str,
    pub version: Version,
    /// The names of the topics of the later side.
    pub topics: &'p [String],
}

impl DifferencePlace<'_> {
    /// The record of an event, with the place and time of the version, if it has them.
    fn record<'r>(&'r self, payload: &'r [u8]) -> Record<'r> {
        let place = self
            .version
            .place
            .map_or(Place::Unknown, |(topic, partition, offset)| {
                let topic = usize::try_from(topic)
                    .ok()
                    .and_then(|at| self.topics.get(at));
                match topic.filter(|topic| !topic.is_empty()) {
                    Some(topic) => Place::Offset {
                        topic,
                        partition,
                        offset,
                    },
                    None => Place::Line {
                        file: "",
                        line: 0,
                        partition: Some(partition),
                        offset: Some(offset),
                    },
                }
            });
        Record {
            place,
            time: self.version.millis.map(|millis| Timestamp {
                millis,
                clock: Clock::Unknown,
            }),
            leader_epoch: None,
            key: None,
            headers: Vec::new(),
            payload: Some(payload.into()),
        }
    }
}

/// Writes the differences, and counts them.
pub(super) struct DifferenceWriter<'c> {
    pub plan: &'c Plan,
    pub out: &'c mut Output,
    pub tally: Tally,
    view: &'c View,
    payload: Vec<u8>,
}

impl<'c> DifferenceWriter<'c> {
    pub fn new(plan: &'c Plan, view: &'c View, out: &'c mut Output) -> Self {
        DifferenceWriter {
            plan,
            out,
            tally: Tally::default(),
            view,
            payload: Vec::new(),
        }
    }

    /// Compares the documents of one id; the readers are those of the two sides.
    ///
    /// # Errors
    /// [`Stop`] if a document cannot be read, or the output cannot be written.
    pub fn pair(
        &mut self,
        kind: &PairKind,
        place: &DifferencePlace<'_>,
        readers: (&mut DocumentReader<'_>, &mut DocumentReader<'_>),
    ) -> Result<(), Stop> {
        let (olds, news) = readers;
        match *kind {
            PairKind::Neither => {}
            PairKind::Both(old, new) => {
                let (old, new) = (olds.read(old)?, news.read(new)?);
                if self.is_equal(old, new) {
                    self.count_equal(place, new)?;
                } else {
                    self.write(place, Documents::Update(old, new))?;
                }
            }
            PairKind::OnlyBefore(old, Absence::Proven) => {
                self.write(place, Documents::Remove(olds.read(old)?))?;
            }
            PairKind::OnlyBefore(old, absence) => {
                let count = self.selects(place, Documents::Remove(olds.read(old)?))?;
                let tally = &mut self.tally;
                match absence {
                    Absence::OutOfScope => tally.excluded_before += u64::from(count),
                    Absence::Proven | Absence::Unknown => {
                        tally.unproven_removed += u64::from(count);
                    }
                }
            }
            PairKind::OnlyAfter(new, Absence::OutOfScope) => {
                let count = self.selects(place, Documents::Insert(news.read(new)?))?;
                self.tally.excluded_after += u64::from(count);
            }
            PairKind::OnlyAfter(new, absence) => {
                let added = self.tally.added;
                self.write(place, Documents::Insert(news.read(new)?))?;
                if absence == Absence::Unknown {
                    self.tally.unproven_added += self.tally.added - added;
                }
            }
        }
        Ok(())
    }

    fn is_equal(&self, old: &[u8], new: &[u8]) -> bool {
        let options = &self.plan.diff;
        old == new || Diff::between(old, new, options).is_empty(options.strict)
    }

    /// Counts an equal document, if the filters select it.
    fn count_equal(&mut self, place: &DifferencePlace<'_>, document: &[u8]) -> Result<(), Stop> {
        if self.selects(place, Documents::Update(document, document))? {
            self.tally.equal += 1;
        }
        Ok(())
    }

    /// Whether the filters select a document; counts it if not.
    fn selects(
        &mut self,
        place: &DifferencePlace<'_>,
        documents: Documents<'_>,
    ) -> Result<bool, Stop> {
        if !self.plan.filter.is_selective() {
            return Ok(true);
        }
        synthetic_event::write(
            place.collection,
            documents,
            place.version.txn,
            &mut self.payload,
        );
        let is_selected = self
            .plan
            .filter
            .matches(&event::decode(Some(&self.payload))?);
        self.tally.filtered += u64::from(!is_selected);
        Ok(is_selected)
    }

    /// Writes a difference, if the filters and the options of the view show it.
    fn write(&mut self, place: &DifferencePlace<'_>, documents: Documents<'_>) -> Result<(), Stop> {
        let mut payload = std::mem::take(&mut self.payload);
        synthetic_event::write(place.collection, documents, place.version.txn, &mut payload);
        self.show(place, &payload, &event::decode(Some(&payload))?);
        self.payload = payload;
        Ok(self.out.flush_if_full()?)
    }

    fn show(&mut self, place: &DifferencePlace<'_>, payload: &[u8], event: &Event<'_>) {
        if !self.plan.filter.matches(event) {
            self.tally.filtered += 1;
            return;
        }
        self.plan.paths.note(event);
        let record = place.record(payload);
        let start = self.out.buffer().len();
        match self.view.event(&record, event, self.out.buffer()) {
            EventOutput::Shown => {}
            EventOutput::Hidden => {
                self.tally.hidden += 1;
                return;
            }
            EventOutput::Inexpressible(_) => {
                self.tally.inexpressible += 1;
                return;
            }
        }
        self.tally.count(event.op());
        if self
            .plan
            .limit
            .is_some_and(|limit| self.tally.shown >= limit)
        {
            self.out.buffer().truncate(start);
        } else {
            self.tally.shown += 1;
        }
    }
}
