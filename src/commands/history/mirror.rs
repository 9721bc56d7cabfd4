//! The versions of a document in a mirror: the changes that it keeps, and its copy of the document.

use std::path::Path;

use super::coverage::{End, Start};
use super::document_reader::{DocumentReader, Vanished, VersionSink};
use super::survey::Survey;
use super::timeline::State;
use super::wanted::Wanted;
use crate::commands::Context;
use crate::commands::mirror_source::{self, MirrorChanges};
use crate::commands::read_source::{Visitor as _, read_to_end, report};
use crate::commands::synthetic_event::{self, Documents};
use crate::mirror::{MirrorReader, MirrorState, Row};
use crate::record::{Failure, Place, Source as _};
use crate::util::exit::Exit;
use crate::util::text::plural;
use crate::util::time::parse_rfc3339;
use crate::view::WallClock;

/// A mirror, and the document that is wanted from it.
pub(super) struct MirrorDocument<'w> {
    mirror: MirrorReader,
    wanted: &'w Wanted,
    /// The ids that are meant, as canonical JSON.
    keys: Vec<String>,
    clock: WallClock,
}

impl<'w> MirrorDocument<'w> {
    /// # Errors
    /// The exit code of a reported failure.
    pub fn open(path: &Path, wanted: &'w Wanted, context: &mut Context<'_>) -> Result<Self, Exit> {
        let mirror = mirror_source::open(path);
        Ok(MirrorDocument {
            mirror: mirror.map_err(|failure| report(&failure, context))?,
            wanted,
            keys: wanted.keys(),
            clock: WallClock::new(context.env.now.clone()),
        })
    }

    /// Reads the changes, and then, if the reader wants the whole history, the copy.
    ///
    /// # Errors
    /// The exit code of a reported failure, or if nothing more has to be read.
    pub fn read<S: VersionSink>(
        &self,
        reader: &mut DocumentReader<'_, S>,
        is_whole: bool,
        context: &mut Context<'_>,
    ) -> Result<(), Exit> {
        let interrupt = context.interrupt;
        let failed = |failure: Failure, context: &mut Context<'_>| report(&failure, context);
        let collection = &self.wanted.collection;
        let changes = self.keys.iter();
        let changes = changes.map(|key| self.mirror.changes_of(collection, key));
        let mut source = MirrorChanges::new(&self.mirror, changes, None, interrupt)
            .map_err(|failure| failed(failure, context))?;
        let firsts = source.first_rows();
        read_to_end(&mut source, reader, false, context)?;
        let has_changes = source.progress().done > 0;
        self.note_starts(&firsts, reader)
            .and_then(|()| self.read_copy(reader, is_whole, has_changes))
            .map_err(|failure| failed(failure, context))?;
        reader.write(context.out)
    }

    /// Since when the changes are complete, in the partitions of the documents' first changes.
    fn note_starts<S: VersionSink>(
        &self,
        firsts: &[(i32, i64)],
        reader: &mut DocumentReader<'_, S>,
    ) -> Result<(), Failure> {
        for (partition, first) in firsts {
            let start = self.mirror.history_start(*partition)?;
            let start = start.filter(|start| start.id <= *first).map(|start| Start {
                offset: Some(start.offset),
                millis: start.changed_at,
                txn: Some(start.txn),
            });
            reader.coverage.set_start(Some(*partition), start);
        }
        Ok(())
    }

    fn read_copy<S: VersionSink>(
        &self,
        reader: &mut DocumentReader<'_, S>,
        is_whole: bool,
        has_changes: bool,
    ) -> Result<(), Failure> {
        let snapshot = self.mirror.manifest()?;
        let snapshot_end = snapshot.and_then(|one| parse_rfc3339(&one.ended));
        let mut end = self.end(snapshot_end)?;
        if is_whole {
            for key in &self.keys {
                let row = self.mirror.document(&self.wanted.collection, key)?;
                if let Some(row) = &row {
                    end.millis = end.millis.max(row.changed_at);
                    end.txn = end.txn.max(row.txn);
                }
                self.compare(key, row.as_ref(), snapshot_end, reader)?;
            }
        }
        match (reader.is_found(), is_whole) {
            (true, true) if !has_changes => reader.notes.push(self.why_no_changes()?),
            (true, _) => {}
            (false, true) => {
                reader.survey = Some(Survey::of_mirror(&self.mirror, self.wanted, &self.keys)?);
            }
            (false, false) => reader.notes.push(
                "the mirror keeps no change of the document between these positions".to_owned(),
            ),
        }
        reader.coverage.end = Some(end);
        self.note_gaps(reader, has_changes)
    }

    /// Passes on the copy of a document if the changes do not end with it.
    fn compare<S: VersionSink>(
        &self,
        key: &str,
        row: Option<&Row>,
        snapshot_end: Option<i64>,
        reader: &mut DocumentReader<'_, S>,
    ) -> Result<(), Failure> {
        let document = usize::from(!key.starts_with('"'));
        match (reader.state(document), row) {
            (Some(State::Present(json)), Some(row)) if *json == row.document => Ok(()),
            (_, Some(row)) => {
                let mut payload = Vec::new();
                let read = Documents::Read(&row.document);
                synthetic_event::write(&self.wanted.collection, read, row.txn, &mut payload);
                // A row without a time comes from the last snapshot.
                let millis = row.changed_at.or(snapshot_end);
                reader.record(&mirror_source::record(Place::Unknown, millis, &payload))
            }
            (Some(State::Present(json)), None) => {
                let was = json.clone();
                let removed_by = self.mirror.removed_by(&self.wanted.collection, key)?;
                // Without a tombstone, the last snapshot has not returned it.
                let vanished = Vanished {
                    collection: &self.wanted.collection,
                    was: &was,
                    gone: (snapshot_end.filter(|_| removed_by.is_none()), removed_by),
                };
                reader.sink.vanished(document, &vanished);
                Ok(())
            }
            (Some(State::Absent) | None, None) => Ok(()),
        }
    }

    fn why_no_changes(&self) -> Result<String, Failure> {
        Ok(if self.mirror.history_end()?.is_none() {
            "the mirror keeps no history (mirror --history): this is its copy of the document, and earlier versions are not known".to_owned()
        } else {
            "the mirror keeps no change of this document: this is its copy, and earlier versions are not known".to_owned()
        })
    }

    /// Up to where the mirror is known to contain the stream.
    fn end(&self, snapshot_end: Option<i64>) -> Result<End, Failure> {
        let last = self.mirror.history_end()?;
        let state = self.mirror.state()?;
        let is_current = state.filter(|since| since.state == MirrorState::Current);
        let millis = [
            snapshot_end,
            last.and_then(|(_, millis)| millis),
            is_current.map(|since| since.since_ms),
        ];
        Ok(End {
            millis: millis.into_iter().flatten().max(),
            txn: last.map(|(txn, _)| txn),
        })
    }

    /// What the mirror may not contain.
    fn note_gaps<S: VersionSink>(
        &self,
        reader: &mut DocumentReader<'_, S>,
        has_changes: bool,
    ) -> Result<(), Failure> {
        let mut doubts = Vec::new();
        if let Some(since) = self.mirror.state()?
            && since.state == MirrorState::BehindGap
        {
            let time = self.clock.format_rfc3339(since.since_ms);
            doubts.push(format!("the mirror is behind a gap since {time}"));
        }
        let skipped = self.mirror.open_problems()?;
        if skipped > 0 {
            let records = plural(skipped, "record");
            doubts.push(format!("the mirror has skipped {records} (ditto_problems)"));
        }
        for doubt in doubts {
            if !reader.sink.doubt(&doubt) {
                reader
                    .notes
                    .push(format!("{doubt}: changes may be missing"));
            }
        }
        let (gaps, last) = self.mirror.resolved_gaps()?;
        if let Some(last) = last.filter(|_| has_changes) {
            let (gaps, time) = (plural(gaps, "gap"), self.clock.format_rfc3339(last));
            reader.notes.push(format!(
                "snapshots resolved {gaps}, the last one at {time}: changes in a gap are not in the mirror's history"
            ));
        }
        Ok(())
    }
}
