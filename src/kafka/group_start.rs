//! Start offsets of a group's partitions. Pure.

use std::collections::BTreeMap;

use crate::record::{GapReason, NoPosition, OffsetGap, StartedAt};

/// An offset for each partition.
pub(super) type Offsets = BTreeMap<i32, i64>;

/// Where a group starts that has no stored position at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupStart {
    /// At the oldest record of each partition.
    Beginning,
    /// After the newest record of each partition.
    End,
    /// After a snapshot. A partition that is newer than the snapshot starts at its first record.
    Snapshot {
        /// The next offset of each partition.
        next: BTreeMap<i32, i64>,
        /// Whether the snapshot is complete, so that it resolves gaps before these offsets.
        is_complete: bool,
    },
}

/// What a member knows when partitions are assigned to it.
pub(super) struct AssignmentFacts<'a> {
    pub group: &'a str,
    pub topic: &'a str,
    pub assigned: &'a [i32],
    /// The group's stored positions in all partitions of the topic.
    pub stored: &'a Offsets,
    /// The positions that this process had earlier.
    pub remembered: &'a Offsets,
    pub lows: &'a Offsets,
    pub highs: &'a Offsets,
    pub start: &'a GroupStart,
}

/// What to do at an assignment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct AssignmentPlan {
    /// Each assigned partition with its start offset.
    pub starts: Vec<(i32, i64)>,
    /// Positions to store before anything is read.
    pub to_store: Offsets,
    pub gaps: Vec<OffsetGap>,
    pub no_position: Option<NoPosition>,
}

impl AssignmentFacts<'_> {
    /// Whether the group has never stored a position, as far as the broker and this process know.
    fn is_new(&self) -> bool {
        self.stored.is_empty() && self.remembered.is_empty()
    }

    /// Decides where each assigned partition starts.
    ///
    /// A new group gets a position in *every* partition at once, also in those of other members: from then on, a
    /// partition without a position is one that was added later, and is read from its first record.
    pub(super) fn plan(&self) -> AssignmentPlan {
        let mut plan = AssignmentPlan {
            no_position: self.no_position(),
            ..AssignmentPlan::default()
        };
        for &partition in self.assigned {
            let (wanted, low) = (self.wanted(partition), self.low(partition));
            let gap = self.gap(partition, wanted, low);
            let start = if gap.is_some() { low } else { wanted };
            let is_resolved = gap.is_some() && self.is_resolved(partition, low);
            if is_resolved {
                plan.to_store.insert(partition, start);
            } else if !self.stored.contains_key(&partition) {
                // A position before the gap stays there, so that the next run finds the gap again.
                plan.to_store.insert(partition, wanted);
            }
            plan.gaps.extend(gap.filter(|_| !is_resolved));
            plan.starts.push((partition, start));
        }
        if self.is_new() {
            for &partition in self.highs.keys() {
                let position = plan.to_store.entry(partition);
                position.or_insert_with(|| self.wanted(partition));
            }
        }
        plan
    }

    fn low(&self, partition: i32) -> i64 {
        self.lows.get(&partition).copied().unwrap_or(0)
    }

    /// The next offset to read, if it still exists.
    fn wanted(&self, partition: i32) -> i64 {
        let low = self.low(partition);
        if let Some(stored) = self.stored.get(&partition) {
            return *stored;
        }
        match self.start {
            _ if !self.is_new() => low,
            GroupStart::Beginning => low,
            GroupStart::End => self.highs.get(&partition).copied().unwrap_or(low),
            GroupStart::Snapshot { next, .. } => next.get(&partition).copied().unwrap_or(low),
        }
    }

    fn gap(&self, partition: i32, wanted: i64, low: i64) -> Option<OffsetGap> {
        let high = self.highs.get(&partition).copied().unwrap_or(i64::MAX);
        let (wanted, why) = if self.stored.is_empty() && !self.remembered.is_empty() {
            // A broker deletes the positions of a running group only with the topic.
            let position = self.remembered.get(&partition).copied();
            (position.unwrap_or(low), GapReason::PositionsDeleted)
        } else if wanted > high {
            (wanted, GapReason::Rewound)
        } else if wanted < low {
            (wanted, GapReason::Retention)
        } else {
            return None;
        };
        Some(OffsetGap::new(self.topic, partition, wanted, low, why))
    }

    /// Whether the snapshot contains everything that the gap may have lost.
    fn is_resolved(&self, partition: i32, low: i64) -> bool {
        let GroupStart::Snapshot { next, is_complete } = self.start else {
            return false;
        };
        let high = self.highs.get(&partition).copied().unwrap_or(i64::MAX);
        let covers = next.get(&partition);
        *is_complete && covers.is_some_and(|next| (low..=high).contains(next))
    }

    fn no_position(&self) -> Option<NoPosition> {
        let lacks = |partition: &&i32| !self.stored.contains_key(partition);
        let partitions: Vec<i32> = self.assigned.iter().filter(lacks).copied().collect();
        let was_deleted = self.stored.is_empty() && !self.remembered.is_empty();
        if partitions.is_empty() || was_deleted {
            return None;
        }
        let unread = |partition: &i32| self.wanted(*partition) - self.low(*partition);
        Some(NoPosition {
            group: self.group.to_owned(),
            topic: self.topic.to_owned(),
            start: match self.start {
                _ if !self.is_new() => StartedAt::FirstRecordOfAddedPartition,
                GroupStart::Beginning => StartedAt::Beginning,
                GroupStart::End => StartedAt::End,
                GroupStart::Snapshot { .. } => StartedAt::Snapshot,
            },
            unread: u64::try_from(partitions.iter().map(unread).sum::<i64>()).unwrap_or(0),
            partitions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOWS: [(i32, i64); 3] = [(0, 0), (1, 5), (2, 0)];
    const HIGHS: [(i32, i64); 3] = [(0, 10), (1, 20), (2, 0)];

    fn plan(
        assigned: &[i32],
        stored: &[(i32, i64)],
        remembered: &[(i32, i64)],
        start: &GroupStart,
    ) -> AssignmentPlan {
        let offsets = |list: &[(i32, i64)]| list.iter().copied().collect::<Offsets>();
        let facts = AssignmentFacts {
            group: "g",
            topic: "t",
            assigned,
            stored: &offsets(stored),
            remembered: &offsets(remembered),
            lows: &offsets(&LOWS),
            highs: &offsets(&HIGHS),
            start,
        };
        facts.plan()
    }

    fn why(plan: &AssignmentPlan) -> Vec<(i32, i64, GapReason)> {
        let gap = |gap: &OffsetGap| (gap.partition, gap.wanted, gap.why);
        plan.gaps.iter().map(gap).collect()
    }

    fn told(plan: &AssignmentPlan) -> Option<(&[i32], StartedAt, u64)> {
        let told = plan.no_position.as_ref()?;
        Some((&told.partitions, told.start, told.unread))
    }

    #[test]
    fn a_new_group_stores_a_position_in_every_partition() {
        let end = plan(&[0, 1], &[], &[], &GroupStart::End);
        assert_eq!(end.starts, [(0, 10), (1, 20)]);
        assert_eq!(end.to_store, HIGHS.into());
        assert_eq!(told(&end), Some((&[0, 1][..], StartedAt::End, 25)));
        let beginning = plan(&[1], &[], &[], &GroupStart::Beginning);
        assert_eq!(beginning.starts, [(1, 5)]);
        assert_eq!(beginning.to_store, LOWS.into());
        assert_eq!(told(&beginning), Some((&[1][..], StartedAt::Beginning, 0)));
    }

    #[test]
    fn a_partition_that_appears_later_starts_at_its_first_record() {
        for start in [GroupStart::End, GroupStart::Beginning] {
            let plan = plan(&[0, 1], &[(0, 7)], &[], &start);
            assert_eq!(plan.starts, [(0, 7), (1, 5)]);
            assert_eq!(plan.to_store, [(1, 5)].into());
            let added = StartedAt::FirstRecordOfAddedPartition;
            assert_eq!(told(&plan), Some((&[1][..], added, 0)));
            assert_eq!(plan.gaps, []);
        }
    }

    #[test]
    fn a_stored_position_that_is_gone_is_a_gap_and_stays_stored() {
        let plan = plan(
            &[0, 1, 2],
            &[(0, 11), (1, 4), (2, 0)],
            &[],
            &GroupStart::End,
        );
        assert_eq!(plan.starts, [(0, 0), (1, 5), (2, 0)]);
        assert_eq!(
            why(&plan),
            [(0, 11, GapReason::Rewound), (1, 4, GapReason::Retention)]
        );
        assert_eq!((plan.to_store, plan.no_position), (Offsets::new(), None));
    }

    #[test]
    fn positions_that_vanish_under_a_running_member_are_a_gap() {
        let plan = plan(&[0, 1], &[], &[(0, 8)], &GroupStart::End);
        assert_eq!(plan.starts, [(0, 0), (1, 5)]);
        let deleted = GapReason::PositionsDeleted;
        assert_eq!(why(&plan), [(0, 8, deleted), (1, 5, deleted)]);
        assert_eq!(plan.to_store, [(0, 0), (1, 5)].into());
        assert_eq!(plan.no_position, None);
    }

    #[test]
    fn a_snapshot_is_a_start_and_resolves_what_is_before_it() {
        let snapshot = |next: &[(i32, i64)], is_complete| GroupStart::Snapshot {
            next: next.iter().copied().collect(),
            is_complete,
        };
        let new = plan(&[0, 1, 2], &[], &[], &snapshot(&[(0, 3), (1, 2)], true));
        assert_eq!(new.starts, [(0, 3), (1, 5), (2, 0)]);
        // The position before the gap is stored, so that the gap is found again.
        assert_eq!(new.to_store, [(0, 3), (1, 2), (2, 0)].into());
        assert_eq!(why(&new), [(1, 2, GapReason::Retention)]);

        let stored = [(0, 9), (1, 4)];
        let behind = plan(&[0, 1], &stored, &[], &snapshot(&[(0, 4), (1, 6)], true));
        assert_eq!(behind.starts, [(0, 9), (1, 5)]);
        assert_eq!((why(&behind), behind.to_store), (vec![], [(1, 5)].into()));
        for (next, is_complete) in [(4, true), (6, false), (21, true)] {
            let plan = plan(&[1], &stored, &[], &snapshot(&[(1, next)], is_complete));
            assert_eq!(why(&plan), [(1, 4, GapReason::Retention)], "{next}");
        }
    }
}
