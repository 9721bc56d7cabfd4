//! A snapshot of everything that a Big Peer holds: what was read, from where, and what a stream behind it contains already.
//! The HTTP API is `bigpeer`'s, Kafka's positions are `source`'s; here they become files that can be relied on.

pub mod dedup;
pub mod document_id;
pub mod manifest;
pub mod proof;
pub mod read;
pub mod write;
