//! Reads the source and writes to the destination, transaction by transaction.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::target::Destination;
use super::topics::{DocumentKey, TopicTemplate};
use crate::commands::synthetic_event::{self, Documents};
use crate::commands::tail::checkpoint::ReadPositions;
use crate::commands::tail::messages::Messages;
use crate::commands::tail::range::format_place;
use crate::commands::tail::render::{Renderer, Selected};
use crate::commands::{mirror_source, tail};
use crate::event::{Event, EventKind, TxnId};
use crate::json;
use crate::kafka::producer::{OutgoingRecord, WriteError};
use crate::output::Output;
use crate::record::{Failure, FailureClass, OffsetGap, Place, Record, Source, SourceItem};
use crate::snapshot::dedup::SnapshotIndex;
use crate::snapshot::manifest::Manifest;
use crate::snapshot::rows::Rows;
use crate::state::{Gap, State};
use crate::util::text::plural;
use crate::view::EventOutput;

/// Timeout of a poll of the source; short, because transactions are committed in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);
/// Records between two updates of the progress.
const RECORDS_PER_UPDATE: u64 = 4096;

/// The place of the documents of a snapshot.
const NOWHERE: (i32, i64) = (-1, -1);

/// Counts of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    /// Events in committed transactions.
    pub relayed: u64,
    /// Documents of a snapshot in committed transactions.
    pub documents: u64,
    /// Events that the snapshot of `--from` already includes.
    pub already_included: u64,
    /// Events that are no change of a document.
    pub others: u64,
    pub unreadable: u64,
    pub transactions: u64,
}

/// Why a pump stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// At the end of a bounded read.
    End,
    Interrupted,
    /// At a gap, which is in the positions now; with its transaction.
    Gap(Option<TxnId>),
    Failed(Failure),
    /// The transaction failed; another attempt may succeed.
    Retry(Failure),
    /// The target refuses the record at this place, partition and offset.
    Refused((i32, i64), Failure),
    /// Another process has taken over, or the transaction timed out; with the library's message.
    Fenced {
        raw: String,
        timed_out: bool,
    },
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failed(failure)
    }
}

/// A record that the target has refused: everything before it is committed, then the relay ends.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub place: (i32, i64),
    pub failure: Failure,
}

/// What does not change during a run.
pub(super) struct PumpOptions<'p> {
    pub renderer: &'p Renderer,
    pub topics: &'p TopicTemplate,
    pub skips_unreadable: bool,
    pub refusals: &'p [Refusal],
}

/// A record's consequence.
enum Taken {
    Done,
    Gap(Option<TxnId>, String),
    /// The relay ends before this record.
    Before(Failure),
}

/// Why an event or document was not sent.
enum Unsent {
    Unreadable(String),
    WithoutTopic(String),
}

/// Moves records from a source to a destination.
pub(super) struct Pump<'p, D: Destination> {
    destination: &'p mut D,
    options: &'p PumpOptions<'p>,
    /// The positions that were committed last, or before the first commit what they will belong to.
    state: State,
    counts: &'p mut Counts,
    out: &'p mut Output,
    has_committed: bool,
    batch: Batch,
    read: u64,
    topic: String,
    key: Vec<u8>,
    value: Vec<u8>,
    /// The event of a document.
    payload: Vec<u8>,
}

impl<'p, D: Destination> Pump<'p, D> {
    /// `state` has what the positions of a commit belong to.
    pub fn new(
        destination: &'p mut D,
        options: &'p PumpOptions<'p>,
        state: State,
        counts: &'p mut Counts,
        out: &'p mut Output,
    ) -> Pump<'p, D> {
        Pump {
            destination,
            options,
            state,
            counts,
            out,
            has_committed: false,
            batch: Batch::default(),
            read: 0,
            topic: String::new(),
            key: Vec::new(),
            value: Vec::new(),
            payload: Vec::new(),
        }
    }

    /// The positions that were committed last; `None` if this pump has committed none.
    pub fn committed(self) -> Option<State> {
        self.has_committed.then_some(self.state)
    }

    /// Reads until something stops it. What was read before that is committed, unless the destination failed.
    pub fn run(&mut self, source: &mut dyn Source) -> Stop {
        // A moment later `end` is another offset, and a snapshot may have replaced positions and resolved a gap.
        let begun = self.commit_always(ReadPositions::of(source), None);
        let stop = match begun {
            Ok(()) => self.read(source),
            Err(stop) => stop,
        };
        self.out.end_progress();
        stop
    }

    fn read(&mut self, source: &mut dyn Source) -> Stop {
        loop {
            if let Err(stop) = self.step(source) {
                return stop;
            }
        }
    }

    fn step(&mut self, source: &mut dyn Source) -> Result<(), Stop> {
        let (taken, place) = match source.next(POLL_TIMEOUT) {
            SourceItem::Record(record) => (self.take(&record)?, record.place.position()),
            SourceItem::OffsetGap(lost) => return self.stop_at_offset_gap(&lost, source),
            SourceItem::Notice(notice) => {
                tail::report_notice(&notice, self.out);
                return Ok(());
            }
            SourceItem::Idle => {
                self.poll()?;
                (Taken::Done, None)
            }
            SourceItem::Interrupted => return self.commit_and_stop(source, Stop::Interrupted),
            SourceItem::End => return self.commit_and_stop(source, Stop::End),
            SourceItem::Failed(failure) => {
                return self.commit_and_stop(source, Stop::Failed(failure));
            }
        };
        match taken {
            Taken::Done => self.commit_if_due(source),
            Taken::Gap(txn, description) => {
                self.out.warn(&Messages::gap(txn, &description));
                let mut gap = Gap::default();
                gap.note_requery(txn.map(|txn| txn.0), place);
                self.commit(ReadPositions::of(source), Some(gap))?;
                Err(Stop::Gap(txn))
            }
            Taken::Before(failure) => {
                let limits: Vec<(i32, i64)> = place.into_iter().collect();
                self.commit(ReadPositions::of(source).before(&limits), None)?;
                Err(Stop::Failed(failure))
            }
        }
    }

    fn stop_at_offset_gap(
        &mut self,
        lost: &OffsetGap,
        source: &mut dyn Source,
    ) -> Result<(), Stop> {
        self.out.warn(&Messages::offset_gap(lost));
        let mut gap = Gap::default();
        gap.note_offset_gap(lost);
        self.commit(ReadPositions::of(source), Some(gap))?;
        Err(Stop::Gap(None))
    }

    fn commit_and_stop(&mut self, source: &mut dyn Source, stop: Stop) -> Result<(), Stop> {
        self.commit(ReadPositions::of(source), None)?;
        Err(stop)
    }

    fn take(&mut self, record: &Record<'_>) -> Result<Taken, Stop> {
        let Place::Offset {
            partition, offset, ..
        } = record.place
        else {
            return Ok(Taken::Done);
        };
        let place = (partition, offset);
        self.batch.note_read(Instant::now);
        self.read += 1;
        let mut refusals = self.options.refusals.iter();
        if let Some(refusal) = refusals.find(|one| one.place == place) {
            return Ok(Taken::Before(refused(record, &refusal.failure)));
        }
        match self.options.renderer.select(record, None) {
            Selected::Hidden | Selected::GapResolved(_) => Ok(Taken::Done),
            Selected::AlreadyIncluded => {
                self.counts.already_included += 1;
                Ok(Taken::Done)
            }
            Selected::Unreadable(why) => Ok(self.unreadable(record, &why.to_string())),
            Selected::Shown(event, _) => match event.kind {
                EventKind::DocumentChanged => self.change(&event, record, place),
                EventKind::RequeryRequired => Ok(Taken::Gap(event.txn_id, format_place(record))),
                EventKind::Other(_) => {
                    self.note_other(record);
                    Ok(Taken::Done)
                }
            },
        }
    }

    fn change(
        &mut self,
        event: &Event<'_>,
        record: &Record<'_>,
        place: (i32, i64),
    ) -> Result<Taken, Stop> {
        match self.send(event, record, place)? {
            Ok(()) => Ok(Taken::Done),
            Err(Unsent::Unreadable(why)) => Ok(self.unreadable(record, &why)),
            Err(Unsent::WithoutTopic(why)) => Ok(Taken::Before(without_topic(record, &why))),
        }
    }

    /// Sends a change or a document, unless the options hide it.
    fn send(
        &mut self,
        event: &Event<'_>,
        record: &Record<'_>,
        place: (i32, i64),
    ) -> Result<Result<(), Unsent>, Stop> {
        let key = match DocumentKey::of(event) {
            Ok(key) => key,
            Err(why) => return Ok(Err(Unsent::Unreadable(why.to_owned()))),
        };
        if let Err(why) = self.options.topics.write(key.collection, &mut self.topic) {
            return Ok(Err(Unsent::WithoutTopic(why)));
        }
        key.write(&mut self.key);
        self.value.clear();
        let view = &self.options.renderer.view;
        match view.event(record, event, &mut self.value) {
            EventOutput::Shown => {}
            EventOutput::Hidden => return Ok(Ok(())),
            EventOutput::Inexpressible(why) => {
                return Ok(Err(Unsent::Unreadable(why.to_string())));
            }
        }
        let outgoing = OutgoingRecord {
            topic: &self.topic,
            key: &self.key,
            payload: self.value.strip_suffix(b"\n").unwrap_or(&self.value),
            millis: record.time.map(|time| time.millis),
        };
        let number = self.batch.number(place);
        let out = &mut *self.out;
        let report = &mut |notice: &_| tail::report_notice(notice, out);
        let sent = self.destination.send(&outgoing, number, report);
        sent.map_err(|error| self.stop(error))?;
        Ok(Ok(()))
    }

    fn unreadable(&mut self, record: &Record<'_>, why: &str) -> Taken {
        let description = self.options.renderer.describe_unreadable(record);
        let what = format!("unreadable record: {why}, at {description}");
        if self.options.skips_unreadable {
            self.counts.unreadable += 1;
            self.out.warn(&what);
            return Taken::Done;
        }
        Taken::Before(Failure {
            class: FailureClass::Read,
            what: format!("{what}; everything before it was relayed"),
            fix: Some("to leave out such records and report each: --skip-unreadable".to_owned()),
            raw: None,
        })
    }

    fn note_other(&mut self, record: &Record<'_>) {
        self.counts.others += 1;
        if self.counts.others == 1 {
            self.out.note(&format!(
                "the event at {} is no change of a document and is not relayed; further ones are only counted",
                format_place(record)
            ));
        }
    }

    fn commit_if_due(&mut self, source: &mut dyn Source) -> Result<(), Stop> {
        if self.batch.is_due(Instant::now()) {
            return self.commit(ReadPositions::of(source), None);
        }
        if self.read.is_multiple_of(RECORDS_PER_UPDATE) {
            self.poll()?;
            self.out.progress(source.progress(), false);
        }
        Ok(())
    }

    /// Commits what was sent, and the positions after it, if there is anything new.
    fn commit(&mut self, positions: ReadPositions, gap: Option<Gap>) -> Result<(), Stop> {
        let is_new = || {
            let next = positions.next.iter().copied();
            !next.eq(self.state.next.iter().map(|(id, next)| (*id, *next)))
                || positions.incarnation != self.state.incarnation
        };
        if self.batch.len() > 0 || gap.is_some() || is_new() {
            return self.commit_always(positions, gap);
        }
        self.batch.clear();
        Ok(())
    }

    fn commit_always(&mut self, positions: ReadPositions, gap: Option<Gap>) -> Result<(), Stop> {
        let mut next = self.state.clone();
        next.next = positions.next.into_iter().collect();
        next.incarnation = positions.incarnation;
        next.gap = Gap::joined(next.gap.take(), gap);
        let out = &mut *self.out;
        let report = &mut |notice: &_| tail::report_notice(notice, out);
        let committed = self.destination.commit(Some(&next), report);
        committed.map_err(|error| self.stop(error))?;
        self.counts.transactions += 1;
        self.counts.relayed += self.batch.len() as u64;
        self.state = next;
        self.has_committed = true;
        self.batch.clear();
        Ok(())
    }

    /// Sends the documents of a snapshot. The positions remain those before it, so that it is sent again if the relay is
    /// killed: a document that is read again has the same key.
    pub fn send_documents(
        &mut self,
        folder: &Path,
        manifest: &Manifest,
        interrupt: &AtomicBool,
    ) -> Result<(), Stop> {
        let read_at = SnapshotIndex::new(manifest);
        let filter = &self.options.renderer.filter;
        for collection in &manifest.collections {
            if !filter.matches_collection(Some(&collection.name)) || collection.documents == 0 {
                continue;
            }
            let mut rows = Rows::open(folder, collection)?;
            while let Some(row) = rows.next_row()? {
                self.document(&collection.name, row.document, &read_at)?;
                if self.batch.is_due(Instant::now()) {
                    self.commit_documents()?;
                }
                if interrupt.load(Ordering::Relaxed) {
                    return Err(Stop::Interrupted);
                }
            }
        }
        self.commit_documents()
    }

    fn document(
        &mut self,
        collection: &str,
        document: &[u8],
        read_at: &SnapshotIndex,
    ) -> Result<(), Stop> {
        self.batch.note_read(Instant::now);
        let id = json::field(document, "_id");
        let txn = id.and_then(|id| read_at.read_at(collection, id));
        let mut payload = std::mem::take(&mut self.payload);
        synthetic_event::write(collection, Documents::Read(document), txn, &mut payload);
        let record = mirror_source::record(Place::Unknown, None, &payload);
        let sent = match self.options.renderer.select(&record, None) {
            Selected::Shown(event, _) => self.send(&event, &record, NOWHERE),
            _ => Ok(Ok(())),
        };
        self.payload = payload;
        sent?.map_err(|(Unsent::Unreadable(why) | Unsent::WithoutTopic(why))| {
            let document = String::from_utf8_lossy(id.unwrap_or(b"without _id")).into_owned();
            Stop::Failed(Failure {
                class: FailureClass::Read,
                what: format!("the document {document} of the collection {collection} cannot be relayed: {why}"),
                fix: Some("leave the collection out with -c '!NAME'".to_owned()),
                raw: None,
            })
        })
    }

    fn commit_documents(&mut self) -> Result<(), Stop> {
        let out = &mut *self.out;
        let report = &mut |notice: &_| tail::report_notice(notice, out);
        let committed = self.destination.commit(None, report);
        committed.map_err(|error| self.stop(error))?;
        self.counts.transactions += 1;
        self.counts.documents += self.batch.len() as u64;
        self.batch.clear();
        Ok(())
    }

    fn poll(&mut self) -> Result<(), Stop> {
        let out = &mut *self.out;
        let report = &mut |notice: &_| tail::report_notice(notice, out);
        let polled = self.destination.poll(report);
        polled.map_err(|error| self.stop(error))
    }

    fn stop(&self, error: WriteError) -> Stop {
        match error {
            WriteError::Rejected { number, failure } => match self.batch.place(number) {
                Some(place) if place != NOWHERE => Stop::Refused(place, failure),
                Some(_) => Stop::Failed(of_document(failure)),
                None => Stop::Failed(failure),
            },
            WriteError::Aborted(failure) => Stop::Retry(failure),
            WriteError::Fenced { raw, timed_out } => Stop::Fenced { raw, timed_out },
            WriteError::Fatal(failure) => Stop::Failed(failure),
            WriteError::Interrupted => Stop::Interrupted,
        }
    }
}

/// The failure of a document of a snapshot that the target refused.
fn of_document(why: Failure) -> Failure {
    Failure {
        what: format!("a document of the snapshot cannot be relayed: {}", why.what),
        ..why
    }
}

/// The failure of a record that the target refused.
fn refused(record: &Record<'_>, why: &Failure) -> Failure {
    let bytes = record.payload.as_deref().map_or(0, <[u8]>::len);
    Failure {
        what: format!(
            "the event at {} ({bytes} bytes) cannot be relayed: {}; everything before it was relayed",
            format_place(record),
            why.what
        ),
        ..why.clone()
    }
}

fn without_topic(record: &Record<'_>, why: &str) -> Failure {
    Failure {
        class: FailureClass::Setup,
        what: format!(
            "the event at {} cannot be relayed: {why}; everything before it was relayed",
            format_place(record)
        ),
        fix: Some(
            "leave the collection out with -c '!NAME', or give a --to-topic without {collection}"
                .to_owned(),
        ),
        raw: None,
    }
}

impl Counts {
    /// A line for the end of a run.
    pub fn summary(&self) -> String {
        let mut text = format!(
            "relayed {} in {}",
            plural(self.relayed, "event"),
            plural(self.transactions, "transaction")
        );
        for (count, what) in [
            (self.documents, "documents of a snapshot"),
            (self.already_included, "already in the snapshot"),
            (self.others, "no change of a document"),
            (self.unreadable, "unreadable"),
        ] {
            if count > 0 {
                // Writing to memory cannot fail.
                let _ = write!(text, ", {count} {what}");
            }
        }
        text
    }
}
