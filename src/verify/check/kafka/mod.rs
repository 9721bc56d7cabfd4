//! Checks of topic, records and consumer group, from the brokers' responses.

mod state;

pub use state::StateFacts;

use super::{Check, Fault};
use crate::event::{self, EventKind, Unreadable};
use crate::kafka::inspect::{Partition, QueryError, QueryErrorKind};
use crate::util::suggest::nearest;
use crate::util::text::plural;
use crate::util::time::format_rfc3339;

/// The topic and the user that the checks are about.
#[derive(Debug, Clone, Copy)]
pub struct TopicContext<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The subject of the user certificate.
    pub principal: Option<&'a str>,
}

/// One record of the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The partition number.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
    /// Its timestamp, in milliseconds since 1970.
    pub timestamp_ms: Option<i64>,
    /// Its payload; `None` for a tombstone.
    pub payload: Option<Vec<u8>>,
}

/// Limit for quoting a record that cannot be decoded.
const MAX_QUOTED_BYTES: usize = 32;

impl TopicContext<'_> {
    fn describe_principal(&self) -> String {
        self.principal.map_or_else(
            || "this client (without a certificate)".to_owned(),
            |name| format!("the user certificate ({name})"),
        )
    }

    /// The failed check `name` of a query that failed; `visible` are the topics that the user may see.
    #[must_use]
    pub fn query_failed(
        &self,
        name: &'static str,
        error: &QueryError,
        visible: &[String],
    ) -> Check {
        let topic = self.topic;
        let near = nearest(topic, visible.iter().map(String::as_str));
        let hint = if near.is_empty() {
            "compare --topic with the portal".to_owned()
        } else {
            format!(
                "did you mean {}? Compare --topic with the portal",
                near.join(" or ")
            )
        };
        let check = match error.kind {
            QueryErrorKind::TopicForbidden => Check::fail(
                name,
                Fault::E2,
                format!(
                    "{} may not read the topic {topic}, or the topic does not exist",
                    self.describe_principal()
                ),
            )
            .fix(format!(
                "{hint}; brokers with access control give the same answer for a topic that does not exist"
            )),
            QueryErrorKind::TopicUnknown => Check::fail(
                name,
                Fault::E3,
                format!("the brokers have no topic {topic}"),
            )
            .fix(format!(
                "{hint}; some brokers also hide topics that the user may not read"
            )),
            QueryErrorKind::TopicInvalid => Check::fail(
                name,
                Fault::E3,
                format!("{topic:?} is not a valid topic name"),
            )
            .fix("copy the topic from the portal"),
            _ => Check::fail_unnumbered(name, format!("the query for the topic {topic} failed"))
                .fix("try again; if it fails again, open a ticket with the line below"),
        };
        let check = check.detail("topic", topic);
        let check = if near.is_empty() {
            check
        } else {
            check.detail("near", near)
        };
        check.raw(&error.raw)
    }

    /// The failed check of records that may not be fetched, although the topic was described.
    #[must_use]
    pub fn not_readable(&self, error: &QueryError) -> Check {
        let topic = self.topic;
        let what = format!(
            "{} may describe the topic {topic}, but not read it",
            self.describe_principal()
        );
        Check::fail("records", Fault::E10, what)
            .fix("the topic's name is right: the people who run the cluster must allow this user the operation READ on the topic")
            .detail("topic", topic)
            .raw(&error.raw)
    }

    /// Checks that each partition of the topic has a leader.
    #[must_use]
    pub fn topic(&self, partitions: &[Partition]) -> Check {
        let topic = self.topic;
        let count = i64::try_from(partitions.len()).unwrap_or(i64::MAX);
        let leaderless: Vec<i32> = partitions
            .iter()
            .filter(|one| !one.has_leader)
            .map(|one| one.id)
            .collect();
        let check = if count == 0 {
            Check::fail("topic", Fault::E6, format!("{topic} has no partitions yet"))
                .fix("wait until the cluster has created them, then try again")
        } else if leaderless.is_empty() {
            Check::pass(
                "topic",
                format!("{topic} has {}", plural(count, "partition")),
            )
        } else {
            let list: Vec<String> = leaderless.iter().map(i32::to_string).collect();
            let what = format!(
                "{topic}: no broker leads partition {} of {count}, so it cannot be read",
                list.join(", ")
            );
            Check::fail("topic", Fault::E6, what)
                .fix("wait for the cluster to recover; if it does not, tell the people who run it")
                .raw("Broker: Leader not available")
                .detail("withoutLeader", leaderless)
        };
        check.detail("topic", topic).detail("partitions", count)
    }

    /// Reports the offsets and the age of the oldest and newest record; `now` is in milliseconds since 1970.
    #[must_use]
    pub fn records(
        &self,
        partitions: &[Partition],
        oldest: Option<&Sample>,
        newest: Option<&Sample>,
        now: i64,
    ) -> Check {
        let spans = partitions
            .iter()
            .filter_map(|one| Some((one.id, one.low?, one.high?)));
        let details: Vec<serde_json::Value> = spans
            .clone()
            .map(|(id, low, high)| serde_json::json!({"partition": id, "low": low, "high": high}))
            .collect();
        let offsets: i64 = spans.map(|(_, low, high)| (high - low).max(0)).sum();
        let check = if offsets == 0 {
            no_records(format!("no events yet in {}", self.topic))
        } else if oldest.or(newest).is_none() {
            no_records(format!(
                "{} in {}, but no committed record was found: they belong to open or aborted transactions, or their records are gone",
                plural(offsets, "offset"),
                self.topic
            ))
        } else {
            records_found(offsets, oldest, newest, now)
        };
        check.detail("offsets", details)
    }

    /// Checks that a record is a Ditto event.
    #[must_use]
    pub fn decoded(&self, sample: &Sample) -> Check {
        let position = format!("{} p{}@{}", self.topic, sample.partition, sample.offset);
        let check = match event::decode(sample.payload.as_deref()) {
            Ok(event) => {
                let mut check = Check::pass(
                    "decode",
                    format!("{} at {position}", describe_event(&event)),
                );
                if let Some(txn) = event.txn_id {
                    check = check.detail("txnId", txn.0);
                }
                check
            }
            Err(why) => decode_failed(&position, why, sample.payload.as_deref()),
        };
        check
            .detail("partition", sample.partition)
            .detail("offset", sample.offset)
    }

    /// Checks that the user may use the group, and that its committed offsets are still available.
    #[must_use]
    pub fn group(
        &self,
        group: &str,
        committed: &Result<Vec<(i32, i64)>, QueryError>,
        partitions: &[Partition],
    ) -> Check {
        let check = match committed {
            Err(error) => self.group_query_failed(group, error),
            Ok(committed) => check_committed_offsets(group, committed, partitions),
        };
        check.detail("group", group)
    }

    /// The failed check of a group that is no consumer group; `group_type` is its type as its coordinator names it.
    #[must_use]
    pub fn group_of_other_type(&self, group: &str, group_type: Option<&str>) -> Option<Check> {
        // A group whose members have all left may have no type.
        let group_type = group_type.filter(|name| !matches!(*name, "consumer" | ""))?;
        let what = format!(
            "{group} is a {group_type} group, not a consumer group: its members do not share partitions by offsets, and no consumer can join it"
        );
        let check = Check::fail("group", Fault::E9, what)
            .fix("use another name for --group, one that no other kind of client uses")
            .raw("Broker: Inconsistent group protocol");
        Some(check.detail("group", group).detail("type", group_type))
    }

    fn group_query_failed(&self, group: &str, error: &QueryError) -> Check {
        let check = match error.kind {
            QueryErrorKind::GroupForbidden => {
                let suggestion = self.suggest_group();
                Check::fail(
                    "group",
                    Fault::E1,
                    format!("{} may not use the consumer group {group}", self.describe_principal()),
                )
                .fix(format!(
                    "the portal shows a consumer group prefix; each group that starts with it is allowed{suggestion}"
                ))
            }
            QueryErrorKind::GroupInvalid => Check::fail(
                "group",
                Fault::E1,
                format!("{group:?} is not a valid consumer group name"),
            )
            .fix("use a --group that starts with the consumer group prefix from the portal"),
            QueryErrorKind::TopicForbidden => return self.query_failed("group", error, &[]),
            _ => Check::fail_unnumbered(
                "group",
                format!("no coordinator responds for the consumer group {group}"),
            )
            .fix("try again; if it fails again, open a ticket with the line below"),
        };
        check.raw(&error.raw)
    }

    /// Old portals show the same string for the topic and the group prefix.
    fn suggest_group(&self) -> String {
        if self.topic.starts_with("user-consumable-") {
            format!(", probably {} here", self.topic)
        } else {
            ", such as the prefix followed by -1".to_owned()
        }
    }
}

/// A number of offsets is an upper limit for the records: markers of transactions, aborted and compacted records have
/// offsets too.
fn describe_offsets(count: i64) -> String {
    let records = plural(count, "record");
    if count > 0 {
        format!("up to {records}")
    } else {
        records
    }
}

fn no_records(what: String) -> Check {
    Check::warn("records", what)
        .with_fault(Fault::E7)
        .fix("change a document in your app and run verify with --wait 60s; if no event arrives, check the sources of the data bridge in the portal")
}

fn records_found(
    offsets: i64,
    oldest: Option<&Sample>,
    newest: Option<&Sample>,
    now: i64,
) -> Check {
    let timestamp_ms = |sample: Option<&Sample>| sample.and_then(|one| one.timestamp_ms);
    let (first, last) = (timestamp_ms(oldest), timestamp_ms(newest));
    let ages = match (first, last) {
        (Some(first), Some(last)) => format!(
            ", the oldest {}, the newest {}",
            ago(first, now),
            ago(last, now)
        ),
        (None, Some(last)) => format!(", the newest {}", ago(last, now)),
        _ => String::new(),
    };
    let what = format!("{}{ages}", describe_offsets(offsets));
    let mut check = Check::pass("records", what);
    for (name, time) in [("oldest", first), ("newest", last)] {
        if let Some(time) = time {
            check = check.detail(name, format_rfc3339(time.div_euclid(1000)));
        }
    }
    check
}

fn check_committed_offsets(
    group: &str,
    committed: &[(i32, i64)],
    partitions: &[Partition],
) -> Check {
    let partition = |id: i32| partitions.iter().find(|one| one.id == id);
    let lost: Vec<(i32, i64, i64)> = committed
        .iter()
        .filter_map(|(id, at)| Some((*id, *at, partition(*id)?.low?)))
        .filter(|(_, at, low)| at < low)
        .collect();
    let ahead = committed.iter().find_map(|(id, at)| {
        let high = partition(*id)?.high?;
        (*at > high).then_some((*id, *at, high))
    });
    if let Some((id, at, low)) = lost.first() {
        let missing: i64 = lost.iter().map(|(_, at, low)| low - at).sum();
        let what = format!(
            "{group} has missed up to {}: its committed offset in partition {id} is {at}, and retention has removed everything before {low}",
            plural(missing, "record")
        );
        return Check::fail("group", Fault::E5, what)
            .fix("this is a gap: requery all documents over the HTTP API, then resume")
            .raw("Broker: Offset out of range")
            .detail("lost", missing);
    }
    if let Some((id, at, high)) = ahead {
        let what = format!(
            "the committed offset of {group} in partition {id} is {at}, but the partition ends at {high}: the topic was re-created"
        );
        return Check::fail("group", Fault::E5, what)
            .fix("this is a gap: requery all documents over the HTTP API, then reset the group")
            .raw("Broker: Offset out of range");
    }
    Check::pass("group", describe_lag(group, committed, partitions))
        .detail("behind", lag(committed, partitions))
        .detail("withoutPosition", without_position(committed, partitions))
}

/// The partitions in which the group has no position; none if it has no position at all, because it is new then.
fn without_position(committed: &[(i32, i64)], partitions: &[Partition]) -> Vec<i32> {
    let lacks = |id: &i32| !committed.is_empty() && committed.iter().all(|(known, _)| known != id);
    let ids = partitions.iter().map(|one| one.id);
    ids.filter(lacks).collect()
}

/// The number of records after the group's positions. A partition without one is read from its first record.
fn lag(committed: &[(i32, i64)], partitions: &[Partition]) -> i64 {
    let without = without_position(committed, partitions);
    let behind = |one: &Partition| {
        let position = committed.iter().find(|(id, _)| *id == one.id);
        let position = position.map(|(_, at)| *at);
        let low = one.low.filter(|_| without.contains(&one.id));
        Some(one.high? - position.or(low)?)
    };
    partitions.iter().filter_map(behind).sum()
}

fn describe_lag(group: &str, committed: &[(i32, i64)], partitions: &[Partition]) -> String {
    if committed.is_empty() {
        return format!("{group} is allowed and has no committed offset yet (not joined)");
    }
    let lag = describe_offsets(lag(committed, partitions));
    let without: Vec<String> = without_position(committed, partitions)
        .iter()
        .map(i32::to_string)
        .collect();
    let without = match without.len() {
        0 => String::new(),
        1 => format!("; partition {} has no position yet", without[0]),
        _ => format!("; partitions {} have no position yet", without.join(", ")),
    };
    format!("{group} is allowed; its lag is {lag}{without} (not joined)")
}

fn describe_event(event: &event::Event<'_>) -> String {
    let txn = event
        .txn_id
        .map_or_else(String::new, |txn| format!(" txn {}", txn.0));
    match (&event.kind, &event.collection, event.id()) {
        (EventKind::RequeryRequired, _, _) => format!("a requeryRequired event{txn}"),
        (_, Some(collection), Some(id)) => {
            let id = String::from_utf8_lossy(id);
            let what = event.op().word().unwrap_or("event");
            format!("{what} {collection}/{}{txn}", id.trim_matches('"'))
        }
        (EventKind::Other(kind), _, _) => format!("an event of the type {kind}{txn}"),
        (EventKind::DocumentChanged, _, _) => format!("a documentChanged event{txn}"),
    }
}

fn decode_failed(position: &str, why: Unreadable, payload: Option<&[u8]>) -> Check {
    let first = payload.map(|bytes| bytes.get(..MAX_QUOTED_BYTES).unwrap_or(bytes));
    let quoted = first.map_or_else(String::new, |bytes| {
        format!("; it starts with {:?}", String::from_utf8_lossy(bytes))
    });
    Check::fail("decode", Fault::E8, format!("{position}: {why}{quoted}"))
        .fix("check that this is a topic of Ditto's CDC and that no other program writes to it")
}

/// `3 h ago`; both arguments are in milliseconds since 1970.
fn ago(time: i64, now: i64) -> String {
    let seconds = (now - time) / 1000;
    match seconds {
        ..0 => format!("{} s in the future", -seconds),
        0..=119 => format!("{seconds} s ago"),
        120..=7199 => format!("{} min ago", seconds / 60),
        7200..=172_799 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
