//! The snapshot that a run resumes from: its start offsets, and which events it already includes.

use std::collections::BTreeSet;
use std::path::Path;

use crate::event::{Event, EventKind, TxnId};
use crate::kafka::{GroupStart, StartOffsets};
use crate::record::incarnation::Incarnation;
use crate::record::{Failure, FailureClass, Place};
use crate::snapshot::dedup::SnapshotIndex;
use crate::snapshot::identity::SnapshotIdentity;
use crate::snapshot::manifest;
use crate::snapshot::manifest::{Manifest, Scope};
use crate::state::{Coverage, State};

/// A snapshot to resume from.
#[derive(Debug)]
pub(in crate::commands) struct BaseSnapshot {
    /// Its folder as the user typed it.
    pub name: String,
    pub manifest: Manifest,
    index: SnapshotIndex,
    /// Without its positions: those are of one topic.
    coverage: Coverage,
    /// The collections that this run shows; `None` for all.
    selected: Option<BTreeSet<String>>,
}

/// How an event relates to the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum SnapshotRelation {
    /// Newer than the snapshot, or not comparable with it.
    Newer,
    /// The snapshot already includes the change.
    AlreadyIncluded,
    /// A `requeryRequired` that the snapshot resolves.
    GapResolved,
    /// A change without a transaction, so that it may be older than the snapshot.
    Undated,
}

impl BaseSnapshot {
    /// Reads a snapshot's manifest, for a run that shows the selected collections, or all (`None`).
    ///
    /// # Errors
    /// A [`Failure`] if the manifest cannot be read, or if the snapshot is incomplete and `allow_incomplete` is not set.
    pub(in crate::commands) fn read(
        folder: &Path,
        selected: Option<BTreeSet<String>>,
        allow_incomplete: bool,
    ) -> Result<BaseSnapshot, Failure> {
        let manifest = Manifest::read(folder)?;
        let base = BaseSnapshot {
            name: folder.display().to_string(),
            index: SnapshotIndex::new(&manifest),
            coverage: Coverage::new(&manifest, ""),
            manifest,
            selected,
        };
        if base.manifest.complete || allow_incomplete {
            Ok(base)
        } else {
            Err(base.incomplete())
        }
    }

    fn incomplete(&self) -> Failure {
        let collections = self.manifest.collections.iter();
        let of_collections = collections.flat_map(|one| {
            let name = &one.name;
            one.why_not.iter().map(move |why| format!("{name}: {why}"))
        });
        let reasons: Vec<String> = self
            .manifest
            .why_not
            .iter()
            .cloned()
            .chain(of_collections)
            .collect();
        Failure {
            class: FailureClass::Gap,
            what: format!(
                "starting from the snapshot {}: it is not complete ({})",
                self.name,
                reasons.join("; ")
            ),
            fix: Some(format!(
                "complete it: ditto-cdc requery --output {} --resume; or use it as it is: --allow-incomplete",
                crate::util::shell::quoted(&self.name)
            )),
            raw: None,
        }
    }

    /// The offsets from which a topic continues after the snapshot.
    ///
    /// # Errors
    /// A [`Failure`] if the snapshot has no positions of that topic.
    pub(in crate::commands) fn start_offsets(&self, topic: &str) -> Result<StartOffsets, Failure> {
        let next = manifest::next_offsets(&self.manifest.positions, topic);
        if next.is_empty() {
            return Err(self.without_positions(topic));
        }
        Ok(StartOffsets {
            next,
            // The snapshot has every partition of its time: any other one is newer, and read from its first record.
            partitions: 0,
            lost: Vec::new(),
            incarnation: manifest::incarnation(&self.manifest.positions, topic),
        })
    }

    /// Where a group without stored positions starts, and which gaps of the others the snapshot resolves.
    ///
    /// # Errors
    /// A [`Failure`] if the snapshot has no positions of that topic.
    pub(in crate::commands) fn group_start(&self, topic: &str) -> Result<GroupStart, Failure> {
        Ok(GroupStart::Snapshot {
            next: self.start_offsets(topic)?.next,
            is_complete: self.contains_everything(),
        })
    }

    /// Checks that the positions belong to this cluster; brokers without an id pass.
    ///
    /// # Errors
    /// A [`Failure`] if they belong to another cluster.
    pub(in crate::commands) fn check_cluster(&self, now: Option<&str>) -> Result<(), Failure> {
        match (self.manifest.cluster.as_deref(), now) {
            (Some(then), Some(now)) if then != now => Err(Failure {
                class: FailureClass::Setup,
                what: format!(
                    "starting from the snapshot {}: its positions belong to the Kafka cluster {then}, and these brokers to {now}",
                    self.name
                ),
                fix: Some("connect to the cluster of the snapshot, or take a new snapshot: ditto-cdc requery --output DIR".to_owned()),
                raw: None,
            }),
            _ => Ok(()),
        }
    }

    fn without_positions(&self, topic: &str) -> Failure {
        let mut topics: Vec<&str> = self
            .manifest
            .positions
            .iter()
            .map(|position| position.topic.as_str())
            .collect();
        topics.dedup();
        let (why, fix) = if topics.is_empty() {
            (
                "it was taken without Kafka and has no positions in the stream".to_owned(),
                "take one with the Kafka settings: ditto-cdc requery --output DIR",
            )
        } else {
            (
                format!(
                    "it continues in the topic {}, and this run reads {topic}",
                    topics.join(", ")
                ),
                "use the snapshot of this topic, or the --topic of this snapshot",
            )
        };
        Failure {
            class: FailureClass::Setup,
            what: format!("starting from the snapshot {}: {why}", self.name),
            fix: Some(fix.to_owned()),
            raw: None,
        }
    }

    /// The id of the topic that its positions belong to.
    pub(in crate::commands) fn topic_id(&self, topic: &str) -> Option<String> {
        manifest::incarnation(&self.manifest.positions, topic).id
    }

    /// Checks that a group can start at its positions.
    ///
    /// # Errors
    /// A [`Failure`] if the topic was deleted and created again.
    pub(in crate::commands) fn check_topic(
        &self,
        topic: &str,
        now: Option<&str>,
    ) -> Result<(), Failure> {
        match (self.topic_id(topic), now) {
            (Some(then), Some(now)) if then != now => Err(Failure {
                class: FailureClass::Gap,
                what: format!(
                    "starting from the snapshot {}: the topic {topic} was deleted and created again (its id was {then}, and is {now})",
                    self.name
                ),
                fix: Some("take a new snapshot: ditto-cdc requery --output DIR".to_owned()),
                raw: None,
            }),
            _ => Ok(()),
        }
    }

    /// The state of a reader that continues from it; `now` is the present topic.
    pub(in crate::commands) fn continue_state(&self, state: State, now: &Incarnation) -> State {
        state.continue_from(&self.manifest, self.contains_everything(), now)
    }

    /// Whether it contains every document that this run shows.
    pub(in crate::commands) fn contains_everything(&self) -> bool {
        self.coverage.contains(self.selected.as_ref())
    }

    /// Distinguishes this snapshot from others, and orders it.
    pub(in crate::commands) fn identity(&self) -> SnapshotIdentity {
        SnapshotIdentity::new(&self.manifest)
    }

    /// The collections and condition that limit the snapshot; `None` if it covers everything.
    pub(in crate::commands) fn scope(&self) -> Option<String> {
        let Scope {
            named, condition, ..
        } = &self.manifest.scope;
        let collections =
            (!named.is_empty()).then(|| format!("the collections {}", named.join(", ")));
        let condition = condition
            .as_ref()
            .map(|condition| format!("documents with {condition}"));
        let parts: Vec<String> = collections.into_iter().chain(condition).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// How the event of a record relates to the snapshot.
    pub(in crate::commands) fn relation(
        &self,
        event: &Event<'_>,
        place: &Place<'_>,
    ) -> SnapshotRelation {
        if event.kind == EventKind::RequeryRequired {
            return if self.resolves(event.txn_id, place) {
                SnapshotRelation::GapResolved
            } else {
                SnapshotRelation::Newer
            };
        }
        let Some(txn) = event.txn_id else {
            return match event.kind {
                EventKind::DocumentChanged => SnapshotRelation::Undated,
                _ => SnapshotRelation::Newer,
            };
        };
        let (Some(collection), Some(id)) = (&event.collection, event.id()) else {
            return SnapshotRelation::Newer;
        };
        if event.kind == EventKind::DocumentChanged && self.index.contains(collection, id, txn.0) {
            return SnapshotRelation::AlreadyIncluded;
        }
        SnapshotRelation::Newer
    }

    /// Whether it resolves a `requeryRequired`.
    fn resolves(&self, txn: Option<TxnId>, place: &Place<'_>) -> bool {
        let txn = txn.map(|txn| txn.0);
        let selected = self.selected.as_ref();
        match *place {
            // The end of a partition is needed only without a transaction.
            Place::Offset { topic, .. } if txn.is_none() => {
                let of_topic = Coverage::new(&self.manifest, topic);
                of_topic.resolves(txn, place.position(), selected)
            }
            _ => self.coverage.resolves(txn, None, selected),
        }
    }
}
