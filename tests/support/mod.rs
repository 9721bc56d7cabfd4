//! Shared helpers of the integration tests and the broker benchmark: brokers, the query engine, and bounded runs of the
//! program.

// Each test binary uses a part of this module; helpers may panic like tests.
#![allow(dead_code, unused_imports, unreachable_pub, clippy::unwrap_used)]

pub mod demo_servers;
pub mod docs_tools;
pub mod engine;
pub mod kafka;
pub mod names;
pub mod ports;
pub mod prepared;
pub mod program;
pub mod receivers;
pub mod relay;
pub mod server;
pub mod stage;
pub mod times;
