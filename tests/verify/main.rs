//! End-to-end tests of `verify`: files, topic, group, records, HTTP API, round trip, no secrets in the output.
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
