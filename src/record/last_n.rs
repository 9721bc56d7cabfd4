//! The last N of what is read, over all partitions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Record;
use super::time_order::{TimeKey, TxnOf};

/// At most so many additions are kept, so that a topic without a readable record does not fill the memory.
const MAX_ADDITIONS: usize = 10_000;

/// Order across partitions: time and transaction, partition, offset. A capture has the place in the file instead of an
/// offset.
pub type Order = (TimeKey, i32, i64);

/// The keys of records that are read in the order of their partitions: never a lower one than that of the record before.
#[derive(Debug)]
pub struct PartitionKeys {
    /// Without it, transactions do not decide.
    txn_of: Option<TxnOf>,
    last: HashMap<i32, TimeKey>,
}

impl PartitionKeys {
    /// The keys of a read that starts here.
    #[must_use]
    pub fn new(txn_of: Option<TxnOf>) -> PartitionKeys {
        PartitionKeys {
            txn_of,
            last: HashMap::new(),
        }
    }

    /// The key of the next record of a partition.
    pub fn next(&mut self, partition: i32, record: &Record<'_>) -> TimeKey {
        let last = self.last.entry(partition).or_insert(TimeKey::START);
        let txn = self.txn_of.and_then(|txn_of| txn_of(record));
        *last = last.next(record.time.map(|time| time.millis), txn);
        *last
    }
}

/// How a value is kept among the last N.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// One of the N.
    Counted,
    /// Kept if it is newer than the oldest of the N, but not one of them: a gap, or an unreadable record.
    Addition,
}

/// The values with the N highest keys, and the additions among them.
#[derive(Debug)]
pub struct LastN<T> {
    capacity: usize,
    counted: usize,
    values: BTreeMap<Order, (Kept, T)>,
    additions: BTreeSet<Order>,
    /// Number of additions that were dropped because there were too many, and the highest key of them.
    dropped: (u64, Option<Order>),
}

impl<T> LastN<T> {
    /// Keeps the last `capacity` counted values.
    #[must_use]
    pub fn new(capacity: usize) -> LastN<T> {
        LastN {
            capacity,
            counted: 0,
            values: BTreeMap::new(),
            additions: BTreeSet::new(),
            dropped: (0, None),
        }
    }

    /// The highest key so far.
    #[must_use]
    pub fn newest(&self) -> Option<Order> {
        self.values.last_key_value().map(|(key, _)| *key)
    }

    /// Adds a value. Keys are unique.
    pub fn push(&mut self, key: Order, kept: Kept, value: T) {
        self.values.insert(key, (kept, value));
        match kept {
            Kept::Counted => self.counted += 1,
            Kept::Addition => {
                self.additions.insert(key);
                self.bound_additions();
            }
        }
        while self.counted > self.capacity {
            self.pop_oldest();
        }
        // What is older than the oldest of the N is outside of the range that was asked for.
        while self.counted == self.capacity && self.starts_with_addition() {
            self.pop_oldest();
        }
    }

    fn starts_with_addition(&self) -> bool {
        let oldest = self.values.first_key_value();
        oldest.is_some_and(|(_, (kept, _))| *kept == Kept::Addition)
    }

    fn pop_oldest(&mut self) {
        match self.values.pop_first() {
            Some((_, (Kept::Counted, _))) => self.counted -= 1,
            Some((key, _)) => drop(self.additions.remove(&key)),
            None => {}
        }
    }

    fn bound_additions(&mut self) {
        if self.additions.len() <= MAX_ADDITIONS {
            return;
        }
        if let Some(oldest) = self.additions.pop_first() {
            self.values.remove(&oldest);
            self.dropped = (self.dropped.0 + 1, self.dropped.1.max(Some(oldest)));
        }
    }

    /// Number of additions in the range that are not kept because there were too many.
    #[must_use]
    pub fn dropped_additions(&self) -> u64 {
        let oldest = self.values.first_key_value().map(|(key, _)| *key);
        let is_outside = self.counted == self.capacity && self.dropped.1 < oldest;
        if is_outside { 0 } else { self.dropped.0 }
    }

    /// The values by time over all partitions, the oldest first. Inside a partition they are in the order of their offsets,
    /// even if its times run backwards.
    pub fn into_values(self) -> impl Iterator<Item = (Order, T)> {
        let values = self.values.into_iter();
        let mut values: Vec<_> = values.map(|(key, (_, value))| (key, value)).collect();
        values.sort_by_key(|((_, partition, offset), _)| (*partition, *offset));
        let mut last = None;
        let mut in_time: Vec<_> = values
            .into_iter()
            .map(|(key, value)| {
                let (time, partition, offset) = key;
                let before = last.filter(|(former, _)| *former == partition);
                let highest = before.map_or(time, |(_, highest)| time.max(highest));
                last = Some((partition, highest));
                ((highest, partition, offset), (key, value))
            })
            .collect();
        in_time.sort_by_key(|(order, _)| *order);
        in_time.into_iter().map(|(_, found)| found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_take_no_place_and_stay_in_the_range() {
        let counted = |key| (key, Kept::Counted);
        let added = |key| (key, Kept::Addition);
        for (pushed, expected) in [
            (&[counted(1), counted(3), counted(2)][..], &[2, 3][..]),
            (&[counted(5), counted(6), counted(1)], &[5, 6]),
            (&[counted(5)], &[5]),
            (&[added(1), counted(2)], &[1, 2]),
            (&[added(1), counted(2), counted(3)], &[2, 3]),
            (&[counted(2), added(4), counted(3)], &[2, 3, 4]),
            (
                &[counted(2), counted(5), added(3), added(6), added(1)],
                &[2, 3, 5, 6],
            ),
            (&[counted(1), added(2), counted(3), counted(4)], &[3, 4]),
            (&[added(1), added(2)], &[1, 2]),
        ] {
            let mut last = LastN::new(2);
            for (key, kept) in pushed {
                last.push((TimeKey::new(*key, 0), 0, 0), *kept, ());
            }
            assert_eq!(last.dropped_additions(), 0);
            let keys: Vec<i64> = last
                .into_values()
                .map(|((time, ..), ())| time.millis())
                .collect();
            assert_eq!(keys, expected, "{pushed:?}");
        }
    }

    #[test]
    fn offsets_decide_inside_a_partition() {
        let mut last = LastN::new(5);
        for (millis, partition, offset) in [(9, 0, 1), (2, 0, 2), (5, 1, 7), (10, 1, 8), (9, 2, 0)]
        {
            last.push(
                (TimeKey::new(millis, 0), partition, offset),
                Kept::Counted,
                (),
            );
        }
        let order: Vec<(i64, i32, i64)> = last
            .into_values()
            .map(|((time, partition, offset), ())| (time.millis(), partition, offset))
            .collect();
        let expected = [(5, 1, 7), (9, 0, 1), (2, 0, 2), (9, 2, 0), (10, 1, 8)];
        assert_eq!(order, expected);
    }

    #[test]
    fn of_equal_times_the_transaction_decides_then_the_partition() {
        for (pushed, expected) in [
            // Transaction and partition of the records; those of the last two.
            ([(3, 0), (2, 1), (1, 2)], [(2, 1), (3, 0)]),
            ([(1, 0), (2, 1), (3, 2)], [(2, 1), (3, 2)]),
            ([(2, 2), (2, 0), (2, 1)], [(2, 1), (2, 2)]),
            ([(2, 1), (9, 0), (1, 2)], [(2, 1), (9, 0)]),
        ] {
            let mut last = LastN::new(2);
            for (txn, partition) in pushed {
                last.push((TimeKey::new(7, txn), partition, 0), Kept::Counted, ());
            }
            let kept: Vec<(u64, i32)> = last
                .into_values()
                .map(|((time, partition, _), ())| (time.txn(), partition))
                .collect();
            assert_eq!(kept, expected, "{pushed:?}");
        }
    }

    #[test]
    fn too_many_additions_are_counted_not_kept() {
        let total = i64::try_from(MAX_ADDITIONS).unwrap_or(i64::MAX) + 7;
        let mut last = LastN::new(1);
        for key in 0..total {
            last.push((TimeKey::new(key, 0), 0, 0), Kept::Addition, ());
        }
        assert_eq!(last.dropped_additions(), 7);
        last.push((TimeKey::new(3, 0), 0, 1), Kept::Counted, ());
        assert_eq!(last.dropped_additions(), 7, "some of them may be newer");
        last.push((TimeKey::new(10, 0), 0, 1), Kept::Counted, ());
        assert_eq!(last.dropped_additions(), 0, "all of them are older");
        assert_eq!(last.into_values().count(), MAX_ADDITIONS + 7 - 10);
    }
}
