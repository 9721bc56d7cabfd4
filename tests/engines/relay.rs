//! `relay` from documents of Ditto's own engine into `PostgreSQL`: the tables equal the engine, although it is killed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::copy::identity;
use crate::engines::{Engines, TIMEOUT};
use crate::rng::Rng;
use crate::support::engine::Front;
use crate::support::program::{Running, run};
use crate::world::{Faults, World};

/// Rounds with other documents, collections and kills.
const ROUNDS: [(u64, Faults); 3] = [(3, Faults::Repeats), (7, Faults::Gaps), (8, Faults::Gaps)];
const PARTITIONS: i32 = 3;

/// The texts of documents by the text of their id, for each table.
type Tables = BTreeMap<String, BTreeMap<String, String>>;

/// The topic of a collection: other characters than those of a topic's name become `_xHH`.
fn topic(prefix: &str, collection: &str) -> String {
    let mut name = format!("{prefix}.");
    for byte in collection.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            name.push(char::from(byte));
        } else {
            write!(name, "_x{byte:02X}").unwrap();
        }
    }
    name
}

/// The table that the sink makes of a topic.
fn table(prefix: &str, collection: &str) -> String {
    topic(prefix, collection).replace('.', "_")
}

/// What the tables must contain.
fn expected(world: &World<'_>, prefix: &str) -> Tables {
    let tables = world.collections.iter().map(|collection| {
        let documents = world.documents(collection).into_iter().map(|text| {
            let document: Value = serde_json::from_str(&text).unwrap();
            let id = match &document["_id"] {
                Value::String(id) => id.clone(),
                _ => format!("json:{}", identity(collection, &document).1.json()),
            };
            (id, text)
        });
        (table(prefix, collection), documents.collect())
    });
    tables.collect()
}

fn found(engines: &Engines, tables: &Tables) -> Tables {
    let tables = tables.keys().map(|table| {
        let rows = engines.postgres.rows(table).into_iter();
        let rows = rows.map(|(id, (document, _))| (id, document));
        (table.clone(), rows.collect())
    });
    tables.collect()
}

/// Runs of a relay.
struct Relay {
    env: Vec<(&'static str, String)>,
    args: Vec<String>,
    kills: usize,
    /// The transaction of the last snapshot, as the messages say: rows below it were removed in a gap.
    floor: u64,
}

impl Relay {
    fn new(engines: &Engines, front: &Front, name: &str, source: &str) -> Relay {
        let brokers = engines.kafka.admin_endpoint();
        let to_topic = format!("{name}.{{collection}}");
        let args = ["relay", "--name", name, "--to-brokers", &brokers];
        let args = [&args[..], &["--to-topic", &to_topic, "--from", "beginning"]];
        let args = [&args.concat()[..], &["--on-gap", "requery"]].concat();
        Relay {
            env: [engines.kafka.client_env(source), front.env()].concat(),
            args: args.into_iter().map(str::to_owned).collect(),
            kills: 0,
            floor: 0,
        }
    }

    fn run_and_kill(&mut self, lifetime: Duration) {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let relay = Running::start(&self.env, &args);
        thread::sleep(lifetime);
        let output = relay.kill();
        // A requery that cannot be proven complete, because documents change, ends with 4.
        let is_expected = matches!(output.status, None | Some(4));
        assert!(is_expected, "{:?}: {}", output.status, output.stderr);
        self.kills += usize::from(output.status.is_none());
        self.read_floor(&output.stderr);
    }

    fn catch_up(&mut self) {
        let args = self.args.iter().map(String::as_str);
        let args: Vec<&str> = args.chain(["--until", "end"]).collect();
        let output = run(&self.env, &args, TIMEOUT);
        assert_eq!(output.status, Some(0), "{}", output.stderr);
        self.read_floor(&output.stderr);
    }

    fn read_floor(&mut self, messages: &str) {
        for part in messages.split("transaction is below ").skip(1) {
            let floor = part.split(' ').next().unwrap().parse().unwrap();
            self.floor = self.floor.max(floor);
        }
    }
}

/// One round; the relay is killed while documents change.
fn round(engines: &Engines, front: &Front, (seed, faults): (u64, Faults)) {
    let mut rng = Rng::new(seed);
    let (source, prefix) = (format!("open-relay-{seed}"), format!("relay{seed}"));
    let mut world = World::new(engines.kafka, front, &source, faults, &mut rng);
    for collection in &world.collections {
        let topic = topic(&prefix, collection);
        engines.kafka.create_topic(&topic, PARTITIONS, &[]);
    }
    let mut sink = engines.sink("");
    sink.remove("topics").unwrap();
    sink.insert("topics.regex".to_owned(), format!(r"{prefix}\..*"));
    engines.connect.add(&prefix, &sink);
    let mut relay = Relay::new(engines, front, &prefix, &source);
    // Without positions, what retention has removed was never there.
    relay.catch_up();
    let world = thread::scope(|scope| {
        let writer = scope.spawn(move || {
            world.live();
            world
        });
        while !writer.is_finished() {
            relay.run_and_kill(Duration::from_millis(rng.below(2_500) as u64));
        }
        writer.join().unwrap()
    });
    relay.catch_up();
    let (summary, kills, floor) = (world.summary(), relay.kills, relay.floor);
    eprintln!(
        "seed {seed}: {:?}, {summary}, {kills} kills, floor {floor}",
        world.collections
    );
    assert!(kills > 1);
    let expected = expected(&world, &prefix);
    assert!(expected.values().any(|documents| documents.len() > 1));
    engines.connect.wait(&prefix, || {
        remove_below(engines, expected.keys(), floor);
        found(engines, &expected) == expected
    });
    engines.connect.remove(&prefix);
}

/// What docs/engines.md says about documents that were removed in a gap.
fn remove_below<'t>(engines: &Engines, tables: impl Iterator<Item = &'t String>, floor: u64) {
    for table in tables {
        let statement = format!("DELETE FROM \"{table}\" WHERE txn_id < {floor}");
        if let Err(message) = engines.postgres.query(&statement) {
            assert!(message.contains("does not exist"), "{message}");
        }
    }
}

#[test]
fn tables_equal_the_engine_although_the_relay_is_killed() {
    let Some(engines) = Engines::shared() else {
        return;
    };
    let Some(front) = Front::start() else { return };
    for one in ROUNDS {
        round(engines, &front, one);
    }
}
