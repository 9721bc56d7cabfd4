//! The JSON of a state file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Gap, State};

/// The only version there is.
const VERSION: u32 = 1;
/// Marks the file as a state of `tail`.
const OWNER: &str = "tail";

/// The file's content. Unknown fields would be lost by the next write, so they are refused.
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
pub(super) fn write(state: &State) -> String {
    let gap = state.gap.clone().map(|gap| GapFields {
        announced: gap.announced,
        lost: gap.lost,
        txn_id: gap.txn_id,
        behind: gap.behind,
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
    // Texts and numbers always have a JSON form.
    let mut text = serde_json::to_string_pretty(&content).unwrap_or_default();
    text.push('\n');
    text
}

/// Parses a state.
///
/// # Errors
/// A sentence with what is wrong.
pub(super) fn read(text: &[u8]) -> Result<State, String> {
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
    state(content).ok_or_else(|| "it is damaged (a number in it is below 0)".to_owned())
}

fn state(content: Fields) -> Option<State> {
    let gap = content.gap.map(|gap| Gap {
        announced: gap.announced,
        lost: gap.lost,
        txn_id: gap.txn_id,
        behind: gap.behind,
    });
    let behind = gap.iter().flat_map(|gap| &gap.behind);
    let sound = |(partition, offset): (&i32, &i64)| *partition >= 0 && *offset >= 0;
    let all_sound = content.partitions >= 0 && content.next.iter().chain(behind).all(sound);
    all_sound.then_some(State {
        cluster: content.cluster,
        topic: content.topic,
        partitions: content.partitions,
        next: content.next,
        gap,
        snapshot: content.snapshot,
    })
}
