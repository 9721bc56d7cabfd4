//! The world of the model: an app on a Big Peer with lagging replicas, its stream in a Kafka topic, and what can go wrong
//! with both. It knows the truth; the client sees only answers and records.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::rng::Rng;

/// The names of the app's collections.
pub const COLLECTIONS: [&str; 2] = ["cars", "people"];
/// The number of the transaction before the first one of a history.
pub const FIRST_TXN: u64 = 100;

/// The number of different ids of each type.
const MAX_IDS: u8 = 3;

/// A document id: its type and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Id {
    Integer(u8),
    Text(u8),
    Object(u8),
}

/// A document: the index of its collection, and its id.
pub type Key = (usize, Id);

/// The content of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub version: u32,
    /// The field that conditions ask for.
    pub open: bool,
}

/// The documents of the app.
pub type Documents = BTreeMap<Key, Content>;

/// A record of the topic.
#[derive(Debug, Clone)]
pub struct Record {
    pub offset: i64,
    pub payload: Vec<u8>,
    pub txn: u64,
    /// What it says, whether it can be read or not; `None` for a `requeryRequired`.
    pub change: Option<Change>,
}

/// A change of a document.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    pub key: Key,
    pub new: Option<Content>,
}

/// A partition: the records that retention has kept, and the next offset.
#[derive(Debug, Clone, Default)]
pub struct Partition {
    pub records: VecDeque<Record>,
    pub next: i64,
    /// Records that the bridge has not written yet.
    queue: VecDeque<Record>,
}

/// What can go wrong in one history.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)]
pub struct Faults {
    /// Which answers carry a `transactionId`.
    pub counts_have_txn: bool,
    pub pages_have_txn: bool,
    /// The highest number of transactions by which a replica lags.
    pub lag: usize,
    /// The documents that the API key does not see.
    pub hidden: BTreeSet<Key>,
    /// Per cent of pages that lack a document.
    pub omit: usize,
    /// Per cent of records that cannot be read, or lack their `txnId`.
    pub unreadable: usize,
    pub without_txn: usize,
    /// Per cent of steps in which the bridge falls behind and drops its queue.
    pub overflow: usize,
    /// Per cent of records that are written twice.
    pub repeat: usize,
    /// Per cent of steps in which retention removes records.
    pub retention: usize,
    /// Per cent of steps in which the topic is deleted and created again.
    pub recreation: usize,
    /// Whether the list of collections fails.
    pub listing_refused: bool,
    /// Whether replicas answer although they lag behind the minimum transaction.
    pub ignores_min_txn: bool,
    /// How many different ids of each type there are: few make it likely that changes cancel out.
    pub ids: u8,
    /// At most so many steps between two actions of the client.
    pub steps: usize,
    /// Per cent of waits in which the bridge needs longer than the client waits.
    pub slow_bridge: usize,
}

/// The app, its server, and its stream.
pub struct World {
    pub rng: Rng,
    pub faults: Faults,
    /// The documents before all transactions, and after each one.
    states: Vec<Documents>,
    pub partitions: Vec<Partition>,
    version: u32,
    /// How often the topic was created again.
    topic_number: u32,
    /// Whether every event reaches the stream, and can be read there.
    pub has_flawless_stream: bool,
    /// Whether everything that happens is printed.
    pub verbose: bool,
}

/// One answer of the server: what the API key sees of one replica.
pub struct Answer {
    /// The transaction of the answer, sent or not.
    pub at: u64,
    pub documents: Documents,
}

impl Faults {
    fn none() -> Faults {
        Faults {
            counts_have_txn: true,
            pages_have_txn: true,
            lag: 0,
            hidden: BTreeSet::new(),
            omit: 0,
            unreadable: 0,
            without_txn: 0,
            overflow: 0,
            repeat: 0,
            retention: 0,
            recreation: 0,
            listing_refused: false,
            ignores_min_txn: false,
            slow_bridge: 0,
            ids: MAX_IDS,
            steps: 2,
        }
    }

    /// Faults of one history: most histories have few.
    fn random(rng: &mut Rng) -> Faults {
        let mut rarely = |chance: usize| if rng.percent(30) { chance } else { 0 };
        let (omit, unreadable, without_txn) = (rarely(50), rarely(15), rarely(15));
        let (overflow, repeat, retention) = (rarely(10), rarely(20), rarely(10));
        let recreation = rarely(4);
        Faults {
            counts_have_txn: !rng.percent(10),
            pages_have_txn: !rng.percent(10),
            lag: if rng.percent(30) { 5 } else { 0 },
            hidden: BTreeSet::new(),
            omit,
            unreadable,
            without_txn,
            overflow,
            repeat,
            retention,
            recreation,
            listing_refused: rng.percent(10),
            ignores_min_txn: rng.percent(10),
            slow_bridge: if rng.percent(25) { 30 } else { 0 },
            ids: u8::try_from(1 + rng.below(usize::from(MAX_IDS))).unwrap(),
            steps: 1 + rng.below(6),
        }
    }
}

impl World {
    /// A world with some documents that the stream never mentions, and some history.
    pub fn new(seed: u64) -> World {
        let mut rng = Rng::new(seed);
        let faults = Faults::random(&mut rng);
        let flaws = [
            faults.unreadable,
            faults.without_txn,
            faults.overflow,
            faults.recreation,
        ];
        let has_flawless_stream = flaws.iter().all(|one| *one == 0);
        let partitions = vec![Partition::default(); 1 + rng.below(3)];
        let mut world = World {
            rng,
            faults,
            states: Vec::new(),
            partitions,
            version: 0,
            topic_number: 0,
            has_flawless_stream,
            verbose: std::env::var_os("MODEL_SEED").is_some(),
        };
        let mut documents = Documents::new();
        for _ in 0..world.rng.below(8) {
            let content = world.content();
            documents.insert(world.key(), content);
        }
        world.states.push(documents);
        for _ in 0..world.rng.below(12) {
            world.step();
        }
        world.hide_documents();
        world
    }

    /// The documents after the newest transaction.
    pub fn documents(&self) -> &Documents {
        self.states.last().unwrap()
    }

    /// The number of the newest transaction.
    pub fn newest_txn(&self) -> u64 {
        FIRST_TXN + self.states.len() as u64 - 1
    }

    /// The documents after a transaction.
    pub fn documents_at(&self, txn: u64) -> &Documents {
        &self.states[usize::try_from(txn - FIRST_TXN).unwrap()]
    }

    /// The id of the topic.
    pub fn topic_id(&self) -> String {
        format!("topic-{}", self.topic_number)
    }

    /// Whether another topic had the name before.
    pub fn was_recreated(&self) -> bool {
        self.topic_number > 0
    }

    /// Prints what happens, if one history is repeated.
    pub fn trace(&self, what: impl FnOnce() -> String) {
        if self.verbose {
            eprintln!("{}", what());
        }
    }

    /// Every document that can exist.
    pub fn all_keys() -> impl Iterator<Item = Key> {
        (0..COLLECTIONS.len()).flat_map(|collection| ids().map(move |id| (collection, id)))
    }

    /// Whether a transaction has changed the document.
    pub fn was_changed(&self, key: Key) -> bool {
        self.states
            .windows(2)
            .any(|pair| pair[0].get(&key) != pair[1].get(&key))
    }

    /// Something may happen: the world goes on between two actions of the client.
    pub fn pass_time(&mut self) {
        for _ in 0..=self.rng.below(self.faults.steps) {
            self.step();
        }
    }

    /// One step of the app, the bridge or retention.
    fn step(&mut self) {
        if self.rng.percent(self.faults.overflow) {
            self.overflow();
        }
        if self.rng.percent(self.faults.retention) {
            self.remove_old_records();
        }
        if self.rng.percent(self.faults.recreation) {
            self.recreate_topic();
        }
        if self.rng.percent(50) {
            self.commit();
        } else {
            self.publish(2);
        }
    }

    /// The bridge writes everything that is committed.
    pub fn publish_all(&mut self) {
        while self.partitions.iter().any(|one| !one.queue.is_empty()) {
            self.publish(1);
        }
    }

    /// The client waits for late events. A slow bridge has written only the events up to some transaction by then.
    pub fn wait_for_late_events(&mut self) {
        let mut up_to = self.newest_txn();
        if self.rng.percent(self.faults.slow_bridge) {
            up_to -= self.rng.below(4) as u64;
        }
        for partition in &mut self.partitions {
            while partition
                .queue
                .front()
                .is_some_and(|record| record.txn <= up_to)
            {
                if let Some(record) = partition.queue.pop_front() {
                    partition.append(record);
                }
            }
        }
    }

    /// From now on nothing goes wrong.
    pub fn calm_down(&mut self) {
        let hidden = std::mem::take(&mut self.faults.hidden);
        self.faults = Faults {
            hidden,
            ids: self.faults.ids,
            ..Faults::none()
        };
    }

    /// The answer of a replica that is at `min_txn` or later.
    pub fn answer(&mut self, min_txn: Option<u64>) -> Answer {
        let lag = self.rng.below(self.faults.lag + 1) as u64;
        let newest = self.newest_txn();
        let min_txn = min_txn.filter(|_| !self.faults.ignores_min_txn);
        let at = newest
            .saturating_sub(lag)
            .max(FIRST_TXN)
            .max(min_txn.unwrap_or(0))
            .min(newest);
        let mut documents = self.documents_at(at).clone();
        documents.retain(|key, _| !self.faults.hidden.contains(key));
        Answer { at, documents }
    }

    /// One transaction over one or several documents.
    fn commit(&mut self) {
        let mut documents = self.documents().clone();
        let txn = self.newest_txn() + 1;
        let mut changed = BTreeSet::new();
        for _ in 0..=self.rng.below(3) {
            changed.insert(self.key());
        }
        for key in changed {
            let old = documents.get(&key).copied();
            let new = match old {
                Some(_) if self.rng.percent(50) => None,
                _ => Some(self.content()),
            };
            match new {
                Some(content) => documents.insert(key, content),
                None => documents.remove(&key),
            };
            let payload = self.damaged(event(key, txn, old, new), txn);
            let partition = self.partition_of(key);
            self.trace(|| format!("{txn}: {key:?} is now {new:?} (partition {partition})"));
            let change = Some(Change { key, new });
            self.partitions[partition].queue.push_back(Record {
                offset: 0,
                payload,
                txn,
                change,
            });
        }
        self.states.push(documents);
    }

    /// Some records cannot be read, and some lack their transaction.
    fn damaged(&mut self, payload: String, txn: u64) -> Vec<u8> {
        if self.rng.percent(self.faults.unreadable) {
            return payload.as_bytes()[..payload.len() / 2].to_vec();
        }
        if self.rng.percent(self.faults.without_txn) {
            return payload
                .replace(&format!(r#""txnId":{txn},"#), "")
                .into_bytes();
        }
        payload.into_bytes()
    }

    fn publish(&mut self, up_to: usize) {
        let at = self.rng.below(self.partitions.len());
        let repeat = self.faults.repeat;
        for _ in 0..up_to {
            let Some(record) = self.partitions[at].queue.pop_front() else {
                return;
            };
            if self.rng.percent(repeat) {
                self.partitions[at].append(record.clone());
            }
            self.trace(|| format!("written to partition {at}: {:?}", record.change));
            self.partitions[at].append(record);
        }
    }

    /// The bridge drops what it has not written, and says so in the stream.
    fn overflow(&mut self) {
        let queued: usize = self.partitions.iter().map(|one| one.queue.len()).sum();
        if queued == 0 {
            return;
        }
        self.partitions.iter_mut().for_each(|one| one.queue.clear());
        self.trace(|| "the bridge drops its queue".to_owned());
        let (at, txn) = (self.rng.below(self.partitions.len()), self.newest_txn());
        let payload = format!(r#"{{"txnID":{txn},"type":"requeryRequired","documents":[]}}"#);
        let payload = payload.into_bytes();
        self.partitions[at].queue.push_back(Record {
            offset: 0,
            payload,
            txn,
            change: None,
        });
    }

    /// The topic is deleted with its records and created again under its name.
    fn recreate_topic(&mut self) {
        self.topic_number += 1;
        for partition in &mut self.partitions {
            partition.records.clear();
            partition.next = 0;
        }
        let number = self.topic_number;
        self.trace(|| format!("topic {number} replaces the former one"));
    }

    fn remove_old_records(&mut self) {
        let at = self.rng.below(self.partitions.len());
        let count = self.rng.below(4);
        let partition = &mut self.partitions[at];
        let count = count.min(partition.records.len());
        partition.records.drain(..count);
        let low = partition.low();
        self.trace(|| format!("retention: partition {at} begins at {low}"));
    }

    /// Some API keys do not see every document.
    fn hide_documents(&mut self) {
        if !self.rng.percent(20) {
            return;
        }
        let collection = self.rng.below(COLLECTIONS.len());
        let all = self.rng.percent(50);
        for id in ids() {
            if all || self.rng.percent(50) {
                self.faults.hidden.insert((collection, id));
            }
        }
    }

    fn key(&mut self) -> Key {
        let ids: Vec<Id> = ids().take(3 * usize::from(self.faults.ids)).collect();
        (self.rng.below(COLLECTIONS.len()), *self.rng.pick(&ids))
    }

    fn content(&mut self) -> Content {
        self.version += 1;
        Content {
            version: self.version,
            open: self.rng.percent(50),
        }
    }

    /// Events of one document are in one partition.
    fn partition_of(&self, (collection, id): Key) -> usize {
        let number = match id {
            Id::Integer(number) | Id::Text(number) | Id::Object(number) => number,
        };
        (collection + usize::from(number)) % self.partitions.len()
    }
}

impl Partition {
    /// The oldest offset that still exists.
    pub fn low(&self) -> i64 {
        self.records
            .front()
            .map_or(self.next, |record| record.offset)
    }

    fn append(&mut self, record: Record) {
        let offset = self.next;
        self.next += 1;
        self.records.push_back(Record { offset, ..record });
    }
}

/// Every id that can exist.
fn ids() -> impl Iterator<Item = Id> {
    (0..MAX_IDS).flat_map(|number| [Id::Integer(number), Id::Text(number), Id::Object(number)])
}

/// The raw JSON of an id.
pub fn raw_id(id: Id) -> String {
    match id {
        Id::Integer(number) => number.to_string(),
        Id::Text(number) => format!(r#""s{number}""#),
        Id::Object(number) => format!(r#"{{"b":{number},"a":1}}"#),
    }
}

/// The raw JSON of a document.
pub fn raw_document(id: Id, content: Content) -> String {
    let (id, Content { version, open }) = (raw_id(id), content);
    format!(r#"{{"_id":{id},"version":{version},"open":{open}}}"#)
}

fn event((collection, id): Key, txn: u64, old: Option<Content>, new: Option<Content>) -> String {
    let name = COLLECTIONS[collection];
    let raw = |content: Option<Content>| {
        content.map_or_else(|| "null".to_owned(), |content| raw_document(id, content))
    };
    let change = match new {
        Some(_) => format!(
            r#""method":"upsert","oldValue":{},"newValue":{}"#,
            raw(old),
            raw(new)
        ),
        None => format!(r#""method":"remove","value":{}"#, raw(old)),
    };
    format!(
        r#"{{"txnId":{txn},"type":"documentChanged","collection":"{name}","change":{{{change}}}}}"#
    )
}
