//! The snapshot that a run starts from: where the stream goes on, what of it the snapshot contains already.
//! How a snapshot is made is `requery`'s; the state file that goes on from it is `keep`'s.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use crate::event::{Event, Kind};
use crate::kafka::Kept;
use crate::record::{Failure, FailureClass};
use crate::snapshot::dedup::Contained;
use crate::snapshot::manifest::{Manifest, Scope};
use crate::state::Gap;

/// A snapshot to start from.
#[derive(Debug)]
pub(super) struct Base {
    /// Its folder, as the user calls it.
    pub name: String,
    manifest: Manifest,
    contained: Contained,
}

/// What the snapshot says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The event comes behind the snapshot, as far as anybody can tell.
    Behind,
    /// The snapshot contains what the event did.
    Contained,
    /// A `requeryRequired` that the snapshot answers.
    Answered,
}

impl Base {
    /// Reads a snapshot's manifest.
    ///
    /// # Errors
    /// A [`Failure`] where there is none that can be relied on; an incomplete one is fine only if `anyway`.
    pub(super) fn read(folder: &Path, anyway: bool) -> Result<Base, Failure> {
        let manifest = Manifest::read(folder)?;
        let base = Base {
            name: folder.display().to_string(),
            contained: Contained::of(&manifest),
            manifest,
        };
        if base.manifest.complete || anyway {
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
                "finish it: ditto-cdc requery --output {} --resume; or start with what it has: --allow-incomplete",
                crate::util::shell::quoted(&self.name)
            )),
            raw: None,
        }
    }

    /// Where a topic goes on behind the snapshot.
    ///
    /// # Errors
    /// A [`Failure`] where the snapshot knows no positions of that topic.
    pub(super) fn kept(&self, topic: &str) -> Result<Kept, Failure> {
        let positions = self.manifest.positions.iter();
        let of_topic = positions.filter(|position| position.topic == topic);
        let next: BTreeMap<i32, i64> = of_topic
            .map(|position| (position.partition, position.next_offset))
            .collect();
        if next.is_empty() {
            return Err(self.without_positions(topic));
        }
        Ok(Kept {
            next,
            // The snapshot knew every partition that there was: any other one is read from its first record.
            partitions: 0,
            lost: Vec::new(),
        })
    }

    /// Whether the positions can be those of this cluster.
    ///
    /// # Errors
    /// A [`Failure`] where they belong to another one.
    pub(super) fn check_cluster(&self, now: Option<&str>) -> Result<(), Failure> {
        match (self.manifest.cluster.as_deref(), now) {
            (Some(then), Some(now)) if then != now => Err(Failure {
                class: FailureClass::Setup,
                what: format!(
                    "starting from the snapshot {}: its positions belong to the Kafka cluster {then}, and these brokers to {now}",
                    self.name
                ),
                fix: Some("read the cluster that the snapshot was taken beside, or make a new one: ditto-cdc requery --output DIR".to_owned()),
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
                "it was made without Kafka and knows no place in the stream".to_owned(),
                "make one with the Kafka settings at hand: ditto-cdc requery --output DIR",
            )
        } else {
            (
                format!(
                    "it goes on in the topic {}, and this run reads {topic}",
                    topics.join(", ")
                ),
                "give the snapshot that was made with this topic, or the --topic that it was made with",
            )
        };
        Failure {
            class: FailureClass::Setup,
            what: format!("starting from the snapshot {}: {why}", self.name),
            fix: Some(fix.to_owned()),
            raw: None,
        }
    }

    /// Whether the snapshot answers a gap that was met before.
    pub(super) fn answers(&self, gap: &Gap, kept: &Kept) -> bool {
        self.manifest.complete && gap.is_answered_by(&kept.next, self.manifest.floor)
    }

    /// What tells this snapshot from others, with the time at its beginning.
    pub(super) fn identity(&self) -> String {
        format!("{} {}", self.manifest.started, self.manifest.ended)
    }

    /// Whether the snapshot with that identity is newer than this one.
    pub(super) fn is_older_than(&self, identity: &str) -> bool {
        let time = |text: &str| text.parse::<Timestamp>().ok();
        let other = identity.split(' ').next().and_then(time);
        match (time(&self.manifest.started), other) {
            (Some(own), Some(other)) => own < other,
            _ => false,
        }
    }

    /// What the snapshot leaves out by intention; `None` where it is everything.
    pub(super) fn narrowed(&self) -> Option<String> {
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

    /// How an event relates to the snapshot.
    pub(super) fn relation(&self, event: &Event<'_>) -> Relation {
        let Some(txn) = event.txn_id else {
            return Relation::Behind;
        };
        if event.kind == Kind::RequeryRequired {
            let answered = self.manifest.complete && Some(txn.0) <= self.manifest.floor;
            return if answered {
                Relation::Answered
            } else {
                Relation::Behind
            };
        }
        let (Some(collection), Some(id)) = (&event.collection, event.id()) else {
            return Relation::Behind;
        };
        if event.kind == Kind::DocumentChanged && self.contained.contains(collection, id, txn.0) {
            return Relation::Contained;
        }
        Relation::Behind
    }
}
