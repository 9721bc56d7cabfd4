//! Checkpoint of `tail --state` and of `relay`: the next offsets, an unresolved gap, and the snapshot that the stream continued from.

mod continuation;
mod file;
mod gap;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use file::{StateFile, read};
pub use gap::{Coverage, Gap};

use crate::record::incarnation::{Incarnation, Witness};

/// The state of one reader of one topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The id of the Kafka cluster, if its brokers send it.
    pub cluster: Option<String>,
    /// The topic.
    pub topic: String,
    /// Which topic of that name the offsets belong to. Files of earlier versions do not say it.
    pub incarnation: Incarnation,
    /// Number of partitions when the topic was last opened.
    pub partitions: i32,
    /// The next offset of each partition that is read.
    pub next: BTreeMap<i32, i64>,
    /// A gap that no requery has resolved yet.
    pub gap: Option<Gap>,
    /// Identity of the snapshot that the offsets continued from, if any.
    pub snapshot: Option<String>,
}

impl State {
    /// Where to continue with a snapshot that these offsets do not come from. A snapshot that contains everything that
    /// the reader shows replaces the offsets; otherwise the changes of other documents since then are still to be read.
    #[must_use]
    pub fn start_with(
        &self,
        snapshot: &BTreeMap<i32, i64>,
        contains_everything: bool,
    ) -> BTreeMap<i32, i64> {
        if contains_everything {
            return snapshot.clone();
        }
        let mut start = self.next.clone();
        for (&partition, &next) in snapshot {
            match start.get_mut(&partition) {
                Some(own) => *own = next.min(*own),
                // The reader has not selected this partition.
                None if partition < self.partitions => {
                    start.insert(partition, next);
                }
                // It is new, and read from its first record.
                None => {}
            }
        }
        start
    }
}

/// Version of the file format that is written. Version 1 has neither `topicId` nor `witnesses`.
const VERSION: u32 = 2;
/// The oldest version that is read.
const OLDEST_VERSION: u32 = 1;

/// The command that owns a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// `tail --state`, in a file.
    Tail,
    /// `relay`, in a topic.
    Relay,
}

impl Owner {
    fn name(self) -> &'static str {
        match self {
            Owner::Tail => "tail",
            Owner::Relay => "relay",
        }
    }

    /// What writes it, for messages.
    fn writer(self) -> &'static str {
        match self {
            Owner::Tail => "--state",
            Owner::Relay => "relay",
        }
    }
}

/// The file's content. Unknown fields are rejected, because the next write would lose them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(rename = "ditto-cdc")]
    kind: String,
    version: u32,
    cluster: Option<String>,
    topic: String,
    #[serde(rename = "topicId", default)]
    topic_id: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    witnesses: BTreeMap<i32, Witness>,
    partitions: i32,
    next: BTreeMap<i32, i64>,
    gap: Option<GapFields>,
    snapshot: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GapFields {
    announced: u64,
    lost: u64,
    #[serde(rename = "txnID")]
    txn_id: Option<u64>,
    behind: BTreeMap<i32, i64>,
    #[serde(default, skip_serializing_if = "is_zero")]
    unnumbered: u64,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    covered: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known: Option<BTreeSet<String>>,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The fields that decide whether the rest can be parsed.
#[derive(Deserialize)]
struct Preamble {
    #[serde(rename = "ditto-cdc")]
    kind: String,
    version: u32,
}

impl State {
    /// The state on one line.
    #[must_use]
    pub fn to_line(&self, owner: Owner) -> String {
        // Strings and numbers always serialize.
        serde_json::to_string(&fields(self, owner)).unwrap_or_default()
    }

    /// Parses a state of this owner.
    ///
    /// # Errors
    /// What is wrong, for a message.
    pub fn parse(text: &[u8], owner: Owner) -> Result<State, String> {
        if text.trim_ascii().is_empty() {
            return Err("it is empty".to_owned());
        }
        let head: Preamble = serde_json::from_slice(text)
            .map_err(|error| format!("it is not what {} writes ({error})", owner.writer()))?;
        if head.kind != owner.name() {
            return Err(format!(
                "it belongs to `{}`, not to `{}`",
                head.kind,
                owner.name()
            ));
        }
        if !(OLDEST_VERSION..=VERSION).contains(&head.version) {
            return Err(format!(
                "it has version {}, and this ditto-cdc knows versions up to {VERSION}",
                head.version
            ));
        }
        let content: Fields =
            serde_json::from_slice(text).map_err(|error| format!("it is damaged ({error})"))?;
        from_fields(content).ok_or_else(|| "it is damaged (a number in it is below 0)".to_owned())
    }
}

/// Serializes the state of a file.
fn serialize(state: &State) -> String {
    let mut text = serde_json::to_string_pretty(&fields(state, Owner::Tail)).unwrap_or_default();
    text.push('\n');
    text
}

fn fields(state: &State, owner: Owner) -> Fields {
    let gap = state.gap.clone().map(|gap| GapFields {
        announced: gap.announced,
        lost: gap.lost,
        txn_id: gap.txn_id,
        behind: gap.after,
        unnumbered: gap.unnumbered,
        covered: gap.covered,
        known: gap.known,
    });
    Fields {
        kind: owner.name().to_owned(),
        version: VERSION,
        cluster: state.cluster.clone(),
        topic: state.topic.clone(),
        topic_id: state.incarnation.id.clone(),
        witnesses: state.incarnation.witnesses.clone(),
        partitions: state.partitions,
        next: state.next.clone(),
        gap,
        snapshot: state.snapshot.clone(),
    }
}

fn from_fields(content: Fields) -> Option<State> {
    let gap = content.gap.map(|gap| Gap {
        announced: gap.announced,
        lost: gap.lost,
        txn_id: gap.txn_id,
        after: gap.behind,
        unnumbered: gap.unnumbered,
        covered: gap.covered,
        known: gap.known,
    });
    let after = gap.iter().flat_map(|gap| &gap.after);
    let is_valid = |(partition, offset): (&i32, &i64)| *partition >= 0 && *offset >= 0;
    let all_valid = content.partitions >= 0 && content.next.iter().chain(after).all(is_valid);
    all_valid.then_some(State {
        cluster: content.cluster,
        topic: content.topic,
        incarnation: Incarnation {
            id: content.topic_id,
            witnesses: content.witnesses,
        },
        partitions: content.partitions,
        next: content.next,
        gap,
        snapshot: content.snapshot,
    })
}

#[cfg(test)]
mod tests;
