//! Witnesses: records whose content shows whether a partition is still the one that was read.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use super::config::Connection;
use super::inspect::{Inspector, OpenPartitions, Partition, QueryError, ReadItem};
use super::topic::{Offsets, Topic};
use crate::record::incarnation::{Incarnation, Observed, Remembered, Verdict, Witness, compare};
use crate::record::{Place, Record};
use crate::tls::Sha256;

/// Timeout of one query.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The low and high watermark of each partition.
type Watermarks = BTreeMap<i32, (i64, i64)>;

/// The witness of a record; `None` if it has no offset.
pub(super) fn of(record: &Record<'_>) -> Option<(i32, Witness)> {
    let Place::Offset {
        partition, offset, ..
    } = record.place
    else {
        return None;
    };
    let mut digest = Sha256::default();
    for part in [&record.key, &record.payload] {
        // The length separates key and payload, and -1 a missing one from an empty one.
        let length = part
            .as_ref()
            .map_or(-1, |part| i64::try_from(part.len()).unwrap_or(i64::MAX));
        digest.add(&length.to_be_bytes());
        digest.add(part.as_deref().unwrap_or_default());
    }
    let witness = Witness {
        offset,
        timestamp: record.time.map(|time| time.millis),
        sha256: digest.digits(),
    };
    Some((partition, witness))
}

/// Reads witnesses over a connection of its own.
#[derive(Clone)]
pub(super) struct WitnessReader {
    connection: Connection,
    interrupt: Arc<AtomicBool>,
}

impl WitnessReader {
    pub(super) fn of(topic: &Topic) -> WitnessReader {
        let connection = Connection {
            group: None,
            ..topic.connection.clone()
        };
        WitnessReader {
            connection,
            interrupt: Arc::clone(&topic.interrupt),
        }
    }

    fn inspector(&self) -> Result<Inspector, QueryError> {
        Inspector::new(self.connection.clone(), Arc::clone(&self.interrupt))
    }

    /// For each partition, the record before the next offset, if there is one.
    pub(super) fn before(&self, next: &Offsets, lows: &Offsets) -> BTreeMap<i32, Witness> {
        let low = |partition: &i32| lows.get(partition).copied().unwrap_or(0);
        let filled = next.iter().filter(|(id, next)| **next > low(id));
        let offsets: Vec<(i32, i64)> = filled.map(|(id, next)| (*id, next - 1)).collect();
        let found = self
            .inspector()
            .and_then(|inspector| records_at(&inspector, &offsets));
        found.unwrap_or_default()
    }

    /// Compares the topic, which has this id now, with the one in which positions were recorded.
    pub(super) fn judge(
        &self,
        remembered: &Remembered<'_>,
        id: Option<&str>,
        watermarks: &Watermarks,
    ) -> Verdict {
        let read = |offsets: &[(i32, i64)]| records_at(&self.inspector()?, offsets);
        judge(remembered, id, watermarks, read).unwrap_or(Verdict::Unknown)
    }

    fn check(&self, remembered: &Remembered<'_>) -> Result<Verdict, QueryError> {
        let inspector = self.inspector()?;
        let partitions = inspector.with_watermarks(&inspector.partitions(TIMEOUT)?, TIMEOUT)?;
        judge_by(&inspector, remembered, None, &partitions)
    }
}

/// Compares the topic, which has this id and these partitions now, with the one in which positions were recorded.
///
/// # Errors
/// [`QueryError`] if a witness cannot be read.
pub fn judge_by(
    inspector: &Inspector,
    remembered: &Remembered<'_>,
    id: Option<&str>,
    partitions: &[Partition],
) -> Result<Verdict, QueryError> {
    let known = partitions
        .iter()
        .filter_map(|one| Some((one.id, (one.low?, one.high?))));
    let watermarks: Watermarks = known.collect();
    if id.is_none() && watermarks.len() < partitions.len() {
        // A partition without a leader is not a missing one.
        return Ok(Verdict::Unknown);
    }
    let read = |offsets: &[(i32, i64)]| records_at(inspector, offsets);
    judge(remembered, id, &watermarks, read)
}

/// Decides without records if possible, because reading takes a connection.
fn judge(
    remembered: &Remembered<'_>,
    id: Option<&str>,
    watermarks: &Watermarks,
    read: impl FnOnce(&[(i32, i64)]) -> Result<BTreeMap<i32, Witness>, QueryError>,
) -> Result<Verdict, QueryError> {
    let decide = |found: &BTreeMap<i32, Witness>| {
        let observed = Observed {
            id,
            watermarks,
            found,
        };
        compare(remembered, &observed)
    };
    let verdict = decide(&BTreeMap::new());
    if verdict != Verdict::Unknown {
        return Ok(verdict);
    }
    let is_there = |(partition, offset): &(i32, i64)| {
        let range = watermarks.get(partition);
        range.is_some_and(|(low, high)| (*low..*high).contains(offset))
    };
    let witnesses = remembered.incarnation.witnesses.iter();
    let offsets = witnesses.map(|(partition, witness)| (*partition, witness.offset));
    let offsets: Vec<(i32, i64)> = offsets.filter(is_there).collect();
    if offsets.is_empty() {
        return Ok(Verdict::Unknown);
    }
    Ok(decide(&read(&offsets)?))
}

/// The records at these offsets. An offset without a record is missing from the result.
fn records_at(
    inspector: &Inspector,
    offsets: &[(i32, i64)],
) -> Result<BTreeMap<i32, Witness>, QueryError> {
    let mut found = BTreeMap::new();
    if offsets.is_empty() {
        return Ok(found);
    }
    let mut open = OpenPartitions::new(offsets);
    inspector.read(offsets, TIMEOUT, &mut |item| match item {
        ReadItem::End(partition) => open.close(partition),
        ReadItem::Record(record) => {
            let Some((partition, witness)) = of(&record) else {
                return ControlFlow::Continue(());
            };
            // The first record may be a later one, if compaction removed the one that was asked for.
            if open.has(partition) && offsets.contains(&(partition, witness.offset)) {
                found.insert(partition, witness);
            }
            open.close(partition)
        }
    })?;
    Ok(found)
}

/// A comparison on a thread, so that reading goes on meanwhile. Its result is `None` if no broker answered.
pub(super) struct WitnessCheck(Receiver<Option<Verdict>>);

impl WitnessCheck {
    /// Compares the topic with what was read up to these offsets.
    pub(super) fn start(
        reader: WitnessReader,
        incarnation: Incarnation,
        next: Offsets,
    ) -> WitnessCheck {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            let remembered = Remembered {
                incarnation: &incarnation,
                next: &next,
            };
            // The reader of the topic may have ended.
            let _ = send.send(reader.check(&remembered).ok());
        });
        WitnessCheck(receive)
    }

    /// The result, if it is there.
    #[expect(
        clippy::option_option,
        reason = "no result yet, and a result without a verdict"
    )]
    pub(super) fn poll(&self) -> Option<Option<Verdict>> {
        match self.0.try_recv() {
            Ok(verdict) => Some(verdict),
            Err(TryRecvError::Disconnected) => Some(None),
            Err(TryRecvError::Empty) => None,
        }
    }

    /// The result, after waiting for it.
    pub(super) fn wait(&self) -> Option<Verdict> {
        self.0.recv_timeout(TIMEOUT).ok().flatten()
    }
}
