//! Progress of each partition. Pure: no client, no clock.

use super::plan::OffsetRange;
use super::topic::Offsets;
use crate::record::Progress;

/// The partitions being read.
#[derive(Debug, Default)]
pub(super) struct PartitionProgress {
    list: Vec<PartitionState>,
    /// The index in `list` for each partition number.
    indexes: Vec<Option<usize>>,
    /// Number of partitions that are not finished.
    open: usize,
    /// Whether all partitions have a stop.
    bounded: bool,
}

#[derive(Debug)]
struct PartitionState {
    range: OffsetRange,
    /// The offset after the last delivered record.
    next: i64,
    /// The position that the group has stored, as far as this member knows.
    stored: i64,
    done: bool,
}

/// A position that a group has not stored yet.
const UNSTORED: i64 = -1;

impl PartitionState {
    fn new(range: OffsetRange) -> PartitionState {
        PartitionState {
            range,
            next: range.start,
            stored: UNSTORED,
            done: range.stop.is_some_and(|stop| range.start >= stop),
        }
    }
}

impl PartitionProgress {
    /// The ranges either all have a stop or all have none.
    pub(super) fn new(ranges: Vec<OffsetRange>) -> PartitionProgress {
        let bounded = !ranges.is_empty() && ranges.iter().all(|range| range.stop.is_some());
        let mut partitions = PartitionProgress {
            bounded,
            ..PartitionProgress::default()
        };
        for range in ranges {
            partitions.add(PartitionState::new(range));
        }
        partitions
    }

    /// Adds partitions that a group assigned, each with its start offset; they have no stop. The group has stored the
    /// start offsets, but for those of `unstored`, which are to be committed even if nothing is read.
    pub(super) fn on_assigned(&mut self, partitions: &[(i32, i64)], unstored: &[i32]) {
        self.remove(&partitions.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        for &(partition, start) in partitions {
            self.follow(partition, start);
            if !unstored.contains(&partition) {
                self.note_stored(&[(partition, start)]);
            }
        }
    }

    /// Removes revoked partitions.
    pub(super) fn remove(&mut self, partitions: &[i32]) {
        let list = std::mem::take(&mut self.list);
        self.indexes.clear();
        self.open = 0;
        for state in list {
            if !partitions.contains(&state.range.partition) {
                self.add(state);
            }
        }
    }

    /// Number of partitions.
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    fn add(&mut self, state: PartitionState) {
        let Ok(number) = usize::try_from(state.range.partition) else {
            return;
        };
        if self.indexes.len() <= number {
            self.indexes.resize(number + 1, None);
        }
        self.indexes[number] = Some(self.list.len());
        self.open += usize::from(!state.done);
        self.list.push(state);
    }

    fn index(&self, partition: i32) -> Option<usize> {
        let number = usize::try_from(partition).ok()?;
        self.indexes.get(number).copied().flatten()
    }

    fn get(&self, partition: i32) -> Option<&PartitionState> {
        self.list.get(self.index(partition)?)
    }

    fn state(&mut self, partition: i32) -> Option<&mut PartitionState> {
        let index = self.index(partition)?;
        self.list.get_mut(index)
    }

    /// Whether to deliver a record that arrived. `false` means that its partition is finished.
    pub(super) fn take(&mut self, partition: i32, offset: i64) -> bool {
        let Some(state) = self.state(partition) else {
            return false;
        };
        let beyond = state.range.stop.is_some_and(|stop| offset >= stop);
        if state.done || beyond {
            self.reached_end(partition);
            return false;
        }
        state.next = offset + 1;
        if state.range.stop.is_some_and(|stop| state.next >= stop) {
            self.finish(partition);
        }
        true
    }

    /// Whether a record lies before the end of its partition.
    pub(super) fn accepts(&self, partition: i32, offset: i64) -> bool {
        self.get(partition)
            .is_some_and(|state| !state.done && state.range.stop.is_none_or(|stop| offset < stop))
    }

    /// Whether a partition has nothing more to deliver, or is not read.
    pub(super) fn is_finished(&self, partition: i32) -> bool {
        self.get(partition).is_none_or(|state| state.done)
    }

    /// End of partition: a bounded one is finished, even if the last offsets before its stop hold no record
    /// (compaction, transaction markers).
    pub(super) fn reached_end(&mut self, partition: i32) {
        let Some(state) = self.state(partition) else {
            return;
        };
        if let Some(stop) = state.range.stop {
            state.next = state.next.max(stop);
            self.finish(partition);
        }
    }

    /// Marks a partition as finished.
    pub(super) fn finish(&mut self, partition: i32) {
        if let Some(state) = self.state(partition).filter(|state| !state.done) {
            state.done = true;
            self.open -= 1;
        }
    }

    /// Whether a bounded read has delivered everything.
    pub(super) fn complete(&self) -> bool {
        self.bounded && self.open == 0
    }

    /// Unfinished partitions with their next offsets.
    pub(super) fn open(&self) -> Vec<(i32, i64)> {
        let open = self.list.iter().filter(|state| !state.done);
        open.map(|state| (state.range.partition, state.next))
            .collect()
    }

    /// Every partition with its next offset.
    pub(super) fn positions(&self) -> Vec<(i32, i64)> {
        let all = self.list.iter();
        all.map(|state| (state.range.partition, state.next))
            .collect()
    }

    /// Positions that the group has not stored yet: of partitions that delivered records, and of new ones. None is after
    /// these partitions and offsets, whose records are not processed.
    pub(super) fn unstored(&self, unfinished: &[(i32, i64)]) -> Vec<(i32, i64)> {
        let processed = self.list.iter().map(|state| {
            let limits = unfinished
                .iter()
                .filter(|limit| limit.0 == state.range.partition);
            let next = limits.fold(state.next, |next, limit| next.min(limit.1));
            (state, next)
        });
        let moved = processed.filter(|(state, next)| *next != state.stored);
        moved
            .map(|(state, next)| (state.range.partition, next))
            .collect()
    }

    /// Notes positions that the group has stored.
    pub(super) fn note_stored(&mut self, positions: &[(i32, i64)]) {
        for (partition, offset) in positions {
            if let Some(state) = self.state(*partition) {
                state.stored = *offset;
            }
        }
    }

    /// Passes offsets that hold no record.
    pub(super) fn pass(&mut self, partition: i32, next: i64) {
        if let Some(state) = self.state(partition) {
            state.next = state.next.max(next);
        }
    }

    /// Sets the position to a gap, so that the gap is found again.
    pub(super) fn hold(&mut self, partition: i32, offset: i64) {
        if let Some(state) = self.state(partition) {
            state.next = offset;
        }
    }

    /// Open partitions whose next offset is below the low watermark: partition, next offset, low watermark.
    pub(super) fn overtaken(&self, lows: &Offsets) -> Vec<(i32, i64, i64)> {
        self.open()
            .into_iter()
            .filter_map(|(partition, next)| {
                let low = *lows.get(&partition)?;
                (next < low).then_some((partition, next, low))
            })
            .collect()
    }

    /// Open partitions whose next offset is above the high watermark, each with its next offset.
    pub(super) fn beyond_end(&self, highs: &Offsets) -> Vec<(i32, i64)> {
        let is_beyond =
            |(partition, next): &(i32, i64)| highs.get(partition).is_some_and(|high| next > high);
        self.open().into_iter().filter(is_beyond).collect()
    }

    /// Whether all partitions have a stop.
    pub(super) fn is_bounded(&self) -> bool {
        self.bounded
    }

    /// Adds a partition without a stop.
    pub(super) fn follow(&mut self, partition: i32, start: i64) {
        self.add(PartitionState::new(OffsetRange {
            partition,
            start,
            stop: None,
        }));
    }

    /// Continues at another offset after a gap.
    pub(super) fn resume(&mut self, partition: i32, next: i64) {
        let Some(state) = self.state(partition) else {
            return;
        };
        state.next = next;
        if state.range.stop.is_some_and(|stop| next >= stop) {
            self.finish(partition);
        }
    }

    /// Gives every partition a stop.
    pub(super) fn stop_at(&mut self, stops: &Offsets) {
        self.bounded = true;
        for state in &mut self.list {
            let stop = stops.get(&state.range.partition).copied();
            state.range.stop = Some(stop.unwrap_or(state.next));
            state.done = state.range.stop.is_some_and(|stop| state.next >= stop);
        }
        self.open = self.list.iter().filter(|state| !state.done).count();
    }

    /// Number of offsets read, and of offsets to read.
    pub(super) fn progress(&self) -> Progress {
        let width = |from: i64, to: i64| u64::try_from(to - from).unwrap_or(0);
        let read = |state: &PartitionState| match (state.done, state.range.stop) {
            (true, Some(_)) => state.range.len(),
            _ => width(state.range.start, state.next),
        };
        Progress {
            done: self.list.iter().map(read).sum(),
            total: self
                .bounded
                .then(|| self.list.iter().map(|state| state.range.len()).sum()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounded(ranges: &[(i32, i64, i64)]) -> PartitionProgress {
        let range = |&(partition, start, stop): &(i32, i64, i64)| OffsetRange {
            partition,
            start,
            stop: Some(stop),
        };
        PartitionProgress::new(ranges.iter().map(range).collect())
    }

    #[test]
    fn the_end_is_exact() {
        const END: i64 = -1;
        for (arrivals, delivered, complete) in [
            (&[0, 1, 2][..], &[0, 1, 2][..], true),
            (&[0, 1], &[0, 1], false),
            // Offset 2 is a transaction marker: only the end of partition shows that nothing follows.
            (&[0, 1, END], &[0, 1], true),
            // Offset 2 was compacted away and newer records follow.
            (&[0, 5, 6], &[0], true),
            (&[END], &[], true),
        ] {
            let mut partitions = bounded(&[(4, 0, 3)]);
            let mut seen = Vec::new();
            for &arrival in arrivals {
                if arrival == END {
                    partitions.reached_end(4);
                } else if partitions.take(4, arrival) {
                    seen.push(arrival);
                }
            }
            assert_eq!(
                (&seen[..], partitions.complete()),
                (delivered, complete),
                "{arrivals:?}"
            );
        }
    }

    #[test]
    fn nothing_to_read_is_complete_at_once_and_following_never_is() {
        assert!(bounded(&[(0, 5, 5), (1, 7, 7)]).complete());
        let mut partitions = PartitionProgress::default();
        partitions.on_assigned(&[(0, 5)], &[]);
        partitions.reached_end(0);
        assert!(!partitions.complete());
        assert_eq!(partitions.progress().total, None);
    }

    #[test]
    fn a_lost_position_goes_on_at_the_oldest_record() {
        let mut partitions = bounded(&[(0, 0, 10), (1, 0, 10)]);
        assert!(partitions.take(1, 7));
        let lows: Offsets = [(0, 4), (1, 8)].into();
        assert_eq!(partitions.overtaken(&lows), [(0, 0, 4)]);
        partitions.resume(0, 4);
        assert_eq!(partitions.open(), [(0, 4), (1, 8)]);
        partitions.resume(0, 12);
        assert_eq!(partitions.open(), [(1, 8)]);
    }

    #[test]
    fn a_late_stop_finishes_partitions_beyond_it() {
        let mut partitions = PartitionProgress::default();
        partitions.on_assigned(&[(0, 0), (1, 5)], &[]);
        assert!(partitions.take(0, 9));
        partitions.stop_at(&[(0, 10), (1, 6)].into());
        assert_eq!(partitions.open(), [(1, 5)]);
        partitions.reached_end(1);
        assert!(partitions.complete());
    }

    #[test]
    fn progress_counts_offsets() {
        let mut partitions = bounded(&[(0, 10, 20), (1, 0, 5)]);
        assert!(partitions.take(0, 14));
        partitions.reached_end(1);
        let progress = partitions.progress();
        assert_eq!((progress.done, progress.total), (10, Some(15)));
    }

    #[test]
    fn a_group_hands_out_and_takes_back() {
        let mut partitions = PartitionProgress::default();
        partitions.on_assigned(&[(0, 5), (2, 7)], &[]);
        assert!(partitions.take(2, 7));
        partitions.on_assigned(&[(1, 0)], &[1]);
        assert_eq!(
            (partitions.count(), partitions.unstored(&[])),
            (3, vec![(2, 8), (1, 0)])
        );
        partitions.note_stored(&[(2, 8), (1, 0)]);
        assert_eq!(partitions.unstored(&[]), []);
        partitions.remove(&[0, 2]);
        assert_eq!((partitions.count(), partitions.open()), (1, vec![(1, 0)]));
        assert!(!partitions.take(2, 8) && partitions.take(1, 3));
        // After a reassignment a partition starts at the group's offset.
        partitions.on_assigned(&[(1, 1)], &[]);
        assert_eq!(
            (partitions.unstored(&[]), partitions.positions()),
            (vec![], vec![(1, 1)])
        );
        assert!(!partitions.complete());
    }

    #[test]
    fn the_stored_position_stays_at_a_gap_and_passes_markers() {
        let mut partitions = PartitionProgress::default();
        partitions.on_assigned(&[(0, 5), (1, 0)], &[]);
        for offset in 5..9 {
            assert!(partitions.take(0, offset));
        }
        assert_eq!(partitions.unstored(&[(0, 8), (0, 6), (1, 0)]), [(0, 6)]);
        partitions.hold(0, 7);
        partitions.pass(1, 3);
        assert_eq!(partitions.unstored(&[]), [(0, 7), (1, 3)]);
        // A gap before the start offset, which the group has stored.
        partitions.on_assigned(&[(0, 20)], &[0]);
        assert_eq!(partitions.unstored(&[]), [(1, 3), (0, 20)]);
        partitions.hold(0, 5);
        assert_eq!(partitions.unstored(&[]), [(1, 3), (0, 5)]);
    }
}
