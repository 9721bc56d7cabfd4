//! A state as the text of its file, and back; whatever is odd about a text is said in words.
//! Nothing is opened here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Gap, State};

/// The only version there is.
const VERSION: u32 = 1;
/// Says whose file it is.
const KIND: &str = "tail";

/// The file's content. Unknown fields would be lost by the next write, so they are refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(rename = "ditto-cdc")]
    kind: String,
    version: u32,
    cluster: Option<String>,
    topic: String,
    partitions: i32,
    next: BTreeMap<i32, i64>,
    gap: Option<GapContent>,
    snapshot: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GapContent {
    announced: u64,
    lost: u64,
    #[serde(rename = "txnID")]
    txn_id: Option<u64>,
    behind: BTreeMap<i32, i64>,
}

/// Only what tells whether the rest can be understood.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "ditto-cdc")]
    kind: String,
    version: u32,
}

/// The text of a state.
pub(super) fn write(state: &State) -> String {
    let gap = state.gap.clone().map(|gap| GapContent {
        announced: gap.announced,
        lost: gap.lost,
        txn_id: gap.txn_id,
        behind: gap.behind,
    });
    let content = Content {
        kind: KIND.to_owned(),
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

/// Reads a state.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn read(text: &[u8]) -> Result<State, String> {
    if text.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    let head: Head = serde_json::from_slice(text)
        .map_err(|error| format!("it is not what --state writes ({error})"))?;
    if head.kind != KIND {
        return Err(format!("it belongs to `{}`, not to `{KIND}`", head.kind));
    }
    if head.version != VERSION {
        return Err(format!(
            "it has version {}, and this ditto-cdc knows version {VERSION}",
            head.version
        ));
    }
    let content: Content =
        serde_json::from_slice(text).map_err(|error| format!("it is damaged ({error})"))?;
    state(content).ok_or_else(|| "it is damaged (a number in it is below 0)".to_owned())
}

fn state(content: Content) -> Option<State> {
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
