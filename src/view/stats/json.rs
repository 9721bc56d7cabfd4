//! The statistics as one JSON object.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{StatsReport, StatsView};
use crate::summary::stream::{CollectionStats, PartitionStats, TopDocument};
use crate::view::escape;

impl StatsView {
    /// Appends one line with a JSON object.
    pub fn json(&self, report: &StatsReport<'_>, out: &mut Vec<u8>) {
        let line = self.json_object(report).to_string();
        escape::push_json_line(line.as_bytes(), self.terminal, out);
    }

    fn json_object(&self, report: &StatsReport<'_>) -> Value {
        let stats = report.stats;
        let mut collections: Vec<&CollectionStats> = stats.collections.iter().collect();
        collections.sort_unstable_by_key(|one| &one.name);
        let collections: Vec<Value> = collections
            .into_iter()
            .map(|one| self.json_collection(one))
            .collect();
        let name = |at: usize| stats.collections.get(at).map(|one| &*one.name);
        let paths = stats.paths.sorted();
        let paths: Vec<Value> = paths
            .into_iter()
            .map(|(at, path, changes)| json!({"collection": name(at), "path": path, "changes": changes}))
            .collect();
        let busiest = stats.busiest.sorted();
        let documents: Vec<Value> = busiest
            .into_iter()
            .map(|one| json!({"collection": &*one.collection, "id": json_id(one), "events": one.value}))
            .collect();
        let activity: Vec<Value> = self
            .activity(stats)
            .into_iter()
            .map(|(start, counts)| {
                json!({
                    "time": self.clock.format_rfc3339(start.saturating_mul(1000)),
                    "inserts": counts.inserts,
                    "updates": counts.updates,
                    "removes": counts.removes,
                })
            })
            .collect();
        let partitions: Vec<Value> = report
            .partitions
            .iter()
            .map(|one| self.json_partition(one))
            .collect();
        let mut object = json!({
            "events": stats.events,
            "bytes": stats.bytes,
            "transactions": stats.transactions(),
            "transactionsExact": stats.transactions_exact(),
            "gaps": report.gaps,
            "unreadable": report.unreadable,
            "duplicates": stats.duplicates,
            "duplicatesExact": stats.duplicates_exact(),
            "from": self.json_time(stats.times.map(|times| times.0)),
            "until": self.json_time(stats.times.map(|times| times.1)),
            "collections": collections,
            "paths": paths,
            "documents": documents,
            "partitions": partitions,
            "activity": activity,
        });
        if let (Some(copy), Some(fields)) = (report.copy, object.as_object_mut()) {
            fields.insert("mirror".to_owned(), self.json_copy(copy));
        }
        object
    }

    fn json_collection(&self, one: &CollectionStats) -> Value {
        json!({
            "collection": &*one.name,
            "events": one.ops.events(),
            "inserts": one.ops.inserts,
            "updates": one.ops.updates,
            "removes": one.ops.removes,
            "documents": one.documents(),
            "documentsExact": one.documents_exact(),
            "bytes": one.bytes,
            "largest": one.largest,
            "first": self.json_time(one.times.map(|times| times.0)),
            "last": self.json_time(one.times.map(|times| times.1)),
        })
    }

    fn json_partition(&self, one: &PartitionStats) -> Value {
        let topic = Some(&*one.topic).filter(|topic| !topic.is_empty());
        let log = one.log;
        json!({
            "topic": topic,
            "partition": one.partition,
            "start": log.map(|log| log.start),
            "end": log.map(|log| log.end),
            "from": one.offsets.map(|offsets| offsets.0),
            "until": one.offsets.map(|offsets| offsets.1.saturating_add(1)),
            "records": one.records,
            "bytes": one.bytes,
            "first": self.json_time(one.times.map(|times| times.0)),
            "last": self.json_time(one.times.map(|times| times.1)),
            "position": log.and_then(|log| log.position),
            "lag": log.and_then(|log| log.lag()),
            "lost": log.map(|log| log.lost()),
            "expires": self.json_time(log.and_then(|log| log.expires)),
        })
    }

    pub(super) fn json_time(&self, millis: Option<i64>) -> Option<String> {
        millis.map(|millis| self.clock.format_rfc3339(millis))
    }
}

/// An id with all its digits.
fn json_id(document: &TopDocument) -> Value {
    let raw = String::from_utf8_lossy(&document.id).into_owned();
    let raw = RawValue::from_string(raw).ok();
    let value = raw.and_then(|raw| serde_json::to_value(raw).ok());
    value.unwrap_or_default()
}
