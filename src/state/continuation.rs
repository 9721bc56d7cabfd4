//! How a reader continues with a snapshot that its state does not know.

use std::collections::BTreeMap;

use super::{Coverage, State};
use crate::record::incarnation::Incarnation;
use crate::snapshot::identity::SnapshotIdentity;
use crate::snapshot::manifest::{self, Manifest};

impl State {
    /// The state that continues from a snapshot, for a reader of which the snapshot `contains_everything`, or not. `now`
    /// is the present topic.
    ///
    /// Offsets of two topics of one name cannot be combined: if the snapshot lacks documents, what the state's topic had
    /// of them is lost, which its own offsets show.
    #[must_use]
    pub fn continue_from(
        mut self,
        snapshot: &Manifest,
        contains_everything: bool,
        now: &Incarnation,
    ) -> State {
        let of_snapshot = manifest::incarnation(&snapshot.positions, &self.topic);
        let is_other_topic = of_snapshot.differs_from(&self.incarnation);
        let is_former_topic = of_snapshot.differs_from(now);
        let is_resolved = self.gap.as_mut().is_some_and(|gap| {
            if is_other_topic {
                // The topic was created again between the gap and the snapshot.
                gap.after.clear();
            }
            // The positions of a snapshot of a former topic are a gap themselves.
            !is_former_topic && gap.resolve(&Coverage::new(snapshot, &self.topic))
        });
        if is_resolved {
            self.gap = None;
        }
        let next = manifest::next_offsets(&snapshot.positions, &self.topic);
        if contains_everything || self.next.is_empty() {
            self.replace_offsets(next);
            self.incarnation = of_snapshot;
        } else if !is_other_topic {
            let next = self.start_with(&next, false);
            self.replace_offsets(next);
            self.incarnation = of_snapshot;
        }
        self.snapshot = Some(SnapshotIdentity::new(snapshot).text());
        self
    }

    /// A snapshot has every partition of its time: others are newer, and are read from their first record.
    fn replace_offsets(&mut self, next: BTreeMap<i32, i64>) {
        self.next = next;
        self.partitions = 0;
    }
}
