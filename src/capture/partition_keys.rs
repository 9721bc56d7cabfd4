//! The place of each record of one capture among all of its partitions in time.

use std::collections::HashMap;

use crate::record::time_order::{TimeKey, TxnOf};
use crate::record::{Place, Record};

/// Where a record stands: by time, then by transaction, then by partition. Records with equal keys keep their order.
pub(super) type SortKey = (TimeKey, i32);

/// The key of the last record of each partition, in the order of the file.
pub(super) struct PartitionKeys {
    txn_of: TxnOf,
    partitions: Vec<LastKey>,
    /// Partition number to its places in `partitions`, one for each topic.
    numbers: HashMap<i32, Vec<usize>>,
    /// The partition of the record before.
    current: usize,
}

struct LastKey {
    /// Empty if it is not known.
    topic: String,
    partition: i32,
    key: TimeKey,
}

impl PartitionKeys {
    pub fn new(txn_of: TxnOf) -> PartitionKeys {
        // The partition of records before the first one that names its partition.
        let unnamed = LastKey {
            topic: String::new(),
            partition: i32::MIN,
            key: TimeKey::START,
        };
        PartitionKeys {
            txn_of,
            partitions: vec![unnamed],
            numbers: HashMap::new(),
            current: 0,
        }
    }

    /// The key of the next record. One without a partition follows the record before it.
    pub fn next(&mut self, record: &Record<'_>) -> SortKey {
        if let Some((topic, partition)) = stream_of(record) {
            self.current = self.find(topic, partition);
        }
        let Some(last) = self.partitions.get_mut(self.current) else {
            return (TimeKey::START, i32::MIN);
        };
        last.key = last.key.of_next(record, self.txn_of);
        (last.key, last.partition)
    }

    fn find(&mut self, topic: &str, partition: i32) -> usize {
        let partitions = &mut self.partitions;
        let is_it = |last: &LastKey| last.partition == partition && last.topic.as_str() == topic;
        if partitions.get(self.current).is_some_and(is_it) {
            return self.current;
        }
        let places = self.numbers.entry(partition).or_default();
        let known = places.iter().copied();
        let found = known
            .into_iter()
            .find(|at| partitions.get(*at).is_some_and(is_it));
        found.unwrap_or_else(|| {
            places.push(partitions.len());
            partitions.push(LastKey {
                topic: topic.to_owned(),
                partition,
                key: TimeKey::START,
            });
            partitions.len() - 1
        })
    }

    /// Number of partitions so far.
    pub fn count(&self) -> usize {
        self.partitions.len() - 1
    }
}

/// The topic, empty if it is not known, and the partition of a record.
fn stream_of<'a>(record: &Record<'a>) -> Option<(&'a str, i32)> {
    match record.place {
        Place::Offset {
            topic, partition, ..
        } => Some((topic, partition)),
        Place::Line { partition, .. } => Some(("", partition?)),
        Place::Unknown => None,
    }
}

/// Whether partition and time of a record are known.
pub(super) fn is_placed(record: &Record<'_>) -> bool {
    record.time.is_some() && stream_of(record).is_some()
}
