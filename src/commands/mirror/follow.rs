//! Applies the stream to the file: changes and offsets in one transaction, up to a gap or the end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::account::Account;
use super::options::Options;
use crate::cli::MirrorOnGap;
use crate::commands::read_source::{report, report_stopped};
use crate::commands::snapshot_read::StreamStart;
use crate::commands::{Context, tail};
use crate::event::{self, Event, EventKind};
use crate::kafka::{self, Connection, ReadStopped, Reader};
use crate::mirror::{Change, FoundGap, MirrorFile, MirrorState, Problem};
use crate::record::position::Position;
use crate::record::{
    Failure, FailureClass, GapReason, OffsetGap, Place, Record, Source, SourceItem,
};
use crate::snapshot::document_id::DocumentId;
use crate::snapshot::manifest::{self, Manifest};
use crate::state::Coverage;
use crate::util::exit::Exit;

/// A transaction ends after this many records.
const MAX_RECORDS: u32 = 1000;
/// A transaction ends after this time, so that readers see a change soon.
const MAX_TRANSACTION: Duration = Duration::from_millis(200);
/// Timeout of a poll; short, because Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(50);

/// How a read of the stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// At the end of the stream.
    ToTheEnd,
    /// At a gap, which is in the file.
    ToGap,
}

/// Applies records to the file.
pub(super) struct Follower<'m> {
    file: &'m mut MirrorFile,
    options: &'m Options,
    topic: String,
    coverage: Coverage,
    /// The collections of the snapshot, if the mirror has not the whole app.
    selected: Option<BTreeSet<String>>,
    start: Vec<manifest::Position>,
    /// Records in the open transaction.
    records: u32,
    begun: Instant,
    account: Account,
}

/// What a record means for the run.
enum Taken {
    Done,
    Gap(Option<u64>),
    Unreadable(String),
}

/// Where a read continues.
enum Next {
    Record,
    Stop(Followed),
}

impl<'m> Follower<'m> {
    pub fn new(file: &'m mut MirrorFile, options: &'m Options) -> Result<Follower<'m>, Failure> {
        let start = file.positions()?;
        let topic = start
            .first()
            .map_or_else(String::new, |one| one.topic.clone());
        let manifest = file.manifest()?;
        let coverage = manifest.as_ref().map(|one| Coverage::new(one, &topic));
        let names = |one: &Manifest| one.collections.iter().map(|one| one.name.clone()).collect();
        let is_part = !options.read.patterns.is_empty();
        Ok(Follower {
            selected: manifest.as_ref().filter(|_| is_part).map(names),
            coverage: coverage.unwrap_or_default(),
            file,
            options,
            topic,
            start,
            records: 0,
            begun: Instant::now(),
            account: Account::default(),
        })
    }

    /// Reads from the offsets in the file: to the end of the stream, and then, if the run has no end, what follows.
    ///
    /// # Errors
    /// The exit code of a reported error, or of Ctrl-C. What was applied is in the file.
    pub fn follow(
        &mut self,
        connection: &Connection,
        context: &mut Context<'_>,
    ) -> Result<Followed, Exit> {
        let interrupt = Arc::clone(context.interrupt);
        let note = &mut |line: &str| context.out.note(line);
        let topic = kafka::connect(connection.clone(), interrupt, note);
        let topic = topic.map_err(|stopped| report_stopped(stopped, context))?;
        let range = StreamStart::new(&self.start, topic.name()).range(Some(Position::End));
        let mut reader = start(topic, &range, context)?;
        // The file may say that it is current, as it was when an earlier run ended.
        let stated = self.file.set_state(MirrorState::CatchingUp);
        let stated = stated.and_then(|()| self.file.commit(&[]));
        stated.map_err(|failure| report(&failure, context))?;
        if self.read(&mut reader, context)? == Followed::ToGap {
            return Ok(Followed::ToGap);
        }
        self.set_current(&reader, context)?;
        if self.options.ends {
            return Ok(Followed::ToTheEnd);
        }
        if context.out.stderr_terminal {
            let topic = &self.topic;
            context
                .out
                .note(&format!("following the stream of {topic}… (Ctrl-C ends)"));
        }
        let range = StreamStart::of(&reader).range(None);
        let mut reader = start(reader.close(), &range, context)?;
        self.read(&mut reader, context)
    }

    fn set_current(&mut self, reader: &Reader, context: &mut Context<'_>) -> Result<(), Exit> {
        let done = self
            .file
            .set_state(MirrorState::Current)
            .and_then(|()| self.commit(reader, None));
        done.map_err(|failure| report(&failure, context))?;
        self.account.report(context);
        context
            .out
            .note(&format!("the mirror {} is current", self.file.name()));
        Ok(())
    }

    fn read(&mut self, reader: &mut Reader, context: &mut Context<'_>) -> Result<Followed, Exit> {
        loop {
            match self.step(reader, context) {
                Ok(Next::Record) => {}
                Ok(Next::Stop(followed)) => {
                    context.out.end_progress();
                    return Ok(followed);
                }
                Err(stopped) => {
                    context.out.end_progress();
                    // The offsets of the reader are after a record that was not applied.
                    self.file.rollback();
                    return Err(report_stopped(stopped, context));
                }
            }
        }
    }

    /// Takes one item.
    fn step(
        &mut self,
        reader: &mut Reader,
        context: &mut Context<'_>,
    ) -> Result<Next, ReadStopped> {
        let taken = match reader.next(POLL_TIMEOUT) {
            SourceItem::Record(record) => {
                let place = record.place.position();
                (self.take(&record)?, place)
            }
            SourceItem::OffsetGap(lost) => return Ok(self.stop_at_offset_gap(&lost, context)?),
            SourceItem::Notice(notice) => {
                tail::report_notice(&notice, context.out);
                return Ok(Next::Record);
            }
            SourceItem::Idle => {
                return self.go_on(reader, context);
            }
            SourceItem::End => {
                self.commit(reader, None)?;
                return Ok(Next::Stop(Followed::ToTheEnd));
            }
            SourceItem::Interrupted => {
                self.commit(reader, None)?;
                self.account.report(context);
                context
                    .out
                    .note("stopped; the next run continues from here");
                return Err(ReadStopped::Interrupted);
            }
            SourceItem::Failed(failure) => {
                self.commit(reader, None)?;
                return Err(ReadStopped::Failed(failure));
            }
        };
        match taken {
            (Taken::Gap(txn), Some(place)) => self.stop_at_gap(txn, place, reader, context),
            (Taken::Unreadable(why), Some(place)) => {
                self.handle_unreadable(&why, place, reader, context)?;
                Ok(Next::Record)
            }
            _ => self.go_on(reader, context),
        }
    }

    fn take(&mut self, record: &Record<'_>) -> Result<Taken, Failure> {
        let Place::Offset {
            partition, offset, ..
        } = record.place
        else {
            return Ok(Taken::Done);
        };
        if self.records == 0 {
            self.begun = Instant::now();
        }
        self.records += 1;
        let event = match event::decode(record.payload.as_deref()) {
            Ok(event) => event,
            Err(why) => return Ok(Taken::Unreadable(why.to_string())),
        };
        match event.kind {
            EventKind::DocumentChanged => self.change(&event, record, (partition, offset)),
            EventKind::RequeryRequired => {
                let txn = event.txn_id.map(|txn| txn.0);
                let selected = self.selected.as_ref();
                let is_resolved = self
                    .coverage
                    .resolves(txn, Some((partition, offset)), selected);
                Ok(if is_resolved {
                    Taken::Done
                } else {
                    Taken::Gap(txn)
                })
            }
            EventKind::Other(_) => {
                self.account.note_other();
                Ok(Taken::Done)
            }
        }
    }

    fn change(
        &mut self,
        event: &Event<'_>,
        record: &Record<'_>,
        (partition, offset): (i32, i64),
    ) -> Result<Taken, Failure> {
        let unreadable = |why: &str| Ok(Taken::Unreadable(why.to_owned()));
        let Some(collection) = event.collection.as_deref() else {
            return unreadable("the event has no collection");
        };
        if !self.options.filter.matches_collection(Some(collection)) {
            return Ok(Taken::Done);
        }
        let Some(id) = event.id().and_then(DocumentId::parse) else {
            return unreadable("the event has no valid _id");
        };
        let Some(txn) = event.txn_id else {
            return unreadable("the event has no txnId");
        };
        let Some(event::Change { before, after }) = event.change() else {
            return unreadable("the event has neither a new nor an old value");
        };
        let applied = self.file.apply(&Change {
            collection,
            key: &id.json(),
            before,
            document: after,
            txn: txn.0,
            time_ms: record.time.map(|time| time.millis),
            partition,
            offset,
            op: event.op().word().unwrap_or_default(),
        })?;
        self.account
            .note(applied, record.time.map(|time| time.millis));
        Ok(Taken::Done)
    }

    fn stop_at_gap(
        &mut self,
        txn: Option<u64>,
        (partition, offset): (i32, i64),
        reader: &Reader,
        context: &mut Context<'_>,
    ) -> Result<Next, ReadStopped> {
        let number = txn.map_or_else(|| "no txnID".to_owned(), |txn| format!("txnID {txn}"));
        let reason = format!(
            "gap at partition {partition} offset {offset} (requeryRequired, {number}): changes are missing"
        );
        self.file.note_gap(&FoundGap {
            reason: &reason,
            announced: true,
            txn,
            after: Some((partition, offset + 1)),
        })?;
        self.file.set_state(MirrorState::BehindGap)?;
        self.commit(reader, Some((partition, offset)))?;
        self.report_gap(&reason, context);
        Ok(Next::Stop(Followed::ToGap))
    }

    /// Stops at offsets that no longer exist. The offsets in the file stay before them.
    fn stop_at_offset_gap(
        &mut self,
        lost: &OffsetGap,
        context: &mut Context<'_>,
    ) -> Result<Next, Failure> {
        // Records of the open transaction may be of the later topic.
        self.file.rollback();
        self.records = 0;
        let reason = format!("gap: {}", lost.message());
        let is_same_topic = matches!(lost.why, GapReason::Retention);
        self.file.note_gap(&FoundGap {
            reason: &reason,
            announced: false,
            txn: None,
            after: is_same_topic.then_some((lost.partition, lost.resumed)),
        })?;
        self.file.set_state(MirrorState::BehindGap)?;
        self.file.commit(&[])?;
        self.report_gap(&reason, context);
        Ok(Next::Stop(Followed::ToGap))
    }

    fn report_gap(&mut self, reason: &str, context: &mut Context<'_>) {
        self.account.report(context);
        let next = match self.options.on_gap {
            MirrorOnGap::Requery => "Taking a new snapshot; readers keep the old copy",
            MirrorOnGap::Stop => "Run mirror again without --on-gap stop",
        };
        context.out.warn(&format!("{reason}. {next}"));
    }

    /// Stops at a record that cannot be applied, or skips it if the user wants that.
    fn handle_unreadable(
        &mut self,
        why: &str,
        (partition, offset): (i32, i64),
        reader: &Reader,
        context: &mut Context<'_>,
    ) -> Result<(), ReadStopped> {
        let place = format!("partition {partition} offset {offset}");
        if self.options.skips_unreadable {
            self.file.note_problem(&Problem {
                partition,
                offset,
                reason: why,
            })?;
            context
                .out
                .warn(&format!("skipped the record at {place}: {why}"));
            self.commit_if_due(reader)?;
            return Ok(());
        }
        self.commit(reader, Some((partition, offset)))?;
        Err(ReadStopped::Failed(Failure {
            class: FailureClass::Read,
            what: format!("the record at {place} cannot be applied: {why}"),
            fix: Some("look at it with tail --from PARTITION:OFFSET; --skip-unreadable continues after it, and the copy is incomplete until the next snapshot".to_owned()),
            raw: None,
        }))
    }

    fn go_on(&mut self, reader: &Reader, context: &mut Context<'_>) -> Result<Next, ReadStopped> {
        if self.commit_if_due(reader)? {
            self.account.show(reader.progress(), context);
        }
        self.account.report_if_due(context);
        Ok(Next::Record)
    }

    /// Whether a transaction was ended.
    fn commit_if_due(&mut self, reader: &Reader) -> Result<bool, Failure> {
        let is_due = self.records >= MAX_RECORDS || self.begun.elapsed() >= MAX_TRANSACTION;
        if self.records == 0 || !is_due {
            return Ok(false);
        }
        self.commit(reader, None)?;
        Ok(true)
    }

    /// Ends the transaction with the offsets of the reader. `before` is a record that was not applied.
    fn commit(&mut self, reader: &Reader, before: Option<(i32, i64)>) -> Result<(), Failure> {
        let incarnation = reader.incarnation();
        let position = |(partition, next): (i32, i64)| {
            let own = before.filter(|(at, _)| *at == partition);
            manifest::Position {
                topic: self.topic.clone(),
                topic_id: incarnation.id.clone(),
                partition,
                next_offset: own.map_or(next, |(_, offset)| offset),
                witness: incarnation
                    .witnesses
                    .get(&partition)
                    .filter(|_| own.is_none())
                    .cloned(),
            }
        };
        let positions: Vec<manifest::Position> =
            reader.positions().into_iter().map(position).collect();
        self.file.commit(&positions)?;
        self.records = 0;
        Ok(())
    }
}

fn start(
    topic: kafka::Topic,
    range: &kafka::ReadRange,
    context: &mut Context<'_>,
) -> Result<Reader, Exit> {
    kafka::start(topic, range).map_err(|stopped| report_stopped(stopped, context))
}
