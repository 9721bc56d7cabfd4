//! Searches each partition for the first record after a transaction, from the beginning: Kafka has no index of
//! transactions.

use std::collections::BTreeMap;
use std::time::Duration;

use super::plan::{OffsetRange, ReadPlan};
use super::reader::Reader;
use super::resume::StartOffsets;
use super::topic::{Offsets, ReadStopped, Topic};
use crate::record::{GapReason, OffsetGap, Place, Progress, Record, Source, SourceItem};

/// How long a poll waits; short, because Ctrl-C is checked in between.
const POLL_TIMEOUT: Duration = Duration::from_millis(100);
/// Records between two progress reports.
const PROGRESS_INTERVAL_RECORDS: u64 = 4096;

/// Finds the first record of each partition for which `is_after` returns `Some(true)`; it returns `None` for records
/// without a transaction. A partition without such a record starts at its end.
///
/// If retention has removed records, and no record at or before `txn` is left to prove that those were old, a gap is
/// reported with the offsets.
///
/// # Errors
/// [`ReadStopped`] for Ctrl-C or a failure.
pub fn find_after_txn(
    topic: Topic,
    txn: u64,
    is_after: &mut dyn FnMut(&Record<'_>) -> Option<bool>,
    report: &mut dyn FnMut(Progress),
) -> Result<(Topic, StartOffsets), ReadStopped> {
    let (lows, highs) = (topic.low_watermarks()?, topic.high_watermarks()?);
    let mut starts = highs.clone();
    let mut proven: BTreeMap<i32, bool> = lows.iter().map(|(&p, &low)| (p, low == 0)).collect();
    let mut reader = Reader::start(topic, plan(&lows, &highs), None)?;
    let mut read = 0_u64;
    loop {
        let place = match reader.next(POLL_TIMEOUT) {
            SourceItem::Record(record) => classify(&record, is_after),
            SourceItem::End => break,
            SourceItem::Interrupted => return Err(ReadStopped::Interrupted),
            SourceItem::Failed(failure) => return Err(ReadStopped::Failed(failure)),
            SourceItem::OffsetGap(_) | SourceItem::Notice(_) | SourceItem::Idle => None,
        };
        match place {
            Some((partition, offset, true)) => {
                starts.insert(partition, offset);
                reader.finish_partition(partition);
            }
            Some((partition, _, false)) => {
                proven.insert(partition, true);
            }
            None => {}
        }
        read += 1;
        if read.is_multiple_of(PROGRESS_INTERVAL_RECORDS) {
            report(reader.progress());
        }
    }
    let topic = reader.close();
    let incarnation = topic.incarnation();
    let partitions = topic.partitions();
    let lost = |partition: i32| {
        let resumed = lows.get(&partition).copied().unwrap_or(0);
        let why = GapReason::PossiblyAfterTxn(txn);
        OffsetGap::new(topic.name(), partition, 0, resumed, why)
    };
    let unproven = proven.iter().filter(|(_, proven)| !**proven);
    let lost = unproven.map(|(partition, _)| lost(*partition)).collect();
    Ok((
        topic,
        StartOffsets {
            next: starts,
            partitions,
            lost,
            incarnation,
        },
    ))
}

fn plan(lows: &Offsets, highs: &Offsets) -> ReadPlan {
    let range = |(&partition, &start): (&i32, &i64)| OffsetRange {
        partition,
        start,
        stop: highs.get(&partition).copied().or(Some(start)),
    };
    ReadPlan {
        ranges: lows.iter().map(range).collect(),
        lost: Vec::new(),
    }
}

fn classify(
    record: &Record<'_>,
    is_after: &mut dyn FnMut(&Record<'_>) -> Option<bool>,
) -> Option<(i32, i64, bool)> {
    let Place::Offset {
        partition, offset, ..
    } = record.place
    else {
        return None;
    };
    is_after(record).map(|after| (partition, offset, after))
}
