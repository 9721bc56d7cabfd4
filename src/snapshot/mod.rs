//! Snapshots of a Big Peer, with a proof of completeness and the offsets from which the stream continues.

pub mod dedup;
pub mod document_id;
pub mod identity;
pub mod manifest;
pub mod preceding;
pub mod proof;
pub mod proof_events;
pub mod read;
pub mod rows;
pub mod stream_evidence;
pub mod write;
