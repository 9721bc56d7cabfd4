//! What was read from each partition, and what its log has.

use std::collections::HashMap;
use std::sync::Arc;

/// One partition of a topic, or of a capture whose records have partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStats {
    /// The topic; empty if the capture does not name it.
    pub topic: Arc<str>,
    /// The partition, counted from 0.
    pub partition: i32,
    /// Number of records that were read.
    pub records: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// The lowest and the highest offset that was read.
    pub offsets: Option<(i64, i64)>,
    /// The earliest and the latest time of a record, in milliseconds since 1970.
    pub times: Option<(i64, i64)>,
    /// What its log has, for a topic.
    pub log: Option<PartitionLog>,
}

/// The log of a partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PartitionLog {
    /// The oldest offset that exists.
    pub start: i64,
    /// The next offset that will be written.
    pub end: i64,
    /// The next offset of a reader, if it has one.
    pub position: Option<i64>,
    /// When retention may remove the record at the position, in milliseconds since 1970; `None` if that is not known, or if
    /// there is no such record yet.
    pub expires: Option<i64>,
}

impl PartitionLog {
    /// The number of offsets from a reader's position to the end; `None` without a position.
    #[must_use]
    pub fn lag(&self) -> Option<i64> {
        let position = self.position?;
        Some((self.end - position.max(self.start)).max(0))
    }

    /// The number of offsets that retention removed before they were read.
    #[must_use]
    pub fn lost(&self) -> i64 {
        self.position
            .map_or(0, |position| (self.start - position).max(0))
    }
}

/// The partitions of the records so far.
#[derive(Debug, Default)]
pub struct Partitions {
    all: Vec<PartitionStats>,
    /// The partitions of the topic of the last record, by number.
    index: HashMap<i32, usize>,
    topic: Arc<str>,
}

impl Partitions {
    /// Counts a record.
    pub fn count(
        &mut self,
        topic: &str,
        (partition, offset): (i32, i64),
        bytes: u64,
        millis: Option<i64>,
    ) {
        let partition = self.partition(topic, partition);
        partition.records += 1;
        partition.bytes += bytes;
        let (low, high) = partition.offsets.unwrap_or((offset, offset));
        partition.offsets = Some((low.min(offset), high.max(offset)));
        if let Some(millis) = millis {
            super::extend(&mut partition.times, millis);
        }
    }

    /// Notes what the log of a partition has.
    pub fn set_log(&mut self, topic: &str, partition: i32, log: PartitionLog) {
        self.partition(topic, partition).log = Some(log);
    }

    /// The partitions by topic and number.
    #[must_use]
    pub fn sorted(&self) -> Vec<&PartitionStats> {
        let mut all: Vec<&PartitionStats> = self.all.iter().collect();
        all.sort_unstable_by_key(|one| (Arc::clone(&one.topic), one.partition));
        all
    }

    fn partition(&mut self, topic: &str, partition: i32) -> &mut PartitionStats {
        if *self.topic != *topic {
            self.topic = topic.into();
            let of_topic = self.all.iter().enumerate();
            self.index = of_topic
                .filter(|(_, one)| *one.topic == *topic)
                .map(|(at, one)| (one.partition, at))
                .collect();
        }
        let next = self.all.len();
        let at = *self.index.entry(partition).or_insert(next);
        if at == next {
            self.all.push(PartitionStats {
                topic: Arc::clone(&self.topic),
                partition,
                records: 0,
                bytes: 0,
                offsets: None,
                times: None,
                log: None,
            });
        }
        &mut self.all[at]
    }
}

/// How uneven the partitions are: the records of the largest one, divided by their mean; `None` without records.
#[must_use]
#[allow(clippy::cast_precision_loss)]
pub fn skew(partitions: &[&PartitionStats]) -> Option<f64> {
    let records = partitions.iter().map(|one| one.records);
    let (largest, all) = (records.clone().max()?, records.sum::<u64>());
    (all > 0).then(|| largest as f64 * partitions.len() as f64 / all as f64)
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::*;

    #[test]
    fn records_are_counted_by_topic_and_partition() {
        let mut partitions = Partitions::default();
        for (topic, partition, offset) in [
            ("", 0, 9),
            ("b", 1, 7),
            ("a", 1, 3),
            ("b", 1, 5),
            ("b", 0, 1),
        ] {
            partitions.count(topic, (partition, offset), 10, Some(offset));
        }
        let sorted = partitions.sorted();
        let found: Vec<_> = sorted
            .iter()
            .map(|one| (&*one.topic, one.partition, one.records, one.offsets))
            .collect();
        assert_eq!(
            found,
            [
                ("", 0, 1, Some((9, 9))),
                ("a", 1, 1, Some((3, 3))),
                ("b", 0, 1, Some((1, 1))),
                ("b", 1, 2, Some((5, 7))),
            ]
        );
        assert_eq!(skew(&sorted), Some(1.6));
        assert_eq!(skew(&[]), None);
    }

    #[test]
    fn a_lag_counts_what_still_exists() {
        for (start, end, position, lag, lost) in [
            (0, 10, Some(4), Some(6), 0),
            (0, 10, Some(10), Some(0), 0),
            (5, 10, Some(2), Some(5), 3),
            (0, 10, Some(12), Some(0), 0),
            (3, 10, None, None, 0),
        ] {
            let log = PartitionLog {
                start,
                end,
                position,
                expires: None,
            };
            assert_eq!((log.lag(), log.lost()), (lag, lost), "{log:?}");
        }
    }
}
