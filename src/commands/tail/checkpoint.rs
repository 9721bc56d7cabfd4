//! Checkpointing: writes the positions of flushed output to the state file, at most once per second.

use std::path::Path;
use std::time::{Duration, Instant};

use super::base_snapshot::BaseSnapshot;
use super::continuation::{PositionStore, StartPrecedence, TopicIdentity, continuation};
use crate::kafka::StartOffsets;
use crate::record::incarnation::Incarnation;
use crate::record::{Failure, OffsetGap, Source};
use crate::state::{Gap, State, StateFile};

/// Time between two writes of the file during a run.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// A state file that is locked and read, before the topic is known.
pub(super) struct LockedState {
    file: StateFile,
    state: Option<State>,
}

/// How far a source was read at a moment. Its parts belong together: the same offsets in another incarnation of the
/// topic are other positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct ReadPositions {
    /// The next offset of each partition.
    pub next: Vec<(i32, i64)>,
    /// The topic that they belong to.
    pub incarnation: Incarnation,
}

impl ReadPositions {
    /// The positions after the item that a source delivered last.
    pub(in crate::commands) fn of(source: &dyn Source) -> ReadPositions {
        ReadPositions {
            next: source.positions(),
            incarnation: source.incarnation(),
        }
    }

    /// The same positions, but none after these partitions and offsets.
    pub(in crate::commands) fn before(mut self, limits: &[(i32, i64)]) -> ReadPositions {
        self.next = before(self.next, limits);
        self
    }
}

/// Positions of which none is after these partitions and offsets.
pub(super) fn before(mut positions: Vec<(i32, i64)>, limits: &[(i32, i64)]) -> Vec<(i32, i64)> {
    for (partition, next) in &mut positions {
        let of_partition = limits.iter().filter(|limit| limit.0 == *partition);
        *next = of_partition.fold(*next, |next, limit| next.min(limit.1));
    }
    positions
}

/// Saves the positions of a run.
///
/// Positions go through three stages: they are read from the source, written when the output before them is in the
/// buffer, and flushed with that. Only flushed ones are saved. A gap goes with the first positions after it.
pub(super) struct Checkpointer {
    file: StateFile,
    /// The next content of the file, but for the flushed positions.
    state: State,
    /// Gaps after the written positions.
    unwritten_gap: Option<Gap>,
    written: Option<(ReadPositions, Option<Gap>)>,
    flushed: Option<ReadPositions>,
    save_interval: Duration,
    saved_at: Instant,
}

impl LockedState {
    /// Locks and reads the file. While commands of a run that was killed have the lock, `wait` is called with the id of
    /// its process; it pauses, and returns whether to try again.
    ///
    /// # Errors
    /// A [`Failure`] if another process has locked it, or if it is not a state file.
    pub(super) fn open(
        path: &Path,
        wait: &mut dyn FnMut(u32) -> bool,
    ) -> Result<LockedState, Failure> {
        let (file, state) = StateFile::open(path, wait)?;
        Ok(LockedState { file, state })
    }

    /// Leaves the lock to the commands that this run starts.
    ///
    /// # Errors
    /// A [`Failure`] if the system refuses it.
    pub(super) fn leave_lock_to_commands(&self) -> Result<(), Failure> {
        self.file.leave_lock_to_children()
    }

    /// Checks that the state belongs to this topic, and decides where to start.
    ///
    /// # Errors
    /// As [`continuation`].
    pub(super) fn check_identity(
        self,
        identity: TopicIdentity,
        base: Option<&BaseSnapshot>,
    ) -> Result<(Checkpointer, Option<StartOffsets>, StartPrecedence), Failure> {
        let store = PositionStore::of_file(self.file.name());
        let continued = continuation(&store, self.state, identity, base)?;
        let checkpointer = Checkpointer {
            file: self.file,
            state: continued.state,
            unwritten_gap: None,
            written: None,
            flushed: None,
            save_interval: SAVE_INTERVAL,
            saved_at: Instant::now(),
        };
        Ok((checkpointer, continued.start, continued.precedence))
    }
}

impl Checkpointer {
    /// The gap that an earlier run saved and no requery has resolved.
    pub(super) fn open_gap(&self) -> Option<&Gap> {
        self.state.gap.as_ref()
    }

    /// The file's name as the user typed it.
    pub(super) fn name(&self) -> &str {
        self.file.name()
    }

    /// Notes a `requeryRequired`, to be saved with the positions after it.
    pub(super) fn note_gap(&mut self, txn_id: Option<u64>, place: Option<(i32, i64)>) {
        let gap = self.unwritten_gap.get_or_insert_default();
        gap.note_requery(txn_id, place);
    }

    /// Notes a gap in the offsets, to be saved with the positions after it.
    pub(super) fn note_offset_gap(&mut self, lost: &OffsetGap) {
        let gap = self.unwritten_gap.get_or_insert_default();
        gap.note_offset_gap(lost);
    }

    /// The output before these positions is in the buffer or flushed, and the gaps before them are noted.
    pub(super) fn note_written(&mut self, positions: ReadPositions) {
        let earlier = self.written.take().and_then(|(_, gap)| gap);
        let gap = Gap::joined(earlier, self.unwritten_gap.take());
        self.written = Some((positions, gap));
    }

    /// Everything in the buffer was flushed.
    pub(super) fn note_flushed(&mut self) {
        if let Some((positions, gap)) = self.written.take() {
            self.flushed = Some(positions);
            self.state.gap = Gap::joined(self.state.gap.take(), gap);
        }
    }

    /// Whether the save interval has passed.
    pub(super) fn is_due(&self) -> bool {
        self.saved_at.elapsed() >= self.save_interval
    }

    /// Writes the flushed positions.
    ///
    /// # Errors
    /// A [`Failure`] of writing; the file then has its former content.
    pub(super) fn save(&mut self) -> Result<(), Failure> {
        self.saved_at = Instant::now();
        if let Some(flushed) = self.flushed.take() {
            self.state.next = flushed.next.into_iter().collect();
            self.state.incarnation = flushed.incarnation;
        }
        self.file.write(&self.state)
    }

    /// Saves at every opportunity, so that a test sees each position that could be saved.
    #[cfg(test)]
    pub(super) fn save_always(mut self) -> Self {
        self.save_interval = Duration::ZERO;
        self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::snapshot::manifest::{Manifest, Position};

    fn base(started: &str, floor: Option<u64>, next: i64) -> BaseSnapshot {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = Manifest::new("http://localhost".into(), started.into());
        manifest.complete = true;
        manifest.scope.whole_app = true;
        manifest.floor = floor;
        manifest.positions.push(Position {
            topic: "t".into(),
            next_offset: next,
            ..Position::default()
        });
        manifest.write(folder.path()).unwrap();
        BaseSnapshot::read(folder.path(), None, false).unwrap()
    }

    fn found(snapshot: Option<String>) -> State {
        let mut gap = Gap::default();
        gap.note_requery(Some(45), Some((0, 11)));
        State {
            cluster: None,
            topic: "t".into(),
            incarnation: Incarnation::default(),
            partitions: 1,
            next: [(0, 50)].into(),
            gap: Some(gap),
            snapshot,
        }
    }

    fn check(
        found: Option<&State>,
        base: Option<&BaseSnapshot>,
    ) -> (Checkpointer, Option<StartOffsets>, StartPrecedence) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        if let Some(found) = found {
            let (mut file, _) = StateFile::open(&path, &mut |_| false).unwrap();
            file.write(found).unwrap();
        }
        let identity = TopicIdentity {
            cluster: Some("c".into()),
            topic: "t".into(),
            incarnation: Incarnation::default(),
            partitions: 1,
        };
        LockedState::open(&path, &mut |_| false)
            .unwrap()
            .check_identity(identity, base)
            .unwrap()
    }

    #[test]
    fn the_newer_of_state_and_snapshot_has_priority() {
        // The clock went back in between.
        let early = base("2026-01-31T12:00:00.5Z", Some(45), 12);
        let late = base("2026-01-31T12:00:00Z", Some(45), 13);
        for (found, base, expected, next) in [
            (None, None, StartPrecedence::Typed, None),
            (None, Some(&late), StartPrecedence::Snapshot, Some(13)),
            (Some(found(None)), None, StartPrecedence::State, Some(50)),
            (
                Some(found(None)),
                Some(&late),
                StartPrecedence::Snapshot,
                Some(13),
            ),
            (
                Some(found(Some(late.identity().text()))),
                Some(&late),
                StartPrecedence::State,
                Some(50),
            ),
            (
                Some(found(Some(early.identity().text()))),
                Some(&late),
                StartPrecedence::Snapshot,
                Some(13),
            ),
            (
                Some(found(Some(late.identity().text()))),
                Some(&early),
                StartPrecedence::NewerState,
                Some(50),
            ),
            (
                Some(found(Some("nonsense".into()))),
                Some(&early),
                StartPrecedence::Snapshot,
                Some(12),
            ),
        ] {
            let (_, start, precedence) = check(found.as_ref(), base);
            let position = start.map(|start| start.next[&0]);
            assert_eq!((precedence, position), (expected, next), "{found:?}");
        }
    }

    #[test]
    fn only_a_snapshot_taken_after_a_gap_resolves_it() {
        let time = "2026-01-31T12:00:00Z";
        for (base, resolved) in [
            (base(time, Some(45), 12), true),
            (base(time, Some(44), 12), false),
            (base(time, None, 12), false),
            (base(time, Some(45), 11), false),
        ] {
            let (checkpointer, _, _) = check(Some(&found(None)), Some(&base));
            assert_eq!(checkpointer.open_gap().is_none(), resolved, "{base:?}");
            // A snapshot does not resolve a gap that came after it.
            let (checkpointer, _, _) =
                check(Some(&found(Some(base.identity().text()))), Some(&base));
            assert!(checkpointer.open_gap().is_some());
        }
    }
}
