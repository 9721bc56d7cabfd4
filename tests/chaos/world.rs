//! The simulated environment: documents change in the engine, and events are written to Kafka, dropped or repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::copy::{Content, identity};
use crate::rng::Rng;
use crate::support::engine::Front;
use crate::support::kafka::{Kafka, Message};

/// Names that are hard for files, statements and terminals.
const NAMES: [&str; 5] = ["cars", "CARS", "a/b", "..", "it's `quoted`"];

/// A collection, and the key of a document in it.
pub type Key = (String, String);

/// A document's text at a transaction.
pub type Version = (Key, u64, String);

/// What happens to the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Faults {
    /// Events are dropped, removed by retention, and repeated.
    All,
    /// Events are dropped, and removed by retention.
    Gaps,
    /// Events are repeated, each time up to the last one, as after a restart of the bridge.
    Repeats,
}

/// The environment of one round.
pub struct World<'w> {
    kafka: &'w Kafka,
    front: &'w Front,
    topic: String,
    partitions: i32,
    /// The collections that may have documents.
    pub collections: Vec<&'static str>,
    rng: Rng,
    begins_with_documents: bool,
    faults: Faults,
    /// Events that were written, to be repeated.
    written: Vec<Message>,
    /// Number of bursts of events still to be dropped.
    bursts_to_drop: usize,
    /// Every version that a document has had, to compare with what readers saw.
    versions: Mutex<BTreeMap<Key, Versions>>,
    statistics: Statistics,
}

/// A document's text from each of its transactions on; `None` if it was removed.
type Versions = BTreeMap<u64, Option<String>>;

/// Counters of a round.
#[derive(Default)]
struct Statistics {
    changes: usize,
    dropped: usize,
    announced: usize,
    deletions: usize,
    repeated: usize,
}

impl<'w> World<'w> {
    /// An empty topic, and an engine that is empty or has documents without events.
    pub fn new(
        kafka: &'w Kafka,
        front: &'w Front,
        topic: &str,
        faults: Faults,
        rng: &mut Rng,
    ) -> World<'w> {
        front.reset();
        let mut own = rng.fork();
        let partitions = i32::try_from(1 + own.below(5)).unwrap();
        kafka.create_topic(topic, partitions, &[]);
        let first = own.below(NAMES.len());
        let count = 1 + own.below(3);
        let collections = (first..first + count).map(|at| NAMES[at % NAMES.len()]);
        let mut world = World {
            kafka,
            front,
            topic: topic.to_owned(),
            partitions,
            collections: collections.collect(),
            begins_with_documents: faults == Faults::All && own.percent(70),
            faults,
            rng: own,
            written: Vec::new(),
            bursts_to_drop: 0,
            versions: Mutex::default(),
            statistics: Statistics::default(),
        };
        if world.begins_with_documents {
            // Small pages, so that a requery reads several of them.
            front.set(&json!({"cap_rows": 7 + world.rng.below(40)}));
            for _ in 0..world.rng.below(80) {
                world.change();
            }
        }
        world
    }

    /// Whether the engine has documents without events, so that a requery is needed first.
    pub fn begins_with_documents(&self) -> bool {
        self.begins_with_documents
    }

    /// Makes changes, gaps and duplicates for a random number of iterations.
    pub fn live(&mut self) {
        for _ in 0..20 + self.rng.below(40) {
            let burst = 1 + self.rng.below(6);
            let events: Vec<Message> = (0..burst).flat_map(|_| self.change()).collect();
            self.publish(events);
            if self.faults != Faults::Gaps && self.rng.percent(6) {
                self.repeat();
            }
            if self.faults != Faults::Repeats && self.rng.percent(6) {
                self.retention();
            }
            thread::sleep(Duration::from_millis(self.rng.below(60) as u64));
        }
        if self.bursts_to_drop > 0 {
            self.announce();
        }
    }

    /// Writes events, or drops them until a `requeryRequired` announces the gap.
    fn publish(&mut self, events: Vec<Message>) {
        let has_gaps = self.faults != Faults::Repeats;
        if has_gaps && self.bursts_to_drop == 0 && self.rng.percent(4) {
            self.bursts_to_drop = 1 + self.rng.below(4);
        }
        if self.bursts_to_drop == 0 {
            self.written.extend(events.iter().cloned());
            return self.kafka.produce(&self.topic, events);
        }
        self.statistics.dropped += events.len();
        self.bursts_to_drop -= 1;
        if self.bursts_to_drop == 0 {
            self.announce();
        }
    }

    fn announce(&mut self) {
        self.bursts_to_drop = 0;
        self.statistics.announced += 1;
        let txn = self.front.txn();
        let event = json!({"txnID": txn, "type": "requeryRequired", "documents": []});
        let partition = self.any_partition();
        self.kafka
            .produce(&self.topic, [Message::to(partition, event.to_string())]);
    }

    /// Repeats earlier events, in their order.
    fn repeat(&mut self) {
        if self.written.is_empty() {
            return;
        }
        let from = self.rng.below(self.written.len());
        let count = match self.faults {
            Faults::Repeats => usize::MAX,
            _ => 1 + self.rng.below(12),
        };
        let repeated: Vec<Message> = self.written[from..].iter().take(count).cloned().collect();
        self.statistics.repeated += repeated.len();
        self.kafka.produce(&self.topic, repeated);
    }

    /// Deletes the oldest records of a partition, as retention does.
    fn retention(&mut self) {
        let partition = self.any_partition();
        let (low, high) = self.kafka.watermarks(&self.topic, partition);
        let width = usize::try_from(high - low).unwrap();
        if width > 0 {
            // In half of the cases all records, so that a consumer that has not read the last one loses it.
            let taken = if self.rng.percent(50) {
                width
            } else {
                1 + self.rng.below(width)
            };
            let taken = i64::try_from(taken).unwrap();
            self.statistics.deletions += 1;
            self.kafka
                .delete_records(&self.topic, partition, low + taken);
        }
    }

    fn any_partition(&mut self) -> i32 {
        let partitions = usize::try_from(self.partitions).unwrap();
        i32::try_from(self.rng.below(partitions)).unwrap()
    }

    /// Changes one or more documents in one transaction; returns the events.
    fn change(&mut self) -> Vec<Message> {
        self.statistics.changes += 1;
        let collection = *self.rng.pick(&self.collections);
        let id = self.id();
        let before = self.find(collection, &id);
        match (&before, self.rng.below(10)) {
            (None, _) => {
                let document = self.document(&id);
                self.front.insert(collection, &[document]);
            }
            (Some(_), 0..3) => self.run("DELETE FROM {} WHERE _id = :id", collection, &id),
            (Some(_), 3) => return self.change_many(collection),
            (Some(_), _) => {
                let statement = format!(
                    "UPDATE {{}} SET n = {}, note = 'é\"{}'",
                    self.rng.below(1000),
                    self.rng.below(50)
                );
                self.run(&format!("{statement} WHERE _id = :id"), collection, &id);
            }
        }
        let txn = self.front.txn();
        let after = self.find(collection, &id);
        vec![self.event(txn, collection, before.as_deref(), after.as_deref())]
    }

    /// Changes many documents with one statement: one event for each, with the same transaction.
    fn change_many(&mut self, collection: &str) -> Vec<Message> {
        let limit = self.rng.below(1000);
        let all = format!(
            "SELECT * FROM {} WHERE n > {limit} ORDER BY _id",
            quoted(collection)
        );
        let before = self.execute(&all, &json!({}));
        if before.is_empty() {
            return Vec::new();
        }
        let mark = self.rng.below(1000);
        let statement = format!(
            "UPDATE {} SET mark = {mark} WHERE n > {limit}",
            quoted(collection)
        );
        self.execute(&statement, &json!({}));
        let txn = self.front.txn();
        let after = self.execute(&all, &json!({}));
        assert_eq!(before.len(), after.len());
        let pairs = before.iter().zip(&after);
        pairs
            .map(|(before, after)| self.event(txn, collection, Some(before), Some(after)))
            .collect()
    }

    /// Runs a statement; returns the rows as printed by the engine.
    fn execute(&self, statement: &str, args: &Value) -> Vec<String> {
        let body = json!({"statement": statement, "args": args});
        let rows = self.front.control("execute", &body);
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row.as_str().unwrap().to_owned()).collect()
    }

    fn run(&self, statement: &str, collection: &str, id: &Value) {
        let statement = statement.replace("{}", &quoted(collection));
        self.execute(&statement, &json!({"id": id}));
    }

    fn find(&self, collection: &str, id: &Value) -> Option<String> {
        let statement = format!("SELECT * FROM {} WHERE _id = :id", quoted(collection));
        self.execute(&statement, &json!({"id": id})).pop()
    }

    /// A random id of any type, from a small set so that ids repeat.
    fn id(&mut self) -> Value {
        let number = self.rng.below(25);
        match self.rng.below(4) {
            0 => json!(number),
            1 => json!({"store": format!("s{}", number % 3), "till": number}),
            2 if number < 2 => json!(number == 1),
            2 => json!([number, "x"]),
            _ => json!(format!("id-{number}")),
        }
    }

    fn document(&mut self, id: &Value) -> Value {
        json!({
            "_id": id,
            "n": self.rng.below(1000),
            "big": 9_007_199_254_740_993_u64,
            "price": 1.5,
            "nothing": null,
            "lines": [{"sku": "a", "qty": self.rng.below(9)}],
        })
    }

    /// The event as Ditto writes it; changes of one document go to one partition.
    fn event(
        &self,
        txn: u64,
        collection: &str,
        before: Option<&str>,
        after: Option<&str>,
    ) -> Message {
        let change = match (before, after) {
            (Some(before), None) => format!(r#"{{"method":"remove","value":{before}}}"#),
            (before, after) => format!(
                r#"{{"method":"upsert","oldValue":{},"newValue":{}}}"#,
                before.unwrap_or("null"),
                after.expect("a change leaves a document or takes one")
            ),
        };
        let name = json!(collection);
        let event = format!(
            r#"{{"txnId":{txn},"type":"documentChanged","collection":{name},"change":{change}}}"#
        );
        let document: Value = serde_json::from_str(after.or(before).unwrap()).unwrap();
        let identity = identity(collection, &document);
        let key = (collection.to_owned(), identity.1.json());
        let mut versions = self.versions.lock().unwrap();
        let versions = versions.entry(key).or_default();
        versions.insert(txn, after.map(str::to_owned));
        let text = format!("{identity:?}");
        let sum = text.bytes().fold(0_i32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(i32::from(byte))
        });
        Message::to(sum.rem_euclid(self.partitions), event)
    }

    /// What readers have seen that no document was at the transaction of its row.
    pub fn never_was(&self, seen: &BTreeSet<Version>) -> Vec<Version> {
        let versions = self.versions.lock().unwrap();
        let was = |(key, txn, document): &Version| {
            let versions = versions.get(key)?;
            let (_, version) = versions.range(..=txn).next_back()?;
            version.as_ref().filter(|version| *version == document)
        };
        let rows = seen.iter().filter(|row| was(row).is_none());
        rows.cloned().collect()
    }

    /// The documents of a collection as printed by the engine.
    pub fn documents(&self, collection: &str) -> Vec<String> {
        let all = format!("SELECT * FROM {}", quoted(collection));
        self.execute(&all, &json!({}))
    }

    /// The documents in the engine.
    pub fn content(&self) -> Content {
        let mut content = Content::new();
        for collection in &self.collections {
            for row in self.documents(collection) {
                let document: Value = serde_json::from_str(&row).unwrap();
                content.insert(identity(collection, &document), document);
            }
        }
        content
    }

    /// The counters as a line.
    pub fn summary(&self) -> String {
        let Statistics {
            changes,
            dropped,
            announced,
            deletions,
            repeated,
        } = self.statistics;
        format!(
            "{changes} changes over {} partitions, {dropped} events dropped, {announced} gaps announced, {deletions} deletions by retention, {repeated} events repeated",
            self.partitions
        )
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
