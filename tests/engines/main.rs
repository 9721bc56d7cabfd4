//! The outputs for other engines, in the engines themselves: Kafka Connect with Debezium's JDBC sink and `PostgreSQL`, and
//! Flink SQL, with the configurations of docs/engines.md.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod changelog;
mod changes;
mod connect;
#[allow(dead_code)]
#[path = "../chaos/copy.rs"]
mod copy;
mod engines;
mod flink;
mod page;
mod postgres;
mod refusals;
mod relay;
#[allow(dead_code)]
#[path = "../support/rng.rs"]
mod rng;
mod sink;
mod three_commands;
#[allow(dead_code)]
#[path = "../chaos/world.rs"]
mod world;
