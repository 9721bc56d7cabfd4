//! Keeps the positions of a run in its state file: what was flushed, never more, about once a second.
//! The file itself is `state`'s; when something was flushed, `follow` says.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::record::{Failure, FailureClass, Lost};
use crate::source::kafka::Kept;
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

impl Opened {
    /// Locks and reads the file.
    ///
    /// # Errors
    /// A [`Failure`] where it is in use, or cannot be understood.
    pub(super) fn new(path: &Path) -> Result<Opened, Failure> {
        let (file, found) = StateFile::open(path)?;
        Ok(Opened { file, found })
    }

    /// Binds the file to what is read; the positions to go on from, if an earlier run left some.
    ///
    /// # Errors
    /// A [`Failure`] where the file belongs to another topic or cluster.
    pub(super) fn bind(self, bound: Bound) -> Result<(Keeper, Option<Kept>), Failure> {
        let file = self.file;
        let kept = match &self.found {
            Some(found) => {
                check(file.name(), found, &bound)?;
                Some(Kept {
                    next: found.next.clone(),
                    partitions: found.partitions,
                })
            }
            None => None,
        };
        let found = self.found;
        let (gap, snapshot) = found.map_or((None, None), |found| (found.gap, found.snapshot));
        let keeper = Keeper {
            file,
            state: State {
                cluster: bound.cluster,
                topic: bound.topic,
                partitions: bound.partitions,
                next: kept.iter().flat_map(|kept| kept.next.clone()).collect(),
                gap,
                snapshot,
            },
            met: Gap::default(),
            saved: Instant::now(),
        };
        Ok((keeper, kept))
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
