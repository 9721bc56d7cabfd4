//! What happens whether anybody looks or not: documents change in the engine, events reach Kafka or do not.
//! Every change is made here, so that the content at the end is the engine's own.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::copy::{Content, identity};
use crate::dice::Dice;
use crate::support::engine::Front;
use crate::support::kafka::{Kafka, Message};

/// Names that are hard for files, statements and terminals.
const NAMES: [&str; 5] = ["cars", "CARS", "a/b", "..", "it's `quoted`"];

/// One round's world.
pub struct World<'w> {
    kafka: &'w Kafka,
    front: &'w Front,
    topic: String,
    partitions: i32,
    collections: Vec<&'static str>,
    dice: Dice,
    begins_with_documents: bool,
    /// Events that were written, for those that are written again.
    written: Vec<Message>,
    /// Whether events are being left out; how many were.
    falling_behind: usize,
    told: Told,
}

/// What happened, in numbers.
#[derive(Default)]
struct Told {
    changes: usize,
    left_out: usize,
    announced: usize,
    retained: usize,
    again: usize,
}

impl<'w> World<'w> {
    /// An empty topic, and an engine with nothing in it or with documents that the stream never tells of.
    pub fn new(kafka: &'w Kafka, front: &'w Front, seed: u64, dice: &mut Dice) -> World<'w> {
        front.reset();
        let mut own = dice.fork();
        let partitions = i32::try_from(1 + own.below(5)).unwrap();
        let topic = format!("open-chaos-{seed}");
        kafka.create_topic(&topic, partitions, &[]);
        let first = own.below(NAMES.len());
        let count = 1 + own.below(3);
        let collections = (first..first + count).map(|at| NAMES[at % NAMES.len()]);
        let mut world = World {
            kafka,
            front,
            topic,
            partitions,
            collections: collections.collect(),
            begins_with_documents: own.percent(70),
            dice: own,
            written: Vec::new(),
            falling_behind: 0,
            told: Told::default(),
        };
        if world.begins_with_documents {
            // Small pages, so that a walk takes some of them.
            front.set(&json!({"cap_rows": 7 + world.dice.below(40)}));
            for _ in 0..world.dice.below(80) {
                world.change();
            }
        }
        world
    }

    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Whether the stream alone is not enough.
    pub fn begins_with_documents(&self) -> bool {
        self.begins_with_documents
    }

    /// Changes, gaps and duplicates, until it is enough.
    pub fn live(&mut self) {
        for _ in 0..20 + self.dice.below(40) {
            let burst = 1 + self.dice.below(6);
            let events: Vec<Message> = (0..burst).flat_map(|_| self.change()).collect();
            self.publish(events);
            if self.dice.percent(6) {
                self.repeat();
            }
            if self.dice.percent(6) {
                self.retention();
            }
            thread::sleep(Duration::from_millis(self.dice.below(60) as u64));
        }
        if self.falling_behind > 0 {
            self.announce();
        }
    }

    /// Writes events, or leaves them out until a `requeryRequired` says so.
    fn publish(&mut self, events: Vec<Message>) {
        if self.falling_behind == 0 && self.dice.percent(4) {
            self.falling_behind = 1 + self.dice.below(4);
        }
        if self.falling_behind == 0 {
            self.written.extend(events.iter().cloned());
            return self.kafka.produce(&self.topic, events);
        }
        self.told.left_out += events.len();
        self.falling_behind -= 1;
        if self.falling_behind == 0 {
            self.announce();
        }
    }

    fn announce(&mut self) {
        self.falling_behind = 0;
        self.told.announced += 1;
        let txn = self.front.txn();
        let event = json!({"txnID": txn, "type": "requeryRequired", "documents": []});
        let partition = self.any_partition();
        self.kafka
            .produce(&self.topic, [Message::to(partition, event.to_string())]);
    }

    /// Delivers again, in their order, events that were delivered before.
    fn repeat(&mut self) {
        if self.written.is_empty() {
            return;
        }
        let from = self.dice.below(self.written.len());
        let count = 1 + self.dice.below(12);
        let again: Vec<Message> = self.written[from..].iter().take(count).cloned().collect();
        self.told.again += again.len();
        self.kafka.produce(&self.topic, again);
    }

    /// Retention takes the beginning of a partition, whether it was read or not.
    fn retention(&mut self) {
        let partition = self.any_partition();
        let (low, high) = self.kafka.watermarks(&self.topic, partition);
        let width = usize::try_from(high - low).unwrap();
        if width > 0 {
            // Half of the time all of it: whoever has not read the last record has lost it.
            let taken = if self.dice.percent(50) {
                width
            } else {
                1 + self.dice.below(width)
            };
            let taken = i64::try_from(taken).unwrap();
            self.told.retained += 1;
            self.kafka
                .delete_records(&self.topic, partition, low + taken);
        }
    }

    fn any_partition(&mut self) -> i32 {
        let partitions = usize::try_from(self.partitions).unwrap();
        i32::try_from(self.dice.below(partitions)).unwrap()
    }

    /// Changes one document or several in one transaction; the events of it.
    fn change(&mut self) -> Vec<Message> {
        self.told.changes += 1;
        let collection = *self.dice.pick(&self.collections);
        let id = self.id();
        let before = self.find(collection, &id);
        match (&before, self.dice.below(10)) {
            (None, _) => {
                let document = self.document(&id);
                self.front.insert(collection, &[document]);
            }
            (Some(_), 0..3) => self.run("DELETE FROM {} WHERE _id = :id", collection, &id),
            (Some(_), 3) => return self.change_many(collection),
            (Some(_), _) => {
                let statement = format!(
                    "UPDATE {{}} SET n = {}, note = 'é\"{}'",
                    self.dice.below(1000),
                    self.dice.below(50)
                );
                self.run(&format!("{statement} WHERE _id = :id"), collection, &id);
            }
        }
        let txn = self.front.txn();
        let after = self.find(collection, &id);
        vec![self.event(txn, collection, before.as_deref(), after.as_deref())]
    }

    /// One statement that changes many documents: as many events with one transaction.
    fn change_many(&mut self, collection: &str) -> Vec<Message> {
        let limit = self.dice.below(1000);
        let all = format!(
            "SELECT * FROM {} WHERE n > {limit} ORDER BY _id",
            quoted(collection)
        );
        let before = self.execute(&all, &json!({}));
        if before.is_empty() {
            return Vec::new();
        }
        let mark = self.dice.below(1000);
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

    /// Runs a statement; the rows as the engine spells them.
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

    /// Few enough that documents are met again and again; of every kind.
    fn id(&mut self) -> Value {
        let number = self.dice.below(25);
        match self.dice.below(4) {
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
            "n": self.dice.below(1000),
            "big": 9_007_199_254_740_993_u64,
            "price": 1.5,
            "nothing": null,
            "lines": [{"sku": "a", "qty": self.dice.below(9)}],
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
        let text = format!("{:?}", identity(collection, &document));
        let sum = text.bytes().fold(0_i32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(i32::from(byte))
        });
        Message::to(sum.rem_euclid(self.partitions), event)
    }

    /// What the engine holds.
    pub fn content(&self) -> Content {
        let mut content = Content::new();
        for collection in &self.collections {
            let all = format!("SELECT * FROM {}", quoted(collection));
            for row in self.execute(&all, &json!({})) {
                let document: Value = serde_json::from_str(&row).unwrap();
                content.insert(identity(collection, &document), document);
            }
        }
        content
    }

    /// What happened.
    pub fn told(&self) -> String {
        let Told {
            changes,
            left_out,
            announced,
            retained,
            again,
        } = self.told;
        format!(
            "{changes} changes over {} partitions, {left_out} events left out, {announced} gaps announced, {retained} times retention, {again} events again",
            self.partitions
        )
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
