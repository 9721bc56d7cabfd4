//! Tests that need a real broker: timestamps, transactions, compaction, access lists, retention, large messages.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../probe/cases.rs"]
mod cases;
#[allow(dead_code)]
#[path = "../probe/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../probe/pki.rs"]
mod pki;
#[allow(dead_code)]
#[path = "../probe/server.rs"]
mod server;

mod bench;
mod captures;
mod devices;
mod ends;
mod events;
mod exec;
mod gaps;
mod group_gaps;
mod group_joins;
mod group_positions;
mod groups;
mod history;
mod large;
mod mirror_bench;
mod old_protocol;
mod order;
mod positions;
mod probe;
mod reading;
mod recreated;
mod refusals;
mod relay_faults;
mod relay_snapshots;
mod relays;
mod restarts;
mod resume;
mod rig;
#[allow(dead_code)]
#[path = "../support/rng.rs"]
mod rng;
mod stats;
mod stores;
mod times;
mod verify;
