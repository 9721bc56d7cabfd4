//! Where in each partition a transaction is passed, found by reading from the beginning: no index knows that.
//! Reading what comes behind it is left to `reader`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Kept;
use super::plan::{Plan, Range};
use super::reader::Reader;
use super::topic::{Offsets, Stopped, Topic};
use crate::record::{Loss, Lost, Place, Progress, Record, Source, Step};

/// How long to wait for a step; only Ctrl-C ends a wait.
const WAIT: Duration = Duration::from_millis(100);
/// How many records pass between two looks at the progress.
const PROGRESS_EVERY: u64 = 4096;

/// Finds the first record of each partition that is behind the transaction `txn`, as `is_behind` says; it answers
/// `None` for records that belong to no transaction. A partition without one is left at its end.
///
/// Where retention has removed records and none at or before `txn` is left to prove that those were old, a loss is
/// reported with the positions.
///
/// # Errors
/// What ends a read: Ctrl-C, or a failure.
pub fn behind(
    topic: Topic,
    txn: u64,
    is_behind: &mut dyn FnMut(&Record<'_>) -> Option<bool>,
    watch: &mut dyn FnMut(Progress),
) -> Result<(Topic, Kept), Stopped> {
    let (lows, highs) = (topic.beginnings()?, topic.ends()?);
    let mut starts = highs.clone();
    let mut proven: BTreeMap<i32, bool> = lows.iter().map(|(&p, &low)| (p, low == 0)).collect();
    let mut reader = Reader::start(topic, plan(&lows, &highs), None)?;
    let mut read = 0_u64;
    loop {
        let place = match reader.next(WAIT) {
            Step::Record(record) => judge(&record, is_behind),
            Step::End => break,
            Step::Interrupted => return Err(Stopped::Interrupted),
            Step::Failed(failure) => return Err(Stopped::Failed(failure)),
            Step::Lost(_) | Step::Notice(_) | Step::Idle => None,
        };
        match place {
            Some((partition, offset, true)) => {
                starts.insert(partition, offset);
                reader.leave(partition);
            }
            Some((partition, _, false)) => {
                proven.insert(partition, true);
            }
            None => {}
        }
        read += 1;
        if read.is_multiple_of(PROGRESS_EVERY) {
            watch(reader.progress());
        }
    }
    let topic = reader.into_topic();
    let partitions = topic.partitions();
    let lost = |partition: i32| Lost {
        topic: topic.name().to_owned(),
        partition,
        wanted: 0,
        resumed: lows.get(&partition).copied().unwrap_or(0),
        why: Loss::Behind(txn),
    };
    let unproven = proven.iter().filter(|(_, proven)| !**proven);
    let lost = unproven.map(|(partition, _)| lost(*partition)).collect();
    Ok((
        topic,
        Kept {
            next: starts,
            partitions,
            lost,
        },
    ))
}

fn plan(lows: &Offsets, highs: &Offsets) -> Plan {
    let range = |(&partition, &start): (&i32, &i64)| Range {
        partition,
        start,
        stop: highs.get(&partition).copied().or(Some(start)),
    };
    Plan {
        ranges: lows.iter().map(range).collect(),
        lost: Vec::new(),
    }
}

fn judge(
    record: &Record<'_>,
    is_behind: &mut dyn FnMut(&Record<'_>) -> Option<bool>,
) -> Option<(i32, i64, bool)> {
    let Place::Offset {
        partition, offset, ..
    } = record.place
    else {
        return None;
    };
    is_behind(record).map(|behind| (partition, offset, behind))
}
