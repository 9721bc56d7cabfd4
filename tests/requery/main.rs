//! `requery` against Ditto's own query engine behind a small HTTP front, healthy and with every fault that was documented.
//! Needs the engine (`tests/conditions/install.sh`); without it nothing is tested, except under `CI=true`.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod documents;
mod faults;
mod healthy;
mod interrupted;
mod older;
mod proof;
mod scene;
mod stream;
