//! The open transaction: when it is committed, and which record has which number in it.

use std::time::{Duration, Instant};

/// A transaction is committed after this many records.
const MAX_RECORDS: usize = 100_000;
/// A transaction is committed after this time, so that readers see an event soon.
const MAX_AGE: Duration = Duration::from_millis(200);
/// The same, if the filters let no event through: only the positions are new.
const MAX_AGE_WITHOUT_RECORDS: Duration = Duration::from_secs(5);

/// Records that were read since the last commit.
#[derive(Debug, Default)]
pub(super) struct Batch {
    begun: Option<Instant>,
    /// Partition and offset in the source of each record that was sent.
    places: Vec<(i32, i64)>,
}

impl Batch {
    /// Notes that something was read.
    pub fn note_read(&mut self, now: impl FnOnce() -> Instant) {
        self.begun.get_or_insert_with(now);
    }

    /// The number of the next record that is sent.
    pub fn number(&mut self, place: (i32, i64)) -> usize {
        self.places.push(place);
        self.places.len() - 1
    }

    /// The place in the source of the record with this number.
    pub fn place(&self, number: usize) -> Option<(i32, i64)> {
        self.places.get(number).copied()
    }

    /// Whether to commit now.
    pub fn is_due(&self, now: Instant) -> bool {
        let limit = if self.places.is_empty() {
            MAX_AGE_WITHOUT_RECORDS
        } else {
            MAX_AGE
        };
        let is_old = |begun| now.saturating_duration_since(begun) >= limit;
        self.places.len() >= MAX_RECORDS || self.begun.is_some_and(is_old)
    }

    /// Number of records that were sent.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.begun = None;
        self.places.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_ends_by_age_or_by_size() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut batch = Batch::default();
        assert!(!batch.is_due(after(60_000)));
        batch.note_read(|| start);
        batch.note_read(|| after(100));
        assert!(!batch.is_due(after(4_999)) && batch.is_due(after(5_000)));
        assert_eq!(batch.number((3, 7)), 0);
        assert!(!batch.is_due(after(199)) && batch.is_due(after(200)));
        for offset in 8.. {
            if batch.is_due(start) {
                break;
            }
            batch.number((3, offset));
        }
        assert_eq!(batch.len(), MAX_RECORDS);
        assert_eq!(batch.place(1), Some((3, 8)));
        assert_eq!(batch.place(MAX_RECORDS), None);
        batch.clear();
        assert!(!batch.is_due(after(60_000)) && batch.place(0).is_none());
    }
}
