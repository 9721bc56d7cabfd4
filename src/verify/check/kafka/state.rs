//! Check of a state file of `tail`: whether its positions still mean what they meant.

use super::{Check, Fault, TopicContext, describe_offsets};
use crate::kafka::inspect::Partition;
use crate::record::incarnation::{Incarnation, Verdict};

/// A state file, and what the brokers say about its topic.
#[derive(Debug, Clone, Copy)]
pub struct StateFacts<'a> {
    /// The file as the user typed it.
    pub file: &'a str,
    /// The cluster in the file, and the one that was connected.
    pub clusters: (Option<&'a str>, Option<&'a str>),
    /// The topic in the file.
    pub topic: &'a str,
    /// Which topic of that name it is.
    pub incarnation: &'a Incarnation,
    /// The topic's id now.
    pub id: Option<&'a str>,
    /// Whether it is still the topic of the file.
    pub verdict: Verdict,
    /// The next offset of each partition in the file.
    pub next: &'a [(i32, i64)],
    /// The gap in the file that no requery has resolved, as a phrase.
    pub gap: Option<&'a str>,
}

/// What to do about a gap.
const REQUERY: &str = "this is a gap: run ditto-cdc requery --output DIR, then tail with this state file and --from DIR";

impl TopicContext<'_> {
    /// Checks that the positions of a state file are still available.
    #[must_use]
    pub fn state(&self, facts: &StateFacts<'_>, partitions: &[Partition]) -> Check {
        let check = self
            .another_topic(facts)
            .or_else(|| created_again(self.topic, facts))
            .or_else(|| lost_positions(facts, partitions))
            .unwrap_or_else(|| continues(self.topic, facts, partitions));
        check
            .detail("file", facts.file)
            .detail("recordedTopicId", facts.incarnation.id.as_deref())
            .detail("topicId", facts.id)
    }

    fn another_topic(&self, facts: &StateFacts<'_>) -> Option<Check> {
        let (file, topic) = (facts.file, self.topic);
        if facts.topic != topic {
            let what = format!(
                "{file} has positions of the topic {}, not of {topic}",
                facts.topic
            );
            let check = Check::fail_unnumbered("state", what);
            return Some(check.fix("use a separate state file for each topic"));
        }
        match facts.clusters {
            (Some(then), Some(now)) if then != now => {
                let what = format!(
                    "{file} has positions of the Kafka cluster {then}, and these brokers belong to {now}"
                );
                Some(Check::fail_unnumbered("state", what).fix(
                    "connect to the cluster of the file; or, if that cluster was re-created, this is a gap: move the file away, run ditto-cdc requery --output DIR, then tail with a new state file and --from DIR",
                ))
            }
            _ => None,
        }
    }
}

fn created_again(topic: &str, facts: &StateFacts<'_>) -> Option<Check> {
    if facts.verdict != Verdict::Replaced {
        return None;
    }
    let evidence = match (&facts.incarnation.id, facts.id) {
        (Some(then), Some(now)) => format!("its id was {then}, and is {now}"),
        _ if facts.incarnation.witnesses.is_empty() => {
            "it ends before the positions of the file".to_owned()
        }
        _ => "the last record that was read is not at its offset any more".to_owned(),
    };
    let what = format!(
        "the topic {topic} was deleted and created again after {} was written: {evidence}",
        facts.file
    );
    Some(Check::fail("state", Fault::E11, what).fix(REQUERY))
}

fn lost_positions(facts: &StateFacts<'_>, partitions: &[Partition]) -> Option<Check> {
    facts.next.iter().find_map(|(id, next)| {
        let partition = partitions.iter().find(|one| one.id == *id)?;
        let (low, high) = (partition.low?, partition.high?);
        let why = if *next < low {
            format!("retention has removed everything before {low}")
        } else if *next > high {
            format!("it ends at {high}: the topic has lost its newest records")
        } else {
            return None;
        };
        let what = format!(
            "{} is at offset {next} of partition {id}, and {why}",
            facts.file
        );
        let check = Check::fail("state", Fault::E5, what).fix(REQUERY);
        Some(check.raw("Broker: Offset out of range"))
    })
}

fn continues(topic: &str, facts: &StateFacts<'_>, partitions: &[Partition]) -> Check {
    let file = facts.file;
    if let Some(gap) = facts.gap {
        let what = format!("{file} remembers {gap}, and no requery has resolved it yet");
        return Check::warn("state", what).fix(REQUERY);
    }
    if facts.verdict == Verdict::Unknown && !facts.incarnation.is_empty() {
        let what = format!(
            "whether {topic} is still the topic of {file} is unknown: the brokers send no topic id, and the last record that was read is not there to compare"
        );
        return Check::warn("state", what);
    }
    let lag = |one: &Partition| {
        let known = facts.next.iter().find(|(id, _)| *id == one.id);
        // A partition that was added later is read from its first record.
        let next = known.map_or(one.low, |(_, next)| Some(*next));
        Some((one.high? - next?).max(0))
    };
    let behind: i64 = partitions.iter().filter_map(lag).sum();
    let what = format!(
        "{file} continues in {topic}; its lag is {}",
        describe_offsets(behind)
    );
    Check::pass("state", what).detail("behind", behind)
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
