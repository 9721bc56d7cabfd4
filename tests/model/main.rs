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

use client::{Request, Snapshot, requery};
use consumer::Consumer;
use world::{COLLECTIONS, Key, World, raw_id};

/// Histories of each run.
const ROUNDS: u64 = 4000;

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
    let mut summary = Summary::default();
    for _ in 0..world.rng.below(6) {
        world.pass_time();
        let wants_snapshot = consumer.state.gap.is_some() || world.rng.percent(30);
        if wants_snapshot {
            let request = request(&mut world);
            take_snapshot(&mut world, &mut consumer, &request, &mut summary);
        }
        let (limit, killed) = (world.rng.below(6), world.rng.percent(30));
        consumer.tail(&world, limit, killed);
        world.trace(|| format!("the reader is at {:?}", consumer.state));
    }
    world.calm_down();
    for _ in 0..3 {
        world.publish_all();
        consumer.tail(&world, usize::MAX, false);
        if consumer.state.gap.is_some() {
            take_snapshot(&mut world, &mut consumer, &Request::default(), &mut summary);
        }
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
        named,
        only_open: world.rng.percent(15),
        without_kafka: world.rng.percent(15),
    }
}

/// Takes a snapshot, checks its claims, and continues from it if it is complete and has positions.
fn take_snapshot(
    world: &mut World,
    consumer: &mut Consumer,
    request: &Request,
    summary: &mut Summary,
) {
    let read_up_to = if world.rng.percent(50) {
        consumer.positions()
    } else {
        BTreeMap::new()
    };
    let snapshot = requery(world, request, &read_up_to);
    world.trace(|| format!("{request:?}\n{:?}\n{:?}", snapshot.rows, snapshot.manifest));
    if !snapshot.manifest.complete {
        summary.incomplete += 1;
        return;
    }
    summary.complete += 1;
    check_complete(world, request, &snapshot);
    if snapshot.manifest.positions.is_empty() {
        return;
    }
    let had_gap = consumer.state.gap.is_some();
    summary.gaps += u64::from(had_gap);
    consumer.adopt(snapshot);
    summary.resolved += u64::from(had_gap && consumer.state.gap.is_none());
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
        for (position, partition) in manifest.positions.iter().zip(&world.partitions) {
            let before = partition
                .records
                .iter()
                .filter(|one| one.offset < position.next_offset);
            for change in before
                .filter_map(|one| one.change)
                .filter(|change| change.key == key)
            {
                assert!(
                    change.txn <= at,
                    "{change:?} is neither in the snapshot nor in the stream: {manifest:#?}"
                );
            }
        }
    }
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
