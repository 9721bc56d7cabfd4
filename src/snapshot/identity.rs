//! Identity of a snapshot in the state file, and the order of snapshots by the stream. Clocks may go back.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::manifest::Manifest;

/// What distinguishes a snapshot from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotIdentity {
    floor: Option<u64>,
    /// The id of the topic, if it is known.
    topic: Option<String>,
    /// The next offset of each partition.
    positions: BTreeMap<i32, i64>,
    /// Start and end, as in the manifest.
    times: String,
}

impl SnapshotIdentity {
    /// The identity of a snapshot.
    #[must_use]
    pub fn new(manifest: &Manifest) -> SnapshotIdentity {
        let positions = manifest.positions.iter();
        SnapshotIdentity {
            floor: manifest.floor,
            topic: positions
                .clone()
                .find_map(|position| position.topic_id.clone()),
            positions: positions
                .map(|position| (position.partition, position.next_offset))
                .collect(),
            times: format!("{} {}", manifest.started, manifest.ended),
        }
    }

    /// As text without line ends.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self
            .floor
            .map_or_else(|| "-".to_owned(), |floor| floor.to_string());
        text.push('@');
        for (at, (partition, offset)) in self.positions.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(text, "{comma}{partition}:{offset}");
        }
        if let Some(topic) = &self.topic {
            let _ = write!(text, "@{topic}");
        }
        text.push(' ');
        text.push_str(&self.times);
        text
    }

    /// Whether a text means this snapshot. Earlier versions of this program wrote the times only.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        text == self.text() || text == self.times
    }

    /// Whether this snapshot was certainly taken before the one of a text: no later position of the same topic, at least
    /// one earlier one, and no higher minimum transaction. If that is unknown, it is not: to read events again is
    /// harmless.
    #[must_use]
    pub fn is_older_than(&self, text: &str) -> bool {
        let Some(other) = parse(text) else {
            return false;
        };
        let not_later = |(partition, next): (&i32, &i64)| {
            let other = other.positions.get(partition);
            other.is_some_and(|other| next <= other)
        };
        self.floor <= other.floor
            && self.topic == other.topic
            && self.positions != other.positions
            && !self.positions.is_empty()
            && self.positions.iter().all(not_later)
    }
}

/// The identity of a text: `FLOOR@PARTITION:OFFSET,…@TOPIC STARTED ENDED`. The topic's id may be missing.
fn parse(text: &str) -> Option<SnapshotIdentity> {
    let (stream, times) = text.split_once(' ')?;
    let mut parts = stream.splitn(3, '@');
    let floor = match parts.next()? {
        "-" => None,
        number => Some(number.parse().ok()?),
    };
    let positions = parts.next()?.split(',').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (partition, next) = pair.split_once(':')?;
        Some((partition.parse().ok()?, next.parse().ok()?))
    };
    Some(SnapshotIdentity {
        floor,
        positions: positions.map(pair).collect::<Option<_>>()?,
        topic: parts.next().map(str::to_owned),
        times: times.to_owned(),
    })
}

#[cfg(test)]
#[path = "tests/identity.rs"]
mod tests;
