//! A snapshot of everything that a Big Peer holds: what was read, from where, and what a stream behind it contains already.
//! The HTTP API is `bigpeer`'s, Kafka's positions are `source`'s; here they become files that can be relied on.

pub mod ask;
mod block;
mod count;
pub mod course;
pub mod disk;
mod file;
pub mod finder;
pub mod folder;
pub mod held;
pub mod journal;
pub mod key;
pub mod legacy;
pub mod listing;
pub mod manifest;
pub mod merge;
pub mod names;
pub mod prove;
pub mod rows;
pub mod size;
pub mod statement;
pub mod store;
mod sums;
pub mod walk;
mod writer;
