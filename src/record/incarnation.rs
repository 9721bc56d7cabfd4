//! Incarnations of a topic: one of several topics that had the same name over time (KIP-516). An offset means something
//! only in the incarnation in which it was recorded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What identifies an incarnation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incarnation {
    /// The topic's id; `None` if the brokers do not send one.
    pub id: Option<String>,
    /// Without an id: a record that was read, by partition.
    pub witnesses: BTreeMap<i32, Witness>,
}

impl Incarnation {
    /// Whether there is nothing to compare with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.id.is_none() && self.witnesses.is_empty()
    }

    /// Whether both ids are known and different.
    #[must_use]
    pub fn differs_from(&self, other: &Incarnation) -> bool {
        let ids = self.id.as_deref().zip(other.id.as_deref());
        ids.is_some_and(|(one, other)| one != other)
    }
}

/// A record that was read: if another one has its offset, the partition is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Witness {
    /// The record's offset.
    pub offset: i64,
    /// Its timestamp in milliseconds since 1970-01-01 UTC.
    pub timestamp: Option<i64>,
    /// SHA-256 of its key and payload, in hexadecimal digits.
    pub sha256: String,
}

/// What an earlier read recorded.
#[derive(Debug, Clone, Copy)]
pub struct Remembered<'a> {
    /// The topic's incarnation.
    pub incarnation: &'a Incarnation,
    /// The next offset of each partition.
    pub next: &'a BTreeMap<i32, i64>,
}

/// What the brokers have now.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// The topic's id, if the brokers send it.
    pub id: Option<&'a str>,
    /// The low and high watermark of each partition.
    pub watermarks: &'a BTreeMap<i32, (i64, i64)>,
    /// The records at the offsets of the witnesses; a partition without such a record is missing.
    pub found: &'a BTreeMap<i32, Witness>,
}

/// Whether recorded offsets still mean what they meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The topic is the one that was read.
    Same,
    /// The topic was deleted and created again, or its records were replaced.
    Replaced,
    /// Nothing could be compared.
    Unknown,
}

/// Compares the topic with the one that was read.
///
/// Two ids decide. Without them, a witness that has changed, a partition that is missing or one that ends before the
/// next offset shows another topic; a witness that is still there shows the same one.
#[must_use]
pub fn compare(remembered: &Remembered<'_>, observed: &Observed<'_>) -> Verdict {
    if let (Some(then), Some(now)) = (remembered.incarnation.id.as_deref(), observed.id) {
        return if then == now {
            Verdict::Same
        } else {
            Verdict::Replaced
        };
    }
    let is_shorter = |(partition, next): (&i32, &i64)| {
        let high = observed.watermarks.get(partition).map(|(_, high)| *high);
        high.is_none_or(|high| *next > high)
    };
    if remembered.next.iter().any(is_shorter) {
        return Verdict::Replaced;
    }
    let mut verdict = Verdict::Unknown;
    for (partition, witness) in &remembered.incarnation.witnesses {
        match observed.found.get(partition) {
            Some(found) if found == witness => verdict = Verdict::Same,
            Some(_) => return Verdict::Replaced,
            None => {}
        }
    }
    verdict
}

#[cfg(test)]
#[path = "incarnation_tests.rs"]
mod tests;
