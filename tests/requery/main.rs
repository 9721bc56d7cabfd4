//! `requery` against Ditto's own query engine behind a small HTTP server that injects faults.
//! Without the engine (`tests/conditions/install.sh`) the tests are skipped, except with `CI=true`, where they fail.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod claims;
mod documents;
mod evidence;
mod faults;
mod foreign;
mod healthy;
mod interrupted;
mod older;
mod proof;
mod scene;
mod stream;
mod stream_evidence;
