//! Where a run continues: after the positions of an earlier run, or after a snapshot.

use super::base_snapshot::BaseSnapshot;
use crate::kafka::StartOffsets;
use crate::record::incarnation::Incarnation;
use crate::record::{Failure, FailureClass};
use crate::state::State;
use crate::util::shell;

/// Cluster and topic that a state belongs to.
pub(in crate::commands) struct TopicIdentity {
    /// The cluster's id; `None` if its brokers do not send one.
    pub cluster: Option<String>,
    pub topic: String,
    /// Which topic of that name it is; empty if its brokers send no id.
    pub incarnation: Incarnation,
    /// Number of partitions.
    pub partitions: i32,
}

/// Where the positions of earlier runs are, for messages.
pub(in crate::commands) struct PositionStore {
    /// `the state file x`
    pub name: String,
    /// What to do for a run of another topic.
    pub other_topic: String,
    /// What to do if the cluster was re-created.
    pub other_cluster: String,
}

/// Where a run starts, and what it saves next.
pub(in crate::commands) struct Continuation {
    /// The next content of the store, but for the positions of this run.
    pub state: State,
    /// `None` if `--from` decides.
    pub start: Option<StartOffsets>,
    pub precedence: StartPrecedence,
}

/// Which start position has priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum StartPrecedence {
    /// `--from`: neither state nor snapshot has positions.
    Typed,
    /// The state file.
    State,
    /// The snapshot.
    Snapshot,
    /// The state file, because it continues from a newer snapshot than the given one.
    NewerState,
}

impl PositionStore {
    /// A state file.
    pub(super) fn of_file(name: &str) -> PositionStore {
        let (file, kept) = (shell::quoted(name), shell::quoted(&format!("{name}.old")));
        PositionStore {
            name: format!("the state file {name}"),
            other_topic: "use a separate state file for each topic".to_owned(),
            // A re-created cluster has another id, and the positions of the former one mean nothing in it.
            other_cluster: format!(
                "connect to the cluster of the file; or, if that cluster was re-created, this is a gap: mv {file} {kept}, then ditto-cdc requery --output DIR, then this command again with --from DIR"
            ),
        }
    }
}

/// Checks that a state belongs to this topic, and decides where to start.
///
/// The state has priority over the snapshot that it continued from, and over an older one: that is a restart. A
/// snapshot that the state does not know has priority over the state.
///
/// # Errors
/// A [`Failure`] if the state belongs to another topic or cluster, or the snapshot to another topic.
pub(in crate::commands) fn continuation(
    store: &PositionStore,
    stored: Option<State>,
    identity: TopicIdentity,
    base: Option<&BaseSnapshot>,
) -> Result<Continuation, Failure> {
    if let Some(state) = &stored {
        check_same_topic(store, state, &identity)?;
    }
    let precedence = precedence(stored.as_ref(), base);
    let snapshot = base.filter(|_| precedence == StartPrecedence::Snapshot);
    let state = match (snapshot, stored) {
        (Some(base), state) => {
            base.start_offsets(&identity.topic)?;
            let topic = identity.topic.clone();
            let new = || State {
                topic,
                ..State::default()
            };
            Some(base.continue_state(state.unwrap_or_else(new), &identity.incarnation))
        }
        (None, state) => state,
    };
    let start = state.as_ref().map(stored_offsets);
    Ok(Continuation {
        state: State {
            cluster: identity.cluster,
            topic: identity.topic,
            partitions: identity.partitions,
            ..state.unwrap_or_default()
        },
        start,
        precedence,
    })
}

/// The offsets of the state.
fn stored_offsets(state: &State) -> StartOffsets {
    StartOffsets {
        next: state.next.clone(),
        partitions: state.partitions,
        lost: Vec::new(),
        incarnation: state.incarnation.clone(),
    }
}

fn precedence(state: Option<&State>, base: Option<&BaseSnapshot>) -> StartPrecedence {
    let known = state.and_then(|state| state.snapshot.as_deref());
    match (state, base, known) {
        (None, None, _) => StartPrecedence::Typed,
        (Some(_), None, _) => StartPrecedence::State,
        (_, Some(base), Some(known)) if base.identity().is(known) => StartPrecedence::State,
        (_, Some(base), Some(known)) if base.identity().is_older_than(known) => {
            StartPrecedence::NewerState
        }
        (_, Some(_), _) => StartPrecedence::Snapshot,
    }
}

fn check_same_topic(
    store: &PositionStore,
    state: &State,
    identity: &TopicIdentity,
) -> Result<(), Failure> {
    let refuse = |what: String, fix: &str| Failure {
        class: FailureClass::Setup,
        what: format!("cannot use {}: {what}", store.name),
        fix: Some(fix.to_owned()),
        raw: None,
    };
    if state.topic != identity.topic {
        return Err(refuse(
            format!(
                "it has positions of the topic {}, and this run reads {}",
                state.topic, identity.topic
            ),
            &store.other_topic,
        ));
    }
    match (&state.cluster, &identity.cluster) {
        (Some(then), Some(now)) if then != now => Err(refuse(
            format!(
                "it has positions of the Kafka cluster {then}, and these brokers belong to {now}"
            ),
            &store.other_cluster,
        )),
        _ => Ok(()),
    }
}
