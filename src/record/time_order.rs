//! One order in time for records of several streams, such as the partitions of a topic: a k-way merge. Inside a stream the
//! order stays as it is, even if its times run backwards. Pure: no input or output.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Record;

/// Reads the transaction of a record, if it has one.
pub type TxnOf = fn(&Record<'_>) -> Option<u64>;

/// Where a record stands among those of other streams: by time, then by transaction. Streams with equal keys follow each
/// other in the order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeKey {
    /// Milliseconds since 1970-01-01 UTC.
    millis: i64,
    /// 0 if unknown.
    txn: u64,
}

impl TimeKey {
    /// Before any record.
    pub const START: TimeKey = TimeKey {
        millis: i64::MIN,
        txn: 0,
    };

    /// The key of these milliseconds since 1970-01-01 UTC and this transaction, 0 if unknown.
    #[must_use]
    pub fn new(millis: i64, txn: u64) -> TimeKey {
        TimeKey { millis, txn }
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.millis
    }

    /// The transaction; 0 if unknown.
    #[must_use]
    pub fn txn(self) -> u64 {
        self.txn
    }

    /// The key of the next record of a stream whose last record has the key `self`: never a lower one, because the order
    /// inside a stream stays. A record without a time or a transaction follows the one before it.
    #[must_use]
    pub fn next(self, millis: Option<i64>, txn: Option<u64>) -> TimeKey {
        let millis = millis.unwrap_or(self.millis);
        let txn = txn.unwrap_or(0);
        self.max(TimeKey { millis, txn })
    }

    /// As [`TimeKey::next`], from a record.
    #[must_use]
    pub fn of_next(self, record: &Record<'_>, txn_of: TxnOf) -> TimeKey {
        self.next(record.time.map(|time| time.millis), txn_of(record))
    }
}

/// A k-way merge of streams, each known by its number. It holds keys only: the caller holds the records.
#[derive(Debug, Default)]
pub struct Merge {
    /// The key of the last record of each stream.
    last: Vec<TimeKey>,
    heads: BinaryHeap<Reverse<(TimeKey, usize)>>,
    /// Streams whose next record is not known yet.
    waiting: Vec<usize>,
}

impl Merge {
    /// Merges this many streams; the next record of none is known.
    #[must_use]
    pub fn new(streams: usize) -> Merge {
        Merge {
            last: vec![TimeKey::START; streams],
            heads: BinaryHeap::with_capacity(streams),
            waiting: (0..streams).rev().collect(),
        }
    }

    /// A stream whose next record is needed: call [`Merge::put`] or [`Merge::end`] for it.
    #[must_use]
    pub fn waiting(&self) -> Option<usize> {
        self.waiting.last().copied()
    }

    /// The next record of the stream that [`Merge::waiting`] returned.
    pub fn put(&mut self, record: &Record<'_>, txn_of: TxnOf) {
        if let Some(stream) = self.waiting.pop() {
            let key = self.last[stream].of_next(record, txn_of);
            self.last[stream] = key;
            self.heads.push(Reverse((key, stream)));
        }
    }

    /// The stream that [`Merge::waiting`] returned has no further record.
    pub fn end(&mut self) {
        self.waiting.pop();
    }

    /// The stream whose next record comes first. `None` if a stream is waiting, or all have ended.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        let Reverse((_, stream)) = self.heads.peek().filter(|_| self.waiting.is_empty())?;
        Some(*stream)
    }

    /// Takes the record that comes first; its stream is waiting then.
    pub fn take_first(&mut self) {
        if let Some(Reverse((_, stream))) = self.heads.pop() {
            self.waiting.push(stream);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::{Clock, Place, Timestamp};

    /// Time and transaction of a record.
    type Sample = (Option<i64>, Option<u64>);

    fn record((millis, txn): Sample) -> Record<'static> {
        Record {
            place: Place::Unknown,
            time: millis.map(|millis| Timestamp {
                millis,
                clock: Clock::Create,
            }),
            leader_epoch: None,
            key: txn.map(|txn| txn.to_string().into_bytes().into()),
            headers: Vec::new(),
            payload: None,
        }
    }

    fn txn_of(record: &Record<'_>) -> Option<u64> {
        let key = record.key.as_ref()?;
        std::str::from_utf8(key).unwrap().parse().ok()
    }

    /// Stream and index of each record, in the order of the merge.
    fn merged(streams: &[Vec<Sample>]) -> Vec<(usize, usize)> {
        let mut merge = Merge::new(streams.len());
        let mut next = vec![0; streams.len()];
        let mut order = Vec::new();
        loop {
            while let Some(stream) = merge.waiting() {
                match streams[stream].get(next[stream]) {
                    Some(sample) => merge.put(&record(*sample), txn_of),
                    None => merge.end(),
                }
            }
            let Some(stream) = merge.first() else {
                return order;
            };
            order.push((stream, next[stream]));
            next[stream] += 1;
            merge.take_first();
        }
    }

    /// A stable sort by the highest time and transaction so far.
    fn sorted(streams: &[Vec<Sample>]) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        for (stream, samples) in streams.iter().enumerate() {
            let mut highest = (i64::MIN, 0);
            for (index, (millis, txn)) in samples.iter().enumerate() {
                let own = (millis.unwrap_or(highest.0), txn.unwrap_or(0));
                highest = highest.max(own);
                all.push((highest, stream, index));
            }
        }
        all.sort_unstable();
        all.into_iter()
            .map(|(_, stream, index)| (stream, index))
            .collect()
    }

    #[test]
    fn time_then_transaction_then_stream() {
        let at = |millis, txn| (Some(millis), Some(txn));
        for (streams, expected) in [
            (
                vec![vec![at(1, 5), at(3, 9)], vec![at(2, 7)]],
                vec![(0, 0), (1, 0), (0, 1)],
            ),
            (vec![vec![at(1, 6)], vec![at(1, 5)]], vec![(1, 0), (0, 0)]),
            (vec![vec![at(1, 5)], vec![at(1, 5)]], vec![(0, 0), (1, 0)]),
            // Times that run backwards: the offset decides, and the record stands with the one before it.
            (
                vec![vec![at(9, 1), at(2, 2)], vec![at(5, 3), at(10, 4)]],
                vec![(1, 0), (0, 0), (0, 1), (1, 1)],
            ),
            // Without a time or a transaction.
            (
                vec![vec![at(4, 1), (None, None)], vec![at(3, 2), at(5, 3)]],
                vec![(1, 0), (0, 0), (0, 1), (1, 1)],
            ),
            (
                vec![
                    vec![(None, Some(2)), (None, Some(4))],
                    vec![(None, Some(3))],
                ],
                vec![(0, 0), (1, 0), (0, 1)],
            ),
            (vec![vec![], vec![]], vec![]),
        ] {
            assert_eq!(merged(&streams), expected, "{streams:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_merge_is_a_stable_sort(streams in prop::collection::vec(
            prop::collection::vec((prop::option::weighted(0.9, -3..20_i64), prop::option::weighted(0.9, 0..6_u64)), 0..30),
            0..12,
        )) {
            prop_assert_eq!(merged(&streams), sorted(&streams));
        }
    }
}
