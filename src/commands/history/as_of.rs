//! The document at a moment. What the events do not tell is said, and never guessed.

use super::coverage::Coverage;
use super::document_reader::{MAX_DOCUMENTS, Vanished, Version, VersionSink};
use super::moment::Moment;
use super::timeline::{Link, State};
use crate::commands::tail::range::format_place;
use crate::diff::pattern::Pattern;
use crate::diff::redact;
use crate::event::{self, Event, Unreadable};
use crate::output::Output;
use crate::record::{OffsetGap, Record};
use crate::util::exit::Exit;
use crate::view::View;

/// The last event at or before the moment.
struct Latest {
    state: State,
    event: String,
    /// Whether the moment is the event's own: what was missed after it does not matter.
    is_at_moment: bool,
}

/// The first event after the moment.
struct Next {
    /// `None` if it is a document of a snapshot, which does not tell.
    before: Option<State>,
    is_missing: bool,
    event: String,
    partition: Option<i32>,
}

/// What is known of one document.
#[derive(Default)]
struct Known {
    latest: Option<Latest>,
    next: Option<Next>,
    /// The last gap between the latest event and the moment.
    gap_before: Option<String>,
    /// The last gap between the moment and the next event.
    gap_after: Option<String>,
}

/// What the document was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub what: What,
    /// Why that is not certain.
    pub doubt: Option<String>,
}

/// The document, or why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    Document(Vec<u8>),
    Absent(String),
    Unknown(String),
}

/// Finds the document at a moment.
pub(super) struct AsOf<'p> {
    moment: Moment,
    redact: &'p [Pattern],
    documents: [Known; MAX_DOCUMENTS],
    /// An event that has no time or transaction.
    unplaced: Option<String>,
}

impl<'p> AsOf<'p> {
    pub fn new(moment: Moment, redact: &'p [Pattern]) -> AsOf<'p> {
        AsOf {
            moment,
            redact,
            documents: Default::default(),
            unplaced: None,
        }
    }

    /// The documents before and after an event, redacted.
    fn states(&self, event: &Event<'_>) -> Option<(State, State)> {
        if self.redact.is_empty() {
            return event
                .change()
                .map(|change| (State::new(change.before), State::new(change.after)));
        }
        let payload = redact::payload(event, self.redact);
        let event = event::decode(Some(&payload)).ok()?;
        event
            .change()
            .map(|change| (State::new(change.before), State::new(change.after)))
    }

    /// Notes what may hide changes, before or after the moment.
    fn note_gap(&mut self, is_before: bool, gap: &str) {
        for known in self
            .documents
            .iter_mut()
            .filter(|known| known.next.is_none())
        {
            let place = if is_before {
                &mut known.gap_before
            } else {
                &mut known.gap_after
            };
            *place = Some(gap.to_owned());
        }
    }

    fn note_gap_at(&mut self, record: &Record<'_>, gap: &str) {
        let millis = record.time.map(|time| time.millis);
        let txn = record.payload.as_deref().and_then(event::txn_id);
        let is_before = self.moment.includes(millis, txn.map(|txn| txn.0));
        self.note_gap(is_before, gap);
    }

    /// Prints the document, or says why there is none.
    pub fn print(&self, coverage: &Coverage, view: &View, out: &mut Output) -> Exit {
        if let Some(event) = &self.unplaced {
            let what = match self.moment {
                Moment::Time(_) => "time; write --at txn:N",
                Moment::Txn(_) => "txnId; write --at TIME",
            };
            out.warn(&format!("--at: {event} has no {what}"));
            return Exit::Setup;
        }
        let answers = self.answers(coverage, view);
        let exits = answers.iter().map(|answer| print(answer, view, out));
        // One of two documents is no full answer.
        let exit = exits.max().unwrap_or(Exit::NoDocument);
        if let Some(note) = coverage.note_of_end(self.moment, &view.clock) {
            out.note(&note);
        }
        exit
    }

    /// What is known of each document that has an event.
    pub fn answers(&self, coverage: &Coverage, view: &View) -> Vec<Answer> {
        let known = self.documents.iter();
        known
            .filter_map(|known| self.answer(known, coverage, view))
            .collect()
    }

    fn answer(&self, known: &Known, coverage: &Coverage, view: &View) -> Option<Answer> {
        let (what, doubt) = match (&known.latest, &known.next) {
            (None, None) => return None,
            (Some(latest), Some(next)) if next.is_missing && !latest.is_at_moment => (
                What::Unknown(format!(
                    "a change is missing between {} and {}: the document changed unseen, and this may have been before or after that moment",
                    latest.event, next.event
                )),
                None,
            ),
            // The next event has the same document before it.
            (Some(latest), Some(_)) => (latest.what(), None),
            (Some(latest), None) => (latest.what(), known.gap_before.clone()),
            (None, Some(next))
                if next.before.is_none() || !coverage.reaches(self.moment, next.partition) =>
            {
                (What::Unknown(self.not_reached(next, coverage, view)), None)
            }
            (None, Some(next)) => {
                let gap = known.gap_after.as_ref().or(known.gap_before.as_ref());
                (next.what(), gap.cloned())
            }
        };
        Some(Answer { what, doubt })
    }

    fn not_reached(&self, next: &Next, coverage: &Coverage, view: &View) -> String {
        let start = coverage.start(next.partition);
        let start = match (self.moment, start) {
            (Moment::Time(_), Some(start)) => start.millis.map_or_else(
                || "have no times".to_owned(),
                |millis| format!("start at {}", view.clock.format_rfc3339(millis)),
            ),
            (Moment::Txn(_), Some(start)) => start.txn.map_or_else(
                || "start without a transaction".to_owned(),
                |txn| format!("start with transaction {txn}"),
            ),
            (_, None) => "start later".to_owned(),
        };
        let before = match next.before {
            Some(State::Absent) => "there was no such document",
            Some(State::Present(_)) => "the document existed",
            None => {
                return format!(
                    "the history does not reach back so far: the earliest that is known is {}",
                    next.event
                );
            }
        };
        format!(
            "the history does not reach back so far: the records that were read {start}. Directly before its first event, {}, {before}",
            next.event
        )
    }
}

impl Latest {
    fn what(&self) -> What {
        match &self.state {
            State::Present(json) => What::Document(json.clone()),
            State::Absent => What::Absent(format!("it was removed by {}", self.event)),
        }
    }
}

impl Next {
    /// Before the first event.
    fn what(&self) -> What {
        match &self.before {
            Some(State::Present(json)) => What::Document(json.clone()),
            _ => What::Absent(format!("it was inserted later, by {}", self.event)),
        }
    }
}

fn print(answer: &Answer, view: &View, out: &mut Output) -> Exit {
    let exit = match &answer.what {
        What::Document(json) => {
            let mut text = Vec::new();
            view.document(json, &mut text);
            match out.print_text(&text) {
                Exit::Success => Exit::Success,
                failed => return failed,
            }
        }
        What::Absent(why) => {
            out.warn(&format!("the document did not exist then: {why}"));
            Exit::NoDocument
        }
        What::Unknown(why) => {
            out.warn(&format!("what the document was then is not known: {why}"));
            return Exit::Unknown;
        }
    };
    match &answer.doubt {
        Some(gap) => {
            out.warn(&format!(
                "this is not certain: {gap}, so changes may be missing"
            ));
            Exit::Unknown
        }
        None => exit,
    }
}

impl VersionSink for AsOf<'_> {
    fn version(&mut self, version: &Version<'_, '_>) {
        if version.link.is_repeated() || version.link == Link::NoChange {
            return;
        }
        let (millis, txn) = (version.millis(), version.txn());
        let is_placed = match self.moment {
            Moment::Time(_) => millis.is_some(),
            Moment::Txn(_) => txn.is_some(),
        };
        if !is_placed {
            self.unplaced.get_or_insert_with(|| version.describe());
            return;
        }
        let Some((before, after)) = self.states(version.event) else {
            return;
        };
        let known = &mut self.documents[version.document];
        if self.moment.includes(millis, txn) {
            *known = Known {
                latest: Some(Latest {
                    state: after,
                    event: version.describe(),
                    is_at_moment: self.moment.is_exactly(millis, txn),
                }),
                ..Known::default()
            };
        } else if known.next.is_none() {
            known.next = Some(Next {
                before: (!version.event.is_snapshot_document()).then_some(before),
                is_missing: matches!(version.link, Link::Missing(_)),
                event: version.describe(),
                partition: version
                    .record
                    .place
                    .position()
                    .map(|(partition, _)| partition),
            });
        }
    }

    fn gap(&mut self, record: &Record<'_>, _: &Event<'_>) {
        let gap = format!("the stream has a gap at {}", format_place(record));
        self.note_gap_at(record, &gap);
    }

    fn offset_gap(&mut self, gap: &OffsetGap) {
        self.note_gap(true, &gap.message());
    }

    fn unreadable(&mut self, record: &Record<'_>, why: Unreadable) {
        let gap = format!(
            "the record at {} is unreadable: {why}",
            format_place(record)
        );
        self.note_gap_at(record, &gap);
    }

    fn vanished(&mut self, document: usize, copy: &Vanished<'_>) {
        let known = &mut self.documents[document];
        let (millis, txn) = copy.gone;
        if self.moment.includes(millis, txn) {
            known.latest = Some(Latest {
                state: State::Absent,
                event: "a change that the mirror does not keep".to_owned(),
                is_at_moment: false,
            });
        } else if known.next.is_none() {
            known.next = Some(Next {
                before: Some(State::Absent),
                is_missing: true,
                event: "the mirror's copy, which no longer has it".to_owned(),
                partition: None,
            });
        }
    }

    fn doubt(&mut self, why: &str) -> bool {
        self.note_gap(true, why);
        true
    }

    /// Whether the records reach back to a moment before the first event.
    fn needs_all_records(&self) -> bool {
        let mut documents = self.documents.iter();
        documents.any(|known| known.latest.is_none() && known.next.is_some())
    }
}
