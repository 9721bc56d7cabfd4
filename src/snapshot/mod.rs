//! A snapshot of everything that a Big Peer holds: what was read, from where, and what a stream behind it contains already.
//! The HTTP API is `bigpeer`'s, Kafka's positions are `source`'s; here they become files that can be relied on.

pub mod disk;
pub mod key;
pub mod manifest;
pub mod merge;
