//! What the brokers' answers about topic, group and records mean. Pure: answers and the time are arguments.
//! Asking is left to `source::kafka::inspect`.

use super::{Check, Fault};
use crate::event::{self, Kind, Unreadable};
use crate::kafka::inspect::{Partition, QueryError, QueryErrorKind};
use crate::util::suggest::nearest;

/// What is being looked at, in the user's names.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The topic.
    pub topic: &'a str,
    /// Who the user certificate says we are.
    pub principal: Option<&'a str>,
}

/// One record, as far as it is needed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The partition, counted from 0.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
    /// When it was written, in milliseconds since 1970.
    pub millis: Option<i64>,
    /// Its payload; `None` for a tombstone.
    pub payload: Option<Vec<u8>>,
}

/// How many bytes of an unreadable record are quoted.
const FIRST_BYTES: usize = 32;

impl Scope<'_> {
    fn who(&self) -> String {
        self.principal.map_or_else(
            || "this client (it shows no certificate)".to_owned(),
            |name| format!("the user certificate ({name})"),
        )
    }

    /// A question about the topic that was refused; `visible` are the topics that the user may see.
    #[must_use]
    pub fn refused(&self, name: &'static str, refused: &QueryError, visible: &[String]) -> Check {
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
        let check = match refused.kind {
            QueryErrorKind::TopicForbidden => Check::fail(
                name,
                Fault::E2,
                format!(
                    "{} may not read the topic {topic}, or there is no such topic",
                    self.who()
                ),
            )
            .fix(format!(
                "{hint}; brokers with access rules answer the same for a topic that does not exist"
            )),
            QueryErrorKind::TopicUnknown => Check::fail(
                name,
                Fault::E3,
                format!("the brokers know no topic {topic}"),
            )
            .fix(format!(
                "{hint}; some brokers also hide topics that the user may not read"
            )),
            QueryErrorKind::TopicInvalid => Check::fail(
                name,
                Fault::E3,
                format!("{topic:?} cannot be the name of a topic"),
            )
            .fix("copy the topic from the portal"),
            _ => Check::fail_unnumbered(name, format!("asking for the topic {topic} failed"))
                .fix("try again; if it stays, keep the line below for a ticket"),
        };
        let check = check.detail("topic", topic);
        let check = if near.is_empty() {
            check
        } else {
            check.detail("near", near)
        };
        check.raw(&refused.raw)
    }

    /// The topic is there; whether all of it can be read.
    #[must_use]
    pub fn topic(&self, partitions: &[Partition]) -> Check {
        let topic = self.topic;
        let count = i64::try_from(partitions.len()).unwrap_or(i64::MAX);
        let dead: Vec<i32> = partitions
            .iter()
            .filter(|one| !one.led)
            .map(|one| one.id)
            .collect();
        let check = if count == 0 {
            Check::fail("topic", Fault::E6, format!("{topic} has no partitions yet"))
                .fix("wait until the cluster has made it, then try again")
        } else if dead.is_empty() {
            Check::pass(
                "topic",
                format!("{topic} has {}", counted(count, "partition")),
            )
        } else {
            let list: Vec<String> = dead.iter().map(i32::to_string).collect();
            let what = format!(
                "{topic}: no broker leads partition {} of {count}, so nothing can be read from there",
                list.join(", ")
            );
            Check::fail("topic", Fault::E6, what)
                .fix("wait for the cluster to recover; if it stays, tell the cluster's owner")
                .raw("Broker: Leader not available")
                .detail("withoutLeader", dead)
        };
        check.detail("topic", topic).detail("partitions", count)
    }

    /// What the topic holds: offsets, and the oldest and newest record; `now` in milliseconds since 1970.
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
        let count: i64 = spans.map(|(_, low, high)| (high - low).max(0)).sum();
        let check = if count == 0 {
            Check::warn("records", format!("no events yet in {}", self.topic))
                .with_fault(Fault::E7)
                .fix("make a write in your app and run verify with --wait 60s; if none comes, look at the data bridge's sources in the portal")
        } else {
            let millis = |sample: Option<&Sample>| sample.and_then(|one| one.millis);
            let (first, last) = (millis(oldest), millis(newest));
            let ages = match (first, last) {
                (Some(first), Some(last)) => format!(
                    ", the oldest {}, the newest {}",
                    ago(first, now),
                    ago(last, now)
                ),
                (None, Some(last)) => format!(", the newest {}", ago(last, now)),
                _ => String::new(),
            };
            let mut check = Check::pass(
                "records",
                format!("about {}{ages}", counted(count, "record")),
            );
            for (name, time) in [("oldest", first), ("newest", last)] {
                if let Some(time) = time {
                    check = check.detail(name, super::files::moment(time.div_euclid(1000)));
                }
            }
            check
        };
        check.detail("offsets", details)
    }

    /// One record, decoded.
    #[must_use]
    pub fn decoded(&self, sample: &Sample) -> Check {
        let place = format!("{} p{}@{}", self.topic, sample.partition, sample.offset);
        let check = match event::decode(sample.payload.as_deref()) {
            Ok(event) => {
                let mut check = Check::pass("decode", format!("{} at {place}", named(&event)));
                if let Some(txn) = event.txn_id {
                    check = check.detail("txnId", txn.0);
                }
                check
            }
            Err(why) => unreadable(&place, why, sample.payload.as_deref()),
        };
        check
            .detail("partition", sample.partition)
            .detail("offset", sample.offset)
    }

    /// Whether the group may be used, and whether what it stored is still there.
    #[must_use]
    pub fn group(
        &self,
        group: &str,
        stored: &Result<Vec<(i32, i64)>, QueryError>,
        partitions: &[Partition],
    ) -> Check {
        let check = match stored {
            Err(refused) => self.group_refused(group, refused),
            Ok(stored) => positions(group, stored, partitions),
        };
        check.detail("group", group)
    }

    fn group_refused(&self, group: &str, refused: &QueryError) -> Check {
        let check = match refused.kind {
            QueryErrorKind::GroupForbidden => {
                let fits = self.group_that_fits();
                Check::fail(
                    "group",
                    Fault::E1,
                    format!("{} may not use the group {group}", self.who()),
                )
                .fix(format!(
                    "the portal shows a consumer group prefix; any group that starts with it is allowed{fits}"
                ))
            }
            QueryErrorKind::GroupInvalid => Check::fail(
                "group",
                Fault::E1,
                format!("{group:?} cannot be the name of a group"),
            )
            .fix("give a --group that starts with the consumer group prefix from the portal"),
            QueryErrorKind::TopicForbidden => return self.refused("group", refused, &[]),
            _ => Check::fail_unnumbered(
                "group",
                format!("no coordinator answers for the group {group}"),
            )
            .fix("try again; if it stays, keep the line below for a ticket"),
        };
        check.raw(&refused.raw)
    }

    /// Old portals use one text for both.
    fn group_that_fits(&self) -> String {
        if self.topic.starts_with("user-consumable-") {
            format!(", here likely {}", self.topic)
        } else {
            ", such as the prefix followed by -1".to_owned()
        }
    }
}

fn positions(group: &str, stored: &[(i32, i64)], partitions: &[Partition]) -> Check {
    let ends = |id: i32| partitions.iter().find(|one| one.id == id);
    let lost: Vec<(i32, i64, i64)> = stored
        .iter()
        .filter_map(|(id, at)| Some((*id, *at, ends(*id)?.low?)))
        .filter(|(_, at, low)| at < low)
        .collect();
    let ahead = stored.iter().find_map(|(id, at)| {
        let high = ends(*id)?.high?;
        (*at > high).then_some((*id, *at, high))
    });
    if let Some((id, at, low)) = lost.first() {
        let missing: i64 = lost.iter().map(|(_, at, low)| low - at).sum();
        let what = format!(
            "{group} has lost up to {}: it stopped at offset {at} of partition {id}, and retention has removed everything before {low}",
            counted(missing, "record")
        );
        return Check::fail("group", Fault::E5, what)
            .fix("this is a gap: fetch the whole dataset again over the HTTP API, then resume")
            .raw("Broker: Offset out of range")
            .detail("lost", missing);
    }
    if let Some((id, at, high)) = ahead {
        let what = format!(
            "{group} stands at offset {at} of partition {id}, which ends at {high}: the topic was made anew"
        );
        return Check::fail("group", Fault::E5, what)
                .fix("this is a gap: fetch the whole dataset again over the HTTP API, then reset the group")
                .raw("Broker: Offset out of range");
    }
    let behind: i64 = stored
        .iter()
        .filter_map(|(id, at)| Some(ends(*id)?.high? - at))
        .sum();
    let what = if stored.is_empty() {
        format!("{group} is allowed and has stored no position yet (not joined)")
    } else {
        format!(
            "{group} is allowed and {} behind (not joined)",
            counted(behind, "record")
        )
    };
    Check::pass("group", what).detail("behind", behind)
}

fn named(event: &event::Event<'_>) -> String {
    let txn = event
        .txn_id
        .map_or_else(String::new, |txn| format!(" txn {}", txn.0));
    match (&event.kind, &event.collection, event.id()) {
        (Kind::RequeryRequired, _, _) => format!("a requeryRequired event{txn}"),
        (_, Some(collection), Some(id)) => {
            let id = String::from_utf8_lossy(id);
            let what = event.op().word().unwrap_or("event");
            format!("{what} {collection}/{}{txn}", id.trim_matches('"'))
        }
        (Kind::Other(kind), _, _) => format!("an event of the type {kind}{txn}"),
        (Kind::DocumentChanged, _, _) => format!("a documentChanged event{txn}"),
    }
}

fn unreadable(place: &str, why: Unreadable, payload: Option<&[u8]>) -> Check {
    let first = payload.map(|bytes| bytes.get(..FIRST_BYTES).unwrap_or(bytes));
    let quoted = first.map_or_else(String::new, |bytes| {
        format!("; it starts with {:?}", String::from_utf8_lossy(bytes))
    });
    Check::fail("decode", Fault::E8, format!("{place}: {why}{quoted}"))
        .fix("check that this is a topic of Ditto's CDC and that nobody else writes to it")
}

/// `1 record`, `2 records`.
fn counted(count: i64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// `3 h ago`, from two times in milliseconds since 1970.
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
