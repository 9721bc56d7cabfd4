//! Chaos test: a copy built from the tool's outputs must equal the content of Ditto's engine, despite duplicates, gaps
//! and retention in a real Kafka, and repeated kills of the tool.
//!
//! Every round prints its seed; `CHAOS_SEED=N` repeats one, `CHAOS_ROUNDS=N` runs N rounds with new seeds.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

#[path = "../support/mod.rs"]
mod support;

mod consumer;
mod copy;
#[path = "../support/rng.rs"]
mod rng;
mod world;

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use consumer::Consumer;
use rng::Rng;
use support::engine::Front;
use support::kafka::{Kafka, Options};
use world::World;

/// The seeds that always run: together they cover every kind of gap.
const SEEDS: [u64; 3] = [1, 5, 6];

#[test]
fn a_copy_made_of_the_outputs_is_what_the_engine_holds() {
    let Some(front) = Front::start() else { return };
    let Some(kafka) = Kafka::start(&Options::default()) else {
        return;
    };
    // A copy of the program, so that a concurrent build does not replace it during long runs.
    let tool = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_ditto-cdc");
    std::fs::copy(program, tool.path().join("ditto-cdc")).unwrap();
    for seed in seeds() {
        let started = Instant::now();
        let summary = round(&kafka, &front, tool.path(), seed);
        eprintln!(
            "seed {seed}: {summary}, {:.1} s",
            started.elapsed().as_secs_f64()
        );
    }
}

fn seeds() -> Vec<u64> {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    if let Some(seed) = number("CHAOS_SEED") {
        return vec![seed];
    }
    let Some(rounds) = number("CHAOS_ROUNDS") else {
        return SEEDS.to_vec();
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let first = now.as_secs() * 10_000;
    (first..first + rounds).collect()
}

/// One round: a writer and a consumer in parallel, then catching up, then the comparison.
fn round(kafka: &Kafka, front: &Front, tool: &Path, seed: u64) -> String {
    eprintln!("seed {seed}");
    let mut rng = Rng::new(seed);
    let mut world = World::new(kafka, front, seed, &mut rng);
    let path = std::env::var("PATH").unwrap();
    let env = [
        kafka.client_env(world.topic()),
        front.env(),
        vec![("PATH", format!("{}:{path}", tool.display()))],
    ];
    let mut consumer = Consumer::new(env.concat(), rng.fork());
    if world.begins_with_documents() {
        consumer.start_with_a_requery();
    }
    let world = std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            world.live();
            world
        });
        while !writer.is_finished() {
            consumer.run_and_kill();
        }
        writer.join().unwrap()
    });
    consumer.catch_up();
    let difference = consumer.copy.difference(&world.content());
    assert!(
        difference.is_empty(),
        "seed {seed}: the copy differs:\n{}\n{}",
        difference.join("\n"),
        consumer.log()
    );
    format!("{}; {}", world.summary(), consumer.summary())
}
