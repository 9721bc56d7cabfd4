//! What the integration tests and the broker benchmark share: a real Kafka, and a bounded run of the program.
//! What is expected of the program stands in the tests themselves.

// Each test binary uses its own part of this; a helper panics where a test would.
#![allow(dead_code, unused_imports, unreachable_pub, clippy::unwrap_used)]

pub mod engine;
pub mod kafka;
pub mod program;
pub mod stage;
