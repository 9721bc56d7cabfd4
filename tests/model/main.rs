//! Model of the protocol: thousands of random histories of a server, its replicas, its stream and a client that is killed
//! run against the program's decisions. A snapshot is never called complete if a document is missing, and no event is
//! skipped without a word.
//!
//! A failure prints its seed; `MODEL_SEED=N` repeats one, `MODEL_ROUNDS=N` runs N histories with new seeds.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod client;
mod consumer;
#[path = "../support/rng.rs"]
#[allow(dead_code)]
mod rng;
mod world;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use client::{Request, Snapshot, TOPIC, requery};
use consumer::Consumer;
use world::{COLLECTIONS, Key, World, raw_id};

/// Histories of each run.
const ROUNDS: u64 = 30_000;

/// What happened in the histories: a model in which nothing is ever complete proves nothing.
#[derive(Debug, Default)]
struct Summary {
    complete: u64,
    incomplete: u64,
    gaps: u64,
    resolved: u64,
    told: u64,
    equal_copies: u64,
}

#[test]
fn nothing_is_complete_that_is_not_and_nothing_is_lost_in_silence() {
    let mut summary = Summary::default();
    for seed in seeds() {
        let played = std::panic::catch_unwind(|| play(seed));
        let one = played.unwrap_or_else(|_| panic!("MODEL_SEED={seed} repeats this"));
        summary.add(&one);
    }
    eprintln!("{summary:?}");
    let Summary {
        complete,
        incomplete,
        gaps,
        resolved,
        told,
        equal_copies,
    } = summary;
    let all = [complete, incomplete, gaps, resolved, told, equal_copies];
    assert!(
        seeds().len() < 1000 || all.iter().all(|count| *count > 50),
        "too little happened: {summary:?}"
    );
}

fn seeds() -> Vec<u64> {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    if let Some(seed) = number("MODEL_SEED") {
        return vec![seed];
    }
    let Some(rounds) = number("MODEL_ROUNDS") else {
        return (1..=ROUNDS).collect();
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let first = now.as_secs() * 1_000_000;
    (first..first + rounds).collect()
}

impl Summary {
    fn add(&mut self, other: &Summary) {
        self.complete += other.complete;
        self.incomplete += other.incomplete;
        self.gaps += other.gaps;
        self.resolved += other.resolved;
        self.told += other.told;
        self.equal_copies += other.equal_copies;
    }
}

/// One history.
fn play(seed: u64) -> Summary {
    let mut world = World::new(seed);
    let mut consumer = Consumer::new(&world);
    consumer.tail(&world, 0, false);
    let mut summary = Summary::default();
    for _ in 0..world.rng.below(6) {
        world.pass_time();
        let wants_snapshot = consumer.state.gap.is_some() || world.rng.percent(30);
        if wants_snapshot {
            let mut request = request(&mut world);
            // Most people run the command that the message about the gap prints.
            let follows = world.rng.percent(70);
            request.txn_id = consumer.gap_txn().filter(|_| follows);
            take_snapshot(&mut world, &mut consumer, &request, &mut summary);
        }
        let (limit, killed) = (world.rng.below(6), world.rng.percent(30));
        consumer.tail(&world, limit, killed);
        world.trace(|| format!("the reader is at {:?}", consumer.state));
    }
    world.calm_down();
    world.publish_all();
    consumer.tail(&world, usize::MAX, false);
    if consumer.state.gap.is_some() {
        let txn_id = consumer.gap_txn();
        let request = Request {
            txn_id,
            ..Request::default()
        };
        let is_complete = take_snapshot(&mut world, &mut consumer, &request, &mut summary);
        assert!(
            consumer.state.gap.is_none() || !is_complete,
            "a complete snapshot of the whole app resolves every gap: {:?}",
            consumer.state
        );
    }
    world.publish_all();
    consumer.tail(&world, usize::MAX, false);
    check_copy(&world, &consumer, &mut summary);
    summary
}

fn request(world: &mut World) -> Request {
    let named = world.rng.percent(30);
    let named: Vec<usize> = (0..COLLECTIONS.len())
        .filter(|_| named && world.rng.percent(50))
        .collect();
    Request {
        txn_id: None,
        named,
        only_open: world.rng.percent(15),
        without_kafka: world.rng.percent(15),
    }
}

/// Takes a snapshot, checks its claims, and continues from it if it is complete and has positions. Returns whether it
/// is complete.
fn take_snapshot(
    world: &mut World,
    consumer: &mut Consumer,
    request: &Request,
    summary: &mut Summary,
) -> bool {
    let earlier = if world.rng.percent(50) {
        consumer.snapshot_positions()
    } else {
        Vec::new()
    };
    let snapshot = requery(world, request, &earlier);
    world.trace(|| format!("{request:?}\n{:?}\n{:?}", snapshot.rows, snapshot.manifest));
    if !snapshot.manifest.complete {
        summary.incomplete += 1;
        return false;
    }
    summary.complete += 1;
    check_complete(world, request, &snapshot);
    check_hidden(world, request, &snapshot);
    if snapshot.manifest.positions.is_empty() {
        return true;
    }
    if world.rng.percent(20) {
        // Time passes between the snapshot and the start of the reader.
        world.pass_time();
        let limit = world.rng.below(6);
        consumer.tail(world, limit, false);
    }
    let had_gap = consumer.state.gap.is_some();
    summary.gaps += u64::from(had_gap);
    consumer.adopt(world, snapshot);
    summary.resolved += u64::from(had_gap && consumer.state.gap.is_none());
    true
}

/// Every document of the scope is in the snapshot as it was at the transaction of its page, and that includes every
/// record before the positions.
fn check_complete(world: &World, request: &Request, snapshot: &Snapshot) {
    let Snapshot { manifest, rows } = snapshot;
    let visible = |key: &Key| !world.faults.hidden.contains(key);
    for key in World::all_keys().filter(visible) {
        let Some(collection) = manifest.collection(COLLECTIONS[key.0]) else {
            let floor = manifest.floor.filter(|_| manifest.scope.whole_app);
            let has_key = |txn: u64| world.documents_at(txn).contains_key(&key);
            let existed = floor.is_some_and(|floor| (floor..=world.newest_txn()).all(has_key));
            assert!(!existed, "{key:?} is in no collection: {manifest:#?}");
            continue;
        };
        let at = collection.read_at(raw_id(key.1).as_bytes());
        let at = at.unwrap_or_else(|| panic!("complete, and it is unknown when {key:?} was read"));
        let content = world
            .documents_at(at)
            .get(&key)
            .filter(|one| one.open || !request.only_open);
        assert_eq!(
            rows.get(&key),
            content,
            "{key:?} at transaction {at}: {manifest:#?}"
        );
        let positions = manifest
            .positions
            .iter()
            .filter(|position| position.topic_id == Some(world.topic_id()));
        for (position, partition) in positions.zip(&world.partitions) {
            let before = partition
                .records
                .iter()
                .filter(|one| one.offset < position.next_offset);
            for record in before.filter(|one| one.change.is_some_and(|change| change.key == key)) {
                assert!(
                    record.txn <= at,
                    "{record:?} is neither in the snapshot nor in the stream: {manifest:#?}"
                );
            }
        }
    }
}

/// A document that the API key does not see is not in a complete snapshot's scope if the stream shows that it exists.
fn check_hidden(world: &World, request: &Request, snapshot: &Snapshot) {
    let Snapshot { manifest, .. } = snapshot;
    if !world.has_flawless_stream || request.without_kafka {
        return;
    }
    let ends = manifest.ends(TOPIC);
    for key in &world.faults.hidden {
        let is_read = manifest.collection(COLLECTIONS[key.0]).is_some();
        let records = (0..)
            .zip(&world.partitions)
            .flat_map(|(number, partition)| {
                let end = ends[&number];
                partition
                    .records
                    .iter()
                    .map(move |record| (number, record, record.offset < end))
            });
        let own =
            records.filter(|(_, record, _)| record.change.is_some_and(|change| change.key == *key));
        let newest = own.max_by_key(|(_, record, _)| record.txn);
        if let (true, Some((number, record, true))) = (is_read, newest) {
            if may_be_before_a_removed_record(world, &ends, number, record.txn) {
                continue;
            }
            let new = record.change.and_then(|change| change.new);
            let exists = new.is_some_and(|content| content.open || !request.only_open);
            assert!(
                !exists,
                "{key:?} is hidden, and the stream shows it: {manifest:#?}"
            );
        }
    }
}

/// Whether retention has removed records of another partition that may be later than a record: one of them may have been a
/// `requeryRequired`.
fn may_be_before_a_removed_record(
    world: &World,
    ends: &BTreeMap<i32, i64>,
    own: i32,
    txn: u64,
) -> bool {
    let mut others = (0..)
        .zip(&world.partitions)
        .filter(|(number, partition)| *number != own && partition.low() > 0);
    others.any(|(number, partition)| {
        let first = partition.records.front();
        let first = first.filter(|first| first.offset < ends[&number]);
        first.is_none_or(|first| txn <= first.txn)
    })
}

/// Whoever was not told of a gap has a copy that equals the app, except for documents of records that were reported as
/// unreadable.
fn check_copy(world: &World, consumer: &Consumer, summary: &mut Summary) {
    summary.told += consumer.told.len() as u64;
    if consumer.state.gap.is_some() {
        return;
    }
    let hidden = &world.faults.hidden;
    for key in World::all_keys().filter(|key| !hidden.contains(key) && !consumer.told.contains(key))
    {
        // A document that the stream never mentioned is in the copy only with a snapshot of its collection.
        if !consumer.has_collection(key.0) && !world.was_changed(key) {
            continue;
        }
        assert_eq!(
            consumer.copy.get(&key),
            world.documents().get(&key),
            "{key:?}"
        );
    }
    summary.equal_copies += 1;
}
