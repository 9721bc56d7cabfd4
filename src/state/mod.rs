//! Checkpoint of `tail --state`: the next offsets, an unresolved gap, and the snapshot that the stream continued from.

mod file;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use file::StateFile;

use crate::record::OffsetGap;

/// The state of one reader of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The id of the Kafka cluster, if its brokers send it.
    pub cluster: Option<String>,
    /// The topic.
    pub topic: String,
    /// Number of partitions when the topic was last opened.
    pub partitions: i32,
    /// The next offset of each partition that is read.
    pub next: BTreeMap<i32, i64>,
    /// A gap that no requery has resolved yet.
    pub gap: Option<Gap>,
    /// Identity of the snapshot that the offsets continued from, if any.
    pub snapshot: Option<String>,
}

/// One gap, or several that one requery resolves together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gap {
    /// Number of `requeryRequired` events.
    pub announced: u64,
    /// Number of offset gaps.
    pub lost: u64,
    /// The highest `txnID` of the `requeryRequired` events: the minimum transaction of the requery.
    pub txn_id: Option<u64>,
    /// The offset after the gap, for each partition with one. A requery with these offsets or later ones includes it.
    pub after: BTreeMap<i32, i64>,
}

impl Gap {
    /// Adds a `requeryRequired` at this partition and offset.
    pub fn note_requery(&mut self, txn_id: Option<u64>, at: Option<(i32, i64)>) {
        self.announced += 1;
        self.txn_id = self.txn_id.max(txn_id);
        if let Some((partition, offset)) = at {
            self.move_after(partition, offset + 1);
        }
    }

    /// Adds an offset gap.
    pub fn note_offset_gap(&mut self, gap: &OffsetGap) {
        self.lost += 1;
        self.move_after(gap.partition, gap.resumed);
    }

    /// Adds a later gap.
    pub fn add(&mut self, later: Gap) {
        self.announced += later.announced;
        self.lost += later.lost;
        self.txn_id = self.txn_id.max(later.txn_id);
        for (partition, offset) in later.after {
            self.move_after(partition, offset);
        }
    }

    fn move_after(&mut self, partition: i32, offset: i64) {
        let after = self.after.entry(partition).or_insert(offset);
        *after = offset.max(*after);
    }

    /// Whether a requery that recorded these offsets and read at `min_txn` or later resolves the whole gap.
    #[must_use]
    pub fn is_resolved_by(&self, positions: &BTreeMap<i32, i64>, min_txn: Option<u64>) -> bool {
        let is_later = self.after.iter().all(|(partition, after)| {
            // A partition that no longer exists has no offset.
            positions.get(partition).is_none_or(|next| next >= after)
        });
        is_later && self.txn_id <= min_txn
    }

    /// Describes the gap in a phrase.
    #[must_use]
    pub fn describe(&self) -> String {
        let announced = match (self.announced, self.txn_id) {
            (0, _) => None,
            (1, None) => Some("a requeryRequired without a txnID".to_owned()),
            (1, Some(txn)) => Some(format!("a requeryRequired, txnID {txn}")),
            (count, None) => Some(format!("{count} requeryRequired without a txnID")),
            (count, Some(txn)) => Some(format!("{count} requeryRequired, txnID up to {txn}")),
        };
        let lost = match self.lost {
            0 => None,
            1 => Some("an offset gap".to_owned()),
            count => Some(format!("{count} offset gaps")),
        };
        let parts: Vec<String> = announced.into_iter().chain(lost).collect();
        parts.join(" and ")
    }
}

/// Version of the file format.
const VERSION: u32 = 1;
/// The command that owns the file.
const OWNER: &str = "tail";

/// The file's content. Unknown fields are rejected, because the next write would lose them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(rename = "ditto-cdc")]
    kind: String,
    version: u32,
    cluster: Option<String>,
    topic: String,
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
}

/// The fields that decide whether the rest can be parsed.
#[derive(Deserialize)]
struct Preamble {
    #[serde(rename = "ditto-cdc")]
    kind: String,
    version: u32,
}

/// Serializes a state.
fn serialize(state: &State) -> String {
    let gap = state.gap.clone().map(|gap| GapFields {
        announced: gap.announced,
        lost: gap.lost,
        txn_id: gap.txn_id,
        behind: gap.after,
    });
    let content = Fields {
        kind: OWNER.to_owned(),
        version: VERSION,
        cluster: state.cluster.clone(),
        topic: state.topic.clone(),
        partitions: state.partitions,
        next: state.next.clone(),
        gap,
        snapshot: state.snapshot.clone(),
    };
    // Strings and numbers always serialize.
    let mut text = serde_json::to_string_pretty(&content).unwrap_or_default();
    text.push('\n');
    text
}

/// Parses a state.
///
/// # Errors
/// What is wrong, for a message.
fn parse(text: &[u8]) -> Result<State, String> {
    if text.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    let head: Preamble = serde_json::from_slice(text)
        .map_err(|error| format!("it is not what --state writes ({error})"))?;
    if head.kind != OWNER {
        return Err(format!("it belongs to `{}`, not to `{OWNER}`", head.kind));
    }
    if head.version != VERSION {
        return Err(format!(
            "it has version {}, and this ditto-cdc knows version {VERSION}",
            head.version
        ));
    }
    let content: Fields =
        serde_json::from_slice(text).map_err(|error| format!("it is damaged ({error})"))?;
    from_fields(content).ok_or_else(|| "it is damaged (a number in it is below 0)".to_owned())
}

fn from_fields(content: Fields) -> Option<State> {
    let gap = content.gap.map(|gap| Gap {
        announced: gap.announced,
        lost: gap.lost,
        txn_id: gap.txn_id,
        after: gap.behind,
    });
    let after = gap.iter().flat_map(|gap| &gap.after);
    let is_valid = |(partition, offset): (&i32, &i64)| *partition >= 0 && *offset >= 0;
    let all_valid = content.partitions >= 0 && content.next.iter().chain(after).all(is_valid);
    all_valid.then_some(State {
        cluster: content.cluster,
        topic: content.topic,
        partitions: content.partitions,
        next: content.next,
        gap,
        snapshot: content.snapshot,
    })
}

#[cfg(test)]
mod tests;
