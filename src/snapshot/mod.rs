//! Snapshots: everything that a Big Peer holds, with a proof of completeness and the position of the stream after it.

pub mod dedup;
pub mod document_id;
pub mod manifest;
pub mod proof;
pub mod read;
pub mod write;
