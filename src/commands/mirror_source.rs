//! The changes that a mirror keeps, as a source of records in the form of the stream.

use std::borrow::Cow;
use std::iter::Peekable;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::synthetic_event::{self, Documents};
use crate::mirror::{Batches, HistoryRow, MirrorReader, MirrorState};
use crate::record::{
    Clock, Failure, FailureClass, Place, Progress, Record, Source, SourceItem, Timestamp,
};

/// Opens a mirror that has a complete copy; all reads are of one state of it.
///
/// # Errors
/// A [`Failure`] if the file is no mirror, cannot be read, or is still being loaded for the first time.
pub(super) fn open(path: &Path) -> Result<MirrorReader, Failure> {
    let mirror = MirrorReader::open(path)?;
    mirror.begin()?;
    let state = mirror.state()?.map(|since| since.state);
    if state == Some(MirrorState::Loading) {
        return Err(Failure {
            class: FailureClass::Setup,
            what: format!(
                "the mirror {} has no complete copy yet: its state is 'loading'",
                path.display()
            ),
            fix: Some("wait until mirror says that it is current, or run it again".to_owned()),
            raw: None,
        });
    }
    Ok(mirror)
}

/// The changes of one or two documents, or of all.
pub(super) struct MirrorChanges<'r> {
    changes: Vec<Peekable<Batches<'r, HistoryRow>>>,
    topic: String,
    progress: Progress,
    interrupt: Arc<AtomicBool>,
    row: Option<HistoryRow>,
    payload: Vec<u8>,
}

impl<'r> MirrorChanges<'r> {
    /// The changes of several iterators, in the order in which they were applied; `total` if their number is known.
    ///
    /// # Errors
    /// A [`Failure`] if the file cannot be read.
    pub fn new(
        mirror: &'r MirrorReader,
        changes: impl IntoIterator<Item = Batches<'r, HistoryRow>>,
        total: Option<u64>,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        Ok(MirrorChanges {
            changes: changes.into_iter().map(Iterator::peekable).collect(),
            topic: mirror.meta("topic")?.unwrap_or_default(),
            progress: Progress { done: 0, total },
            interrupt: Arc::clone(interrupt),
            row: None,
            payload: Vec::new(),
        })
    }

    /// Partition and row of the first change of each document.
    pub fn first_rows(&mut self) -> Vec<(i32, i64)> {
        let firsts = self.changes.iter_mut().filter_map(Peekable::peek);
        let firsts = firsts.filter_map(|row| row.as_ref().ok());
        firsts.map(|row| (row.partition, row.id)).collect()
    }

    /// The next row; an error comes first.
    fn next_row(&mut self) -> Option<Result<HistoryRow, Failure>> {
        let place = |changes: &mut Peekable<Batches<'r, HistoryRow>>| {
            let next = changes.peek()?;
            Some(next.as_ref().map_or(i64::MIN, |row| row.id))
        };
        let places = self.changes.iter_mut().map(place).enumerate();
        let ready = places.filter_map(|(at, place)| Some((place?, at)));
        let (_, at) = ready.min()?;
        self.changes.get_mut(at)?.next()
    }
}

impl Source for MirrorChanges<'_> {
    fn next(&mut self, _: Duration) -> SourceItem<'_> {
        if self.interrupt.load(Ordering::Relaxed) {
            return SourceItem::Interrupted;
        }
        let row = match self.next_row() {
            None => return SourceItem::End,
            Some(Err(failure)) => return SourceItem::Failed(failure),
            Some(Ok(row)) => self.row.insert(row),
        };
        self.progress.done += 1;
        write_event(row, &mut self.payload);
        let place = Place::Offset {
            topic: &self.topic,
            partition: row.partition,
            offset: row.offset,
        };
        SourceItem::Record(record(place, row.changed_at, &self.payload))
    }

    fn progress(&self) -> Progress {
        self.progress
    }
}

/// A record with a built payload.
pub(super) fn record<'r>(place: Place<'r>, millis: Option<i64>, payload: &'r [u8]) -> Record<'r> {
    Record {
        place,
        time: millis.map(|millis| Timestamp {
            millis,
            clock: Clock::Unknown,
        }),
        leader_epoch: None,
        key: None,
        headers: Vec::new(),
        payload: Some(Cow::Borrowed(payload)),
    }
}

/// Replaces `payload` with the event of a change. If earlier rows were deleted, the document before an update is not known:
/// the event is then that of a document that was read. A removed document is then its id.
fn write_event(row: &HistoryRow, payload: &mut Vec<u8>) {
    let only_id;
    let documents = match (row.op.as_str(), &row.before, &row.document) {
        ("insert", _, Some(new)) => Documents::Insert(new),
        (_, Some(old), Some(new)) => Documents::Update(old, new),
        (_, None, Some(new)) => Documents::Read(new),
        (_, Some(old), None) => Documents::Remove(old),
        (_, None, None) => {
            only_id = format!("{{\"_id\":{}}}", row.key);
            Documents::Remove(only_id.as_bytes())
        }
    };
    synthetic_event::write(&row.collection, documents, Some(row.txn), payload);
}
