//! `verify` as a person runs it: files, topic, group, records, HTTP API, round trip; and that it shows no secret.
//! Faults of network and certificates on the wire are in `probe`, what only a real Kafka can judge is in `real_kafka`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod api;
mod docs;
mod files;
mod http;
mod kafka;
mod report;
mod trip;
