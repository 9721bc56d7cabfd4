//! Start offsets of an earlier run, after the topic was compared with the one that it read.

use std::collections::BTreeMap;

use super::plan;
use super::topic::{Offsets, Topic};
use super::witness::WitnessReader;
use crate::record::incarnation::{Incarnation, Remembered, Verdict};
use crate::record::{Notice, OffsetGap};

/// Offsets from which a read continues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartOffsets {
    /// The next offset of each partition that was read.
    pub next: BTreeMap<i32, i64>,
    /// Number of partitions at that time. Later partitions are read from their first record.
    pub partitions: i32,
    /// Known gaps, reported before anything is read.
    pub lost: Vec<OffsetGap>,
    /// The topic in which the offsets were recorded.
    pub incarnation: Incarnation,
}

/// Where an earlier run is resumed.
#[derive(Default)]
pub(super) struct Resumption {
    pub starts: Offsets,
    pub lost: Vec<OffsetGap>,
    pub notices: Vec<Notice>,
    /// The incarnation of the earlier run, if the topic is another one now.
    pub former: Option<Incarnation>,
    /// The incarnation that `starts` belong to.
    pub incarnation: Incarnation,
}

/// Resolves the offsets of an earlier run.
pub(super) fn resume(
    topic: &Topic,
    stored: &StartOffsets,
    lows: &Offsets,
    highs: &Offsets,
) -> Resumption {
    let then = &stored.incarnation;
    let remembered = Remembered {
        incarnation: then,
        next: &stored.next,
    };
    let now = topic.id.clone();
    let low = |partition: &i32| lows.get(partition).copied().unwrap_or(0);
    let watermarks = highs.iter().map(|(id, high)| (*id, (low(id), *high)));
    let verdict =
        WitnessReader::of(topic).judge(&remembered, now.as_deref(), &watermarks.collect());
    let mut resumption = Resumption::default();
    if verdict == Verdict::Replaced {
        let (starts, lost) =
            plan::from_replaced(topic.name(), &stored.next, stored.partitions, lows, highs);
        resumption.starts = starts;
        resumption.lost = lost;
        resumption.notices.push(Notice::TopicReplaced {
            before: then.id.clone(),
            now: now.clone(),
        });
        resumption.former = Some(then.clone());
        resumption.incarnation.id = now;
        return resumption;
    }
    if verdict == Verdict::Unknown && !then.is_empty() {
        resumption.notices.push(Notice::TopicUnverified);
    }
    let (starts, lost) =
        plan::from_stored(topic.name(), &stored.next, stored.partitions, lows, highs);
    let added: Vec<i32> = plan::added(&stored.next, stored.partitions, highs).collect();
    if !added.is_empty() {
        resumption.notices.push(Notice::PartitionsAdded(added));
    }
    resumption.starts = starts;
    resumption.lost = [stored.lost.clone(), lost].concat();
    resumption.incarnation.id = now.or_else(|| then.id.clone());
    if resumption.incarnation.id.is_none() {
        resumption.incarnation.witnesses.clone_from(&then.witnesses);
    }
    resumption
}
