//! Chaos test: a copy built from the tool's outputs must equal the content of Ditto's engine, despite duplicates, gaps
//! and retention in a real Kafka, and repeated kills of the tool.
//!
//! Every round prints its seed; `CHAOS_SEED=N` repeats one, `CHAOS_ROUNDS=N` runs N rounds with new seeds.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

#[path = "../support/mod.rs"]
mod support;

mod consumer;
mod copy;
mod mirror_cases;
mod mirror_user;
#[path = "../support/rng.rs"]
mod rng;
mod shell;
mod world;

use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use consumer::Consumer;
use mirror_user::MirrorUser;
use rng::Rng;
use support::engine::Front;
use support::kafka::{Kafka, Options};
use world::{Faults, World};

/// The seeds that always run: together they cover every kind of gap.
const SEEDS: [u64; 3] = [1, 5, 6];

#[test]
fn a_copy_made_of_the_outputs_is_what_the_engine_holds() {
    rounds("outputs", consumer_round);
}

#[test]
fn a_mirror_is_what_the_engine_holds() {
    rounds("mirror", mirror_round);
}

#[test]
fn a_mirror_skips_nothing_and_resolves_every_gap() {
    with_servers(|servers| {
        mirror_cases::unreadable_records_stop_the_mirror(servers);
        mirror_cases::gaps_without_a_transaction_are_resolved(servers);
        mirror_cases::an_announcement_that_retention_removed_is_no_contradiction(servers);
    });
}

/// A round with this seed, whose topic has this name; returns a summary.
type Round = fn(&Servers<'_>, Rng, (&str, u64)) -> String;

/// The servers of all rounds, and the folder of the tool.
struct Servers<'s> {
    kafka: &'s Kafka,
    front: &'s Front,
    tool: &'s Path,
}

fn with_servers(act: impl FnOnce(&Servers<'_>)) {
    let Some(front) = Front::start() else { return };
    let Some(kafka) = Kafka::start(&Options::default()) else {
        return;
    };
    // A copy of the program, so that a concurrent build does not replace it during long runs.
    let tool = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_ditto-cdc");
    std::fs::copy(program, tool.path().join("ditto-cdc")).unwrap();
    act(&Servers {
        kafka: &kafka,
        front: &front,
        tool: tool.path(),
    });
}

fn rounds(name: &str, round: Round) {
    with_servers(|servers| {
        for seed in seeds() {
            let started = Instant::now();
            eprintln!("{name}, seed {seed}");
            let summary = round(servers, Rng::new(seed), (name, seed));
            eprintln!(
                "{name}, seed {seed}: {summary}, {:.1} s",
                started.elapsed().as_secs_f64()
            );
        }
    });
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

impl Servers<'_> {
    /// The environment of the tool.
    fn env(&self, topic: &str) -> Vec<(&'static str, String)> {
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.tool.display());
        let env = [
            self.kafka.client_env(topic),
            self.front.env(),
            vec![("PATH", path)],
        ];
        env.concat()
    }
}

/// Changes documents while `step` runs again and again.
fn live(mut world: World<'_>, mut step: impl FnMut()) -> World<'_> {
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            world.live();
            world
        });
        while !writer.is_finished() {
            step();
        }
        writer.join().unwrap()
    })
}

/// A writer and a consumer in parallel, then catching up, then the comparison.
fn consumer_round(servers: &Servers<'_>, mut rng: Rng, (name, seed): (&str, u64)) -> String {
    let topic = format!("open-chaos-{name}-{seed}");
    let world = World::new(servers.kafka, servers.front, &topic, Faults::All, &mut rng);
    let mut consumer = Consumer::new(servers.env(&topic), rng.fork());
    if world.begins_with_documents() {
        consumer.start_with_a_requery();
    }
    let world = live(world, || consumer.run_and_kill());
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

/// A writer and a mirror in parallel, then catching up, then the comparison of the file and of what readers saw in it.
fn mirror_round(servers: &Servers<'_>, mut rng: Rng, (name, seed): (&str, u64)) -> String {
    let topic = format!("open-chaos-{name}-{seed}");
    let world = World::new(servers.kafka, servers.front, &topic, Faults::All, &mut rng);
    let mut user = MirrorUser::new(servers.env(&topic), rng.fork());
    let world = live(world, || user.run_and_kill());
    user.catch_up();
    assert_eq!(
        user.content(),
        world.content(),
        "seed {seed}: the copy differs:\n{}",
        user.log()
    );
    let never_was = world.never_was(&user.seen().rows);
    assert!(
        never_was.is_empty(),
        "seed {seed}: readers saw {never_was:?}:\n{}",
        user.log()
    );
    format!("{}; {}", world.summary(), user.summary())
}
