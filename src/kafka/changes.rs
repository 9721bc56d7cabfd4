//! How a read goes on after its topic has changed.

use std::sync::atomic::Ordering;

use super::partitions::PartitionProgress;
use super::plan;
use super::reader::{Pending, Reader};
use super::topic::Offsets;
use super::topic_id::TopicState;
use super::watch::{Change, NoAnswer, TopicWatch, Watched};
use crate::record::{Failure, GapReason, Notice, OffsetGap};

impl Reader {
    /// Watches the topic from now on.
    pub(super) fn watch_topic(&mut self, mut watched: Watched) {
        for notice in watched.notices.drain(..).rev() {
            self.pending.push_front(Pending::Notice(notice));
        }
        self.watch = TopicWatch::new(&self.topic, watched);
    }

    /// Applies a change that the brokers have reported, without waiting for one.
    pub(super) fn poll_changes(&mut self) -> Result<(), Failure> {
        let partitions = &self.partitions;
        let next = || partitions.positions().into_iter().collect();
        match self.watch.poll(&self.topic, next) {
            Some(change) => self.apply(change),
            None => Ok(()),
        }
    }

    /// Queries the brokers if records were delivered that no query has confirmed, and applies a change.
    pub(super) fn check_now(&mut self) -> Result<(), Failure> {
        if !self.watch.is_unconfirmed() {
            return Ok(());
        }
        match self.query_change() {
            Ok(Some(change)) => self.apply(change),
            Ok(None) => Ok(()),
            Err(NoAnswer) => {
                if !self.topic.interrupt.load(Ordering::Relaxed) {
                    self.notify(Notice::TopicUnverified);
                }
                Ok(())
            }
        }
    }

    fn query_change(&mut self) -> Result<Option<Change>, NoAnswer> {
        let partitions = &self.partitions;
        let next = || partitions.positions().into_iter().collect();
        self.watch.query(&self.topic, next)
    }

    fn notify(&mut self, notice: Notice) {
        self.pending.push_back(Pending::Notice(notice));
    }

    fn apply(&mut self, change: Change) -> Result<(), Failure> {
        match change {
            Change::Replaced(state) => self.on_replaced(state),
            Change::Added(partitions) => self.on_partitions_added(partitions),
            Change::Unverified => {
                self.notify(Notice::TopicUnverified);
                Ok(())
            }
        }
    }

    /// The watermarks of the topic with these partitions. `None` while its leaders change; then the change is applied
    /// later.
    fn watermarks_of(&mut self, partitions: Vec<i32>) -> Option<(Offsets, Offsets)> {
        let former = std::mem::replace(&mut self.topic.partitions, partitions);
        if self.topic.refresh()
            && let (Ok(lows), Ok(highs)) =
                (self.topic.low_watermarks(), self.topic.high_watermarks())
        {
            return Some((lows, highs));
        }
        self.topic.partitions = former;
        self.watch.retry();
        None
    }

    /// The topic was deleted and created again: reads the new one from its first record.
    fn on_replaced(&mut self, state: TopicState) -> Result<(), Failure> {
        // Partitions without a record of this reader: those of other members of a group, or not named by the user.
        let known = if self.topic.is_without_group() && !self.watch.ignores_added {
            self.topic.partitions()
        } else {
            i32::MAX
        };
        if std::mem::take(&mut self.watch.positions_deleted) {
            // The group has reported the gap with its assignment, which starts at the first records.
            self.topic.partitions = state.partitions;
            self.topic.id.clone_from(&state.id);
            self.watch.replace(state.id);
            return Ok(());
        }
        let Some((lows, highs)) = self.watermarks_of(state.partitions) else {
            return Ok(());
        };
        let stored: Offsets = self.partitions.positions().into_iter().collect();
        let (starts, lost) = plan::from_replaced(self.topic.name(), &stored, known, &lows, &highs);
        if self.topic.is_without_group() {
            let stops = self.partitions.is_bounded().then_some(&highs);
            self.partitions = PartitionProgress::new(plan::between(&starts, stops, &highs));
        } else {
            let starts: Vec<(i32, i64)> = starts.into_iter().collect();
            let ids: Vec<i32> = starts.iter().map(|(id, _)| *id).collect();
            self.partitions.on_assigned(&starts, &ids);
        }
        self.notify(Notice::TopicReplaced {
            before: self.watch.id().cloned(),
            now: state.id.clone(),
        });
        for gap in lost {
            self.note_gap(gap);
        }
        self.pending_reset = None;
        self.topic.id.clone_from(&state.id);
        self.watch.replace(state.id);
        self.refetch()
    }

    /// Reads added partitions from their first record. A bounded read ends at offsets that are older, and a group
    /// assigns partitions itself.
    fn on_partitions_added(&mut self, added: Vec<i32>) -> Result<(), Failure> {
        let mut all = self.topic.partitions.clone();
        all.extend(&added);
        all.sort_unstable();
        if self.partitions.is_bounded() || !self.topic.is_without_group() {
            self.topic.partitions = all;
            return Ok(());
        }
        if self.watch.ignores_added {
            self.topic.partitions = all;
            self.notify(Notice::PartitionsIgnored(added));
            return Ok(());
        }
        let Some((lows, _)) = self.watermarks_of(all) else {
            return Ok(());
        };
        for partition in &added {
            let low = lows.get(partition).copied().unwrap_or(0);
            if low > 0 {
                let why = GapReason::Retention;
                let gap = OffsetGap::new(self.topic.name(), *partition, 0, low, why);
                self.note_gap(gap);
            }
            self.partitions.follow(*partition, low);
        }
        self.notify(Notice::PartitionsAdded(added));
        self.assign()
    }

    /// A position above the high watermark means that the topic was created again, or lost its newest records.
    pub(super) fn on_offset_beyond_end(&mut self) -> Result<(), Failure> {
        if let Ok(Some(change @ Change::Replaced(_))) = self.query_change() {
            return self.apply(change);
        }
        let (lows, highs) = (self.topic.low_watermarks()?, self.topic.high_watermarks()?);
        let beyond = self.partitions.beyond_end(&highs);
        if self.watch.id().is_none() && !beyond.is_empty() {
            let partitions = self.topic.partitions.clone();
            return self.on_replaced(TopicState {
                id: None,
                partitions,
            });
        }
        for (partition, wanted) in beyond {
            let resumed = lows.get(&partition).copied().unwrap_or(0);
            let why = GapReason::Rewound;
            let gap = OffsetGap::new(self.topic.name(), partition, wanted, resumed, why);
            self.note_gap(gap);
            self.partitions.resume(partition, resumed);
        }
        // A partition is not fetched any more after its offset was out of range.
        self.refetch()
    }
}
