//! Keeps the positions of a run in its state file: what was flushed, never more, about once a second.
//! The file itself is `state`'s; when something was flushed, `follow` says.

use std::path::Path;
use std::time::{Duration, Instant};

use super::base_snapshot::Base;
use crate::kafka::Kept;
use crate::record::{Failure, FailureClass, Lost};
use crate::state::{Gap, State, StateFile};

/// How often the file is written at most, while the run goes on.
const EVERY: Duration = Duration::from_secs(1);

/// A state file before the topic is known.
pub(super) struct Opened {
    file: StateFile,
    found: Option<State>,
}

/// Where the run reads: what a state is bound to.
pub(super) struct Bound {
    /// The cluster's id, where its brokers tell it.
    pub cluster: Option<String>,
    pub topic: String,
    /// How many partitions the topic has.
    pub partitions: i32,
}

/// A state file in use.
pub(super) struct Keeper {
    file: StateFile,
    /// What the file is to say.
    state: State,
    /// Gaps that were met and are not behind a flush yet.
    met: Gap,
    saved: Instant,
}

/// Where the positions of a run come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wins {
    /// Nothing is known: from `--from`, as typed.
    Typed,
    /// The state file.
    State,
    /// The snapshot's folder.
    Snapshot,
    /// The state file, which goes on from a newer snapshot than the one that was given.
    NewerState,
}

impl Opened {
    /// Locks and reads the file.
    ///
    /// # Errors
    /// A [`Failure`] where it is in use, or cannot be understood.
    pub(super) fn new(path: &Path) -> Result<Opened, Failure> {
        let (file, found) = StateFile::open(path)?;
        Ok(Opened { file, found })
    }

    /// Binds the file to what is read; the positions to go on from, and whose they are.
    ///
    /// The file wins over the snapshot that it went on from already, and over an older one: that is a restart. It
    /// gives way to a snapshot that it does not know.
    ///
    /// # Errors
    /// A [`Failure`] where the file belongs to another topic or cluster, or the snapshot to another topic.
    pub(super) fn bind(
        self,
        bound: Bound,
        base: Option<&Base>,
    ) -> Result<(Keeper, Option<Kept>, Wins), Failure> {
        if let Some(found) = &self.found {
            check(self.file.name(), found, &bound)?;
        }
        let wins = wins(self.found.as_ref(), base);
        let snapshot = base.filter(|_| wins == Wins::Snapshot);
        let kept = match (snapshot, &self.found) {
            (Some(base), _) => Some(base.kept(&bound.topic)?),
            (None, found) => found.as_ref().map(|found| Kept {
                next: found.next.clone(),
                partitions: found.partitions,
                lost: Vec::new(),
            }),
        };
        let (mut gap, mut identity) = self
            .found
            .map_or((None, None), |found| (found.gap, found.snapshot));
        if let (Some(base), Some(kept)) = (snapshot, &kept) {
            identity = Some(base.identity());
            gap = gap.filter(|gap| !base.answers(gap, kept));
        }
        let keeper = Keeper {
            file: self.file,
            state: State {
                cluster: bound.cluster,
                topic: bound.topic,
                partitions: bound.partitions,
                next: kept.iter().flat_map(|kept| kept.next.clone()).collect(),
                gap,
                snapshot: identity,
            },
            met: Gap::default(),
            saved: Instant::now(),
        };
        Ok((keeper, kept, wins))
    }
}

fn wins(found: Option<&State>, base: Option<&Base>) -> Wins {
    let known = found.and_then(|found| found.snapshot.as_deref());
    match (found, base, known) {
        (None, None, _) => Wins::Typed,
        (Some(_), None, _) => Wins::State,
        (_, Some(base), Some(known)) if base.identity() == known => Wins::State,
        (_, Some(base), Some(known)) if base.is_older_than(known) => Wins::NewerState,
        (_, Some(_), _) => Wins::Snapshot,
    }
}

fn check(name: &str, found: &State, bound: &Bound) -> Result<(), Failure> {
    let refuse = |what: String| Failure {
        class: FailureClass::Setup,
        what: format!("cannot use the state file {name}: {what}"),
        fix: Some("give each topic a state file of its own".into()),
        raw: None,
    };
    if found.topic != bound.topic {
        return Err(refuse(format!(
            "it keeps positions of the topic {}, and this run reads {}",
            found.topic, bound.topic
        )));
    }
    match (&found.cluster, &bound.cluster) {
        (Some(then), Some(now)) if then != now => Err(refuse(format!(
            "it keeps positions of the Kafka cluster {then}, and these brokers belong to {now}"
        ))),
        _ => Ok(()),
    }
}

impl Keeper {
    /// The gap that an earlier run left open.
    pub(super) fn open_gap(&self) -> Option<&Gap> {
        self.state.gap.as_ref()
    }

    /// How the user calls the file.
    pub(super) fn name(&self) -> &str {
        self.file.name()
    }

    /// A `requeryRequired` was met.
    pub(super) fn announce(&mut self, txn_id: Option<u64>, place: Option<(i32, i64)>) {
        self.met.announce(txn_id, place);
    }

    /// A position was lost.
    pub(super) fn lose(&mut self, lost: &Lost) {
        self.met.lose(lost);
    }

    /// Everything up to these positions was written. A gap before them is remembered with them.
    pub(super) fn mark(&mut self, positions: Vec<(i32, i64)>) {
        self.state.next = positions.into_iter().collect();
        let met = std::mem::take(&mut self.met);
        if met != Gap::default() {
            self.state.gap.get_or_insert_default().add(met);
        }
    }

    /// Whether it is time to write the file.
    pub(super) fn is_due(&self) -> bool {
        self.saved.elapsed() >= EVERY
    }

    /// Writes what was marked.
    ///
    /// # Errors
    /// A [`Failure`]; the file says what it said before.
    pub(super) fn save(&mut self) -> Result<(), Failure> {
        self.saved = Instant::now();
        self.file.write(&self.state)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::snapshot::manifest::{Manifest, Position};

    fn base(started: &str, floor: Option<u64>, next: i64) -> Base {
        let folder = tempfile::tempdir().unwrap();
        let mut manifest = Manifest::new("http://localhost".into(), started.into());
        manifest.complete = true;
        manifest.floor = floor;
        manifest.positions.push(Position {
            topic: "t".into(),
            partition: 0,
            next_offset: next,
        });
        manifest.write(folder.path()).unwrap();
        Base::read(folder.path(), false).unwrap()
    }

    fn found(snapshot: Option<String>) -> State {
        let mut gap = Gap::default();
        gap.announce(Some(45), Some((0, 11)));
        State {
            cluster: None,
            topic: "t".into(),
            partitions: 1,
            next: [(0, 50)].into(),
            gap: Some(gap),
            snapshot,
        }
    }

    fn bind(found: Option<&State>, base: Option<&Base>) -> (Keeper, Option<Kept>, Wins) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        if let Some(found) = found {
            let (mut file, _) = StateFile::open(&path).unwrap();
            file.write(found).unwrap();
        }
        let bound = Bound {
            cluster: Some("c".into()),
            topic: "t".into(),
            partitions: 1,
        };
        Opened::new(&path).unwrap().bind(bound, base).unwrap()
    }

    #[test]
    fn the_newer_of_file_and_snapshot_wins() {
        let early = base("2026-01-31T12:00:00Z", Some(45), 12);
        let late = base("2026-01-31T12:00:00.5Z", Some(45), 12);
        for (found, base, wins, next) in [
            (None, None, Wins::Typed, None),
            (None, Some(&late), Wins::Snapshot, Some(12)),
            (Some(found(None)), None, Wins::State, Some(50)),
            (Some(found(None)), Some(&late), Wins::Snapshot, Some(12)),
            (
                Some(found(Some(late.identity()))),
                Some(&late),
                Wins::State,
                Some(50),
            ),
            (
                Some(found(Some(early.identity()))),
                Some(&late),
                Wins::Snapshot,
                Some(12),
            ),
            (
                Some(found(Some(late.identity()))),
                Some(&early),
                Wins::NewerState,
                Some(50),
            ),
            (
                Some(found(Some("nonsense".into()))),
                Some(&early),
                Wins::Snapshot,
                Some(12),
            ),
        ] {
            let (_, kept, who) = bind(found.as_ref(), base);
            let position = kept.map(|kept| kept.next[&0]);
            assert_eq!((who, position), (wins, next), "{found:?}");
        }
    }

    #[test]
    fn only_a_snapshot_that_came_after_a_gap_answers_it() {
        let time = "2026-01-31T12:00:00Z";
        for (base, answered) in [
            (base(time, Some(45), 12), true),
            (base(time, Some(44), 12), false),
            (base(time, None, 12), false),
            (base(time, Some(45), 11), false),
        ] {
            let (keeper, _, _) = bind(Some(&found(None)), Some(&base));
            assert_eq!(keeper.open_gap().is_none(), answered, "{base:?}");
            // What was met behind this snapshot is not answered by it.
            let (keeper, _, _) = bind(Some(&found(Some(base.identity()))), Some(&base));
            assert!(keeper.open_gap().is_some());
        }
    }
}
