//! The outputs for other engines, in the engines themselves: Kafka Connect with Debezium's JDBC sink and `PostgreSQL`, and
//! Flink SQL, with the configurations of docs/engines.md.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod changelog;
mod changes;
mod connect;
mod engines;
mod flink;
mod page;
mod postgres;
mod refusals;
#[allow(dead_code)]
#[path = "../support/rng.rs"]
mod rng;
mod sink;
