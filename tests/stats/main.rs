//! `stats` compared with jq and `DuckDB` on the same random events, and on a topic.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code)]
#[path = "../support/rng.rs"]
mod rng;

mod counts;
mod topic;
