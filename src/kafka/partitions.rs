//! How far each partition has been read, and which are finished.
//! Pure bookkeeping: no client, no clock.

use super::plan::Range;
use super::topic::Offsets;
use crate::record::Progress;

/// The partitions being read.
#[derive(Debug, Default)]
pub(super) struct Parts {
    list: Vec<Part>,
    /// From a partition's number to its place in `list`.
    places: Vec<Option<usize>>,
    /// Partitions with something left to deliver.
    open: usize,
    /// Whether all partitions have a stop.
    bounded: bool,
}

#[derive(Debug)]
struct Part {
    range: Range,
    /// The offset behind the last one delivered.
    next: i64,
    done: bool,
}

impl Part {
    fn new(range: Range) -> Part {
        Part {
            range,
            next: range.start,
            done: range.stop.is_some_and(|stop| range.start >= stop),
        }
    }
}

impl Parts {
    /// For ranges that either all have a stop or all have none.
    pub(super) fn new(ranges: Vec<Range>) -> Parts {
        let bounded = !ranges.is_empty() && ranges.iter().all(|range| range.stop.is_some());
        let mut parts = Parts {
            bounded,
            ..Parts::default()
        };
        for range in ranges {
            parts.add(Part::new(range));
        }
        parts
    }

    /// Partitions that a group handed out, each with its first offset; they have no stop.
    pub(super) fn take_over(&mut self, partitions: &[(i32, i64)]) {
        self.give_up(&partitions.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        for &(partition, start) in partitions {
            self.add(Part::new(Range {
                partition,
                start,
                stop: None,
            }));
        }
    }

    /// Partitions that a group took back: what they are at is somebody else's business now.
    pub(super) fn give_up(&mut self, partitions: &[i32]) {
        let list = std::mem::take(&mut self.list);
        self.places.clear();
        self.open = 0;
        for part in list {
            if !partitions.contains(&part.range.partition) {
                self.add(part);
            }
        }
    }

    /// How many partitions there are.
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    fn add(&mut self, part: Part) {
        let Ok(number) = usize::try_from(part.range.partition) else {
            return;
        };
        if self.places.len() <= number {
            self.places.resize(number + 1, None);
        }
        self.places[number] = Some(self.list.len());
        self.open += usize::from(!part.done);
        self.list.push(part);
    }

    fn part(&mut self, partition: i32) -> Option<&mut Part> {
        let place = usize::try_from(partition)
            .ok()
            .and_then(|number| self.places.get(number).copied().flatten())?;
        self.list.get_mut(place)
    }

    /// A record arrived: whether it is to be delivered. `false` means that its partition is finished.
    pub(super) fn take(&mut self, partition: i32, offset: i64) -> bool {
        let Some(part) = self.part(partition) else {
            return false;
        };
        let beyond = part.range.stop.is_some_and(|stop| offset >= stop);
        if part.done || beyond {
            self.reached_end(partition);
            return false;
        }
        part.next = offset + 1;
        if part.range.stop.is_some_and(|stop| part.next >= stop) {
            self.finish(partition);
        }
        true
    }

    /// A partition's end was reached: a bounded one is finished, also where the last offsets
    /// before its stop hold no record (compaction, transaction markers).
    pub(super) fn reached_end(&mut self, partition: i32) {
        let Some(part) = self.part(partition) else {
            return;
        };
        if let Some(stop) = part.range.stop {
            part.next = part.next.max(stop);
            self.finish(partition);
        }
    }

    /// Nothing more of this partition is wanted.
    pub(super) fn finish(&mut self, partition: i32) {
        if let Some(part) = self.part(partition).filter(|part| !part.done) {
            part.done = true;
            self.open -= 1;
        }
    }

    /// Whether a bounded read has delivered everything.
    pub(super) fn complete(&self) -> bool {
        self.bounded && self.open == 0
    }

    /// Partitions with something left, and their next offsets.
    pub(super) fn open(&self) -> Vec<(i32, i64)> {
        let open = self.list.iter().filter(|part| !part.done);
        open.map(|part| (part.range.partition, part.next)).collect()
    }

    /// Every partition, and the offset behind what lies behind us.
    pub(super) fn positions(&self) -> Vec<(i32, i64)> {
        let all = self.list.iter();
        all.map(|part| (part.range.partition, part.next)).collect()
    }

    /// Partitions that delivered something, and the offsets behind it.
    pub(super) fn delivered(&self) -> Vec<(i32, i64)> {
        let moved = self.list.iter().filter(|part| part.next > part.range.start);
        moved
            .map(|part| (part.range.partition, part.next))
            .collect()
    }

    /// Open partitions whose next offset is older than what is there: partition, next, oldest.
    pub(super) fn overtaken(&self, lows: &Offsets) -> Vec<(i32, i64, i64)> {
        self.open()
            .into_iter()
            .filter_map(|(partition, next)| {
                let low = *lows.get(&partition)?;
                (next < low).then_some((partition, next, low))
            })
            .collect()
    }

    /// The first open partition whose next offset is behind its end: partition, next, end.
    pub(super) fn past(&self, highs: &Offsets) -> Option<(i32, i64, i64)> {
        self.open().into_iter().find_map(|(partition, next)| {
            let high = *highs.get(&partition)?;
            (next > high).then_some((partition, next, high))
        })
    }

    /// Goes on at another offset, after a loss.
    pub(super) fn resume(&mut self, partition: i32, next: i64) {
        let Some(part) = self.part(partition) else {
            return;
        };
        part.next = next;
        if part.range.stop.is_some_and(|stop| next >= stop) {
            self.finish(partition);
        }
    }

    /// Gives every partition a stop.
    pub(super) fn stop_at(&mut self, stops: &Offsets) {
        self.bounded = true;
        for part in &mut self.list {
            let stop = stops.get(&part.range.partition).copied();
            part.range.stop = Some(stop.unwrap_or(part.next));
            part.done = part.range.stop.is_some_and(|stop| part.next >= stop);
        }
        self.open = self.list.iter().filter(|part| !part.done).count();
    }

    /// How many offsets of how many lie behind.
    pub(super) fn progress(&self) -> Progress {
        let width = |from: i64, to: i64| u64::try_from(to - from).unwrap_or(0);
        let behind = |part: &Part| match (part.done, part.range.stop) {
            (true, Some(_)) => part.range.len(),
            _ => width(part.range.start, part.next),
        };
        Progress {
            done: self.list.iter().map(behind).sum(),
            total: self
                .bounded
                .then(|| self.list.iter().map(|part| part.range.len()).sum()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounded(ranges: &[(i32, i64, i64)]) -> Parts {
        let range = |&(partition, start, stop): &(i32, i64, i64)| Range {
            partition,
            start,
            stop: Some(stop),
        };
        Parts::new(ranges.iter().map(range).collect())
    }

    #[test]
    fn the_end_is_exact() {
        const END: i64 = -1;
        for (arrivals, delivered, complete) in [
            (&[0, 1, 2][..], &[0, 1, 2][..], true),
            (&[0, 1], &[0, 1], false),
            // Offset 2 is a transaction marker: only the partition's end tells.
            (&[0, 1, END], &[0, 1], true),
            // Offset 2 was compacted away and newer records follow.
            (&[0, 5, 6], &[0], true),
            (&[END], &[], true),
        ] {
            let mut parts = bounded(&[(4, 0, 3)]);
            let mut seen = Vec::new();
            for &arrival in arrivals {
                if arrival == END {
                    parts.reached_end(4);
                } else if parts.take(4, arrival) {
                    seen.push(arrival);
                }
            }
            assert_eq!(
                (&seen[..], parts.complete()),
                (delivered, complete),
                "{arrivals:?}"
            );
        }
    }

    #[test]
    fn nothing_to_read_is_complete_at_once_and_following_never_is() {
        assert!(bounded(&[(0, 5, 5), (1, 7, 7)]).complete());
        let mut parts = Parts::default();
        parts.take_over(&[(0, 5)]);
        parts.reached_end(0);
        assert!(!parts.complete());
        assert_eq!(parts.progress().total, None);
    }

    #[test]
    fn a_lost_position_goes_on_at_the_oldest_record() {
        let mut parts = bounded(&[(0, 0, 10), (1, 0, 10)]);
        assert!(parts.take(1, 7));
        let lows: Offsets = [(0, 4), (1, 8)].into();
        assert_eq!(parts.overtaken(&lows), [(0, 0, 4)]);
        parts.resume(0, 4);
        assert_eq!(parts.open(), [(0, 4), (1, 8)]);
        parts.resume(0, 12);
        assert_eq!(parts.open(), [(1, 8)]);
    }

    #[test]
    fn a_late_stop_finishes_what_is_behind_it() {
        let mut parts = Parts::default();
        parts.take_over(&[(0, 0), (1, 5)]);
        assert!(parts.take(0, 9));
        parts.stop_at(&[(0, 10), (1, 6)].into());
        assert_eq!(parts.open(), [(1, 5)]);
        parts.reached_end(1);
        assert!(parts.complete());
    }

    #[test]
    fn progress_counts_offsets() {
        let mut parts = bounded(&[(0, 10, 20), (1, 0, 5)]);
        assert!(parts.take(0, 14));
        parts.reached_end(1);
        let progress = parts.progress();
        assert_eq!((progress.done, progress.total), (10, Some(15)));
    }

    #[test]
    fn a_group_hands_out_and_takes_back() {
        let mut parts = Parts::default();
        parts.take_over(&[(0, 5), (2, 7)]);
        assert!(parts.take(2, 7));
        parts.take_over(&[(1, 0)]);
        assert_eq!((parts.count(), parts.delivered()), (3, vec![(2, 8)]));
        parts.give_up(&[0, 2]);
        assert_eq!((parts.count(), parts.open()), (1, vec![(1, 0)]));
        assert!(!parts.take(2, 8) && parts.take(1, 3));
        // Handed out again, a partition starts where the group says, whatever was known of it.
        parts.take_over(&[(1, 1)]);
        assert_eq!(
            (parts.delivered(), parts.positions()),
            (vec![], vec![(1, 1)])
        );
        assert!(!parts.complete());
    }
}
